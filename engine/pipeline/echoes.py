"""What we wrote comes back when a helpdesk is read, and must be known for ours.

A source's event is ours if it is the echo of an act of ours, that is,

1. a message that bears the mark of our key, or whose id we were given for it;
2. a change of a field from the value to the value that an act of ours changed it.

An act has one echo. Where the source tells authors apart, an echo is by our account; but that the
account is ours makes nothing ours, since people may share it. What the helpdesk did by itself
because of our change (an owner removed who may not own in the new queue) is by our account too, in
the same second: that is a robot's.

An echo takes the place and the id of the event that we keep of the act, so that nothing is told
twice, and so that it is ours even where the process died before it had written down what it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from engine.domain.actions import Action, ActionKind
from engine.domain.marker import marker_in, marker_of
from engine.domain.ticket import Actor, Event, EventKind, Value
from engine.pipeline.own_events import own_events
from engine.ports import Observation, OutboxRow

CLOCKS_DIFFER: Final = timedelta(minutes=10)
"""An echo may bear a time so much earlier than ours: clocks differ, and ours is that of a tick."""
ECHO_WITHIN: Final = timedelta(days=1)
"""Where we write by an account of our own, the echo is not later: so long a queue may take."""


def recognised(seen: Observation, kept: Iterable[Event], begun: Sequence[OutboxRow]) -> Observation:
    """An observation in which our own writes are marked as ours.

    Args:
        seen: As the helpdesk told it.
        kept: What the store holds of the ticket's story.
        begun: Our acts on the ticket of which the end is not written down.
    """
    if seen.events is None and not seen.messages:
        return seen
    acts = _Acts.of(kept, begun)
    told = [acts.claim(event, seen.by_our_account) for event in seen.events or ()]
    consequences = _consequences(seen, told)
    events = tuple(
        replace(event, actor=Actor.ROBOT) if event.id in consequences else event for event in told
    )
    return replace(
        seen,
        events=None if seen.events is None else events,
        messages=tuple(acts.claim(event, seen.by_our_account) for event in seen.messages),
    )


def is_echo(change: Event, kept: Sequence[Event], begun: Sequence[OutboxRow]) -> bool:
    """Whether a difference between two looks at a ticket is a change of ours.

    It is, if ours is the last change of that field that is known; what was changed back since, and
    then once more, was changed by somebody else.
    """
    ours = [*_begun_events(begun), *kept]
    last = max(
        (event for event in ours if event.field == change.field),
        key=lambda event: (event.at, event.actor is Actor.OURSELVES),
        default=None,
    )
    return last is not None and last.actor is Actor.OURSELVES and _is_same_change(last, change)


@dataclass(frozen=True, slots=True)
class _Act:
    """Something that we did, or may have done.

    Attributes:
        event: What it adds to the ticket's story.
        is_settled: It is written down when it was done; otherwise only that it was begun.
    """

    event: Event
    is_settled: bool

    def may_echo(self, at: datetime, *, is_by_us: bool) -> bool:
        """Whether what happened at `at` (aware UTC, by the helpdesk's clock) may be its echo.

        What others carry to the helpdesk for us may come at any time after it.
        """
        if at < self.event.at - CLOCKS_DIFFER:
            return False
        return not (self.is_settled and is_by_us) or at <= self.event.at + ECHO_WITHIN

    def heard_as(self, echo: Event) -> Event:
        """The event that the story keeps of it."""
        return self.event if self.is_settled else replace(self.event, at=echo.at)


@dataclass(slots=True)
class _Acts:
    """Acts of ours that wait for their echo.

    Attributes:
        changes: In order of time, each to be claimed once.
        messages: By mark, and by the helpdesk's id.
    """

    changes: list[_Act]
    messages: dict[str, _Act]

    @classmethod
    def of(cls, kept: Iterable[Event], begun: Sequence[OutboxRow]) -> _Acts:
        """All that is known of a ticket; what is settled is known better than what is begun."""
        held = {event.id: _Act(event, is_settled=False) for event in _begun_events(begun)}
        held |= {
            event.id: _Act(event, is_settled=True)
            for event in kept
            if event.actor is Actor.OURSELVES
        }
        ours = sorted(held.values(), key=lambda act: act.event.at)
        said = [act for act in ours if act.event.kind is EventKind.MESSAGE]
        messages = {marker_of(act.event.id): act for act in said}
        messages |= {act.event.source_id: act for act in said if act.event.source_id}
        return cls([act for act in ours if act.event.kind is EventKind.CHANGED], messages)

    def claim(self, event: Event, by_us: frozenset[str] | None) -> Event:
        """The event itself; or the one of ours whose echo it is."""
        if event.actor is Actor.OURSELVES or (by_us is not None and event.id not in by_us):
            return event
        if event.kind is EventKind.MESSAGE:
            return self._claim_message(event, is_by_us=by_us is not None)
        return self._claim_change(event, is_by_us=by_us is not None)

    def _claim_message(self, event: Event, *, is_by_us: bool) -> Event:
        mark = marker_in(event.text)
        act = self.messages.get(mark or "") or self.messages.get(event.source_id or "")
        if act is not None:
            self.messages = {key: one for key, one in self.messages.items() if one is not act}
            return act.heard_as(event)
        return replace(event, actor=Actor.OURSELVES) if is_by_us and mark else event

    def _claim_change(self, event: Event, *, is_by_us: bool) -> Event:
        for place, act in enumerate(self.changes):
            is_same = _is_same_change(act.event, event)
            if is_same and act.may_echo(event.at, is_by_us=is_by_us):
                return self.changes.pop(place).heard_as(event)
        return event


def _begun_events(begun: Sequence[OutboxRow]) -> list[Event]:
    """What acts will have been, if they have arrived."""
    return [event for row in begun for event in _events_of(row.action, row.created_at)]


def _events_of(action: Action, at: datetime) -> list[Event]:
    if action.kind is ActionKind.NOTE:  # the story keeps none, but it is seen on the ticket
        return [Event(action.key, at, EventKind.MESSAGE, Actor.OURSELVES, is_public=False)]
    return own_events(action, action.changes, at)


def _is_same_change(act: Event, change: Event) -> bool:
    return (
        act.field == change.field
        and _comparable(act.before) == _comparable(change.before)
        and _comparable(act.after) == _comparable(change.after)
    )


def _comparable(value: Value) -> object:
    """Tags have no order, and nothing is nothing however it is written."""
    if isinstance(value, tuple):
        return frozenset(value) or None
    return value or None


def _consequences(seen: Observation, told: Sequence[Event]) -> set[str]:
    """Changes by our account that we did not ask for, in the second of one that we did."""
    if not seen.by_our_account:
        return set()
    asked = zip(seen.events or (), told, strict=True)
    echoed = {
        source.at
        for source, ours in asked
        if ours.actor is Actor.OURSELVES and source.kind is EventKind.CHANGED
    }
    return {
        event.id
        for event in told
        if event.at in echoed
        and event.actor is not Actor.OURSELVES
        and event.kind is EventKind.CHANGED
        and event.id in seen.by_our_account
    }
