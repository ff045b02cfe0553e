"""A web server on loopback that takes messages, or fails as it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

if TYPE_CHECKING:
    import ssl


@dataclass
class Request:
    """A request as it arrived; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def form(self) -> dict[str, str]:
        return {key: value[0] for key, value in parse_qs(self.body.decode()).items()}


@dataclass
class Answer:
    """What the server says.

    Attributes:
        deed: Instead: ``reset`` cuts the connection, ``hang`` says nothing, ``garble`` speaks no
            HTTP, ``drip`` never comes to the end of its first header.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    deed: str | None = None


class Peer:
    """The other side of channels that speak HTTP.

    Attributes:
        received: Requests in order, those that were then failed too.
        answers: For the next requests; then `usual`.
        connections: How many were made.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Request] = []
        self.answers: list[Answer] = []
        self.usual = Answer()
        self.connections = 0
        self.open: list[socket.socket] = []
        self.ends = Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.peer = self
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = int(self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self) -> Answer:
        return self.answers.pop(0) if self.answers else self.usual

    def stop(self) -> None:
        """Leave; connections to it are refused from now on."""
        if not self.ends.is_set():
            self.ends.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            for connection in self.open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    peer: Peer
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that left is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.peer.connections += 1
        self.server.peer.open.append(self.connection)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def _take(self) -> None:
        peer = self.server.peer
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        peer.received.append(Request(self.command, self.path, headers, body))
        answer = peer.answer()
        if answer.deed is not None:
            self._misbehave(answer.deed, peer)
            return
        self.send_response(answer.status)
        for name, value in ({"Content-Type": "application/json"} | dict(answer.headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_POST = do_PUT = do_GET = _take  # noqa: N815 (the server finds them by these names)

    def _misbehave(self, deed: str, peer: Peer) -> None:
        self.close_connection = True
        match deed:
            case "reset":
                at_once = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                self.connection.close()
            case "hang":
                peer.ends.wait()
            case "garble":
                self.wfile.write(b"\x00\xff what?\r\n\r\n")
            case "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not peer.ends.wait(0.05):
                    cast("socket.socket", self.connection).sendall(b".")
