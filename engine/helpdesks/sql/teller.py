"""From rows to tickets: what the queries of the config file say, in our own vocabulary."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from engine.domain.ticket import Event, Ticket, utc_second
from engine.helpdesks.base import EVER
from engine.helpdesks.rows.cell import RowError, StampCell
from engine.helpdesks.rows.columns import DateColumn
from engine.helpdesks.rows.history import Historian
from engine.helpdesks.rows.mapping import Row, RowReader, Values
from engine.helpdesks.rows.told import fingerprint
from engine.helpdesks.sql.database import Database
from engine.helpdesks.sql.journal import Change, JournalReader, tell, wanted_columns
from engine.helpdesks.sql.options import SqlOptions
from engine.helpdesks.sql.raw import alike, text_of
from engine.helpdesks.sql.table import Raw, Table
from engine.helpdesks.sql.thread import Fault, MessageReader, columns_of
from engine.ports import Observation

PUZZLING: Final = timedelta(minutes=15)
"""Clocks do not differ by more."""


@dataclass(frozen=True, slots=True)
class Found:
    """A row of the query for tickets.

    Attributes:
        id: The ticket's id, as text.
        key: The same, as the database gives it.
        values: Texts of the columns that the mapping wants.
        mark: Fingerprint of these.
    """

    id: str
    key: Any
    values: Values
    mark: int


@dataclass(frozen=True, slots=True)
class Understood:
    """Tickets, and what could not be understood.

    Attributes:
        later: Ids of the tickets whose rows are of a time to come.
    """

    observations: tuple[Observation, ...]
    faults: tuple[Fault, ...] = ()
    later: frozenset[str] = frozenset()


class Teller:
    """Reads tickets with their stories.

    Attributes:
        helpdesk: The helpdesk's name.
        id_column: The column of the tickets' ids.
        tickets: The query for tickets.
        messages: The query for messages, if there is one.
        events: The query for events, if there is one.
    """

    def __init__(self, name: str, options: SqlOptions, database: Database) -> None:
        """Read nothing yet."""
        self.helpdesk = name
        self._missing = missing = frozenset({"", *options.missing})
        self._reader = RowReader(options.understanding)
        self._historian = Historian(name, self._reader.fields)
        updated = options.tickets.updated
        extra = [updated.column] if updated else []
        wanted = [*self._reader.wanted, *extra]
        self.id_column = options.tickets.columns.id.column
        self.tickets = Table(database, name, "tickets.query", options.tickets.query, wanted)
        self._key = self.tickets.position(self.id_column)
        self._width = len(self._reader.wanted)
        self._one = (
            Table(database, name, "ticket.query", options.ticket.query, self._reader.wanted)
            if options.ticket
            else None
        )
        self.messages: Table | None = None
        self.events: Table | None = None
        zone = options.timezone
        if options.messages:
            said = options.messages.columns
            names = [said.ticket.column, *columns_of(said)]
            self.messages = Table(database, name, "messages.query", options.messages.query, names)
            self._messages = MessageReader(self.messages, said, missing, zone)
        if options.events:
            done = options.events.columns
            names = [done.ticket.column, *wanted_columns(done)]
            self.events = Table(database, name, "events.query", options.events.query, names)
            columns = options.tickets.columns
            self._journal = JournalReader(self.events, options.events, columns, missing, zone)
        self._options = options

    @property
    def finds_closed(self) -> bool:
        """Whether a query of its own finds any ticket by its id."""
        return self._one is not None

    def try_queries(self) -> None:
        """Ask every query for a row.

        Raises:
            HelpdeskError: One cannot be asked.
        """
        for table in (self.tickets, self.messages, self.events):
            if table is not None:
                table.any_row()
        if self._one is not None:
            self.by_id("0")

    def found(self, rows: Iterable[Raw]) -> list[Found]:
        """Rows as what they are; those that name no ticket are left out, and of two of one id one.

        Which one does not depend on the order of the rows.
        """
        by_id: dict[str, Found] = {}
        for row in rows:
            key = row[self._key]
            name = (text_of(key) or "").strip()
            if not name:
                continue
            values = tuple(text_of(value) for value in row[: self._width])
            mark = fingerprint(name.encode(), self._reader.digest(values))
            other = by_id.get(name)
            if other is None or mark < other.mark:
                by_id[name] = Found(name, key, values, mark)
        return list(by_id.values())

    def doubled(self, rows: Sequence[Raw]) -> list[Fault]:
        """Tickets that stand in several of these rows."""
        names = [text_of(row[self._key]) for row in rows]
        seen: set[str | None] = set()
        twice = {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
        return [
            Fault(
                "tickets.query",
                f"{name}/doubled",
                "doubled-ticket",
                f"ticket {name} stands in several rows, and one of them is taken; a join that"
                " multiplies rows belongs into a subquery or a query of its own",
            )
            for name in sorted(map(str, twice))
        ]

    def of_the_future(self, at: datetime, until: datetime) -> list[Fault]:
        """What is told of rows that wait for their time, unless it is a past that is lived through.

        Args:
            at: Their time (aware UTC).
            until: Nothing later is told.
        """
        if at - max(until, datetime.now(UTC)) <= PUZZLING:
            return []
        line = f"rows of {utc_second(at)} and later are yet to come, and wait; is `timezone` right?"
        return [Fault("tickets.query", f"future/{at:%Y-%m-%d}", "future-date", line)]

    def by_id(self, name: str) -> list[Found]:
        """The ticket of this id, asked for by that alone; several rows are one too many.

        Raises:
            HelpdeskError: It cannot be read.
        """
        keys = self.keys_of([name])
        if self._one is not None and keys:
            rows = self._one.single(keys[0])
        else:
            rows = list(self.tickets.having(self.id_column, keys))
        return [each for each in self.found(rows) if each.id == name]

    def observe(
        self, found: Sequence[Found], until: datetime, *, as_it_stands: bool = False
    ) -> Understood:
        """Tickets with their stories, nothing later than `until` (aware UTC).

        Args:
            found: The rows of tickets.
            until: Stands in, too, for the time of a row that has none.
            as_it_stands: What is said to happen later belongs to the stories all the same.

        Raises:
            HelpdeskError: A story cannot be read.
        """
        faults: list[Fault] = []
        rows: list[tuple[Found, Row]] = []
        later: set[str] = set()
        for each in found:
            try:
                row = self._reader.read(each.values, "tickets.query", 0)
            except RowError as error:
                line = f"ticket {each.id}: {error}"
                faults.append(Fault("tickets.query", f"{each.id}/{error}", error.code, line))
                continue
            if row is None:
                continue
            if row.known_from is not None and row.known_from > until:
                later.add(each.id)
                faults.extend(self.of_the_future(row.known_from, until))
            else:
                rows.append((each, row))
        names = [each.id for each, _ in rows]
        said = self._story(self.messages, names)
        done = self._story(self.events, names)
        observations = []
        for each, row in rows:
            end = EVER if as_it_stands else until
            messages, changes, wrong = self._life(each.id, said, done, end)
            faults.extend(wrong)
            observations.append(self._observation(row, messages, changes, until))
        return Understood(tuple(observations), tuple(faults), frozenset(later))

    def instants(self) -> Iterator[datetime]:
        """When anything happens of which a row tells (aware UTC).

        Raises:
            HelpdeskError: The tables cannot be read.
        """
        for table, column in self._stamped():
            position = table.position(column.column)
            cell = StampCell(column, position, self._missing, self._options.timezone)
            order, after = (column.column, self.key_column(table)), None
            while rows := table.page(order, after):
                for row in rows:
                    with contextlib.suppress(RowError):
                        at = cell[text_of(row[position])]
                        if at is not None:
                            yield at
                after = [rows[-1][table.position(name)] for name in order]

    def stories(self) -> Iterator[tuple[str, Table, DateColumn]]:
        """Name, table and stamps of what tells the tickets' stories."""
        options = self._options
        if self.messages is not None and options.messages:
            yield "messages", self.messages, options.messages.columns.at
        if self.events is not None and options.events:
            yield "events", self.events, options.events.columns.at

    def _stamped(self) -> Iterator[tuple[Table, DateColumn]]:
        options = self._options
        opened = options.tickets.columns.opened
        stamp = options.tickets.at or (opened.stamp if opened else None)
        if stamp is not None:
            yield self.tickets, stamp
        for _, table, column in self.stories():
            yield table, column

    def key_column(self, table: Table) -> str:
        """A column that tells rows of one stamp apart, as well as we know."""
        if table is self.tickets:
            return self.id_column
        part = self._options.messages if table is self.messages else self._options.events
        if part is None:
            return self.id_column
        return (part.columns.id or part.columns.ticket).column

    def _observation(
        self, row: Row, messages: Sequence[Event], changes: Sequence[Change], until: datetime
    ) -> Observation:
        seen = self._historian.of_state([row], until)
        if row.at is None and row.opened is not None and self._options.tickets.at is not None:
            seen = replace(seen, at=row.opened)  # never changed since
        if self.events is None:
            return replace(seen, messages=tuple(messages))
        ticket, opening, events = tell(seen.ticket, seen.at, changes, messages)
        at = max([seen.at, *(event.at for event in events)])
        return Observation(ticket, at, opening, events)

    def _life(
        self,
        name: str,
        said: Mapping[str, list[Raw]],
        done: Mapping[str, list[Raw]],
        until: datetime,
    ) -> tuple[list[Event], list[Change], list[Fault]]:
        messages: list[Event] = []
        changes: list[Change] = []
        faults: list[Fault] = []
        if self.messages is not None:
            story = self._messages.read(name, said.get(name, []))
            messages = [event for event in story.events if event.at <= until]
            faults.extend(story.faults)
        if self.events is not None:
            found, wrong = self._journal.read(name, done.get(name, []))
            changes = [change for change in found if change.at <= until]
            faults.extend(wrong)
        return messages, changes, faults

    def _story(self, table: Table | None, names: Sequence[str]) -> Mapping[str, list[Raw]]:
        rows: defaultdict[str, list[Raw]] = defaultdict(list)
        if table is not None and names:
            column = self.ticket_column(table)
            position = table.position(column)
            for row in table.having(column, _keys(names, table.sample(column))):
                rows[(text_of(row[position]) or "").strip()].append(row)
        return rows

    def ticket_column(self, table: Table) -> str:
        """The column that says which ticket a row of a story belongs to."""
        part = self._options.messages if table is self.messages else self._options.events
        return part.columns.ticket.column if part else ""

    def keys_of(self, names: Iterable[str]) -> list[object]:
        """Ids as the database knows them; those that no ticket can have are left out.

        Raises:
            HelpdeskError: It cannot be read.
        """
        return _keys(names, self.tickets.sample(self.id_column))


def _keys(names: Iterable[str], sample: object) -> list[object]:
    """Ids as values of the sample's type: tables may hold the same id as a number and as a text."""
    keys: list[object] = []
    for name in names:
        with contextlib.suppress(ValueError):
            keys.append(name if sample is None else alike(sample, name))
    return keys


def is_open(ticket: Ticket) -> bool:
    """Whether there is still something to be done for a ticket."""
    return not (ticket.status.is_resolved or ticket.is_gone or ticket.merged_into)
