"""One thread that writes for all requests: those that wait together share a transaction."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from engine.pipeline.intake import Delivery, Outcome, accept
from engine.ports import Store

MOST_WAITING: Final = 64
"""Requests that may wait for the disk; whoever comes then is asked to come again."""
MOST_TOGETHER: Final = 2000
"""Items of one transaction, so that nobody else waits long for the store."""


MANY: Final = 500
"""Items a second; beyond it whoever reads them lets those who send them go first."""
RUSH: Final = 10
"""Seconds that are looked back on: a transaction of whoever reads may have held senders up."""


class FullError(Exception):
    """So much waits that more would only wait longer."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivery: Delivery
    outcome: Future[Outcome] = field(default_factory=Future)


class Commits:
    """Keeps what requests bring, and tells each what became of it."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write nothing yet.

        Args:
            store: Where it is kept.
            now: The domain's instant (aware UTC).
            monotonic: Seconds of real time since some fixed point.
        """
        self._store = store
        self._now = now
        self._monotonic = monotonic
        self._rush: deque[tuple[float, int]] = deque(maxlen=1000)
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._is_ending = False
        self._thread = threading.Thread(target=self._write, name="intake", daemon=True)

    def start(self) -> None:
        """Write from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and no more."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def keep(self, delivery: Delivery) -> Future[Outcome]:
        """Have something kept; its outcome is told once it outlives a power cut.

        Raises:
            FullError: Too many wait.
        """
        waiting = _Waiting(delivery)
        with self._changed:
            if len(self._waiting) >= MOST_WAITING or self._is_ending:
                raise FullError
            self._waiting.append(waiting)
            self._rush.append((self._monotonic(), len(delivery.posts)))
            self._changed.notify()
        return waiting.outcome

    def are_many(self) -> bool:
        """Whether more than `MANY` items a second come, or somebody waits for the disk now."""
        since = self._monotonic() - RUSH
        lately = sum(items for at, items in list(self._rush) if at >= since)
        return bool(self._waiting) or lately > MANY * RUSH

    def _write(self) -> None:
        while together := self._next():
            try:
                outcomes = accept(self._store, [one.delivery for one in together], self._now())
            except Exception as error:  # noqa: BLE001 - whoever waits is told, and logs it
                for one in together:
                    one.outcome.set_exception(error)
                continue
            for one, outcome in zip(together, outcomes, strict=True):
                one.outcome.set_result(outcome)

    def _next(self) -> list[_Waiting]:
        """Those that wait now, the first to come first; none when all is written at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ending)
            together: list[_Waiting] = []
            items = 0
            while self._waiting and (not together or items < MOST_TOGETHER):
                together.append(self._waiting.popleft())
                items += len(together[-1].delivery.posts)
        return together
