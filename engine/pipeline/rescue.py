"""Fourth stage: what a dead process left behind is resolved by each action's crash policy."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from engine.domain.actions import Audience
from engine.pipeline.aftercare import tell_staff
from engine.pipeline.leasing import NOT_SENT
from engine.pipeline.outside import Outside
from engine.pipeline.own_writes import remember
from engine.pipeline.proof import PROVED, has_arrived
from engine.pipeline.settling import Finished
from engine.ports import OutboxRow, OutboxState, Store, Transaction

MAYBE_SENT = "the process ended while sending; it may have arrived"
AGAIN = "the process ended while sending; it is done again"


def rescue(store: Store, outside: Outside, now: datetime, expired_by: datetime) -> list[Finished]:
    """Resolve every lease that has run out.

    What was only leased is free again. Of what was being sent, staff notices and field changes are
    done again (at least once). A customer's message is delivered if its helpdesk proves it; else it
    is held as unknown, never leased again (at most once), and staff are told.

    Args:
        store: Where the outbox is.
        outside: Whom to ask for proof, and whom to tell.
        now: The domain's instant.
        expired_by: The instant by which leases are told, as in `deliver` (both aware UTC).

    Returns:
        Each row with the state that it was given.
    """
    with store.read() as tx:
        rows = tx.expired(expired_by)
    if not rows:
        return []
    proven = {row.id for row in rows if _may_have_arrived(row) and _is_proven(outside, row)}
    with store.write() as tx:
        resolved = [_resolve(tx, outside, row, now, proven) for row in rows]
    return [one for one in resolved if one is not None]


def _may_have_arrived(row: OutboxRow) -> bool:
    return row.state is OutboxState.SENDING and row.action.audience is Audience.CUSTOMER


def _is_proven(outside: Outside, row: OutboxRow) -> bool:
    return has_arrived(outside, row.action) is True


def _resolve(
    tx: Transaction, outside: Outside, row: OutboxRow, now: datetime, proven: Container[int]
) -> Finished | None:
    """One row; None if somebody else was first."""
    token = row.token or ""
    if row.id in proven:
        if not tx.finish(row.id, token, OutboxState.DELIVERED, now, PROVED, row.action.key):
            return None
        remember(tx, row.action, (), outside.ruleset, now)
        return Finished(row, OutboxState.DELIVERED, PROVED)
    state, reason = _policy(row)
    # It is as due as it was: `expired_by` may lie ahead, to take in the leases of the dead.
    if not tx.snooze(row.id, token, row.next_attempt_at, reason, state):
        return None
    if state is OutboxState.UNKNOWN:  # it is on its way no more: the next update may follow
        tx.mark_due({row.action.ticket, row.action.subject}, now)
    receivers = outside.ruleset.generation.receivers
    is_told = tell_staff(tx, row, state, reason, receivers, now)
    return Finished(row, state, reason, is_lost=not is_told)


def _policy(row: OutboxRow) -> tuple[OutboxState, str]:
    if row.state is not OutboxState.SENDING:
        return OutboxState.PENDING, NOT_SENT
    if _may_have_arrived(row):
        return OutboxState.UNKNOWN, MAYBE_SENT
    return OutboxState.PENDING, AGAIN
