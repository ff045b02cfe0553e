"""What holds a due level back, for a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.domain.episode import Episode
from engine.domain.facts import Facts
from engine.domain.matching import ONE_SECOND
from engine.domain.reason import Reason
from engine.domain.rule import AcknowledgeBy, Rule
from engine.domain.silence import Quiet
from engine.domain.ticket import Actor, Event, EventKind

if TYPE_CHECKING:
    from engine.domain.standing import Standing


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds the ladder back, and when that ends by itself (None: only by an event)."""

    reason: Reason
    ends_at: datetime | None = None


def hold_on(
    standing: Standing, others: Mapping[str, Standing], ready_at: datetime | None, now: datetime
) -> Hold | None:
    """The first thing, in the order in which reasons are named, that holds the ladder back."""
    if ready_at is not None and now < ready_at:
        return Hold(Reason.COOLDOWN, ready_at)
    if standing.pauses and standing.pauses[-1][1] is None:
        return Hold(Reason.PAUSED)
    if any(others[name].inhibits for name in standing.compiled.inhibited_by if name in others):
        return Hold(Reason.INHIBITED)
    if standing.silenced is not None:
        return Hold(Reason.SILENCED, standing.silenced.until)
    until = standing.acknowledged_until
    if until is not None and now < until:
        return Hold(Reason.ACKNOWLEDGED, until)
    return None


def silenced(
    rule: Rule, facts: Facts, tickets: Iterable[str], at: datetime, now: datetime
) -> Quiet | None:
    """The silence over a rule on all of these tickets at once; None while one is not silenced.

    Args:
        rule: The rule; a silence may name it by the id that it had before.
        facts: What is known.
        tickets: Members of the subject; a group is silenced when all that match are.
        at: The instant that is asked about (aware UTC).
        now: No ticket is looked at later than this (aware UTC).
    """
    if not facts.silences:
        return None
    over = [
        facts.silences.over(rule.ids, facts.view(name, min(at, now)).ticket, at) for name in tickets
    ]
    found = [quiet for quiet in over if quiet is not None]
    if len(found) < len(over):
        return None
    return min(found, key=lambda quiet: quiet.until, default=None)


def silence_changes_at(
    rule: Rule, facts: Facts, tickets: Iterable[str], now: datetime
) -> datetime | None:
    """When a silence over any of these tickets next begins or ends (aware UTC)."""
    seen = (facts.view(name, now).ticket for name in tickets)
    return facts.silences.edge_after(rule.ids, seen, now)


def acknowledged_until(
    rule: Rule, facts: Facts, episode: Episode, now: datetime
) -> datetime | None:
    """Until when somebody has taken the escalation (aware UTC); None when nobody has."""
    taken = acknowledgement(rule, facts, episode, now)
    return None if taken is None else rule.clock.calendar.add(taken.at, rule.acknowledge.expires)


def acknowledgement(rule: Rule, facts: Facts, episode: Episode, now: datetime) -> Event | None:
    """The last event by which somebody took the escalation; None when nobody has."""
    escalated_at = episode.escalated_at
    if escalated_at is None:
        return None
    events = [event for history in facts.members.values() for event in history.done_to_it()]
    taken = (
        event
        for event in (*events, *facts.acknowledgements, *_while_members(facts, escalated_at))
        if event.at <= now and _acknowledges(rule, episode, event, escalated_at)
    )
    return max(taken, key=lambda event: event.at, default=None)


def _while_members(facts: Facts, since: datetime) -> Iterator[Event]:
    """What happened since then to the group's former members while they were open."""
    for history in facts.former.values():
        for event in history.events:
            if event.at > since and history.as_of(event.at - ONE_SECOND).is_open:
                yield event


def _acknowledges(rule: Rule, episode: Episode, event: Event, escalated_at: datetime) -> bool:
    if event.kind is EventKind.ACKNOWLEDGED:
        return event.at >= escalated_at and _is_meant(rule, episode, event)
    if event.actor is not Actor.PERSON or event.at <= escalated_at:
        return False
    if event.kind is EventKind.MESSAGE:
        return event.is_public and AcknowledgeBy.REPLY in rule.acknowledge.by
    return (
        event.field == "assignee"
        and event.after is not None
        and AcknowledgeBy.ASSIGNMENT in rule.acknowledge.by
    )


def _is_meant(rule: Rule, episode: Episode, event: Event) -> bool:
    """Whether an acknowledgement by name is one of this rule's, and of this episode if of one."""
    if event.rule is not None and event.rule not in rule.ids:
        return False
    ours = (episode.id, *episode.continues)
    anchors = {f"{name}|{one.subject}|{one.anchor}" for name in rule.ids for one in ours}
    return event.episode is None or event.episode in anchors
