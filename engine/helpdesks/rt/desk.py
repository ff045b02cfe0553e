"""The helpdesk that is a Request Tracker 5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any, Final

import httpx

from engine.domain.actions import FieldChange
from engine.domain.marker import marked, marker_in, marker_of
from engine.domain.ticket import Ticket, utc_second
from engine.errors import HelpdeskError
from engine.helpdesks.base import EVER, IS_RESOLVED, judged, left_to_do
from engine.helpdesks.http import CallError
from engine.helpdesks.rt.client import Item, Person, RtClient
from engine.helpdesks.rt.mapping import Words, instant, name_of
from engine.helpdesks.rt.options import RtOptions
from engine.helpdesks.rt.rights import missing_rights
from engine.helpdesks.rt.story import Historian
from engine.ports import (
    Batch,
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

_FORMAT: Final = "rt/1"
_OVERLAP: Final = timedelta(minutes=2)
"""Each reading begins so long before the last one began: what RT commits late is in it."""
_SETTLED_AFTER: Final = timedelta(seconds=3)
"""What changed so long before it was read has been read with all that happened in its second."""
_CALLS: Final = 10
"""Requests that a write takes at most, with what it reads before and after."""
_DENIED: Final = "denied"
_LONG_AGO: Final = timedelta(days=36_500)
_ACTIVE: Final = "Status = '__Active__'"


@dataclass(frozen=True, slots=True)
class _Sweep:
    """A reading of everything that changed since an instant, page by page.

    Attributes:
        since: What changed at or after it is read (aware UTC, RT's clock); None for the first time.
        began: When the sweep began.
        after: The last ticket's number that was read.
        settled: Number of ticket → its last change, of those that changed lately and have been read
            with all that happened in that second; they need not be told again.
    """

    since: datetime | None
    began: datetime
    after: int = 0
    settled: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, watermark: Json | None, now: datetime) -> _Sweep:
        """Where to go on; a watermark that nobody can read begins anew."""
        if watermark is None or watermark.get("format") != _FORMAT:
            return cls(None, now)
        since = instant(watermark.get("since"))
        began, after = instant(watermark.get("began")), watermark.get("after")
        known = watermark.get("settled")
        settled = known if isinstance(known, dict) else {}
        if began is None or not isinstance(after, int):
            return cls(since, now, settled=settled)
        return cls(since, began, after, settled)

    def watermark(self) -> Json:
        """To go on in the middle of it."""
        since = utc_second(self.since) if self.since else None
        began = utc_second(self.began)
        settled = dict(sorted(self.settled.items()))
        return {
            "format": _FORMAT,
            "since": since,
            "began": began,
            "after": self.after,
            "settled": settled,
        }


class RtHelpdesk:
    """Reads tickets from a Request Tracker, and acts on them.

    1. A sweep asks for all that changed since the last one began, by rising numbers, a hundred at
       a time, each time from the last number on: a ticket that changes meanwhile is in the next
       sweep, and none changes its place.
    2. Of each ticket the whole story is told.
    3. What was read with all that happened in its second is not read again in the overlap.
    """

    def __init__(
        self, name: str, options: RtOptions, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Contact nobody yet.

        Args:
            name: As in ``HELPDESK:ID``.
            options: What the config file says.
            transport: In place of the network.
        """
        self.name = name
        self.can = options.can
        self._options = options
        token = options.token(name)
        self._client = RtClient(name, options.url, options.timeout, token, transport)
        self._words = Words(name, options)
        self._lock = RLock()
        self._ourselves: Person | None = None
        self._custom: Mapping[str, frozenset[str]] = {}
        self._mark: Json | None = None
        self._settled: dict[str, str] = {}

    @property
    def longest_call(self) -> timedelta:
        """The longest that a write takes (real time)."""
        return _CALLS * self._options.timeout

    # --- who we are ---

    def introduce(self) -> Introduction:
        """Ask who we are, and what we may do in the queues that are watched.

        Raises:
            HelpdeskError: It cannot be reached, or does not take our token.
        """
        with self._lock:
            self._client.forget()
            version = self._client.version()
            self._ourselves = self._client.ourselves()
            queues = self._client.queues()
            self._custom = {
                name: custom for name, custom in queues.items() if self._is_watched(name)
            }
            return Introduction(
                account=self._ourselves.name,
                server=f"Request Tracker {version}",
                missing=tuple(missing_rights(self._client, self._options, queues)),
                zone=self._ourselves.zone,
                clock_skew=self._client.http.clock_skew,
                rate_limit=self._client.http.rate_limit,
            )

    def _is_watched(self, queue: str | None) -> bool:
        watched = self._options.queues
        return not watched or queue in watched

    def _historian(self) -> Historian:
        if self._ourselves is None:
            self._ourselves = self._client.ourselves()
        return Historian(self._client, self._words, self._ourselves.name)

    # --- reading ---

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        with self._lock:
            now = self._client.now()
            sweep = _Sweep.of(watermark, min(now, until))
            if watermark is None or watermark != self._mark:
                self._settled = dict(sweep.settled)  # what was told beyond may not have been kept
            self._mark = None  # where this breaks off, nothing of it has been told
            items, total = self._client.search(self._query(sweep, now))
            told = _Told(until)
            for item in items:
                self._tell(item, told, now)
            is_complete = len(items) >= total
            if is_complete:
                self._tell_of_deleted(sweep, told, now)
                self._mark = self._ended(sweep).watermark() | {"began": None}
            else:
                self._mark = replace(sweep, after=int(items[-1]["id"])).watermark()
            return Batch(
                tuple(sorted(told.observations, key=lambda one: one.at)),
                self._mark,
                tuple(told.rejected),
                is_complete,
                self._open_tickets() if is_complete else None,
                clock_skew=self._client.http.clock_skew,
            )

    def _overlap(self) -> timedelta:
        return _OVERLAP + self._client.http.was_set_by()

    def _ended(self, sweep: _Sweep) -> _Sweep:
        """Where the next sweep goes on; what it does not come upon again is forgotten."""
        begin = sweep.began - self._overlap()
        self._settled = {n: told for n, told in self._settled.items() if _changed_at(told) >= begin}
        return _Sweep(sweep.began, sweep.began, settled=self._settled)

    def _query(self, sweep: _Sweep, now: datetime) -> str:
        if sweep.since is None:
            changed = _since(now, sweep.began - self._options.history)
            first = f"({_ACTIVE} OR LastUpdated >= '{changed}')"
            return f"{first} AND id > {sweep.after}{self._in_queues()}"
        changed = _since(now, sweep.since - self._overlap())
        return f"LastUpdated >= '{changed}' AND id > {sweep.after}"

    def _in_queues(self) -> str:
        """Only a first reading is limited to them: later a ticket may have left them."""
        names = " OR ".join(f"Queue = '{_escaped(name)}'" for name in self._options.queues)
        return f" AND ({names})" if names else ""

    def _open_tickets(self) -> int:
        return self._client.search(f"{_ACTIVE}{self._in_queues()}", per_page=1)[1]

    def _tell(self, item: Item, told: _Told, now: datetime) -> None:
        number = str(item["id"])
        changed = f"{item.get('LastUpdated')} {item.get('EffectiveId')}"
        if self._settled.get(number) == changed:
            return
        story: Sequence[Item] = ()
        try:
            created = instant(item["Created"])
            if created is None or created > told.until:
                return
            self._refuse_if_fields_are_lost(item)
            story = self._client.story(number)
            seen = self._seen(self._words.ticket(item), story, told.until)
        except (KeyError, TypeError, ValueError) as error:
            message = f"ticket {number} cannot be understood: {type(error).__name__} {error}"
            told.rejected.append(RejectedRow(f"ticket/{number}", 0, "ticket", message))
            seen = None
        if seen is not None:
            told.observations.append(seen)
        if any(_absorbed(one, number) for one in story):
            self._tell_of_merged(number, told, now)
        if _changed_at(changed) <= min(now - _SETTLED_AFTER, told.until):
            self._settled[number] = changed

    def _tell_of_merged(self, survivor: str, told: _Told, now: datetime) -> None:
        """What was merged into a ticket: RT does not count it among the changed ones."""
        items, _ = self._client.search(f"EffectiveId = {survivor} AND id != {survivor}")
        for item in items:
            self._tell(item, told, now)

    def _seen(self, ticket: Ticket, story: Sequence[Item], until: datetime) -> Observation | None:
        """A ticket with its story; one that has left our queues is gone, to us.

        None where it was never in one of them.
        """
        seen = self._historian().observation(ticket, story, until)
        if self._is_watched(seen.ticket.group):
            return seen
        moves = [event for event in seen.events or () if event.field == "group"]
        if not any(self._is_watched(str(event.before)) for event in moves):
            return None
        return replace(seen, ticket=replace(seen.ticket, is_gone=True))

    def _refuse_if_fields_are_lost(self, item: Item) -> None:
        """A field that is not told any more is not empty: somebody took it away, or our right.

        Raises:
            HelpdeskError: A custom field that its queue had is missing.
        """
        expected = self._custom.get(name_of(item.get("Queue")) or "", frozenset())
        mapped = expected & set(self._options.custom_fields.values())
        lost = mapped - {str(one.get("name")) for one in item.get("CustomFields") or ()}
        if lost:
            raise HelpdeskError(
                f"{self.name}: ticket {item['id']} tells nothing of the custom field"
                f" {', '.join(sorted(lost))} any more; if it is not there on purpose, take it from"
                " `custom_fields`, otherwise put it back, with the right SeeCustomField"
            )

    def _tell_of_deleted(self, sweep: _Sweep, told: _Told, now: datetime) -> None:
        since = (sweep.since or sweep.began) - self._overlap()
        for number in self._client.deleted_since(_seconds_since(now, since)):
            reading = self.read(f"{self.name}:{number}", told.until)
            if reading.observation is not None:
                told.observations.append(reading.observation)

    def sample(self, most: int, until: datetime) -> list[Observation]:
        """The first open tickets, for people to look at.

        Raises:
            HelpdeskError: It cannot be read now.
        """
        items, _ = self._client.search(f"{_ACTIVE}{self._in_queues()}", per_page=most)
        found = (
            self._seen(self._words.ticket(item), self._client.story(str(item["id"])), until)
            for item in items
        )
        return [seen for seen in found if seen is not None]

    def next_change_at(self, after: datetime) -> datetime | None:
        """Nobody knows: it is asked again and again."""
        del after
        return None

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands; never raises."""
        del until
        try:
            ticket = self._ticket(ticket_id)
            if ticket is None:
                return Reading(Presence.GONE)
            story = self._client.story(ticket_id.partition(":")[2])
            seen = self._seen(ticket, story, EVER)
        except (HelpdeskError, KeyError, TypeError, ValueError):
            return Reading(Presence.UNREADABLE)
        if seen is None:
            return Reading(Presence.UNREADABLE)
        is_gone = seen.ticket.is_gone
        return Reading(Presence.GONE if is_gone else Presence.PRESENT, seen)

    def _ticket(self, ticket_id: str) -> Ticket | None:
        """A ticket as it stands; None if RT says that there is none.

        Raises:
            HelpdeskError: It cannot be read.
        """
        number = ticket_id.removeprefix(f"{self.name}:")
        if not number.isdigit():
            return None
        found, _ = self._client.search(f"id = {number}", per_page=1)
        if found:
            return self._words.ticket(found[0])
        try:
            told = self._client.ticket(number)  # no search finds what is deleted
        except CallError as error:
            if error.status == httpx.codes.NOT_FOUND:
                self._client.version()  # it is RT that says so, and it knows us
                return None
            raise
        return self._words.ticket(self._as_found(told))

    def _as_found(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A ticket that was asked for by number, in the form in which a search tells it."""
        queue = {"Name": self._client.queue_name(str((told.get("Queue") or {}).get("id")))}
        return {**told, "Queue": queue}

    # --- writing ---

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Set fields, and read them back; RT answers 200 to whatever it refuses."""
        del at
        number = ticket_id.removeprefix(f"{self.name}:")
        try:
            before = self._present(ticket_id)
            left = left_to_do(changes, before)
            if not left:
                return Sent(SentState.DELIVERED, receipt=key)
            body = self._words.written({each.field: each.after for each in left})
            said = self._client.update(number, body)
            after = self._present(ticket_id)
        except CallError as error:
            return error.sent(is_absolute=True)
        except (HelpdeskError, KeyError, TypeError, ValueError) as error:
            return Sent(SentState.RETRY, reason=str(error))
        sent = judged(changes, before, after, said, key)
        if sent.state is SentState.REJECTED and _DENIED in said.lower():
            advice = "grant ModifyTicket and ReassignTicket, and OwnTicket to whoever gets tickets"
            reason = f"{self.name}: {sent.reason}; {advice}"
            return replace(sent, state=SentState.RETRY, reason=reason, only_this=True)
        return sent

    def _present(self, ticket_id: str) -> Ticket:
        """A ticket that is about to be written to.

        Raises:
            HelpdeskError: It cannot be read, or is not there.
        """
        ticket = self._ticket(ticket_id)
        if ticket is None:
            message = f"{self.name}: {ticket_id} is not there any more"
            raise CallError(message, httpx.codes.GONE)
        return ticket

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Leave a comment, whose subject is our mark; one that is there is not left again."""
        del at
        found = self._bearing(ticket_id, key, "Comment")
        if found:
            return Sent(SentState.DELIVERED, receipt=str(found[0]["id"]))
        return self._say(ticket_id, "comment", text, marker_of(key))

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Write to the requestor, with our mark as the last line."""
        del at
        try:
            if self._present(ticket_id).status.is_resolved:
                return Sent(SentState.REJECTED, reason=IS_RESOLVED)
        except CallError as error:
            return Sent(SentState.RETRY, reason=str(error), retry_after=error.retry_after)
        except (HelpdeskError, KeyError, TypeError, ValueError) as error:
            return Sent(SentState.RETRY, reason=str(error))
        return self._say(ticket_id, "correspond", marked(message.text, message.key))

    def _say(self, ticket_id: str, how: str, text: str, subject: str | None = None) -> Sent:
        number = ticket_id.removeprefix(f"{self.name}:")
        try:
            said = self._client.say(number, how, text, subject)
        except CallError as error:
            return error.sent(is_absolute=False)
        except HelpdeskError as error:
            return Sent(SentState.RETRY, reason=str(error))
        return self._read_back(number, how, said)

    def _read_back(self, number: str, how: str, said: str) -> Sent:
        """Whether what RT says it took stands on the ticket."""
        try:
            found = self._client.transaction(said)
        except HelpdeskError as error:
            reason = f"RT took it, and it cannot be read back: {error}"
            return Sent(SentState.UNKNOWN, receipt=said, reason=reason, only_this=True)
        is_there = str((found.get("Object") or {}).get("id")) == number
        if is_there and str(found.get("Type")).lower() == how:
            return Sent(SentState.DELIVERED, receipt=said)
        reason = f"{self.name}: RT took it, and does not show it on the ticket"
        return Sent(SentState.UNKNOWN, receipt=said, reason=reason, only_this=True)

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Whether a comment of ours bears the mark."""
        return self._has(ticket_id, key, "Comment")

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Whether an answer of ours bears the mark."""
        return self._has(ticket_id, key, "Correspond")

    def _has(self, ticket_id: str, key: str, kind: str) -> bool | None:
        found = self._bearing(ticket_id, key, kind)
        return None if found is None else bool(found)

    def _bearing(self, ticket_id: str, key: str, kind: str) -> list[Item] | None:
        """Our messages of a kind that bear the mark; None where nobody can tell now."""
        number, mark = ticket_id.removeprefix(f"{self.name}:"), marker_of(key)
        with suppress(HelpdeskError, KeyError, TypeError, ValueError):
            account = self._historian().account
            story = self._client.story(number)
            ours = (item for item in story if item.get("Type") == kind)
            said = (item for item in ours if (item.get("Creator") or {}).get("id") == account)
            return [
                item
                for item in said
                if any(marker_in(text) == mark for text in self._texts(item, kind))
            ]
        return None

    def _texts(self, item: Item, kind: str) -> Iterator[str]:
        yield str(item.get("Data") or "")
        if kind == "Correspond":
            yield self._client.text(str(item["id"]))

    def close(self) -> None:
        """Let go of connections."""
        self._client.http.close()


@dataclass(slots=True)
class _Told:
    """What one batch comes to.

    Attributes:
        until: Nothing later is told (aware UTC).
    """

    until: datetime
    observations: list[Observation] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)


def _changed_at(changed: str) -> datetime:
    """When a ticket changed last, from what is remembered of it; late where nobody can tell."""
    with suppress(ValueError):
        return instant(changed.partition(" ")[0]) or datetime.max.replace(tzinfo=UTC)
    return datetime.max.replace(tzinfo=UTC)


def _absorbed(item: Item, number: str) -> bool:
    """Whether a transaction of a ticket's story says that another was merged into it."""
    is_merge = item.get("Type") == "AddLink" and item.get("Field") == "MergedInto"
    return is_merge and str(item.get("NewValue")).endswith(f"/ticket/{number}")


def _since(now: datetime, at: datetime) -> str:
    """An instant, as RT understands it in whatever zone it reads dates."""
    return f"-{_seconds_since(now, at)} seconds"


def _seconds_since(now: datetime, at: datetime) -> int:
    return max(1, int(min(now - at, _LONG_AGO).total_seconds()) + 1)


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")
