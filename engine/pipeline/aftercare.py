"""What staff hear when an action did not reach whom it was for.

| what ended | how | who is told | with |
|---|---|---|---|
| a customer's message | it may have arrived | the assignee | `maybe-sent` |
| a customer's message | refused for good | the assignee | `not-delivered` |
| a notice, or an act on a ticket | refused for good | the default receiver | `undeliverable` |

Where an address takes no mail at all, the decisions tell of it (`customer-unreachable`), and
nothing is told here.

The notices are rows of the outbox, written in the transaction that ends the action; their keys
follow from its key, so nothing is told twice. A notice that tells of an end, and that fails itself,
is told by other ways once, and then no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.domain.actions import Action, Audience
from engine.domain.aftermath import (
    MAYBE_SENT,
    NOT_DELIVERED,
    UNDELIVERABLE,
    Aftermath,
    staff_notices,
)
from engine.domain.receivers import ASSIGNEE, DEFAULT_RECEIVER
from engine.domain.rule import Receiver
from engine.domain.ticket import utc_second
from engine.ports import OutboxRow, OutboxState, Transaction

_ENDS = (OutboxState.REJECTED, OutboxState.UNKNOWN)


def tell_staff(
    tx: Transaction,
    row: OutboxRow,
    state: OutboxState,
    reason: str,
    receivers: Mapping[str, Receiver],
    now: datetime,
) -> bool:
    """Queue the notices that an end calls for; most ends call for none.

    Args:
        tx: The transaction that ends the row.
        row: The row as it was.
        state: How it ends.
        reason: Why, in one line.
        receivers: By name.
        now: The domain's instant (aware UTC).

    Returns:
        False if somebody is to be told, and nobody can be.
    """
    if state not in _ENDS:
        return True
    action = row.action
    record = tx.records([action.ticket]).get(action.ticket)
    if record is None or action.template == UNDELIVERABLE:
        return False
    notices = staff_notices(
        action,
        record.source,
        _aftermath(row, state, reason, now),
        receivers,
        now,
        but_not=[(action.channel or "", action.to or "")],
    )
    tx.enqueue(notices, now)
    return bool(notices)


def _aftermath(row: OutboxRow, state: OutboxState, reason: str, now: datetime) -> Aftermath:
    action = row.action
    facts = {
        "outbox": row.id,
        "action": action.kind.value,
        "tried": _told_as(action),
        "tried_at": utc_second(now),
        "why": reason,
    }
    if action.audience is not Audience.CUSTOMER:
        facts |= {"receiver": action.receiver, "channel": action.channel}
        return Aftermath(UNDELIVERABLE, (DEFAULT_RECEIVER,), facts)
    what = MAYBE_SENT if state is OutboxState.UNKNOWN else NOT_DELIVERED
    return Aftermath(what, (ASSIGNEE,), facts)


def _told_as(action: Action) -> str | None:
    """Which message to the customer it was, or by which template staff were to be told."""
    message = action.details.get("message")
    return message if isinstance(message, str) else action.template
