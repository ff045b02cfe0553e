"""What changed at a Request Tracker since a watermark.

1. A sweep asks for all that changed since the last one began, by rising numbers, a hundred at a
   time, each time from the last number on: a ticket that changes meanwhile is in the next sweep,
   and none changes its place.
2. Of each ticket the whole story is told.
3. What was read with all that happened in its second is not read again in the overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from engine.helpdesks.rt.client import Item, RtClient
from engine.helpdesks.rt.mapping import instant
from engine.helpdesks.rt.options import RtOptions
from engine.helpdesks.rt.sight import Sight
from engine.helpdesks.rt.sweep import Sweep
from engine.ports import Batch, Json, Observation, RejectedRow

_OVERLAP: Final = timedelta(minutes=2)
"""Each reading begins so long before the last one began: what RT commits late is in it."""
_SETTLED_AFTER: Final = timedelta(seconds=3)
"""What changed so long before it was read has been read with all that happened in its second."""
_LONG_AGO: Final = timedelta(days=36_500)
_ACTIVE: Final = "Status = '__Active__'"


class Follower:
    """Follows one Request Tracker, batch by batch. One thread at a time."""

    def __init__(self, name: str, options: RtOptions, client: RtClient, sight: Sight) -> None:
        """Contact nobody yet.

        Args:
            name: The helpdesk's, as in ``HELPDESK:ID``.
            options: What is watched.
            client: Whom to ask.
            sight: Sees each ticket that changed.
        """
        self._name = name
        self._options = options
        self._client = client
        self._sight = sight
        self._mark: Json | None = None
        self._settled: dict[str, str] = {}

    def batch(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        now = self._client.now()
        sweep = Sweep.of(watermark, min(now, until))
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
            self.open(1)[1] if is_complete else None,
            clock_skew=self._client.http.clock_skew,
        )

    def _overlap(self) -> timedelta:
        return _OVERLAP + self._client.http.was_set_by()

    def _ended(self, sweep: Sweep) -> Sweep:
        """Where the next sweep goes on; what it does not come upon again is forgotten."""
        begin = sweep.began - self._overlap()
        self._settled = {n: told for n, told in self._settled.items() if _changed_at(told) >= begin}
        return Sweep(sweep.began, sweep.began, settled=self._settled)

    def _query(self, sweep: Sweep, now: datetime) -> str:
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

    def open(self, most: int) -> tuple[list[Item], int]:
        """The first open tickets of our queues, and how many there are."""
        return self._client.search(f"{_ACTIVE}{self._in_queues()}", per_page=most)

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
            self._sight.refuse_if_fields_are_lost(item)
            story = self._client.story(number)
            seen = self._sight.see(self._sight.words.ticket(item), story, told.until)
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

    def _tell_of_deleted(self, sweep: Sweep, told: _Told, now: datetime) -> None:
        since = (sweep.since or sweep.began) - self._overlap()
        for number in self._client.deleted_since(_seconds_since(now, since)):
            with suppress(KeyError, TypeError, ValueError):
                seen = self._sight.look(f"{self._name}:{number}", told.until).observation
                if seen is not None:
                    told.observations.append(seen)


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
