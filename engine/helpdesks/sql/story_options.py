"""What the config file says of the queries for messages and for events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from engine.domain.ticket import CHANGEABLE
from engine.helpdesks.options import OptionFault, Options, refuse, shown, suggestion
from engine.helpdesks.rows.columns import (
    Column,
    Columns,
    DateColumn,
    FlagColumn,
    NameColumn,
    Otherwise,
    Text,
    value_columns,
)
from engine.helpdesks.sql.query_options import Query

_AUTHORS: Final = ("agent", "customer", "robot")


def _author(value: object) -> object:
    if value not in _AUTHORS:
        raise refuse("author", f"{shown(value)} writes nothing", suggestion(str(value), _AUTHORS))
    return value


Author = Annotated[str, BeforeValidator(_author)]


def _author_otherwise(value: object) -> object:
    words = [*_AUTHORS, Otherwise.ERROR.value, Otherwise.IGNORE_ROW.value]
    if value not in words:
        raise refuse("author", f"{shown(value)} writes nothing", suggestion(str(value), words))
    return value


class AuthorColumn(Column):
    """The column that tells who wrote or did something."""

    value: Author | None = None
    values: Mapping[str, Author] | None = None
    otherwise: Annotated[str, BeforeValidator(_author_otherwise)] | None = None


class ConstantFlagColumn(FlagColumn):
    """A column of yes and no; or one of the two, for all rows."""

    @model_validator(mode="before")
    @classmethod
    def _constant(cls, data: object) -> object:
        return {"value": data} if data in ("true", "false") else data


def _no_previous(column: Column | None) -> Column | None:
    if column is not None and column.otherwise == Otherwise.KEEP_PREVIOUS:
        raise refuse(
            "otherwise", "there is no previous row here", "write error, ignore_row, keep or a value"
        )
    return column


class MessageColumns(Options):
    """Which column holds what of a message."""

    ticket: NameColumn
    at: DateColumn
    id: NameColumn | None = None
    author: AuthorColumn = Field(alias="from")
    public: Annotated[ConstantFlagColumn | None, AfterValidator(_no_previous)] = None
    automatic: Annotated[ConstantFlagColumn | None, AfterValidator(_no_previous)] = None
    bounce: Annotated[ConstantFlagColumn | None, AfterValidator(_no_previous)] = None
    text: Annotated[Column | None, AfterValidator(_no_previous)] = None
    channel: Annotated[Column | None, AfterValidator(_no_previous)] = None


class MessagesOptions(Options):
    """The query for messages: one row each."""

    query: Query
    columns: MessageColumns


class EventColumns(Options):
    """Which column holds what of a change of a field."""

    ticket: NameColumn
    at: DateColumn
    id: NameColumn | None = None
    field: Annotated[Column, AfterValidator(_no_previous)]
    before: NameColumn | None = None
    after: NameColumn
    author: AuthorColumn | None = Field(None, alias="from")


class EventsOptions(Options):
    """The query for the history: one row for each change of a field.

    Attributes:
        values: Our field → what its texts in the history mean; without an entry they mean what
            they mean in the query for tickets.
    """

    query: Query
    columns: EventColumns
    values: Mapping[Text, Mapping[str, str]] = Field(default_factory=dict)

    def faults_with(self, tickets: Columns) -> Iterator[OptionFault]:
        """What does not go with the columns of the tickets; paths begin at the helpdesk."""
        known = told_fields(tickets)
        meant = self.columns.field.values or {}
        named: list[tuple[tuple[str, ...], str]] = [
            (("events", "values", name), name) for name in self.values
        ]
        named += [(("events", "columns", "field", "values"), name) for name in meant.values()]
        for path, name in named:
            if name not in known:
                message = f"'{name}' is no field that the tickets have"
                yield OptionFault(path, "field", message, suggestion(name, known))


_SHORT_NAMES: Final = {"due": "due_at", "gone": "is_gone"}


def told_fields(columns: Columns) -> dict[str, Column | DateColumn]:
    """The fields whose changes a history can tell: those that the tickets have, by our names."""
    found: dict[str, Column | DateColumn] = {}
    for name, column in value_columns(columns):
        ours = _SHORT_NAMES.get(name, name)
        if ours in CHANGEABLE or "." in ours:
            found[ours] = column
    if columns.due:
        found["due_at"] = columns.due
    return found
