"""A calendar in words: ``Mon–Fri 08:00–18:00``."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from engine.domain.calendar import ALWAYS, DayHours, no_holidays
from engine.insight.graph.lengths import in_hours

if TYPE_CHECKING:
    from engine.domain.calendar import Calendar

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WHOLE_DAY: Final[DayHours] = ((0, 24 * 60),)


def hours_in_words(calendar: Calendar) -> str:
    """When a calendar is open, in its own local time, and how long one of its days is.

    Empty for the calendar `always`.
    """
    if calendar.name == ALWAYS.name:
        return ""
    hours = calendar.hours
    weekly = _week(hours.weekly)
    parts = [f"{weekly or 'single days only'}, {hours.timezone}"]
    if weekly and hours.days:
        parts.append("other hours on single days")
    if hours.holidays is not no_holidays:
        parts.append("not on public holidays")
    if hours.day is not None:
        parts.append(f"1d is {in_hours(hours.day)}")
    return f"{calendar.name}: {'; '.join(parts)}"


def _week(weekly: tuple[DayHours, ...]) -> str:
    """The days with their hours, those that follow each other with the same hours as one."""
    spans = []
    for hours, days in groupby(range(len(_DAYS)), key=lambda day: weekly[day]):
        numbers = list(days)
        if hours:
            first, last = _DAYS[numbers[0]], _DAYS[numbers[-1]]
            spans.append(f"{first if first == last else f'{first}–{last}'} {_day(hours)}")
    return ", ".join(spans)


def _day(hours: DayHours) -> str:
    if hours == _WHOLE_DAY:
        return "all day"
    return " and ".join(f"{_time(opens)}–{_time(closes)}" for opens, closes in hours)


def _time(minutes: int) -> str:
    """A time of day; a shift past midnight closes on the next one."""
    if minutes == 24 * 60:
        return "24:00"
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
