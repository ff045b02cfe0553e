"""A helpdesk in an SQLite file, for tests that write its tables by hand."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from engine.helpdesks import open_helpdesk
from engine.helpdesks.sql.desk import SqlHelpdesk
from engine.ports import Batch, Channel, Json, Observation, RejectedRow
from tests.helpdesks.desks import utc
from tests.helpdesks.worlds import options_of

NOW = utc("2026-01-12 12:00")

TABLES = """
CREATE TABLE ticket (id INTEGER PRIMARY KEY, opened TEXT, changed TEXT, status TEXT, title TEXT);
CREATE TABLE message (id INTEGER PRIMARY KEY, ticket INTEGER, at TEXT, who TEXT, body TEXT);
"""
TICKETS = "SELECT id, opened, changed, status, title FROM ticket"
COLUMNS = "columns: {id: id, opened: opened, status: status, subject: title}"
MESSAGES = (
    "messages: {query: SELECT * FROM message,"
    " columns: {id: id, ticket: ticket, at: at, from: who, text: body}}"
)


@dataclass
class SqlDesk:
    """A helpdesk that is told step by step, as the daemon does.

    Attributes:
        tickets: The mapping `tickets` of the config file.
        more: Its other keys, each with a comma in front.
    """

    folder: Path
    tickets: str = f"{{query: {TICKETS!r}, updated: changed, {COLUMNS}}}"
    more: str = ""
    channels: dict[str, Channel] = field(default_factory=dict)
    watermark: Json | None = None
    desk: SqlHelpdesk | None = None

    def __post_init__(self) -> None:
        self.run(TABLES)

    @property
    def path(self) -> Path:
        return self.folder / "desk.db"

    @property
    def helpdesk(self) -> SqlHelpdesk:
        if self.desk is None:
            text = f"{{kind: sql, url: 'sqlite:///desk.db', tickets: {self.tickets}{self.more}}}"
            made = open_helpdesk("desk", options_of(self.folder, text))
            assert isinstance(made, SqlHelpdesk)
            made.hand_on_by(self.channels)
            self.desk = made
        return self.desk

    def restart(self) -> None:
        """Another process takes over, with the last watermark."""
        self.desk = None

    def run(self, script: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)

    def ticket(self, number: int, status: str = "open", changed: str = "10:00") -> None:
        """A ticket is so since this time of the day."""
        self.run(
            f"INSERT INTO ticket VALUES ({number}, '2026-01-12 08:00', '2026-01-12 {changed}',"
            f" '{status}', 'Printer') ON CONFLICT (id) DO UPDATE SET status = excluded.status,"
            " changed = excluded.changed"
        )

    def tell(self, until: datetime = NOW) -> Batch:
        """What is new."""
        told: list[Observation] = []
        rejected: list[RejectedRow] = []
        is_complete = False
        while not is_complete:
            batch = self.helpdesk.changes(self.watermark, until)
            self.watermark = json.loads(json.dumps(batch.watermark))
            told.extend(batch.observations)
            rejected.extend(batch.rejected)
            is_complete = batch.is_complete
        return Batch(tuple(told), self.watermark or {}, tuple(rejected))

    def told(self, until: datetime = NOW) -> list[str]:
        """The tickets of which there is something new."""
        return [each.ticket.id.removeprefix("desk:") for each in self.tell(until).observations]

    def faults(self, until: datetime = NOW) -> list[tuple[str, str]]:
        """Code and message of what is newly rejected."""
        return [(each.code, each.message) for each in self.tell(until).rejected]


def compared(query: str = TICKETS) -> str:
    """A mapping `tickets` without stamps to follow."""
    return f"{{query: {query!r}, {COLUMNS}}}"
