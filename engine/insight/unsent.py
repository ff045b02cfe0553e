"""What a rule decided about a ticket and what was then not done, as the outbox has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.domain.rule import Rule
from engine.domain.ticket import utc_second
from engine.ports import OutboxState, Transaction

_NOT_DONE: Final = frozenset(
    {
        OutboxState.CANCELLED,
        OutboxState.DROPPED,
        OutboxState.REJECTED,
        OutboxState.UNKNOWN,
        OutboxState.HELD,
    }
)


@dataclass(frozen=True, slots=True)
class Unsent:
    """A row of the outbox that did not, or not surely, arrive.

    Attributes:
        number: Its id in the outbox.
        message: ``on_escalation``, ``update`` or ``follow_up``; None for what is no message to a
            customer.
        reason: A member of the closed list, or what the other side said.
        decided_at: RFC 3339, in UTC.
    """

    number: int
    audience: str
    action: str
    message: str | None
    state: str
    reason: str
    decided_at: str


def unsent(tx: Transaction, tickets: Iterable[str], rule: Rule, at: datetime) -> tuple[Unsent, ...]:
    """What a rule decided on these tickets up to `at` (aware UTC) and what was not done."""
    of_rule = {"rule": rule.id}
    rows = [row for name in tickets for row in tx.view("v_outbox", {"ticket": name, **of_rule})]
    until = utc_second(at)
    return tuple(
        Unsent(
            number=int(str(row["id"])),
            audience=str(row["audience"]),
            action=str(row["action"]),
            message=_message(str(row["idempotency_key"])) if row["action"] == "reply" else None,
            state=str(row["state"]),
            reason=str(row["reason"] or ""),
            decided_at=str(row["created_at"]),
        )
        for row in rows
        if row["state"] in _NOT_DONE and str(row["created_at"]) <= until
    )


def _message(key: str) -> str:
    """Which message a reply is: its key ends with that and its occurrence."""
    return key.split("|")[-2]
