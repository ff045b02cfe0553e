"""A file of JSON Lines: one object a message, on the disk before it counts as delivered."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from engine.channels.one_line import one_line
from engine.domain.ticket import utc_second
from engine.ports import LOCAL_CALL, Message, Sent, SentState

if TYPE_CHECKING:
    from engine.channels.options import Options, Surroundings
    from engine.ports import Clock

_TAIL_BYTES: Final = 1 << 20
"""How far back a message is looked for that a killed process may have written already."""


class FileChannel:
    """Appends messages to a file.

    1. The file is opened for each message, so that it may be rotated away, and locked, so that
       several programs may write to it.
    2. A last line that a crash left torn was never confirmed; it is cut off.
    3. A message whose key stands in the tail of the file is there already, and not written again.
    4. What is written is flushed to the disk before it counts.
    """

    longest_call = LOCAL_CALL

    def __init__(self, name: str, path: Path, clock: Clock) -> None:
        """Write to `path`; messages are dated by `clock`."""
        self.name = name
        self._path = path
        self._clock = clock
        self._lock = Lock()
        self._seen = _Tail()

    def send(self, message: Message) -> Sent:
        """Append one message."""
        line = _line(message, utc_second(self._clock.now()))
        with self._lock:
            try:
                with self._opened() as descriptor:
                    return self._append(descriptor, message.key, line)
            except OSError as error:
                return Sent(SentState.RETRY, reason=f"cannot write {self._path}: {error.strerror}")

    def close(self) -> None:
        """Nothing to let go of: the file is open only while a message is written."""

    @contextmanager
    def _opened(self) -> Iterator[int]:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _append(self, descriptor: int, key: str, line: bytes) -> Sent:
        size = _without_torn_line(descriptor)
        self._seen.refresh(descriptor, size)
        if key not in self._seen:
            try:
                _write_all(descriptor, line)
            except OSError:
                os.ftruncate(descriptor, size)  # a full disk leaves no half a message behind
                raise
            try:
                os.fsync(descriptor)
            except OSError as error:
                return Sent(SentState.UNKNOWN, reason=f"{self._path} may be lost: {error.strerror}")
            self._seen.add(descriptor, key)
        return Sent(SentState.DELIVERED, receipt=key)


class _Tail:
    """Keys of the messages at the end of the file, read anew when somebody else touched it."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._file: tuple[int, int, int] | None = None

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def refresh(self, descriptor: int, size: int) -> None:
        if self._file != _identity(descriptor) or len(self._keys) > _TAIL_BYTES // 64:
            start = max(0, size - _TAIL_BYTES)
            lines = os.pread(descriptor, size - start, start).splitlines()
            whole = lines[1:] if start else lines
            self._keys = {key for line in whole if (key := _key_of(line)) is not None}

    def add(self, descriptor: int, key: str) -> None:
        self._keys.add(key)
        self._file = _identity(descriptor)


def _identity(descriptor: int) -> tuple[int, int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino, status.st_size


def _without_torn_line(descriptor: int) -> int:
    """Cut off what follows the last line break; returns the size in bytes."""
    size = end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - 4096)
        at = os.pread(descriptor, end - start, start).rfind(b"\n")
        if at >= 0:
            end = start + at + 1
            break
        end = start
    if end != size:
        os.ftruncate(descriptor, end)
    return end


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _line(message: Message, at: str) -> bytes:
    document = {
        "key": message.key,
        "to": message.to,
        "subject": one_line(message.subject),
        "text": message.text,
        "at": at,
        "facts": dict(message.facts),
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _key_of(line: bytes) -> str | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None  # not ours
    key = document.get("key") if isinstance(document, Mapping) else None
    return key if isinstance(key, str) else None


def from_options(options: Options, around: Surroundings) -> FileChannel:
    """Build one from the config file: ``path``, from the config file's folder.

    Raises:
        ConfigError: The path is missing.
    """
    path = around.folder / Path(options.required_text("path")).expanduser()
    return FileChannel(options.channel, path, around.clock)
