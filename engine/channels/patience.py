"""Calls that may never come back: somebody waits for them only so long."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock, Thread
from typing import TYPE_CHECKING

from engine.ports import Sent, SentState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta


class Patience:
    """Makes calls, and waits for each so long at the most.

    A time-out of a socket is about one step: a server that sends a byte now and then is within it
    for ever. So a call runs in a thread of its own, which is left behind when its time is up, and
    no other call is begun until that one has come back.
    """

    def __init__(self, limit: timedelta, peer: str) -> None:
        """Wait for `limit` (real time); `peer` is whom reasons name."""
        self._limit = limit
        self._peer = peer
        self._left_behind: Thread | None = None
        self._lock = Lock()

    def call(self, what: Callable[[], Sent]) -> Sent:
        """How an attempt ended; `UNKNOWN` where that took too long. One at a time.

        Args:
            what: The attempt. If it raises, nobody knows how far it got: `UNKNOWN`.
        """
        with self._lock:
            if self._left_behind is not None and self._left_behind.is_alive():
                reason = f"{self._peer}: an earlier attempt has not come back yet"
                return Sent(SentState.RETRY, reason=reason)
            ended: list[Sent] = []
            worker = Thread(target=lambda: ended.append(self._outcome(what)), daemon=True)
            worker.start()
            worker.join(self._limit.total_seconds())
            if ended:
                worker.join()
                return ended[0]
            self._left_behind = worker
        seconds = self._limit.total_seconds()
        return Sent(SentState.UNKNOWN, reason=f"{self._peer}: no answer within {seconds:g} s")

    @contextmanager
    def rest(self) -> Iterator[None]:
        """Waits for the call that is being made; no other begins meanwhile."""
        with self._lock:
            yield

    def _outcome(self, what: Callable[[], Sent]) -> Sent:
        try:
            return what()
        except Exception as error:  # noqa: BLE001 (libraries raise what they like)
            reason = f"{self._peer}: it broke off: {type(error).__name__}"
            return Sent(SentState.UNKNOWN, reason=reason)
