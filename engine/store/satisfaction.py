"""What customers answered to the survey: one answer for each ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from engine.ports import Answer
from engine.store.bulk import BulkInsert, keep_existing
from engine.store.codec import instant, seconds
from engine.store.part import Part
from engine.store.schema import SATISFACTION

if TYPE_CHECKING:
    from engine.store.part import AnyRow

_A: Final = SATISFACTION.c
_ONE = select(*_A).where(_A.ticket == bindparam("wanted"))
_KEEP = BulkInsert(SATISFACTION, conflict=keep_existing)


class SatisfactionPart(Part):
    """The answers, by ticket."""

    def answer(self, ticket: str) -> Answer | None:
        """What the customer answered about a ticket; None while there is no answer."""
        return next(map(_answer, self._rows(_ONE, wanted=ticket)), None)

    def save_answer(self, answer: Answer) -> bool:
        """Keep an answer; False, and the first one stays, where the ticket has one."""
        if self.answer(answer.ticket) is not None:
            return False
        _KEEP.run(
            self._connection,
            [
                (
                    answer.ticket,
                    answer.rule,
                    answer.anchor,
                    answer.score,
                    answer.scale,
                    answer.comment,
                    seconds(answer.answered_at),
                )
            ],
        )
        return self.answer(answer.ticket) == answer  # or somebody was faster


def _answer(row: AnyRow) -> Answer:
    return Answer(
        ticket=row.ticket,
        rule=row.rule,
        anchor=row.anchor,
        score=row.score,
        scale=row.scale,
        comment=row.comment,
        answered_at=instant(row.answered_at),
    )
