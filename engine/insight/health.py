"""Whether the daemon does its work, by its own steady clock: format ``escalatord.health/1``."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from engine.domain.ticket import utc_second

if TYPE_CHECKING:
    from engine.domain.circuit import Circuit
    from engine.insight.contracts.documents import FailingWay, HealthDocument
    from engine.pipeline.traffic import Turn, Way

INTERVALS: Final = 3
"""So many evaluations may be missed before somebody should look."""


class Health:
    """What the stages last came to. Threads may share one.

    Ready means: it ticks, and every helpdesk can be read. Broken rule files leave it ready: the
    last good rules run, and neither a restart nor another machine would mend the files.
    """

    def __init__(
        self, every: timedelta, helpdesks: Iterable[str], monotonic: Callable[[], float]
    ) -> None:
        """The health of a daemon that begins now.

        Args:
            every: Real time between two evaluations.
            helpdesks: The names of those that are read.
            monotonic: Real seconds since some fixed point; never steps.
        """
        self._patience = INTERVALS * every.total_seconds()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._began_at = monotonic()
        self._ticked_at: float | None = None
        self._read_at: dict[str, float | None] = dict.fromkeys(helpdesks)
        self._unread: set[str] = set(self._read_at)
        self._failing: dict[Way, Circuit] = {}
        self._is_stopping = False
        self._generation = ""
        self._degraded = False

    def ticked(self) -> None:
        """An evaluation has come round well."""
        with self._lock:
            self._ticked_at = self._monotonic()

    def read(self, helpdesks: Iterable[str], unread: Iterable[str]) -> None:
        """Some helpdesks could be read, and others could not."""
        with self._lock:
            for name in helpdesks:
                self._read_at[name] = self._monotonic()
                self._unread.discard(name)
            self._unread.update(unread)

    def turned(self, turns: Iterable[Turn]) -> None:
        """Circuits have opened or closed. Who does not answer leaves the daemon ready."""
        with self._lock:
            for turn in turns:
                self._failing.pop(turn.way, None)
                if turn.circuit.is_open:
                    self._failing[turn.way] = turn.circuit

    def runs(self, generation: str, *, degraded: bool) -> None:
        """These rules are in force; degraded where the files say otherwise and are broken."""
        with self._lock:
            self._generation, self._degraded = generation, degraded

    def stops(self) -> None:
        """No more ticks."""
        with self._lock:
            self._is_stopping = True

    def last_tick(self) -> float | None:
        """Monotonic instant of the last good evaluation; None before the first."""
        with self._lock:
            return self._ticked_at

    def report(self) -> HealthDocument:
        """The document that `/readyz` serves."""
        with self._lock:
            now = self._monotonic()
            problems = [*self._problems_of_ticking(now), *self._silent(now)]
            return {
                "format": "escalatord.health/1",
                "ready": not problems,
                "problems": problems,
                "degraded": self._degraded,
                "generation": self._generation,
                "pid": os.getpid(),
                "uptime_seconds": int(now - self._began_at),
                "last_tick_seconds": _since(self._ticked_at, now),
                "helpdesks": [
                    {"name": name, "last_read_seconds": _since(at, now)}
                    for name, at in self._read_at.items()
                ],
                "failing": [_failing(way, self._failing[way]) for way in sorted(self._failing)],
            }

    def _problems_of_ticking(self, now: float) -> list[str]:
        if self._is_stopping:
            return ["it is stopping"]
        if self._ticked_at is None:
            return ["the first evaluation has not come round yet"]
        late = now - self._ticked_at
        if late > self._patience:
            return [f"the last good evaluation was {int(late)} seconds ago"]
        return []

    def _silent(self, now: float) -> list[str]:
        """Helpdesks whose last reading failed, and that have been so for too long."""
        began: Mapping[str, float] = {
            name: at if at is not None else self._began_at for name, at in self._read_at.items()
        }
        return [
            f"helpdesk {name} has been silent for {int(now - began[name])} seconds"
            for name in self._read_at
            if name in self._unread and now - began[name] > self._patience
        ]


def _failing(way: Way, circuit: Circuit) -> FailingWay:
    since = utc_second(circuit.opened_at) if circuit.opened_at else None
    return {"kind": way.kind, "name": way.name, "since": since, "reason": circuit.reason}


def _since(at: float | None, now: float) -> int | None:
    return None if at is None else int(now - at)
