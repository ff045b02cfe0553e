"""Lives of escalatord that end as by `kill -9` between a write and our record of it.

    python mortal.py run --config config.yaml

Each line of stdin is a life, PLACE and WRITE with a tab between them: where it ends, and a regular
expression for `METHOD URL BODY` of the request that it is about. Each life is a process of its own,
forked from one that has loaded all and done nothing; its exit code is told on stdout. Nothing of
escalatord is changed: the HTTP library and the database library tell what goes on, and where the
place is reached, the process kills itself.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import event
from sqlalchemy.engine import Engine

from engine.cli import main

_SENT: Final = "http11.send_request_body.complete"
_ANSWERED: Final = "http11.receive_response_body.complete"
_CHANGING: Final = ("INSERT", "UPDATE", "DELETE")
PRELOADED: Final = (
    "engine.cli.running",
    "engine.daemon",
    "engine.supervision",
    "engine.helpdesks.rt.desk",
    "engine.helpdesks.redmine.desk",
)
"""What each life would load anew; loading takes longer than the rest of a life."""


class Place(StrEnum):
    """Where the process ends."""

    SENT = "sent"
    """The last byte of the request has left; the helpdesk has not answered."""
    ANSWERED = "answered"
    """The answer is here, and nobody has looked at it."""
    READ_BACK = "read-back"
    """What was written has been read back."""
    RECORDING = "recording"
    """It is in the store, and not yet committed."""


@dataclass
class Fate:
    """Ends the process at a place.

    Attributes:
        is_written: The write has been made.
        is_recording: The store has been told something since.
    """

    place: Place
    write: re.Pattern[str]
    is_written: bool = False
    is_recording: bool = False

    def reach(self, place: Place) -> None:
        if place is self.place:
            os.kill(os.getpid(), signal.SIGKILL)

    # --- what the helpdesk is asked ---

    def is_the_write(self, request: httpx.Request) -> bool:
        told = f"{request.method} {request.url} {request.read().decode()}"
        return self.write.search(told) is not None

    def hear(self, what: str, *, is_the_write: bool) -> None:
        """A step of a call."""
        if is_the_write and what == _SENT:
            self.reach(Place.SENT)
        elif is_the_write and what == _ANSWERED:
            self.is_written = True
            self.reach(Place.ANSWERED)
        elif self.is_written and what == _ANSWERED:
            self.reach(Place.READ_BACK)

    # --- what the store is told ---

    def execute(self, connection: object, cursor: object, statement: str, *_: object) -> None:
        del connection, cursor
        self.is_recording |= self.is_written and statement.lstrip().startswith(_CHANGING)

    def commit(self, connection: object) -> None:
        del connection
        if self.is_recording:
            self.reach(Place.RECORDING)


def watch(fate: Fate) -> None:
    """Be told of every call, and of every transaction."""
    handle: Callable[..., httpx.Response] = httpx.HTTPTransport.handle_request

    def watched(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        is_the_write = fate.is_the_write(request)

        def hear(what: str, _: object) -> None:
            fate.hear(what, is_the_write=is_the_write)

        request.extensions = {**request.extensions, "trace": hear}
        return handle(transport, request)

    httpx.HTTPTransport.handle_request = watched  # type: ignore[method-assign, assignment]
    event.listen(Engine, "before_cursor_execute", fate.execute)
    event.listen(Engine, "commit", fate.commit)


def live(fate: Fate) -> None:
    """One life, in a process of its own; what it says goes to stderr."""
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    watch(fate)
    main(sys.argv[1:])


def lives() -> None:
    """All lives, one after the other."""
    for name in PRELOADED:
        import_module(name)
    for line in sys.stdin:
        place, write = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            live(Fate(Place(place), re.compile(write)))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    lives()
