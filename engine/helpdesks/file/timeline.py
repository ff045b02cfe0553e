"""All rows of a helpdesk, by ticket and by time."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Final

from engine.helpdesks.rows.mapping import Row

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class Timeline:
    """Rows in the order in which they happened; at one instant, in that of the files.

    A row without a time has always been there. A row that bears the id of an earlier one (in the
    order of the files) takes its place: it corrects it.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        """Begin with some rows."""
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._instants: list[tuple[datetime, str]] = []
        self.add(rows)

    @property
    def tickets(self) -> Collection[str]:
        """Ids of all tickets, whenever their first row is."""
        return self._rows.keys()

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows in."""
        touched = set()
        for row in rows:
            self._rows[row.ticket].append(row)
            touched.add(row.ticket)
            if row.known_from is not None:
                self._instants.append((row.known_from, row.ticket))
        for ticket in touched:
            self._rows[ticket] = _in_order(self._rows[ticket])
        self._instants.sort()

    def drop(self, row: Row) -> None:
        """Take one row out; what it may have corrected is not put back."""
        rows = [each for each in self._rows[row.ticket] if each is not row]
        if rows:
            self._rows[row.ticket] = rows
        else:
            del self._rows[row.ticket]

    def rows_of(self, ticket: str, until: datetime) -> Sequence[Row]:
        """Rows of a ticket, nothing later than `until` (aware UTC)."""
        rows = self._rows.get(ticket, [])
        return rows[: bisect_right(rows, until, key=_time)]

    def tickets_between(self, after: datetime, until: datetime) -> set[str]:
        """Tickets with rows later than `after` and not later than `until` (aware UTC)."""
        start = bisect_right(self._instants, after, key=itemgetter(0))
        end = bisect_right(self._instants, until, key=itemgetter(0))
        return {ticket for _, ticket in self._instants[start:end]}

    def next_after(self, after: datetime) -> datetime | None:
        """The first instant later than `after` at which something happens (aware UTC)."""
        position = bisect_right(self._instants, after, key=itemgetter(0))
        return self._instants[position][0] if position < len(self._instants) else None


def _time(row: Row) -> datetime:
    return row.known_from or _ALWAYS


def _in_order(rows: list[Row]) -> list[Row]:
    in_files = sorted(rows, key=lambda row: (row.file, row.line))
    latest = {row.event_id: row for row in in_files if row.event_id is not None}
    valid = [row for row in in_files if row.event_id is None or latest[row.event_id] is row]
    return sorted(valid, key=_time)
