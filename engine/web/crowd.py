"""Connections of HTTP/1.1 that are too many or too slow are ended, so that others can come in."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS: Final = 500
"""Each may hold a descriptor and the body of a request; a process has 1,024 descriptors."""
HEADERS_WITHIN: Final = 10.0
"""Seconds of real time from the first byte of a connection, or of its next request, to the last of
its headers."""
_FULL: Final = (
    b"HTTP/1.1 429 Too Many Requests\r\n"
    b"Retry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)


class CrowdedProtocol(H11Protocol):
    """A connection that has to hurry, among not too many others."""

    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.write(_FULL)
            transport.close()
            return
        self._begin_hurry()

    def data_received(self, data: bytes) -> None:
        """Take in what came; the clock runs until it makes up a request."""
        if self._waits_for_headers() and self._hurry is None:
            self._begin_hurry()
        super().data_received(data)
        if not self._waits_for_headers():
            self._end_hurry()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock."""
        self._end_hurry()
        super().connection_lost(exc)

    def _waits_for_headers(self) -> bool:
        return getattr(self.cycle, "response_complete", True)  # None before the first request

    def _begin_hurry(self) -> None:
        self._hurry = self.loop.call_later(HEADERS_WITHIN, self._too_slow)

    def _end_hurry(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None

    def _too_slow(self) -> None:
        self._hurry = None
        if self._waits_for_headers() and not self.transport.is_closing():
            self.transport.close()
