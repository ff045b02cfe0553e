"""Durations in rule files, and values that may differ by priority."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from types import MappingProxyType
from typing import TypeVar

from engine.domain.calendar import Calendar, CalendarError
from engine.domain.duration import Duration, DurationError
from engine.domain.rule import PerPriority
from engine.domain.ticket import Priority
from engine.rulebook.nodes import MapNode, Node, is_nothing
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped, read_scalar

T = TypeVar("T")

_WORDS = re.compile(
    r"(?P<number>[0-9]+)\s*"
    r"(?:(?P<s>seconds?|secs?|s)|(?P<m>minutes?|mins?|m)|(?P<h>hours?|hrs?|h)"
    r"|(?P<d>days?|d)|(?P<w>weeks?|w))\b\s*"
)


def read_duration(
    node: Node, report: Report, calendar: Calendar, what: str, *, zero_is_fine: bool = False
) -> timedelta | None:
    """A duration in the hours of `calendar`."""
    scalar = read_scalar(node, report, what, "a duration such as 4h")
    if scalar is None:
        return None
    text = scalar.text.strip()
    try:
        length = calendar.duration(Duration.parse(text))
    except DurationError as error:
        hint = _in_our_words(text) or error.help
        report.error(node.span, "duration", clipped(str(error)), hint)
        return None
    except CalendarError:
        message = f"'{text}' counts in days, and calendar '{clipped(calendar.name)}' does not say"
        message = f"{message} how long a day is"
        report.error(node.span, "no-day", message, "give the calendar a 'day: 8h', or write hours")
        return None
    if not length and not zero_is_fine:
        report.error(node.span, "duration", f"{what} must be longer than nothing")
        return None
    return length


def read_per_priority(
    node: Node, report: Report, read: Callable[[Node], T | None]
) -> PerPriority[T] | None:
    """One value for every priority, or a mapping with one for each of some."""
    if not isinstance(node, MapNode):
        value = read(node)
        return None if value is None else PerPriority.always(value)
    if not node.entries:
        hint = "write for example {urgent: 4h, high: 8h}"
        report.error(node.span, "empty-value", "no priority is named here", hint)
        return None
    values: dict[Priority, T] = {}
    for key, entry in node.entries:
        if key.text not in tuple(Priority):
            name = clipped(key.text)
            hint = did_you_mean(key.text, Priority)
            report.error(key.span, "unknown-priority", f"unknown priority '{name}'", hint)
        elif is_nothing(entry):
            report.error(key.span, "empty-value", f"'{key.text}' has no value")
        elif (value := read(entry)) is not None:
            values[Priority(key.text)] = value
    return PerPriority(MappingProxyType(values))


def _in_our_words(text: str) -> str:
    """A hint for who wrote '4 hours' or '30min'; empty if it is not that."""
    pieces = list(_WORDS.finditer(text.casefold().strip()))
    if not pieces or sum(len(piece[0]) for piece in pieces) != len(text.strip()):
        return ""
    ours = "".join(f"{piece['number']}{piece.lastgroup}" for piece in pieces)
    try:
        Duration.parse(ours)
    except DurationError:
        return ""
    return f"write {ours}"
