"""What the query for messages tells of a ticket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from engine.domain.ticket import Actor, Event, EventKind, utc_second
from engine.helpdesks.quotation import unquoted
from engine.helpdesks.rows.cell import Cell, IgnoredRowError, RowError, StampCell
from engine.helpdesks.rows.columns import Column, NameColumn
from engine.helpdesks.sql.raw import text_of
from engine.helpdesks.sql.story_options import MessageColumns
from engine.helpdesks.sql.table import Raw, Table

AUTHORS: Final[Mapping[object, Actor]] = {
    "agent": Actor.PERSON,
    "customer": Actor.CUSTOMER,
    "robot": Actor.ROBOT,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that could not be understood.

    Attributes:
        place: The query that it is of.
        key: Tells it from others of that query.
        line: What is wrong, in one line that names the row.
    """

    place: str
    key: str
    code: str
    line: str


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to a ticket, by one query: in order of time, then of the rows' ids.

    Attributes:
        faults: Rows that could not be understood.
    """

    events: tuple[Event, ...] = ()
    faults: tuple[Fault, ...] = ()


class MessageReader:
    """Understands rows of the query for messages."""

    def __init__(
        self, table: Table, columns: MessageColumns, missing: frozenset[str], zone: ZoneInfo
    ) -> None:
        self._table = table
        self._missing = missing
        self._at = StampCell(columns.at, table.position(columns.at.column), missing, zone)
        self._id = _position(table, columns.id)
        self._author = self._cell("author", columns.author)
        self._public = self._cell("public", columns.public)
        self._automatic = self._cell("automatic", columns.automatic)
        self._bounce = self._cell("bounce", columns.bounce)
        self._text = self._cell("text", columns.text)
        self._channel = self._cell("channel", columns.channel)

    def read(self, ticket: str, rows: Iterable[Raw]) -> Story:
        """Understand the messages of one ticket."""
        events: list[tuple[tuple[datetime, int, str], Event]] = []
        faults: list[Fault] = []
        for row in rows:
            name = _name(row, self._id)
            try:
                event = self._event(row, name)
            except IgnoredRowError:
                continue
            except RowError as error:
                faults.append(fault_of(self._table.place, ticket, name, error))
                continue
            events.append(((event.at, *order_of(name)), event))
        events.sort(key=lambda pair: pair[0])
        return Story(tuple(numbered(event for _, event in events)), tuple(faults))

    def _event(self, row: Raw, name: str | None) -> Event:
        at = stamp_of(row, self._at)
        author = AUTHORS[_meaning(row, self._author)]
        is_bounce = _meaning(row, self._bounce) is True
        if is_bounce or _meaning(row, self._automatic) is True:
            author = Actor.ROBOT
        words, channel = _meaning(row, self._text), _meaning(row, self._channel)
        return Event(
            id=f"{name or utc_second(at)}/message",
            at=at,
            kind=EventKind.MESSAGE,
            actor=author,
            source_id=name,
            is_public=self._public is None or _meaning(row, self._public) is True,
            text=unquoted(words) if isinstance(words, str) else "",
            channel=channel if isinstance(channel, str) else None,
            is_bounce=is_bounce,
        )

    def _cell(self, name: str, column: Column | None) -> Cell | None:
        if column is None:
            return None
        position = self._table.position(column.column) if column.column else 0
        return Cell(name, column, position, self._missing)


def columns_of(columns: MessageColumns) -> Iterator[str]:
    """Names of the columns that the mapping reads."""
    for name in type(columns).model_fields:
        found = getattr(columns, name)
        if found is not None and found.column:
            yield found.column


def _position(table: Table, column: NameColumn | None) -> int | None:
    return None if column is None else table.position(column.column)


def _name(row: Raw, position: int | None) -> str | None:
    return None if position is None else (text_of(row[position]) or "").strip() or None


def _meaning(row: Raw, cell: Cell | None) -> object:
    return None if cell is None else cell[text_of(row[cell.position])]


def stamp_of(row: Raw, cell: StampCell) -> datetime:
    """When a row happened (aware UTC).

    Raises:
        RowError: It does not say.
    """
    at = cell[text_of(row[cell.position])]
    if at is None:
        raise RowError("missing-date", f"column '{cell.column}' holds no time")
    return at


def order_of(name: str | None) -> tuple[int, str]:
    """Where a row's id stands among those of one instant: numbers as numbers."""
    is_number = name is not None and name.isascii() and name.isdigit()
    return (int(name or 0) if is_number else 0), name or ""


def fault_of(place: str, ticket: str, name: str | None, error: RowError) -> Fault:
    """A row of a ticket's story that means nothing."""
    row = f"row {name} of ticket {ticket}" if name else f"a row of ticket {ticket}"
    return Fault(place, f"{ticket}/{name}/{error}", error.code, f"{row}: {error}")


def numbered(events: Iterable[Event]) -> Iterator[Event]:
    """The events, with ids that are theirs alone: the second of a name gets a number."""
    seen: Counter[str] = Counter()
    for event in events:
        seen[event.id] += 1
        count = seen[event.id]
        yield event if count == 1 else replace(event, id=f"{event.id}/{count}")
