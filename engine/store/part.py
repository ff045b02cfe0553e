"""What the parts of a transaction stand on: its connection, and short ways to ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.store.among import bound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Executable, Row

    AnyRow = Row[*tuple[Any, ...]]


class Part:
    """One concern of a transaction, on the transaction's connection."""

    def __init__(self, connection: Connection) -> None:
        """Work on a connection whose transaction somebody else begins and ends."""
        self._connection = connection
        self._is_postgres = connection.dialect.name == "postgresql"

    def _rows(self, statement: Executable, **values: object) -> Sequence[AnyRow]:
        return self._connection.execute(statement, values).all()

    def _value(self, statement: Executable, **values: object) -> Any:  # noqa: ANN401
        """The one value of the first row, None where there is no row."""
        return self._connection.execute(statement, values).scalar()

    def _is_done(self, statement: Executable, **values: object) -> bool:
        """Whether the statement met a row."""
        return self._connection.execute(statement, values).rowcount > 0

    def _rows_of(
        self, statement: Executable, ids: Iterable[object], **values: object
    ) -> Sequence[AnyRow]:
        """The rows of a statement that asks for a column `among` these ids."""
        wanted = set(ids)
        return (
            self._rows(statement, ids=bound(self._connection, wanted), **values) if wanted else ()
        )

    def _do_for(self, statement: Executable, ids: Iterable[object], **values: object) -> None:
        """Run a statement on the rows with a column `among` these ids."""
        if wanted := set(ids):
            self._connection.execute(statement, {"ids": bound(self._connection, wanted), **values})
