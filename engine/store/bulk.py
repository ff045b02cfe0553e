"""Many rows in one statement: the way of writing in every stage that batches.

SQLite runs a prepared INSERT once a row, inside one call of the driver. PostgreSQL takes whole
columns as arrays and unrolls them, in one round trip. Both statements are built by SQLAlchemy from
the table, compiled once, and handed to the driver with plain values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

Insert = sqlite.Insert | postgresql.Insert
Conflict = Callable[[Any], Any]
"""Adds ON CONFLICT to an insert of either dialect."""


def keep_existing(insert: Insert) -> Insert:
    """What is there already stays as it is."""
    return insert.on_conflict_do_nothing()


def overwrite(*columns: str, key: Sequence[str]) -> Conflict:
    """Of what is there already under the same key, set these columns anew."""

    def on_conflict(insert: Insert) -> Insert:
        return insert.on_conflict_do_update(
            index_elements=list(key), set_={name: insert.excluded[name] for name in columns}
        )

    return on_conflict


class BulkInsert:
    """An INSERT of many rows.

    On PostgreSQL no two rows of one run may hit the same existing row with an update.
    """

    def __init__(self, table: Table, *columns: str, conflict: Conflict | None = None) -> None:
        """Describe the statement; it is compiled at its first use.

        Args:
            table: Where the rows go.
            columns: Names, in the order of the rows' values; all columns when none are given.
            conflict: Adds ON CONFLICT, if any.
        """
        self._table = table
        self._columns = columns or tuple(table.c.keys())
        self._conflict = conflict or (lambda insert: insert)

    def run(self, connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Insert rows of plain values (text, whole numbers, bools, None)."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(self._for_sqlite, list(rows))
        else:
            arrays = dict(zip(self._columns, map(list, zip(*rows, strict=True)), strict=True))
            connection.exec_driver_sql(self._for_postgres, arrays)

    @cached_property
    def _for_sqlite(self) -> str:
        insert = sqlite.insert(self._table).values(
            {name: bindparam(name) for name in self._columns}
        )
        compiled = self._conflict(insert).compile(dialect=sqlite.dialect(paramstyle="qmark"))
        return _in_order(str(compiled), list(compiled.positiontup), list(self._columns))

    @cached_property
    def _for_postgres(self) -> str:
        columns = [self._table.c[name] for name in self._columns]
        unrolled = select(
            *(func.unnest(bindparam(column.name, type_=ARRAY(column.type))) for column in columns)
        )
        insert = postgresql.insert(self._table).from_select(list(self._columns), unrolled)
        # In binary form arrays need no escaping, which is most of the work where JSON is inside.
        return str(self._conflict(insert).compile(dialect=_psycopg())).replace(")s::", ")b::")


def _psycopg() -> Any:  # noqa: ANN401
    from sqlalchemy.dialects.postgresql import psycopg  # noqa: PLC0415  (heavy, and not for SQLite)

    return psycopg.dialect()  # type: ignore[no-untyped-call]


def _in_order(statement: str, found: list[str], wanted: list[str]) -> str:
    if found != wanted:
        raise AssertionError(f"columns {found} of {statement!r} are not in the order {wanted}")
    return statement
