"""Office hours written by hand: a loop over days, and a table where the loop would be too slow.

Independent of the product's calendar, and as simple as it can be: Monday to Friday, nine to five in
New York, with the holidays of 2026. Instants are seconds since the UTC epoch.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("America/New_York")
OPENS: Final = time(9, tzinfo=ZONE)
CLOSES: Final = time(17, tzinfo=ZONE)
HOLIDAYS: Final = frozenset(
    date(2026, month, day)
    for month, day in (
        (1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25),
    )
)  # fmt: skip
_ONE_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_FIRST: Final = date(2025, 12, 1)
_DAYS: Final = 500


def _opening(day: date) -> tuple[int, int] | None:
    """When a local day opens and closes; None when it stays closed."""
    if day.weekday() >= _SATURDAY or day in HOLIDAYS:
        return None
    opens = datetime.combine(day, OPENS).timestamp()
    return int(opens), int(datetime.combine(day, CLOSES).timestamp())


def _local_day(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(ZONE).date()


def add_by_days(start: int, seconds: int) -> int:
    """The earliest instant at which so many open seconds have passed since `start`."""
    day, left = _local_day(start), seconds
    while True:
        if opening := _opening(day):
            since = max(start, opening[0])
            if since + left <= opening[1]:
                return since + left
            left -= max(0, opening[1] - since)
        day += _ONE_DAY


def elapsed_by_days(start: int, end: int) -> int:
    """The open seconds from `start` to `end`."""
    day, last, total = _local_day(start), _local_day(end), 0
    while day <= last:
        if opening := _opening(day):
            total += max(0, min(end, opening[1]) - max(start, opening[0]))
        day += _ONE_DAY
    return total


def subtract_by_days(end: int, seconds: int) -> int:
    """The latest instant from which so many open seconds pass until `end`: a rule's cut-off."""
    day, left = _local_day(end), seconds
    while True:
        if opening := _opening(day):
            until = min(end, opening[1])
            if until - left >= opening[0]:
                return until - left
            left -= max(0, until - opening[0])
        day -= _ONE_DAY


_OPENINGS: Final = [
    opening for number in range(_DAYS) if (opening := _opening(_FIRST + number * _ONE_DAY))
]
_STARTS: Final = [start for start, _ in _OPENINGS]
_BEFORE: Final = list(accumulate((end - start for start, end in _OPENINGS), initial=0))


def add(start: int, seconds: int) -> int:
    """`add_by_days`, by bisection: what the tick on the raw driver reckons with."""
    at = max(0, bisect_right(_STARTS, start) - 1)
    opened = _BEFORE[at] + min(_OPENINGS[at][1], start) - _STARTS[at]
    index = bisect_left(_BEFORE, opened + seconds) - 1
    return _STARTS[index] + opened + seconds - _BEFORE[index]
