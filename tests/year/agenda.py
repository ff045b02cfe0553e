"""When the people of the made-up desk work, and when its customers turn to it.

Rough on purpose: people work roughly. What the checker counts by is in `hours.py`, and exact.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
FREE_DAYS = {
    date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25),
    date(2026, 8, 31), date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1),
}  # fmt: skip
BEGINS, ENDS = time(8, 30), time(17, 30)
ARRIVALS_BY_WEEKDAY = (1.35, 1.2, 1.1, 1.05, 0.9, 0.3, 0.25)
ARRIVALS_BY_HOUR = (
    1, 1, 1, 1, 1, 2, 4, 9, 22, 30, 30, 26, 18, 22, 26, 25, 20, 14, 9, 8, 7, 6, 4, 2,
)  # fmt: skip
ARRIVALS_BY_MONTH = (1.6, 1.1, 1.0, 0.95, 0.95, 0.9, 0.7, 0.6, 1.05, 1.1, 1.15, 0.9)
STRAIN_BY_MONTH = (1.7, 1.1, 1.0, 1.0, 1.0, 1.1, 1.8, 2.6, 1.1, 1.0, 1.0, 1.6)
"""How much longer everything takes: a busy January, holidays in summer."""


def works_on(day: date) -> bool:
    return day.weekday() < 5 and day not in FREE_DAYS


def after_work(at: datetime, hours: float) -> datetime:
    """The instant at which somebody has worked so many hours since `at` (both in UTC)."""
    left = timedelta(hours=hours * STRAIN_BY_MONTH[at.month - 1])
    day = at.astimezone(LONDON).date()
    while True:
        if works_on(day):
            begin = max(at, datetime.combine(day, BEGINS, LONDON).astimezone(UTC))
            end = datetime.combine(day, ENDS, LONDON).astimezone(UTC)
            if begin + left < end:
                return (begin + left).replace(microsecond=0)
            left -= max(end - begin, timedelta(0))
        day += timedelta(days=1)


def arrivals(chance: Random, first: date, last: date, count: int) -> list[datetime]:
    """When new tickets come in, sorted."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    weights = [
        ARRIVALS_BY_MONTH[day.month - 1]
        * (ARRIVALS_BY_WEEKDAY[day.weekday()] if day not in FREE_DAYS else 0.25)
        for day in days
    ]
    return sorted(_moment(chance, day) for day in chance.choices(days, weights, k=count))


def _moment(chance: Random, day: date) -> datetime:
    hour = chance.choices(range(24), ARRIVALS_BY_HOUR)[0]
    at = datetime.combine(day, time(hour, chance.randrange(60), chance.randrange(60)), LONDON)
    return at.astimezone(UTC)
