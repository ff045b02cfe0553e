"""Opening hours, counted in seconds since 1970: two sorted lists and sums over them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = 3600
FIRST, LAST = date(2025, 12, 1), date(2027, 12, 31)
"""The days for which hours are laid out; beyond them nothing is known."""

Spell = tuple[int, int | None]
"""Half-open; None while it lasts."""


class Hours:
    """When something is open. All instants are seconds since 1970."""

    def __init__(self, spells: Sequence[tuple[int, int]], day: float) -> None:
        """Take the opening spells, sorted, and how many hours `a day` means."""
        self.day = round(day * HOUR)
        self._begins = [begin for begin, _ in spells]
        self._ends = [end for _, end in spells]
        self._before = [0]  # open time before each spell
        for begin, end in spells:
            self._before.append(self._before[-1] + end - begin)

    def is_open(self, at: int) -> bool:
        return self.next_open(at) == at

    def next_open(self, at: int) -> int:
        """`at` itself while it is open, else the next opening."""
        index = bisect_right(self._begins, at) - 1
        if index >= 0 and at < self._ends[index]:
            return at
        return self._begins[index + 1]

    def elapsed(self, begin: int, end: int, pauses: Sequence[Spell] = ()) -> int:
        """The open time from `begin` to `end`, pauses left out."""
        total = self._until(end) - self._until(begin)
        for since, until in pauses:
            low, high = max(begin, since), min(end, end if until is None else until)
            if low < high:
                total -= self._until(high) - self._until(low)
        return total

    def add(self, at: int, duration: int, pauses: Sequence[Spell] = ()) -> int | None:
        """The first instant by which so much open time has gone since `at`; None in a pause."""
        left = duration
        for since, until in pauses:
            if until is not None and until <= at:
                continue
            open_before = self._until(max(at, since)) - self._until(at)
            if open_before >= left:
                break
            left -= open_before
            if until is None:
                return None
            at = until
        return self._after(at, left)

    def _until(self, at: int) -> int:
        index = bisect_right(self._begins, at) - 1
        if index < 0:
            return 0
        return self._before[index] + min(at, self._ends[index]) - self._begins[index]

    def _after(self, at: int, duration: int) -> int:
        if duration <= 0:
            return at
        wanted = self._until(at) + duration
        index = bisect_right(self._before, wanted - 1) - 1
        return self._begins[index] + wanted - self._before[index]


def weekly(
    zone: str,
    week: Mapping[int, str],
    closed: Sequence[date],
    special: Mapping[tuple[int, int], str],
    day: float,
) -> Hours:
    """Lay out hours for every day there is.

    Args:
        zone: In which the times are.
        week: Weekday (Monday is 0) → ``08:00-12:30 13:30-18:00``.
        closed: Days on which nothing opens.
        special: (month, day) → hours that beat both of the above; an empty text is closed.
        day: How many hours `a day` means.
    """
    spells: list[tuple[int, int]] = []
    today = FIRST
    while today <= LAST:
        usual = "" if today in closed else week.get(today.weekday(), "")
        for spell in special.get((today.month, today.day), usual).split():
            begin, end = spell.split("-")
            spells.append((_instant(today, begin, zone), _instant(today, end, zone)))
        today += timedelta(days=1)
    return Hours(spells, day)


def _instant(day: date, clock: str, zone: str) -> int:
    hour, minute = clock.split(":")
    local = datetime.combine(day, time(int(hour), int(minute)), ZoneInfo(zone))
    return int(local.astimezone(UTC).timestamp())


def around_the_clock() -> Hours:
    begin = int(datetime.combine(FIRST, time(), UTC).timestamp())
    end = int(datetime.combine(LAST, time(), UTC).timestamp())
    return Hours([(begin, end)], 24)
