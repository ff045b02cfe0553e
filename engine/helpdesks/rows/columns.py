"""What the config file says of columns: which holds which field, and what its texts mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from engine.domain.ticket import Actor, Priority, Status
from engine.helpdesks.options import Flag, Options, refuse, shown, suggestion

# A leap day's year, with every part different from what strptime assumes.
_PROBE: Final = datetime(2004, 2, 29, 13, 45, 0, tzinfo=UTC)


class Otherwise(StrEnum):
    """What becomes of a text that the mapping does not list."""

    ERROR = "error"
    IGNORE_ROW = "ignore_row"
    KEEP = "keep"
    KEEP_PREVIOUS = "keep_previous"


def _status(value: object) -> object:
    return _word(value, map(str, Status), "status")


def _priority(value: object) -> object:
    return _word(value, map(str, Priority), "priority")


def _word(value: object, words: Iterable[str], kind: str) -> object:
    known = list(words)
    if value not in known:
        raise refuse(kind, f"{shown(value)} is no {kind}", suggestion(str(value), known))
    return value


def _format(value: object) -> object:
    if not isinstance(value, str):
        raise refuse(
            "format", f"{shown(value)} is no date format", "write for example %Y-%m-%d %H:%M"
        )
    try:
        read = datetime.strptime(_PROBE.strftime(value), value)  # noqa: DTZ007  a trial
    except ValueError:
        raise refuse(
            "format", f"'{value}' is no date format", "write strptime's, as in %d-%m-%Y %H:%M"
        ) from None
    if (read.year, read.month, read.day) != (_PROBE.year, _PROBE.month, _PROBE.day):
        raise refuse("format", f"'{value}' does not say year, month and day", "add %Y, %m and %d")
    return value


StatusWord = Annotated[str, BeforeValidator(_status)]
PriorityWord = Annotated[str, BeforeValidator(_priority)]
Text = Annotated[str, Field(min_length=1)]


class Column(Options):
    """Where a field's text comes from, and what it means.

    Attributes:
        column: Name of the column; in JSON Lines a dotted path into the object.
        value: In place of a column: the text that every row has.
        values: What the texts of the column mean.
        otherwise: What becomes of a text that `values` does not list (for status and priority:
            that is also none of our words); a word of `Otherwise`, or the meaning itself.
    """

    column: Text | None = None
    value: str | None = None
    values: Mapping[str, str] | None = None
    otherwise: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: object) -> object:
        return {"column": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_source(self) -> Column:
        if (self.column is None) == (self.value is None):
            raise refuse(
                "column", "a field needs a column, or a value instead", "write {column: NAME}"
            )
        return self


def _status_otherwise(value: object) -> object:
    return _word(value, [*map(str, Otherwise), *map(str, Status)], "status")


def _priority_otherwise(value: object) -> object:
    return _word(value, [*map(str, Otherwise), *map(str, Priority)], "priority")


class StatusColumn(Column):
    """The column of the status."""

    value: StatusWord | None = None
    values: Mapping[str, StatusWord] | None = None
    otherwise: Annotated[str, BeforeValidator(_status_otherwise)] | None = None


class PriorityColumn(Column):
    """The column of the priority."""

    value: PriorityWord | None = None
    values: Mapping[str, PriorityWord] | None = None
    otherwise: Annotated[str, BeforeValidator(_priority_otherwise)] | None = None


class FlagColumn(Column):
    """A column of yes and no."""

    values: Mapping[str, Literal["true", "false"]] | None = None
    otherwise: Literal["true", "false", "error", "ignore_row", "keep_previous"] | None = None


class NameColumn(Options):
    """A column that is taken as it is.

    Attributes:
        column: Name of the column; in JSON Lines a dotted path into the object.
    """

    column: Text

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: object) -> object:
        return {"column": data} if isinstance(data, str) else data


class DateColumn(NameColumn):
    """A column of stamps.

    Attributes:
        format: A format of `strptime`; without one ISO 8601 and other unmistakable forms.
    """

    format: Annotated[str, BeforeValidator(_format)] | None = None


class OpenedColumn(Options):
    """When a ticket was opened: a column of stamps, or the time of its first row."""

    column: Text | None = None
    format: Annotated[str, BeforeValidator(_format)] | None = None
    first: Literal["event"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: object) -> object:
        return {"column": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_source(self) -> OpenedColumn:
        if (self.column is None) == (self.first is None):
            raise refuse(
                "opened", "opened needs a column, or {first: event}", "write {column: NAME}"
            )
        return self

    @property
    def stamp(self) -> DateColumn | None:
        """The column; None for the time of the first row."""
        if self.column is None:
            return None
        return DateColumn(column=self.column, format=self.format)


class Columns(Options):
    """Which column holds which field; the dotted ones have an underscore here."""

    id: NameColumn
    at: DateColumn | None = None
    opened: OpenedColumn | None = None
    event_id: NameColumn | None = None
    subject: Column | None = None
    status: StatusColumn | None = None
    raw_status: Column | None = None
    priority: PriorityColumn | None = None
    tags: Column | None = None
    type: Column | None = None
    group: Column | None = None
    assignee: Column | None = None
    channel: Column | None = None
    language: Column | None = None
    due: DateColumn | None = None
    merged_into: Column | None = None
    gone: FlagColumn | None = None
    customer_id: Column | None = Field(None, alias="customer.id")
    customer_name: Column | None = Field(None, alias="customer.name")
    customer_email: Column | None = Field(None, alias="customer.email")
    customer_tier: Column | None = Field(None, alias="customer.tier")
    customer_organization: Column | None = Field(None, alias="customer.organization")
    customer_language: Column | None = Field(None, alias="customer.language")
    customer_no_updates: FlagColumn | None = Field(None, alias="customer.no_updates")
    customer_is_automatic: FlagColumn | None = Field(None, alias="customer.is_automatic")
    fields: Mapping[Text, Column] = Field(default_factory=dict, alias="fields.NAME")

    @model_validator(mode="before")
    @classmethod
    def _gather_fields(cls, data: object) -> object:
        """`fields.site: Site` is written flat, and belongs to a mapping of its own."""
        if not isinstance(data, dict):
            return data
        prefix = "fields."
        flat = {key: value for key, value in data.items() if not key.startswith(prefix)}
        own = {k.removeprefix(prefix): v for k, v in data.items() if k.startswith(prefix)}
        return {**flat, "fields.NAME": own}


def _texts(value: object) -> object:
    if isinstance(value, str) or value is None:
        return (value or "",)
    if isinstance(value, list) and all(isinstance(text, str) or text is None for text in value):
        return tuple(text or "" for text in value)
    raise refuse("not-a-list", f"{shown(value)} is no list of texts", 'write for example ["", "?"]')


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


def _author(value: object) -> object:
    authors = {"agent": Actor.PERSON, "customer": Actor.CUSTOMER, "robot": Actor.ROBOT}
    if not isinstance(value, str) or value not in authors:
        raise refuse(
            "author", f"{shown(value)} writes no messages", suggestion(str(value), authors)
        )
    return authors[value]


class MessageRule(Options):
    """Which rows are messages.

    Attributes:
        where: Column to texts: the row is a message if every column holds one of its texts.
        author: Who wrote it (`from` in the file).
        public: Whether the customer can read it.
        automatic: Which of them no person wrote: their author is a robot.
        bounce: They say that a message of ours did not reach the customer's address; no person
            wrote them either.
        text: Where its words are.
        channel: How it came in.
    """

    where: Mapping[Text, Texts] = Field(min_length=1)
    author: Annotated[Actor, BeforeValidator(_author)] = Field(alias="from")
    public: Flag = True
    automatic: FlagColumn | None = None
    bounce: Flag = False
    text: Column | None = None
    channel: Column | None = None


def value_columns(columns: Columns) -> Iterator[tuple[str, Column]]:
    """The columns that hold texts of fields, by the key that names them."""
    for attribute, info in type(columns).model_fields.items():
        column = getattr(columns, attribute)
        if isinstance(column, Column):
            yield info.alias or attribute, column
    for name, column in columns.fields.items():
        yield f"fields.{name}", column
