"""SQLite: one file and no server, or a store in memory that goes when it is closed."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from engine.store.failures import StoreUnreachableError, StoreUrlError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

OLDEST: Final = (3, 34, 0)
"""What the oldest systems with Python 3.11 ship (RHEL 9); UPSERT, json_each and more are needed."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",  # readers never wait for the writer
    "PRAGMA synchronous = FULL",  # what is committed outlives a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8000",  # KiB a connection
)
_AGAIN: Final = 0.01
"""Seconds until a file that is locked is tried again."""
_CAN_IMAGE: Final = hasattr(sqlite3.Connection, "serialize")
_READ_ONLY: Final = "PRAGMA query_only = ON"


def require_version() -> None:
    """Refuse an SQLite that is too old.

    Raises:
        StoreUrlError: It is.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST[:2]))
        raise StoreUrlError(
            f"SQLite {sqlite3.sqlite_version} is too old for the store: {wanted} or newer is"
            " needed; update Python's SQLite, or use a postgresql:// URL"
        )


def require_folder(path: Path) -> None:
    """Refuse a file that cannot be made for want of its folder.

    Raises:
        StoreUnreachableError: There is no such folder, or the path is a folder itself.
    """
    if path.is_dir():
        raise StoreUnreachableError(f"store {path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise StoreUnreachableError(
            f"store {path} cannot be opened: there is no folder {path.parent}; make it first"
        )


def file_engines(path: Path, busy_timeout: float) -> tuple[Engine, Engine]:
    """Engines for writing (`BEGIN IMMEDIATE`) and for reading (`BEGIN`, and no writing)."""
    url = URL.create("sqlite", database=str(path))
    arguments = {"timeout": busy_timeout, "check_same_thread": False}
    writing = create_engine(url, connect_args=arguments, pool_timeout=busy_timeout)
    reading = create_engine(url, connect_args=arguments, pool_timeout=busy_timeout)
    _prepare(writing, *_PRAGMAS, begin="BEGIN IMMEDIATE", patience=busy_timeout)
    _prepare(reading, *_PRAGMAS, _READ_ONLY, begin="BEGIN", patience=busy_timeout)
    return writing, reading


def memory_engine(image: bytes | None = None) -> Engine:
    """An engine with the one connection that holds the database.

    Args:
        image: What the database holds from the start, as `image_of` gave it.
    """
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    if image is not None:
        event.listen(engine, "connect", lambda connection, _: connection.deserialize(image))
    _prepare(engine, *_PRAGMAS, begin="BEGIN IMMEDIATE")
    return engine


def image_of(connection: Connection) -> bytes | None:
    """The whole database as bytes; None where SQLite was built without that."""
    driver = connection.connection.driver_connection
    return driver.serialize() if isinstance(driver, sqlite3.Connection) and _CAN_IMAGE else None


def _prepare(engine: Engine, *pragmas: str, begin: str, patience: float = 0.0) -> None:
    def on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions begin below, and nowhere else
        for pragma in pragmas:
            _set(connection, pragma, patience)

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _set(connection: DBAPIConnection, pragma: str, patience: float) -> None:
    """Execute a pragma; a file that is locked is waited for, so many seconds.

    A new file becomes one of WAL by whoever has it alone, and for that SQLite itself does not wait.
    """
    end = time.monotonic() + patience
    while True:
        try:
            connection.execute(pragma)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(_AGAIN)
        else:
            return
