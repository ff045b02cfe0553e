"""Episodes, decisions and budgets in the memory twin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from engine.domain.actions import Action
from engine.domain.episode import CustomerMessage, Episode, EpisodeId, Firing, Passing
from engine.domain.reason import Reason, Verdict
from engine.ports import DecisionRecord
from engine.store.memory.tables import MemoryPart

_CUSTOMER = "customer:"


class MemoryEpisodes(MemoryPart):
    """What is remembered of each rule on each subject, and why it was, or was not, done."""

    def episodes(self, subjects: Iterable[str]) -> dict[str, tuple[Episode, ...]]:
        """All episodes of these subjects, ended ones too, by rule and anchor."""
        found = {
            name: map(self._as_it_went, self._tables.episodes.get(name, {}).values())
            for name in subjects
        }
        return {
            name: tuple(sorted(each, key=lambda one: (one.id.rule, one.anchor_at, one.id.anchor)))
            for name, each in found.items()
            if self._tables.episodes.get(name)
        }

    def _as_it_went(self, episode: Episode) -> Episode:
        """The episode, with what the guard withdrew of its messages."""
        withdrawn = self._tables.withdrawn
        if not withdrawn or not episode.messages:
            return episode
        messages = (replace(m, withdrawn=withdrawn.get(_key(m))) for m in episode.messages)
        return replace(episode, messages=tuple(messages))

    def message_arrived(self, action: Action, at: datetime) -> None:
        """Note when a customer's message really went out (aware UTC), if later than decided."""
        of_subject = self._tables.episodes.get(action.episode.subject, {})
        episode = of_subject.get(action.episode)
        if episode is None:
            return
        said = message_key(action)
        messages = tuple(
            replace(m, deliver_at=max(m.deliver_at, at)) if _key(m) == said else m
            for m in episode.messages
        )
        told = {**of_subject, episode.id: replace(episode, messages=messages)}
        self._tables.episodes[action.episode.subject] = told

    def save_episodes(self, episodes: Sequence[Episode]) -> None:
        """Keep episodes with their firings and messages; known ones of these stay as they were."""
        for episode in episodes:
            of_subject = dict(self._tables.episodes.get(episode.id.subject, {}))
            before = of_subject.get(episode.id)
            of_subject[episode.id] = episode if before is None else _joined(before, episode)
            self._tables.episodes[episode.id.subject] = of_subject

    def rename_rule(self, old: str, new: str) -> None:
        """Let a rule's episodes, with all that belongs to them, go on under its new id."""
        for subject, episodes in list(self._tables.episodes.items()):
            renamed = dict(episodes)
            for known in [one for one in episodes if one.rule == old]:
                moved = _renamed(renamed.pop(known), new)
                own = renamed.get(moved.id)
                renamed[moved.id] = moved if own is None else _kept_with(own, moved)
            self._tables.episodes[subject] = renamed
        for number, kept in list(self._tables.outbox.items()):
            if kept.action.episode.rule == old:
                episode = replace(kept.action.episode, rule=new)
                action = replace(kept.action, episode=episode)
                self._tables.outbox[number] = replace(kept, row=replace(kept.row, action=action))
        for key, reason in list(self._tables.withdrawn.items()):
            subject_id, rule, *rest = key
            if rule == old:
                del self._tables.withdrawn[key]
                self._tables.withdrawn[subject_id, new, *rest] = reason
        for ticket, answer in list(self._tables.answers.items()):
            if answer.rule == old:
                self._tables.answers[ticket] = replace(answer, rule=new)

    def escalations_of_customers(self, customers: Iterable[str]) -> dict[str, tuple[datetime, ...]]:
        """When episodes of these customers' tickets, and of their groups, became escalations."""
        wanted = set(customers)
        found: dict[str, list[datetime]] = {}
        for subject, episodes in self._tables.episodes.items():
            customer = self._customer_of(subject)
            if customer in wanted and customer is not None:
                instants = (one.escalated_at for one in episodes.values())
                found.setdefault(customer, []).extend(at for at in instants if at is not None)
        return {customer: tuple(sorted(at)) for customer, at in found.items() if at}

    def _customer_of(self, subject: str) -> str | None:
        if subject.startswith(_CUSTOMER):
            return subject.removeprefix(_CUSTOMER)
        kept = self._tables.tickets.get(subject)
        return None if kept is None else kept.present.customer.id

    def customer_messages(
        self, customers: Iterable[str], tickets: Iterable[str], since: datetime
    ) -> tuple[CustomerMessage, ...]:
        """Messages to these customers or on these tickets: sent, still to be sent, or skipped.

        Returns:
            Each message once, in order of `deliver_at`.
        """
        whom, where = set(customers), set(tickets)
        found = [
            message
            for message in self._messages()
            if message.customer in whom or message.ticket in where
            if message.deliver_at >= since
            if _key(message) not in self._tables.withdrawn
        ]
        return tuple(sorted(found, key=lambda one: (one.deliver_at, _key(one))))

    def _messages(self) -> Iterator[CustomerMessage]:
        for episodes in self._tables.episodes.values():
            yield from chain.from_iterable(one.messages for one in episodes.values())

    # --- decisions and budgets ---

    def last_decisions(
        self, subjects: Iterable[str]
    ) -> dict[tuple[str, str], tuple[Verdict, Reason]]:
        """(subject, rule) → the last verdict and reason that were written down."""
        return {
            (subject, rule): (one.verdict, one.reason)
            for subject in set(subjects)
            for rule, one in self._tables.last_decisions.get(subject, {}).items()
        }

    def decisions(self, subjects: Iterable[str], until: datetime) -> dict[int, DecisionRecord]:
        """Number → line of the log, not later than `until`, in the order of writing."""
        wanted = set(subjects)
        return {
            number: one
            for number, one in self._tables.decisions.items()
            if one.subject in wanted and one.at <= until
        }

    def append_decisions(self, decisions: Sequence[DecisionRecord]) -> list[int]:
        """Add to the log; the numbers of the new lines, in the order given."""
        start = len(self._tables.decisions) + 1
        for number, one in enumerate(decisions, start):
            self._tables.decisions[number] = one
            before = self._tables.last_decisions.get(one.subject, {})
            self._tables.last_decisions[one.subject] = {**before, one.rule: one}
        return list(range(start, start + len(decisions)))

    def budget_used(self, rule: str, period_start: datetime) -> int:
        """How much of a rule's budget for the period that begins then is spent."""
        return self._tables.budgets.get((rule, period_start), 0)

    def spend_budget(self, rule: str, period_start: datetime, count: int) -> None:
        """Spend some of a rule's budget for the period that begins then."""
        self._tables.budgets[rule, period_start] = self.budget_used(rule, period_start) + count


def _joined(before: Episode, after: Episode) -> Episode:
    """The episode as it is told now; firings and messages that were known stay as they were."""
    firings = {_firing_key(one): one for one in (*after.firings, *before.firings)}
    messages = {_key(one): one for one in (*after.messages, *before.messages)}
    return replace(
        after,
        firings=_in_order(before.firings, after.firings, firings),
        messages=tuple(
            messages[key] for key in dict.fromkeys(map(_key, (*before.messages, *after.messages)))
        ),
    )


def _in_order(
    before: Sequence[Firing], after: Sequence[Firing], known: dict[tuple[object, ...], Firing]
) -> tuple[Firing, ...]:
    return tuple(known[key] for key in dict.fromkeys(map(_firing_key, (*before, *after))))


def _kept_with(own: Episode, moved: Episode) -> Episode:
    """An episode that the new id has of its own, with what comes to it from the old one."""
    joined = _joined(own, moved)
    return replace(own, firings=joined.firings, messages=joined.messages)


def _renamed(episode: Episode, rule: str) -> Episode:
    key = replace(episode.id, rule=rule)
    return replace(
        episode, id=key, messages=tuple(replace(one, episode=key) for one in episode.messages)
    )


def _firing_key(firing: Firing) -> tuple[object, ...]:
    return firing.identity, firing.occurrence, firing.passing is Passing.SHADOW


def _episode_key(episode: EpisodeId) -> tuple[str, str, str]:
    return episode.subject, episode.rule, episode.anchor


def message_key(action: Action) -> tuple[object, ...]:
    """What names the message that an action carries out."""
    return (*_episode_key(action.episode), action.details.get("message"), action.occurrence)


def _key(message: CustomerMessage) -> tuple[object, ...]:
    return (*_episode_key(message.episode), message.message.value, message.occurrence)
