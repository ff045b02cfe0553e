"""Taking rows of the outbox, so that those which share a message stay together.

All the digests that wait for one address become one message, however many they are; and with them
the notices that waited because the address had heard enough. While subjects are still being decided
there may be more digests to come: then they wait as long as an evaluation lasts, and for subjects
that cannot be decided, but not for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from engine.domain.actions import ActionKind
from engine.pipeline.crowding import CROWDED
from engine.ports import Channel, Helpdesk, OutboxRow, Store

LEASE_BATCH = 50
LEASE_FOR = timedelta(minutes=5)
"""How long a batch may take at least; a dead process's rows are free again after its lease."""
DIGESTS_WAIT = timedelta(minutes=5)
"""At most so long a digest waits, after an evaluation, for what it could not decide."""
PUT_BACK = "the delivery was broken off before its turn"
NOT_SENT = "the process ended before sending"
OUR_DELAYS = frozenset({PUT_BACK, NOT_SENT})
"""Reasons of rows that wait, and that nobody outside made wait."""
_NONE_YET = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every digest."""


def lease(
    store: Store,
    began: datetime,
    now: datetime,
    token: str,
    until: datetime,
    *,
    is_deciding: bool = False,
) -> list[list[OutboxRow]]:
    """Take some rows whose time has come; each list is one act.

    Args:
        store: Where the outbox is.
        began: Rows whose time came later are left for the next delivery.
        now: The domain's instant, by which subjects are due.
        token: A fresh fencing token.
        until: When the lease runs out (all aware UTC).
        is_deciding: An evaluation is under way, or none has come to its end since the start.
    """
    with store.write() as tx:
        due_at = tx.next_due_at()
        is_undecided = due_at is not None and due_at <= now
        digests_until = began - DIGESTS_WAIT if is_undecided else began
        if is_deciding:
            digests_until = _NONE_YET
        acts = _bundled(tx.lease(began, LEASE_BATCH, token, until, digests_until))
        for rows in acts:
            if _shares_a_message(rows[0]):
                rows.extend(tx.lease_digests(rows[0].action, began, token, until, CROWDED))
    return acts


def lease_for(reached: Iterable[Helpdesk | Channel]) -> timedelta:
    """How long a batch is leased: long enough for two attempts of the slowest of these."""
    return max((LEASE_FOR, *(4 * one.longest_call for one in reached)))


def is_digest(row: OutboxRow) -> bool:
    """Whether a row says what was decided about many, or how another one ended."""
    return row.action.kind is ActionKind.DIGEST


def _shares_a_message(row: OutboxRow) -> bool:
    return is_digest(row) or row.reason == CROWDED


def _bundled(rows: Iterable[OutboxRow]) -> list[list[OutboxRow]]:
    acts: dict[object, list[OutboxRow]] = {}
    for row in rows:
        address = (row.action.channel, row.action.to)
        acts.setdefault(address if _shares_a_message(row) else row.id, []).append(row)
    return list(acts.values())
