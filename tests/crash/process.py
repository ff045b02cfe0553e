"""Programs that are started, listened to, and killed; by their own process id, and no other."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

COMMAND: Final = Path(sys.executable).with_name("escalatord")
PATIENCE: Final = 60.0
"""Seconds without a line after which nothing more is expected."""

Json = dict[str, object]
Heard = queue.SimpleQueue[tuple[str, Json | None]]
"""Lines of several programs as they come, each with its program's name; None for the last."""


@dataclass
class Program:
    """A running program whose stdout is lines of JSON.

    Attributes:
        heard: Where its lines go.
        errors: Where its stderr goes.
    """

    name: str
    process: subprocess.Popen[str]
    heard: Heard
    errors: Path
    born_at: float = field(default_factory=time.monotonic)

    @classmethod
    def start(cls, name: str, *command: str | Path, folder: Path, heard: Heard) -> Program:
        errors = folder / f"{name}.stderr"
        with errors.open("ab") as stream:
            process = subprocess.Popen(
                [str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=stream, text=True,
            )  # fmt: skip
        program = cls(name, process, heard, errors)
        threading.Thread(target=program._listen, daemon=True).start()
        return program

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream, self.errors.with_suffix(".stdout").open("a") as copy:
            for line in stream:
                copy.write(line)
                self.heard.put((self.name, _parsed(line)))
        self.heard.put((self.name, None))

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.born_at

    def next(self, within: float = PATIENCE) -> Json | None:
        """The next line of its own; None if none came in time. Others' lines are passed over."""
        ends_at = time.monotonic() + within
        while (left := ends_at - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                name, line = self.heard.get(timeout=left)
                assert line is not None, self.died()
                if name == self.name:
                    return line
        return None

    def until(self, is_it: Callable[[Json], bool], within: float = PATIENCE) -> Json:
        """The next line of a kind; those before it are passed over."""
        while True:
            line = self.next(within)
            assert line is not None, f"{self.name}: not a line in {within:g} s: {self.said()}"
            if is_it(line):
                return line

    def kill(self) -> None:
        """`kill -9`, and away with the body."""
        self.process.kill()
        self.process.wait()

    def end(self, within: float = PATIENCE) -> int:
        """Ask it to end; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def died(self) -> str:
        """What to say of an end that nobody asked for."""
        return f"a program ended by itself; {self.name} said: {self.said()}"

    def said(self) -> str:
        """What it said on stderr."""
        return self.errors.read_text()


def _parsed(line: str) -> Json:
    """A line; one that a kill has torn is told as what is left of it."""
    try:
        found = json.loads(line)
    except ValueError:
        return {"torn": line}
    return found if isinstance(found, dict) else {"torn": line}


def daemon(folder: Path, heard: Heard) -> Program:
    """A real `escalatord run` on the config file of a folder."""
    return Program.start("daemon", COMMAND, "run", "--config", "config.yaml",
                         folder=folder, heard=heard)  # fmt: skip


def ask(folder: Path, *arguments: str) -> Json:
    """The document that another verb of the command prints."""
    done = subprocess.run(
        [str(COMMAND), *arguments, "--json", "--config", "config.yaml"],
        cwd=folder, check=False, capture_output=True, text=True, timeout=10 * PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, f"{arguments}: {done.returncode}: {done.stderr}"
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def sink(folder: Path, heard: Heard, *arguments: int) -> tuple[Program, int]:
    """The mail server, and its port; the arguments are its own."""
    program = Program.start("sink", sys.executable, Path(__file__).with_name("sink.py"),
                            folder, *map(str, arguments), folder=folder, heard=heard)  # fmt: skip
    port = program.until(lambda line: line.get("step") == "ready")["port"]
    assert isinstance(port, int)
    return program, port
