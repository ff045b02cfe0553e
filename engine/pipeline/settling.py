"""How rows of the outbox end, or go back into the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.domain.actions import Audience, FieldChange
from engine.domain.circuit import LONGEST_COOL_DOWN
from engine.domain.rule import Receiver
from engine.pipeline.acting import Cleared
from engine.pipeline.aftercare import tell_staff
from engine.pipeline.outside import Outside
from engine.pipeline.own_writes import remember
from engine.pipeline.proof import has_arrived
from engine.pipeline.reachability import came_back
from engine.pipeline.subjects import subjects_of
from engine.pipeline.traffic import has_failed
from engine.ports import OutboxRow, OutboxState, Sent, SentState, Store

FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(minutes=30)
MOST_ATTEMPTS = 20
"""Afterwards the row is a dead letter: rejected, and told to staff."""
LONGEST_OUTAGE = timedelta(days=5)
"""So long an action waits for somebody who does not answer at all (RFC 5321, 4.5.4.1)."""
SHARE_OF_AGE = 8
"""What has waited for an hour for somebody who does not answer is tried every few minutes."""
LEASE_LOST = "the lease was lost"


@dataclass(frozen=True, slots=True)
class Finished:
    """How one row of the outbox ended, or went back.

    Attributes:
        is_lost: Staff should be told of this end, and nobody can be.
    """

    row: OutboxRow
    state: OutboxState
    reason: str | None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Settling:
    """Writes down what became of the rows that one lease holds.

    Attributes:
        now: The domain's instant.
        clock: Gives the instant that leases and retries go by (both aware UTC).
        token: The lease's.
    """

    store: Store
    outside: Outside
    now: datetime
    clock: Callable[[], datetime]
    token: str

    def settle(self, sent: Sent, cleared: Sequence[Cleared]) -> list[Finished]:
        """Note how an act ended, for all at once: what shares a message is tried again as one."""
        rows = [one.row for one in cleared]
        if sent.state is SentState.DELIVERED or self._is_proven(sent, rows[0]):
            return self._arrived(sent, cleared)
        if sent.state is SentState.UNKNOWN and rows[0].action.audience is Audience.CUSTOMER:
            return [self.finish(row, OutboxState.UNKNOWN, sent.reason) for row in rows]
        if sent.bounced and rows[0].action.audience is Audience.CUSTOMER:
            return [self._came_back(rows[0], sent.reason)]
        if sent.state is SentState.REJECTED:
            self._keep(sent.took, rows[0])
            return [self.finish(row, OutboxState.REJECTED, sent.reason) for row in rows]
        return self._again(sent, rows)

    def finish(self, row: OutboxRow, state: OutboxState, reason: str) -> Finished:
        """End a row that did not arrive, and have staff told where they must hear of it."""
        with self.store.write() as tx:
            is_ours = tx.finish(row.id, self.token, state, self.clock(), reason)
            is_told = not is_ours or tell_staff(tx, row, state, reason, self._receivers, self.now)
            if row.action.audience is Audience.CUSTOMER:
                tx.mark_due({row.action.ticket, row.action.subject}, self.now)
        return Finished(row, state, reason, is_lost=not is_told)

    def _keep(self, took: Sequence[FieldChange], row: OutboxRow) -> None:
        """What did change of a change that failed was changed by us all the same."""
        if took:
            with self.store.write() as tx:
                remember(tx, row.action, took, self.outside.ruleset, self.now)

    def _came_back(self, row: OutboxRow, reason: str) -> Finished:
        """The customer's address takes no mail: nothing more is tried, and staff will be told."""
        action, state = row.action, OutboxState.REJECTED
        with self.store.write() as tx:
            tx.finish(row.id, self.token, state, self.clock(), reason)
            record = tx.records([action.ticket]).get(action.ticket)
            news = came_back(tx, action, record.source, reason, self.now) if record else []
            kinds = self.outside.ruleset.group_kinds
            tx.mark_due((s for ticket in news for s in subjects_of(ticket, kinds)), self.now)
            tx.mark_due({action.ticket, action.subject}, self.now)
        return Finished(row, state, reason)

    def put_off(
        self,
        rows: Sequence[OutboxRow],
        until: datetime,
        reason: str,
        state: OutboxState = OutboxState.SNOOZED,
    ) -> list[Finished]:
        """Let rows wait; a snooze burns no attempt."""
        with self.store.write() as tx:
            for row in rows:
                tx.snooze(row.id, self.token, until, reason, state)
        return [Finished(row, state, reason) for row in rows]

    def put_back(self, rows: Sequence[OutboxRow], reason: str) -> None:
        """Let go of rows that are not begun; they are as due as they were."""
        with self.store.write() as tx:
            for row in rows:
                tx.snooze(row.id, self.token, row.next_attempt_at, reason, OutboxState.PENDING)

    def _is_proven(self, sent: Sent, row: OutboxRow) -> bool:
        return sent.state is SentState.UNKNOWN and has_arrived(self.outside, row.action) is True

    def _arrived(self, sent: Sent, cleared: Sequence[Cleared]) -> list[Finished]:
        """Done. What shared a message shares its receipt, by which messages are counted."""
        receipt = sent.receipt or cleared[0].action.key
        finished = []
        with self.store.write() as tx:
            for one in cleared:
                row, state, at = one.row, OutboxState.DELIVERED, self.clock()
                if not tx.finish(row.id, self.token, state, at, None, receipt):
                    finished.append(Finished(row, OutboxState.UNKNOWN, LEASE_LOST))
                    continue
                ruleset, changes = self.outside.ruleset, one.verdict.changes
                remember(tx, row.action, changes, ruleset, self.now, sent.receipt)
                finished.append(Finished(row, state, None))
        return finished

    def _again(self, sent: Sent, rows: Sequence[OutboxRow]) -> list[Finished]:
        """Try again later. An attempt that reached nobody is not burnt."""
        if sent.state is SentState.RETRY and has_failed(sent):
            age = self.now - min(row.created_at for row in rows)
            if age >= LONGEST_OUTAGE:
                return self._give_up(rows, f"{sent.reason}; given up after five days")
            pause = min(max(age / SHARE_OF_AGE, self._backoff(0)), LONGEST_COOL_DOWN)
            return self.put_off(rows, self.clock() + (sent.retry_after or pause), sent.reason)
        attempts = max(row.attempts for row in rows)
        if attempts + 1 >= MOST_ATTEMPTS:
            return self._give_up(rows, f"{sent.reason}; given up after {MOST_ATTEMPTS} attempts")
        until = self.clock() + (sent.retry_after or self._backoff(attempts))
        return self.put_off(rows, until, sent.reason, OutboxState.PENDING)

    def _give_up(self, rows: Sequence[OutboxRow], reason: str) -> list[Finished]:
        return [self.finish(row, OutboxState.REJECTED, reason) for row in rows]

    def _backoff(self, attempts: int) -> timedelta:
        """Exponential, with full jitter over its upper half."""
        longest: timedelta = min(FIRST_RETRY * (1 << min(attempts, 16)), LONGEST_RETRY)
        return longest * (0.5 + 0.5 * self.outside.jitter())

    @property
    def _receivers(self) -> Mapping[str, Receiver]:
        return self.outside.ruleset.generation.receivers
