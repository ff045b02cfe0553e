"""The dead man's switch: a web address hears that we live, and raises the alarm when it ends."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Callable
from typing import Final

from engine.logs import Logger

TIMEOUT: Final = 10.0
"""Real seconds for one ping."""


class Heartbeat:
    """Pings for as long as the daemon ticks. What it fails at is logged once, until it recovers."""

    def __init__(self, url: str, last_tick: Callable[[], float | None], log: Logger) -> None:
        """A heart that has not beaten yet.

        Args:
            url: What is asked for; it may be a secret, and is never logged.
            last_tick: Monotonic instant of the last good evaluation; None before the first.
            log: Where trouble is told.
        """
        self._url = url
        self._last_tick = last_tick
        self._log = log
        self._told_of: float | None = None
        self._fails = False

    def beat(self) -> bool:
        """Ping, if there was a good evaluation since the last ping.

        Returns:
            Whether the ping arrived.
        """
        ticked_at = self._last_tick()
        if ticked_at is None or ticked_at == self._told_of:
            return False
        trouble = _ping(self._url)
        if trouble is None:
            self._told_of = ticked_at
            if self._fails:
                self._log.info("heartbeat.recovered")
        elif not self._fails:
            self._log.warning("heartbeat.failed", message=trouble)
        self._fails = trouble is not None
        return trouble is None


def _ping(url: str) -> str | None:
    """What went wrong; None where nothing did."""
    request = urllib.request.Request(url, headers={"User-Agent": "escalatord"})  # noqa: S310 - settings take http and https only
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310 - as above
            return None
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"the heartbeat did not arrive: {getattr(error, 'reason', None) or error}"
