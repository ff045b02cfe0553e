"""What holds for every calendar, and a minute-by-minute count that must agree with it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from engine.domain.calendar import Calendar, DayHours, NeverOpens, OpeningHours

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.domain.calendar import Pause, SpecialDay

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NOTHING = timedelta(0)

# Local dates on or near which something happens to the clocks, and one ordinary date.
PLACES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Kiritimati", date(2026, 1, 1)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Asia/Kathmandu", date(2026, 1, 1)),
    ("Antarctica/Troll", date(2026, 3, 29)),
    ("UTC", date(2025, 12, 31)),
]


def shift(opens: int, length: int) -> tuple[int, int]:
    return opens, min(opens + length, 2880)


MINUTES = st.one_of(st.integers(0, 1439), st.sampled_from([0, 60, 120, 135, 150, 180, 1320, 1410]))
SHIFTS = st.one_of(
    st.builds(shift, MINUTES, st.integers(1, 1440)),
    st.just((0, 1440)),
    st.builds(lambda opens: (opens, 1440), MINUTES),
)


def day_hours(least: int = 0) -> st.SearchStrategy[DayHours]:
    return st.lists(SHIFTS, min_size=least, max_size=3).map(lambda shifts: tuple(sorted(shifts)))


@dataclass(frozen=True)
class World:
    """Opening hours and an instant near which something happens to them."""

    hours: OpeningHours
    noon: datetime

    def calendar(self) -> Calendar:
        """Return a calendar whose table has yet to grow."""
        return Calendar("random", self.hours)


class Fixed:
    """A source of holidays that hypothesis can print."""

    def __init__(self, dates: frozenset[date]) -> None:
        self.dates = dates

    def __call__(self, year: int) -> frozenset[date]:
        return frozenset(day for day in self.dates if day.year == year)

    def __repr__(self) -> str:
        return f"Fixed({self.dates})"


@st.composite
def worlds(draw: st.DrawFn) -> World:
    zone, day = draw(st.sampled_from(PLACES))
    near = st.integers(-3, 3).map(lambda days: day + timedelta(days=days))
    weekly = (draw(day_hours(least=1)), *(draw(day_hours()) for _ in range(6)))
    special: dict[SpecialDay, DayHours] = {
        **draw(st.dictionaries(near, day_hours(), max_size=2)),
        **draw(st.dictionaries(near.map(lambda at: (at.month, at.day)), day_hours(), max_size=2)),
    }
    holidays = Fixed(draw(st.frozensets(near, max_size=2)))
    hours = OpeningHours(zone, weekly, holidays, special)
    return World(hours, datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def seconds(days: int) -> st.SearchStrategy[timedelta]:
    return st.integers(-days * 86400, days * 86400).map(lambda count: count * SECOND)


def pauses_from(noon: datetime, unit: timedelta, offsets: list[int], *, ends: bool) -> list[Pause]:
    """Return the pauses between these offsets, two by two; the last may still be going on."""
    at = [noon + offset * unit for offset in sorted(offsets)]
    pauses: list[Pause] = list(zip(at[::2], at[1::2], strict=False))
    return pauses if ends or len(at) % 2 == 0 else [*pauses, (at[-1], None)]


OFFSETS = st.lists(st.integers(-5000, 5000), max_size=7)
LENGTHS = st.integers(1, 40 * 86400).map(lambda count: count * SECOND)


@settings(deadline=None)
@given(worlds(), seconds(10), LENGTHS, OFFSETS)
def test_what_is_added_has_elapsed(
    world: World, offset: timedelta, length: timedelta, offsets: list[int]
) -> None:
    calendar, start = world.calendar(), world.noon + offset
    pauses = pauses_from(world.noon, MINUTE, offsets, ends=False)
    due = calendar.add(start, length, pauses)
    if due is None:
        last = pauses[-1][0]
        assert calendar.elapsed(start, last + timedelta(days=400), pauses) < length
        return
    assert calendar.elapsed(start, due, pauses) == length
    assert calendar.elapsed(start, due - SECOND, pauses) == length - SECOND
    since = calendar.subtract(due, length, pauses)
    assert since is not None
    # The latest start of all those between which nothing counts.
    assert since >= start
    assert calendar.elapsed(start, since, pauses) == NOTHING


@settings(deadline=None)
@given(worlds(), seconds(10), LENGTHS, OFFSETS)
def test_what_is_subtracted_has_elapsed(
    world: World, offset: timedelta, length: timedelta, offsets: list[int]
) -> None:
    calendar, end = world.calendar(), world.noon + offset
    pauses = pauses_from(world.noon, MINUTE, offsets, ends=False)
    since = calendar.subtract(end, length, pauses)
    assert since is not None
    assert calendar.elapsed(since, end, pauses) == length
    assert calendar.elapsed(since + SECOND, end, pauses) == length - SECOND
    due = calendar.add(since, length, pauses)
    assert due is not None
    assert due <= end
    assert calendar.elapsed(due, end, pauses) == NOTHING


@settings(deadline=None)
@given(worlds(), seconds(10), LENGTHS)
def test_adding_then_subtracting_comes_back_to_an_open_start(
    world: World, offset: timedelta, length: timedelta
) -> None:
    calendar = world.calendar()
    start = calendar.next_open(world.noon + offset)
    due = calendar.add(start, length)
    assert due is not None
    assert calendar.subtract(due, length) == start
    assert calendar.add(start, -length) == calendar.subtract(start, length)


@settings(deadline=None)
@given(worlds(), seconds(400), seconds(400), seconds(400), OFFSETS)
def test_elapsed_time_adds_up(
    world: World, first: timedelta, second: timedelta, third: timedelta, offsets: list[int]
) -> None:
    calendar = world.calendar()
    a, b, c = world.noon + first, world.noon + second, world.noon + third
    pauses = pauses_from(world.noon, MINUTE, offsets, ends=False)
    total = calendar.elapsed(a, b, pauses) + calendar.elapsed(b, c, pauses)
    assert total == calendar.elapsed(a, c, pauses)
    assert calendar.elapsed(a, b, pauses) == -calendar.elapsed(b, a, pauses)


@settings(deadline=None)
@given(worlds(), seconds(400), seconds(400), seconds(20), OFFSETS)
def test_later_is_never_less(
    world: World, first: timedelta, second: timedelta, offset: timedelta, offsets: list[int]
) -> None:
    calendar, origin = world.calendar(), world.noon + offset
    earlier, later = sorted((world.noon + first, world.noon + second))
    pauses = pauses_from(world.noon, MINUTE, offsets, ends=True)
    passed = calendar.elapsed(earlier, later, pauses)
    assert NOTHING <= passed <= later - earlier
    due = [calendar.add(start, abs(offset), pauses) for start in (earlier, later)]
    assert due[0] is not None
    assert due[1] is not None
    assert due[0] <= due[1]
    assert calendar.elapsed(origin, earlier, pauses) <= calendar.elapsed(origin, later, pauses)


@settings(deadline=None)
@given(worlds(), seconds(10))
def test_edges_are_where_openness_changes(world: World, offset: timedelta) -> None:
    calendar, at = world.calendar(), world.noon + offset
    edge = calendar.next_edge(at)
    if edge is None:
        return
    assert edge > at
    assert calendar.is_open(edge) is not calendar.is_open(edge - SECOND)
    assert calendar.is_open(edge - SECOND) is calendar.is_open(at)
    assert calendar.elapsed(at, edge) == (edge - at if calendar.is_open(at) else NOTHING)
    assert calendar.next_open(at) == (at if calendar.is_open(at) else edge)


@settings(deadline=None, max_examples=10)
@given(worlds(), st.permutations([-9, -4, -1, 0, 2, 7, 12]))
def test_the_order_in_which_a_table_grows_leaves_no_trace(world: World, years: list[int]) -> None:
    grown = world.calendar()
    at = [world.noon + timedelta(days=365 * count) for count in years]
    for instant in at:
        grown.is_open(instant)
    for earlier, later in pairwise(sorted(at)):
        assert grown.elapsed(earlier, later) == world.calendar().elapsed(earlier, later)


# The count: what a person with a clock on the wall and a tally would do, minute by minute.

WINDOW_DAYS = 6


class WallClock(NamedTuple):
    """What a local clock shows minute by minute, in minutes since the year 1.

    `highest` is the most that it has shown so far, `lowest` the least that it will yet show.
    """

    highest: list[int]
    lowest: list[int]


@cache
def wall_clock(zone: str, first: datetime) -> WallClock:
    times = (
        (first + minute * MINUTE).astimezone(ZoneInfo(zone))
        for minute in range(2 * (WINDOW_DAYS + 4) * 1440)
    )
    shown = [at.toordinal() * 1440 + at.hour * 60 + at.minute for at in times]
    lowest = list(accumulate(reversed(shown), min))[::-1]
    return WallClock(list(accumulate(shown, max)), lowest)


class Tally:
    """Which minutes of the days around noon are open, told by looking at the local clock.

    A shift begins in the first minute in which the clock shows its opening or later, and has
    ended after the last one in which the clock shows less than its closing. 24:00 is when the
    clock first shows the next day.
    """

    def __init__(self, world: World) -> None:
        self.hours = world.hours
        self.first = world.noon - timedelta(days=WINDOW_DAYS + 4)
        clock = wall_clock(world.hours.timezone, self.first)
        self.highest, self.lowest = clock.highest, clock.lowest
        self.open = [False] * len(clock.highest)
        for ordinal in range(clock.highest[0] // 1440 - 3, clock.highest[-1] // 1440 + 1):
            for opens, closes in self._on(date.fromordinal(ordinal)):
                self._mark(ordinal * 1440 + opens, ordinal * 1440 + closes)

    def _on(self, day: date) -> DayHours:
        for key in (day, (day.month, day.day)):
            if key in self.hours.days:
                return self.hours.days[key]
        closed = day in self.hours.holidays(day.year)
        return () if closed else self.hours.weekly[day.weekday()]

    def _mark(self, opens: int, closes: int) -> None:
        begin = bisect_left(self.highest, opens)
        clock = self.highest if closes % 1440 == 0 else self.lowest
        end = bisect_left(clock, closes)
        self.open[begin:end] = [True] * (end - begin)

    def minute(self, at: datetime) -> int:
        return (at - self.first) // MINUTE

    def counts(self, pauses: list[Pause]) -> Callable[[int], bool]:
        """Return a test of whether a minute is open and not paused."""
        spans = [
            (self.minute(start), len(self.open) if end is None else self.minute(end))
            for start, end in pauses
        ]

        def counted(minute: int) -> bool:
            return self.open[minute] and not any(a <= minute < b for a, b in spans)

        return counted


WITHIN = st.integers(-WINDOW_DAYS * 1440, WINDOW_DAYS * 1440)


@settings(deadline=None)
@given(worlds(), WITHIN, WITHIN, OFFSETS)
def test_elapsed_time_agrees_with_a_count_of_minutes(
    world: World, first: int, second: int, offsets: list[int]
) -> None:
    start, end = (world.noon + minutes * MINUTE for minutes in sorted((first, second)))
    pauses = pauses_from(world.noon, MINUTE, offsets, ends=False)
    tally = Tally(world)
    counted = sum(map(tally.counts(pauses), range(tally.minute(start), tally.minute(end))))
    assert world.calendar().elapsed(start, end, pauses) == counted * MINUTE


@settings(deadline=None)
@given(worlds(), WITHIN, st.integers(1, 2 * 1440), OFFSETS)
def test_adding_agrees_with_a_count_of_minutes(
    world: World, offset: int, length: int, offsets: list[int]
) -> None:
    start = world.noon + offset * MINUTE
    pauses = pauses_from(world.noon, MINUTE, offsets, ends=False)
    tally = Tally(world)
    counted = tally.counts(pauses)
    minutes = range(tally.minute(start), len(tally.open))
    passed = list(accumulate(map(counted, minutes), initial=0))
    due = world.calendar().add(start, length * MINUTE, pauses)
    if length in passed:
        assert due == start + passed.index(length) * MINUTE
    else:
        assert due is None or due > tally.first + len(tally.open) * MINUTE


@settings(deadline=None)
@given(worlds(), WITHIN, st.integers(1, 2 * 1440), OFFSETS)
def test_subtracting_agrees_with_a_count_of_minutes(
    world: World, offset: int, length: int, offsets: list[int]
) -> None:
    end = world.noon + offset * MINUTE
    pauses = pauses_from(world.noon, MINUTE, offsets, ends=False)
    tally = Tally(world)
    counted = tally.counts(pauses)
    minutes = range(tally.minute(end) - 1, -1, -1)
    passed = list(accumulate(map(counted, minutes), initial=0))
    since = world.calendar().subtract(end, length * MINUTE, pauses)
    assert since is not None
    if length in passed:
        assert since == end - passed.index(length) * MINUTE
    else:
        assert since < tally.first


@settings(deadline=None)
@given(worlds(), WITHIN)
def test_being_open_agrees_with_the_clock_on_the_wall(world: World, offset: int) -> None:
    at = world.noon + offset * MINUTE
    tally = Tally(world)
    assert world.calendar().is_open(at) is tally.open[tally.minute(at)]


@settings(deadline=None, max_examples=20)
@given(worlds(), LENGTHS)
@example(World(OpeningHours("UTC", ((),) * 7), datetime(2026, 1, 1, tzinfo=UTC)), SECOND)
def test_adding_always_ends(world: World, length: timedelta) -> None:
    assume(length > NOTHING)
    try:
        due = world.calendar().add(world.noon, length)
    except NeverOpens:
        assert not any(world.hours.weekly)
    else:
        assert due is not None
