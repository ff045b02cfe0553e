"""Chat, paging and SMS services by the Apprise library: the URL says which.

Apprise tells only whether a service took all of a message, not why it did not: a time-out after the
service had it looks like a refusal. So what is not delivered is to be tried again (`RETRY`), which
is right for staff, who are told at least once. Customers are never written to by it.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import timedelta
from threading import get_ident
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote, unquote, urlsplit

from engine import __version__
from engine.channels.locality import is_loopback
from engine.channels.one_line import one_line, tame
from engine.channels.patience import Patience
from engine.errors import ConfigError
from engine.ports import Message, Sent, SentState

if TYPE_CHECKING:
    import apprise

    from engine.channels.options import Options, Surroundings

_TIMEOUT: Final = timedelta(seconds=30)
_OVERFLOWS: Final = ("split", "truncate", "upstream")
_PLACEHOLDER: Final = "{to}"
_SHAPE: Final = re.compile(r"[A-Za-z0-9]+://\S+")
_SPEAKS_TO_ITS_HOST: Final = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
"""Schemes whose host is where messages go; elsewhere it is often a token."""
_SAMPLE_ADDRESSES: Final = ("+493012345678", "#general", "ann", "123456789", "ann@example.com")
"""Forms that services know addresses in, to see whether a URL could be used with any of them."""
_MOST_PLUGINS: Final = 256
_LEAST_SECRET: Final = 4
"""Characters: what is shorter would be hidden in words that have nothing to do with it."""

# Words by which chat services call everybody, and the brackets that Slack puts about them and
# about links that say they are others.
_CALLS: Final = re.compile(
    r"(?<=@)(?=(everyone|here|channel|all|room|group)\b)|(?<=<)(?=[!@#]|[a-z]+:)"
)
_NOTHING: Final = "…"
"""Said where there is nothing to say: services refuse an empty message."""
_ZERO_WIDTH_SPACE: Final = "\u200b"


@dataclass(frozen=True, slots=True)
class AppriseSettings:
    """Which service, and how.

    Attributes:
        url: As Apprise has it; may hold ``{to}``, for the receiver's address.
        overflow: What becomes of a text that is too long for the service.
        timeout: Real time for all of an attempt.
    """

    url: str = field(repr=False)
    overflow: str = "split"
    timeout: timedelta = _TIMEOUT


class AppriseChannel:
    """Sends messages by one Apprise URL; messages through one channel go one after the other."""

    def __init__(self, name: str, settings: AppriseSettings) -> None:
        """Load and connect to nothing yet.

        Args:
            name: The channel's name.
            settings: Which service, and how.
        """
        self.name = name
        self._settings = settings
        self._patience = Patience(settings.timeout, "Apprise")
        self._plugins: dict[str, apprise.NotifyBase] = {}
        self._is_prepared = False

    @property
    def longest_call(self) -> timedelta:
        """The longest that `send` takes."""
        return self._settings.timeout + timedelta(seconds=1)

    def prepare(self) -> None:
        """Load Apprise, which is large, and have it look at the URL.

        Raises:
            ConfigError: It can make nothing of the URL, whatever the address.
        """
        if self._is_prepared:
            return
        with _Heard() as heard:
            if not any(self._plugin(one) for one in self._sample_addresses()):
                why = self._without_secrets(heard.told, "") or "unknown"
                raise ConfigError(f"channels.{self.name}.url: Apprise cannot use it: {why}")
        self._is_prepared = True

    def send(self, message: Message) -> Sent:
        """Send one message."""
        sent = self._patience.call(lambda: self._notify(message))
        if sent.state is not SentState.DELIVERED:
            self._plugins.clear()  # one may still hang, or its session with the service went bad
        return sent

    def close(self) -> None:
        """Forget sessions with services."""
        with self._patience.rest():
            self._plugins.clear()

    def _notify(self, message: Message) -> Sent:
        import apprise  # noqa: PLC0415 (only whoever sends by it pays for it)

        to = one_line(message.to)
        with _Heard() as heard:
            plugin = self._plugin(to)
            if plugin is None:
                told = self._without_secrets(heard.told, to)
                reason = f"Apprise cannot use the url with this address: {told}"
                return Sent(SentState.REJECTED, reason=reason)
            sender = apprise.Apprise(plugin, asset=plugin.asset)
            is_digest = message.facts.get("kind") == "digest"
            title = _uncalled(one_line(message.subject))
            is_sent = sender.notify(
                title=title,
                body=_uncalled(tame(message.text).strip()) or title or _NOTHING,
                body_format=apprise.NotifyFormat.TEXT,
                notify_type=apprise.NotifyType.INFO if is_digest else apprise.NotifyType.WARNING,
            )
        service = str(plugin.service_name)
        if is_sent:
            return Sent(SentState.DELIVERED, receipt=f"{service} {message.key}")
        told = self._without_secrets(heard.told, to) or "not sent, and no word why"
        return Sent(SentState.RETRY, reason=f"{service}: {told}")

    def _plugin(self, to: str) -> apprise.NotifyBase | None:
        """What sends to an address; None if Apprise makes nothing of it (its log says why)."""
        url = self._settings.url.replace(_PLACEHOLDER, quote(to, safe=""))
        if url not in self._plugins:
            made = _made(url, self._settings)
            if made is None:
                return None
            if len(self._plugins) >= _MOST_PLUGINS:
                self._plugins.clear()
            self._plugins[url] = made
        return self._plugins[url]

    def _sample_addresses(self) -> tuple[str, ...]:
        return _SAMPLE_ADDRESSES if _PLACEHOLDER in self._settings.url else ("",)

    def _without_secrets(self, told: str, to: str) -> str:
        """What Apprise logged, without any part of the URL but its scheme, host and address."""
        for part in sorted(_parts(self._settings.url), key=len, reverse=True):
            if part != to:
                told = told.replace(part, "***")
        return told


def _made(url: str, settings: AppriseSettings) -> apprise.NotifyBase | None:
    import apprise  # noqa: PLC0415

    asset = apprise.AppriseAsset(
        app_id="escalatord",
        app_desc=f"escalatord {__version__}",
        app_url="",
        image_url_mask="",  # no picture from somebody else's server in what we say
        image_url_logo="",
        async_mode=False,
    )
    plugin = apprise.Apprise.instantiate(url, asset=asset)
    if plugin is None:
        return None
    seconds = settings.timeout.total_seconds() / 3
    plugin.socket_connect_timeout = plugin.socket_read_timeout = seconds
    plugin.overflow_mode = apprise.OverflowMode(settings.overflow)
    plugin.redirects = False  # a redirect would carry the tokens elsewhere
    plugin.retry = 0  # the outbox tries again
    plugin.optional = False  # what failed did fail
    return plugin


class _Heard(logging.Handler):
    """What Apprise logs in this thread while we ask it for something; it goes nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = get_ident()
        self._lines: list[str] = []

    @property
    def told(self) -> str:
        """Its last warnings and errors, on one line; that it could not load says nothing more."""
        telling = [line for line in self._lines if not line.startswith("Could not load")]
        return one_line("; ".join(dict.fromkeys(telling[-3:])))[:300]

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of ours."""
        if record.thread == self._thread:
            self._lines.append(record.getMessage().strip())

    def __enter__(self) -> Self:
        logger = logging.getLogger("apprise")
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


def _parts(url: str) -> set[str]:
    """The parts of a URL that may be secret, as they stand and unquoted."""
    scheme, _, rest = url.partition("://")
    parts = set(re.split(r"[/?&=:@,+]", rest))
    host = urlsplit(f"x://{rest}").hostname or ""
    known = {scheme, _PLACEHOLDER, host if "." in host or is_loopback(host) else ""}
    every = {form for part in parts for form in (part, unquote(part))}
    return {part for part in every - known if len(part) >= _LEAST_SECRET}


def _uncalled(text: str) -> str:
    """The text, calling nobody: a customer's ``@everyone`` must not wake the whole company."""
    return _CALLS.sub(_ZERO_WIDTH_SPACE, text)


def from_options(options: Options, _: Surroundings) -> AppriseChannel:
    """Build one from the config file.

    ``url``, which may hold ``{to}``; and, where the defaults do not fit, ``overflow`` and
    ``timeout``.

    Raises:
        ConfigError: The URL is missing or none.
    """
    url = options.required_text("url").strip()
    if not _SHAPE.fullmatch(url):
        raise options.error("url", "is no URL of Apprise; write SCHEME://…")
    overflow = options.choice("overflow", _OVERFLOWS, default="split")
    timeout = options.duration("timeout", _TIMEOUT)
    return AppriseChannel(options.channel, AppriseSettings(url, overflow, timeout))


def is_local(options: Options) -> bool:
    """Whether messages go to this machine."""
    parts = urlsplit(options.required_text("url"))
    return parts.scheme.lower() in _SPEAKS_TO_ITS_HOST and is_loopback(parts.hostname or "")
