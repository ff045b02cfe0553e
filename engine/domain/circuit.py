"""A circuit breaker: who does not answer is left alone for a while.

1. Closed: everything goes through. It opens after `MOST_FAILURES` failures in a row, or as soon as
   failures in a row have cost `MOST_LOST` of waiting.
2. Open: nothing goes through until the cool-down is over; then one probe does.
3. The probe fails: the cool-down doubles, up to `LONGEST_COOL_DOWN`. It succeeds: closed.

A failure is one of the other side as a whole. What it says of one message is an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

MOST_FAILURES: Final = 3
MOST_LOST: Final = timedelta(seconds=10)
"""What waits behind a time-out is somebody else's message: two of them are too many."""
FIRST_COOL_DOWN: Final = timedelta(seconds=15)
LONGEST_COOL_DOWN: Final = timedelta(minutes=5)
LONGEST_ASKED: Final = timedelta(hours=1)
"""Who asks one message to wait longer is asked again for another."""
_NOTHING: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that the other side as a whole did not answer.

    Attributes:
        began: When it was begun.
        ended: When it was given up (both aware UTC, of the machine's clock).
        reason: One clear line.
        asked: How long the other side asks to be left alone.
    """

    began: datetime
    ended: datetime
    reason: str
    asked: timedelta = _NOTHING


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of one other side; a new one is closed.

    Attributes:
        failures: Failures in a row.
        lost: What these have cost in waiting.
        opened_at: Since when it is open (aware UTC); None while it is closed.
        failed_at: The last failure while it was open.
        cool_down: How long it is left alone after that.
        reason: What was wrong the last time.
    """

    failures: int = 0
    lost: timedelta = _NOTHING
    opened_at: datetime | None = None
    failed_at: datetime | None = None
    cool_down: timedelta = _NOTHING
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the other side counts as failing."""
        return self.opened_at is not None

    def closed_until(self, now: datetime) -> datetime | None:
        """When the next probe may go (aware UTC); None if something may go at `now`.

        A clock that was set back since the last failure lets a probe go at once.
        """
        if self.failed_at is None:
            return None
        probe_at = self.failed_at + self.cool_down
        return probe_at if self.failed_at <= now < probe_at else None

    def failed(self, failure: Failure) -> Circuit:
        """The circuit after a failure."""
        told = replace(
            self,
            failures=self.failures + 1,
            lost=self.lost + max(failure.ended - failure.began, _NOTHING),
            reason=failure.reason,
        )
        if not (told.is_open or told.failures >= MOST_FAILURES or told.lost >= MOST_LOST):
            return told
        cool_down = min(2 * self.cool_down, LONGEST_COOL_DOWN) or FIRST_COOL_DOWN
        return replace(
            told,
            opened_at=self.opened_at or failure.ended,
            failed_at=failure.ended,
            cool_down=max(cool_down, min(failure.asked, LONGEST_ASKED)),
        )

    def answered(self) -> Circuit:
        """The circuit after an answer, whatever it was."""
        return Circuit()
