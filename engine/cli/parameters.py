"""Kinds of argument that several verbs take."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import click

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


INSTANT = Instant()
