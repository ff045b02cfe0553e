"""Subjects, and when each must be looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Integer, bindparam, or_, select, text

from engine.ports import DueSubject
from engine.store.among import among
from engine.store.bulk import BulkInsert, overwrite
from engine.store.codec import instant, maybe_instant, maybe_seconds, seconds
from engine.store.part import Part
from engine.store.schema import IS_TIMED, SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from engine.store.bulk import Insert

_S: Final = SUBJECTS.c


def _earliest(insert: Insert) -> Insert:
    new = insert.excluded.next_check_at
    return insert.on_conflict_do_update(
        index_elements=["subject"],
        set_={"next_check_at": new},
        where=or_(_S.next_check_at.is_(None), _S.next_check_at > new),
    )


_MARK_DUE = BulkInsert(SUBJECTS, conflict=_earliest)
_SET_NEXT = BulkInsert(SUBJECTS, conflict=overwrite("next_check_at", key=["subject"]))
_NEXT = select(_S.next_check_at).where(text(IS_TIMED)).order_by(_S.next_check_at).limit(1)
_TIMED = select(_S.subject).where(text(IS_TIMED)).order_by(_S.subject)
_CHECKS = select(_S.subject, _S.next_check_at).where(among(_S.subject, "ids"))
_DUE = (
    select(_S.subject, _S.next_check_at)
    .where(text(IS_TIMED), _S.next_check_at <= bindparam("now"))
    .order_by(_S.next_check_at, _S.subject)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)  # says nothing to SQLite, which has one writer
)


class SubjectPart(Part):
    """The times of the next checks. Rows are written in order of subject, against deadlocks."""

    def mark_due(self, subjects: Iterable[str], at: datetime) -> None:
        """See to it that these are checked at `at` at the latest; unknown ones are made."""
        due = seconds(at)
        _MARK_DUE.run(self._connection, [(subject, due) for subject in sorted(set(subjects))])

    def claim_due(self, now: datetime, limit: int) -> list[DueSubject]:
        """Subjects whose time has come, the longest due first.

        On PostgreSQL they stay claimed until this transaction ends, and what others hold claimed
        is passed over. Set their next checks in this same transaction.
        """
        return [
            DueSubject(subject, instant(at))
            for subject, at in self._rows(_DUE, now=seconds(now), most=limit)
        ]

    def next_due_at(self) -> datetime | None:
        """The earliest next check, None when only a change could matter."""
        return maybe_instant(self._value(_NEXT))

    def timed_subjects(self) -> list[str]:
        """Subjects that have a next check, in order."""
        return [row.subject for row in self._rows(_TIMED)]

    def next_checks(self, subjects: Iterable[str]) -> dict[str, datetime | None]:
        """Subject → when it must be looked at again, None when only a change could matter.

        Those that were never to be looked at are left out.
        """
        return {subject: maybe_instant(at) for subject, at in self._rows_of(_CHECKS, subjects)}

    def set_next_checks(self, checks: Mapping[str, datetime | None]) -> None:
        """Set the next checks of subjects, to whatever they were before."""
        _SET_NEXT.run(
            self._connection,
            [(subject, maybe_seconds(checks[subject])) for subject in sorted(checks)],
        )
