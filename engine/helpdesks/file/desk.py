"""The helpdesk that is a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nsmallest
from threading import RLock
from typing import Final

from engine.domain.actions import FieldChange
from engine.domain.ticket import Value, utc_second
from engine.errors import HelpdeskError
from engine.helpdesks.file.following import Rejection
from engine.helpdesks.file.options import FileOptions, Layout
from engine.helpdesks.file.source import Source
from engine.helpdesks.file.write_back import ActionFile
from engine.helpdesks.rows.history import Historian
from engine.helpdesks.rows.mapping import Row, RowReader
from engine.helpdesks.rows.told import Told, fingerprint
from engine.ports import (
    LOCAL_CALL,
    Batch,
    Introduction,
    Json,
    Message,
    Observation,
    Presence,
    Reading,
    Sent,
)

_FORMAT: Final = "file/1"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_MOST_AT_ONCE: Final = 2000
"""Tickets in one batch: what one transaction of the store takes in at a time."""


@dataclass(frozen=True, slots=True)
class _News:
    """A ticket of which something else is to be told than before."""

    ticket: str
    rows: Sequence[Row]
    fingerprint: int

    @property
    def order(self) -> tuple[datetime, str, int]:
        last = self.rows[-1]
        return last.known_from or _NEVER, last.file, last.line


class FileHelpdesk:
    """Tells tickets from a file, and writes what is done to them beside it.

    Of each ticket everything is told up to an instant, and told again when that differs from what
    was told before (see `Told`): because time has passed, or because the file has changed. Late
    rows are so taken like any others.

    Attributes:
        name: As in ``HELPDESK:ID``.
        can: Whoever reads the actions does all of them, and answers the customer.
    """

    longest_call = LOCAL_CALL

    def __init__(self, name: str, options: FileOptions) -> None:
        """Read nothing yet."""
        self.name = name
        self.can = options.can
        self._options = options
        self._reader = RowReader(options.understanding)
        self._historian = Historian(name, self._reader.fields)
        self._is_log = options.layout is Layout.EVENT_LOG
        self._actions = ActionFile(options.actions_path(name))
        self._lock = RLock()
        self._source = Source(name, options, self._reader)
        self._told = Told()
        self._told_faults = Told()
        self._mark: Json | None = None
        self._until = _NEVER
        self._dirty: set[str] = set()
        self._waiting: dict[str, _News] = {}

    def introduce(self) -> Introduction:
        """Nobody asks who we are; the file is there, and can be read.

        Raises:
            HelpdeskError: It cannot be read.
        """
        with self._lock:
            self._look()
        return Introduction(account="", server=f"file {self._options.path.text}")

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        An `until` earlier than what was told already (a clock that stepped back) tells nothing.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        with self._lock:
            self._look()
            told_at = _told_at(watermark)
            if watermark is not None and until < told_at:
                return Batch((), watermark)
            if self._mark is None or watermark != self._mark:
                self._recall(watermark or {}, until)
            else:
                self._dirty |= self._source.timeline.tickets_between(self._until, until)
            if until < self._until:
                self._dirty |= self._waiting.keys()
            self._until = until
            self._judge(until)
            now = nsmallest(_MOST_AT_ONCE, self._waiting.values(), key=lambda each: each.order)
            rejected = list(self._unheard_of(watermark or {}, until))
            told_at = max([told_at, *(row.at for each in now if (row := each.rows[-1]).at)])
            self._learn(now, rejected)
            self._mark = self._watermark(told_at)
            return Batch(
                tuple(self._observation(each.rows, until) for each in now),
                self._mark,
                tuple(each.row for each in rejected),
                is_complete=not self._waiting,
            )

    def next_change_at(self, after: datetime) -> datetime | None:
        """The earliest instant later than `after` of which the file tells something.

        None, too, while the file cannot be read: `changes` then says why.
        """
        with self._lock:
            try:
                self._look()
            except HelpdeskError:
                return None
            return self._source.timeline.next_after(after)

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands, nothing later than `until`; never raises.

        A ticket that the file does not list is unreadable, and not gone: exports that leave out
        what is closed, and logs that are rotated, leave tickets out.
        """
        with self._lock:
            try:
                self._look()
            except HelpdeskError:
                return Reading(Presence.UNREADABLE)
            rows = self._source.timeline.rows_of(ticket_id.removeprefix(f"{self.name}:"), until)
            if not rows:
                return Reading(Presence.UNREADABLE)
            seen = self._observation(rows, until)
            if seen.ticket.is_gone:
                return Reading(Presence.GONE)
            return Reading(Presence.PRESENT, seen)

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Write down that fields are to be set."""
        wanted = [
            {"field": each.field, "before": _json(each.before), "after": _json(each.after)}
            for each in changes
        ]
        return self._act(key, at, ticket_id, "change", changes=wanted)

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Write down an internal note."""
        return self._act(key, at, ticket_id, "note", text=text)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Write down an answer to the customer."""
        return self._act(
            message.key,
            at,
            ticket_id,
            "reply",
            to=message.to,
            subject=message.subject,
            text=message.text,
            html=message.html,
        )

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Whether the note stands in the file, as `has_reply`."""
        return self.has_reply(ticket_id, key)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Whether the reply stands in the file; it does no more once the file was carried away."""
        del ticket_id
        return self._actions.has(key)

    def close(self) -> None:
        """Nothing to let go of: the file is opened for each reading."""

    def _act(self, key: str, at: datetime, ticket: str, action: str, **what: object) -> Sent:
        head = {"key": key, "at": utc_second(at), "ticket": ticket, "action": action}
        return self._actions.append({**head, **what})

    def _look(self) -> None:
        self._dirty |= self._source.look()

    def _recall(self, watermark: Json, until: datetime) -> None:
        """Take up what a watermark says was told, in this process or in another."""
        rows = {t: self._source.timeline.rows_of(t, until) for t in self._source.timeline.tickets}
        marks = {t: self._fingerprint(each) for t, each in rows.items() if each}
        self._told = Told.recall(str(watermark.get("tickets")), marks)
        self._dirty = {t for t, each in marks.items() if not self._told.knows(t, each)}
        self._waiting = {}
        faults = {
            each.key: each.fingerprint for each in self._source.rejections(_settled(watermark))
        }
        self._told_faults = Told.recall(str(watermark.get("rejected")), faults)

    def _judge(self, until: datetime) -> None:
        """Sort out of the tickets that were touched those of which there is something to tell."""
        for ticket in self._dirty:
            rows = self._source.timeline.rows_of(ticket, until)
            self._waiting.pop(ticket, None)
            if rows and not self._told.knows(ticket, mark := self._fingerprint(rows)):
                self._waiting[ticket] = _News(ticket, rows, mark)
            elif ticket not in self._source.timeline.tickets:
                self._told.forget(ticket)
        self._dirty = set()

    def _unheard_of(self, watermark: Json, until: datetime) -> Iterator[Rejection]:
        """Faults that were not told before."""
        for each in self._source.rejections(_settled(watermark)):
            is_past = each.at is None or each.at <= until
            if is_past and not self._told_faults.knows(each.key, each.fingerprint):
                yield each

    def _learn(self, news: Iterable[_News], rejected: Iterable[Rejection]) -> None:
        """Remember what is being told."""
        for each in news:
            self._told.learn(each.ticket, each.fingerprint)
            del self._waiting[each.ticket]
        for fault in rejected:
            self._told_faults.learn(fault.key, fault.fingerprint)

    def _watermark(self, told_at: datetime) -> Json:
        return {
            "format": _FORMAT,
            "at": None if told_at == _NEVER else utc_second(told_at),
            "tickets": self._told.text(),
            "rejected": self._told_faults.text(),
            "unsettled": self._source.unsettled(),
        }

    def _fingerprint(self, rows: Sequence[Row]) -> int:
        """Fingerprint of what is told of a ticket with these rows."""
        said = rows if self._is_log else rows[-1:]
        return fingerprint(rows[0].ticket.encode(), *[row.digest for row in said])

    def _observation(self, rows: Sequence[Row], until: datetime) -> Observation:
        if self._is_log:
            return self._historian.of_events(rows, until)
        return self._historian.of_state(rows, until)


def _told_at(watermark: Json | None) -> datetime:
    """The latest instant of which something was told (aware UTC)."""
    text = (watermark or {}).get("at")
    return datetime.fromisoformat(text) if isinstance(text, str) else _NEVER


def _settled(watermark: Json) -> Mapping[str, object]:
    unsettled = watermark.get("unsettled")
    return unsettled if isinstance(unsettled, dict) else {}


def _json(value: Value) -> object:
    if isinstance(value, datetime):
        return utc_second(value)
    return list(value) if isinstance(value, tuple) else value
