"""Follows a page of the manual to the letter, as somebody would who has nothing but the page.

1. A fence that names a file (```yaml rules/first.yaml) is written to that file.
2. In a fence ```console every line that begins with `$ ` is typed into a shell that has a terminal,
   and what the page shows beneath must be what appears. `...` stands for any text within a line,
   and alone on a line for any lines. A command ends with 0, the last one with what
   `<!-- exit 1 -->` above the fence says.
3. `<!-- second terminal -->` above a fence: it is typed into another shell, which begins where the
   first one began. Its last command goes on running; what the page shows must appear.
   `<!-- Ctrl-C in the second terminal -->` ends it.
4. `<!-- not followed: reason -->` above a fence leaves it out; so does `<!-- set-up -->`, unless
   the set-up is wanted.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Final

_FENCE: Final = re.compile(r"^```(?P<language>\w*)(?: (?P<file>\S+))?$")
_REMARK: Final = re.compile(r"^<!-- (?P<words>.*) -->$")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLUMNS: Final = 160
_PATIENCE: Final = 600
"""Seconds without a line after which a command hangs: setting up is quiet for minutes."""
_END: Final = "~~~ended"


@dataclass(frozen=True)
class Command:
    """A line to type, and what must appear.

    Attributes:
        shown: The lines of the page; None where it shows none, and so says nothing of them.
        goes_on: It runs beside what follows.
    """

    line: int
    text: str
    shown: tuple[str, ...] | None
    code: int = 0
    is_second_terminal: bool = False
    goes_on: bool = False


@dataclass(frozen=True)
class File:
    """A text to save."""

    line: int
    path: str
    text: str


@dataclass(frozen=True)
class Interrupt:
    """Ctrl-C in the second terminal."""

    line: int


Step = Command | File | Interrupt


def steps_of(page: str, *, with_set_up: bool = False) -> Iterator[Step]:
    """What a page asks its reader to do, in order."""
    lines = page.splitlines()
    remarks: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        remark, fence = _REMARK.match(line), _FENCE.match(line)
        if remark:
            remarks.append(remark["words"])
            if remark["words"] == "Ctrl-C in the second terminal":
                yield Interrupt(number)
        elif fence:
            end = lines.index("```", number)
            is_left_out = "set-up" in remarks and not with_set_up
            if not is_left_out and not any(each.startswith("not followed: ") for each in remarks):
                yield from _fenced(fence, lines[number:end], number + 1, remarks)
            number = end + 1
            remarks = []
        elif line.strip():
            remarks = []


def _fenced(fence: re.Match[str], body: list[str], line: int, remarks: list[str]) -> Iterator[Step]:
    if fence["file"]:
        yield File(line, fence["file"], "\n".join(body) + "\n")
    if fence["language"] != "console":
        return
    codes = [int(words.removeprefix("exit ")) for words in remarks if words.startswith("exit ")]
    is_second = "second terminal" in remarks
    starts = [at for at, text in enumerate(body) if text.startswith("$ ")]
    for at, after in zip(starts, [*starts[1:], len(body)], strict=True):
        is_last = after == len(body)
        yield Command(
            line=line + at,
            text=body[at].removeprefix("$ "),
            shown=tuple(body[at + 1 : after]) or None,
            code=codes[0] if codes and is_last else 0,
            is_second_terminal=is_second,
            goes_on=is_second and is_last,
        )


def matches(shown: tuple[str, ...], seen: list[str], *, is_whole: bool = True) -> bool:
    """Whether what was seen is what the page shows; else whether it begins so."""
    parts = [r"(?:.*\n)*?" if line.strip() == "..." else _pattern(line) + r"\n" for line in shown]
    text = "".join(f"{line.rstrip()}\n" for line in seen)
    match = re.fullmatch if is_whole else re.match
    return match("".join(parts), text) is not None


def _pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.rstrip().split("..."))


# --- a terminal ----------------------------------------------------------------------------------


@dataclass
class Terminal:
    """A shell whose output goes to a terminal."""

    folder: Path
    environment: Mapping[str, str]
    _lines: Queue[str | None] = field(default_factory=Queue)

    def __post_init__(self) -> None:
        self._screen, screen = pty.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 50, _COLUMNS, 0, 0))
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=screen,
            stderr=screen,
            text=True,
            process_group=0,
        )
        os.close(screen)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        rest = ""
        while True:
            try:
                chunk = os.read(self._screen, 4096).decode(errors="replace")
            except OSError:  # so a terminal says that nobody writes to it any more
                break
            *whole, rest = (rest + chunk).split("\n")
            for line in whole:
                self._lines.put(_COLOUR.sub("", line).rstrip("\r "))
        self._lines.put(None)

    def type(self, text: str) -> None:
        """Type a line; what it starts gets no keys."""
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{{ {text}\n}} < /dev/null; echo {_END} $?\n")
        self._shell.stdin.flush()

    def read_on(self) -> str:
        """The next line."""
        try:
            line = self._lines.get(timeout=_PATIENCE)
        except Empty:
            raise AssertionError(f"nothing came for {_PATIENCE} s") from None
        assert line is not None, "the shell has ended"
        return line

    def run(self, text: str) -> tuple[int, list[str]]:
        """Run a line to its end; its exit code and what appeared."""
        self.type(text)
        seen: list[str] = []
        while _END not in (line := self.read_on()):
            seen.append(line)
        last, _, code = line.partition(_END)
        return int(code), [*seen, last] if last else seen

    def interrupt(self) -> None:
        """Ctrl-C, and wait until the command has ended."""
        os.killpg(self._shell.pid, signal.SIGINT)
        while _END not in self.read_on():
            pass

    def close(self) -> None:
        """End the shell, and what runs in it."""
        if self._shell.poll() is None:
            os.killpg(self._shell.pid, signal.SIGTERM)
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(timeout=_PATIENCE)


# --- following -----------------------------------------------------------------------------------


@dataclass
class Follower:
    """Does what a page says, in a folder.

    Attributes:
        with_set_up: Whether the set-up is done too.
        left_out: Commands that are not typed; for pages that bear no remarks.
        followed: What was typed.
    """

    page: Path
    folder: Path
    environment: Mapping[str, str]
    with_set_up: bool = False
    left_out: frozenset[str] = frozenset()
    followed: list[Command] = field(default_factory=list)

    def follow(self) -> None:
        """All steps of the page.

        Raises:
            AssertionError: The page does not say what is so.
        """
        first, second = (Terminal(self.folder, self.environment) for _ in range(2))
        try:
            page = self.page.read_text(encoding="utf-8")
            for step in steps_of(page, with_set_up=self.with_set_up):
                self._take(step, first, second)
        finally:
            second.close()
            first.close()

    def _take(self, step: Step, first: Terminal, second: Terminal) -> None:
        if isinstance(step, Command) and step.text in self.left_out:
            return
        if isinstance(step, Interrupt):
            second.interrupt()
        elif isinstance(step, File):
            path = self._here(first) / step.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
        elif step.goes_on:
            self._watch(step, second)
        else:
            self._run(step, second if step.is_second_terminal else first)

    def _run(self, command: Command, terminal: Terminal) -> None:
        code, seen = terminal.run(command.text)
        said = "\n".join(seen)
        where = self._where(command)
        assert code == command.code, f"{where}\nends with {code}, and says\n{said}"
        if command.shown is not None:
            shown = "\n".join(command.shown)
            assert matches(command.shown, seen), f"{where}\nshows\n{shown}\n\nbut it is\n{said}"
        self.followed.append(command)

    def _watch(self, command: Command, terminal: Terminal) -> None:
        """Start what goes on running, and wait until all has appeared that the page shows."""
        terminal.type(command.text)
        seen: list[str] = []
        while command.shown is not None and not matches(command.shown, seen, is_whole=False):
            seen.append(terminal.read_on())
            said = "\n".join(seen)
            assert _END not in seen[-1], f"{self._where(command)}\nhas ended, and says\n{said}"
        self.followed.append(command)

    def _where(self, command: Command) -> str:
        return f"{self.page.name}:{command.line}: $ {command.text}"

    def _here(self, terminal: Terminal) -> Path:
        return Path(terminal.run("pwd")[1][-1])
