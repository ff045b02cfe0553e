"""The log of decisions, and how much of each rule's budget is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, func, select, text

from engine.domain.reason import Reason, Verdict
from engine.ports import DecisionRecord
from engine.store.among import among
from engine.store.bulk import BulkInsert
from engine.store.codec import dumps, instant, loads, seconds
from engine.store.part import Part
from engine.store.schema import BUDGETS, DECISIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from engine.store.bulk import Insert
    from engine.store.part import AnyRow

_D, _B = DECISIONS.c, BUDGETS.c
_NEWEST: Final = (
    select(func.max(_D.id)).where(among(_D.subject, "ids")).group_by(_D.subject, _D.rule)
)
_LAST = select(_D.subject, _D.rule, _D.verdict, _D.reason).where(_D.id.in_(_NEWEST))
_UPTO = (
    select(*DECISIONS.c)
    .where(among(_D.subject, "ids"), _D.at <= bindparam("until"))
    .order_by(_D.id)
)
_APPEND = BulkInsert(DECISIONS)

# Numbers are drawn before the rows are written, so that many rows take two round trips. On SQLite
# the only writer asks where the count stands.
_LAST_NUMBER = text("SELECT seq FROM sqlite_sequence WHERE name = 'decisions'")
_DRAW_NUMBERS = text(
    "SELECT nextval(pg_get_serial_sequence('decisions', 'id')) FROM generate_series(1, :count)"
)
_USED = select(_B.used).where(
    _B.rule == bindparam("rule"), _B.period_start == bindparam("period_start")
)


def _add(insert: Insert) -> Insert:
    return insert.on_conflict_do_update(
        index_elements=["rule", "period_start"], set_={"used": _B.used + insert.excluded.used}
    )


_SPEND = BulkInsert(BUDGETS, conflict=_add)


class DecisionPart(Part):
    """Why something was, or was not, done; and how much may still be done."""

    def last_decisions(
        self, subjects: Iterable[str]
    ) -> dict[tuple[str, str], tuple[Verdict, Reason]]:
        """(subject, rule) → the last verdict and reason that were written down."""
        return {
            (subject, rule): (Verdict(verdict), Reason(reason))
            for subject, rule, verdict, reason in self._rows_of(_LAST, subjects)
        }

    def decisions(self, subjects: Iterable[str], until: datetime) -> dict[int, DecisionRecord]:
        """Number → line of the log, not later than `until`, in the order of writing."""
        return {
            row.id: _record(row) for row in self._rows_of(_UPTO, subjects, until=seconds(until))
        }

    def append_decisions(self, decisions: Sequence[DecisionRecord]) -> list[int]:
        """Add to the log; the numbers of the new lines, in the order given."""
        if not decisions:
            return []
        numbers = self._numbers(len(decisions))
        rows = [_row(*numbered) for numbered in zip(numbers, decisions, strict=True)]
        _APPEND.run(self._connection, rows)
        return numbers

    def _numbers(self, count: int) -> list[int]:
        if self._is_postgres:
            return sorted(row[0] for row in self._rows(_DRAW_NUMBERS, count=count))
        last = self._value(_LAST_NUMBER) or 0
        return list(range(last + 1, last + count + 1))

    def budget_used(self, rule: str, period_start: datetime) -> int:
        """How much of a rule's budget for the period that begins then is spent."""
        return self._value(_USED, rule=rule, period_start=seconds(period_start)) or 0

    def spend_budget(self, rule: str, period_start: datetime, count: int) -> None:
        """Spend some of a rule's budget for the period that begins then."""
        _SPEND.run(self._connection, [(rule, seconds(period_start), count)])


def _record(row: AnyRow) -> DecisionRecord:
    return DecisionRecord(
        subject=row.subject,
        rule=row.rule,
        at=instant(row.at),
        verdict=Verdict(row.verdict),
        reason=Reason(row.reason),
        generation=row.generation,
        evidence=loads(row.evidence),
    )


def _row(number: int, decision: DecisionRecord) -> tuple[object, ...]:
    return (
        number,
        decision.subject,
        decision.rule,
        seconds(decision.at),
        decision.verdict.value,
        decision.reason.value,
        decision.generation,
        dumps(decision.evidence),
    )
