"""What is new of a table, by a column of stamps that only grow.

Rows come up late: a stamp is taken when a transaction begins, and seen when it ends. So the place
from which a feed goes on stays behind the present by an overlap; what lies behind that place is
asked for again each time, and whoever asks tells what is new by its content.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.errors import HelpdeskError
from engine.helpdesks.rows.cell import RowError, StampCell
from engine.helpdesks.sql.raw import from_json, text_of, to_json
from engine.helpdesks.sql.table import Raw, Table

_DISORDER: Final = timedelta(hours=3)
"""More than any change of the clock: stamps that go back so far are not in order of time."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a feed: the stamp and the key of a row, as the database gives them."""

    stamp: object
    key: object

    def as_json(self) -> object:
        """For a watermark."""
        return [to_json(self.stamp), to_json(self.key)]

    @classmethod
    def from_json(cls, value: object) -> Place | None:
        """What `as_json` gave; None for anything else."""
        if not isinstance(value, list):
            return None
        try:
            stamp, key = map(from_json, value)
        except (TypeError, ValueError):
            return None
        return cls(stamp, key)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, in the order of the feed.

    Attributes:
        place: Where to go on next time, once these rows have been told; None for where it was.
        settled: How many of the rows lie before that place, and will not be asked for again.
        in_future: The latest stamp beyond the present (aware UTC), if there is one.
    """

    rows: list[Raw]
    place: Place | None
    settled: int = 0
    in_future: datetime | None = None


class Feed:
    """Reads a table in the order of its stamps."""

    def __init__(
        self, helpdesk: str, table: Table, stamp: StampCell, key: str, zone: ZoneInfo,
        overlap: timedelta,
    ) -> None:  # fmt: skip
        """Read nothing yet.

        Args:
            helpdesk: The helpdesk's name.
            table: What is read.
            stamp: Understands the stamps.
            key: A column that tells rows of one stamp apart.
            zone: The zone of stamps that name none.
            overlap: How late rows may come up.
        """
        self._helpdesk = helpdesk
        self._table = table
        self._stamp = stamp
        self._order = (stamp.column, key)
        self._key = table.position(key)
        self._zone = zone
        self._overlap = overlap

    def pages(self, place: Place | None, until: datetime) -> Iterator[Page]:
        """Everything behind a place, nothing later than `until` (aware UTC).

        Raises:
            HelpdeskError: It cannot be read, or the stamps are not in order of time.
        """
        settled_by = self._settled_by(until)
        at, latest = place, _NEVER
        while True:
            after = (at.stamp, at.key) if at else None
            rows = self._table.page(self._order, after, place.stamp if place else None)
            if not rows:
                return
            taken: list[Raw] = []
            settled = 0
            in_future: datetime | None = None
            for row in rows:
                instant = self._instant(row)
                if instant is not None and instant > until:
                    in_future = instant
                    break
                taken.append(row)
                if instant is not None:
                    latest = self._in_order(instant, latest)
                    settled = len(taken) if instant <= settled_by else settled
            at = self._place(rows[-1])
            place_now = self._place(taken[settled - 1]) if settled else None
            yield Page(taken, place_now, settled, in_future)
            if in_future is not None:
                return

    def end(self, until: datetime) -> Place | None:
        """A place behind which is what may still come up, and little else; None for the start."""
        rows = self._table.last(self._order)
        settled_by = self._settled_by(until)
        for row in rows:
            instant = self._instant(row)
            if instant is not None and instant <= settled_by:
                return self._place(row)
        return self._place(rows[-1]) if rows else None

    def _place(self, row: Raw) -> Place:
        return Place(row[self._stamp.position], row[self._key])

    def _instant(self, row: Raw) -> datetime | None:
        try:
            return self._stamp[text_of(row[self._stamp.position])]
        except RowError:
            return None  # whoever takes the row says so

    def _in_order(self, instant: datetime, latest: datetime) -> datetime:
        if latest > _NEVER and latest - instant > _DISORDER:
            raise HelpdeskError(
                f"helpdesk '{self._helpdesk}': {self._table.place}: column"
                f" '{self._stamp.column}' does not sort in order of time; give the date itself, or"
                " its text with the year first, all in one form"
            )
        return max(instant, latest)

    def _settled_by(self, until: datetime) -> datetime:
        """By when rows have come up, if they ever do.

        Where clocks were just set back, local stamps of an hour come a second time, and sort among
        those of the first.
        """
        local, before = until.astimezone(self._zone), until - _DISORDER
        was_set_back = before.astimezone(self._zone).utcoffset() != local.utcoffset()
        return until - self._overlap - (_DISORDER if was_set_back else timedelta(0))
