"""Kinds of argument that several verbs take."""

from __future__ import annotations

from datetime import UTC, datetime

import click


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
        except ValueError:
            self.fail(
                f"'{value}' is no instant; write for example 2026-01-09T16:30:00Z", param, ctx
            )
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        return aware.astimezone(UTC).replace(microsecond=0)


INSTANT = Instant()
