"""What the tests of the command line share: a desk in a folder, and a process put back."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.desk import LATE, Desk, row


@pytest.fixture(autouse=True)
def _process_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    listening = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in listening.items():
        signal.signal(number, handler)
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def empty_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    """A folder with nothing in it, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path, capsys)
    yield desk
    desk.stop()


@pytest.fixture
def desk(empty_desk: Desk) -> Desk:
    """One rule, and one ticket that comes in at nine on the eighth of January 2024."""
    empty_desk.config()
    empty_desk.rules(LATE)
    empty_desk.log(row("1", "09:00"))
    return empty_desk
