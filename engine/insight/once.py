"""What one run did, as programs outside are told: format ``escalatord.once/1``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.domain.episode import CustomerMessage
from engine.domain.ticket import utc_second
from engine.insight.contracts import documents
from engine.insight.contracts.documents import OnceDocument
from engine.insight.ingested import together
from engine.pipeline.cycle import Work
from engine.pipeline.evaluate import Fired, Skipped
from engine.ports import OutboxState, Store


def as_json(
    work: Work, store: Store, now: datetime, generation: str, *, degraded: bool, dry_run: bool
) -> OnceDocument:
    """The document of ``once --json``.

    Args:
        work: What the run did.
        store: For the state of customer messages, and the next check.
        now: The instant up to which it ran (aware UTC).
        generation: The rules in force.
        degraded: The rule files are broken, and the last good rules ran.
        dry_run: Nothing was sent: messages are shown as pending.
    """
    with store.read() as tx:
        rows = tx.view("v_outbox", {"audience": "customer"})
        next_at = tx.next_due_at()
    states = {str(row["idempotency_key"]): str(row["state"]) for row in rows}
    written = [
        _message(one, _state(one, states, dry_run=dry_run)) for one in work.evaluated.messages
    ]
    planned = [one.message for one in work.evaluated.planned.values() if one is not None]
    waiting = [_message(one, OutboxState.PENDING.value) for one in planned]
    return {
        "format": "escalatord.once/1",
        "now": utc_second(now),
        "generation": generation,
        "degraded": degraded,
        "ingested": together(work.ingested, work.unread),
        "fired": sorted((firing(one) for one in work.evaluated.fired), key=order_of),
        "customer": sorted(written + waiting, key=order_of),
        "skipped": sorted((_skipped(one) for one in work.evaluated.skipped), key=order_of),
        "next_check_at": utc_second(next_at) if next_at else None,
    }


def key_of(message: CustomerMessage) -> str:
    """Idempotency key of the outbox row that carries a customer's message."""
    return "|".join((message.episode.text, message.message.value, str(message.occurrence)))


def _state(one: CustomerMessage, states: Mapping[str, str], *, dry_run: bool) -> str:
    """Where a message stands in the outbox; a dry run has sent none."""
    if one.skipped is not None:
        return OutboxState.CANCELLED.value
    pending = OutboxState.PENDING.value
    return pending if dry_run else states.get(key_of(one), pending)


def order_of(row: Mapping[str, object]) -> tuple[str, str, str, int, int]:
    """What the lists of a document are sorted by."""
    return (
        str(row["due_at"]),
        str(row["ticket"]),
        str(row["rule"]),
        int(str(row.get("level", 0))),
        int(str(row.get("occurrence", 0))),
    )


def firing(one: Fired) -> documents.Fired:
    """A level that fired, as programs outside are told."""
    return {
        "ticket": one.ticket,
        "rule": one.rule,
        "episode": one.episode,
        "level": one.level,
        "name": one.name,
        "occurrence": one.occurrence,
        "kind": one.kind,
        "due_at": utc_second(one.due_at),
        "fired_at": utc_second(one.fired_at),
        "reason": one.reason.value,
    }


def _message(one: CustomerMessage, state: str) -> documents.CustomerMessage:
    return {
        "ticket": one.ticket,
        "rule": one.episode.rule,
        "episode": one.episode.anchor,
        "message": one.message.value,
        "occurrence": one.occurrence,
        "template": one.template,
        "due_at": utc_second(one.due_at),
        "deliver_at": utc_second(one.deliver_at),
        "state": state,
    }


def _skipped(one: Skipped) -> documents.Skipped:
    return {
        "ticket": one.ticket,
        "rule": one.rule,
        "level": one.level,
        "due_at": utc_second(one.due_at),
        "reason": one.reason.value,
    }
