"""The lock of the one daemon that may run on an SQLite file. The command line works beside it."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Self

from engine.store.failures import StoreLockedError, StoreUnreachableError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class DaemonLock:
    """Held until released, or until the process ends, however it ends.

    On PostgreSQL any number of daemons may run, and in memory nobody else can come: there `path` is
    None, and the lock is always free.
    """

    def __init__(self, path: Path | None) -> None:
        """Take the lock.

        Args:
            path: The lock file, beside the store's own.

        Raises:
            StoreLockedError: Another daemon holds it.
            StoreUnreachableError: The lock file cannot be written.
        """
        self._descriptor = None if path is None else _taken(path)

    def release(self) -> None:
        """Let go of the lock. The file stays: removing it would let two daemons in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _taken(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreUnreachableError(
            f"lock file {path} cannot be written ({error.strerror}); check the folder's rights"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise StoreLockedError(
            f"another daemon (pid {holder}) uses this store and holds {path};"
            " stop it first, or give this one a store of its own"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    return descriptor
