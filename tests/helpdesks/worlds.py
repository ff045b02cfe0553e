"""Helpdesks with the other end in view: what the conformance suite needs of each.

A connector joins by a class that is a `World`, and a line in `WORLDS`; those behind stub servers
stand in `stub_worlds`.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

from engine.helpdesks import open_helpdesk
from engine.helpdesks.intake.desk import IntakeHelpdesk
from engine.helpdesks.options import HelpdeskOptions
from engine.intake.posting import kept
from engine.intake.reading import read_events
from engine.pipeline.ingest import take
from engine.pipeline.intake import Delivery, accept
from engine.ports import Batch, Helpdesk, Post
from engine.settings import load_settings
from engine.store import open_store
from engine.testing import MemoryChannel


class World(Protocol):
    """A source of tickets that a test can write to."""

    @property
    def keeps_history(self) -> bool:
        """Whether it tells what happened, or only how things stand."""
        ...

    @property
    def foretells(self) -> bool:
        """Whether it knows when something happens next, as files that are replayed do."""
        ...

    @property
    def dates_changes(self) -> bool:
        """Whether it tells when a ticket came to stand as it stands, and not only that it does."""
        ...

    def open(self) -> Helpdesk:
        """A new connection, as of a new process; the helpdesk's name is `desk`."""
        ...

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        """The ticket is at `at` in this state: `status`, `priority`, `group`, `subject`."""
        ...

    def commit(self, batch: Batch) -> None:
        """The store keeps what was told, as it does after every batch."""
        ...

    def garble(self) -> None:
        """Something that nobody can understand comes up."""
        ...

    def sever(self) -> None:
        """The source cannot be reached any more."""
        ...

    def mend(self) -> None:
        """It can be reached again."""
        ...

    def done(self) -> list[tuple[str, str]]:
        """What was done to tickets: (ticket, what), in order."""
        ...

    def close(self) -> None:
        """It is not needed any more."""
        ...


COLUMNS = ["id", "at", "opened", "status", "priority", "group", "subject"]


def options_of(folder: Path, text: str, more: str = "") -> HelpdeskOptions:
    """The options of helpdesk `desk`, from YAML of one mapping, through the config file."""
    (folder / "config.yaml").write_text(f"helpdesks:\n  desk: {text}\n{more}", encoding="utf-8")
    return load_settings(folder / "config.yaml").helpdesks["desk"]


@dataclass
class FileWorld:
    """What the worlds of files share: rows that are written anew each time."""

    folder: Path
    name: str
    layout: str
    rows: list[dict[str, str]] = field(default_factory=list)
    garbage: list[str] = field(default_factory=list)
    foretells: bool = True
    dates_changes: bool = True

    @property
    def path(self) -> Path:
        return self.folder / self.name

    @property
    def keeps_history(self) -> bool:
        return self.layout == "event_log"

    def open(self) -> Helpdesk:
        columns = ", ".join(f"{name}: {name}" for name in COLUMNS)
        text = f"{{kind: file, path: {self.name}, layout: {self.layout}, columns: {{{columns}}}}}"
        if not self.path.exists():
            self.write()
        return open_helpdesk("desk", options_of(self.folder, text))

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        earlier = [row for row in self.rows if row["id"] == ticket]
        before = earlier[-1] if earlier else {"opened": at.isoformat(), "status": "new"}
        row = {**before, **state, "id": ticket, "at": at.isoformat()}
        if not self.keeps_history:
            self.rows = [each for each in self.rows if each["id"] != ticket]
        self.rows.append(row)
        self.write()

    def commit(self, batch: Batch) -> None:
        """The source knows nothing of the store."""

    def garble(self) -> None:
        self.garbage.append("?")
        self.write()

    def write(self) -> None:
        with self.path.open("w", newline="", encoding="utf-8") as stream:
            if self.path.suffix == ".jsonl":
                stream.writelines(json.dumps(row) + "\n" for row in self.rows)
            else:
                writer = csv.DictWriter(stream, COLUMNS)
                writer.writeheader()
                writer.writerows(self.rows)
            stream.writelines(f"{line}\n" for line in self.garbage)

    def sever(self) -> None:
        self.path.rename(self.path.with_suffix(".away"))

    def mend(self) -> None:
        self.path.with_suffix(".away").rename(self.path)

    def close(self) -> None:
        """Files need nothing."""

    def done(self) -> list[tuple[str, str]]:
        actions = self.path.with_name(f"{self.name}.actions.jsonl")
        lines: list[dict[str, Any]] = [json.loads(x) for x in actions.read_text().splitlines()]
        return [(line["ticket"], line["action"]) for line in lines]


@dataclass
class IntakeWorld:
    """What others send us: each state of a ticket as an event of theirs."""

    folder: Path
    keeps_history: bool = True
    foretells: bool = True
    dates_changes: bool = True
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        (self.folder / "token").write_text("a-token-that-is-long-enough\n")
        self.store = open_store(f"sqlite:///{self.folder}/store.db")

    def open(self) -> Helpdesk:
        more = "channels: {carrier: {kind: webhook, url: 'http://127.0.0.1:9/', secret_env: X}}\n"
        text = "{kind: intake, token_file: token, write_back: {webhook: carrier}}"
        options = options_of(self.folder, text, f"web: {{listen: 127.0.0.1:0}}\n{more}")
        desk = open_helpdesk("desk", options)
        assert isinstance(desk, IntakeHelpdesk)
        desk.hand_on_by({"carrier": self.carrier})
        desk.keep_in(self.store)
        return desk

    @cached_property
    def carrier(self) -> MemoryChannel:
        return MemoryChannel("carrier")

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        kind = "changed" if ticket in self.known else "created"
        self.known[ticket] = state
        self.send({"type": kind, "ticket": ticket, "at": at.isoformat(), "set": state}, at)

    def send(self, what: dict[str, object], at: datetime) -> None:
        self.count += 1
        body = json.dumps({"id": f"e{self.count}", **what})
        (one,) = kept(read_events(body.encode()), at)
        self.keep(Post("desk", one.key, one.digest, f"desk:{one.ticket}", at, at, one.body))

    def keep(self, post: Post) -> None:
        accept(self.store, [Delivery("desk", (post,))], post.received_at)

    def commit(self, batch: Batch) -> None:
        with self.store.write() as tx:
            take(tx, batch.observations, ())
            tx.set_watermark("desk", batch.watermark, datetime.now(UTC))

    def garble(self) -> None:
        at = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)
        self.keep(Post("desk", "event/?", "?", "desk:?", at, at, '{"of": "a newer program"}'))

    def sever(self) -> None:
        self._rename("inbox", "away")

    def mend(self) -> None:
        self._rename("away", "inbox")

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    def _rename(self, before: str, after: str) -> None:
        with sqlite3.connect(self.folder / "store.db") as connection:
            connection.execute(f"ALTER TABLE {before} RENAME TO {after}")

    def done(self) -> list[tuple[str, str]]:
        once = {message.key: message.facts for message in self.carrier.sent}  # they know its id
        told = [(str(facts["ticket"]), str(facts["event"])) for facts in once.values()]
        return [(ticket, event.removeprefix("ticket.")) for ticket, event in told]


COMMAND = """
import json, pathlib, sys
action = json.load(sys.stdin)
done = pathlib.Path(sys.argv[1])
lines = done.read_text().splitlines() if done.exists() else []
if action["key"] not in [json.loads(line)["key"] for line in lines]:
    done.write_text("".join(f"{line}\\n" for line in [*lines, json.dumps(action)]))
"""
"""A program of the user's, which does what bears one key once."""


@dataclass
class SqlWorld:
    """What the worlds of databases share: a table of tickets, and what stands beside it.

    Attributes:
        updated: Whether the tickets' stamps are followed.
        journal: Whether changes of fields are told.
        messages: Whether there is a table of messages; nobody writes any.
    """

    folder: Path
    updated: bool = False
    journal: bool = False
    messages: bool = False
    foretells: bool = True
    dates_changes: bool = True

    @property
    def path(self) -> Path:
        return self.folder / "desk.db"

    @property
    def keeps_history(self) -> bool:
        return self.journal

    def __post_init__(self) -> None:
        self.write(
            "CREATE TABLE ticket (id INTEGER PRIMARY KEY, at TEXT, opened TEXT, status TEXT,"
            " priority TEXT, grp TEXT, subject TEXT)"
        )
        self.write(
            "CREATE TABLE journal (id INTEGER PRIMARY KEY, ticket INTEGER, at TEXT, field TEXT,"
            " before TEXT, after TEXT)"
        )
        self.write("CREATE TABLE message (id INTEGER PRIMARY KEY, ticket INTEGER, at TEXT)")
        (self.folder / "act.py").write_text(COMMAND)

    def write(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(statement, values)

    def row(self, ticket: str) -> dict[str, str] | None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute("SELECT * FROM ticket WHERE id = ?", [ticket]).fetchone()
        return None if found is None else dict(found)

    def open(self) -> Helpdesk:
        act = f"[{sys.executable}, {self.folder}/act.py, {self.folder}/done.jsonl]"
        updated = "updated: at," if self.updated else ""
        columns = (
            "{id: id, at: at, opened: opened, status: status, priority: priority, group: grp,"
            " subject: subject}"
        )
        more = ""
        if self.journal:
            fields = "{id: id, ticket: ticket, at: at, field: field, before: before, after: after}"
            more += f", events: {{query: SELECT * FROM journal, columns: {fields}}}"
        if self.messages:
            said = "{id: id, ticket: ticket, at: at, from: {value: customer}}"
            more += f", messages: {{query: SELECT * FROM message, columns: {said}}}"
        text = (
            f"{{kind: sql, url: 'sqlite:///{self.path}', write_back: {{command: {act}}}, tickets:"
            f" {{query: SELECT * FROM ticket, {updated} columns: {columns}}}{more}}}"
        )
        return open_helpdesk("desk", options_of(self.folder, text))

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        stamp = at.strftime("%Y-%m-%d %H:%M:%S")
        state = {("grp" if name == "group" else name): text for name, text in state.items()}
        before = self.row(ticket)
        if before is None:
            self.write(
                "INSERT INTO ticket VALUES (?, ?, ?, 'new', NULL, NULL, NULL)",
                ticket, stamp, stamp,
            )  # fmt: skip
        for name, text in state.items():
            self.write(f"UPDATE ticket SET {name} = ?, at = ? WHERE id = ?", text, stamp, ticket)
            if before is not None and before[name] != text:
                field = "group" if name == "grp" else name
                self.write(
                    "INSERT INTO journal (ticket, at, field, before, after) VALUES (?, ?, ?, ?, ?)",
                    ticket, stamp, field, before[name], text,
                )  # fmt: skip

    def commit(self, batch: Batch) -> None:
        """The source knows nothing of the store."""

    def garble(self) -> None:
        stamp = "2016-03-02 16:30:00"
        self.write("INSERT INTO ticket VALUES (99, ?, ?, '?', NULL, NULL, NULL)", stamp, stamp)

    def sever(self) -> None:
        self.path.rename(self.path.with_suffix(".away"))

    def mend(self) -> None:
        self.path.with_suffix(".away").rename(self.path)

    def close(self) -> None:
        """Each use of the database closes it."""

    def done(self) -> list[tuple[str, str]]:
        lines = (self.folder / "done.jsonl").read_text().splitlines()
        actions: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [(f"{each['helpdesk']}:{each['ticket']}", each["action"]) for each in actions]


WORLDS: Final[Mapping[str, Callable[[Path], World]]] = {
    "file-csv-event-log": lambda folder: FileWorld(folder, "log.csv", "event_log"),
    "file-jsonl-event-log": lambda folder: FileWorld(folder, "log.jsonl", "event_log"),
    "file-csv-snapshot": lambda folder: FileWorld(folder, "tickets.csv", "snapshot"),
    "intake": IntakeWorld,
    "file-jsonl-snapshot": lambda folder: FileWorld(folder, "tickets.jsonl", "snapshot"),
    "sql-updated": lambda folder: SqlWorld(folder, updated=True),
    "sql-compared": SqlWorld,
    "sql-messages": lambda folder: SqlWorld(folder, messages=True),
    "sql-events": lambda folder: SqlWorld(folder, updated=True, journal=True),
    "sql-everything": lambda folder: SqlWorld(folder, journal=True, messages=True),
}
