"""Reading what changed, from a helpdesk that lists tickets by when they changed.

1. Tickets are asked for in the order of their last change, from an instant on, a page at a time.
   After a page it goes on from the last change on it, and never by the number of the page: what
   changes meanwhile moves to the end, and is met there.
2. Only where a whole page changed at one instant are pages counted, and then once more, until
   nothing new is met: what changes meanwhile shifts the others.
3. A new sweep begins a little before the last change that is known, since what is committed late
   bears an earlier time. What was told from there on is remembered, and not told twice.
4. The first reading begins with what last changed long ago, and leaves out of it what is closed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any, ClassVar, Final, TypeVar

from engine.errors import HelpdeskError
from engine.helpdesks.rest.desk import MISUNDERSTOOD, Held, RestHelpdesk
from engine.helpdesks.rest.http import HttpClient
from engine.helpdesks.rest.options import SweptOptions
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
        old_until: In the first of two parts, which ends there: of what has not changed since then
            only what is open is told (aware UTC). None in the second.
        more: How to ask for the next page from `since` on; None for the first.
        has_met: Something new was met on the pages from `since` on.
        recent: Number of ticket → when it had changed when it was told; of recent changes only.
    """

    since: datetime
    latest: datetime
    old_until: datetime | None = None
    more: str | None = None
    has_met: bool = False
    recent: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, watermark: Json | None, form: str, first: datetime) -> Mark:
        """Where to go on; with a watermark that nobody can read it begins anew at `first`."""
        if watermark is None or watermark.get("format") != form:
            return cls(_LONG_AGO, _LONG_AGO, old_until=first)
        recent, more, old = (watermark.get(name) for name in ("recent", "more", "old_until"))
        return cls(
            since=datetime.fromisoformat(str(watermark["since"])),
            latest=datetime.fromisoformat(str(watermark["latest"])),
            old_until=None if old is None else datetime.fromisoformat(str(old)),
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
            "old_until": self.old_until.isoformat() if self.old_until else None,
            "more": self.more,
            "has_met": self.has_met,
            "recent": dict(self.recent),
        }


@dataclass(slots=True)
class _Told:
    """What one batch comes to.

    Attributes:
        until: Nothing later is told (aware UTC).
        old_until: As in `Mark`.
        whole: Number of ticket → the change up to which it was told.
    """

    until: datetime
    old_until: datetime | None
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
    def _changed_since(self, since: datetime, more: str | None, *, only_open: bool) -> Listed:
        """Tickets that changed at or after an instant, the longest ago first.

        Args:
            since: Aware UTC.
            more: How to ask for this page; None for the first.
            only_open: Those that are closed may be left out.
        """

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
                told, follows, is_complete = self._step(mark, until)
                if mark.old_until and not follows.old_until and not told.observations:
                    told, follows, is_complete = self._step(follows, until)
                count = self._open_count() if is_complete else None
            except MISUNDERSTOOD as error:
                raise HelpdeskError(f"{self._puzzled(error)}; is `url` right?") from None
        return Batch(
            tuple(sorted(told.observations, key=lambda one: one.at)),
            follows.watermark(form),
            tuple(told.rejected),
            is_complete,
            count,
            clock_skew=self._http.clock_skew,
        )

    def _step(self, mark: Mark, until: datetime) -> tuple[_Told, Mark, bool]:
        """What the next page tells, where to go on after it, and whether that is at the end."""
        only_open = mark.old_until is not None
        page = self._changed_since(mark.since, mark.more, only_open=only_open)
        told = self._told(mark, page.items, until)
        return told, *self._following(mark, page, told)

    def _told(self, mark: Mark, items: Sequence[Item], until: datetime) -> _Told:
        told = _Told(until, mark.old_until)
        fresh = [one for one in items if mark.recent.get(str(one["id"])) != self._changed(one)]
        if mark.old_until is not None:  # the rest is told in the second part
            fresh = [one for one in fresh if self._at(one) < mark.old_until]
        self._foresee(fresh)
        for item in fresh:
            self._tell(item, told)
        return told

    def _tell(self, item: Item, told: _Told) -> None:
        number = str(item["id"])
        try:
            held = self._understood(item)
            if self._is_later(item, held, told.until):
                return
            if told.old_until is None or not held.ticket.status.is_resolved:
                told.observations.append(self._observed(held, told.until))
        except MISUNDERSTOOD as error:
            message = f"ticket {number} cannot be understood: {type(error).__name__} {error}"
            told.rejected.append(RejectedRow(f"ticket/{number}", 0, "ticket", message))
        if self._at(item) <= told.until:
            told.whole[number] = self._changed(item)

    def _following(self, mark: Mark, page: Listed, told: _Told) -> tuple[Mark, bool]:
        """Where to go on after a page, and whether that is at the end."""
        recent = {**mark.recent, **told.whole}
        again = replace(mark, more=None, has_met=False, recent=recent)
        is_old = mark.old_until is not None
        if not is_old and any(self._at(item) > told.until for item in page.items):
            return again, True
        last = max((self._at(item) for item in page.items), default=mark.since)
        latest = max(mark.latest, last)
        has_met = mark.has_met or bool(told.whole)
        is_one_instant = self._grained(last) <= self._grained(mark.since)
        if page.more is not None and is_one_instant:
            return replace(mark, more=page.more, has_met=has_met, recent=recent), False
        if mark.more is not None and has_met:
            return again, False
        if mark.old_until is not None and (page.more is None or last >= mark.old_until):
            return Mark(mark.old_until, mark.old_until), False
        begin = self._begin(latest)
        recent = {number: at for number, at in recent.items() if self._instant(at) >= begin}
        if page.more is None:
            return Mark(begin, latest, recent=recent), True
        return replace(again, since=last, latest=latest, recent=recent), False

    def _begin(self, latest: datetime) -> datetime:
        """Where a new sweep begins."""
        overlap = self.overlap + self._http.was_set_by()
        return self._grained(max(latest - overlap, _LONG_AGO))

    def _is_later(self, item: Item, held: Held, until: datetime) -> bool:
        """Whether nothing of a ticket may be told yet.

        Without a history it is known only as it stands.
        """
        return held.ticket.created_at > until or (not self.can.history and self._at(item) > until)

    def _grained(self, at: datetime) -> datetime:
        return at - (at - _LONG_AGO) % self.grain

    def _at(self, item: Item) -> datetime:
        """When a ticket changed; what tells no time that can be read has long been so."""
        try:
            return self._instant(self._changed(item))
        except MISUNDERSTOOD:
            return _LONG_AGO
