"""A large support desk in a folder, the real daemon on it, and what it left behind."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty
from typing import Any, Final

from tests.cli.desk import Desk, Document, Ended, Running

ROOT: Final = Path(__file__).parents[2]
LADDERS: Final = 5000
AGENTS: Final = 40
LOOK_EVERY: Final = 0.25
"""Seconds without a line of the log after which it is looked whether all is done."""

CONFIG: Final = """\
store: {url: "sqlite:///store.db"}
rules: rules
every: 1s
reload: {poll: 0s}
helpdesks:
  desk:
    kind: file
    path: log.csv
    layout: event_log
    columns:
      id: ticket
      at: at
      opened: {first: event}
      subject: subject
      status: status
      assignee: assignee
      customer.id: customer
channels:
  log: {kind: file, path: sent.jsonl}
"""
RECEIVERS: Final = "\n".join(
    (
        "version: 1",
        "receivers:",
        "  default: [{channel: log, to: everybody}]",
        "  experts: [{channel: log, to: experts}]",
        "  boss: [{channel: log, to: boss}]",
        *(f"  agent-{n}: [{{channel: log, to: agent-{n}}}]" for n in range(AGENTS)),
        "rules:",
        "",
    )
)


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def present() -> datetime:
    """The machine's instant, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def names(numbers: range) -> list[str]:
    return [f"{number:05}" for number in numbers]


@dataclass
class Office:
    """A desk with so many tickets that a mistake is a storm."""

    folder: Path
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.desk = Desk(self.folder)
        self.desk.write("config.yaml", CONFIG)
        for name in ("received", "still-working"):
            text = f"---\nsubject: {name}\n---\nWe work on it.\n"
            self.desk.write(f"rules/templates/customer/{name}.md", text)

    # --- setting it up ---

    def rules(self, text: str) -> None:
        self.desk.write("rules/rules.yaml", RECEIVERS + text)

    def tickets(self, created_at: Callable[[int], datetime], count: int = LADDERS) -> None:
        """So many tickets of as many customers, shared by the agents."""
        rows = (
            f"{number:05},{stamp(created_at(number))},Ticket {number:05},open,"
            f"agent-{number % AGENTS},customer-{number}\n"
            for number in range(count)
        )
        header = "ticket,at,subject,status,assignee,customer\n"
        self.desk.write("log.csv", header + "".join(rows))

    # --- running it ---

    def command(self, *arguments: str) -> Ended:
        """Run a verb to its end, however long it takes."""
        done = subprocess.run(
            [sys.executable, "-m", "engine.cli", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def run(self) -> Running:
        self.begun = time.monotonic()
        return self.desk.start("run")

    def until(self, running: Running, is_so: Callable[[], bool]) -> float:
        """Listen until something is so; gives the seconds since the start."""
        while True:
            try:
                line = running.lines.get(timeout=LOOK_EVERY)
            except Empty:
                if is_so():
                    return time.monotonic() - self.begun
            else:
                assert line is not None, running.errors()

    def stop(self, running: Running) -> None:
        running.send(15)
        while running.lines.get() is not None:
            pass
        assert running.process.wait() == 0, running.errors()

    # --- looking ---

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the store says, which the daemon may be writing."""
        url = f"file:{self.folder}/store.db?mode=ro"
        with closing(sqlite3.connect(url, uri=True, timeout=60)) as store:
            return store.execute(query, values).fetchall()

    def count(self, query: str, *values: object) -> int:
        return int(self.ask(query, *values)[0][0])

    def is_quiet(self) -> bool:
        """Whether nothing is due and nothing on its way; what budgets hold aside."""
        soon = int((present() + timedelta(seconds=1)).timestamp())
        waits = self.count(
            "SELECT count(*) FROM outbox WHERE state IN ('pending', 'snoozed', 'leased', 'sending')"
        )
        due = self.count("SELECT count(*) FROM subjects WHERE next_check_at <= ?", soon)
        return waits == 0 and due == 0

    def sent(self) -> list[Document]:
        """All that staff were told, in order."""
        return self.desk.rows("sent.jsonl")

    def digests(self) -> list[Document]:
        return [one for one in self.sent() if one["facts"]["kind"] == "digest"]

    def done(self, action: str) -> list[Document]:
        """All that was written to the helpdesk, in order."""
        rows = self.desk.rows("log.csv.actions.jsonl")
        return [row for row in rows if row["action"] == action]

    def close(self) -> None:
        self.desk.stop()


def named_in(digest: Document) -> Counter[str]:
    """The tickets that a digest names, by number, and how often it does."""
    return Counter(re.findall(r"(?<!\d)\d{5}(?!\d)", _without_titles(digest["text"])))


def _without_titles(text: str) -> str:
    return re.sub(r"Ticket \d{5}", "", text)
