"""Reading what changed, from a helpdesk that lists tickets by when they changed.

1. Tickets are asked for in the order of their last change, from an instant on, a page at a time.
   After a page it goes on from the last change on it, and never by the number of the page: what
   changes meanwhile moves to the end, and is met there.
2. Only where a whole page changed at one instant are pages counted, and then once more, until
   nothing new is met: what changes meanwhile shifts the others.
3. A new sweep begins a little before the last change that is known, since what is committed late
   bears an earlier time. What was told from there on is remembered, and not told twice.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any, ClassVar, Final, TypeVar

from engine.errors import HelpdeskError
from engine.helpdesks.http import HttpClient
from engine.helpdesks.rest_desk import MISUNDERSTOOD, Held, RestHelpdesk
from engine.helpdesks.rest_options import SweptOptions
from engine.ports import Batch, Json, Observation, RejectedRow

O = TypeVar("O", bound=SweptOptions)  # noqa: E741 - the options of one kind
Item = Mapping[str, Any]
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list.

    Attributes:
        more: How to ask for the page that follows; None where none does.
    """

    items: Sequence[Item]
    more: str | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where reading has got to.

    Attributes:
        since: What changed at or after it is asked for (aware UTC).
        latest: The last change that is known.
        is_old: In the first of two parts: open tickets that did not change since `since`.
        more: How to ask for the next page from `since` on; None for the first.
        has_met: Something new was met on the pages from `since` on.
        recent: Number of ticket → when it had changed when it was told; of recent changes only.
    """

    since: datetime
    latest: datetime
    is_old: bool = False
    more: str | None = None
    has_met: bool = False
    recent: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, watermark: Json | None, form: str, first: datetime) -> Mark:
        """Where to go on; with a watermark that nobody can read it begins anew at `first`."""
        if watermark is None or watermark.get("format") != form:
            return cls(first, first, is_old=True)
        recent, more = watermark.get("recent"), watermark.get("more")
        return cls(
            since=datetime.fromisoformat(str(watermark["since"])),
            latest=datetime.fromisoformat(str(watermark["latest"])),
            is_old=bool(watermark.get("is_old")),
            more=None if more is None else str(more),
            has_met=bool(watermark.get("has_met")),
            recent=recent if isinstance(recent, dict) else {},
        )

    def watermark(self, form: str) -> Json:
        """To go on from here."""
        return {
            "format": form,
            "since": self.since.isoformat(),
            "latest": self.latest.isoformat(),
            "is_old": self.is_old,
            "more": self.more,
            "has_met": self.has_met,
            "recent": dict(self.recent),
        }


@dataclass(slots=True)
class _Told:
    """What one batch comes to.

    Attributes:
        until: Nothing later is told (aware UTC).
        whole: Number of ticket → the change up to which it was told.
    """

    until: datetime
    observations: list[Observation] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    whole: dict[str, str] = field(default_factory=dict)


class SweepingHelpdesk(RestHelpdesk[O]):
    """Reads tickets in the order of their last change.

    Attributes:
        overlap: So long before the last known change a sweep begins.
        grain: The helpdesk can be asked for changes since an instant no finer than this.
    """

    overlap: ClassVar[timedelta] = timedelta(minutes=1)
    grain: ClassVar[timedelta] = timedelta(seconds=1)

    def __init__(self, name: str, options: O, http: HttpClient) -> None:
        """Contact nobody yet; as `RestHelpdesk`."""
        super().__init__(name, options, http)
        self._lock = RLock()

    # --- what each kind says ---

    @abstractmethod
    def _old(self, before: datetime, more: str | None) -> Listed:
        """Open tickets that last changed before an instant (aware UTC)."""

    @abstractmethod
    def _changed_since(self, since: datetime, more: str | None) -> Listed:
        """Tickets that changed at or after an instant (aware UTC), the longest ago first."""

    @abstractmethod
    def _changed(self, item: Item) -> str:
        """When a ticket last changed, as the helpdesk writes it."""

    @abstractmethod
    def _instant(self, text: str) -> datetime:
        """What `_changed` says (aware UTC)."""

    @abstractmethod
    def _understood(self, item: Item) -> Held:
        """A ticket from an item of a list."""

    @abstractmethod
    def _open_count(self) -> int | None:
        """How many tickets are open; None where only that there are some can be told cheaply."""

    def _foresee(self, items: Sequence[Item]) -> None:
        """Ask at once for what many tickets will need."""

    # --- reading ---

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        form = f"{self._options.kind}/1"
        with self._lock:
            first = min(self._http.now(), until) - self._options.history
            try:
                mark = Mark.of(watermark, form, first)
                page = self._page(mark)
                if mark.is_old and not page.items:
                    mark = replace(mark, is_old=False, more=None)
                    page = self._page(mark)
                told = self._told(mark, page.items, until)
                follows, is_complete = self._following(mark, page, told)
                count = self._open_count() if is_complete else None
            except MISUNDERSTOOD as error:
                raise HelpdeskError(f"{self._puzzled(error)}; is `url` right?") from None
        return Batch(
            tuple(sorted(told.observations, key=lambda one: one.at)),
            follows.watermark(form),
            tuple(told.rejected),
            is_complete,
            count,
        )

    def _page(self, mark: Mark) -> Listed:
        if mark.is_old:
            return self._old(mark.since, mark.more)
        return self._changed_since(mark.since, mark.more)

    def _told(self, mark: Mark, items: Sequence[Item], until: datetime) -> _Told:
        told = _Told(until)
        fresh = [one for one in items if mark.recent.get(str(one["id"])) != self._changed(one)]
        self._foresee(fresh)
        for item in fresh:
            self._tell(item, told)
        return told

    def _tell(self, item: Item, told: _Told) -> None:
        number = str(item["id"])
        try:
            held = self._understood(item)
            if held.ticket.created_at > told.until:
                return
            told.observations.append(self._observed(held, told.until))
        except MISUNDERSTOOD as error:
            message = f"ticket {number} cannot be understood: {type(error).__name__} {error}"
            told.rejected.append(RejectedRow(f"ticket/{number}", 0, "ticket", message))
        if self._at(item) <= told.until:
            told.whole[number] = self._changed(item)

    def _following(self, mark: Mark, page: Listed, told: _Told) -> tuple[Mark, bool]:
        """Where to go on after a page, and whether that is at the end."""
        if mark.is_old:
            is_last = page.more is None
            return (replace(mark, is_old=not is_last, more=page.more), False)
        recent = {**mark.recent, **told.whole}
        again = replace(mark, more=None, has_met=False, recent=recent)
        if any(self._at(item) > told.until for item in page.items):
            return again, True
        last = max((self._at(item) for item in page.items), default=mark.since)
        latest = max(mark.latest, last)
        has_met = mark.has_met or bool(told.whole)
        is_one_instant = self._grained(last) <= self._grained(mark.since)
        if page.more is not None and is_one_instant:
            return replace(mark, more=page.more, has_met=has_met, recent=recent), False
        if mark.more is not None and has_met:
            return again, False
        begin = self._grained(latest - self.overlap)
        recent = {number: at for number, at in recent.items() if self._instant(at) >= begin}
        if page.more is None:
            return Mark(begin, latest, recent=recent), True
        return Mark(last, latest, recent=recent), False

    def _grained(self, at: datetime) -> datetime:
        return at - (at - _LONG_AGO) % self.grain

    def _at(self, item: Item) -> datetime:
        """When a ticket changed; what tells no time that can be read has long been so."""
        try:
            return self._instant(self._changed(item))
        except MISUNDERSTOOD:
            return _LONG_AGO
