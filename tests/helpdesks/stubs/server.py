"""What all stub servers share: a real socket on loopback, faults on demand, and limits."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from engine.clock import SystemClock

HTML: Final = "<html><body><h1>Sorry, something went wrong</h1></body></html>"


class Call(StrEnum):
    """What a request is for, whatever its address at this helpdesk."""

    IDENTITY = "identity"
    LIST = "list"
    READ = "read"
    CHANGE = "change"
    NOTE = "note"
    REPLY = "reply"
    HISTORY = "history"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; a `body` that is no text is sent as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if self.body is None:
            return b""
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()

    @property
    def kind(self) -> str:
        is_page = isinstance(self.body, str) and self.body.startswith("<")
        return "text/html; charset=UTF-8" if is_page else "application/json; charset=utf-8"


class Refusal(Exception):  # noqa: N818 - it is an answer
    """An answer that ends the handling of a request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Fault(StrEnum):
    """What goes wrong beside statuses."""

    TIMEOUT = "timeout"
    CUT = "cut"
    HTML = "html"
    BROKEN = "broken"


@dataclass(slots=True)
class Limit:
    """So many requests in a minute; windows begin with the first request.

    Attributes:
        refused: Requests beyond it.
        ignored: Requests that came though it had been asked to wait.
    """

    requests: int
    began: datetime | None = None
    used: int = 0
    refused: int = 0
    ignored: int = 0
    told_to_wait_until: datetime | None = None

    def wait(self, now: datetime) -> timedelta | None:
        """Count a request; how long it has to wait, if it is refused."""
        if self.told_to_wait_until is not None and now < self.told_to_wait_until:
            self.ignored += 1
        if self.began is None or now >= self.began + timedelta(minutes=1):
            self.began, self.used = now, 0
        self.used += 1
        if self.used <= self.requests:
            return None
        self.refused += 1
        wait = self.began + timedelta(minutes=1) - now
        self.told_to_wait_until = now + wait
        return wait

    def left(self, now: datetime) -> tuple[int, int]:
        """(requests that remain, seconds until the window ends)."""
        began = self.began or now
        seconds = int((began + timedelta(minutes=1) - now).total_seconds())
        return max(0, self.requests - self.used), max(1, seconds)


@dataclass
class Stub(ABC):
    """A helpdesk's other end.

    Attributes:
        clock: Gives its present (aware UTC).
        token: The only one that it knows.
        log: What was asked, in order.
        storms_until: Until then everything is refused with 429.
        faults: What goes wrong, by call.
        loses: Calls that are obeyed, and whose answers are lost.
    """

    clock: Callable[[], datetime] = SystemClock().now
    token: str = "s3cret"
    log: list[Request] = field(default_factory=list)
    storms_until: datetime | None = None
    faults: dict[Call, int | Fault] = field(default_factory=dict)
    loses: set[Call] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @abstractmethod
    def call_of(self, request: Request) -> Call:
        """What a request is for."""

    @abstractmethod
    def handle(self, request: Request) -> Answer:
        """What is answered; a `Refusal` is an answer, too."""

    @abstractmethod
    def error(self, status: int) -> Answer:
        """An error as this helpdesk words it."""

    def limit_of(self, request: Request) -> Limit | None:
        """The limit that a request counts against."""
        del request
        return None

    def answer(self, request: Request) -> Answer | Fault:
        """What becomes of a request."""
        with self.lock:
            self.log.append(request)
            fault = self.faults.get(self.call_of(request))
            if isinstance(fault, Fault):
                return fault
            if fault is not None:
                return self.error(fault)
            answer = self._dated(self._limited(request))
            return Fault.CUT if self.call_of(request) in self.loses else answer

    def _limited(self, request: Request) -> Answer:
        now, limit = self.clock(), self.limit_of(request)
        wait = limit.wait(now) if limit is not None else None
        if self.storms_until is not None and now < self.storms_until:
            wait = min(self.storms_until - now, timedelta(seconds=30))
            if limit is not None:
                limit.told_to_wait_until = now + wait
        if wait is not None:
            refused = self.error(429)
            seconds = max(1, int(wait.total_seconds()))
            return Answer(429, refused.body, {**refused.headers, "Retry-After": str(seconds)})
        try:
            return self.handle(request)
        except Refusal as refusal:
            return refusal.answer

    def _dated(self, answer: Answer) -> Answer:
        date = format_datetime(self.clock(), usegmt=True)
        return Answer(answer.status, answer.body, {"Date": date, **answer.headers})

    def calls(self, call: Call) -> list[Request]:
        """The requests that were for this."""
        return [one for one in self.log if self.call_of(one) is call]


class StubTransport(httpx.BaseTransport):
    """Asks a stub without a socket: for simulated time."""

    def __init__(self, stub: Stub) -> None:
        self.stub = stub

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """What the stub answers."""
        answer = self.stub.answer(_parsed(request))
        if isinstance(answer, Fault):
            raise httpx.ReadError("cut", request=request)
        headers = {"Content-Type": answer.kind, **answer.headers}
        return httpx.Response(answer.status, headers=headers, content=answer.content)


def _parsed(request: httpx.Request) -> Request:
    content = request.read()
    return Request(
        request.method,
        request.url.path,
        dict(request.url.params),
        {name.lower(): value for name, value in request.headers.items()},
        json.loads(content) if content else None,
    )


class StubServer:
    """A stub on a socket of loopback. One can be taken away, and brought back at its port."""

    def __init__(self, stub: Stub) -> None:
        self.stub = stub
        self.released = threading.Event()
        self._server = self._listen(0)
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sever(self) -> None:
        """Nobody listens any more."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def mend(self) -> None:
        """Listen again."""
        self.released.clear()
        self._server = self._listen(self.port)

    close = sever

    def _listen(self, port: int) -> _Server:
        server = _Server(("127.0.0.1", port), _Handler)
        server.stub, server.released = self.stub, self.released
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    stub: Stub
    released: threading.Event


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 60

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
        """Say nothing."""

    def _answer(self) -> None:
        answer = self.server.stub.answer(self._request())
        if answer is Fault.TIMEOUT:
            self.server.released.wait(30)
            self.close_connection = True
        elif answer is Fault.CUT:
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"ti')
            self.close_connection = True
        elif answer is Fault.HTML:
            self._send(Answer(200, HTML))
        elif answer is Fault.BROKEN:
            self._send(Answer(200, '{"ticket": {"id": 1'))
        elif isinstance(answer, Answer):
            self._send(answer)

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        return Request(
            self.command,
            unquote(parts.path),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(content) if content else None,
        )

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in {"Content-Type": answer.kind, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)


def stamp(at: datetime) -> str:
    """An instant as most vendors write it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
