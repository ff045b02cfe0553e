"""Where everything is kept: SQLite by default, PostgreSQL when a URL says so.

The only package that imports SQLAlchemy, the SQL helpdesk aside. A stage's statements stand in the
part of the transaction that is named after what it keeps (`tickets`, `contacts`, `subjects`,
`episodes`, `decisions`, `outbox`, `generations`), the tables in `schema`, and how they came about
in `migrations`.
"""

from engine.store.failures import (
    SchemaOutdatedError,
    SchemaTooNewError,
    StoreCorruptError,
    StoreLockedError,
    StoreMissingError,
    StoreUnreachableError,
    StoreUrlError,
)
from engine.store.lock import DaemonLock
from engine.store.migrating import migrate
from engine.store.opening import connect, open_store
from engine.store.store import SqlStore
from engine.store.transaction import SqlTransaction

__all__ = [
    "DaemonLock",
    "SchemaOutdatedError",
    "SchemaTooNewError",
    "SqlStore",
    "SqlTransaction",
    "StoreCorruptError",
    "StoreLockedError",
    "StoreMissingError",
    "StoreUnreachableError",
    "StoreUrlError",
    "connect",
    "migrate",
    "open_store",
]
