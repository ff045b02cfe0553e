"""A support desk in a folder: a config file, rules and an event log, and the command for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

import jsonschema
import pytest

from engine.cli import main
from engine.insight.contracts import CONTRACTS

Document = dict[str, Any]

CONFIG = """\
store: {url: sqlite:///store.db}
rules: rules
helpdesks:
  desk:
    kind: file
    path: log.csv
    layout: event_log
    columns:
      id: Case
      at: Time
      opened: {first: event}
      subject: Title
      status:
        column: Activity
        values: {Open: open, Wait: pending_customer, Done: resolved}
        otherwise: keep_previous
      priority: {column: P, values: {"1": urgent, "2": high, "3": medium, "4": low}}
      customer.id: Caller
      assignee: Agent
    messages:
      - {where: {Activity: [Reply]}, from: agent, public: true}
      - {where: {Activity: [Wrote]}, from: customer}
channels:
  log: {kind: file, path: sent.jsonl}
"""

REPLAY = "    replay: {from: 2024-01-08T09:00:00, speed: 3600}\n"
"""An hour a second, from nine."""

RECEIVERS = """\
version: 1
receivers:
  default: [{channel: log, to: everybody}]
  boss: [{channel: log, to: the-boss}]
"""

LATE = """\
  - id: late
    description: Nobody waits longer than two hours
    levels:
      - {name: remind, after: 1h, notify: [default]}
      - {name: escalate, after: 2h, kind: technical, assign: {group: tier-2}, notify: [boss]}
    customer: {on_escalation: received}
"""

HEADER = "Case,Time,Title,Activity,P,Caller,Agent\n"


def row(case: str, time: str, activity: str = "Open", **others: str) -> str:
    """A row of the log, on the eighth of January unless `time` names a day."""
    at = time if "T" in time else f"2024-01-08T{time}:00Z"
    values = {"title": f"Ticket {case}", "p": "3", "caller": "anna", "agent": "", **others}
    told = (values["title"], activity, values["p"], values["caller"], values["agent"])
    return ",".join((case, at, *told)) + "\n"


def day(time: str) -> str:
    """An instant of the eighth of January."""
    return f"2024-01-08T{time}:00Z"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Document:
        """The one JSON document on stdout."""
        document: Document = json.loads(self.out)
        return document

    @property
    def events(self) -> list[Document]:
        """The log on stderr."""
        lines = self.err.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def complaint(self) -> str:
        """What stderr says beside the log."""
        return "\n".join(line for line in self.err.splitlines() if not line.startswith("{"))


@dataclass
class Running:
    """A command that runs; its lines can be waited for."""

    process: subprocess.Popen[str]
    lines: Queue[str | None] = field(default_factory=Queue)
    seen: list[Document] = field(default_factory=list)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, event: str, **values: object) -> Document:
        """The next line of the log with this event and these values."""
        while (line := self.lines.get(timeout=60)) is not None:
            said: Document = json.loads(line)
            self.seen.append(said)
            if said["event"] == event and values.items() <= said.items():
                return said
        raise AssertionError(f"it ended without {event}; {self.seen}, {self.errors()}")

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait until it has ended; gives its exit code."""
        while (line := self.lines.get(timeout=60)) is not None:
            self.seen.append(json.loads(line))
        return self.process.wait(timeout=60)

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def told(self, event: str) -> list[Document]:
        return [said for said in self.seen if said["event"] == event]


@dataclass
class Desk:
    """Attributes:
    folder: Where everything lies, and where commands are run.
    """

    folder: Path
    capture: pytest.CaptureFixture[str] | None = None
    running: list[Running] = field(default_factory=list)

    # --- setting it up ---

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def config(self, *changes: tuple[str, str], more: str = "") -> None:
        """Write the config file, with texts of the usual one replaced."""
        text = CONFIG + more
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.write("config.yaml", text)

    def replay(self, *changes: tuple[str, str]) -> None:
        """Live through the log again, an hour a second."""
        self.config(("channels:\n", f"{REPLAY}channels:\n"), *changes)

    def rules(self, *rules: str, head: str = "") -> None:
        self.write("rules/rules.yaml", f"{RECEIVERS}{head}rules:\n{''.join(rules)}")
        self.write("rules/templates/customer/received.md", "---\nsubject: We have it\n---\nHello\n")

    def log(self, *rows: str) -> None:
        """Replace the log."""
        self.write("log.csv", HEADER + "".join(rows))

    def say(self, *rows: str) -> None:
        """Append to the log."""
        with (self.folder / "log.csv").open("a", encoding="utf-8") as stream:
            stream.write("".join(rows))

    # --- running it ---

    def run(self, *arguments: str) -> Ended:
        """Run a verb in this process."""
        assert self.capture is not None
        self.capture.readouterr()
        with pytest.raises(SystemExit) as exited:
            main(list(arguments))
        out, err = self.capture.readouterr()
        assert isinstance(exited.value.code, int)
        return Ended(exited.value.code, out, err)

    def once(self, *arguments: str) -> Document:
        """The document of ``once --json``, which agrees with its contract."""
        ended = self.run("once", "--json", *arguments)
        assert ended.code == 0, ended.err
        return conforming("once", ended.document)

    def explain(self, ticket: str, *arguments: str) -> Document:
        """The explanations of ``explain --json`` by rule."""
        ended = self.run("explain", ticket, "--json", *arguments)
        assert ended.code == 0, ended.err
        document = conforming("explain", ended.document)
        return {each["rule"]: each for each in document["rules"]}

    def command(self, *arguments: str, **environment: str) -> Ended:
        """Run the real command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "engine.cli", *arguments],
            cwd=self.folder,
            env=_environment(environment),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, before: Callable[[], None] | None = None) -> Running:
        """Start the real command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "engine.cli", *arguments],
            cwd=self.folder,
            env=_environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            preexec_fn=before,  # noqa: PLW1509 - no threads of ours are in the child
        )
        running = Running(process)
        self.running.append(running)
        return running

    def stop(self) -> None:
        """Leave nothing running."""
        for each in self.running:
            each.process.kill()
            each.process.wait()
            for stream in (each.process.stdout, each.process.stderr):
                if stream is not None:
                    stream.close()

    # --- looking ---

    def files(self) -> dict[str, bytes]:
        """Every file of the folder with its contents."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    def rows(self, name: str) -> list[Document]:
        """The lines of a JSON Lines file."""
        path = self.folder / name
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": root, "PYTHONWARNINGS": "error", **more}


def conforming(contract: str, document: Document) -> Document:
    """The document, which agrees with its contract."""
    schema = CONTRACTS[contract]()
    checker = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    checker.validate(document)
    return document
