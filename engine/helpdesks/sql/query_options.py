"""Queries of the config file."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator

from engine.helpdesks.options import refuse, shown
from engine.helpdesks.sql.statement import Statement, StatementError

_SINCE: Final = frozenset({"since"})
_ID: Final = frozenset({"id"})


def _statement(value: object, known: frozenset[str]) -> Statement:
    if not isinstance(value, str):
        raise refuse("query", f"{shown(value)} is no query", "write SELECT …")
    try:
        return Statement.parse(value, known)
    except StatementError as error:
        raise refuse("query", str(error), error.help) from None


def _listing(value: object) -> object:
    return _statement(value, _SINCE)


def _single(value: object) -> object:
    statement = _statement(value, _ID)
    if "id" not in statement.binds:
        raise refuse(
            "query", "this query asks for no ticket by its id", "end it with WHERE … = :id"
        )
    return statement


Query = Annotated[Statement, BeforeValidator(_listing)]
"""A query for many rows; `:since` may stand in it."""
SingleQuery = Annotated[Statement, BeforeValidator(_single)]
"""A query for the ticket of `:id`."""
