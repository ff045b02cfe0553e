"""The stages in order: once, or as often as a stretch of time asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from engine.domain.matching import earliest
from engine.domain.reason import Reason
from engine.errors import HelpdeskError
from engine.pipeline.announce import Announcement, announce, interventions, next_turn_at
from engine.pipeline.deliver import Delivered, deliver
from engine.pipeline.evaluate import Evaluated, Policy, evaluate
from engine.pipeline.ingest import Ingested, ingest
from engine.pipeline.meeting import Acquaintance
from engine.pipeline.nudging import take_nudged
from engine.pipeline.outside import Outside
from engine.pipeline.proof import PROVED, Inquiry
from engine.pipeline.release import next_release_at, release_held
from engine.pipeline.rescue import rescue
from engine.pipeline.settling import Finished
from engine.ports import Helpdesk, Intervention, Introduction, OutboxRow, OutboxState, Store

MOST_ROUNDS = 20
"""So often what was written at an instant may lead to more at the same instant."""
READS_FOR = timedelta(seconds=20)
"""So long, in real time, helpdesks are read before what came is decided about."""
ONE_SECOND = timedelta(seconds=1)
BEFORE_EVERYTHING = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(slots=True)
class Work:
    """What one or more stages did; `stage` is empty for a whole cycle."""

    stage: str = ""
    ingested: dict[str, Ingested] = field(default_factory=dict)
    unread: dict[str, HelpdeskError] = field(default_factory=dict)
    introduced: dict[str, Introduction] = field(default_factory=dict)
    evaluated: Evaluated = field(default_factory=Evaluated)
    delivered: Delivered = field(default_factory=Delivered)
    announced: list[Announcement] = field(default_factory=list)
    intervened: list[tuple[Intervention, OutboxRow]] = field(default_factory=list)
    rescued: list[Finished] = field(default_factory=list)

    def add(self, other: Work) -> None:
        """Count other work with this."""
        for name, ingested in other.ingested.items():
            self.ingested[name] = self.ingested.get(name, Ingested()) + ingested
        self.unread.update(other.unread)
        self.introduced.update(other.introduced)
        self.evaluated.add(other.evaluated)
        self.delivered.add(other.delivered)
        self.announced.extend(other.announced)
        self.intervened.extend(other.intervened)
        self.rescued.extend(other.rescued)


@dataclass(slots=True)
class Cycle:
    """The stages, wired to what they work on.

    Attributes:
        real_now: The machine's instant, for leases and retries (aware UTC).
        heard: Told of each stage's work as soon as it is committed.
        is_stopping: Whether the program ends, or these rules are no more in force: a delivery then
            finishes what it is doing.
        is_crowded: Whether so much is being sent to us that reading on would keep it waiting.
        room_at: When budgets may have room for what they hold (aware UTC); None while they hold
            nothing. Unknown at the start: then it is looked at once.
        read_once: Helpdesks that have been read since the start; a ticket is not evaluated before.
        has_decided: Whether an evaluation has come to its end since the start, and none is under
            way; before that a digest may lack what a process that died had not got round to.
        inquiry: Remembers when unknown messages were asked for.
        acquaintance: Remembers which helpdesks have told who we are, and when.
    """

    store: Store
    helpdesks: Mapping[str, Helpdesk]
    policy: Policy
    outside: Outside
    real_now: Callable[[], datetime]
    heard: Callable[[Work], None] = lambda _: None
    is_stopping: Callable[[], bool] = lambda: False
    is_crowded: Callable[[], bool] = lambda: False
    read_once: set[str] = field(default_factory=set)
    room_at: datetime | None = BEFORE_EVERYTHING
    has_decided: bool = False
    inquiry: Inquiry = field(default_factory=Inquiry)
    acquaintance: Acquaintance = field(default_factory=Acquaintance)

    def run(self, now: datetime) -> Work:
        """One ingest, evaluation and delivery at `now`, until nothing moves at that instant."""
        total = self.ingest(now)
        told = self.announce(now)
        total.announced, total.intervened = told.announced, told.intervened
        for _ in range(MOST_ROUNDS):
            work = self.evaluate(now)
            work.delivered = self.deliver(now).delivered
            total.evaluated.add(work.evaluated)
            total.delivered.add(work.delivered)
            if not work.evaluated.subjects and not work.delivered.finished:
                break
        return total

    def ingest(self, now: datetime) -> Work:
        """Read every helpdesk; one that fails does not stop the others."""
        work = Work("ingest")
        began = self.real_now()
        kinds = self.policy.ruleset.group_kinds
        for name, helpdesk in self.helpdesks.items():
            try:
                met = self.acquaintance.meet(helpdesk, self.real_now())
                if met is not None:
                    work.introduced[name] = met
                nudged = take_nudged(self.store, helpdesk, now, kinds)
                found = ingest(
                    self.store, helpdesk, now, kinds, partial(self._may_go_on, name, began)
                )
                work.ingested[name] = nudged + found
                if found.is_complete:
                    self.read_once.add(name)
            except HelpdeskError as error:
                self.acquaintance.doubt(name)
                work.unread[name] = error
        self.heard(work)
        return work

    def _may_go_on(self, name: str, began: datetime) -> bool:
        """Whether to read on, where more has come than one batch holds.

        A helpdesk is first read whole. Later on others wait to be decided about.
        """
        if self.is_stopping():
            return False
        is_late = self.real_now() - began > READS_FOR
        return name not in self.read_once or not (is_late or self.is_crowded())

    def announce(self, now: datetime) -> Work:
        """Find what the log is to tell of silences, and of rows that people decided about."""
        announced, intervened = announce(self.store, now), interventions(self.store)
        work = Work("announce", announced=announced, intervened=intervened)
        self.heard(work)
        return work

    def evaluate(self, now: datetime) -> Work:
        """Decide about everything that is due."""
        self.has_decided = False
        work = Work("evaluate", evaluated=evaluate(self.store, self.policy, now, self._may_look))
        self.has_decided = True
        if self.room_at is None and any(
            fired.reason is Reason.BUDGET for fired in work.evaluated.fired
        ):
            self.room_at = now
        self.heard(work)
        return work

    def deliver(self, now: datetime) -> Work:
        """Release what budgets held, and deliver."""
        if self.room_at is not None and self.room_at <= now:
            self.room_at = release_held(self.store, self.policy.ruleset, now)

        def hear(batch: Delivered) -> None:
            self.heard(Work("deliver", delivered=batch))

        done = deliver(
            self.store,
            self.outside,
            now,
            self.real_now,
            self.is_stopping,
            lambda: not self.has_decided,
            hear,
        )
        return Work("deliver", delivered=done)

    def rescue(self, now: datetime, expired_by: datetime) -> Work:
        """Resolve what the dead left, and ask for what is unknown.

        Args:
            now: The domain's instant.
            expired_by: By when leases are told to have run out (both aware UTC).
        """
        work = Work("rescue", rescued=rescue(self.store, self.outside, now, expired_by))
        arrived = [one for one in work.rescued if one.state is OutboxState.DELIVERED]
        proved = self.inquiry.resolve(self.store, self.outside, now, self.real_now())
        arrived += [Finished(row, OutboxState.DELIVERED, PROVED) for row in proved]
        work.delivered.finished += arrived
        self.heard(work)
        return work

    def _may_look(self, subject: str) -> bool:
        name = subject.partition(":")[0]
        if name in self.helpdesks:
            return name in self.read_once
        return self.read_once.issuperset(self.helpdesks)  # a group spans them all

    def play(self, since: datetime | None, until: datetime) -> Work:
        """Live through every event and every due instant in order, up to and with `until`.

        Args:
            since: Where the last play ended; None to begin with the first event (aware UTC).
            until: The last instant.
        """
        total = Work()
        at = self.next_instant(since)
        while at is not None and at <= until:
            total.add(self.run(at))
            at = self.next_instant(at)
        return total

    def next_instant(self, after: datetime | None) -> datetime | None:
        """The next instant at which anything can happen; never `after` itself or earlier."""
        begin = BEFORE_EVERYTHING if after is None else after
        arrivals = (helpdesk.next_change_at(begin) for helpdesk in self.helpdesks.values())
        with self.store.read() as tx:
            due_at, told_at = tx.next_due_at(), next_turn_at(tx)
        found = earliest((*arrivals, due_at, told_at))
        if after is not None and self.room_at is not None:
            is_known = self.room_at > after
            policy = self.policy.ruleset
            room_at = self.room_at if is_known else next_release_at(self.store, policy, after)
            found = earliest((found, room_at))
        if found is None or after is None:
            return found
        return max(found, after + ONE_SECOND)
