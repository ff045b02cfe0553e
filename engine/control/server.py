"""The daemon's end of the control socket."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import stat
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from engine.errors import EscalatordError
from engine.ports import Json

MOST_BYTES: Final = 4096
"""Of a request."""
PATIENCE: Final = 2.0
"""Seconds that somebody who has connected may take to say what is wanted."""

Answer = Callable[[], Json]


class ControlError(EscalatordError):
    """The control socket cannot be opened."""


class ControlServer:
    """Listens on a socket that only the daemon's user (and root) may use; a thread per request."""

    def __init__(self, path: Path, answers: Mapping[str, Answer]) -> None:
        """A server that does not listen yet.

        Args:
            path: The socket's file.
            answers: What can be asked for → what is done about it, in a thread of its own.
        """
        self.path = path
        self._answers = answers
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen; a socket that a dead daemon left is replaced.

        Raises:
            ControlError: The socket cannot be made, or another daemon answers on it.
        """
        _clear(self.path)
        try:
            self._server = _Server(self.path, self._answers)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ControlError(
                f"the control socket {self.path} cannot be made: {reason};"
                " name another place by control.socket"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="control", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, let those under way be answered, and remove the socket."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self.path.unlink(missing_ok=True)
        self._server.server_close()  # waits for the requests under way
        self._thread.join()
        self._server = self._thread = None


def _clear(path: Path) -> None:
    """Remove what a dead daemon left; never what somebody listens on, or what is no socket."""
    try:
        mode = path.lstat().st_mode
    except OSError:  # nothing is there; or nothing can be, which binding will tell
        return
    if not stat.S_ISSOCK(mode):
        raise ControlError(
            f"{path} is in the way: it is no socket; move it, or name another by control.socket"
        )
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise ControlError(f"another daemon answers at {path}; give this one control.socket of its own")


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, path: Path, answers: Mapping[str, Answer]) -> None:
        self.answers = answers
        super().__init__(str(path), _Handler)

    def server_bind(self) -> None:
        """Bind; the file is the daemon's user's alone from its first moment."""
        # Linux gives the file the socket's mode (unix(7)); the umask would belong to all threads.
        os.fchmod(self.socket.fileno(), 0o600)
        super().server_bind()


class _Handler(socketserver.StreamRequestHandler):
    timeout = PATIENCE
    server: _Server

    def handle(self) -> None:
        """Answer one request."""
        try:
            line = self.rfile.readline(MOST_BYTES)
        except OSError:  # nothing was said in time
            return
        reply = json.dumps(self._reply(line)).encode() + b"\n"
        self.connection.settimeout(PATIENCE)
        try:
            self.wfile.write(reply)
        except OSError:
            return  # who asked has gone: the log tells what was done

    def _reply(self, line: bytes) -> Json:
        try:
            asked = json.loads(line)["do"]
            answer = self.server.answers[asked]
        except (ValueError, TypeError, KeyError):
            known = ", ".join(self.server.answers)
            return {"error": f'ask by one line of JSON: {{"do": …}}, where … is one of {known}'}
        try:
            return {"answer": answer()}
        except EscalatordError as error:
            return {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - who asked is told; the daemon goes on
            return {"error": f"this is a defect, please report it: {type(error).__name__}: {error}"}
