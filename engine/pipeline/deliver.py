"""Third stage: do what was decided, at most once for customers and at least once for staff.

Leases a batch; then, act by act:

1. `traffic`: whose way out is failing, or full, waits.
2. `guard`: what has been overtaken is stopped.
3. `crowding`: an address of the staff that has heard enough waits, and hears the rest as one.
4. `acting`: the action becomes a message, or a write to the helpdesk.
5. Commit `sending`, act outside any transaction.
6. `settling`: finish where the lease still holds.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from engine.domain.actions import Audience
from engine.domain.reason import Reason
from engine.domain.ticket import Ticket
from engine.errors import MessageError
from engine.pipeline.acting import Act, Cleared, prepare
from engine.pipeline.crowding import CROWDED, crowded_until
from engine.pipeline.echoes import recognised
from engine.pipeline.guard import ALONE, Around, Verdict, around, guard
from engine.pipeline.leasing import OUR_DELAYS, PUT_BACK, is_digest, lease, lease_for
from engine.pipeline.outside import Outside, helpdesk_name
from engine.pipeline.second_look import second_look, take_in
from engine.pipeline.settling import Finished, Settling
from engine.pipeline.traffic import Turn, Wait, Way
from engine.ports import (
    OutboxRow,
    OutboxState,
    Presence,
    Reading,
    Sent,
    Store,
    TicketRecord,
    Transaction,
)

UNREADABLE_WAITS = timedelta(minutes=1)
SILENCED_WAITS = timedelta(minutes=1)
"""At least: the end of a silence is told in the domain's time, which a replay has gone beyond."""


@dataclass(slots=True)
class Delivered:
    """What one delivery did.

    Attributes:
        turns: Circuits that opened or closed.
        waiting: What found its way out shut → how many rows.
    """

    finished: list[Finished] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    waiting: Counter[Wait] = field(default_factory=Counter)

    @property
    def sent(self) -> list[Finished]:
        """The rows that arrived."""
        return [one for one in self.finished if one.state is OutboxState.DELIVERED]

    def add(self, other: Delivered) -> None:
        """Count another delivery with this."""
        self.finished.extend(other.finished)
        self.turns.extend(other.turns)
        self.waiting.update(other.waiting)


def deliver(
    store: Store,
    outside: Outside,
    now: datetime,
    real_now: Callable[[], datetime],
    is_stopping: Callable[[], bool] = lambda: False,
    is_deciding: Callable[[], bool] = lambda: False,
    heard: Callable[[Delivered], None] = lambda _: None,
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
        heard: Told of each batch as soon as it is done.
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
        run = _Run(Settling(store, outside, now, clock, token))
        for rows in acts:
            if is_stopping():
                run.settling.put_back(rows, PUT_BACK)
            else:
                run.deliver(rows)
        run.let_wait()
        heard(run.done)
        done.add(run.done)
    return done


def _is_due(store: Store, now: datetime) -> bool:
    """One index probe, so that an idle delivery takes no writer's lock."""
    with store.read() as tx:
        next_at = tx.next_delivery_at()
    return next_at is not None and next_at <= now


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of a row's matter.

    Attributes:
        around: What stands around it, its ticket aside.
        is_overtaken: It was put off, and the customer is to hear something newer.
        begun: Our acts on the ticket that may have arrived without our knowing.
    """

    record: TicketRecord | None
    around: Around = ALONE
    is_overtaken: bool = False
    begun: Sequence[OutboxRow] = ()

    def recognised(self, reading: Reading) -> Reading:
        """The ticket as read, with our own writes marked as ours."""
        if reading.observation is None:
            return reading
        kept = self.record.events if self.record else ()
        return replace(reading, observation=recognised(reading.observation, kept, self.begun))


@dataclass(slots=True)
class _Run:
    """What is done under one lease.

    Attributes:
        waiting: Rows whose way is shut, to be put off all at once.
    """

    settling: Settling
    done: Delivered = field(default_factory=Delivered)
    waiting: dict[Wait, list[OutboxRow]] = field(default_factory=dict)

    @property
    def outside(self) -> Outside:
        return self.settling.outside

    def deliver(self, rows: Sequence[OutboxRow]) -> None:
        """One act, for one row or for those that share a message."""
        wait = self.outside.traffic.wait(self.outside.way_of(rows[0].action), self._clock())
        if wait is not None:
            self.waiting.setdefault(wait, []).extend(rows)
            return
        with self.settling.store.read() as tx:
            known = [self._known(tx, row) for row in rows]
        cleared = [one for one in map(self._clear, rows, known) if one is not None]
        if cleared and not self._is_crowded([one.row for one in cleared]):
            self._do(cleared)

    def let_wait(self) -> None:
        """Put off what found its way shut: one transaction for many rows."""
        for wait, rows in self.waiting.items():
            self.settling.put_off(rows, wait.until, wait.reason)
            self.done.waiting[wait] += len(rows)

    # --- before ---

    def _known(self, tx: Transaction, row: OutboxRow) -> _Known:
        record = tx.records([row.action.ticket]).get(row.action.ticket)
        if is_digest(row):  # the last word on what was decided: nothing overtakes it
            return _Known(record)
        ruleset, now = self.outside.ruleset, self.settling.now
        surroundings = around(tx, ruleset, row.action, now)
        is_overtaken = was_put_off(row) and tx.is_overtaken(row.id)
        return _Known(record, surroundings, is_overtaken, tx.begun_acts([row.action.ticket]))

    def _clear(self, row: OutboxRow, known: _Known) -> Cleared | None:
        """The row if it is still right to act; else what becomes of it is written down."""
        reading, ruleset = known.recognised(self._read(row)), self.outside.ruleset
        verdict = guard(row, ruleset, reading, known.record, known.around)
        if verdict.wait or verdict.silenced_until is not None:
            self._put_off(row, verdict)
            return None
        store, now = self.settling.store, self.settling.now
        take_in(store, reading, known.record, ruleset.group_kinds, now)
        ticket = _ticket(reading, known.record)
        if verdict.stop is not None:
            self._stop(row, verdict.stop.value)
        elif known.is_overtaken:
            self._stop(row, Reason.JOINED.value)
        elif ticket is None:
            self._stop(row, f"{row.action.ticket} is unknown")
        else:
            return self._decided_again(Cleared(row, verdict, ticket))
        return None

    def _decided_again(self, cleared: Cleared) -> Cleared | None:
        """A customer's message is decided once more, and may promise something else by now."""
        row, outside = cleared.row, self.outside
        if row.action.audience is not Audience.CUSTOMER:
            return cleared
        again = second_look(
            self.settling.store,
            row,
            outside.ruleset,
            outside.limits,
            outside.known,
            self.settling.now,
        )
        if again.action is None:
            self._stop(row, again.stop.value if again.stop else "")
            return None
        return replace(cleared, row=replace(row, action=again.action))

    def _read(self, row: OutboxRow) -> Reading:
        """The ticket, read again; a helpdesk that is failing is not asked."""
        name = helpdesk_name(row.action.ticket)
        helpdesk = self.outside.helpdesks.get(name)
        if helpdesk is None or is_digest(row):
            return Reading(Presence.UNREADABLE)
        if self.outside.traffic.wait(Way("helpdesk", name), self._clock()) is not None:
            return Reading(Presence.UNREADABLE)
        return helpdesk.read(row.action.ticket, self.settling.now)

    def _is_crowded(self, rows: list[OutboxRow]) -> bool:
        with self.settling.store.read() as tx:
            until = crowded_until(tx, rows[0].action, self.outside.staff_limit, self._clock())
        if until is not None:
            self.done.finished += self.settling.put_off(rows, until, CROWDED)
        return until is not None

    def _stop(
        self, row: OutboxRow, reason: str, state: OutboxState = OutboxState.CANCELLED
    ) -> None:
        self.done.finished.append(self.settling.finish(row, state, reason))

    def _put_off(self, row: OutboxRow, verdict: Verdict) -> None:
        until, reason = self._clock() + UNREADABLE_WAITS, "the ticket cannot be read"
        if verdict.silenced_until is not None:
            until = max(verdict.silenced_until, self._clock() + SILENCED_WAITS)
            reason = Reason.SILENCED.value
        self.done.finished += self.settling.put_off([row], until, reason)

    # --- the act ---

    def _do(self, cleared: Sequence[Cleared]) -> None:
        try:
            act = prepare(cleared, self.outside, self.settling.now)
        except MessageError as error:
            for one in cleared:
                self._stop(one.row, str(error), OutboxState.DROPPED)
            return
        begun = self._begin(cleared, act.takes)
        if begun:
            self.done.finished += self.settling.settle(self._acted(act, begun[0]), begun)

    def _begin(self, cleared: Sequence[Cleared], takes: timedelta) -> list[Cleared]:
        """Note, for all at once, that an attempt is about to be made; those whose lease holds.

        The others are put back, for a lease of their own: it holds for as long as it has to.
        """
        token = self.settling.token
        with self.settling.store.write() as tx:
            at = self._clock()
            until = at + 2 * takes
            ready = [one for one in cleared if tx.begin_sending(one.row.id, token, at, until)]
        if len(ready) < len(cleared):
            self.settling.put_back([one.row for one in cleared if one not in ready], PUT_BACK)
        return ready

    def _acted(self, act: Act, first: Cleared) -> Sent:
        began = self._clock()
        sent = act.do()
        way = self.outside.way_of(first.action)
        turn = self.outside.traffic.heard(way, sent, began, self._clock())
        if turn is not None:
            self.done.turns.append(turn)
        return sent

    def _clock(self) -> datetime:
        return self.settling.clock()


def _ticket(reading: Reading, record: TicketRecord | None) -> Ticket | None:
    """The ticket as freshly read where it could be, our own writes aside."""
    if reading.observation is not None:
        return reading.observation.ticket
    return record.source if record else None


def was_put_off(row: OutboxRow) -> bool:
    """Whether a customer's message waits because the other side made it wait.

    What only waited for us is said, however much came after it.
    """
    is_for_customer = row.action.audience is Audience.CUSTOMER
    return is_for_customer and row.reason is not None and row.reason not in OUR_DELAYS
