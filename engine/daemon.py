"""The daemon: starts what ticks, lets others reach it, takes new rules, and stops cleanly."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine import logs
from engine.app import App, InForce
from engine.clock import ReplayClock, SystemClock
from engine.doors import Doors
from engine.errors import EscalatordError, StoreBusyError
from engine.heartbeat import Heartbeat
from engine.insight import reloaded
from engine.insight.health import Health
from engine.insight.metrics import Metrics
from engine.insight.ownership import PatientCount, unowned
from engine.insight.reloaded import Reloaded
from engine.ports import Json
from engine.reload import Reloader
from engine.scheduler import Scheduler
from engine.supervision import Supervisor
from engine.ticks import Job, Ticks
from engine.web.intake.access import Access, Sender
from engine.web.intake.commits import Commits
from engine.web.intake.hooks import FORMS, Hook
from engine.web.intake.intake import Intake
from engine.web.people import People

if TYPE_CHECKING:
    from engine.settings.intake import SenderSecrets

OPEN_WEB_EVERY = timedelta(minutes=1)
"""How soon an address is tried again that could not be had."""
LET_GO_EVERY = timedelta(hours=1)
STAGES = ("evaluate", "deliver", "replay", "rescue", "reload", "web", "inbox", "heartbeat")


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
    _stop: threading.Event = field(default_factory=threading.Event)
    _hung_up: threading.Event = field(default_factory=threading.Event)
    _scheduler: Scheduler = field(init=False)
    _health: Health = field(init=False)
    _metrics: Metrics = field(init=False)
    _ticks: Ticks = field(init=False)
    _reloader: Reloader = field(init=False)
    _doors: Doors = field(init=False)
    _commits: Commits = field(init=False)
    _senders: Mapping[str, SenderSecrets] = field(init=False)
    _hooks: Mapping[str, SenderSecrets] = field(init=False)
    _heartbeat: Heartbeat | None = field(init=False)

    def __post_init__(self) -> None:
        settings, steady = self.app.settings, SystemClock().monotonic
        self._scheduler = Scheduler(self._jumped)
        self._health = Health(settings.every, self.app.helpdesks, steady)
        self._metrics = Metrics(
            self.app.store,
            self.app.clock.now,
            self.app.helpdesks,
            self.app.channels,
            STAGES,
            PatientCount(self._unowned, steady),
        )
        self._commits = Commits(self.app.store, self.app.clock.now, steady)
        self._ticks = Ticks(
            self.app,
            self._health,
            self._metrics,
            self.supervisor,
            self.log,
            self._stop,
            self._commits.are_many,
        )
        self._reloader = Reloader(self.app, self.log, self._swap, self._judged)
        self._senders, self._hooks = self.app.senders(), self.app.hook_secrets()
        self._doors = Doors(
            settings, self._health, self._metrics, self.log, self._people, self._intake
        )
        self._heartbeat = (
            Heartbeat(settings.heartbeat.address(), self._health.last_tick, self.log)
            if settings.heartbeat
            else None
        )

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then drain.

        Raises:
            RulesError: There is no usable rule set at the start.
            StoreError: The store cannot be used at the start.
        """
        self._listen()
        with self.app.store.lock():
            self._begin()
            for interval, name, job in self._jobs():
                self._scheduler.every(interval, name, self._guarded(name, job))
            self._scheduler.start()
            self._wait()
            self.supervisor.stopping()
            self._health.stops()
            self.log.info("daemon.stopping")
            self._scheduler.stop()
            self._doors.close()
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

    def _begin(self) -> None:
        clock = self.app.clock
        self._reloader.begin()
        self._says_what_runs()
        if isinstance(clock, ReplayClock):
            clock.start()
        self._ticks.rescue_after_a_start()
        self._doors.open({"reload": self._asked_to_reload, "health": self._asked_for_health})
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

    def _swap(self, rules: InForce) -> Mapping[str, int]:
        """Put rules in force; the next tick, which may find much to do, is at once."""
        live = self._ticks.swap(rules)
        self._scheduler.reschedule()
        return live

    def _judged(self, done: Reloaded) -> None:
        self._metrics.judged(done.result)
        self._says_what_runs()

    def _says_what_runs(self) -> None:
        generation = self._ticks.generation
        degraded = self._reloader.degraded
        self._health.runs(generation.id, degraded=degraded)
        self._metrics.runs(generation, degraded=degraded)

    # --- what others ask for ---

    def _people(self) -> People | None:
        """What the pages for people stand on; None where messages hold no links."""
        tokens = self.app.tokens()
        if tokens is None:
            return None
        return People(
            store=self.app.store,
            tokens=tokens,
            policy=lambda: self._ticks.policy,
            now=self.app.clock.now,
            timezone=self.app.settings.timezone,
            log=self.log,
            language=self.app.settings.language,
        )

    def _intake(self) -> Intake | None:
        """What the intake stands on; None where nobody may send us anything."""
        if not self._senders and not self._hooks:
            return None
        senders = [Sender(name, each.tokens, each.keys) for name, each in self._senders.items()]
        forms = self.app.settings.hooks
        hooks = {
            name: Hook(name, FORMS[forms[name].form], each.tokens, each.keys)
            for name, each in self._hooks.items()
        }
        return Intake(
            access=Access(senders),
            hooks=hooks,
            commits=self._commits,
            now=self.app.clock.now,
            real_now=self.app.real_now,
            log=self.log,
            wake=lambda: self._scheduler.soon("evaluate"),
            answered=self._metrics.answered,
        )

    def _unowned(self) -> int:
        """How many live escalations nobody has taken."""
        return len(unowned(self.app.store, self._ticks.policy, self.app.clock.now()))

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

    def _asked_for_health(self) -> Json:
        return {**self._health.report()}

    # --- jobs ---

    def _jobs(self) -> list[Job]:
        jobs = self._ticks.jobs()
        if poll := self.app.settings.reload.poll:
            jobs.append((poll, "reload", self._reloader.poll))
        if self.app.settings.web:
            jobs.append((OPEN_WEB_EVERY, "web", self._doors.open_web))
        if self._senders:
            jobs.append((LET_GO_EVERY, "inbox", self.app.let_go_of_posts))
        if self._heartbeat and self.app.settings.heartbeat:
            jobs.append((self.app.settings.heartbeat.every, "heartbeat", self._heartbeat.beat))
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
                self._metrics.failed(name)
            except Exception:
                self.log.exception("stage.failed", stage=name)
                self._metrics.failed(name)

        return tick

    def _jumped(self, jump: timedelta) -> None:
        self._metrics.jumped()
        self.log.warning(
            "clock.jumped",
            seconds=int(jump.total_seconds()),
            now=datetime.now(UTC).replace(microsecond=0),
        )
