"""The daemon: starts the stages, lets them tick, tells what they do, and stops cleanly."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from engine import logs
from engine.app import App, InForce
from engine.clock import ReplayClock, SystemClock
from engine.domain.actions import Audience
from engine.errors import EscalatordError, StoreBusyError
from engine.insight.telling import tell, tell_of_problems
from engine.pipeline.cycle import Cycle, Work
from engine.pipeline.rescue import rescue
from engine.ports import OutboxState
from engine.scheduler import Scheduler
from engine.supervision import Supervisor

REPLAY_TICK = timedelta(seconds=1)
"""Real time between two ticks of a replay; each plays all that lies between, in order."""
DELIVER_EVERY = timedelta(seconds=1)
RESCUE_EVERY = timedelta(minutes=1)
QUIET_SAYS_EVERY = 60.0
"""Real seconds after which an evaluation that had nothing to do says so."""


@dataclass(slots=True)
class Daemon:
    """One running daemon.

    Attributes:
        app: The parts.
        supervisor: Who is told that we are ready and alive (systemd).
    """

    app: App
    supervisor: Supervisor
    log: logs.Logger = field(default_factory=logs.get)
    _cycle: Cycle | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _reload: threading.Event = field(default_factory=threading.Event)
    _ticking: threading.Lock = field(default_factory=threading.Lock)
    _said_at: float = 0.0

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then drain.

        Raises:
            RulesError: There is no usable rule set at the start.
            StoreError: The store cannot be used at the start.
        """
        self._listen()
        with self.app.store.lock():
            self._begin()
            scheduler = Scheduler(self._jumped)
            for interval, name, job in self._jobs():
                scheduler.every(interval, name, self._guarded(name, job))
            scheduler.start()
            self._wait(scheduler)
            self.supervisor.stopping()
            self.log.info("daemon.stopping")
            scheduler.stop()
            self._end()

    # --- signals ---

    def _listen(self) -> None:
        """Handle signals ourselves, even where SIGINT was inherited ignored."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        signal.signal(signal.SIGHUP, lambda *_: self._reload.set())

    def _wait(self, scheduler: Scheduler) -> None:
        while not self._stop.wait(0.2):
            if self._reload.is_set():
                self._reload.clear()
                self.reload()
                scheduler.reschedule()

    # --- beginning and end ---

    def _begin(self) -> None:
        clock = self.app.clock
        rules = self.app.rules_in_force()
        self._adopt(rules, clock.now())
        if isinstance(clock, ReplayClock):
            clock.start()
        self._rescue(self.app.dead_by(self._lease_time()))
        self.log.info(
            "daemon.started",
            pid=os.getpid(),
            now=clock.now(),
            helpdesks=list(self.app.helpdesks),
            store=self.app.store.where,
        )
        for warning in self.app.settings.warnings:
            self.log.warning("config.warning", message=warning)

    def _end(self) -> None:
        """What is leased is finished by now; the clock of a replay stands still."""
        if isinstance(self.app.clock, ReplayClock):
            self.app.clock.stop()
        self.app.close()
        self.log.info("daemon.stopped")

    def _adopt(self, rules: InForce, now: datetime) -> None:
        replayed = self.app.settings.replay is not None
        policy = self.app.put_in_force(rules, now, from_the_start=replayed)
        read = self._cycle.read_once if self._cycle else set()
        self._cycle = self.app.cycle(policy, self._heard)
        self._cycle.read_once = read
        self._cycle.is_stopping = self._stop.is_set
        if rules.degraded:
            tell_of_problems(self.log, rules.problems)
        self.log.info(
            "rules.loaded",
            generation=policy.ruleset.generation.id,
            rules=len(policy.ruleset.rules),
            degraded=rules.degraded,
        )

    def reload(self) -> bool:
        """Read the rule files again; a bad one keeps the whole old set, loudly.

        Returns:
            Whether the new set is in force.
        """
        self.supervisor.reloading()
        loaded = self.app.load_rules()
        if loaded.generation is None:
            tell_of_problems(self.log, loaded.problems)
            self.supervisor.ready()
            return False
        with self._ticking:
            self._adopt(self.app.rules_from(loaded), self.app.clock.now())
        self.supervisor.ready()
        return True

    # --- jobs ---

    def _jobs(self) -> list[tuple[timedelta, str, Callable[[], None]]]:
        if isinstance(self.app.clock, ReplayClock):
            return [(REPLAY_TICK, "replay", self._play), (RESCUE_EVERY, "rescue", self._rescue_due)]
        return [
            (self.app.settings.every, "evaluate", self._evaluate),
            (DELIVER_EVERY, "deliver", self._deliver),
            (RESCUE_EVERY, "rescue", self._rescue_due),
        ]

    def _guarded(self, name: str, job: Callable[[], None]) -> Callable[[], None]:
        """A stage that fails says so once, and ticks again; it never stops the others."""

        def tick() -> None:
            try:
                job()
            except StoreBusyError as error:
                self.log.info("stage.busy", stage=name, message=str(error))
            except EscalatordError as error:
                # Foreseen, and said in one clear line: a traceback would bury it.
                self.log.error("stage.failed", stage=name, message=str(error))  # noqa: TRY400
            except Exception:
                self.log.exception("stage.failed", stage=name)

        return tick

    def _evaluate(self) -> None:
        cycle = self._present()
        with self._ticking:
            now = self.app.clock.now()
            cycle.ingest(now)
            cycle.evaluate(now)
        self._alive()

    def _deliver(self) -> None:
        self._present().deliver(self.app.clock.now())

    def _play(self) -> None:
        clock = self.app.clock
        assert isinstance(clock, ReplayClock)  # noqa: S101 - only a replay plays
        cycle = self._present()
        with self._ticking:
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
        self._alive()

    def _play_on(self, cycle: Cycle, since: datetime, until: datetime) -> bool:
        """As `Cycle.play`, but ready to stop between two instants; whether it came through."""
        at = cycle.next_instant(since)
        while at is not None and at <= until and not self._stop.is_set():
            cycle.run(at)
            self.app.keep_played(at)
            self.supervisor.alive()
            at = cycle.next_instant(at)
        return at is None or at > until

    def _rescue_due(self) -> None:
        self._rescue(self._lease_time())

    def _rescue(self, now: datetime) -> None:
        for row, state in rescue(self.app.store, now):
            self.log.warning(
                "outbox.rescued",
                id=row.id,
                ticket=row.action.subject,
                rule=row.action.episode.rule,
                action=row.action.kind.value,
                state=state.value,
                held=state is OutboxState.UNKNOWN and row.action.audience is Audience.CUSTOMER,
            )

    def _lease_time(self) -> datetime:
        return max(self.app.clock.now(), SystemClock().now())

    # --- telling ---

    def _present(self) -> Cycle:
        assert self._cycle is not None  # noqa: S101 - set before the first tick
        return self._cycle

    def _alive(self) -> None:
        self.supervisor.ready()
        self.supervisor.alive()

    def _heard(self, work: Work) -> None:
        steady = SystemClock().monotonic()
        quiet = steady - self._said_at < QUIET_SAYS_EVERY
        if tell(self.log, work, even_if_idle=not quiet):
            self._said_at = steady

    def _jumped(self, jump: timedelta) -> None:
        self.log.warning(
            "clock.jumped",
            seconds=int(jump.total_seconds()),
            now=datetime.now(UTC).replace(microsecond=0),
        )
