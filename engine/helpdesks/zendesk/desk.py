"""The helpdesk that is a Zendesk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Final

import httpx

from engine.domain.actions import FieldChange
from engine.domain.ticket import utc_second
from engine.errors import HelpdeskError
from engine.helpdesks.rest.desk import MISUNDERSTOOD, Held, Remark, RestHelpdesk
from engine.helpdesks.rest.http import CallError
from engine.helpdesks.zendesk.client import Item, Page, ZendeskClient
from engine.helpdesks.zendesk.mapping import CLOSED, Words, instant
from engine.helpdesks.zendesk.options import ZendeskOptions
from engine.helpdesks.zendesk.rights import missing_rights
from engine.helpdesks.zendesk.story import Historian
from engine.ports import Batch, Introduction, Json, Observation, RejectedRow

_FORMAT: Final = "zendesk/1"
_CLOSED: Final = "the ticket is closed, and Zendesk changes nothing on closed tickets"
_CURSOR_LOST: Final = frozenset({400, 404, 410, 422})
"""What a cursor that is no longer good is answered with."""
_DAYS_OF_SEARCH: Final = timedelta(days=2)
"""The search knows days only, and reads them in a zone of its own."""
_LATEST_START: Final = timedelta(minutes=5)
"""The export refuses to start in the last minute."""
_SETTLED_AFTER: Final = timedelta(minutes=1)
"""A ticket that changed so long ago has its story complete: times are told in whole seconds."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where reading has got to.

    Attributes:
        start: What changed at or after it is exported (aware UTC).
            With a cursor: where to begin should the cursor be refused.
        old: The first of two parts: open tickets that did not change since `start`.
        cursor: Where to go on in this part.
    """

    start: datetime
    old: bool
    cursor: str | None = None

    @classmethod
    def of(cls, watermark: Json | None, now: datetime, history: timedelta) -> _Place:
        """Where to go on; a watermark that nobody can read begins anew."""
        start = instant((watermark or {}).get("start"))
        if watermark is None or watermark.get("format") != _FORMAT or start is None:
            return cls(now - max(history, _LATEST_START), old=True)
        cursor = watermark.get("cursor")
        return cls(start, bool(watermark.get("old")), str(cursor) if cursor else None)

    def watermark(self) -> Json:
        """To go on from here."""
        start = utc_second(self.start)
        return {"format": _FORMAT, "start": start, "old": self.old, "cursor": self.cursor}


@dataclass(slots=True)
class _Told:
    """What one batch comes to.

    Attributes:
        until: Nothing later is told (aware UTC).
        settled: Number of ticket → which state of it has been told whole.
    """

    until: datetime
    settled: dict[str, str] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)


class ZendeskHelpdesk(RestHelpdesk[ZendeskOptions]):
    """Reads tickets from a Zendesk, and acts on them.

    1. The first reading searches for open tickets that have not changed for long, and exports what
       has changed since. From then on the export's cursor says what is new.
    2. Of each ticket the audits are read. Those that were read stay in memory while their page
       could not be finished, so that a spent limit costs time and no work.
    3. A cursor moves on only past a page of which nothing is later than what may be told.
    """

    def __init__(
        self,
        name: str,
        options: ZendeskOptions,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Contact nobody yet.

        Args:
            name: As in ``HELPDESK:ID``.
            options: What the config file says.
            transport: In place of the network.
            clock: Gives the machine's present (aware UTC).
        """
        self._client = ZendeskClient(name, options, transport, clock)
        super().__init__(name, options, self._client.http)
        self._words = Words(name, options, self._client)
        self._lock = RLock()
        self._account: str | None = None
        self._mark: Json | None = None
        self._settled: dict[str, str] = {}
        self._stories: dict[tuple[str, str], list[Item]] = {}

    # --- who we are ---

    def introduce(self) -> Introduction:
        """Ask who we are, and what we may do.

        Raises:
            HelpdeskError: It cannot be reached, or does not know us.
        """
        with self._lock:
            self._client.forget()
            user = self._client.ourselves()
            self._account = str(user["id"])
            fields = self._client.ticket_fields() if self._options.custom_fields else set()
            return Introduction(
                account=str(user.get("email") or user.get("name") or user["id"]),
                server="Zendesk",
                missing=tuple(missing_rights(user, self._options, fields)),
                zone=user.get("iana_time_zone") or None,
                clock_skew=self._http.clock_skew,
                rate_limit=self._http.rate_limit,
            )

    def _historian(self) -> Historian:
        if self._account is None:
            self._account = str(self._client.ourselves()["id"])
        return Historian(self._client, self._words, self._account)

    # --- reading ---

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        with self._lock:
            if watermark is None or watermark != self._mark:
                self._settled = {}  # what was told last may not have been kept
            place = _Place.of(watermark, min(self._http.now(), until), self._options.history)
            try:
                page = self._page(place)
                if place.old and not page.tickets:
                    place = _Place(place.start, old=False)
                    page = self._page(place)
                told = self._told(page.tickets, until)
            except MISUNDERSTOOD as error:
                raise HelpdeskError(
                    f"{self.name}: the answer cannot be understood: {type(error).__name__} {error};"
                    " is `url` a Zendesk?"
                ) from None
            return self._batch(place, page, told)

    def _page(self, place: _Place) -> Page:
        """The next page; where a cursor is no longer good (a search's live an hour), anew."""
        try:
            return self._page_at(place, place.cursor)
        except CallError as error:
            if place.cursor is None or error.status not in _CURSOR_LOST:
                raise
            return self._page_at(place, None)

    def _page_at(self, place: _Place, cursor: str | None) -> Page:
        if place.old:
            return self._client.open_tickets(place.start + _DAYS_OF_SEARCH, cursor)
        return self._client.exported(cursor, place.start)

    def _batch(self, place: _Place, page: Page, told: _Told) -> Batch:
        is_beyond = any(_changed_at(item) > told.until for item in page.tickets)
        follows = _following(place, page)
        if is_beyond and not place.old:
            follows = place
        is_complete = not place.old and (page.is_last or is_beyond)
        count = self._client.open_count() if is_complete else None
        self._mark = follows.watermark()
        self._stories = {}
        self._settled = {**self._settled, **told.settled} if follows == place else {}
        return Batch(
            tuple(sorted(told.observations, key=lambda one: one.at)),
            self._mark,
            tuple(told.rejected),
            is_complete,
            count,
            clock_skew=self._http.clock_skew,
        )

    def _told(self, items: Sequence[Item], until: datetime) -> _Told:
        told = _Told(until)
        fresh = [one for one in items if self._settled.get(str(one["id"])) != _changed(one)]
        self._client.learn_people(set(_people(fresh)))
        self._client.learn_organizations({str(one.get("organization_id")) for one in fresh})
        for item in fresh:
            self._tell(item, told)
        return told

    def _tell(self, item: Item, told: _Told) -> None:
        number = str(item["id"])
        try:
            ticket = self._words.ticket(item)
            if ticket.created_at > told.until:
                return
            held = Held(ticket, dict(item))
            told.observations.append(self._with_story(held, self._story(held), told.until))
        except MISUNDERSTOOD as error:
            message = f"ticket {number} cannot be understood: {type(error).__name__} {error}"
            told.rejected.append(RejectedRow(f"ticket/{number}", 0, "ticket", message))
        if _changed_at(item) <= told.until:
            told.settled[number] = _changed(item)

    def _held(self, number: str) -> Held | None:
        item = self._client.ticket(number)
        return None if item is None else Held(self._words.ticket(item), dict(item))

    def _observed(self, held: Held, until: datetime) -> Observation:
        return self._with_story(held, self._client.audits(str(held.told["id"])), until)

    def _with_story(self, held: Held, audits: Sequence[Item], until: datetime) -> Observation:
        """A ticket with its story; of a deleted one nothing but that is told."""
        if held.ticket.is_gone:
            return Observation(held.ticket, min(_changed_at(held.told), until))
        requester = held.told.get("requester_id")
        return self._historian().observation(held.ticket, requester, audits, until)

    def _story(self, held: Held) -> list[Item]:
        """The audits of a ticket, kept until its page is finished."""
        if held.ticket.is_gone:
            return []
        number, changed = str(held.told["id"]), _changed(held.told)
        found = self._stories.get((number, changed)) or self._client.audits(number)
        if _changed_at(held.told) < self._http.now() - _SETTLED_AFTER:
            self._stories[number, changed] = found
        return found

    # --- writing ---

    def _refusal(self, held: Held) -> str | None:
        return _CLOSED if held.ticket.raw_status == CLOSED else None

    def _writing(self, held: Held, changes: Sequence[FieldChange]) -> Callable[[], None]:
        """What sets fields, unless somebody has changed the ticket since it was read."""
        body = self._words.written({each.field: each.after for each in changes})
        guarded = {**body, "updated_stamp": held.told["updated_at"], "safe_update": True}

        def write() -> None:
            self._client.update(str(held.told["id"]), guarded)

        return write

    def _say(self, held: Held, text: str, *, is_public: bool) -> str:
        comment = {"body": text, "public": is_public}
        told = self._client.update(str(held.told["id"]), {"comment": comment})
        events = (told.get("audit") or {}).get("events") or ()
        said = (one for one in events if one.get("type") == "Comment")
        return str(next((one.get("id") for one in said), ""))

    def _remarks(self, number: str) -> Iterable[Remark]:
        account = self._historian().account
        for audit in self._client.audits(number):
            for told in audit.get("events") or ():
                if told.get("type") == "Comment":
                    author = str(told.get("author_id") or audit.get("author_id"))
                    text = str(told.get("plain_body") or told.get("body") or "")
                    is_public = bool(told.get("public", True))
                    yield Remark(str(told["id"]), text, is_public, is_ours=author == account)


def _following(place: _Place, page: Page) -> _Place:
    """Where to go on after a page."""
    if not place.old:
        start = max(place.start, *map(_changed_at, page.tickets), place.start)
        return _Place(start, old=False, cursor=page.after or place.cursor)
    if page.is_last or page.after is None:
        return _Place(place.start, old=False)
    return replace(place, cursor=page.after)


def _people(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        for who in ("requester_id", "assignee_id"):
            yield str(item.get(who))


def _changed(item: Item) -> str:
    return str(item.get("updated_at"))


def _changed_at(item: Item) -> datetime:
    """When a ticket changed; what tells no time has long been so."""
    try:
        return instant(item.get("updated_at")) or datetime.min.replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
