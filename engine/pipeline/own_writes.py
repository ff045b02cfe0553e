"""What we did outside becomes part of the ticket's story, marked as ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.ruleset import Ruleset
from engine.pipeline.ingest import in_order, save
from engine.pipeline.own_events import own_events
from engine.pipeline.reachability import arrived
from engine.pipeline.subjects import subjects_of
from engine.ports import Transaction


def remember(
    tx: Transaction,
    action: Action,
    changes: Sequence[FieldChange],
    ruleset: Ruleset,
    now: datetime,
    receipt: str | None = None,
) -> None:
    """Note that an action arrived, and let whoever it concerns be looked at.

    Args:
        tx: The transaction that finishes the action.
        action: What arrived.
        changes: For a change of fields: those that were made.
        ruleset: The rules in force.
        now: The domain's instant (aware UTC).
        receipt: The helpdesk's own id of what it took, where it gave one.
    """
    if action.audience is Audience.CUSTOMER:
        tx.message_arrived(action, now)
    events = own_events(action, changes, now, receipt)
    record = tx.records([action.ticket]).get(action.ticket) if events else None
    if record is not None:
        if action.kind is ActionKind.REPLY:
            arrived(tx, record.source, now)
        known = {event.id for event in record.events}  # its echo may have been heard before
        news = [event for event in events if event.id not in known]
        written = replace(record, events=in_order((*record.events, *news)))
        (present,) = save(tx, [written])
        tx.mark_due(subjects_of(present, ruleset.group_kinds), now)
