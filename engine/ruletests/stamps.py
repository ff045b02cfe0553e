"""Instants as test files write them: local stamps, and offsets from the start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from engine.domain.calendar import ALWAYS
from engine.domain.duration import Duration, DurationError
from engine.rulebook.nodes import Node, ScalarNode
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped, read_scalar

_EXAMPLE = "write for example 2026-01-09 16:30, or +4h for four hours after the start"
_FIRST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Beyond it somebody mistyped a year."""


@dataclass(frozen=True, slots=True)
class Stamps:
    """How a case's instants are read.

    Attributes:
        zone: For stamps without a zone of their own.
        start: What offsets count from (aware UTC); None while it is not known.
    """

    report: Report
    zone: tzinfo
    start: datetime | None = None

    def read(self, node: Node, what: str) -> datetime | None:
        """An instant (aware UTC, whole seconds); None, reported, when it is none."""
        scalar = read_scalar(node, self.report, what, "an instant")
        if scalar is None:
            return None
        text = scalar.text.strip()
        found = self._offset(scalar, text[1:]) if text.startswith("+") else self._local(scalar)
        if found is not None and not _FIRST <= found < LATEST:
            message = f"'{clipped(text)}' is not between {_FIRST.year} and {LATEST.year}"
            self.report.error(node.span, "instant", message)
            return None
        return found

    def _offset(self, node: ScalarNode, text: str) -> datetime | None:
        try:
            length = ALWAYS.duration(Duration.parse(text))
        except DurationError as error:
            hint = f"{error.help} after the '+'"
            self.report.error(node.span, "duration", clipped(str(error)), hint)
            return None
        if self.start is None:
            return None
        return self.start + length

    def _local(self, node: ScalarNode) -> datetime | None:
        text = node.text.strip()
        try:
            found = datetime.fromisoformat(text).replace(microsecond=0)
        except ValueError:
            found = None
        if found is None or ":" not in text:
            self.report.error(node.span, "instant", f"'{clipped(text)}' is no instant", _EXAMPLE)
            return None
        if found.tzinfo is not None:
            return found.astimezone(UTC)
        at = found.replace(tzinfo=self.zone).astimezone(UTC)
        if at.astimezone(self.zone).replace(tzinfo=None) != found:
            message = f"there is no {clipped(text)} in {self.zone}: the clocks go forward over it"
            self.report.error(node.span, "instant", message, "write an hour later")
            return None
        return at


def read_zone(node: Node | None, report: Report) -> tzinfo:
    """A time zone by name; UTC where there is none, or a faulty one."""
    scalar = None if node is None else read_scalar(node, report, "'timezone'")
    if scalar is None:
        return UTC
    name = scalar.text.strip()
    if name not in _zones():
        hint = did_you_mean(name, _zones()) or "write for example Europe/Berlin"
        report.error(scalar.span, "unknown-timezone", f"unknown time zone '{clipped(name)}'", hint)
        return UTC
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


ONE_SECOND = timedelta(seconds=1)
LONGEST = timedelta(days=3660)
"""How long a case may last: beyond ten years somebody mistyped a year."""
