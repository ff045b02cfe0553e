"""Copying a whole store, for dry runs: they work on the copy, and nothing is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from engine.store.bulk import BulkInsert
from engine.store.schema import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from engine.store.store import SqlStore

_BATCH: Final = 2_000
"""Rows held in memory at once."""


def copy_store(source: SqlStore, target: SqlStore) -> None:
    """Make `target` hold exactly what `source` holds at one instant; both are up to date.

    Args:
        source: Any store.
        target: A store on SQLite: PostgreSQL would not count on from the numbers copied.

    Raises:
        StoreError: One of them cannot be used.
    """
    with source.reading() as reading, target.writing() as writing:
        for table in reversed(METADATA.sorted_tables):
            writing.execute(delete(table))
        for table in METADATA.sorted_tables:
            _copy_table(table, reading, writing)


def _copy_table(table: Table, reading: Connection, writing: Connection) -> None:
    insert = BulkInsert(table)
    with reading.execution_options(yield_per=_BATCH).execute(select(table)) as rows:
        for part in rows.partitions():
            insert.run(writing, [tuple(row) for row in part])
