"""What we do to tickets of a file: one JSON object a line, for whoever carries it into the desk.

1. The file is opened for each action, so that it may be moved away, and locked, so that several
   processes may write to it.
2. An action whose key stands in the file is there already, and is not written again.
3. A last line that a crash left torn was never confirmed: it is cut off. A whole one that only
   lacks its line break gets it.
4. What is written is flushed to the disk before it counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from engine.ports import Json, Sent, SentState

_RIGHTS: Final = 0o660
"""For the owner and the group: what the umask leaves of it."""


class ActionFile:
    """A file that actions are appended to."""

    def __init__(self, path: Path) -> None:
        """Open nothing yet; the file is made with the first action."""
        self._path = path
        self._lock = Lock()
        self._keys: set[str] = set()
        self._read: tuple[int, int, int] = (0, 0, 0)

    def append(self, action: Json) -> Sent:
        """Write an action unless its `key` stands there.

        Args:
            action: JSON values, with a `key`.
        """
        key = str(action["key"])
        line = json.dumps(action, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._lock:
            try:
                with self._opened() as descriptor:
                    self._append(descriptor, key, line)
            except OSError as error:
                reason = f"cannot write {self._path}: {error.strerror}; make it writable"
                return Sent(SentState.RETRY, reason=reason)
        return Sent(SentState.DELIVERED, receipt=key)

    def has(self, key: str) -> bool | None:
        """Whether an action was written to the file; None while the file cannot be read."""
        with self._lock:
            if not self._path.exists():
                return key in self._keys
            try:
                with self._opened() as descriptor:
                    self._learn(descriptor)
            except OSError:
                return None
            return key in self._keys

    @contextmanager
    def _opened(self) -> Iterator[int]:
        is_new = not self._path.exists()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, _RIGHTS)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if is_new:
                _flush_folder(self._path.parent)
            yield descriptor
        finally:
            os.close(descriptor)

    def _append(self, descriptor: int, key: str, line: bytes) -> None:
        size = self._learn(descriptor)
        if key in self._keys:
            return
        try:
            _write(descriptor, line)
            os.fsync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)  # a full disk leaves no half an action behind
            raise
        self._keys.add(key)
        device, inode, _ = self._read
        self._read = (device, inode, size + len(line))

    def _learn(self, descriptor: int) -> int:
        """Learn the keys that came since the last time, and mend the end; gives the size."""
        status = os.fstat(descriptor)
        device, inode, start = self._read
        if (device, inode) != (status.st_dev, status.st_ino) or status.st_size < start:
            start = 0
        *lines, rest = _bytes_from(descriptor, start).split(b"\n")
        self._keys.update(key for line in lines if (key := _key(line)) is not None)
        size = start + sum(len(line) + 1 for line in lines)
        if rest and (key := _key(rest)) is not None:
            _write(descriptor, b"\n")
            self._keys.add(key)
            size += len(rest) + 1
        elif rest:
            os.ftruncate(descriptor, size)
        if rest:
            os.fsync(descriptor)
        self._read = (status.st_dev, status.st_ino, size)
        return size


def _key(line: bytes) -> str | None:
    """The key of a whole action, None for anything else."""
    try:
        action = json.loads(line)
    except (ValueError, RecursionError):
        return None
    key = action.get("key") if isinstance(action, dict) else None
    return key if isinstance(key, str) else None


def _bytes_from(descriptor: int, start: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        stream.seek(start)
        return stream.read()


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot, and need not
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
