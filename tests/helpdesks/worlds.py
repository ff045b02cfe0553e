"""Helpdesks with the other end in view: what the conformance suite needs of each.

A connector joins by a class that is a `World`, and a line in `WORLDS`.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from engine.helpdesks import open_helpdesk
from engine.helpdesks.options import HelpdeskOptions
from engine.ports import Helpdesk
from engine.settings import load_settings


class World(Protocol):
    """A source of tickets that a test can write to."""

    @property
    def keeps_history(self) -> bool:
        """Whether it tells what happened, or only how things stand."""
        ...

    def open(self) -> Helpdesk:
        """A new connection, as of a new process; the helpdesk's name is `desk`."""
        ...

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        """The ticket is at `at` in this state: `status`, `priority`, `group`, `subject`."""
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


COLUMNS = ["id", "at", "opened", "status", "priority", "group", "subject"]


def options_of(folder: Path, text: str) -> HelpdeskOptions:
    """The options of helpdesk `desk`, from YAML of one mapping, through the config file."""
    (folder / "config.yaml").write_text(f"helpdesks:\n  desk: {text}\n", encoding="utf-8")
    return load_settings(folder / "config.yaml").helpdesks["desk"]


@dataclass
class FileWorld:
    """What the worlds of files share: rows that are written anew each time."""

    folder: Path
    name: str
    layout: str
    rows: list[dict[str, str]] = field(default_factory=list)
    garbage: list[str] = field(default_factory=list)

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

    def done(self) -> list[tuple[str, str]]:
        actions = self.path.with_name(f"{self.name}.actions.jsonl")
        lines: list[dict[str, Any]] = [json.loads(x) for x in actions.read_text().splitlines()]
        return [(line["ticket"], line["action"]) for line in lines]


WORLDS = {
    "file-csv-event-log": lambda folder: FileWorld(folder, "log.csv", "event_log"),
    "file-jsonl-event-log": lambda folder: FileWorld(folder, "log.jsonl", "event_log"),
    "file-csv-snapshot": lambda folder: FileWorld(folder, "tickets.csv", "snapshot"),
    "file-jsonl-snapshot": lambda folder: FileWorld(folder, "tickets.jsonl", "snapshot"),
}
