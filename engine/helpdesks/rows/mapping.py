"""From the texts of a record to what they mean: a row in our own vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final
from zoneinfo import ZoneInfo

from engine.domain.ticket import CHANGEABLE, CUSTOMER_FIELDS, Actor
from engine.helpdesks.quotation import unquoted
from engine.helpdesks.rows.cell import Cell, IgnoredRowError, Keep, Known, RowError, StampCell
from engine.helpdesks.rows.columns import Column, Columns, DateColumn, MessageRule

_DIGEST_BYTES: Final = 8
_KEY_BYTES: Final = 16


Values = tuple[str | None, ...]
"""The texts of the wanted columns, in their order; None where a record lacks one."""

State = tuple[Known, ...]
"""What a row says of each of the `fields` of its mapping, in their order."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """How the config file says that records are understood.

    Attributes:
        columns: Which column holds which field.
        missing: Texts that mean that there is no value; the empty text always does.
        timezone: Zone of stamps that name none.
        messages: Which records are messages; of several that fit, the first counts.
        tells_opening: Every record must say when its ticket was opened, if that has a column.
        tells_time: Every record must say when it happened, if that has a column.
        identity: Tells this understanding from any other: what it tells of a record is new.
    """

    columns: Columns
    missing: tuple[str, ...]
    timezone: ZoneInfo
    messages: tuple[MessageRule, ...]
    tells_opening: bool
    tells_time: bool
    identity: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message that a row is."""

    author: Actor
    is_public: bool
    text: str
    channel: str | None
    is_bounce: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row, understood.

    Attributes:
        ticket: The ticket's id in the file.
        at: When it happened (aware UTC); None where the file does not say.
        opened: When the ticket was opened (aware UTC); None for the time of its first row.
        event_id: The file's own id of the event, None where it has none.
        file: The file as people know it.
        line: From 1.
        digest: Tells this content, so understood, from any other.
    """

    ticket: str
    at: datetime | None
    opened: datetime | None
    state: State
    said: Said | None
    event_id: str | None
    file: str
    line: int
    digest: bytes

    @property
    def known_from(self) -> datetime | None:
        """From when on it can be told (aware UTC): its time, else the ticket's opening."""
        return self.at or self.opened


class RowReader:
    """Reads records by the mapping of the config file.

    Attributes:
        wanted: Columns that records must have, in the order in which they hold them.
        fields: Fields of a ticket that the file tells, in the order in which one row changes them:
            that of `CHANGEABLE`, then ``customer.…``, then ``fields.…`` by name.
    """

    def __init__(self, understanding: Understanding) -> None:
        columns = understanding.columns
        self._understanding = understanding
        self._missing = frozenset({"", *understanding.missing})
        self._positions: dict[str, int] = {}
        self._id = self._position(columns.id.column)
        self._event_id = self._position(columns.event_id.column) if columns.event_id else None
        self._at = self._stamp(columns.at) if columns.at else None
        opened = columns.opened.stamp if columns.opened else None
        self._opened = self._stamp(opened) if opened else None
        cells = dict(self._cells(columns))
        self.fields = tuple(sorted(cells, key=_rank))
        self._state = tuple((cells[name], cells[name].position) for name in self.fields)
        self._leaving_out = tuple(cell for cell in cells.values() if cell.may_ignore)
        self._borrowed_status = self._place_of_borrowed_status(columns)
        self._messages = tuple(self._message_rule(rule) for rule in understanding.messages)
        self.wanted = tuple(self._positions)
        identity = understanding.identity.encode()
        self._key = blake2b(identity, digest_size=_KEY_BYTES).digest()

    def read(self, values: Values, file: str, line: int) -> Row | None:
        """Read a record; None for one that the mapping leaves out.

        Args:
            values: Texts of the columns that are `wanted`.
            file: The file as people know it.
            line: From 1.

        Raises:
            RowError: It cannot be understood.
        """
        at: datetime | None = None
        try:
            for cell in self._leaving_out:
                cell[values[cell.position]]
            at = self._time_of(values)
            ticket = self._ticket_of(values)
            state: State = tuple([cell[values[place]] for cell, place in self._state])
            opened = self._opening_of(values)
            said = self._said(values) if self._messages else None
        except IgnoredRowError:
            return None
        except RowError as error:
            error.at = at
            raise
        event_id = (values[self._event_id] or "").strip() if self._event_id is not None else None
        return Row(
            ticket=ticket,
            at=at,
            opened=opened,
            state=self._with_status_kept(state),
            said=said,
            event_id=event_id or None,
            file=file,
            line=line,
            digest=self.digest(values),
        )

    def _ticket_of(self, values: Values) -> str:
        ticket = (values[self._id] or "").strip()
        if ticket in self._missing:
            column = self._understanding.columns.id.column
            raise RowError("missing-id", f"column '{column}' names no ticket")
        return ticket

    def _time_of(self, values: Values) -> datetime | None:
        if self._at is None:
            return None
        at = self._at[values[self._at.position]]
        if at is None and self._understanding.tells_time:
            raise RowError("missing-date", f"column '{self._at.column}' holds no time")
        return at

    def _opening_of(self, values: Values) -> datetime | None:
        if self._opened is None:
            return None
        opened = self._opened[values[self._opened.position]]
        if opened is None and self._understanding.tells_opening:
            column = self._opened.column
            raise RowError("missing-date", f"column '{column}' does not tell the opening")
        return opened

    def _with_status_kept(self, state: State) -> State:
        """A row whose status means nothing says nothing of the status in the desk's words, too."""
        if self._borrowed_status is None or state[self._borrowed_status[0]] is not Keep.PREVIOUS:
            return state
        place = self._borrowed_status[1]
        return (*state[:place], Keep.PREVIOUS, *state[place + 1 :])

    def _said(self, values: Values) -> Said | None:
        rule = next((rule for rule in self._messages if rule.fits(values)), None)
        if rule is None:
            return None
        mark = None if rule.automatic is None else rule.automatic[values[rule.automatic.position]]
        text = None if rule.text is None else rule.text[values[rule.text.position]]
        channel = None if rule.channel is None else rule.channel[values[rule.channel.position]]
        return Said(
            author=Actor.ROBOT if mark is True or rule.is_bounce else rule.author,
            is_bounce=rule.is_bounce,
            is_public=rule.is_public,
            text=unquoted(text) if isinstance(text, str) else "",
            channel=channel if isinstance(channel, str) else None,
        )

    def digest(self, values: Values) -> bytes:
        """Tells a record, as it is understood here, from any other."""
        content = repr(values).encode()
        return blake2b(content, digest_size=_DIGEST_BYTES, key=self._key).digest()

    def _cells(self, columns: Columns) -> Iterator[tuple[str, Cell | StampCell]]:
        """Cells by the field whose text they read."""
        for attribute, info in Columns.model_fields.items():
            column = getattr(columns, attribute)
            name = _FIELDS.get(attribute, info.alias or attribute)
            if isinstance(column, Column):
                yield name, self._cell(name, column)
        if columns.due:
            yield "due_at", self._stamp(columns.due)
        for name, column in columns.fields.items():
            yield f"fields.{name}", self._cell(f"fields.{name}", column)
        status = columns.status
        if columns.raw_status is None and status and status.column:
            yield "raw_status", self._cell("raw_status", Column(column=status.column))

    def _cell(self, name: str, column: Column) -> Cell:
        position = self._position(column.column) if column.column else 0
        return Cell(name, column, position, self._missing)

    def _stamp(self, column: DateColumn) -> StampCell:
        position = self._position(column.column)
        return StampCell(column, position, self._missing, self._understanding.timezone)

    def _place_of_borrowed_status(self, columns: Columns) -> tuple[int, int] | None:
        if columns.status is None or columns.raw_status or "raw_status" not in self.fields:
            return None
        return self.fields.index("status"), self.fields.index("raw_status")

    def _message_rule(self, rule: MessageRule) -> _MessageRule:
        tests = tuple(
            (self._position(column), frozenset(text.casefold() for text in texts))
            for column, texts in rule.where.items()
        )
        text = self._cell("text", rule.text) if rule.text else None
        channel = self._cell("channel", rule.channel) if rule.channel else None
        automatic = self._cell("automatic", rule.automatic) if rule.automatic else None
        return _MessageRule(tests, rule.author, rule.public, automatic, text, channel, rule.bounce)

    def _position(self, column: str) -> int:
        """Where records hold a column; it is wanted from now on."""
        return self._positions.setdefault(column, len(self._positions))


@dataclass(frozen=True, slots=True)
class _MessageRule:
    """A rule of `messages`, by positions."""

    tests: tuple[tuple[int, frozenset[str]], ...]
    author: Actor
    is_public: bool
    automatic: Cell | None
    text: Cell | None
    channel: Cell | None
    is_bounce: bool

    def fits(self, values: Values) -> bool:
        """Whether a record is such a message."""
        return all(
            (values[position] or "").strip().casefold() in texts for position, texts in self.tests
        )


_FIELDS: Final = {"due": "due_at", "gone": "is_gone"}
"""Fields of a ticket whose columns people know by another name."""


def _rank(name: str) -> tuple[int, int, str]:
    """Where a field stands among the changes of one row."""
    head, _, rest = name.partition(".")
    if head == "fields":
        return 2, 0, rest
    if head == "customer":
        return 1, CUSTOMER_FIELDS.index(rest), ""
    return 0, CHANGEABLE.index(name), ""
