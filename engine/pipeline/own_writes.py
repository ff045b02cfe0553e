"""What we did outside becomes part of the ticket's story, marked as ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.ruleset import Ruleset
from engine.domain.ticket import Actor, Event, EventKind
from engine.pipeline.ingest import in_order, save
from engine.pipeline.reachability import arrived
from engine.pipeline.subjects import subjects_of
from engine.ports import Transaction


def remember(
    tx: Transaction,
    action: Action,
    changes: Sequence[FieldChange],
    ruleset: Ruleset,
    now: datetime,
) -> None:
    """Note that an action arrived, and let whoever it concerns be looked at.

    Args:
        tx: The transaction that finishes the action.
        action: What arrived.
        changes: For a change of fields: those that were made.
        ruleset: The rules in force.
        now: The domain's instant (aware UTC).
    """
    if action.audience is Audience.CUSTOMER:
        tx.message_arrived(action, now)
    events = own_events(action, changes, now)
    record = tx.records([action.ticket]).get(action.ticket) if events else None
    if record is not None:
        if action.kind is ActionKind.REPLY:
            arrived(tx, record.source, now)
        written = replace(record, events=in_order((*record.events, *events)))
        (present,) = save(tx, [written])
        tx.mark_due(subjects_of(present, ruleset.group_kinds), now)


def own_events(action: Action, changes: Sequence[FieldChange], at: datetime) -> list[Event]:
    """What our act adds to the ticket's story; notes and notices add nothing."""
    origin = action.episode.text
    if action.kind is ActionKind.CHANGE:
        return [
            Event(
                id=f"{action.key}|{change.field}",
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
                episode=origin,
            )
        ]
    return []
