"""A ticket's story, from how it stands and what the helpdesk tells of its changes.

Helpdesks tell each change with what was there before. So a story is read backwards: each change
undone, until the ticket is as it was created.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from engine.domain.ticket import Event, EventKind, Priority, Status, Ticket, Value, with_value
from engine.ports import Observation


def observation(
    ticket: Ticket, events: Sequence[Event], until: datetime, ours: Iterable[str]
) -> Observation:
    """A ticket with all that happened to it, nothing later than `until`.

    Args:
        ticket: How it stands.
        events: What happened to it, in order, each change with its whole values.
        until: Aware UTC.
        ours: Ids of the events whose author is our account.
    """
    opening = ticket
    for event in reversed(events):
        opening = undone(opening, event)
    kept = tuple(event for event in events if event.at <= until)
    present = opening
    for event in kept:
        if event.kind is EventKind.CHANGED and event.field:
            present = with_value(present, event.field, _typed(event.field, event.after))
    at = kept[-1].at if kept else ticket.created_at
    told = {event.id for event in kept}
    return Observation(
        present, at, opening=opening, events=kept, by_our_account=frozenset(ours) & told
    )


def undone(ticket: Ticket, event: Event) -> Ticket:
    """A ticket as it was before an event that tells whole values."""
    if event.kind is not EventKind.CHANGED or not event.field:
        return ticket
    return with_value(ticket, event.field, _typed(event.field, event.before))


def with_whole_tags(event: Event, after: Sequence[str]) -> Event:
    """A change of the tags that tells what went and what came, as one of the whole set.

    Args:
        event: Before: what went. After: what came.
        after: The tags as they were after it.
    """
    lost, gained = _texts(event.before), _texts(event.after)
    before = (*(tag for tag in after if tag not in gained), *lost)
    return replace(event, before=before, after=tuple(after))


def _texts(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _typed(field: str, value: Value) -> object:
    """A value of an event, as a ticket holds it."""
    if field == "status":
        return Status(str(value))
    if field == "tags":
        return value or ()
    return Priority(str(value)) if field == "priority" and value else value
