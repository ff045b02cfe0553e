"""Mail by SMTP (RFC 5321): one connection for many messages, reopened when it broke.

How an attempt ends is decided by what the server may have taken:

1. Until the first byte of the content is handed to the connection, the server can have nothing.
   A connection that is refused, lost or too slow, a failed TLS or login, a 4xx: `RETRY`.
2. A 5xx about this message (its sender, its recipient, its content): `REJECTED`. A 5xx about the
   session (greeting, EHLO, STARTTLS, AUTH, or a demand for them) says nothing of the message, and
   the operator can mend it: `RETRY`.
3. From the first byte on, only the server's last word tells: 2xx `DELIVERED`, 4xx `RETRY`, 5xx
   `REJECTED`. A connection that is lost, too slow or garbled before it: `UNKNOWN`.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from engine.channels.letterhead import Letterhead, letterhead
from engine.channels.locality import is_loopback
from engine.channels.mail import Mail, compose
from engine.channels.mail_address import AddressError
from engine.channels.one_line import one_line
from engine.channels.patience import Patience
from engine.errors import ConfigError
from engine.oauth import AccessTokens, TokenError, answers, mechanism_of
from engine.ports import Message, Sent, SentState

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.channels.options import Options, Surroundings
    from engine.ports import Clock

_PORTS: Final = {"none": 25, "starttls": 587, "tls": 465}
_TIMEOUT: Final = timedelta(seconds=10)

_CLOSING: Final = 421
# "Authenticate first", "start TLS first", "wrong password": about the session (RFC 4954, RFC 3207).
_ABOUT_THE_SESSION: Final = frozenset({_CLOSING, 530, 534, 535, 538})
# The mailbox, or its domain, is not there, has moved or is switched off (RFC 3463, 3.2 and 3.3).
_DEAD_ADDRESSES: Final = frozenset({b"5.1.1", b"5.1.2", b"5.1.3", b"5.1.6", b"5.1.10", b"5.2.1"})
_NO_SUCH_MAILBOX: Final = frozenset({550, 551, 553})
_ENHANCED: Final = re.compile(rb"5\.\d{1,3}\.\d{1,3}")
_LEADING_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How to reach a mail server.

    Attributes:
        tls: ``none``, ``starttls`` or ``tls``; never less than asked for.
        password: What the user logs in with, unless there are `tokens`.
        tokens: What the user logs in with (OAuth 2.0).
        timeout: What all of an attempt before the content may take, and again what the content
            with the server's verdict may take.
        context: What TLS trusts; the system's authorities unless a ``ca_file`` is configured.
    """

    host: str
    port: int
    letterhead: Letterhead
    tls: str = "none"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tokens: AccessTokens | None = None
    timeout: timedelta = _TIMEOUT
    context: ssl.SSLContext | None = None


class SmtpChannel:
    """Sends mail; messages through one channel go one after the other."""

    def __init__(
        self, name: str, settings: SmtpSettings, clock: Clock, monotonic: Callable[[], float]
    ) -> None:
        """Connect to nothing yet.

        Args:
            name: The channel's name.
            settings: How to reach the server.
            clock: What mails are dated by.
            monotonic: What time-outs are measured by, in seconds.
        """
        self.name = name
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._session: smtplib.SMTP | None = None
        self._hello: str | None = None  # our own name, which may take a look-up
        self._patience = Patience(self.longest_call, self._server)

    @property
    def longest_call(self) -> timedelta:
        """The longest that `send` takes: a stale connection, a new one, the content."""
        return 3 * self._settings.timeout

    def send(self, message: Message) -> Sent:
        """Send one mail."""
        try:
            mail = compose(message, self._settings.letterhead, self._clock.now())
        except AddressError as error:
            return Sent(SentState.REJECTED, reason=str(error), bounced=True)
        return self._patience.call(lambda: self._attempt(mail))

    def mail_of(self, message: Message) -> bytes:
        """The mail that `send` hands over for a message that it took."""
        return compose(message, self._settings.letterhead, self._clock.now()).content

    def close(self) -> None:
        """End the session politely if the server still listens."""
        with self._patience.rest():
            session, self._session = self._session, None
            if session is not None:
                with contextlib.suppress(OSError, smtplib.SMTPException):
                    session.quit()
                session.close()

    def _attempt(self, mail: Mail) -> Sent:
        try:
            return self._send(mail)
        except _StaleError:
            return self._send(mail)  # on a new connection, which cannot be stale

    def _send(self, mail: Mail) -> Sent:
        deadline = _Deadline(self._monotonic, self._settings.timeout)
        is_reused = self._session is not None
        try:
            session = self._session or self._open(deadline)
            refused = _offer(session, mail, deadline)
        except (OSError, smtplib.SMTPException, TokenError, ConfigError) as error:
            self._drop()
            if is_reused:
                raise _StaleError from error
            return Sent(SentState.RETRY, reason=f"{self._server}: {_told(error)}")
        if refused is not None:
            self._reset(session, refused, deadline)
            if is_reused and refused.code == _CLOSING:
                raise _StaleError
            return refused.outcome(self._server)
        return self._hand_over(session, mail)

    def _hand_over(self, session: smtplib.SMTP, mail: Mail) -> Sent:
        """Send the content and hear the verdict; from here on a silence is `UNKNOWN`."""
        _Deadline(self._monotonic, self._settings.timeout).apply(session)
        try:
            session.send(_LEADING_DOT.sub(b"..", mail.content) + b".\r\n")  # the line
            verdict = _Reply(*session.getreply(), is_about_the_mail=True)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Sent(
                SentState.UNKNOWN,
                reason=f"{self._server}: the content was sent, then: {_told(error)}",
            )
        if verdict.is_good:
            return Sent(SentState.DELIVERED, receipt=f"{mail.id} {verdict.text}".rstrip())
        if verdict.code == _CLOSING or not verdict.is_refusal:
            self._drop()
        return verdict.outcome(self._server, otherwise=SentState.UNKNOWN)

    def _open(self, deadline: _Deadline) -> smtplib.SMTP:
        """Connect, greet, encrypt, log in.

        Raises:
            OSError: Also for TLS.
            smtplib.SMTPException: The server will not.
            TokenError: It wants a token, and there is none.
            ConfigError: What a token is got by is missing.
        """
        settings = self._settings
        token = settings.tokens.token(deadline.left) if settings.tokens else None
        context = settings.context or ssl.create_default_context()
        session = self._connect(context)
        try:
            deadline.apply(session).ehlo_or_helo_if_needed()
            if settings.tls == "starttls":
                deadline.apply(session).starttls(context=context)
                deadline.apply(session).ehlo()
            if settings.username is not None:
                self._log_in(deadline.apply(session), settings.username, token)
        except BaseException:
            session.close()
            raise
        self._session = session
        return session

    def _log_in(self, session: smtplib.SMTP, user: str, token: str | None) -> None:
        tokens = self._settings.tokens
        try:
            if tokens is None or token is None:
                session.login(user, self._settings.password or "")
                return
            mechanism = mechanism_of(session.esmtp_features.get("auth", "").upper().split())
            said = answers(mechanism, user, token)
            # Tokens are longer than a command may be (RFC 4954, 4): the server asks first.
            session.auth(mechanism, lambda _=None: next(said), initial_response_ok=False)
        except smtplib.SMTPAuthenticationError:
            if tokens is not None:
                tokens.forget()
            raise
        except UnicodeEncodeError:
            fault = "the username or password holds letters beyond ASCII, and cannot be sent"
            raise smtplib.SMTPException(fault) from None

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        host, port = self._settings.host, self._settings.port
        seconds = self._settings.timeout.total_seconds()
        session = (
            smtplib.SMTP_SSL(host, port, self._hello, timeout=seconds, context=context)
            if self._settings.tls == "tls"
            else smtplib.SMTP(host, port, self._hello, timeout=seconds)
        )
        self._hello = session.local_hostname
        if session.sock is not None:  # small commands must not wait for one another
            session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return session

    def _reset(self, session: smtplib.SMTP, refused: _Reply, deadline: _Deadline) -> None:
        """Forget the refused mail, so that the next one starts clean."""
        try:
            if (
                refused.code in _ABOUT_THE_SESSION
                or not _Reply(*deadline.apply(session).rset()).is_good
            ):
                self._drop()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    @property
    def _server(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


class _StaleError(Exception):
    """The connection of earlier messages had ended; nothing of this one was handed over."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """A server's reply: three digits and a text.

    Attributes:
        is_about_the_mail: To its recipient or its content; to what comes before, a server that is
            overloaded says the same to everybody.
    """

    code: int
    raw: bytes
    is_about_the_mail: bool = False
    is_to_recipient: bool = False

    @property
    def is_bounce(self) -> bool:
        """Whether the recipient's address takes no mail, whoever writes what.

        The enhanced code says so, where there is one: a 550 may as well be about the sender.
        """
        enhanced = _ENHANCED.match(self.raw)
        if enhanced is not None:
            return enhanced.group() in _DEAD_ADDRESSES
        return self.is_to_recipient and self.code in _NO_SUCH_MAILBOX

    @property
    def text(self) -> str:
        return one_line(self.raw.decode("utf-8", "replace"))[:200]

    @property
    def is_good(self) -> bool:
        return 200 <= self.code < 300  # noqa: PLR2004 (RFC 5321, 4.2.1)

    @property
    def is_refusal(self) -> bool:
        return 400 <= self.code < 600  # noqa: PLR2004 (RFC 5321, 4.2.1)

    def outcome(self, server: str, otherwise: SentState = SentState.RETRY) -> Sent:
        """What a reply other than the hoped for means for the message.

        Args:
            server: Who said so.
            otherwise: For a code that is neither 4xx nor 5xx.
        """
        reason = f"{server}: {self.code} {self.text}".rstrip()
        if not self.is_refusal:
            return Sent(otherwise, reason=reason)
        is_final = self.code >= 500 and self.code not in _ABOUT_THE_SESSION  # noqa: PLR2004
        return Sent(
            SentState.REJECTED if is_final else SentState.RETRY,
            reason=reason,
            only_this=self.is_about_the_mail and self.code not in _ABOUT_THE_SESSION,
            bounced=is_final and self.is_bounce,
        )


class _Deadline:
    """An end that several commands share."""

    def __init__(self, monotonic: Callable[[], float], after: timedelta) -> None:
        self._monotonic = monotonic
        self._at = monotonic() + after.total_seconds()

    @property
    def left(self) -> timedelta:
        """What is left.

        Raises:
            TimeoutError: Nothing.
        """
        left = self._at - self._monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return timedelta(seconds=left)

    def apply(self, session: smtplib.SMTP) -> smtplib.SMTP:
        """The session, whose next command will wait no longer than what is left.

        Raises:
            TimeoutError: Nothing is left.
        """
        left = self.left
        if session.sock is not None:
            session.sock.settimeout(left.total_seconds())
        return session


def _offer(session: smtplib.SMTP, mail: Mail, deadline: _Deadline) -> _Reply | None:
    """Say who writes to whom and ask to send the content.

    Returns:
        The reply that refused, None when the server waits for the content.

    Raises:
        OSError: The connection broke or was too slow.
        smtplib.SMTPException: The server left, or talks no SMTP.
    """
    if mail.needs_smtputf8 and not session.has_extn("smtputf8"):
        return _Reply(553, b"the server takes no address with letters beyond ASCII (SMTPUTF8)")
    options = ["SMTPUTF8", "BODY=8BITMIME"] if mail.needs_smtputf8 else []
    reply = _Reply(*deadline.apply(session).mail(mail.sender, options))
    if reply.is_good:
        reply = _Reply(
            *deadline.apply(session).rcpt(mail.recipient),
            is_about_the_mail=True,
            is_to_recipient=True,
        )
    if reply.is_good:
        reply = _Reply(*deadline.apply(session).docmd("DATA"))
        if reply.code == 354:  # noqa: PLR2004 (RFC 5321: start mail input)
            return None
    return reply


def _told(error: Exception) -> str:
    """An error as one line, without the password that it may quote."""
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
        return one_line(f"{error.smtp_code} {text}")[:200]
    return one_line(str(error) or type(error).__name__)[:200]


def from_options(options: Options, around: Surroundings) -> SmtpChannel:
    """Build one from the config file.

    ``host``, ``from``; and, where the defaults do not fit, ``port`` (25, 587, 465), ``tls``
    (``none``, ``starttls``, ``tls``), ``username`` with ``password`` or ``oauth``, ``timeout``,
    ``ca_file``, ``reply_to``, ``subject_tag``, ``unsubscribe``.

    Raises:
        ConfigError: One is missing or wrong, or a password would go over the wire in the clear.
    """
    tls = options.choice("tls", tuple(_PORTS), default="none")
    username, password = options.text("username"), options.text("password")
    grant = options.grant("oauth")
    if (username is not None) != (password is not None or grant is not None):
        raise ConfigError(f"{options.place}: username and password (or oauth) belong together")
    host = options.required_text("host")
    if username is not None and tls == "none" and not is_loopback(host):
        raise options.error("tls", "is none: the password would be sent in the clear; use starttls")
    settings = SmtpSettings(
        host=host,
        port=options.port("port", _PORTS[tls]),
        letterhead=letterhead(options),
        tls=tls,
        username=username,
        password=password,
        tokens=AccessTokens(grant, around.monotonic) if grant else None,
        timeout=options.duration("timeout", _TIMEOUT),
        context=_context(options, around),
    )
    return SmtpChannel(options.channel, settings, around.clock, around.monotonic)


def is_local(options: Options) -> bool:
    """Whether the mail server is this machine."""
    return is_loopback(options.required_text("host"))


def _context(options: Options, around: Surroundings) -> ssl.SSLContext | None:
    authorities = options.text("ca_file")
    if authorities is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(around.folder / authorities))
    except OSError as error:
        raise options.error("ca_file", f"cannot be read: {error}") from None
