"""A file helpdesk on a folder, for tests that write its files by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.domain.ticket import Event, Ticket
from engine.helpdesks import open_helpdesk
from engine.helpdesks.file.desk import FileHelpdesk
from engine.ports import Batch, Json, Observation, RejectedRow
from tests.helpdesks.worlds import options_of

FAR = datetime(2030, 1, 1, tzinfo=UTC)

COLUMNS = {"id": "id", "at": "at", "status": "status"}


def utc(text: str) -> datetime:
    """``2016-03-02 16:00`` as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def mapping(**columns: str) -> str:
    """Columns as YAML; a dot is written as two underscores, and a plain name names itself."""
    pairs = {name.replace("__", "."): text for name, text in columns.items()}
    return "{" + ", ".join(f"{name}: {text}" for name, text in pairs.items()) + "}"


@dataclass
class Desk:
    """A helpdesk that is told step by step, as the daemon does.

    Attributes:
        options: The helpdesk's YAML, without its path.
    """

    folder: Path
    options: str
    name: str = "log.csv"
    watermark: Json | None = None
    desk: FileHelpdesk | None = None

    @property
    def path(self) -> Path:
        return self.folder / self.name

    @property
    def helpdesk(self) -> FileHelpdesk:
        if self.desk is None:
            text = f"{{kind: file, path: '{self.name}', {self.options}}}"
            desk = open_helpdesk("desk", options_of(self.folder, text))
            assert isinstance(desk, FileHelpdesk)
            self.desk = desk
        return self.desk

    def restart(self) -> None:
        """Another process takes over, with the last watermark."""
        self.desk = None

    def write(self, text: str | bytes, name: str | None = None) -> None:
        """Put the file there, in place of what there was."""
        data = text.encode() if isinstance(text, str) else text
        (self.folder / (name or self.name)).write_bytes(data)

    def append(self, text: str | bytes) -> None:
        with self.path.open("ab") as stream:
            stream.write(text.encode() if isinstance(text, str) else text)

    def replace(self, text: str) -> None:
        """Put another file in its place, as careful writers do."""
        fresh = self.folder / "fresh"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.path)

    def tell(self, until: datetime = FAR) -> Batch:
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

    def told(self, until: datetime = FAR) -> list[str]:
        """The tickets of which there is something new."""
        return [each.ticket.id.removeprefix("desk:") for each in self.tell(until).observations]

    def only(self, until: datetime = FAR) -> Observation:
        """What is new of the one ticket of which there is."""
        batch = self.tell(until)
        assert batch.rejected == ()
        (observation,) = batch.observations
        return observation

    def ticket(self) -> Ticket:
        return self.only().ticket

    def faults(self) -> list[tuple[int, str]]:
        """Line and code of what is newly rejected."""
        return [(each.line, each.code) for each in self.tell().rejected]


def event_log(folder: Path, more: str = "", name: str = "log.csv", **columns: str) -> Desk:
    """A desk on an event log with columns id, at, status, and what else is asked for."""
    text = mapping(**{**COLUMNS, **columns})
    return Desk(folder, f"layout: event_log, columns: {text}{', ' + more if more else ''}", name)


def snapshot(folder: Path, more: str = "", name: str = "log.csv", **columns: str) -> Desk:
    """A desk on a snapshot with columns id, opened, status, and what else is asked for."""
    text = mapping(id="id", opened="opened", status="status", **columns)
    return Desk(folder, f"layout: snapshot, columns: {text}{', ' + more if more else ''}", name)


def changes(observation: Observation) -> list[tuple[str | None, object, object]]:
    """(field, before, after) of the events of a ticket, in order; messages as ``message``."""
    return [short(event) for event in observation.events or ()]


def short(event: Event) -> tuple[str | None, object, object]:
    if event.field is None:
        return ("message", event.actor.value, event.text)
    return (event.field, event.before, event.after)
