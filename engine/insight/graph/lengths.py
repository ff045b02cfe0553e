"""Lengths of time in words that fit into a table: ``2d 2h 30m``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.domain.calendar import Calendar

_WALL_CLOCK_DAY: Final = timedelta(days=1)
_UNITS: Final = (("h", 3600), ("m", 60), ("s", 1))


def length_in(calendar: Calendar, length: timedelta) -> str:
    """A length of opening time, its days as long as the calendar's ``day``.

    A calendar without a ``day`` counts no days, so hours are all there is: ``30h``.
    """
    return _in_words(length, calendar.hours.day)


def wall_clock(length: timedelta) -> str:
    """A length of time whose days have 24 hours."""
    return _in_words(length, _WALL_CLOCK_DAY)


def in_hours(length: timedelta) -> str:
    """A length of time without days: ``7h 30m``."""
    return _in_words(length, None)


def _in_words(length: timedelta, day: timedelta | None) -> str:
    seconds = int(length.total_seconds())
    parts = []
    if day is not None:
        days, seconds = divmod(seconds, int(day.total_seconds()))
        parts.append((days, "d"))
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        parts.append((count, unit))
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
