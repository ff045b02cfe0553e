"""The log: JSON lines off a terminal, readable ones on it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from engine import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def said(stream: io.StringIO, **values: object) -> str:
    """What one line of the log says on that stream."""
    logs.configure(stream)
    logs.get().warning("escalation.fired", **values)
    return stream.getvalue()


def test_a_level_of_a_rule_is_a_number_on_a_terminal_too() -> None:
    line = said(Terminal(), ticket="desk:1", level=2, due_at=datetime(2026, 1, 9, tzinfo=UTC))

    assert "escalation.fired" in line
    for words in ("warning", "ticket=", "desk:1", "level=", "2", "2026-01-09T00:00:00Z"):
        assert words in line


def test_a_value_cannot_move_the_cursor() -> None:
    line = said(Terminal(), ticket="\x1b[2Jdesk\n:1")

    assert "\x1b[2J" not in line
    assert line.count("\n") == 1


def test_off_a_terminal_a_line_is_one_json_object() -> None:
    line = said(io.StringIO(), ticket="desk:1", level=2)

    document = json.loads(line)
    assert (document["event"], document["level"], document["severity"]) == (
        "escalation.fired",
        2,
        "warning",
    )


def test_an_exception_is_shown_with_its_traceback() -> None:
    stream = Terminal()
    logs.configure(stream)
    error = ValueError("of no use")

    logs.get().error("stage.failed", exc_info=error)

    assert "ValueError" in stream.getvalue()
    assert "of no use" in stream.getvalue()
