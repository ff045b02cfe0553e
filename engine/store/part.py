"""What the parts of a transaction stand on: its connection, and lists cut to size."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Executable, Row

    AnyRow = Row[*tuple[Any, ...]]

CHUNK: Final = 500
"""Most ids in one IN list: SQLite's older builds take 999 parameters in a statement."""


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
        self, statement: Executable, ids: Iterable[str], **values: object
    ) -> Iterator[AnyRow]:
        """The rows of a statement with an expanding parameter `ids`, asked in chunks."""
        return chain.from_iterable(
            self._rows(statement, ids=chunk, **values) for chunk in in_chunks(ids)
        )


def in_chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids in order, each once, at most `CHUNK` at a time."""
    each = sorted(set(ids))
    return (each[start : start + CHUNK] for start in range(0, len(each), CHUNK))
