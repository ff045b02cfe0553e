"""From a URL to a store that is ready for use."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from engine.store import sqlite
from engine.store.failures import (
    SchemaOutdatedError,
    StoreMissingError,
    StoreUrlError,
    translated,
)
from engine.store.migrating import is_outdated, migrate
from engine.store.store import SqlStore
from engine.store.turn import Turn

if TYPE_CHECKING:
    from sqlalchemy import URL

WAIT: Final = 10.0
"""Seconds to wait for a lock, a connection or a server before the batch is tried again later."""

POOL: Final = 5
"""Connections to PostgreSQL that are kept open: a stage each, and one to spare."""

_EXAMPLES: Final = (
    "write sqlite:///store.db (a file here), sqlite:////var/lib/escalatord/store.db,"
    " sqlite:// (in memory), or postgresql://user@host/database"
)


def open_store(
    url: str, *, upgrade: bool = True, wait: float = WAIT, pool_size: int = POOL
) -> SqlStore:
    """Open a store, with its tables as this program needs them.

    Args:
        url: ``sqlite:///FILE``, ``sqlite:////ABSOLUTE/FILE``, ``sqlite://`` (in memory, new and
            empty each time) or ``postgresql://…``.
        upgrade: Make the store where there is none, and migrate an older one; else refuse both.
        wait: Seconds to wait for a lock, a connection or a server.
        pool_size: Connections to PostgreSQL to keep open.

    Raises:
        StoreUrlError: The URL makes no sense.
        StoreUnreachableError: No server, no such folder, no rights.
        StoreMissingError: There is no such file, and `upgrade` is False.
        StoreCorruptError: The file is no database.
        SchemaTooNewError: The store belongs to a newer program.
        SchemaOutdatedError: It must be migrated, and `upgrade` is False.
    """
    if _is_memory(_parsed(url)):
        store = _in_memory(wait, _migrated_image())
    else:
        store = connect(url, wait=wait, pool_size=pool_size, create=upgrade)
    try:
        _make_ready(store, upgrade=upgrade)
    except BaseException:
        store.close()
        raise
    return store


def _make_ready(store: SqlStore, *, upgrade: bool) -> None:
    if upgrade:
        migrate(store)
    elif is_outdated(store):
        raise SchemaOutdatedError(
            f"store {store.where} is older than this program; run `escalatord migrate`"
        )


def connect(
    url: str, *, wait: float = WAIT, pool_size: int = POOL, create: bool = True
) -> SqlStore:
    """A store as it is, neither checked nor migrated: for the verb `migrate`.

    Args:
        url: As for `open_store`.
        wait: As for `open_store`.
        pool_size: As for `open_store`.
        create: Whether a file that is not there may be made.

    Raises:
        StoreUrlError: The URL makes no sense.
        StoreUnreachableError: No server, no such folder, no rights.
    """
    parsed = _parsed(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, wait, create=create)
        case "postgresql":
            return _postgres(parsed, wait, pool_size)
        case other:
            raise StoreUrlError(f"the store's URL: nothing can be kept in {other}; {_EXAMPLES}")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        # It may hold a password, so it is not repeated.
        raise StoreUrlError(f"the store's URL cannot be read; {_EXAMPLES}") from error


def _is_memory(url: URL) -> bool:
    is_nowhere = not url.host and url.database in (None, "", ":memory:")
    return url.get_backend_name() == "sqlite" and is_nowhere


def _sqlite(url: URL, wait: float, *, create: bool) -> SqlStore:
    sqlite.require_version()
    if url.host or url.query:
        raise StoreUrlError(
            f"the store's URL {url}: a file takes three slashes and no options; {_EXAMPLES}"
        )
    if _is_memory(url):
        return _in_memory(wait)
    path = Path(str(url.database))
    sqlite.require_folder(path)
    if not create and not path.exists():
        raise StoreMissingError(f"there is no store {path}; start the daemon to make it")
    writing, reading = sqlite.file_engines(path, wait)
    return SqlStore(str(path), writing, reading, Turn(str(path), wait), path)


def _in_memory(wait: float, image: bytes | None = None) -> SqlStore:
    engine = sqlite.memory_engine(image)
    return SqlStore("in memory", engine, engine, Turn("in memory", wait), None)


@cache
def _migrated_image() -> bytes | None:
    """A migrated database: simulations open many, and to migrate each would take the most time."""
    store = _in_memory(WAIT)
    migrate(store)
    with store.reading() as connection:
        image = sqlite.image_of(connection)
    store.close()
    return image


def _postgres(url: URL, wait: float, pool_size: int) -> SqlStore:
    from engine.store import postgres  # noqa: PLC0415  (its driver is heavy)

    where = url.set(drivername="postgresql").render_as_string(hide_password=True)
    writing, reading = postgres.engines(url, pool_size, wait)
    with translated(where), writing.connect() as connection:
        postgres.require_version(connection, where)
    return SqlStore(where, writing, reading, None, None)
