"""The outbox in the memory twin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from engine.domain.actions import Action, ActionKind, Audience
from engine.ports import Attempt, OutboxRow, OutboxState
from engine.store.memory.episodes import message_key
from engine.store.memory.tables import KeptRow, MemoryPart
from engine.store.outbox import ACTS, lane_of

_WAITING = (OutboxState.PENDING, OutboxState.SNOOZED)
_LEASES = (OutboxState.LEASED, OutboxState.SENDING)
_UNSENT = (OutboxState.CANCELLED, OutboxState.DROPPED)
_FINAL = (OutboxState.DELIVERED, OutboxState.REJECTED, *_UNSENT)


class MemoryOutbox(MemoryPart):
    """The queue of actions, one row for each receiver."""

    def enqueue(self, actions: Sequence[Action], now: datetime) -> None:
        """Put actions into the queue in this order; one whose key is known is passed over."""
        for action in actions:
            if action.key in self._tables.keys:
                continue
            number = len(self._tables.outbox) + 1
            state = OutboxState.HELD if action.held else OutboxState.PENDING
            if action.skipped:
                state = OutboxState.CANCELLED
            row = OutboxRow(
                id=number,
                action=action,
                state=state,
                attempts=0,
                token=None,
                next_attempt_at=now if action.not_before is None else max(now, action.not_before),
                created_at=now,
                reason=action.reason,
            )
            self._tables.keys[action.key] = number
            finished_at = now if state in _FINAL else None
            self._put(KeptRow(row, lane_of(action), finished_at=finished_at))

    def lease(
        self,
        now: datetime,
        limit: int,
        token: str,
        until: datetime,
        digests_until: datetime | None = None,
    ) -> list[OutboxRow]:
        """Take rows whose time has come, the longest due first, for the holder of `token`."""
        youngest = digests_until or now
        ready = sorted(
            (kept.row.next_attempt_at, kept.row.id)
            for kept in self._ready(now)
            if kept.action.kind is not ActionKind.DIGEST or kept.row.created_at <= youngest
            if not self._is_held_back(kept)
        )
        return self._leased([number for _, number in ready[:limit]], token, until)

    def lease_digests(
        self, like: Action, now: datetime, token: str, until: datetime, reason: str | None = None
    ) -> list[OutboxRow]:
        """Take all the digests whose time has come that go to the address of `like`."""
        due = {kept.row.id for kept in self._ready(now) if kept.action.kind is ActionKind.DIGEST}
        ready = [
            kept.row.id
            for kept in self._waiting()
            if kept.row.id in due or (reason is not None and kept.row.reason == reason)
            if _address(kept.action) == _address(like)
        ]
        return self._leased(ready, token, until)

    def messages_to(self, like: Action, since: datetime) -> list[datetime]:
        """When the address of `like` was sent a message, later than `since`; in order."""
        found: dict[str | None, datetime] = {}
        for kept in self._tables.outbox.values():
            is_delivered = kept.row.state is OutboxState.DELIVERED
            if is_delivered and _address(kept.action) == _address(like):
                at = kept.finished_at
                if at is not None and at > since:
                    found[kept.receipt] = min(at, found.get(kept.receipt, at))
        return sorted(found.values())

    def unknown_replies(self) -> list[OutboxRow]:
        """Replies to customers that may have arrived, in order of id."""
        rows = (self._tables.outbox[number].row for number in sorted(self._tables.outbox))
        return [
            row
            for row in rows
            if row.state is OutboxState.UNKNOWN and row.action.kind is ActionKind.REPLY
        ]

    def being_told(self, tickets: Iterable[str]) -> frozenset[str]:
        """Those of these tickets on which a message to the customer is on its way."""
        rows = (self._tables.outbox[number] for number in self._tables.on_their_way)
        told = {row.action.ticket for row in rows if row.action.audience is Audience.CUSTOMER}
        return frozenset(told.intersection(tickets))

    def begun_acts(self, ticket_ids: Iterable[str]) -> list[OutboxRow]:
        """Acts on these tickets that were attempted and are not settled, in order of id."""
        wanted = set(ticket_ids)
        rows = (self._tables.outbox[number].row for number in sorted(self._tables.on_their_way))
        return [
            row
            for row in rows
            if row.action.ticket in wanted
            and row.action.kind in ACTS
            and row.id in self._tables.attempts
        ]

    def is_overtaken(self, row_id: int) -> bool:
        """Whether a later row of the same lane is on its way, too."""
        kept = self._tables.outbox[row_id]
        others = (self._tables.outbox[number] for number in self._tables.on_their_way)
        return any(
            other.row.id > row_id
            and (other.action.ticket, other.lane) == (kept.action.ticket, kept.lane)
            for other in others
        )

    def _ready(self, now: datetime) -> list[KeptRow]:
        return [kept for kept in self._waiting() if kept.row.next_attempt_at <= now]

    def _leased(self, numbers: Sequence[int], token: str, until: datetime) -> list[OutboxRow]:
        leased = []
        for number in sorted(numbers):
            kept = self._tables.outbox[number]
            row = replace(kept.row, state=OutboxState.LEASED, token=token)
            self._put(replace(kept, row=row, lease_until=until))
            leased.append(row)
        return leased

    def _is_held_back(self, kept: KeptRow) -> bool:
        """Whether an earlier row of its lane is still on its way."""
        others = (self._tables.outbox[number] for number in self._tables.on_their_way)
        return any(
            other.row.id < kept.row.id
            and (other.action.ticket, other.lane) == (kept.action.ticket, kept.lane)
            and (
                other.row.state is not OutboxState.SNOOZED
                or other.action.audience is not Audience.CUSTOMER
            )
            for other in others
        )

    def begin_sending(self, row_id: int, token: str, now: datetime, needed_until: datetime) -> bool:
        """Note that an attempt is about to be made; False if the lease was lost."""
        kept = self._tables.outbox.get(row_id)
        if kept is None or kept.row.token != token or kept.row.state is not OutboxState.LEASED:
            return False
        if kept.lease_until is None or kept.lease_until < needed_until:
            return False
        row = replace(kept.row, state=OutboxState.SENDING, attempts=kept.row.attempts + 1)
        self._put(replace(kept, row=row))
        before = self._tables.attempts.get(row_id, ())
        self._tables.attempts[row_id] = (*before, Attempt(row.attempts, now))
        return True

    def finish(
        self,
        row_id: int,
        token: str,
        state: OutboxState,
        now: datetime,
        reason: str | None = None,
        receipt: str | None = None,
    ) -> bool:
        """Note how an attempt ended; a leased row can only be cancelled or dropped."""
        leases = _LEASES if state in _UNSENT else (OutboxState.SENDING,)
        mine = self._mine(row_id, token)
        return self._move(mine and replace(mine, receipt=receipt), leases, state, reason, now)

    def snooze(
        self,
        row_id: int,
        token: str,
        until: datetime,
        reason: str,
        state: OutboxState = OutboxState.SNOOZED,
    ) -> bool:
        """Put a leased or sending row back (`SNOOZED`, `PENDING`) or aside (`HELD`)."""
        mine = self._mine(row_id, token)
        if mine and state is OutboxState.SNOOZED and mine.row.state is OutboxState.SENDING:
            mine = replace(mine, row=replace(mine.row, attempts=mine.row.attempts - 1))
        return self._move(mine, _LEASES, state, reason, next_at=until)

    def expired(self, now: datetime) -> list[OutboxRow]:
        """Rows, leased or sending, whose lease has run out, the first to run out first."""
        found = [
            (kept.lease_until, kept.row.id, kept.row)
            for kept in map(self._tables.outbox.__getitem__, self._tables.on_their_way)
            if kept.lease_until is not None and kept.lease_until <= now
        ]
        return [row for _, _, row in sorted(found, key=lambda one: one[:2])]

    def settle(
        self,
        row_id: int,
        state: OutboxState,
        now: datetime,
        reason: str | None = None,
        receipt: str | None = None,
    ) -> bool:
        """Decide what becomes of a row that waits for people: released, proved, or given up."""
        del receipt
        is_release = state is OutboxState.PENDING
        waits = (OutboxState.HELD,) if is_release else (OutboxState.HELD, OutboxState.UNKNOWN)
        return self._move(self._tables.outbox.get(row_id), waits, state, reason, now, now)

    def next_delivery_at(self) -> datetime | None:
        """The earliest next attempt, None when nothing waits."""
        return min((kept.row.next_attempt_at for kept in self._waiting()), default=None)

    def outbox_row(self, row_id: int) -> OutboxRow | None:
        """One row, None when there is none of that number."""
        kept = self._tables.outbox.get(row_id)
        return None if kept is None else kept.row

    def _waiting(self) -> Iterator[KeptRow]:
        rows = map(self._tables.outbox.__getitem__, self._tables.on_their_way)
        return (kept for kept in rows if kept.row.state in _WAITING)

    def _mine(self, row_id: int, token: str) -> KeptRow | None:
        kept = self._tables.outbox.get(row_id)
        return kept if kept is not None and kept.row.token == token else None

    def _move(
        self,
        kept: KeptRow | None,
        from_states: Sequence[OutboxState],
        state: OutboxState,
        reason: str | None,
        at: datetime | None = None,
        next_at: datetime | None = None,
    ) -> bool:
        if kept is None or kept.row.state not in from_states:
            return False
        row = replace(
            kept.row,
            state=state,
            reason=reason,
            token=None,
            next_attempt_at=next_at or kept.row.next_attempt_at,
        )
        finished_at = at if state in _FINAL else None
        self._put(replace(kept, row=row, lease_until=None, finished_at=finished_at))
        self._end_attempt(row, at)
        return True

    def _end_attempt(self, row: OutboxRow, at: datetime | None) -> None:
        attempts = self._tables.attempts.get(row.id, ())
        if attempts and attempts[-1].outcome is None:
            last = replace(attempts[-1], finished_at=at, outcome=row.state, reason=row.reason)
            self._tables.attempts[row.id] = (*attempts[:-1], last)

    def attempts(self, row_id: int) -> tuple[Attempt, ...]:
        """All attempts at a row's action, in order."""
        return self._tables.attempts.get(row_id, ())

    def _put(self, kept: KeptRow) -> None:
        self._tables.outbox[kept.row.id] = kept
        is_stopped = kept.row.state is OutboxState.CANCELLED and not kept.action.skipped
        if is_stopped and kept.action.kind is ActionKind.REPLY:
            self._tables.withdrawn[message_key(kept.action)] = kept.row.reason or ""
        if kept.row.state in (*_WAITING, *_LEASES):
            self._tables.on_their_way[kept.row.id] = None
        else:
            self._tables.on_their_way.pop(kept.row.id, None)


def _address(action: Action) -> tuple[str | None, str | None]:
    return action.channel, action.to
