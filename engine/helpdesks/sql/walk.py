"""One walk over what may have changed in the tables.

What is told goes by steps, each a few tickets. Progress moves with the steps, so that a watermark
taken after any of them loses nothing: a place is left only when its rows have been told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.errors import HelpdeskError
from engine.helpdesks.rows.cell import StampCell
from engine.helpdesks.rows.columns import DateColumn
from engine.helpdesks.rows.told import fingerprint
from engine.helpdesks.sql.feed import Feed, Place
from engine.helpdesks.sql.heard import Heard
from engine.helpdesks.sql.options import SqlOptions
from engine.helpdesks.sql.progress import NEVER, Progress
from engine.helpdesks.sql.raw import text_of
from engine.helpdesks.sql.table import KEYS, Raw, Table
from engine.helpdesks.sql.teller import Found, Teller
from engine.helpdesks.sql.thread import Fault

_MUCH: Final = 5
"""So many tickets do not vanish at once, half of all, because people deleted them."""
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Step:
    """Some tickets that are to be told, and what is wrong besides."""

    found: Sequence[Found] = ()
    faults: Sequence[Fault] = ()


@dataclass(slots=True)
class _Stories:
    """What is new of messages and events.

    Attributes:
        tickets: Ids of the tickets that something new belongs to, in order.
        places: Where the feeds go on once this has been told.
        heard: What lies behind these.
    """

    tickets: dict[str, None]
    places: dict[str, Place | None]
    heard: dict[str, Heard]


class Walk:
    """Goes over the tables once."""

    def __init__(self, options: SqlOptions, teller: Teller, progress: Progress) -> None:
        """Read nothing yet.

        Args:
            options: What the config file says.
            teller: Reads the tables.
            progress: Where to begin; it is moved on.
        """
        self._options = options
        self._teller = teller
        self._progress = progress
        self._helpdesk = teller.helpdesk
        updated = options.tickets.updated
        self._updated = updated
        self._feed = self._feed_of(teller.tickets, updated) if updated else None

    def steps(self, until: datetime) -> Iterator[Step]:
        """All that is to be told, nothing later than `until` (aware UTC).

        Raises:
            HelpdeskError: The tables cannot be read, or are empty where they held much.
        """
        progress = self._progress
        # First of all: what comes up from now on is news for the next walk.
        stories = self._stories(until)
        told: set[str] = set()
        for step in self._tickets(until):
            told.update(each.id for each in step.found)
            yield step
        left = [name for name in stories.tickets if name not in told]
        for found in self._by_key(self._teller.keys_of(left)):
            yield Step(found)
        progress.places, progress.heard = stories.places, stories.heard
        progress.is_begun = True

    def candidates(self, until: datetime) -> Iterator[Found]:
        """What a walk from here would look at."""
        teller, progress = self._teller, self._progress
        if self._feed is None:
            for rows in self._all_rows():
                yield from teller.found(rows)
            return
        for page in self._feed.pages(progress.place, until):
            yield from teller.found(page.rows)
        for rows in self._unstamped():
            yield from teller.found(rows)
        for found in self._by_key(each.key for each in progress.opens.values()):
            yield from found

    # --- tickets ---

    def _tickets(self, until: datetime) -> Iterator[Step]:
        return self._swept(until) if self._feed is None else self._fed(self._feed, until)

    def _fed(self, feed: Feed, until: datetime) -> Iterator[Step]:
        progress, teller = self._progress, self._teller
        behind: set[str] = set()
        for page in feed.pages(progress.place, until):
            yield Step(
                self._unknown(teller.found(page.rows)), self._of_the_future(page.in_future, until)
            )
            if page.place is not None:
                progress.place = page.place
                behind.clear()
            behind.update(each.id for each in teller.found(page.rows[page.settled :]))
        for rows in self._unstamped():
            found = teller.found(rows)
            behind.update(each.id for each in found)
            yield Step(self._unknown(found))
        if progress.rechecked_at == NEVER:
            progress.rechecked_at = until
        elif until - progress.rechecked_at >= self._options.recheck:
            yield from self._rechecked(until)
            progress.rechecked_at = until
        progress.told.retain(behind | progress.opens.keys())

    def _swept(self, until: datetime) -> Iterator[Step]:
        unseen = {name: each.key for name, each in self._progress.opens.items()}
        there: set[str] = set()
        for rows in self._all_rows():
            found = self._teller.found(rows)
            for each in found:
                there.add(each.id)
                unseen.pop(each.id, None)
            yield Step(self._unknown(found), self._teller.doubled(rows))
        yield from self._asked_for(unseen)
        self._progress.told.retain(there | self._progress.opens.keys())
        self._progress.rechecked_at = (
            until if self._progress.rechecked_at == NEVER else (self._progress.rechecked_at)
        )

    def _rechecked(self, until: datetime) -> Iterator[Step]:
        """Every open ticket, whatever the stamps say."""
        del until
        unseen = {name: each.key for name, each in self._progress.opens.items()}
        for found in self._by_key(list(unseen.values())):
            for each in found:
                unseen.pop(each.id, None)
            yield Step(self._unknown(found))
        yield from self._asked_for(unseen)

    def _asked_for(self, unseen: Mapping[str, object]) -> Iterator[Step]:
        """Open tickets that did not turn up, each by its id."""
        if not unseen:
            return
        found: list[Found] = []
        if self._teller.finds_closed:
            for name in unseen:
                found.extend(self._teller.by_id(name))
        missing = sorted(set(unseen) - {each.id for each in found})
        self._refuse_emptiness(missing)
        yield Step(self._unknown(found), self._vanished(missing))

    def _refuse_emptiness(self, missing: Collection[str]) -> None:
        """A sudden nothing is a lost right or a wrong filter, and no deed of people's.

        Raises:
            HelpdeskError: It looks so.
        """
        opens = len(self._progress.opens)
        is_much = len(missing) >= _MUCH and len(missing) * 2 > opens
        is_empty = bool(missing) and self._teller.tickets.any_row() is None
        if is_empty or (is_much and self._teller.finds_closed):
            raise HelpdeskError(
                f"helpdesk '{self._helpdesk}': {len(missing)} of {opens} open tickets are gone at"
                " once; nothing is concluded from that: see whether the rights, the filter or the"
                " database are still the same"
            )

    def _vanished(self, missing: Sequence[str]) -> list[Fault]:
        if not missing:
            return []
        rest = len(missing) - _NAMED
        names = ", ".join(missing[:_NAMED]) + (f" and {rest} others" if rest > 0 else "")
        are = "is" if len(missing) == 1 else "are"
        if self._teller.finds_closed:
            line = (
                f"open tickets that neither query finds any more: {names}; each counts as deleted"
                " as soon as something is to be done to it"
            )
        else:
            line = (
                f"{names} {are} open for us, and the query lists {'it' if are == 'is' else 'them'}"
                " no more; nothing is concluded from that: let the query keep closed tickets, or"
                " add ticket: {query: SELECT … WHERE … = :id}, which finds them"
            )
        return [Fault("tickets.query", f"vanished/{','.join(missing)}", "vanished", line)]

    def _of_the_future(self, at: datetime | None, until: datetime) -> list[Fault]:
        return [] if at is None else self._teller.of_the_future(at, until)

    def _unknown(self, found: Iterable[Found]) -> list[Found]:
        """Those of which something else is to be told than was."""
        return [each for each in found if not self._progress.told.knows(each.id, each.mark)]

    def _all_rows(self) -> Iterator[list[Raw]]:
        table, key = self._teller.tickets, self._teller.id_column
        after: list[object] | None = None
        while rows := table.page((key,), after):
            yield rows
            after = [rows[-1][table.position(key)]]

    def _unstamped(self) -> Iterator[list[Raw]]:
        """Rows that were never updated, where that leaves the stamp empty."""
        table, key = self._teller.tickets, self._teller.id_column
        stamp = self._updated.column if self._updated else key
        after: object = None
        while rows := table.without(stamp, key, after):
            yield rows
            after = rows[-1][table.position(key)]

    def _by_key(self, keys: Iterable[object]) -> Iterator[list[Found]]:
        wanted = list(keys)
        for start in range(0, len(wanted), KEYS):
            some = wanted[start : start + KEYS]
            yield self._teller.found(self._teller.tickets.having(self._teller.id_column, some))

    # --- messages and events ---

    def _stories(self, until: datetime) -> _Stories:
        """Which tickets have news of these kinds; the first time, none: all are told then."""
        news = _Stories({}, {}, {})
        for name, table, column in self._teller.stories():
            feed = self._feed_of(table, column)
            is_first = name not in self._progress.places
            place = feed.end(until) if is_first else self._progress.places[name]
            heard = Heard() if is_first else self._progress.heard.get(name, Heard())
            behind: set[int] = set()
            whose = table.position(self._teller.ticket_column(table))
            for page in feed.pages(place, until):
                marks = [_mark(row) for row in page.rows]
                for row, mark in zip(page.rows, marks, strict=True):
                    ticket = (text_of(row[whose]) or "").strip()
                    if heard.is_news(mark) and not is_first and ticket:
                        news.tickets[ticket] = None
                if page.place is not None:
                    place = page.place
                    behind.clear()
                behind.update(marks[page.settled :])
            heard.retain(behind)
            news.places[name], news.heard[name] = place, heard
        return news

    def _feed_of(self, table: Table, column: DateColumn) -> Feed:
        options = self._options
        missing = frozenset({"", *options.missing})
        stamp = StampCell(column, table.position(column.column), missing, options.timezone)
        key = self._teller.key_column(table)
        return Feed(self._helpdesk, table, stamp, key, options.timezone, options.overlap)


def _mark(row: Raw) -> int:
    return fingerprint(*((text_of(value) or "").encode() for value in row))
