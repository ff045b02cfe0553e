"""Asking the daemon that runs: the other end of its control socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from engine.errors import UsageError
from engine.ports import Json


class NoDaemonError(UsageError):
    """Nobody answers: no daemon runs, or it is not ours to ask."""


def ask(path: Path, wanted: str, timeout: float | None = None) -> Json:
    """Ask the daemon for something, and wait for its answer.

    Args:
        path: Its control socket.
        wanted: What it is to do.
        timeout: Real seconds to wait; None for as long as it lives.

    Raises:
        NoDaemonError: Nobody answers.
        UsageError: The daemon could not do it.
    """
    try:
        text = _answer_to(path, json.dumps({"do": wanted}).encode() + b"\n", timeout)
    except (FileNotFoundError, ConnectionRefusedError):
        raise NoDaemonError(
            f"no daemon answers at {path}; start one with `escalatord run`, or see that both use"
            " the same config file"
        ) from None
    except PermissionError:
        raise NoDaemonError(
            f"only the daemon's user and root may ask at {path}; ask as one of them"
        ) from None
    except OSError as error:
        raise NoDaemonError(f"the daemon at {path} does not answer: {error}") from None
    return _read(text, path)


def _answer_to(path: Path, request: bytes, timeout: float | None) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(request)
        with connection.makefile("rb") as reply:
            return reply.read()


def _read(text: bytes, path: Path) -> Json:
    if not text:
        raise NoDaemonError(f"the daemon at {path} ended before it answered; see its log")
    try:
        reply = json.loads(text)
    except ValueError:
        raise NoDaemonError(f"what answers at {path} is no escalatord") from None
    if "error" in reply:
        raise UsageError(str(reply["error"]))
    answer: Json = reply["answer"]
    return answer
