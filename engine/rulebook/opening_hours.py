"""Opening hours as rule files write them: days of the week, and hours of a day."""

from __future__ import annotations

import re
from itertools import pairwise

from engine.domain.calendar import DayHours
from engine.rulebook.nodes import MapNode, Node, ScalarNode, is_nothing
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped, read_scalar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "closed"
_DAY = 24 * 60
INTERVAL = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*[-–]\s*([0-9]{1,2}):([0-9]{2})")
_EXAMPLE = 'write for example "09:00-12:30, 13:30-17:30", or closed'


def read_week(node: MapNode, report: Report) -> tuple[DayHours, ...]:
    """The hours of seven days, Monday first; days that are not named are closed."""
    named: dict[int, tuple[ScalarNode, DayHours]] = {}
    for key, value in node.entries:
        days = _read_days(key, report)
        hours = _read_value(key, value, report)
        for day in days:
            if day in named:
                message = f"'{clipped(key.text)}' names {WEEKDAYS[day]} again"
                report.error(
                    key.span, "day-twice", message, f"'{clipped(named[day][0].text)}' does so first"
                )
            named.setdefault(day, (key, hours))
    _refuse_overlaps(named, report)
    return tuple(named[day][1] if day in named else () for day in range(7))


def read_hours(node: Node, report: Report) -> DayHours:
    """The hours of one day, in minutes; `closed` is none, and so is what is faulty."""
    scalar = read_scalar(node, report, "opening hours", "one text")
    if scalar is None or scalar.text.strip() == CLOSED:
        return ()
    intervals = []
    for text in scalar.text.split(","):
        interval = _read_interval(scalar, text.strip(), report)
        if interval is None:
            return ()
        intervals.append(interval)
    intervals.sort()
    for (_, closes), (opens, _) in pairwise(intervals):
        if opens < closes:
            message = f"the intervals of '{clipped(scalar.text)}' overlap"
            report.error(scalar.span, "overlapping-hours", message, "let each begin after the last")
            return ()
    return tuple(intervals)


def _read_value(key: ScalarNode, value: Node, report: Report) -> DayHours:
    if is_nothing(value):
        message = f"'{clipped(key.text)}' has no hours"
        hint = 'write hours, or closed; several days between { } need quotes: "mon,wed"'
        report.error(key.span, "empty-value", message, hint)
        return ()
    return read_hours(value, report)


def _read_interval(scalar: ScalarNode, text: str, report: Report) -> tuple[int, int] | None:
    found = INTERVAL.fullmatch(text)
    if found is None:
        report.error(scalar.span, "hours", f"'{clipped(text)}' are no opening hours", _EXAMPLE)
        return None
    opens_h, opens_m, closes_h, closes_m = map(int, found.groups())
    opens, closes = opens_h * 60 + opens_m, closes_h * 60 + closes_m
    if max(opens_m, closes_m) > 59 or opens >= _DAY or closes > _DAY:  # noqa: PLR2004 - minutes
        message = f"'{clipped(text)}' is not on the clock"
        report.error(scalar.span, "hours", message, "hours go from 00:00 to 24:00")
        return None
    if opens == closes:
        message = f"'{clipped(text)}' begins and ends at the same time"
        report.error(scalar.span, "hours", message, 'write "00:00-24:00" for the whole day')
        return None
    return opens, closes if closes > opens else closes + _DAY


def _read_days(key: ScalarNode, report: Report) -> list[int]:
    """The days that a key names, 0 for Monday; ranges may wrap: `fri-mon`."""
    days: list[int] = []
    for part in key.text.split(","):
        ends = [end.strip() for end in part.split("-")]
        unknown = next((end for end in ends if end not in WEEKDAYS), None)
        if unknown is not None or len(ends) > 2:  # noqa: PLR2004 - a range has two ends
            name = clipped(part if unknown is None else unknown)
            hint = did_you_mean(name[:3], WEEKDAYS)
            report.error(key.span, "unknown-day", f"unknown day '{name}'", hint)
            return []
        first, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
        days += [(first + offset) % 7 for offset in range((last - first) % 7 + 1)]
    return days


def _refuse_overlaps(named: dict[int, tuple[ScalarNode, DayHours]], report: Report) -> None:
    """Report a shift past midnight that runs into the next day's hours."""
    for day, (key, hours) in named.items():
        following = named.get((day + 1) % 7)
        if following is None or not hours:
            continue
        spill = max(closes for _, closes in hours) - _DAY
        if any(opens < spill for opens, _ in following[1]):
            message = f"the shift of {WEEKDAYS[day]} runs past midnight into the hours of"
            place = f"{message} {WEEKDAYS[(day + 1) % 7]}"
            report.error(key.span, "overlapping-hours", place, "let one begin where the other ends")
            return
