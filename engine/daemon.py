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
from engine.control.server import ControlError, ControlServer
from engine.domain.actions import Audience
from engine.errors import EscalatordError, StoreBusyError
from engine.insight import reloaded
from engine.insight.reloaded import Reloaded
from engine.insight.telling import tell
from engine.pipeline.cycle import Cycle, Work
from engine.pipeline.rescue import rescue
from engine.ports import Json, OutboxState
from engine.reload import Reloader
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
    _hung_up: threading.Event = field(default_factory=threading.Event)
    _ticking: threading.Lock = field(default_factory=threading.Lock)
    _swap_wanted: threading.Event = field(default_factory=threading.Event)
    _said_at: float = 0.0
    _scheduler: Scheduler = field(init=False)
    _reloader: Reloader = field(init=False)

    def __post_init__(self) -> None:
        self._scheduler = Scheduler(self._jumped)
        self._reloader = Reloader(self.app, self.log, self._swap)

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then drain.

        Raises:
            RulesError: There is no usable rule set at the start.
            StoreError: The store cannot be used at the start.
        """
        self._listen()
        with self.app.store.lock():
            control = self._begin()
            for interval, name, job in self._jobs():
                self._scheduler.every(interval, name, self._guarded(name, job))
            self._scheduler.start()
            self._wait()
            self.supervisor.stopping()
            self.log.info("daemon.stopping")
            control.stop()
            self._scheduler.stop()
            self._end()

    # --- signals ---

    def _listen(self) -> None:
        """Handle signals ourselves, even where SIGINT was inherited ignored."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        signal.signal(signal.SIGHUP, lambda *_: self._hung_up.set())

    def _wait(self) -> None:
        reload = self._guarded("reload", self.reload)
        while not self._stop.wait(0.2):
            if self._hung_up.is_set():
                self._hung_up.clear()
                reload()

    # --- beginning and end ---

    def _begin(self) -> ControlServer:
        clock = self.app.clock
        self._reloader.begin()
        if isinstance(clock, ReplayClock):
            clock.start()
        self._rescue(self.app.dead_by(self._lease_time()))
        control = self._open_control()
        self.log.info(
            "daemon.started",
            pid=os.getpid(),
            now=clock.now(),
            helpdesks=list(self.app.helpdesks),
            store=self.app.store.where,
        )
        for warning in self.app.settings.warnings:
            self.log.warning("config.warning", message=warning)
        return control

    def _end(self) -> None:
        """What is leased is finished by now; the clock of a replay stands still."""
        if isinstance(self.app.clock, ReplayClock):
            self.app.clock.stop()
        self.app.close()
        self.log.info("daemon.stopped")

    # --- rules ---

    def reload(self) -> Reloaded:
        """Read the rule files again and wait for the result; a bad one keeps the whole old set.

        Raises:
            StoreError: The rules are good, and could not be put in force.
        """
        self.supervisor.reloading()
        try:
            return self._reloader.reload()
        finally:
            self.supervisor.reloaded()

    def _swap(self, rules: InForce) -> dict[str, int]:
        """Put rules in force between two ticks; gives the live episodes by the rules before."""
        self._swap_wanted.set()
        with self._ticking:
            self._swap_wanted.clear()
            with self.app.store.read() as tx:
                live = tx.live_episodes()
            self._adopt(rules)
        self._scheduler.reschedule()
        return live

    def _adopt(self, rules: InForce) -> None:
        """Rules, words and receivers change in one assignment: no stage sees half a set."""
        replayed = self.app.settings.replay is not None
        policy = self.app.put_in_force(rules, self.app.clock.now(), from_the_start=replayed)
        cycle = self.app.cycle(policy, self._heard)
        cycle.read_once = self._cycle.read_once if self._cycle else set()
        # A delivery that began under rules that are no more in force leaves the rest to the next.
        cycle.is_stopping = lambda: self._stop.is_set() or self._cycle is not cycle
        self._cycle = cycle

    def _open_control(self) -> ControlServer:
        """Let `reload` and `status` ask; without them the daemon does its work all the same."""
        path = self.app.settings.control_socket()
        control = ControlServer(path, {"reload": self._asked_to_reload})
        try:
            control.start()
        except ControlError as error:
            self.log.error("control.failed", message=str(error))  # noqa: TRY400 - one clear line
        return control

    def _asked_to_reload(self) -> Json:
        try:
            done = self.reload()
        except EscalatordError as error:
            self.log.error("reload.failed", message=str(error))  # noqa: TRY400 - one clear line
            raise
        except Exception:
            self.log.exception("reload.failed")
            raise
        return {"document": reloaded.as_json(done), "shown": list(done.shown)}

    # --- jobs ---

    def _jobs(self) -> list[tuple[timedelta, str, Callable[[], object]]]:
        jobs: list[tuple[timedelta, str, Callable[[], object]]]
        if isinstance(self.app.clock, ReplayClock):
            jobs = [(REPLAY_TICK, "replay", self._play)]
        else:
            jobs = [
                (self.app.settings.every, "evaluate", self._evaluate),
                (DELIVER_EVERY, "deliver", self._deliver),
            ]
        jobs.append((RESCUE_EVERY, "rescue", self._rescue_due))
        if poll := self.app.settings.reload.poll:
            jobs.append((poll, "reload", self._reloader.poll))
        return jobs

    def _guarded(self, name: str, job: Callable[[], object]) -> Callable[[], None]:
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
        with self._ticking:
            cycle = self._present()
            now = self.app.clock.now()
            cycle.ingest(now)
            cycle.announce(now)
            cycle.evaluate(now)
        self._alive()

    def _deliver(self) -> None:
        self._present().deliver(self.app.clock.now())

    def _play(self) -> None:
        clock = self.app.clock
        assert isinstance(clock, ReplayClock)  # noqa: S101 - only a replay plays
        with self._ticking:
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
        self._alive()

    def _play_on(self, cycle: Cycle, since: datetime, until: datetime) -> bool:
        """As `Cycle.play`, but ready to stop between two instants; whether it came through."""
        at = cycle.next_instant(since)
        while at is not None and at <= until and not self._is_wanted():
            cycle.run(at)
            self.app.keep_played(at)
            self.supervisor.alive()
            at = cycle.next_instant(at)
        return at is None or at > until

    def _is_wanted(self) -> bool:
        """Whether somebody waits for the tick to end."""
        return self._stop.is_set() or self._swap_wanted.is_set()

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
