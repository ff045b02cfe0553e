"""A column among any number of values, as one parameter.

An IN list grows the statement with every value, so that the driver takes it apart anew each time.
PostgreSQL takes an array instead, SQLite a JSON text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from engine.store.codec import dumps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection
    from sqlalchemy.sql.compiler import SQLCompiler


class among(FunctionElement[bool]):  # noqa: N801  (it reads as an operator in statements)
    """``among(column, "ids")``: the column's value is one of those that `ids` is bound to."""

    inherit_cache = True
    name = "among"
    # As a Boolean it would be compared with 1 on SQLite, and no index would serve that.
    type = NullType()  # type: ignore[assignment]

    def __init__(self, column: ColumnElement[Any], parameter: str) -> None:
        super().__init__(column, bindparam(parameter))


@compiles(among, "postgresql")
def _any_of_an_array(element: among, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    column, values = element.clauses
    kind = compiler.dialect.type_compiler_instance.process(column.type)
    found, bound = compiler.process(column, **options), compiler.process(values, **options)
    return f"{found} = ANY (CAST({bound} AS {kind}[]))"


@compiles(among, "sqlite")
def _in_a_json_text(element: among, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  (compiled parts)


def bound(connection: Connection, values: Iterable[object]) -> object:
    """What to bind the parameter of `among` to: text or whole numbers, each once, in order."""
    each = sorted(set(values))  # type: ignore[type-var]
    return dumps(each) if connection.dialect.name == "sqlite" else each
