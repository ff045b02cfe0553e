"""Instants, lengths of time and texts from outside as a person reads them."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo


def printable(text: str) -> str:
    """A text from outside as one line, without what a terminal would obey."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def local_date(at: datetime, zone: tzinfo) -> str:
    """An instant with its year, such as ``Mon 8 Jan 2024 11:30``."""
    there = at.astimezone(zone)
    return f"{there:%a} {there.day} {there:%b %Y} {_time(there)}"


def local_day(at: datetime, zone: tzinfo, beside: datetime) -> str:
    """An instant; with its year only where that is not the year of `beside`."""
    there = at.astimezone(zone)
    if there.year != beside.astimezone(zone).year:
        return local_date(at, zone)
    return f"{there:%a} {there.day} {there:%b} {_time(there)}"


def _time(there: datetime) -> str:
    return f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"


def length_of(length: timedelta) -> str:
    """A length in hours, minutes and seconds, as rule files write it."""
    seconds = length // timedelta(seconds=1)
    sign = "-" if seconds < 0 else ""
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = [
        f"{hours}h" if hours else "",
        f"{minutes}m" if minutes else "",
        f"{left}s" if left else "",
    ]
    return sign + ("".join(parts) or "0s")
