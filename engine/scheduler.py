"""What ticks: one job for each stage. Due-ness lives in the store, never here.

The only import of APScheduler. Its store is memory; a job that overruns is skipped and counted, and
one that comes late runs late (the default grace of a second would silently skip it).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

JUMP = timedelta(seconds=5)
"""A wall clock that moves so much more, or less, than the monotonic one has been set."""
WATCH_EVERY = 1.0
SOON = 1.0
"""Seconds between two runs of a job that is asked for again and again."""
MOST_JOBS = 8
"""More than there are: none waits for another's thread."""


class Scheduler:
    """Runs jobs at fixed intervals, each in one thread at a time, whatever the wall clock does."""

    def __init__(self, on_jump: Callable[[timedelta], None]) -> None:
        """A scheduler that is not started.

        Args:
            on_jump: Told by how much the wall clock was set, when it was.
        """
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(MOST_JOBS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._overran, EVENT_JOB_MAX_INSTANCES)
        self._on_jump = on_jump
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._watch_clock, name="clock-watch", daemon=True)
        self._names: list[str] = []
        self._asking = threading.Lock()
        self._asked_for: dict[str, float] = {}
        self.overruns: dict[str, int] = {}

    def every(self, interval: timedelta, name: str, job: Callable[[], None]) -> None:
        """Run `job` now and then every `interval` of real time."""
        self.overruns.setdefault(name, 0)
        self._scheduler.add_job(
            job,
            "interval",
            seconds=interval.total_seconds(),
            id=name,
            next_run_time=datetime.now(UTC),
        )
        self._names.append(name)

    def soon(self, name: str) -> None:
        """Run a job at once, and go on from there; whoever asks often is heard once a second.

        Where it is under way, it runs again after that.
        """
        with self._asking:
            now = time.monotonic()
            last = self._asked_for.get(name, now - SOON)
            if last > now:
                return  # it is to run by then anyway
            self._asked_for[name] = max(now, last + SOON)
        wait = timedelta(seconds=self._asked_for[name] - now)
        with suppress(JobLookupError):
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC) + wait)

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Let the running jobs end, and tick no more."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)
        if self._watch.is_alive():
            self._watch.join(timeout=2 * WATCH_EVERY)

    def _overran(self, event: JobExecutionEvent) -> None:
        self.overruns[event.job_id] = self.overruns.get(event.job_id, 0) + 1
        if event.job_id in self._asked_for:
            self.soon(event.job_id)

    def _watch_clock(self) -> None:
        """After a step of the wall clock the jobs' next runs lie wrong: set them anew."""
        wall, steady = time.time(), time.monotonic()
        while not self._stopping.wait(WATCH_EVERY):
            new_wall, new_steady = time.time(), time.monotonic()
            jump = timedelta(seconds=(new_wall - wall) - (new_steady - steady))
            wall, steady = new_wall, new_steady
            if abs(jump) >= JUMP:
                self.reschedule()
                self._on_jump(jump)

    def reschedule(self) -> None:
        """Let every job run now, and go on from there; where it stops meanwhile, it stops."""
        with suppress(JobLookupError):
            for name in self._names:
                self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
