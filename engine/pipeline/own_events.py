"""What our acts add to a ticket's story."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from engine.domain.actions import Action, ActionKind, FieldChange
from engine.domain.ticket import Actor, Event, EventKind


def own_events(
    action: Action, changes: Sequence[FieldChange], at: datetime, receipt: str | None = None
) -> list[Event]:
    """What our act adds to the ticket's story; notes and notices add nothing.

    Args:
        action: What was done.
        changes: For a change of fields: those that were made.
        at: When (aware UTC).
        receipt: The helpdesk's own id of the message, where it gave one.
    """
    origin = action.episode.text
    if action.kind is ActionKind.CHANGE:
        return [
            Event(
                id=own_event_id(action, change),
                at=at,
                kind=EventKind.CHANGED,
                actor=Actor.OURSELVES,
                episode=origin,
                rule=action.episode.rule,
                field=change.field,
                before=change.before,
                after=change.after,
            )
            for change in changes
        ]
    if action.kind is ActionKind.REPLY:
        return [
            Event(
                id=action.key,
                at=at,
                kind=EventKind.MESSAGE,
                actor=Actor.OURSELVES,
                source_id=receipt,
                episode=origin,
            )
        ]
    return []


def own_event_id(action: Action, change: FieldChange) -> str:
    """The id of the event that a change of ours is, whenever it arrives."""
    return f"{action.key}|{change.field}"
