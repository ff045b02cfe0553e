"""A webhook: JSON by POST, signed as Standard Webhooks 1.0.0 (https://www.standardwebhooks.com).

How an attempt ends:

1. A server that could not be reached, or that says 408, 425, 429 or 5xx: `RETRY`, no sooner than it
   asks by ``Retry-After``.
2. 2xx: `DELIVERED`. Anything else, redirects among it: `REJECTED`, since it would be said again.
3. A request that was begun, and no answer: `UNKNOWN`. The next attempt bears the same id, by which
   the receiver knows it.
"""

from __future__ import annotations

import json
import re
import ssl
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from engine.channels.locality import is_loopback
from engine.channels.one_line import one_line, tame
from engine.channels.patience import Patience
from engine.channels.signature import key_of, signed
from engine.domain.ticket import utc_second
from engine.ports import Message, Sent, SentState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from engine.channels.options import Options, Surroundings
    from engine.ports import Clock

FORMAT: Final = "escalatord.webhook/1"

_TIMEOUT: Final = timedelta(seconds=15)
_PLACEHOLDER: Final = "{to}"
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_LONGEST_WAIT: Final = timedelta(hours=1)
"""What a server may ask for; beyond it, we ask again."""
_MOST_READ: Final = 1 << 16
"""Bytes of an answer that are read, so that the connection can be used again; none is looked at."""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where to post, and how to sign.

    Attributes:
        url: May hold ``{to}``, for the receiver's address.
        secrets: Keys of the signatures, the newest first; each signs every message.
        timeout: Real time for all of an attempt.
        context: Whom TLS trusts; None for the system's authorities.
    """

    url: str = field(repr=False)
    secrets: Sequence[bytes] = field(repr=False)
    timeout: timedelta = _TIMEOUT
    context: ssl.SSLContext | None = None

    @property
    def host(self) -> str:
        """The host and port, which are no secret."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


class WebhookChannel:
    """Posts messages; its connections stay open between them."""

    def __init__(
        self, name: str, settings: WebhookSettings, clock: Clock, real_now: Callable[[], datetime]
    ) -> None:
        """Connect to nothing yet.

        Args:
            name: The channel's name.
            settings: Where to post, and how to sign.
            clock: What messages are dated by that say nothing of their own time.
            real_now: What signatures are dated by: receivers refuse old ones.
        """
        self.name = name
        self._settings = settings
        self._clock = clock
        self._real_now = real_now
        self._patience = Patience(settings.timeout, settings.host)
        self._client: httpx.Client | None = None

    @property
    def longest_call(self) -> timedelta:
        """The longest that `send` takes."""
        return self._settings.timeout + timedelta(seconds=1)

    def prepare(self) -> None:
        """Load what posts; whoever only looks at the store does without it."""
        self._opened()

    def send(self, message: Message) -> Sent:
        """Post one message."""
        return self._patience.call(lambda: self._attempt(message))

    def close(self) -> None:
        """Let go of the connections."""
        with self._patience.rest():
            client, self._client = self._client, None
            if client is not None:
                client.close()

    def _attempt(self, message: Message) -> Sent:
        sent = self._post(message)
        return replace(sent, reason=sent.reason and f"{self._settings.host}: {sent.reason}")

    def _post(self, message: Message) -> Sent:
        import httpx  # noqa: PLC0415 (only whoever posts pays for it)

        body = _body(message, self._clock.now())
        to = quote(one_line(message.to), safe="")
        headers = signed(message.key, body, self._real_now(), self._settings.secrets)
        try:
            with self._opened().stream(
                "POST", self._settings.url.replace(_PLACEHOLDER, to), content=body, headers=headers
            ) as answer:
                _drain(answer)
                return _verdict(answer, headers["webhook-id"], self._real_now())
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Sent(SentState.RETRY, reason=_told(error))
        except httpx.HTTPError as error:
            reason = f"the request was begun, then: {_told(error)}"
            return Sent(SentState.UNKNOWN, reason=reason)

    def _opened(self) -> httpx.Client:
        if self._client is None:
            import httpx  # noqa: PLC0415

            self._client = httpx.Client(
                timeout=self._settings.timeout.total_seconds() / 2,  # to connect, then to answer
                verify=self._settings.context or ssl.create_default_context(),
                follow_redirects=False,
                trust_env=not is_loopback(urlsplit(self._settings.url).hostname or ""),
            )
        return self._client


def _body(message: Message, now: datetime) -> bytes:
    facts = message.facts
    document = {
        "format": FORMAT,
        "type": facts.get("event") or "notice.sent",
        "timestamp": facts.get("fired_at") or utc_second(now),
        "data": {
            "to": one_line(message.to),
            "subject": one_line(message.subject),
            "text": tame(message.text),
            "thread": message.thread,
            "facts": dict(facts),
        },
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _drain(answer: httpx.Response) -> None:
    """Read an answer to its end, if that is near, for the sake of the connection."""
    read = 0
    for chunk in answer.iter_raw(_MOST_READ):
        read += len(chunk)
        if read >= _MOST_READ:
            return


def _verdict(answer: httpx.Response, webhook_id: str, now: datetime) -> Sent:
    code = answer.status_code
    if answer.is_success:
        return Sent(SentState.DELIVERED, receipt=f"{webhook_id} {code}")
    said = _said(code)
    if code in _TRY_AGAIN or answer.is_server_error:
        wait = retry_after(answer.headers, now)
        return Sent(SentState.RETRY, reason=said, retry_after=wait)
    if answer.is_redirect:
        said = f"{said}; redirects are not followed: correct the url"
    return Sent(SentState.REJECTED, reason=said)


def _said(code: int) -> str:
    """A status in words that are ours: what a server says of it may hold anything."""
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long a server asks us to wait, an hour at the most; None where it does not say.

    Args:
        headers: Of its answer; ``retry-after`` holds seconds or a date (RFC 9110, 10.2.3).
        now: Real time (aware).
    """
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        wait = timedelta(seconds=min(int(said[:9]), _LONGEST_WAIT.total_seconds()))
    else:
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        wait = until.replace(tzinfo=until.tzinfo or UTC) - now
    return min(max(wait, timedelta(0)), _LONGEST_WAIT)


def _told(error: Exception) -> str:
    """What broke, in words that are ours: an error may quote the address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {one_line(getattr(cause, 'verify_message', '') or cause.reason)}"
        if isinstance(cause, OSError) and cause.strerror:
            return one_line(cause.strerror)
        cause = cause.__cause__ or cause.__context__
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
    return words.removesuffix(" error")


def from_options(options: Options, around: Surroundings) -> WebhookChannel:
    """Build one from the config file.

    ``url``, which may hold ``{to}`` below its host; ``secret``, one or several with blanks between,
    each as Standard Webhooks has it (``whsec_`` and 24 to 64 bytes in base64); and, where the
    defaults do not fit, ``timeout`` and ``ca_file``.

    Raises:
        ConfigError: One is missing or wrong, or messages would go over the wire in the clear.
    """
    url = _url(options)
    secrets = tuple(key_of(options, one) for one in options.required_text("secret").split())
    timeout = options.duration("timeout", _TIMEOUT)
    context = _context(options, around)
    settings = WebhookSettings(url, secrets, timeout, context)
    return WebhookChannel(options.channel, settings, around.clock, around.real_now)


def is_local(options: Options) -> bool:
    """Whether messages are posted to this machine."""
    return is_loopback(urlsplit(options.required_text("url")).hostname or "")


def _url(options: Options) -> str:
    url = options.required_text("url").strip()
    # What is refused is not shown: it may be a secret.
    fault = options.error("url", "is no web address; write https://…")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise fault from None
    if not host or not re.fullmatch(r"https?://[!-~]+", url):
        raise fault
    if parts.scheme == "http" and not is_loopback(host):
        raise options.error("url", "sends messages in the clear; write https://…")
    if _PLACEHOLDER in parts.netloc:
        raise options.error("url", "may hold {to} in its path or query only")
    return url


def _context(options: Options, around: Surroundings) -> ssl.SSLContext | None:
    authorities = options.text("ca_file")
    if authorities is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(around.folder / authorities))
    except OSError as error:
        raise options.error("ca_file", f"cannot be read: {error}") from None
