"""What this process knows of the ways out: who does not answer, and how much went by each.

It is kept in memory: after a restart the first failures, and the first messages, count anew.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from engine.domain.circuit import Circuit, Failure
from engine.domain.rate import Rate
from engine.ports import Sent, SentState


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """A way out: ``channel`` or ``helpdesk``, and its name."""

    kind: Literal["channel", "helpdesk"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Wait:
    """Why nothing may go by a way now.

    Attributes:
        until: Aware UTC.
        reason: One line.
    """

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The circuit of a way has opened, or closed."""

    way: Way
    circuit: Circuit


@dataclass(slots=True)
class Traffic:
    """The circuits and the rates of all ways. Threads may share one.

    Attributes:
        limits: How many messages each channel takes; who is left out takes any number.
    """

    limits: Mapping[str, Rate] = field(default_factory=dict)
    _circuits: dict[Way, Circuit] = field(default_factory=dict)
    _sent: dict[str, deque[datetime]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, way: Way, now: datetime) -> Wait | None:
        """Why nothing may go by a way at `now` (aware UTC); None if something may."""
        with self._lock:
            circuit = self._circuits.get(way, Circuit())
            if until := circuit.closed_until(now):
                at = f"{until:%H:%M:%S} UTC"
                return Wait(until, f"{way} is failing; next try at {at}: {circuit.reason}")
            limit = self.limits.get(way.name) if way.kind == "channel" else None
            room_at = limit.room_at(self._sent.get(way.name, ()), now) if limit else None
            if limit is None or room_at is None:
                return None
            return Wait(room_at, f"{way} takes {limit.messages} messages in {limit.per}")

    def heard(self, way: Way, sent: Sent, began: datetime, ended: datetime) -> Turn | None:
        """Count an attempt and its end (both aware UTC); whether the circuit has turned."""
        with self._lock:
            before = self._circuits.get(way, Circuit())
            if has_failed(sent):
                asked = sent.retry_after or timedelta()
                after = before.failed(Failure(began, ended, sent.reason, asked))
            else:
                after = before.answered()
                self._count(way, ended)
            self._circuits[way] = after
        return Turn(way, after) if after.is_open != before.is_open else None

    def _count(self, way: Way, at: datetime) -> None:
        limit = self.limits.get(way.name) if way.kind == "channel" else None
        if limit is not None:
            self._sent.setdefault(way.name, deque(maxlen=limit.messages)).append(at)


def has_failed(sent: Sent) -> bool:
    """Whether the other side as a whole did not answer."""
    is_open_ended = sent.state in (SentState.RETRY, SentState.UNKNOWN)
    return is_open_ended and not sent.only_this
