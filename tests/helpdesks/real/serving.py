"""A real helpdesk's server of a test's own: started, stopped, and given a wrong clock."""

from __future__ import annotations

import os
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final

import httpx

from tests.helpdesks.real.faketime import wrong_clock

_PATIENCE: Final = 120.0
"""Seconds that a server may take to start or to stop, on a machine that is busy."""


@dataclass
class Serving(ABC):
    """A server on loopback.

    Attributes:
        folder: Where all is that it keeps.
        program_folder: Where it is started.
    """

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    program_folder: ClassVar[Path | None] = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        return os.environ

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What starts it."""

    @abstractmethod
    def ask_whether_it_is_up(self) -> None:
        """Call it.

        Raises:
            httpx.HTTPError, AssertionError: It does not answer yet, or badly.
        """

    def start(self, ahead: timedelta = timedelta()) -> None:
        """Come up, and answer, with a clock that is so far ahead."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.program_folder,
                env={**self.environment, **wrong_clock(ahead)},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                self.ask_whether_it_is_up()
            except (httpx.HTTPError, AssertionError):
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self.folder / "server.log").read_text())

    def stop(self) -> None:
        """Go down."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(_PATIENCE)
            self.process = None

    @contextmanager
    def down(self) -> Iterator[None]:
        """Be away for a while."""
        self.stop()
        yield
        self.start()

    @contextmanager
    def clock_set(self, ahead: timedelta) -> Iterator[None]:
        """Its machine's clock is wrong for a while."""
        self.stop()
        self.start(ahead)
        try:
            yield
        finally:
            self.stop()
            self.start()
