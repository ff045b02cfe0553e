"""What the query for events tells of a ticket: one row for each change of a field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from engine.domain.ticket import (
    Actor,
    Event,
    EventKind,
    Status,
    Ticket,
    Value,
    utc_second,
    value_of,
    with_value,
)
from engine.helpdesks.rows.cell import Cell, IgnoredRowError, Keep, Known, RowError, StampCell
from engine.helpdesks.rows.columns import Column, Columns, DateColumn, Otherwise
from engine.helpdesks.sql.raw import text_of
from engine.helpdesks.sql.story_options import EventColumns, EventsOptions, told_fields
from engine.helpdesks.sql.table import Raw, Table
from engine.helpdesks.sql.thread import (
    AUTHORS,
    Fault,
    fault_of,
    numbered,
    order_of,
    stamp_of,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a history, understood.

    Attributes:
        at: Aware UTC.
        name: The row's id; None where rows have none.
        before: `Keep.PREVIOUS` where the row does not say.
    """

    at: datetime
    name: str | None
    field: str
    before: Known
    after: Value
    actor: Actor

    @property
    def order(self) -> tuple[datetime, int, str]:
        """Where it stands among the changes of its ticket."""
        return (self.at, *order_of(self.name))


class JournalReader:
    """Understands rows of the query for events."""

    def __init__(
        self,
        table: Table,
        options: EventsOptions,
        tickets: Columns,
        missing: frozenset[str],
        zone: ZoneInfo,
    ) -> None:
        columns = options.columns
        self._table = table
        self._missing = missing
        self._zone = zone
        self._at = StampCell(columns.at, table.position(columns.at.column), missing, zone)
        self._id = table.position(columns.id.column) if columns.id else None
        self._before = table.position(columns.before.column) if columns.before else None
        self._after = table.position(columns.after.column)
        self._author = self._author_of(columns)
        self._field = columns.field
        self._field_at = table.position(columns.field.column) if columns.field.column else 0
        self._meant = {t.casefold(): name for t, name in (columns.field.values or {}).items()}
        self._cells = {
            name: self._cell(name, column, options) for name, column in told_fields(tickets).items()
        }

    def read(self, ticket: str, rows: Iterable[Raw]) -> tuple[list[Change], list[Fault]]:
        """Understand the history of one ticket; what is no field of ours is left out."""
        changes: list[Change] = []
        faults: list[Fault] = []
        for row in rows:
            name = None if self._id is None else text_of(row[self._id]) or None
            try:
                change = self._change(row, name)
            except IgnoredRowError:
                continue
            except RowError as error:
                faults.append(fault_of(self._table.place, ticket, name, error))
                continue
            if change is not None:
                changes.append(change)
        return sorted(changes, key=lambda each: each.order), faults

    def _change(self, row: Raw, name: str | None) -> Change | None:
        field = self._field_of(row)
        if field is None:
            return None
        at = stamp_of(row, self._at)
        cell = self._cells[field]
        after = cell[text_of(row[self._after])]
        if after is Keep.PREVIOUS:
            return None
        author = None
        if self._author is not None:
            author = self._author[text_of(row[self._author.position])]
        return Change(
            at=at,
            name=name,
            field=field,
            before=self._value_before(row, cell),
            after=after,
            actor=AUTHORS.get(author, Actor.PERSON),
        )

    def _value_before(self, row: Raw, cell: Cell | StampCell) -> Known:
        """What the row says was there; what means nothing to us is as if it said nothing."""
        if self._before is None:
            return Keep.PREVIOUS
        try:
            return cell[text_of(row[self._before])]
        except (RowError, IgnoredRowError):
            return Keep.PREVIOUS

    def _field_of(self, row: Raw) -> str | None:
        """The field of ours that changed; None for one that nobody asks about."""
        column = self._field
        text = column.value or (text_of(row[self._field_at]) or "").strip()
        found = self._meant.get(text.casefold(), text)
        if found in self._cells:
            return found
        if column.otherwise == Otherwise.ERROR:
            message = f"column '{column.column}': '{text}' is no field; list it under values"
            raise RowError("unknown-field", message)
        return column.otherwise if column.otherwise in self._cells else None

    def _cell(
        self, name: str, column: Column | DateColumn, options: EventsOptions
    ) -> Cell | StampCell:
        if isinstance(column, DateColumn):
            return StampCell(column, self._after, self._missing, self._zone)
        values = options.values.get(name, column.values)
        held = Column(column=options.columns.after.column, values=values)
        return Cell(name, held.model_copy(update={"otherwise": column.otherwise}),
                    self._after, self._missing)  # fmt: skip

    def _author_of(self, columns: EventColumns) -> Cell | None:
        author = columns.author
        if author is None:
            return None
        position = self._table.position(author.column) if author.column else 0
        return Cell("author", author, position, self._missing)


def wanted_columns(columns: EventColumns) -> Iterator[str]:
    """Names of the columns that the mapping reads."""
    for name in type(columns).model_fields:
        found = getattr(columns, name)
        if found is not None and found.column:
            yield found.column


def tell(
    present: Ticket, at: datetime, changes: Sequence[Change], messages: Sequence[Event]
) -> tuple[Ticket, Ticket, tuple[Event, ...]]:
    """A ticket's life from its history.

    1. A field began as the first change of it says it was before; one that never changed, as it is.
    2. Each change goes on from the one before, whatever it says itself of that.
    3. Where the last change does not lead to what is there now, something changed it unrecorded:
       at the latest at `at`.

    Args:
        present: The ticket as it stands.
        at: Since when, at the latest (aware UTC).
        changes: In order.
        messages: In order.

    Returns:
        The ticket as it stands, as it was opened, and what happened in between.
    """
    instants = chain((change.at for change in changes), (message.at for message in messages))
    opened = min(chain((present.created_at,), instants))
    present = replace(present, created_at=opened)
    opening = present
    for change in reversed(changes):
        was = change.before if change.before is not Keep.PREVIOUS else _first_value(change.field)
        opening = with_value(opening, change.field, was)
    known = {change.field: value_of(opening, change.field) for change in changes}
    told = [*_as_events(changes, known), *_unrecorded(present, at, changes, known)]
    events = sorted((*messages, *numbered(told)), key=lambda event: event.at)
    return present, opening, tuple(events)


def _as_events(changes: Sequence[Change], known: dict[str, object]) -> Iterator[Event]:
    for change in changes:
        was = known[change.field]
        if was != change.after:
            base = change.name or utc_second(change.at)
            yield _changed(
                f"{base}/{change.field}", change.at, change.field, was, change.after, change
            )
        known[change.field] = change.after


def _unrecorded(
    present: Ticket, at: datetime, changes: Sequence[Change], known: dict[str, object]
) -> Iterator[Event]:
    latest = {change.field: change.at for change in changes}
    for field, since in latest.items():
        is_now = value_of(present, field)
        if is_now != known[field]:
            when = max(at, since)
            yield _changed(f"{utc_second(when)}/{field}/seen", when, field, known[field], is_now)


def _changed(
    id_: str, at: datetime, field: str, before: object, after: object, change: Change | None = None
) -> Event:
    return Event(
        id=id_,
        at=at,
        kind=EventKind.CHANGED,
        actor=change.actor if change else Actor.PERSON,
        source_id=change.name if change else None,
        field=field,
        before=before,  # type: ignore[arg-type]
        after=after,  # type: ignore[arg-type]
    )


def _first_value(field: str) -> Value:
    """What a field held before its history begins, where that does not say."""
    if field == "status":
        return Status.NEW
    if field == "tags":
        return ()
    return "" if field == "subject" else None
