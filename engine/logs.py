"""Logs: JSON lines off a terminal, one readable line on it; no bodies, addresses or secrets."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO, cast

import structlog
from structlog.dev import Column

LogFormat = Literal["auto", "json", "console"]
Logger = structlog.typing.FilteringBoundLogger

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure(stream: TextIO, level: str = "info", format_: LogFormat = "auto") -> None:
    """Set up logging for the process.

    Args:
        stream: Where lines go: stdout for the daemon, stderr for other verbs.
        level: The least severe level that is written.
        format_: `auto` writes JSON unless the stream is a terminal.
    """
    as_json = format_ == "json" or (format_ == "auto" and not stream.isatty())
    renderer = (
        structlog.processors.JSONRenderer(default=_plain)
        if as_json
        else structlog.dev.ConsoleRenderer(columns=_columns(has_colours=stream.isatty()))
    )
    stamp = "iso" if as_json else "%H:%M:%S"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _add_severity,
            structlog.processors.TimeStamper(fmt=stamp, utc=True),
            structlog.processors.format_exc_info if as_json else _as_it_is,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    # An overrun is no news: the scheduler counts them.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s", force=True)


def _columns(*, has_colours: bool) -> list[Column]:
    """A line for a person: time, event, then the rest; what is serious says so.

    Our own columns, since structlog's take `level` for the severity, and ours is a number.
    """
    bold, faint, red, end = _STYLES if has_colours else ("", "", "", "")
    return [
        Column("timestamp", lambda _, at: f"{faint}{at}{end}"),
        Column("severity", lambda _, how: "" if how in _QUIET else f"{red}{how}{end}"),
        Column("event", lambda _, event: f"{bold}{event}{end}"),
        Column("", lambda key, value: f"{faint}{key}={end}{_readable(value)}"),
    ]


_QUIET = frozenset({"debug", "info"})
_STYLES = ("\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m")


def _readable(value: object) -> str:
    """A value on one line; nothing in it can move the cursor."""
    text = _plain(value)
    return text if text.isprintable() and " " not in text else repr(text)


def _add_severity(
    _: object, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """How bad it is. Not called `level`: in our events that is a step of a rule's ladder."""
    event["severity"] = "error" if method == "exception" else method
    return event


def _plain(value: object) -> str:
    """What JSON has no form for; instants as everywhere: RFC 3339 in UTC, with `Z`."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def _as_it_is(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return event


def get() -> Logger:
    """The program's logger."""
    return cast("Logger", structlog.get_logger())
