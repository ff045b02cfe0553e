"""What changed at a Redmine since a watermark.

1. A first sweep takes all open tickets, a second one what changed within the history, each
   later one what changed since the one before began. A sweep goes by rising numbers, a hundred
   at a time, each time from the last number on: a ticket that changes meanwhile is in the
   next sweep, and none changes its place. When a sweep began is told by Redmine's clock: it is
   the youngest change of all.
2. After each search it is asked who we are, since to an unknown key Redmine shows no tickets,
   and says that all is well. Where we may see more or less than before, we begin anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import httpx

from engine.errors import HelpdeskError
from engine.helpdesks.redmine.client import Item, RedmineClient
from engine.helpdesks.redmine.mapping import instant
from engine.helpdesks.redmine.options import RedmineOptions
from engine.helpdesks.redmine.rights import Access, missing_rights
from engine.helpdesks.redmine.sight import Sight
from engine.helpdesks.redmine.sweep import EPOCH, ReadTicket, Sweep
from engine.helpdesks.rest.http import CallError
from engine.ports import Batch, Json, Need, Observation, RejectedRow

_OVERLAP: Final = timedelta(minutes=2)
"""Each reading begins so long before the youngest change that the last one knew of."""


class Follower:
    """Follows one Redmine, batch by batch. One thread at a time."""

    def __init__(
        self, name: str, options: RedmineOptions, client: RedmineClient, sight: Sight
    ) -> None:
        """Contact nobody yet.

        Args:
            name: The helpdesk's, for complaints.
            options: What is watched.
            client: Whom to ask.
            sight: Sees each ticket that changed.
        """
        self._name = name
        self._options = options
        self._client = client
        self._sight = sight
        self._mark: Json | None = None
        self._read: dict[str, ReadTicket] = {}

    def batch(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        sweep = Sweep.of(watermark)
        if watermark is None or watermark != self._mark:
            self._go_on_from(sweep)
        self._mark = None  # where this breaks off, nothing of it has been told
        if sweep is None:
            sweep = self._begun(Sweep(self._access().fingerprint), until)
        elif sweep.until is None:
            sweep = self._begun(sweep, until)
        since = sweep.since - self._overlap() if sweep.since else None
        items, total = self._client.changed_since(since, sweep.after)
        access = self._access()
        if access.fingerprint != sweep.scope:
            return self._anew(access)
        told = _Told(until)
        for item in items:
            self._tell(item, told)
        is_read = len(items) >= total
        is_complete = is_read and sweep.since is not None
        after = sweep if is_read else replace(sweep, after=int(items[-1]["id"]))
        self._mark = (self._ended(sweep) if is_read else after).watermark()
        return Batch(
            tuple(sorted(told.observations, key=lambda one: one.at)),
            self._mark,
            tuple(told.rejected),
            is_complete,
            self._open_tickets() if is_complete else None,
            clock_skew=self._client.http.clock_skew,
        )

    def _access(self) -> Access:
        """What we may see; asked at every reading.

        Raises:
            HelpdeskError: We may not read what is watched.
        """
        return Access.of(self._client)

    def _anew(self, access: Access) -> Batch:
        """We may see more than before, or less: everything is read again, if it may be read.

        Raises:
            HelpdeskError: It may not.
        """
        self._client.forget()
        lacks = [*missing_rights(self._client, self._options, access)]
        lacking = [lack for lack in lacks if lack.need is Need.READ]
        if lacking:
            rights = "; ".join(f"{lack.right} is missing: {lack.remedy}" for lack in lacking)
            raise HelpdeskError(f"{self._name}: {access.account.login} may not read: {rights}")
        self._mark = Sweep(access.fingerprint).watermark()
        return Batch((), self._mark, is_complete=False)

    def _begun(self, sweep: Sweep, until: datetime) -> Sweep:
        """A sweep from its first page on: what is changed from now on is for the next one."""
        last = self._client.last_changed()
        youngest = min(instant(last), until) if last else None
        return replace(sweep, until=youngest, after=0)

    def _ended(self, sweep: Sweep) -> Sweep:
        """Where the next sweep goes on; the first one leaves what is not open to the second."""
        start = sweep.until or EPOCH
        if sweep.since is None:
            return Sweep(sweep.scope, start - self._options.history)
        begin = start - self._overlap()
        self._read = {n: one for n, one in self._read.items() if instant(one.changed) >= begin}
        settled = {n: one.changed for n, one in self._read.items() if one.is_settled}
        return Sweep(sweep.scope, start, settled=settled)

    def _overlap(self) -> timedelta:
        return _OVERLAP + self._client.http.was_set_by()

    def _go_on_from(self, sweep: Sweep | None) -> None:
        """What we remember beyond a watermark may not have been kept."""
        settled = sweep.settled if sweep else {}
        self._read = {number: ReadTicket.before(changed) for number, changed in settled.items()}

    def _open_tickets(self) -> int:
        """How many Redmine calls open: also those of statuses that mean resolved to us."""
        return sum(total for _, total in self.open(1))

    def open(self, most: int) -> Iterator[tuple[list[Item], int]]:
        """For each project that is watched: its first open tickets, and how many there are."""
        if not self._options.projects:
            yield self._client.search(status_id="open", limit=str(most))
        for name in self._options.projects:
            yield self._client.search(
                status_id="open", limit=str(most), project_id=name, subproject_id="!*"
            )

    def _tell(self, item: Item, told: _Told) -> None:
        number, changed = str(item["id"]), str(item.get("updated_on"))
        earlier = self._read.get(number)
        if earlier is not None and earlier.changed == changed and earlier.is_settled:
            return
        try:
            if instant(item["created_on"]) > told.until:
                return
            seen = self._sight.see(number, told.until)
        except (KeyError, TypeError, ValueError) as error:
            message = f"ticket {number} cannot be understood: {type(error).__name__} {error}"
            told.rejected.append(RejectedRow(f"issues/{number}", 0, "ticket", message))
            seen = None
        except CallError as error:
            if error.status in (httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN):
                return  # deleted, or hidden from us, since it was listed
            raise
        if seen is not None:
            told.observations.append(seen)
        with suppress(ValueError):  # a change at no time is told again and again
            changed_at = instant(changed)
            if changed_at <= told.until:
                self._read[number] = ReadTicket.after(earlier, changed, changed_at)


@dataclass(slots=True)
class _Told:
    """What one batch comes to.

    Attributes:
        until: Nothing later is told (aware UTC).
    """

    until: datetime
    observations: list[Observation] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
