"""What the config file says, typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from engine.domain.capability import Capabilities
from engine.domain.rate import Rate
from engine.errors import ConfigError
from engine.helpdesks.addresses import is_loopback
from engine.helpdesks.intake.options import SecretPlaces
from engine.helpdesks.lengths import Length, PositiveLength
from engine.helpdesks.options import HelpdeskOptions, Options, PlaceOfFile, refuse
from engine.secret import Secret
from engine.settings.channels import ChannelOptions
from engine.settings.values import (
    Address,
    ListenAddress,
    PublicUrl,
    Rhythm,
    Text,
    WebUrl,
    Whole,
    is_web_url,
)

_RELATIVE_SQLITE: Final = re.compile(r"(?P<scheme>sqlite(?:\+\w+)?):///(?P<path>(?!/|:memory:).+)")
SHORTEST_KEY: Final = 16
"""Characters; shorter keys could be guessed."""
_SQLITE_FILE: Final = re.compile(r"sqlite(?:\+\w+)?:///(?P<path>/[^?]+)")


class CustomerLimits(Options):
    """How much any one customer, and any one ticket, hears of us.

    Attributes:
        gap: Least time between two messages.
        per_day: Most messages in any 24 hours.
    """

    gap: Length = timedelta(hours=1)
    per_day: Whole = 5


SpokenLanguage = Literal["en", "de", "fr", "es"]
"""What we can tell staff in, by two letters."""


class LogOptions(Options):
    """What is logged, and how.

    Attributes:
        level: The least of what is logged.
        format: ``auto`` is for people on a terminal and JSON elsewhere.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class ReloadOptions(Options):
    """When changed rule files are noticed.

    Attributes:
        poll: Real time between two looks at them; nothing for only when asked.
    """

    poll: Rhythm = timedelta(seconds=10)


class ControlOptions(Options):
    """Where the daemon can be asked for something.

    Attributes:
        socket: The file of its socket; None for the usual place.
    """

    socket: PlaceOfFile | None = None


class LinkOptions(Options):
    """For how long the links in messages can be used; real time.

    Attributes:
        acknowledge_for: Links to take an escalation.
        survey_for: Links to say how it went.
    """

    acknowledge_for: PositiveLength = timedelta(days=7)
    survey_for: PositiveLength = timedelta(days=30)


class HookOptions(SecretPlaces):
    """Whose webhooks make a helpdesk's tickets due at once.

    Attributes:
        form: Whose webhooks they are.
    """

    form: Literal["zammad", "zendesk", "freshdesk", "jira"]

    @model_validator(mode="after")
    def _proves_something(self) -> HookOptions:
        if not self.has_tokens and (self.form == "freshdesk" or not self.has_secrets):
            signs = self.form != "freshdesk"
            message = "anybody could send it" if signs else "Freshdesk signs nothing"
            help_ = "add secret_file, or token_file" if signs else "add token_file"
            raise refuse("hook", message, help_)
        return self


class WebOptions(Options):
    """What the daemon serves to others.

    Attributes:
        listen: Where health, metrics and pages are served; None for nowhere.
        public_url: Where people's browsers find the pages; None for no links in messages.
        links: For how long links can be used.
        key_file: Where the keys are kept that sign links; or the two below; else the store's own.
        hooks: Helpdesk name → whose webhooks make its tickets due at once.
    """

    listen: ListenAddress = None
    public_url: PublicUrl | None = None
    links: LinkOptions = LinkOptions()
    key_file: PlaceOfFile | None = None
    key_env: Text | None = None
    credential: Text | None = None
    hooks: dict[str, HookOptions] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> WebOptions:
        if sum(bool(x) for x in (self.key_file, self.key_env, self.credential)) > 1:
            raise refuse("web", "the key of the links stands in several places", "keep one of them")
        if self.public_url is not None and self.listen is None:
            advice = "add listen: 127.0.0.1:9464"
            raise refuse("web", "public_url promises pages that nothing serves", advice)
        return self

    def signing(self) -> LinkSettings | None:
        """What links are made of; None where messages hold none."""
        if self.public_url is None:
            return None
        file = self.key_file.path if self.key_file else None
        is_kept = file or self.key_env or self.credential
        return LinkSettings(
            public_url=self.public_url,
            acknowledge_for=self.links.acknowledge_for,
            survey_for=self.links.survey_for,
            kept=Secret("web.key", file, self.key_env, self.credential) if is_kept else None,
        )


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """What the links in messages are made of.

    Attributes:
        public_url: Where people's browsers find the pages; without a slash at its end.
        acknowledge_for: How long a link to an escalation can be used, in real time.
        survey_for: The same of a link to a survey.
        kept: Where the keys are kept; None where the store has one of its own.
    """

    public_url: str
    acknowledge_for: timedelta
    survey_for: timedelta
    kept: Secret | None = field(repr=False)

    def keys(self) -> tuple[str, ...] | None:
        """The keys, the newest first; None where the store has one of its own.

        Raises:
            ConfigError: They are missing, or one is so short that it could be guessed.
        """
        if self.kept is None:
            return None
        keys = tuple(line.strip() for line in self.kept.read().splitlines() if line.strip())
        if not keys or min(map(len, keys)) < SHORTEST_KEY:
            raise ConfigError(
                f"web.key: a key has fewer than {SHORTEST_KEY} characters;"
                " make one with: openssl rand -hex 32"
            )
        return keys


class HeartbeatOptions(Options):
    """Who is told that the daemon lives.

    Attributes:
        url: What is asked for; or the place where that secret is kept.
        every: Real time between two pings.
    """

    url: WebUrl | None = None
    url_file: PlaceOfFile | None = None
    url_env: Text | None = None
    credential: Text | None = None
    every: PositiveLength = timedelta(minutes=1)

    @model_validator(mode="after")
    def _one_place(self) -> HeartbeatOptions:
        if sum(bool(x) for x in (self.url, self.url_file, self.url_env, self.credential)) != 1:
            raise refuse(
                "heartbeat",
                "a heartbeat needs exactly one web address",
                "write url, or one of url_file, url_env and credential",
            )
        return self

    @property
    def reaches_out(self) -> bool:
        """Whether it may talk to another machine; of a secret that cannot be told."""
        return self.url is None or not is_loopback(urlsplit(self.url).hostname or "")

    def address(self) -> str:
        """The web address; it may be a secret.

        Raises:
            ConfigError: It is kept as a secret, and missing or no web address.
        """
        if self.url is not None:
            return self.url
        file = self.url_file.path if self.url_file else None
        found = Secret("heartbeat.url", file, self.url_env, self.credential).read()
        if not is_web_url(found):
            raise ConfigError("heartbeat.url: the secret is no web address; write https://…")
        return found


@dataclass(frozen=True, slots=True)
class Replay:
    """A past that the daemon lives through.

    Attributes:
        helpdesk: Name of the helpdesk whose past it is.
        begin: Where it begins (aware UTC).
        speed: Seconds of its time per second of real time.
    """

    helpdesk: str
    begin: datetime
    speed: float


@dataclass(frozen=True, slots=True)
class Settings:
    """What the config file says.

    Attributes:
        path: The config file.
        rules: Folder of the rule files.
        helpdesks: By name, in the order of the file.
        channels: By name, in the order of the file.
        staff_limit: How many messages one address of the staff gets; None for any number.
        timezone: Of the local times that people are shown.
        language: What the desk speaks: staff, and customers of whom nothing else is known.
        every: Real time between two evaluations.
        batch: Subjects evaluated in one transaction.
        survey_url: A survey elsewhere, which customers are sent to instead of to our page.
        replay: The past that is lived through, if any.
        reload: When changed rule files are noticed.
        web: Where health, metrics and pages are served; None for nowhere.
        links: What the links in messages are made of; None for no links.
        hooks: Helpdesk name → whose webhooks make its tickets due at once.
        heartbeat: Who is told that the daemon lives; None for nobody.
        warnings: Lines for the log: what is allowed, and unwise.
    """

    path: Path
    rules: Path
    helpdesks: Mapping[str, HelpdeskOptions]
    channels: Mapping[str, ChannelOptions]
    customer_limits: CustomerLimits
    staff_limit: Rate | None
    timezone: ZoneInfo
    language: SpokenLanguage
    every: timedelta
    batch: int
    log: LogOptions
    survey_url: str | None
    replay: Replay | None
    reload: ReloadOptions
    web: Address | None
    links: LinkSettings | None
    hooks: Mapping[str, HookOptions]
    heartbeat: HeartbeatOptions | None
    warnings: tuple[str, ...]
    _store: str | Secret = field(repr=False)
    _control: ControlOptions

    @property
    def channel_limits(self) -> dict[str, Rate]:
        """How many messages each channel takes, where it does not take any number."""
        return {name: each.limit.rate for name, each in self.channels.items() if each.limit}

    def abilities(self) -> dict[str, Capabilities]:
        """What each helpdesk can do for rules; what goes by a channel of mail, it can."""
        return {
            name: replace(each.can, replies=True, replies_when_resolved=True)
            if each.replies_by
            else each.can
            for name, each in self.helpdesks.items()
        }

    @property
    def folder(self) -> Path:
        """What relative paths start from: the config file's folder."""
        return self.path.parent

    @property
    def rules_from_here(self) -> Path:
        """The rules folder as somebody who stands in the working folder would name it."""
        here = Path.cwd()
        is_below = self.rules.is_relative_to(here) and here != Path(here.anchor)
        return self.rules.relative_to(here) if is_below else self.rules

    def control_socket(self) -> Path:
        """The file of the daemon's socket: beside the store's where there is one, else beside ours.

        Raises:
            ConfigError: The store's URL is kept as a secret, and missing.
        """
        if self._control.socket is not None:
            return self._control.socket.path
        found = _SQLITE_FILE.match(self.store_url())
        return Path(f"{found['path']}.sock") if found else self.folder / "escalatord.sock"

    def store_url(self) -> str:
        """URL of the store, with SQLite's file made absolute; it may hold a password.

        Raises:
            ConfigError: It is kept as a secret, and missing.
        """
        url = self._store if isinstance(self._store, str) else self._store.read()
        relative = _RELATIVE_SQLITE.fullmatch(url)
        if relative is None:
            return url
        return f"{relative['scheme']}:///{self.folder / relative['path']}"
