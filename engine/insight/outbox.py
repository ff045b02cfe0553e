"""What is on its way out, and what became of it: formats ``escalatord.outbox…/1``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.ticket import Ticket, Value, utc_second
from engine.errors import MessageError, UsageError
from engine.insight.contracts.documents import (
    AttemptLine,
    ChangedRow,
    DecisionLine,
    FieldSet,
    InterventionLine,
    OutboxChangeDocument,
    OutboxDocument,
    OutboxLine,
    OutboxShowDocument,
)
from engine.insight.outbox_words import effects, why
from engine.pipeline.evaluate import Policy
from engine.pipeline.intervene import Intervened, Request
from engine.ports import (
    Attempt,
    Composer,
    Intervention,
    OutboxRow,
    OutboxState,
    OutboxVerb,
    Store,
    Transaction,
)


def outbox(store: Store, where: Mapping[str, str | None] | None = None) -> OutboxDocument:
    """The document of ``outbox list --json``, oldest first.

    Args:
        store: Where the outbox is.
        where: Column of the view → what it must equal; None means anything.
    """
    named = {name: wanted for name, wanted in (where or {}).items() if wanted is not None}
    with store.read() as tx:
        rows = tx.view("v_outbox", named)
    return {"format": "escalatord.outbox/1", "rows": cast("list[OutboxLine]", rows)}


@dataclass(frozen=True, slots=True)
class Told:
    """What an action says, as it would be put into words now.

    Attributes:
        title: Its subject line, where it has one.
        fault: Why it cannot be put into words.
    """

    title: str | None = None
    text: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One row with all that is known of it."""

    row: OutboxRow
    document: OutboxShowDocument
    told: Told


def show(store: Store, policy: Policy, composer: Composer, row_id: int, now: datetime) -> Shown:
    """One row, what became of it, and what each verb would do to it.

    Args:
        store: Where the outbox is.
        policy: What is in force: when budgets have room again.
        composer: Puts the action into words.
        row_id: Its number.
        now: Aware UTC.

    Returns:
        The row with its document; the texts in `told` only, for they may be nobody else's business.

    Raises:
        UsageError: There is no row of that number.
    """
    with store.read() as tx:
        row = tx.outbox_row(row_id)
        if row is None:
            raise UsageError(f"the outbox has no row {row_id}; `outbox list` names what it has")
        view = tx.view("v_outbox", {"id": row_id})[0]
        record = tx.records([row.action.ticket]).get(row.action.ticket)
        action, attempts = row.action, tx.attempts(row_id)
        hands = tx.interventions(row_id)
        document: OutboxShowDocument = {
            "format": "escalatord.outbox-show/1",
            "now": utc_second(now),
            "row": cast("OutboxLine", view),
            "subject": action.subject,
            "episode": action.episode.anchor,
            "level": action.level,
            "occurrence": action.occurrence,
            "receiver": action.receiver,
            "channel": action.channel,
            "next_attempt_at": _next_at(row),
            "why": why(row, hands, policy.ruleset, now),
            "decision": _decision(tx, row),
            "attempts": [_attempt_line(one) for one in attempts],
            "interventions": [_intervention_line(one) for one in hands],
            "verbs": effects(tx, row),
            "changes": [_field_set(change) for change in action.changes],
            "title": None,
            "text": None,
        }
    return Shown(row, document, _told(composer, action, record.source if record else None))


def changed(request: Request, done: Intervened, now: datetime) -> OutboxChangeDocument:
    """The document of ``outbox retry|drop|release --json``."""
    refused = {one.row.id: one.why for one in done.refusals}
    after = OutboxState.DROPPED if request.verb is OutboxVerb.DROP else OutboxState.PENDING
    return {
        "format": "escalatord.outbox-change/1",
        "now": utc_second(now),
        "verb": request.verb.value,
        "who": request.who,
        "changed": [] if refused else [_changed_row(row, after) for row in done.rows],
        "refused": [_changed_row(one.row, one.row.state, one.why) for one in done.refusals],
    }


def _changed_row(row: OutboxRow, after: OutboxState, refusal: str | None = None) -> ChangedRow:
    return {
        "id": row.id,
        "ticket": row.action.ticket,
        "rule": row.action.episode.rule,
        "before": row.state.value,
        "state": after.value,
        "why": refusal,
    }


def _next_at(row: OutboxRow) -> str | None:
    waits = row.state in (OutboxState.PENDING, OutboxState.SNOOZED)
    return utc_second(row.next_attempt_at) if waits else None


def _decision(tx: Transaction, row: OutboxRow) -> DecisionLine | None:
    """The last one of its rule that had been written when the row was."""
    found = tx.decisions([row.action.subject], row.created_at)
    numbers = [n for n, one in found.items() if one.rule == row.action.episode.rule]
    if not numbers:
        return None
    one = found[numbers[-1]]
    return {
        "decision": numbers[-1],
        "at": utc_second(one.at),
        "verdict": one.verdict.value,
        "reason": one.reason.value,
        "generation": one.generation,
    }


def _attempt_line(one: Attempt) -> AttemptLine:
    return {
        "number": one.number,
        "started_at": utc_second(one.started_at),
        "finished_at": utc_second(one.finished_at) if one.finished_at else None,
        "outcome": one.outcome.value if one.outcome else None,
        "reason": one.reason,
    }


def _intervention_line(one: Intervention) -> InterventionLine:
    return {
        "verb": one.verb.value,
        "before": one.before.value,
        "who": one.who,
        "why": one.why,
        "at": utc_second(one.at),
    }


def _field_set(change: FieldChange) -> FieldSet:
    return {
        "field": change.field,
        "before": _value(change.before),
        "after": _value(change.after),
    }


def _value(value: Value) -> str | None:
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, datetime):
        return utc_second(value)
    return None if value is None else str(value)


def _told(composer: Composer, action: Action, ticket: Ticket | None) -> Told:
    if ticket is None or action.kind is ActionKind.CHANGE:
        return Told()
    if action.kind is ActionKind.NOTE:
        return Told(text=composer.note(action, ticket))
    try:
        if action.audience is Audience.STAFF:
            message = composer.staff([(action, ticket)], None)
        else:
            message = composer.customer(action, ticket, "")
    except MessageError as error:
        return Told(fault=str(error))
    return Told(title=message.subject, text=message.text)
