"""A command: a person decides what becomes of rows of the outbox.

All rows that are asked for are looked at before any of them is changed; where one of them cannot
be, none is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.domain.actions import Audience
from engine.domain.reason import Reason
from engine.errors import UsageError
from engine.pipeline.release import HELD_BY_BUDGETS
from engine.ports import (
    Intervention,
    Json,
    OutboxRow,
    OutboxState,
    OutboxVerb,
    Store,
    Transaction,
)

_RETRIED = frozenset(
    {
        OutboxState.PENDING,
        OutboxState.SNOOZED,
        OutboxState.HELD,
        OutboxState.UNKNOWN,
        OutboxState.REJECTED,
        OutboxState.DROPPED,
    }
)
_DROPPED = _RETRIED - {OutboxState.DROPPED}
_UNSAID = frozenset({OutboxState.CANCELLED, OutboxState.DROPPED, OutboxState.REJECTED})
"""States of a message that the customer does not have, and is not about to get."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for.

    Attributes:
        who: Who asks, for the record.
        why: Why; a row is not dropped without.
        may_arrive_twice: That a customer may get the same message a second time is accepted.
    """

    verb: OutboxVerb
    who: str
    why: str | None = None
    may_arrive_twice: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be dealt with as was asked, and why."""

    row: OutboxRow
    why: str


@dataclass(slots=True)
class Intervened:
    """What came of a request.

    Attributes:
        rows: The rows as they were before; nothing was done where any was refused.
    """

    rows: list[OutboxRow] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def intervene(store: Store, request: Request, row_ids: Iterable[int], now: datetime) -> Intervened:
    """Do to these rows what is asked, beside a daemon or without.

    What waits again is due at once; its attempts are kept, and the guard asks again before acting.

    Args:
        store: Where the outbox is.
        request: What is asked, and by whom.
        row_ids: The rows; each is dealt with once.
        now: Aware UTC.

    Raises:
        UsageError: There is no row of some number.
    """
    with store.write() as tx:
        rows = _known(tx, list(dict.fromkeys(row_ids)))
        done = Intervened(rows=rows)
        for row in rows:
            why = objection(tx, row, request.verb, may_arrive_twice=request.may_arrive_twice)
            if why is not None:
                done.refusals.append(Refusal(row, why))
        if not done.refusals:
            _carry_out(tx, request, rows, now)
    return done


def held_by_budgets(store: Store, rule: str | None = None, ticket: str | None = None) -> list[int]:
    """Numbers of the rows that spent budgets hold: all, or those of a rule, or on a ticket."""
    named = {"rule": rule, "ticket": ticket}
    where = {**HELD_BY_BUDGETS, **{key: name for key, name in named.items() if name is not None}}
    with store.read() as tx:
        return [_number(row) for row in tx.view("v_outbox", where)]


def objection(
    tx: Transaction, row: OutboxRow, verb: OutboxVerb, *, may_arrive_twice: bool = False
) -> str | None:
    """Why a verb makes no sense for a row as it is; None where it does."""
    if row.state in (OutboxState.LEASED, OutboxState.SENDING):
        return "it is being sent just now; look again in a moment"
    if verb is OutboxVerb.RELEASE:
        return _objection_to_releasing(row)
    if row.state not in (_RETRIED if verb is OutboxVerb.RETRY else _DROPPED):
        return _OVER[row.state]
    if verb is OutboxVerb.RETRY and row.action.audience is Audience.CUSTOMER:
        return _objection_to_telling_again(tx, row, may_arrive_twice=may_arrive_twice)
    return None


_OVER = {
    OutboxState.DELIVERED: "it has been delivered",
    OutboxState.CANCELLED: "it was overtaken by what happened, and stays cancelled",
    OutboxState.DROPPED: "it is dropped already",
}


def _objection_to_releasing(row: OutboxRow) -> str | None:
    if row.state is OutboxState.HELD and row.reason == Reason.BUDGET.value:
        return None
    return f"no budget holds it: it is {row.state.value}"


def _objection_to_telling_again(
    tx: Transaction, row: OutboxRow, *, may_arrive_twice: bool
) -> str | None:
    """A customer hears nothing twice, and nothing that is out of date."""
    later = _said_since(tx, row)
    if later is not None:
        return f"the customer has had another message on {row.action.ticket} since, row {later}"
    outcomes = {attempt.outcome for attempt in tx.attempts(row.id)}
    if outcomes & {OutboxState.UNKNOWN, None} and not may_arrive_twice:
        return (
            "it may have reached the customer; find out, then drop it, or send it again with"
            " --may-arrive-twice"
        )
    return None


def _said_since(tx: Transaction, row: OutboxRow) -> int | None:
    where = {"ticket": row.action.ticket, "audience": Audience.CUSTOMER.value}
    later = [
        _number(one)
        for one in tx.view("v_outbox", where)
        if _number(one) > row.id and OutboxState(str(one["state"])) not in _UNSAID
    ]
    return max(later, default=None)


def _known(tx: Transaction, row_ids: Sequence[int]) -> list[OutboxRow]:
    found = {row_id: tx.outbox_row(row_id) for row_id in row_ids}
    unknown = [str(row_id) for row_id, row in found.items() if row is None]
    if unknown:
        rows = "row" if len(unknown) == 1 else "rows"
        raise UsageError(
            f"the outbox has no {rows} {', '.join(unknown)}; `outbox list` names what it has"
        )
    return [row for row in found.values() if row is not None]


def _carry_out(tx: Transaction, request: Request, rows: Sequence[OutboxRow], now: datetime) -> None:
    for row in rows:
        decided = Intervention(row.id, request.verb, row.state, request.who, now, request.why)
        if not tx.intervene(decided):
            # Nothing of this transaction stays: the row was leased between two statements.
            raise UsageError(
                f"row {row.id} was taken for sending just now; nothing was changed, ask again"
            )
    tx.mark_due({name for row in rows for name in (row.action.ticket, row.action.subject)}, now)


def _number(row: Json) -> int:
    return int(str(row["id"]))
