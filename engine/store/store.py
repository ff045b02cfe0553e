"""The store on SQLite or PostgreSQL: how transactions begin and end."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from engine.store.copying import copy_store
from engine.store.failures import translated
from engine.store.lock import DaemonLock
from engine.store.transaction import SqlTransaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from engine.store.turn import Turn


class SqlStore:
    """`engine.ports.Store`. Threads may share one.

    Attributes:
        where: The store as a person knows it (no password).
    """

    def __init__(
        self, where: str, writing: Engine, reading: Engine, turn: Turn | None, path: Path | None
    ) -> None:
        """Put a store together; `engine.store.open_store` does it from a URL.

        Args:
            where: How errors name the store.
            writing: Begins transactions that may write.
            reading: Begins transactions that only read; in memory it is the same one.
            turn: Whose turn it is to write, where there is but one writer.
            path: The file, if it is one.
        """
        self.where = where
        self._writing = writing
        self._reading = reading
        self._turn = turn
        self._path = path

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """A writing transaction; commits at the end, rolls back when an error passes.

        Raises:
            StoreBusyError: Lost to another writer; the same batch may be tried again.
            StoreError: The database cannot be used.
        """
        with self.writing() as connection:
            yield SqlTransaction(connection)

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A consistent reading; what is written in it is an error.

        Raises:
            StoreBusyError: No connection came free in time.
            StoreError: The database cannot be used, or something was written.
        """
        with self.reading() as connection:
            yield SqlTransaction(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """What `write` runs on: for migrating and copying."""
        with translated(self.where), self._taken(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """What `read` runs on: for migrating and copying."""
        with translated(self.where, is_reading=True), self._reading_connection() as connection:
            yield connection

    @contextmanager
    def _reading_connection(self) -> Iterator[Connection]:
        if self._reading is not self._writing:
            with self._reading.begin() as connection:
                yield connection
            return
        with self._taken(), self._writing.begin() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("PRAGMA query_only = OFF")

    def _taken(self) -> AbstractContextManager[None]:
        return nullcontext() if self._turn is None else self._turn.taken()

    @property
    def has_one_daemon(self) -> bool:
        """Whether `lock` keeps others out, so that leases from before it are of the dead."""
        return self._path is not None

    def lock(self) -> DaemonLock:
        """Take the lock of the one daemon; on PostgreSQL any number of them may run.

        Raises:
            StoreLockedError: Another daemon has it.
        """
        return DaemonLock(self._path and self._path.with_name(f"{self._path.name}.lock"))

    def copy_into(self, target: SqlStore) -> None:
        """Make another store hold exactly what this one holds now.

        Raises:
            StoreError: One of the two cannot be used.
        """
        copy_store(self, target)

    def close(self) -> None:
        """Let go of files and connections. A store in memory is gone with it."""
        self._writing.dispose()
        self._reading.dispose()
