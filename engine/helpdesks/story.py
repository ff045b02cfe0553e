"""A ticket's story, from how it stands and what the helpdesk tells of its changes.

Helpdesks tell each change with what was there before. So a story is read backwards: each change
undone, until the ticket is as it was created.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    opening = _before(ticket, events)
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


def _before(ticket: Ticket, events: Sequence[Event]) -> Ticket:
    """The ticket as it was before all that happened."""
    for event in reversed(events):
        if event.kind is EventKind.CHANGED and event.field:
            ticket = with_value(ticket, event.field, _typed(event.field, event.before))
    return ticket


def _typed(field: str, value: Value) -> object:
    """A value of an event, as a ticket holds it."""
    if field == "status":
        return Status(str(value))
    if field == "tags":
        return value or ()
    return Priority(str(value)) if field == "priority" and value else value
