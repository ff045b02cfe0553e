"""The stages of the daemon as they tick, and the rules by which they do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.app import App, InForce
from engine.clock import ReplayClock, SystemClock
from engine.domain.rule import Generation
from engine.insight.telling import tell
from engine.logs import Logger
from engine.pipeline.cycle import Cycle, Work
from engine.pipeline.evaluate import Policy

if TYPE_CHECKING:
    from engine.insight.health import Health
    from engine.insight.metrics import Metrics
    from engine.supervision import Supervisor

REPLAY_TICK = timedelta(seconds=1)
"""Real time between two ticks of a replay; each plays all that lies between, in order."""
DELIVER_EVERY = timedelta(seconds=1)
RESCUE_EVERY = timedelta(minutes=1)
QUIET_SAYS_EVERY = 60.0
"""Real seconds after which an evaluation that had nothing to do says so."""

Job = tuple[timedelta, str, Callable[[], object]]
"""How often (real time), under which name, and what."""


@dataclass(slots=True)
class Ticks:
    """The stages of one daemon.

    Attributes:
        app: The parts.
        health, metrics, supervisor: Who hears of each tick.
        stop: Set when the daemon ends: what is under way is finished, nothing new is begun.
        is_crowded: Whether much is being sent to us at this moment.
    """

    app: App
    health: Health
    metrics: Metrics
    supervisor: Supervisor
    log: Logger
    stop: threading.Event
    is_crowded: Callable[[], bool] = lambda: False
    _cycle: Cycle | None = None
    _ticking: threading.Lock = field(default_factory=threading.Lock)
    _swap_wanted: threading.Event = field(default_factory=threading.Event)
    _said_at: float = 0.0

    def jobs(self) -> list[Job]:
        """What has to run, each in one thread at a time."""
        rescuing = (RESCUE_EVERY, "rescue", self.rescue)
        if isinstance(self.app.clock, ReplayClock):
            return [(REPLAY_TICK, "replay", self.play), rescuing]
        return [
            (self.app.settings.every, "evaluate", self.evaluate),
            (DELIVER_EVERY, "deliver", self.deliver),
            rescuing,
        ]

    # --- rules ---

    @property
    def policy(self) -> Policy:
        """What is in force."""
        return self._present().policy

    @property
    def generation(self) -> Generation:
        """The rules in force."""
        return self.policy.ruleset.generation

    def swap(self, rules: InForce) -> Mapping[str, int]:
        """Put rules in force between two ticks.

        Returns:
            Rule, as it was called before → its live episodes.

        Raises:
            StoreError: They could not be put in force; the old ones run on.
        """
        self._swap_wanted.set()
        with self._ticking:
            self._swap_wanted.clear()
            with self.app.store.read() as tx:
                live = tx.live_episodes()
            self._adopt(rules)
        return live

    def _adopt(self, rules: InForce) -> None:
        """Rules, words and receivers change in one assignment: no stage sees half a set."""
        replayed = self.app.settings.replay is not None
        policy = self.app.put_in_force(rules, self.app.clock.now(), from_the_start=replayed)
        cycle = self.app.cycle(policy, self._heard)
        if self._cycle is not None:
            cycle.read_once, cycle.has_decided = self._cycle.read_once, self._cycle.has_decided
            cycle.inquiry, cycle.acquaintance = self._cycle.inquiry, self._cycle.acquaintance
        # A delivery that began under rules that are no more in force leaves the rest to the next.
        cycle.is_stopping = lambda: self.stop.is_set() or self._cycle is not cycle
        cycle.is_crowded = self.is_crowded
        self._cycle = cycle

    def _present(self) -> Cycle:
        assert self._cycle is not None  # noqa: S101 - set before the first tick
        return self._cycle

    # --- stages ---

    def evaluate(self) -> None:
        """Read and decide."""
        with self._ticking:
            began = SystemClock().monotonic()
            cycle = self._present()
            now = self.app.clock.now()
            cycle.ingest(now)
            cycle.announce(now)
            cycle.evaluate(now)
        self._ticked(began)

    def deliver(self) -> None:
        """Act, beside an evaluation that may be under way."""
        self._present().deliver(self.app.clock.now())

    def play(self) -> None:
        """Live through what a replay has come to since the last tick, in order."""
        clock = self.app.clock
        assert isinstance(clock, ReplayClock)  # noqa: S101 - only a replay plays
        with self._ticking:
            began = SystemClock().monotonic()
            cycle = self._present()
            until = clock.now()
            since = self.app.played_until()
            if since is None:
                begin = self.app.settings.replay.begin if self.app.settings.replay else until
                cycle.run(begin)  # history before the beginning is read at once
                self.app.keep_played(begin)
                since = begin
            if self._play_on(cycle, since, until):
                # What a killed daemon left, and what is tried again, waits for no instant to come.
                cycle.deliver(until)
                self.app.keep_played(until)
            clock.keep()
        self._ticked(began)

    def _play_on(self, cycle: Cycle, since: datetime, until: datetime) -> bool:
        """As `Cycle.play`, but ready to stop between two instants; whether it came through."""
        at = cycle.next_instant(since)
        while at is not None and at <= until and not self._is_wanted():
            cycle.run(at)
            self.app.keep_played(at)
            self.supervisor.alive()
            self.health.ticked()
            at = cycle.next_instant(at)
        return at is None or at > until

    def _is_wanted(self) -> bool:
        """Whether somebody waits for the tick to end."""
        return self.stop.is_set() or self._swap_wanted.is_set()

    def rescue(self) -> None:
        """Decide what becomes of what a lease has run out on."""
        self._present().rescue(self.app.clock.now(), self._lease_time())

    def rescue_after_a_start(self) -> None:
        """As `rescue`, of all that was leased before: whoever leased it is dead."""
        by = self.app.dead_by(self._lease_time())
        self._present().rescue(self.app.clock.now(), by)

    def _lease_time(self) -> datetime:
        return max(self.app.clock.now(), SystemClock().now())

    # --- telling ---

    def _ticked(self, began: float) -> None:
        """A tick that began at that monotonic instant has come round well."""
        self.metrics.ticked(SystemClock().monotonic() - began)
        self.health.ticked()
        self.supervisor.ready()
        self.supervisor.alive()

    def _heard(self, work: Work) -> None:
        self.metrics.did(work)
        self.health.read(work.ingested, work.unread)
        self.health.turned(work.delivered.turns)
        steady = SystemClock().monotonic()
        quiet = steady - self._said_at < QUIET_SAYS_EVERY
        if tell(self.log, work, even_if_idle=not quiet):
            self._said_at = steady
