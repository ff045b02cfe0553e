"""What was known of a subject at an instant that is past, from what is known of it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from engine.domain.condition import ContactsBy
from engine.domain.contact import ContactLog
from engine.domain.episode import CustomerMessage, EpisodeId, Firing, Passing
from engine.domain.facts import Facts
from engine.domain.history import History
from engine.pipeline.gather import Gathered
from engine.pipeline.subjects import group_of
from engine.ports import Transaction

Group = tuple[ContactsBy, str | None]


def upto(facts: Facts, at: datetime) -> Facts:
    """The facts with what was done after `at` left out."""
    episodes = tuple(
        replace(
            episode,
            firings=tuple(f for f in episode.firings if f.fired_at <= at and _is_own(f)),
            messages=tuple(m for m in episode.messages if _written_at(m) <= at),
            ended_at=episode.ended_at if episode.ended_at and episode.ended_at <= at else None,
        )
        for episode in facts.episodes
    )
    messages = tuple(message for message in facts.messages if _written_at(message) <= at)
    known = tuple(e for e in episodes if e.firings or e.messages)
    silences = facts.silences.known_at(at)
    return replace(facts, episodes=known, messages=messages, silences=silences)


def _written_at(message: CustomerMessage) -> datetime:
    """When a message was written down: at its delivery; a skipped one as soon as it was due."""
    return message.deliver_at if message.skipped is None else message.due_at


def _is_own(firing: Firing) -> bool:
    """What a survivor took over is derived again, from the merge on."""
    return firing.passing is not Passing.TAKEN_OVER


def under_former_names(facts: Facts, former: Mapping[str, str]) -> Facts:
    """The facts with the episodes of renamed rules under the ids that these had then.

    Args:
        facts: What is known.
        former: Present id → the id of then.
    """

    def then(episode: EpisodeId) -> EpisodeId:
        return replace(episode, rule=former.get(episode.rule, episode.rule))

    episodes = tuple(replace(one, id=then(one.id)) for one in facts.episodes)
    messages = tuple(replace(one, episode=then(one.episode)) for one in facts.messages)
    return replace(facts, episodes=episodes, messages=messages)


def recall(tx: Transaction, gathered: Gathered, subject: str, at: datetime) -> None:
    """Bring what was gathered about a group back to a past instant.

    Who belonged to it is told by the tickets of then, and what a contact was about by what its
    ticket then was. Of a ticket nothing has to be recalled: its history has every instant.
    """
    group = group_of(subject)
    if group is None:
        return
    names = tx.tickets_there_at(*group, at)
    gathered.histories.update(tx.histories(names))
    gathered.episodes = {**tx.episodes(names), **gathered.episodes}
    gathered.members[subject] = tuple(
        name for name in names if _is_open(gathered.histories[name], at)
    )
    gathered.populated.discard(subject)
    if gathered.members[subject]:
        gathered.populated.add(subject)
    if any(rule.contacts and rule.contacts.same for rule in gathered.ruleset.of_groups(group[0])):
        gathered.contacts[subject] = _contacts_then(tx, gathered.contacts[subject], at)


def _is_open(history: History, at: datetime) -> bool:
    return history.opening.created_at <= at and history.as_of(at).is_open


def _contacts_then(tx: Transaction, log: ContactLog, at: datetime) -> ContactLog:
    known = [contact for contact in log.contacts if contact.at <= at]
    histories = tx.histories({contact.ticket.id for contact in known})
    then = {name: history.as_of(at).ticket for name, history in histories.items()}
    return ContactLog(replace(one, ticket=then[one.ticket.id]) for one in known)
