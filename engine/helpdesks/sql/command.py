"""A program of the user's that does what is to be done to a ticket.

1. It is started without a shell, from a list of arguments in which places are filled in.
2. It gets the action as one JSON object on its standard input.
3. It ends with 0: done. With 75 (`EX_TEMPFAIL`): try again later. With anything else: refused,
   for the reason in the last line of its standard error.
4. If it takes too long, it is killed with all that it started, and nobody knows what it did.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from engine.ports import Json, Sent, SentState

TRY_LATER: Final = 75
PLACES: Final = frozenset({"ticket", "helpdesk", "action", "key", "at", "text", "to", "subject"})
"""What an argument may hold in braces, besides the name of a field."""
PLACE: Final = re.compile(r"\{([a-z_]+(?:\.[^{}\s]+)?)\}")
_LONGEST_REASON: Final = 300


def run(command: Sequence[str], action: Json, timeout: timedelta) -> Sent:
    """Run a program on an action.

    Args:
        command: The program and its arguments, with places such as ``{ticket}``.
        action: JSON values.
        timeout: How long it may take.
    """
    arguments = [_filled(argument, action) for argument in command]
    program = command[0]
    try:
        process = subprocess.Popen(  # noqa: S603  a list of arguments, from the operator's file
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return Sent(SentState.RETRY, reason=f"cannot start {program}: {why}; correct write_back")
    told = json.dumps(action, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with process:
        try:
            _, errors = process.communicate(told, timeout.total_seconds())
        except subprocess.TimeoutExpired:
            _kill(process)
            seconds = round(timeout.total_seconds())
            return Sent(SentState.UNKNOWN, reason=f"{program} was killed after {seconds}s")
    return _verdict(program, process.returncode, errors, str(action["key"]))


def _verdict(program: str, status: int, errors: bytes, key: str) -> Sent:
    if status == 0:
        return Sent(SentState.DELIVERED, receipt=key)
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines()]
    last = next((line for line in reversed(lines) if line), "it said nothing")[:_LONGEST_REASON]
    if status < 0:
        return Sent(SentState.UNKNOWN, reason=f"{program} was ended by signal {-status}: {last}")
    if status == TRY_LATER:
        return Sent(SentState.RETRY, reason=f"{program} asks to try later: {last}")
    return Sent(SentState.REJECTED, reason=f"{program} ended with {status}: {last}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program and whatever it started, and let go of its ends of the pipes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _filled(argument: str, action: Json) -> str:
    return PLACE.sub(lambda found: _value(found[1], action), argument).replace("\0", "")


def _value(name: str, action: Json) -> str:
    """What stands for a place: a fact of the action, or the new value of a field; else nothing."""
    if name in PLACES:
        return _text(action.get(name))
    changes = action.get("changes")
    found = (
        [each["after"] for each in changes if each["field"] == name]
        if isinstance(changes, list)
        else []
    )
    return _text(found[0]) if found else ""


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
