"""Kinds of argument that several verbs take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import click

from engine.domain.calendar import ALWAYS
from engine.domain.duration import Duration, DurationError

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9900, 1, 1, tzinfo=UTC)
"""Leaves room for what is counted from it: leases, deadlines, calendars."""


class Instant(click.ParamType[datetime]):
    """An instant as RFC 3339 says it; without a zone it is UTC."""

    name = "INSTANT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it; to whole seconds of UTC."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
            aware = found if found.tzinfo else found.replace(tzinfo=UTC)
            at = aware.astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):
            self.fail(
                f"'{value}' is no instant; write for example 2026-01-09T16:30:00Z", param, ctx
            )
        if not _FIRST <= at < _LAST:
            self.fail(f"'{value}' is not between {_FIRST.year} and {_LAST.year}", param, ctx)
        return at


class OneLine(click.ParamType[str]):
    """A text that fits on a line and is harmless to a terminal; not empty."""

    name = "TEXT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Read it, without the blanks around it."""
        text = str(value).strip()
        if not text:
            self.fail("it is empty", param, ctx)
        if not text.isprintable():
            self.fail(f"{text!a} is more than one line of plain text", param, ctx)
        return text


INSTANT = Instant()


class Length(click.ParamType[timedelta]):
    """A length of wall-clock time as rule files write it."""

    name = "DURATION"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read it; a day is 24 hours."""
        if isinstance(value, timedelta):
            return value
        try:
            length = ALWAYS.duration(Duration.parse(str(value)))
        except DurationError as error:
            self.fail(f"{error}; {error.help}", param, ctx)
        if not length:
            self.fail(f"'{value}' is no time at all; write for example 4h or 2d", param, ctx)
        return length


LENGTH = Length()
ONE_LINE = OneLine()
