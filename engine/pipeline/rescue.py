"""Fourth stage: what a dead process left behind is resolved by each action's crash policy."""

from __future__ import annotations

from datetime import datetime

from engine.domain.actions import Audience
from engine.ports import OutboxRow, OutboxState, Store

MAYBE_SENT = "the process ended while sending; it may have arrived"
NOT_SENT = "the process ended before sending"
AGAIN = "the process ended while sending; it is done again"


def rescue(store: Store, now: datetime) -> list[tuple[OutboxRow, OutboxState]]:
    """Resolve every lease that has run out.

    What was only leased is free again. Of what was being sent, staff notices and field changes are
    done again (at least once); customer messages are held as unknown, never leased again (at most
    once), until somebody finds out.

    Args:
        store: Where the outbox is.
        now: The instant by which leases are told, as in `deliver` (aware UTC).

    Returns:
        Each row with the state that it was given.
    """
    resolved = []
    with store.write() as tx:
        for row in tx.expired(now):
            state, reason = _policy(row)
            # It is as due as it was: `now` may lie ahead, to take in the leases of the dead.
            if tx.snooze(row.id, row.token or "", row.next_attempt_at, reason, state):
                resolved.append((row, state))
    return resolved


def _policy(row: OutboxRow) -> tuple[OutboxState, str]:
    if row.state is not OutboxState.SENDING:
        return OutboxState.PENDING, NOT_SENT
    if row.action.audience is Audience.CUSTOMER:
        return OutboxState.UNKNOWN, MAYBE_SENT
    return OutboxState.PENDING, AGAIN
