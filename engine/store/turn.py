"""One at a time, within this process: SQLite has one writer, and its own queue for it is unfair."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import StoreBusyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Turn:
    """A lock that is never waited for without end, and never by who holds it."""

    def __init__(self, where: str, timeout: float) -> None:
        """Name the store, and the seconds to wait at most."""
        self._where = where
        self._timeout = timeout
        self._lock = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for one's turn.

        Raises:
            StoreBusyError: Others took too long.
            StoreError: This thread has a transaction open already.
        """
        if self._holder == threading.get_ident():
            raise StoreError(f"store {self._where}: a transaction inside another of one thread")
        if not self._lock.acquire(timeout=self._timeout):
            raise StoreBusyError(f"store {self._where} is busy: no turn in {self._timeout:g} s")
        self._holder = threading.get_ident()
        try:
            yield
        finally:
            self._holder = None
            self._lock.release()
