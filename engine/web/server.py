"""Serves the pages from a thread of the daemon."""

from __future__ import annotations

import os
import socket
import threading
from typing import Final

import uvicorn
from starlette.applications import Starlette

from engine.errors import EscalatordError
from engine.web.crowd import CrowdedProtocol

DRAIN: Final = 2
"""Seconds that requests under way are given when the daemon stops."""


class WebError(EscalatordError):
    """The pages cannot be served."""


class WebServer:
    """One listening address."""

    def __init__(self, pages: Starlette, host: str, port: int) -> None:
        """A server that does not listen yet.

        Args:
            pages: What it serves.
            host: An address of this machine, or a name for it.
            port: 0 for any that is free.
        """
        self._where = (host, port)
        config = uvicorn.Config(
            pages,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            http=CrowdedProtocol,
            timeout_graceful_shutdown=DRAIN,
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Listen, and serve from now on.

        Returns:
            The address, as a URL.

        Raises:
            WebError: The address cannot be had.
        """
        host, port = self._where
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family)
        except OSError as error:
            raise WebError(
                f"health and metrics cannot be served on {_shown(host, port)}: {_why(error)};"
                " free it, or name another by web.listen"
            ) from error
        url = f"http://{_shown(host, listening.getsockname()[1])}"
        self._thread = threading.Thread(
            target=self._server.run, args=([listening],), name="web", daemon=True
        )
        self._thread.start()
        return url

    def stop(self) -> None:
        """Answer what is under way, and listen no more."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._thread = None


def _why(error: OSError) -> str:
    """The system's own words; Python adds the address, which we have named."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)  # a name that nobody knows


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
