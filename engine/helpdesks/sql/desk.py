"""The helpdesk that is a database."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from threading import RLock
from typing import Final

from engine.domain.actions import FieldChange
from engine.domain.ticket import Ticket, utc_second, value_of
from engine.errors import HelpdeskError
from engine.helpdesks.rows.told import Told, fingerprint
from engine.helpdesks.sql.database import Database
from engine.helpdesks.sql.options import SqlOptions
from engine.helpdesks.sql.progress import NEVER, Awaited, Open, Progress, told_at
from engine.helpdesks.sql.teller import Found, Teller, Understood, is_open
from engine.helpdesks.sql.thread import Fault
from engine.helpdesks.sql.walk import Step, Walk
from engine.helpdesks.sql.write_back import WriteBack, as_json
from engine.ports import (
    Batch,
    Channel,
    Introduction,
    Json,
    Message,
    Observation,
    Presence,
    Reading,
    RejectedRow,
    Sent,
    SentState,
)

_MOST_AT_ONCE: Final = 2000
"""Tickets in one batch, about: what one transaction of the store takes in at a time."""
_FRESH_SECONDS: Final = 10.0


class SqlHelpdesk:
    """Tells tickets from the tables of a helpdesk, which are only read.

    Each reading is a walk over what may have changed:

    1. With a column `updated`: the rows behind the place that was reached (see `Feed`), those
       without a stamp, and now and then every ticket that was open. Without one: all rows.
    2. Open tickets that did not turn up are asked for by their ids. From one that is not found
       nothing is concluded.
    3. Tickets whose messages or events are new.

    What reads as it was told is not told again (see `Told`).

    Attributes:
        name: As in ``HELPDESK:ID``.
        can: What it can do: nothing but be read, without a way back.
    """

    def __init__(self, name: str, options: SqlOptions) -> None:
        """Contact nothing yet."""
        self.name = name
        self._options = options
        self._lock = RLock()
        self._database = Database(name, lambda: options.url_of(name), options.timeout)
        self._teller = Teller(name, options, self._database)
        self._write_back = WriteBack(name, options.write_back)
        self.can = options.can
        identity = options.understanding.identity.encode()
        self._mapping = blake2b(identity, digest_size=8).hexdigest()
        self._progress = Progress(self._mapping)
        self._mark: Json | None = None
        self._walk: Iterator[Step] | None = None
        self._awaited: list[Awaited] = []
        self._next = _Instants()
        self._until = NEVER

    @property
    def longest_call(self) -> timedelta:
        """The longest that handing on an action takes."""
        return self._write_back.longest_call

    def hand_on_by(self, channels: Mapping[str, Channel]) -> None:
        """Know the channels by which changes may go back."""
        self._write_back.hand_on_by(channels)

    def introduce(self) -> Introduction:
        """Ask the database who we are, and each query whether it can be asked at all.

        Raises:
            HelpdeskError: It cannot be reached, or a query cannot be asked.
        """
        with self._lock:
            server, skew = self._database.server()
            self._teller.try_queries()
        return Introduction(account=self._database.account, server=server, clock_skew=skew)

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now, or answers nothing where it answered much; the
                watermark stays.
        """
        with self._lock:
            if watermark is not None and until < told_at(watermark):
                return Batch((), watermark)
            try:
                return self._changes(watermark, until)
            except BaseException:
                self._mark = None  # what was learnt meanwhile was told to nobody
                raise

    def next_change_at(self, after: datetime) -> datetime | None:
        """The earliest instant later than `after` of which a row tells something.

        None, too, while the database cannot be read: `changes` then says why.
        """
        with self._lock:
            try:
                return self._next.after(after, self._teller)
            except HelpdeskError:
                return None

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands; never raises.

        It is gone only where `ticket.query` does not find it, while `tickets.query` finds others.
        """
        name = ticket_id.removeprefix(f"{self.name}:")
        with self._lock:
            try:
                found = self._teller.by_id(name)
                told = self._teller.observe(found, until, as_it_stands=True)
                is_gone = (
                    not told.observations
                    and not told.faults
                    and self._teller.finds_closed
                    and self._teller.tickets.any_row() is not None
                )
            except HelpdeskError:
                return Reading(Presence.UNREADABLE)
        if is_gone or any(one.ticket.is_gone for one in told.observations):
            return Reading(Presence.GONE)
        if not told.observations:
            return Reading(Presence.UNREADABLE)
        return Reading(Presence.PRESENT, self._dated(found[0], told.observations[0], until))

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Have fields set by the way back; without one it is refused."""
        sent = self._write_back.change(ticket_id, changes, key, at)
        if sent.state is SentState.DELIVERED:
            with self._lock:
                self._awaited.extend(
                    Awaited(ticket_id, each.field, as_json(each.after), at) for each in changes
                )
        return sent

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Have an internal note left by the way back; without one it is refused."""
        return self._write_back.note(ticket_id, text, key, at)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Have the customer answered by the way back; only a program of the user's can."""
        return self._write_back.reply(ticket_id, message, at)

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Nobody can tell, as of a reply."""
        return self.has_reply(ticket_id, key)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Nobody can tell: what a program did with a reply, the tables do not say."""
        del ticket_id, key
        return None

    def close(self) -> None:
        """Let go of connections; it may be used again."""
        self._database.close()

    # --- telling ---

    def _changes(self, watermark: Json | None, until: datetime) -> Batch:
        if self._mark is None or watermark != self._mark:
            self._recall(watermark, until)
        if self._walk is None or until != self._until:
            self._begin(until)
        told: list[Observation] = []
        faults: list[Fault] = []
        is_complete = True
        for step in self._walk or ():
            seen = self._teller.observe(step.found, until)
            faults.extend((*step.faults, *seen.faults))
            told.extend(self._news(step.found, seen, until))
            if len(told) >= _MOST_AT_ONCE:
                is_complete = False
                break
        if is_complete:
            self._walk = None
            faults.extend(self._not_shown(until))
        rejected = [_rejected(self.name, each) for each in faults if self._is_unheard_of(each)]
        self._progress.awaited = list(self._awaited)
        self._mark = self._progress.watermark()
        told.sort(key=lambda each: each.at)
        return Batch(tuple(told), self._mark, tuple(rejected), is_complete=is_complete)

    def _begin(self, until: datetime) -> None:
        """Begin a walk. A first one that was broken off is no ground to build on.

        It told tickets, and took note of no message that came up since.
        """
        if not self._progress.is_begun:
            self._progress = Progress(self._mapping, self._progress.told_at)
        walk = Walk(self._options, self._teller, self._progress)
        self._walk, self._until = walk.steps(until), until

    def _recall(self, watermark: Json | None, until: datetime) -> None:
        """Take up what a watermark says was told, in this process or in another."""
        self._walk = None
        self._progress = Progress.recall(self._mapping, watermark)
        known = {(each.ticket, each.field) for each in self._awaited}
        self._awaited.extend(
            each for each in self._progress.awaited if (each.ticket, each.field) not in known
        )
        if watermark is None or not self._progress.is_begun:
            return
        walk = Walk(self._options, self._teller, self._progress)
        marks = {each.id: each.mark for each in walk.candidates(until)}
        self._progress.told = Told.recall(str(watermark.get("tickets")), marks)

    def _news(
        self, found: Sequence[Found], seen: Understood, until: datetime
    ) -> Iterator[Observation]:
        """What is told of tickets; from now on it was."""
        rows = {f"{self.name}:{each.id}": each for each in found}
        told = [self._dated(rows[one.ticket.id], one, until) for one in seen.observations]
        for each in found:
            if each.id not in seen.later:
                self._progress.told.learn(each.id, each.mark)
        for one in told:
            row = rows[one.ticket.id]
            self._progress.told_at = max(self._progress.told_at, one.at)
            self._has_come(one.ticket)
            if is_open(one.ticket):
                self._progress.opens[row.id] = Open(row.key, one.at)
            else:
                self._progress.opens.pop(row.id, None)
            yield one

    def _dated(self, row: Found, seen: Observation, until: datetime) -> Observation:
        """A change that left the stamp alone happened after what was told with that stamp."""
        known = self._progress.opens.get(row.id)
        is_late = (
            seen.events is None
            and known is not None
            and seen.at <= known.at
            and not self._progress.told.knows(row.id, row.mark)
        )
        return replace(seen, at=until) if is_late else seen

    def _is_unheard_of(self, fault: Fault) -> bool:
        parts = (self._mapping, fault.place, fault.key)
        return self._progress.faults.is_news(fingerprint(*(part.encode() for part in parts)))

    # --- what was asked for, and shows or not ---

    def _has_come(self, ticket: Ticket) -> None:
        """Await no more what a ticket shows."""
        self._awaited = [
            each
            for each in self._awaited
            if each.ticket != ticket.id or _shown(ticket, each.field) != each.value
        ]

    def _not_shown(self, until: datetime) -> Iterator[Fault]:
        """Changes that went out long ago, and that the tables still do not show."""
        options = self._options.write_back
        patience = options.shows_within if options else timedelta(0)
        for each in [each for each in self._awaited if until - each.since >= patience]:
            seen = self._teller.observe(self._teller.by_id(self._name(each.ticket)), until)
            found = [_shown(one.ticket, each.field) for one in seen.observations]
            self._awaited.remove(each)
            if found and found[0] != each.value:
                since = utc_second(each.since)
                yield Fault(
                    "write_back",
                    f"{each.ticket}/{each.field}/{since}",
                    "not-shown",
                    f"ticket {self._name(each.ticket)}: {each.field} was to become"
                    f" '{each.value}' at {since}, and is '{found[0]}'; see whether write_back"
                    " arrives, or set it by hand",
                )

    def _name(self, ticket_id: str) -> str:
        return ticket_id.removeprefix(f"{self.name}:")


def _shown(ticket: Ticket, field: str) -> object:
    return as_json(value_of(ticket, field))  # type: ignore[arg-type]


def _rejected(helpdesk: str, fault: Fault) -> RejectedRow:
    return RejectedRow(f"{helpdesk} {fault.place}", 0, fault.code, fault.line)


class _Instants:
    """When something happens in the tables, for whoever lives through their past."""

    def __init__(self) -> None:
        self._sorted: list[datetime] = []
        self._read_at: float | None = None

    def after(self, after: datetime, teller: Teller) -> datetime | None:
        """The first instant later than `after`; what was read a moment ago is not read again."""
        now = time.monotonic()
        if self._read_at is None or now - self._read_at > _FRESH_SECONDS:
            self._sorted = sorted(set(teller.instants()))
            self._read_at = time.monotonic()
        position = bisect_right(self._sorted, after)
        return self._sorted[position] if position < len(self._sorted) else None
