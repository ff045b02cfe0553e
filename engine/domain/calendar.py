"""Business time: how long something waited while somebody was there to act, and until when.

Every instant that goes in or out is aware; what comes out is UTC. Time is counted in whole
seconds: the microseconds of instants, pauses and durations are cut off as they come in.

The algorithm:

1. The opening hours of whole UTC years become a table of opening intervals in epoch seconds,
   sorted, apart from each other, each with the open seconds that lie before it.
2. The open seconds before an instant are found by bisection over the starts; the instant at
   which so many have passed, by bisection over those sums.
3. An instant beyond the table builds the missing years and swaps a longer table in. The old one
   stays valid for whoever reads it, so threads share a calendar without a lock.

Hours are local, time is not. An hour that a change of clocks skips moves to the end of the gap;
one that comes twice opens at its first and closes at its second occurrence. 24:00 is where the
next day begins, so whole days follow each other without a gap or an overlap, and last 23 or 25
hours when the clocks change. A shift past midnight belongs to the day on which it begins.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.domain.duration import Duration

DayHours: TypeAlias = tuple[tuple[int, int], ...]
"""When a day is open, in minutes from its local midnight: `(opens, closes)`, `closes` excluded.

A shift that runs past midnight closes after 1440: 22:00-06:00 is `(1320, 1800)`.
"""

SpecialDay: TypeAlias = date | tuple[int, int]
"""One date, or the `(month, day)` of every year."""

Pause: TypeAlias = tuple[datetime, datetime | None]
"""Time that does not count: aware, `[start, end)`; an end of None is still going on."""

_NOTHING: Final = timedelta(0)
_DAY_MINUTES: Final = 24 * 60
_DAY_SECONDS: Final = 24 * 60 * 60
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()

# A calendar that has been closed for this long will not open: a rule file with a typing error,
# most likely. Longer than any pattern that leap days and holidays can make.
_HORIZON_SECONDS: Final = 10 * 366 * _DAY_SECONDS
# Before and after any instant that a datetime can express.
_FOREVER: Final = 10**15
# Two days of shift, one of time zone and one of clock change may lie between the date on which a
# shift begins and the UTC date on which it is still open.
_MARGIN_DAYS: Final = 4
# Local time, margins included, has to stay inside what `datetime` can express.
_FIRST_YEAR: Final = 2
_LAST_YEAR: Final = 9998


class CalendarError(ValueError):
    """Opening hours that make no sense, or a question that a calendar cannot answer."""


class NeverOpens(CalendarError):  # noqa: N818 - the name says what is wrong, as callers read it
    """Business time was asked of a calendar that stays closed for at least ten years."""


def no_holidays(year: int) -> frozenset[date]:  # noqa: ARG001 - the signature of a source
    """Return the holidays of a place that has none."""
    return frozenset()


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a team is there, in its own local time.

    A special day beats a holiday, a holiday beats the weekly hours, and a full date beats one
    that recurs. A day that is closed by any of them closes what begins on it, not the tail of a
    shift that began the day before.

    Attributes:
        timezone: IANA name, such as `Europe/Berlin`.
        weekly: the hours of seven days, Monday first.
        holidays: the holidays of a year; called for each year once, when its table is built.
        days: special days and their hours; `()` is closed. Must not change afterwards.
        day: how much business time `d` stands for; None if rules may not count days here.
        week: how much business time `w` stands for; None for five days.
    """

    timezone: str
    weekly: tuple[DayHours, ...]
    holidays: Callable[[int], frozenset[date]] = no_holidays
    days: Mapping[SpecialDay, DayHours] = field(default_factory=dict, hash=False)
    day: timedelta | None = None
    week: timedelta | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be looked up later.

        Raises:
            CalendarError: an unknown time zone, a week without seven days, hours outside a day,
                or a `day` or `week` of no length.
        """
        _zone(self.timezone)
        if len(self.weekly) != 7:  # noqa: PLR2004 - a week
            message = f"weekly hours need seven days, Monday first; these are {len(self.weekly)}"
            raise CalendarError(message)
        for hours in (*self.weekly, *self.days.values()):
            _check_hours(hours)
        for length in (self.day, self.week):
            if length is not None and length <= _NOTHING:
                message = f"a day or a week of business time must be longer than zero, not {length}"
                raise CalendarError(message)

    @property
    def never_close(self) -> bool:
        """Whether these hours are known to be every hour there is."""
        return (
            self.holidays is no_holidays
            and not self.days
            and all((0, _DAY_MINUTES) in hours for hours in self.weekly)
        )


@dataclass(frozen=True, slots=True)
class Calendar:
    """Counts business time over opening hours; two are equal when name and hours are.

    Attributes:
        name: what rule files call it.
        hours: when it is open.
    """

    name: str
    hours: OpeningHours
    _years: _Years = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Start without a table: no year is known to matter yet."""
        object.__setattr__(self, "_years", _Years(self.hours))

    def elapsed(self, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> timedelta:
        """Return the open time between two instants that no pause covers.

        Args:
            start: aware.
            end: aware; before `start` the result is negative.
            pauses: sorted, not overlapping.

        Raises:
            ValueError: an instant is naive, or beyond the years 2 to 9998.
        """
        first, last = _seconds(start), _seconds(end)
        if last < first:
            return -self.elapsed(end, start, pauses)
        table = self._years.covering(first, last)
        counted = table.opened(last) - table.opened(first)
        for begin, stop in pauses:
            paused_from = max(first, _seconds(begin))
            paused_until = last if stop is None else min(last, _seconds(stop))
            if paused_from < paused_until:
                counted -= table.opened(paused_until) - table.opened(paused_from)
        return timedelta(0, counted)

    def add(
        self, start: datetime, duration: timedelta, pauses: Sequence[Pause] = ()
    ) -> datetime | None:
        """Return the earliest instant, not before `start`, at which `duration` has elapsed.

        Eight hours from nine, in a day that ends at five, are over at five, not the next morning.

        Args:
            start: aware.
            duration: business time; a negative one is subtracted, zero gives `start`.
            pauses: sorted, not overlapping.

        Returns:
            Aware UTC, or None if a pause that is still going on swallows it.

        Raises:
            NeverOpens: the duration is not used up and ten years pass without an opening.
            ValueError: an instant is naive, or beyond the years 2 to 9998.
        """
        if duration < _NOTHING:
            return self.subtract(start, -duration, pauses)
        wanted, begin = _whole(duration), _seconds(start)
        if not wanted:
            return _instant(begin)
        if not pauses:
            return _instant(self._forward(begin, wanted))
        for running_from, running_until in _forwards(begin, pauses):
            if running_until is None:
                return _instant(self._forward(running_from, wanted))
            table = self._years.covering(running_from, running_until)
            counted = table.opened(running_until) - table.opened(running_from)
            if wanted <= counted:
                return _instant(self._forward(running_from, wanted))
            wanted -= counted
        return None

    def subtract(
        self, end: datetime, duration: timedelta, pauses: Sequence[Pause] = ()
    ) -> datetime | None:
        """Return the latest instant, not after `end`, from which `duration` elapses until `end`.

        Args:
            end: aware.
            duration: business time; a negative one is added, zero gives `end`.
            pauses: sorted, not overlapping.

        Returns:
            Aware UTC; None only for a negative duration, as `add` does.

        Raises:
            NeverOpens: the duration is not used up and ten years lie before without an opening.
            ValueError: an instant is naive, or beyond the years 2 to 9998.
        """
        if duration < _NOTHING:
            return self.add(end, -duration, pauses)
        wanted, last = _whole(duration), _seconds(end)
        if not wanted:
            return _instant(last)
        if not pauses:
            return _instant(self._backward(last, wanted))
        for running_from, running_until in _backwards(last, pauses):
            if running_from is None:
                return _instant(self._backward(running_until, wanted))
            table = self._years.covering(running_from, running_until)
            counted = table.opened(running_until) - table.opened(running_from)
            if wanted <= counted:
                return _instant(self._backward(running_until, wanted))
            wanted -= counted
        return None

    def is_open(self, at: datetime) -> bool:
        """Return whether `at`, aware, lies in an opening interval `[opens, closes)`."""
        second = _seconds(at)
        return self._years.covering(second, second).is_open(second)

    def next_open(self, at: datetime) -> datetime:
        """Return the first open instant that is not before `at`: `at` itself when open.

        Args:
            at: aware.

        Returns:
            Aware UTC; the microseconds of an open `at` are kept, so that it is `at` indeed.

        Raises:
            NeverOpens: ten years pass without an opening.
            ValueError: `at` is naive, or beyond the years 2 to 9998.
        """
        if self.is_open(at):
            return at.astimezone(UTC)
        opening = self.next_edge(at)
        if opening is None:
            raise self._never_opens("after", _seconds(at))
        return opening

    def next_edge(self, at: datetime) -> datetime | None:
        """Return the next opening or closing strictly after `at`.

        Args:
            at: aware.

        Returns:
            Aware UTC; None if nothing is known to open or close in the ten years after.

        Raises:
            ValueError: `at` is naive, or beyond the years 2 to 9998.
        """
        second = _seconds(at)
        table = self._years.covering(second, second)
        while (edge := table.edge_after(second)) is None:
            if table.end - second > _HORIZON_SECONDS:
                return None
            table = self._years.reach_later(table)
        return _instant(edge)

    def duration(self, duration: Duration) -> timedelta:
        """Return how much business time a rule file's duration is here.

        Raises:
            CalendarError: it counts days or weeks, and this calendar does not say what they are.
        """
        day, week = self.hours.day, self.hours.week
        if week is None and day is not None:
            week = 5 * day
        if (duration.days and day is None) or (duration.weeks and week is None):
            message = f"calendar '{self.name}' does not say how long a day is, give it `day: 8h`"
            raise CalendarError(message)
        return duration.to_timedelta(day or _NOTHING, week or _NOTHING)

    def _forward(self, begin: int, wanted: int) -> int:
        """Return the earliest second at which `wanted` > 0 open seconds have passed."""
        table = self._years.covering(begin, begin)
        while (found := table.earliest(table.opened(begin) + wanted)) is None:
            closed_since = max(begin, table.ends[-1]) if table.ends else begin
            if table.end - closed_since > _HORIZON_SECONDS:
                raise self._never_opens("after", closed_since)
            table = self._years.reach_later(table)
        return found

    def _backward(self, last: int, wanted: int) -> int:
        """Return the latest second from which `wanted` > 0 open seconds pass until `last`."""
        table = self._years.covering(last, last)
        while (found := table.latest(table.opened(last) - wanted)) is None:
            closed_until = min(last, table.starts[0]) if table.starts else last
            if closed_until - table.begin > _HORIZON_SECONDS:
                raise self._never_opens("before", closed_until)
            table = self._years.reach_earlier(table)
        return found

    def _never_opens(self, side: str, second: int) -> NeverOpens:
        return NeverOpens(
            f"calendar '{self.name}' is closed in all ten years {side} {_instant(second):%Y-%m-%d};"
            " give it hours under `open` or `days`"
        )


@dataclass(frozen=True, slots=True)
class _Table:
    """The opening intervals of some years, in UTC epoch seconds.

    `starts`, `ends` and `before` run in parallel: interval i is `[starts[i], ends[i])`, and
    `before[i]` open seconds of the table lie before it. Intervals neither overlap nor touch, and
    are cut at `begin` and `end`, which are no edges of the calendar.
    """

    first_year: int
    last_year: int
    begin: int
    end: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]
    total: int

    def opened(self, at: int) -> int:
        """Return the open seconds of the table that lie before `at`."""
        i = bisect_right(self.starts, at) - 1
        if i < 0:
            return 0
        return self.before[i] + min(at, self.ends[i]) - self.starts[i]

    def earliest(self, opened: int) -> int | None:
        """Return the first second with so many open ones before it; None if past the table."""
        if opened > self.total:
            return None
        i = bisect_left(self.before, opened) - 1
        return self.starts[i] + opened - self.before[i]

    def latest(self, opened: int) -> int | None:
        """Return the last second with so many open ones before it; None if before the table."""
        if opened < 0:
            return None
        i = bisect_right(self.before, opened) - 1
        return self.starts[i] + opened - self.before[i]

    def is_open(self, at: int) -> bool:
        """Return whether `at` lies in an opening interval."""
        i = bisect_right(self.starts, at) - 1
        return i >= 0 and at < self.ends[i]

    def edge_after(self, at: int) -> int | None:
        """Return the next opening or closing after `at`; None if the table does not know it."""
        i = bisect_right(self.starts, at) - 1
        if i >= 0 and at < self.ends[i]:
            closes = self.ends[i]
            return closes if closes < self.end else None
        return self.starts[i + 1] if i + 1 < len(self.starts) else None


class _Years:
    """The table of some opening hours, which grows by whole years as instants ask for them.

    Tables are only ever replaced, each by a single assignment. Two threads that grow at once may
    lose one of the two results; whoever misses it builds it again.
    """

    __slots__ = ("_hours", "_table")

    def __init__(self, hours: OpeningHours) -> None:
        self._hours = hours
        self._table: _Table | None = _ENDLESS if hours.never_close else None

    def covering(self, first: int, last: int) -> _Table:
        """Return a table that knows `first` and `last` and all between."""
        table = self._table
        if table is not None and table.begin <= first and last < table.end:
            return table
        first_year, last_year = _instant(first).year, _instant(last).year
        if table is None:
            # Deadlines and windows mostly end in the year of their start or in the next one.
            # The margin stops at the ends of the calendar; an instant beyond is refused.
            first_year = min(first_year, max(first_year - 1, _FIRST_YEAR))
            return self._build(first_year, max(last_year, min(last_year + 1, _LAST_YEAR)))
        return self._extend(
            table, min(first_year, table.first_year), max(last_year, table.last_year)
        )

    def reach_later(self, table: _Table) -> _Table:
        """Return a table that goes on for half as long again as `table`, and a year."""
        last_year = table.last_year + _growth(table)
        if table.last_year < _LAST_YEAR:
            last_year = min(last_year, _LAST_YEAR)
        return self._extend(table, table.first_year, last_year)

    def reach_earlier(self, table: _Table) -> _Table:
        """Return a table that begins half as long again before `table`, and a year."""
        first_year = table.first_year - _growth(table)
        if table.first_year > _FIRST_YEAR:
            first_year = max(first_year, _FIRST_YEAR)
        return self._extend(table, first_year, table.last_year)

    def _build(self, first_year: int, last_year: int) -> _Table:
        self._table = _tabulate(
            first_year, last_year, _openings(self._hours, first_year, last_year)
        )
        return self._table

    def _extend(self, table: _Table, first_year: int, last_year: int) -> _Table:
        self._table = _tabulate(
            first_year,
            last_year,
            [
                *_openings(self._hours, first_year, table.first_year - 1),
                *zip(table.starts, table.ends, strict=True),
                *_openings(self._hours, table.last_year + 1, last_year),
            ],
        )
        return self._table


def _growth(table: _Table) -> int:
    # In proportion, so that reaching a far instant copies the table a few times only.
    return 1 + (table.last_year - table.first_year) // 2


def _tabulate(first_year: int, last_year: int, openings: Iterable[tuple[int, int]]) -> _Table:
    """Return the table of these years, given their opening intervals in any order."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted(openings):
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    lengths = (end - start for start, end in zip(starts, ends, strict=True))
    *before, total = accumulate(lengths, initial=0)
    return _Table(
        first_year,
        last_year,
        _new_year(first_year),
        _new_year(last_year + 1),
        tuple(starts),
        tuple(ends),
        tuple(before),
        total,
    )


def _openings(hours: OpeningHours, first_year: int, last_year: int) -> Iterator[tuple[int, int]]:
    """Yield what is open in these UTC years, in epoch seconds, cut at both ends."""
    if first_year > last_year:
        return
    begin, end = _new_year(first_year), _new_year(last_year + 1)
    zone = _zone(hours.timezone)
    for ordinal, opens, closes in _shifts(hours, first_year, last_year):
        start, _ = _occurrences(zone, ordinal, opens)
        ends_day = closes % _DAY_MINUTES == 0
        stop = _occurrences(zone, ordinal, closes)[0 if ends_day else 1]
        start, stop = max(start, begin), min(stop, end)
        if start < stop:
            yield start, stop


def _shifts(hours: OpeningHours, first_year: int, last_year: int) -> Iterator[tuple[int, int, int]]:
    """Yield the local date, as its ordinal, and the opening and closing minute of each shift."""
    # The neighbours of the years, too: the margins lie there, and so may observed holidays.
    years = range(first_year - 1, last_year + 2)
    holidays = frozenset[date]().union(*map(hours.holidays, years))
    first = date(first_year, 1, 1).toordinal() - _MARGIN_DAYS
    last = date(last_year, 12, 31).toordinal() + _MARGIN_DAYS
    for ordinal in range(first, last + 1):
        for opens, closes in _hours_on(date.fromordinal(ordinal), hours, holidays):
            yield ordinal, opens, closes


def _hours_on(day: date, hours: OpeningHours, holidays: frozenset[date]) -> DayHours:
    special = hours.days.get(day)
    if special is None:
        special = hours.days.get((day.month, day.day))
    if special is not None:
        return special
    return () if day in holidays else hours.weekly[day.weekday()]


def _occurrences(zone: ZoneInfo, ordinal: int, minutes: int) -> tuple[int, int]:
    """Return the first and the last epoch second at which the local clock shows a time.

    They differ for an hour that comes twice. For one that is skipped both are the end of the gap.
    The time lies so many minutes after the midnight of a date. See PEP 495 for `fold`.
    """
    days, minute = divmod(minutes, _DAY_MINUTES)
    day = date.fromordinal(ordinal + days)
    first, second = _folds(minute)
    earlier = _offset(zone.utcoffset(datetime.combine(day, first)))
    later = _offset(zone.utcoffset(datetime.combine(day, second)))
    local = (ordinal - _EPOCH_ORDINAL) * _DAY_SECONDS + minutes * 60
    if earlier < later:
        gap_end = _gap_end(zone, local, local - later, local - earlier)
        return gap_end, gap_end
    return local - earlier, local - later


@cache
def _folds(minute: int) -> tuple[time, time]:
    """Return the first and the second occurrence of a minute of the day."""
    # Cached, since to set `fold` costs more than all else in building a table.
    return time(*divmod(minute, 60)), time(*divmod(minute, 60), fold=1)


def _gap_end(zone: ZoneInfo, local: int, before: int, after: int) -> int:
    """Return the first epoch second from `before` to `after` that shows past `local`."""

    def shown(second: int) -> int:
        return second + _offset(_instant(second).astimezone(zone).utcoffset())

    return before + bisect_right(range(before, after), local, key=shown)


def _offset(offset: timedelta | None) -> int:
    """Return in seconds what a zone, which always has an offset, is ahead of UTC."""
    assert offset is not None  # noqa: S101 - the type allows what ZoneInfo never does
    return _whole(offset)


def _forwards(begin: int, pauses: Sequence[Pause]) -> Iterator[tuple[int, int | None]]:
    """Yield the stretches from `begin` on that no pause covers, until None for ever."""
    for start, end in pauses:
        resumes = None if end is None else _seconds(end)
        if resumes is not None and resumes <= begin:
            continue
        stops = _seconds(start)
        if begin < stops:
            yield begin, stops
        if resumes is None:
            return
        begin = resumes
    yield begin, None


def _backwards(last: int, pauses: Sequence[Pause]) -> Iterator[tuple[int | None, int]]:
    """Yield the stretches back from `last` that no pause covers, from None for ever."""
    for start, end in reversed(pauses):
        stops = _seconds(start)
        if stops >= last:
            continue
        resumes = None if end is None else _seconds(end)
        if resumes is not None and resumes < last:
            yield resumes, last
        last = stops
    yield None, last


def _whole(length: timedelta) -> int:
    """Return the whole seconds of a length, rounded down."""
    return length.days * _DAY_SECONDS + length.seconds


def _seconds(at: datetime) -> int:
    """Return the whole seconds from the epoch to an aware instant."""
    try:
        since = at - _EPOCH
    except TypeError:
        message = f"{at!r} has no time zone; calendars take aware instants, such as UTC ones"
        raise CalendarError(message) from None
    return _whole(since)


def _instant(second: int) -> datetime:
    """Return the UTC instant so many seconds after the epoch."""
    try:
        return _EPOCH + timedelta(0, second)
    except OverflowError:
        raise _out_of_reach() from None


def _new_year(year: int) -> int:
    """Return the epoch second at which a UTC year begins."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR + 1:
        raise _out_of_reach()
    return (date(year, 1, 1).toordinal() - _EPOCH_ORDINAL) * _DAY_SECONDS


def _out_of_reach() -> CalendarError:
    message = f"calendars reach from the year {_FIRST_YEAR} to {_LAST_YEAR}; check the instant"
    return CalendarError(message)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # ValueError for a path that leaves the database, OSError for a folder such as `Europe`.
        message = f"'{name}' is not a time zone; write an IANA name such as Europe/Berlin"
        raise CalendarError(message) from None


def _check_hours(hours: DayHours) -> None:
    for opens, closes in hours:
        if not (0 <= opens < _DAY_MINUTES and opens < closes <= 2 * _DAY_MINUTES):
            message = (
                f"hours ({opens}, {closes}) are not minutes of a day: they open from 0 to 1439,"
                " close later, and by 2880 at the latest"
            )
            raise CalendarError(message)


# What never closes needs no years: one interval, longer than any question.
_ENDLESS: Final = _Table(
    _FIRST_YEAR, _LAST_YEAR, -_FOREVER, _FOREVER, (-_FOREVER,), (_FOREVER,), (0,), 2 * _FOREVER
)

ALWAYS: Final = Calendar(
    "always",
    OpeningHours(
        timezone="UTC",
        weekly=(((0, _DAY_MINUTES),),) * 7,
        day=timedelta(hours=24),
        week=timedelta(days=7),
    ),
)
"""The calendar that never closes; its day has 24 hours and its week seven days."""
