"""A mail server on loopback that takes messages, or fails as it is told."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Protocol, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

CERTIFICATE = Path(__file__).with_name("loopback-cert.pem")
"""For 127.0.0.1 until the year 2126; signed by itself, and trusted by nobody who is not told to."""


def tls_server() -> ssl.SSLContext:
    """TLS as the sink speaks it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("loopback-key.pem"))
    return context


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Faults:
    """What the server does instead of its duty; each is used up once unless `forever`.

    Verbs: ``MAIL``, ``RCPT``, ``DATA`` (before it is answered; cut only), ``content`` (once it has
    arrived), ``accepted`` (once it is kept).

    Attributes:
        replies: Verb → the reply.
        cut: Verbs at which the connection is cut.
        hang: Verbs that are never answered.
    """

    replies: dict[str, str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    hang: set[str] = field(default_factory=set)
    forever: bool = False

    def reply(self, verb: str) -> str | None:
        return self.replies.get(verb) if self.forever else self.replies.pop(verb, None)

    def strike(self, verbs: set[str], verb: str) -> bool:
        is_struck = verb in verbs
        if not self.forever:
            verbs.discard(verb)
        return is_struck


@dataclass
class Received:
    """A mail as it arrived."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=default)

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, subtype: str) -> str:
        part = self.mail.get_body((subtype,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


class MailSink:
    """An aiosmtpd handler that keeps what it takes."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.faults = Faults()
        self.connections = 0
        self.verbs: list[str] = []
        self.port = 0
        self.controller: SinkController
        self._servers: list[SMTP] = []

    def serves_with(self, server: SMTP) -> None:
        self._servers.append(server)

    def leave(self) -> None:
        """Go; connections are refused from now on."""
        self.controller.end()

    async def handle_EHLO(  # noqa: N802 (aiosmtpd finds it by this name)
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(  # noqa: N802 (aiosmtpd finds it by this name)
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if (reply := await self._fault("MAIL", server)) is not None:
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 (aiosmtpd finds it by this name)
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if (reply := await self._fault("RCPT", server)) is not None:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (aiosmtpd finds it by this name)
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if (reply := await self._fault("content", server)) is not None:
            return reply
        content = envelope.original_content
        assert content is not None
        assert envelope.mail_from is not None
        self.received.append(Received(envelope.mail_from, list(envelope.rcpt_tos), content))
        if (reply := await self._fault("accepted", server)) is not None:
            return reply
        return f"250 OK: queued as {len(self.received)}"

    async def _fault(self, verb: str, server: SMTP) -> str | None:
        self.verbs.append(verb)
        if self.faults.strike(self.faults.hang, verb):
            await asyncio.Event().wait()
        if self.faults.strike(self.faults.cut, verb):
            cut(server)
            return "421 cut"
        return self.faults.reply(verb)

    def drop_connections(self) -> None:
        """Leave without a word, as servers do with clients that idle; returns when it is done."""
        if not self._servers:
            return
        loop = self._servers[-1].loop
        asyncio.run_coroutine_threadsafe(self._drop_connections(), loop).result(10)

    async def _drop_connections(self) -> None:
        for server in self._servers:
            cut(server)
        for _ in range(3):  # the loop's turns in which the sockets are closed
            await asyncio.sleep(0)


def cut(server: SMTP) -> None:
    """End a connection in the middle of whatever it does."""
    if server.transport is not None:
        cast("asyncio.Transport", server.transport).abort()


class FaultyServer(SMTP):
    """The protocol, with a fault where a handler cannot reach."""

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 (aiosmtpd finds it by this name)
        sink = cast("MailSink", self.event_handler)
        if sink.faults.strike(sink.faults.cut, "DATA"):
            cut(self)
            return
        await super().smtp_DATA(arg)


class SinkController(Controller):
    """A sink in a thread of its own."""

    def __init__(self, sink: MailSink, users: dict[str, str] | None, **options: object) -> None:
        if users is not None:
            options |= {"authenticator": _Authenticator(users), "auth_required": True}
        self.sink = sink
        super().__init__(sink, hostname="127.0.0.1", port=free_port(), **options)  # type: ignore[arg-type]
        sink.port = self.port
        sink.controller = self
        self._has_ended = False

    def factory(self) -> SMTP:
        server = FaultyServer(self.handler, **self.SMTP_kwargs)
        self.sink.serves_with(server)
        return server

    def end(self) -> None:
        """Stop, leaving no connection behind."""
        if not self._has_ended:
            self._has_ended = True
            self.sink.drop_connections()
            self.stop()


class _Authenticator:
    def __init__(self, users: dict[str, str]) -> None:
        self._users = users

    def __call__(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_known = self._users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=is_known, handled=False)


class StartSink(Protocol):
    """Starts a sink that ends with the test."""

    def __call__(self, *, users: dict[str, str] | None = None, **options: object) -> MailSink:
        """`options` are aiosmtpd's own."""
        ...
