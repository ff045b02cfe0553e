"""Third stage: do what was decided, at most once for customers and at least once for staff.

Leases a batch; then, row by row: guard, commit `sending`, act outside any transaction, finish where
the lease still holds.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.facts import CustomerLimits, Known
from engine.domain.reason import Reason
from engine.domain.reconsider import Reconsidered
from engine.domain.ruleset import Ruleset
from engine.domain.ticket import Actor, Event, EventKind, Ticket
from engine.errors import MessageError
from engine.pipeline.guard import Verdict, around, guard
from engine.pipeline.ingest import in_order, save
from engine.pipeline.leasing import is_digest, lease
from engine.pipeline.reachability import arrived, came_back
from engine.pipeline.second_look import second_look, take_in
from engine.pipeline.subjects import subjects_of
from engine.ports import (
    Channel,
    Composer,
    Helpdesk,
    Message,
    OutboxRow,
    OutboxState,
    Presence,
    Reading,
    Sent,
    SentState,
    Store,
    TicketRecord,
    Transaction,
)

LEASE_FOR = timedelta(minutes=5)
"""How long a batch may take at least; a dead process's rows are free again after its lease."""
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(minutes=30)
MOST_ATTEMPTS = 20
"""Afterwards the row is a dead letter: rejected, and listed for a person to decide."""
UNREADABLE_WAITS = timedelta(minutes=1)
SILENCED_WAITS = timedelta(minutes=1)
"""At least: the end of a silence is told in the domain's time, which a replay has gone beyond."""
PUT_BACK = "the delivery was broken off before its turn"


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that a delivery can reach.

    Attributes:
        reply_channels: Helpdesk name → the channel by which its customers are written to, where
            the helpdesk itself cannot reply.
        ruleset: The rules in force.
        limits: How often a customer may hear from us.
        known: Since when each rule's text is in force.
        jitter: Gives a number from 0 to 1, to spread retries.
    """

    helpdesks: Mapping[str, Helpdesk]
    channels: Mapping[str, Channel]
    reply_channels: Mapping[str, str]
    composer: Composer
    ruleset: Ruleset
    limits: CustomerLimits = field(default_factory=CustomerLimits)
    known: Mapping[str, Known] = field(default_factory=dict)
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Finished:
    """How one row of the outbox ended, or went back."""

    row: OutboxRow
    state: OutboxState
    reason: str | None


@dataclass(slots=True)
class Delivered:
    """What one delivery did."""

    finished: list[Finished] = field(default_factory=list)

    @property
    def sent(self) -> list[Finished]:
        """The rows that arrived."""
        return [one for one in self.finished if one.state is OutboxState.DELIVERED]


def deliver(
    store: Store,
    outside: Outside,
    now: datetime,
    real_now: Callable[[], datetime],
    is_stopping: Callable[[], bool] = lambda: False,
    is_deciding: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Deliver everything whose time had come when this began, until nothing of it is left.

    Args:
        store: Where the outbox is.
        outside: What can be reached.
        now: The domain's instant: what helpdesks are read up to, and when our writes happened.
        real_now: Gives the machine's instant, for leases and retries; both aware UTC. Others may be
            slow: it is asked again for every lease and every attempt.
        is_stopping: Whether to break off: the program ends, or other rules are in force by now.
            What is being done is finished, the rest put back.
        is_deciding: Whether digests wait, since others may be on the way to join them.
    """
    done = Delivered()

    def clock() -> datetime:
        return max(now, real_now())

    began = clock()
    lease_lasts = lease_for((*outside.helpdesks.values(), *outside.channels.values()))
    while not is_stopping() and _is_due(store, began):
        token = uuid.uuid4().hex
        until = clock() + lease_lasts
        acts = lease(store, began, now, token, until, is_deciding=is_deciding())
        if not acts:
            break
        run = _Run(store, outside, now, clock, token)
        for rows in acts:
            if is_stopping():
                run.put_back(*rows)
            else:
                done.finished.extend(run.deliver(rows))
    return done


def lease_for(reached: Iterable[Helpdesk | Channel]) -> timedelta:
    """How long a batch is leased: long enough for two attempts of the slowest of these."""
    return max((LEASE_FOR, *(4 * one.longest_call for one in reached)))


def _is_due(store: Store, now: datetime) -> bool:
    """One index probe, so that an idle delivery takes no writer's lock."""
    with store.read() as tx:
        next_at = tx.next_delivery_at()
    return next_at is not None and next_at <= now


@dataclass(frozen=True, slots=True)
class _Act:
    """What is ready to be done, and how long it takes at the most."""

    do: Callable[[], Sent]
    takes: timedelta


@dataclass(slots=True)
class _Run:
    store: Store
    outside: Outside
    now: datetime
    clock: Callable[[], datetime]
    token: str

    def deliver(self, rows: Sequence[OutboxRow]) -> list[Finished]:
        """One act, for one row or for the rows of a digest."""
        return self._digest(rows) if is_digest(rows[0]) else self._act_on(rows[0])

    def put_back(self, *rows: OutboxRow) -> None:
        """Let go of rows that are not begun; they are as due as they were."""
        with self.store.write() as tx:
            for row in rows:
                tx.snooze(row.id, self.token, row.next_attempt_at, PUT_BACK, OutboxState.PENDING)

    def _act_on(self, row: OutboxRow) -> list[Finished]:
        reading, record = self._read(row.action)
        with self.store.read() as tx:
            surroundings = around(tx, self.outside.ruleset, row.action, self.now)
        verdict = guard(row, self.outside.ruleset, reading, record, surroundings)
        if verdict.wait or verdict.silenced_until is not None:
            return [self._put_off(row, verdict)]
        take_in(self.store, reading, record, self.outside.ruleset.group_kinds, self.now)
        if verdict.stop is not None:
            return [self._stop(row, verdict.stop.value)]
        if row.action.audience is Audience.CUSTOMER:
            again = self._second_look(row)
            if again.action is None:
                return [self._stop(row, again.stop.value if again.stop else "")]
            row = replace(row, action=again.action)
        ticket = _ticket(reading, record)
        if ticket is None:
            return [self._stop(row, f"{row.action.ticket} is unknown")]
        try:
            act = self._prepare(row.action, ticket, verdict)
        except MessageError as error:
            return [self._stop(row, str(error), OutboxState.DROPPED)]
        return self._settle(act.do(), verdict, row) if self._begin(act.takes, row) else []

    def _digest(self, rows: Sequence[OutboxRow]) -> list[Finished]:
        """One message for all of them; what must not be told any more is left out of it."""
        finished: list[Finished] = []
        told: list[tuple[OutboxRow, Ticket]] = []
        with self.store.read() as tx:
            records = tx.records({row.action.ticket for row in rows})
        for row in rows:
            record = records.get(row.action.ticket)
            verdict = guard(row, self.outside.ruleset, Reading(Presence.UNREADABLE), record)
            if verdict.stop is not None:
                finished.append(self._stop(row, verdict.stop.value))
            elif record is None:
                finished.append(self._stop(row, f"{row.action.ticket} is unknown"))
            else:
                told.append((row, record.source))
        if not told:
            return finished
        message = self.outside.composer.staff([(row.action, about) for row, about in told], None)
        act = self._send(told[0][0].action.channel or "", message)
        begun = self._begin(act.takes, *(row for row, _ in told))
        return [*finished, *(self._settle(act.do(), Verdict(), *begun) if begun else ())]

    # --- before ---

    def _second_look(self, row: OutboxRow) -> Reconsidered:
        outside = self.outside
        return second_look(
            self.store, row, outside.ruleset, outside.limits, outside.known, self.now
        )

    def _read(self, action: Action) -> tuple[Reading, TicketRecord | None]:
        helpdesk = self.outside.helpdesks.get(action.ticket.partition(":")[0])
        with self.store.read() as tx:
            record = tx.records([action.ticket]).get(action.ticket)
        if helpdesk is None:
            return Reading(Presence.UNREADABLE), record
        return helpdesk.read(action.ticket, self.now), record

    def _prepare(self, action: Action, ticket: Ticket, verdict: Verdict) -> _Act:
        """Everything that can fail before the act is done here; what it gives back only acts."""
        composer = self.outside.composer
        if action.audience is Audience.STAFF:
            message = composer.staff([(action, ticket)], verdict.as_of)
            return self._send(action.channel or "", message)
        helpdesk = self.outside.helpdesks[action.ticket.partition(":")[0]]
        if action.kind is ActionKind.CHANGE:
            return _Act(
                lambda: helpdesk.change(action.ticket, verdict.changes, action.key, self.now),
                helpdesk.longest_call,
            )
        if action.kind is ActionKind.NOTE:
            text = composer.note(action, ticket)
            return _Act(
                lambda: helpdesk.note(action.ticket, text, action.key, self.now),
                helpdesk.longest_call,
            )
        return self._reply(helpdesk, action, ticket)

    def _reply(self, helpdesk: Helpdesk, action: Action, ticket: Ticket) -> _Act:
        channel = self.outside.reply_channels.get(helpdesk.name)
        address = ticket.customer.email or ""
        message = self.outside.composer.customer(action, ticket, address)
        if channel is None:
            return _Act(
                lambda: helpdesk.reply(action.ticket, message, self.now), helpdesk.longest_call
            )
        if not address:
            raise MessageError(f"the customer of {action.ticket} has no e-mail address")
        return self._send(channel, message)

    def _send(self, name: str, message: Message) -> _Act:
        channel = self.outside.channels.get(name)
        if channel is None:
            reason = f"there is no channel '{name}' in the configuration"
            return _Act(lambda: Sent(SentState.REJECTED, reason=reason), timedelta(0))
        return _Act(lambda: channel.send(message), channel.longest_call)

    def _begin(self, takes: timedelta, *rows: OutboxRow) -> list[OutboxRow]:
        """Note, for all at once, that an attempt is about to be made; those whose lease holds.

        The others are put back, for a lease of their own: it holds for as long as it has to.
        """
        with self.store.write() as tx:
            begun = self.clock()
            needed_until = begun + 2 * takes
            ready = [r for r in rows if tx.begin_sending(r.id, self.token, begun, needed_until)]
        if len(ready) < len(rows):
            self.put_back(*(row for row in rows if row not in ready))
        return ready

    # --- after ---

    def _settle(self, sent: Sent, verdict: Verdict, *rows: OutboxRow) -> list[Finished]:
        """Note how the act ended, for all at once: what shares a message is tried again as one."""
        is_customer = rows[0].action.audience is Audience.CUSTOMER
        attempts = max(row.attempts for row in rows)
        if sent.state is SentState.DELIVERED:
            return self._arrived(sent, verdict, *rows)
        if sent.state is SentState.UNKNOWN and is_customer:
            return [self._finish(row, OutboxState.UNKNOWN, sent.reason) for row in rows]
        if sent.bounced and is_customer:
            self._came_back(rows[0].action, sent.reason)
        if sent.state is SentState.REJECTED or attempts + 1 >= MOST_ATTEMPTS:
            return [self._finish(row, OutboxState.REJECTED, sent.reason) for row in rows]
        until = self.clock() + (sent.retry_after or self._backoff(attempts))
        return self._snooze_all(rows, until, sent.reason, OutboxState.PENDING)

    def _backoff(self, attempts: int) -> timedelta:
        """Exponential, with full jitter over its upper half."""
        longest: timedelta = min(FIRST_RETRY * (1 << min(attempts, 16)), LONGEST_RETRY)
        return longest * (0.5 + 0.5 * self.outside.jitter())

    def _arrived(self, sent: Sent, verdict: Verdict, *rows: OutboxRow) -> list[Finished]:
        """Done: our own writes become part of the ticket's story, marked as ours."""
        finished = []
        with self.store.write() as tx:
            for row in rows:
                if not tx.finish(
                    row.id, self.token, OutboxState.DELIVERED, self.clock(), None, sent.receipt
                ):
                    finished.append(Finished(row, OutboxState.UNKNOWN, "the lease was lost"))
                    continue
                self._remember(tx, row.action, verdict)
                if row.action.audience is Audience.CUSTOMER:
                    tx.message_arrived(row.action, self.now)
                finished.append(Finished(row, OutboxState.DELIVERED, None))
        return finished

    def _remember(self, tx: Transaction, action: Action, verdict: Verdict) -> None:
        events = own_events(action, verdict, self.now)
        record = tx.records([action.ticket]).get(action.ticket) if events else None
        if record is not None:
            if action.kind is ActionKind.REPLY:
                arrived(tx, record.source, self.now)
            written = replace(record, events=in_order((*record.events, *events)))
            (present,) = save(tx, [written])
            tx.mark_due(subjects_of(present, self.outside.ruleset.group_kinds), self.now)

    def _came_back(self, action: Action, reason: str) -> None:
        """The customer's address takes no mail: nothing more is tried, and staff will be told."""
        with self.store.write() as tx:
            record = tx.records([action.ticket]).get(action.ticket)
            news = came_back(tx, action, record.source, reason, self.now) if record else []
            kinds = self.outside.ruleset.group_kinds
            tx.mark_due((s for ticket in news for s in subjects_of(ticket, kinds)), self.now)

    def _stop(
        self, row: OutboxRow, reason: str, state: OutboxState = OutboxState.CANCELLED
    ) -> Finished:
        return self._finish(row, state, reason)

    def _finish(self, row: OutboxRow, state: OutboxState, reason: str) -> Finished:
        with self.store.write() as tx:
            tx.finish(row.id, self.token, state, self.clock(), reason)
            if row.action.audience is Audience.CUSTOMER:
                tx.mark_due({row.action.ticket, row.action.subject}, self.now)
        return Finished(row, state, reason)

    def _put_off(self, row: OutboxRow, verdict: Verdict) -> Finished:
        if verdict.silenced_until is None:
            return self._snooze(row, self.clock() + UNREADABLE_WAITS, "the ticket cannot be read")
        until = max(verdict.silenced_until, self.clock() + SILENCED_WAITS)
        return self._snooze(row, until, Reason.SILENCED.value)

    def _snooze(self, row: OutboxRow, until: datetime, reason: str) -> Finished:
        return self._snooze_all([row], until, reason, OutboxState.SNOOZED)[0]

    def _snooze_all(
        self, rows: Sequence[OutboxRow], until: datetime, reason: str, state: OutboxState
    ) -> list[Finished]:
        with self.store.write() as tx:
            for row in rows:
                tx.snooze(row.id, self.token, until, reason, state)
        return [Finished(row, state, reason) for row in rows]


def _ticket(reading: Reading, record: TicketRecord | None) -> Ticket | None:
    """The ticket as freshly read where it could be, our own writes aside."""
    if reading.observation is not None:
        return reading.observation.ticket
    return record.source if record else None


def own_events(action: Action, verdict: Verdict, at: datetime) -> list[Event]:
    """What our act adds to the ticket's story; notes and notices add nothing."""
    origin = action.episode.text
    if action.kind is ActionKind.CHANGE:
        return [
            Event(
                id=f"{action.key}|{change.field}",
                at=at,
                kind=EventKind.CHANGED,
                actor=Actor.OURSELVES,
                episode=origin,
                rule=action.episode.rule,
                field=change.field,
                before=change.before,
                after=change.after,
            )
            for change in verdict.changes
        ]
    if action.kind is ActionKind.REPLY:
        return [
            Event(
                id=action.key,
                at=at,
                kind=EventKind.MESSAGE,
                actor=Actor.OURSELVES,
                episode=origin,
            )
        ]
    return []
