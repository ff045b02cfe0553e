"""A small desk for a quarter of a year: lived once, judged by many."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.year.checking.judging import read
from tests.year.checking.record import Record
from tests.year.checking.story import Story
from tests.year.generating import QUARTER, Row, write_log, year_of
from tests.year.running import Lived, down_until, live_in_memory, runs_until

SMALL = 60
QUARTER_ENDS = "2026-06-27T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Year:
    """What happened at a desk, and what the daemon did about it."""

    rows: list[Row]
    stories: dict[str, Story]
    record: Record
    lived: Lived


def year_in(folder: Path, rows: list[Row], lived: Lived, until: str) -> Year:
    """Have the checker read what there is, from a file as anybody could."""
    log = folder / "log-for-the-checker.jsonl"
    write_log(rows, log)
    stories, record = read(log, lived.actions, lived.fired, lived.skipped, down_until(until), until)
    return Year(rows, stories, record, lived)


@pytest.fixture(scope="session")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Year:
    rows = year_of(SMALL, 7, *QUARTER)
    lived = live_in_memory(rows, runs_until(QUARTER_ENDS))
    return year_in(tmp_path_factory.mktemp("quarter"), rows, lived, QUARTER_ENDS)
