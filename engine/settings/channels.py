"""What the config file says of channels: the ways to reach people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from engine.domain.rate import Rate
from engine.helpdesks.addresses import is_loopback
from engine.helpdesks.lengths import PositiveLength, TimeOut
from engine.helpdesks.oauth_options import OAuthOptions
from engine.helpdesks.options import Options, PlaceOfFile, refuse
from engine.secret import Secret
from engine.settings.values import Port, Text, WebUrl, Whole

_PORTS: Final = {"none": 25, "starttls": 587, "tls": 465}


class RateOptions(Options):
    """So many messages in any stretch of time.

    Attributes:
        messages: At least one.
        per: Wall-clock time.
    """

    messages: Whole
    per: PositiveLength

    @property
    def rate(self) -> Rate:
        """The same for the pipeline."""
        return Rate(self.messages, self.per)


class ChannelOptions(Options):
    """One entry below `channels`; each kind adds its own keys.

    Attributes:
        limit: How many messages it takes; None for any number.
    """

    kind: str
    limit: RateOptions | None = None
    writes_to_customers: ClassVar[bool] = True
    """Whether it addresses one person, at most once: `replies_by` may name it."""

    @property
    def reaches_out(self) -> bool:
        """Whether it talks to other machines."""
        return False

    def resolved(self, name: str) -> dict[str, object]:
        """The mapping that `engine.channels.open_channel` takes, secrets included.

        Args:
            name: The channel's name.

        Raises:
            ConfigError: A secret is missing.
        """
        del name
        return {"kind": self.kind}


class ConsoleOptions(ChannelOptions):
    """A channel that writes to the terminal."""

    kind: Literal["console"]


class FileChannelOptions(ChannelOptions):
    """A channel that writes to a file.

    Attributes:
        path: The file.
    """

    kind: Literal["file"]
    path: PlaceOfFile

    def resolved(self, name: str) -> dict[str, object]:
        """The mapping that `engine.channels.open_channel` takes."""
        return {**ChannelOptions.resolved(self, name), "path": str(self.path.path)}


class SmtpOptions(ChannelOptions):
    """A channel that sends mail.

    Attributes:
        host: The mail server.
        port: Its port; None for that of `tls`.
        sender: Whom mails are from (`from` in the file).
        username: Who logs in, with a password or by OAuth 2.0; None where nobody needs to.
        oauth: By what access tokens are got.
        timeout: Real time.
        ca_file: Whom TLS trusts, in place of the system's authorities.
        reply_to: Where replies go; None for `sender`.
        subject_tag: Put before the subject of what customers get; holds ``{number}``.
        unsubscribe: Where customers end their updates: a mail address, or an https page. None for
            where replies go.
    """

    kind: Literal["smtp"]
    host: Text
    port: Port | None = None
    sender: Text = Field(alias="from")
    username: Text | None = None
    password_file: PlaceOfFile | None = None
    password_env: Text | None = None
    credential: Text | None = None
    oauth: OAuthOptions | None = None
    tls: Literal["none", "starttls", "tls"] = "none"
    timeout: TimeOut = timedelta(seconds=15)
    ca_file: PlaceOfFile | None = None
    reply_to: Text | None = None
    subject_tag: Text | None = None
    unsubscribe: Text | None = None

    @model_validator(mode="after")
    def _coherent(self) -> SmtpOptions:
        places = (self.password_file, self.password_env, self.credential, self.oauth)
        given = [x for x in places if x]
        if len(given) > 1:
            raise refuse("password", "the password stands in several places", "keep one of them")
        if bool(given) != (self.username is not None):
            raise refuse(
                "password",
                "a username and its password belong together",
                "write username, and password_file, password_env, credential or oauth; or neither",
            )
        if given and self.tls == "none" and self.reaches_out:
            raise refuse("tls", "the password would be sent in the clear", "write tls: starttls")
        return self

    @property
    def reaches_out(self) -> bool:
        """Whether the mail server is another machine."""
        return not is_loopback(self.host)

    def password(self, name: str) -> Secret | None:
        """Where the password is kept; None when there is none.

        Args:
            name: The channel's name.
        """
        if self.username is None or self.oauth is not None:
            return None
        file = self.password_file.path if self.password_file else None
        return Secret(f"channels.{name}.password", file, self.password_env, self.credential)

    def resolved(self, name: str) -> dict[str, object]:
        """The mapping that `engine.channels.open_channel` takes, password included.

        Args:
            name: The channel's name.

        Raises:
            ConfigError: The password is missing, or what access tokens are got by.
        """
        secret = self.password(name)
        grant = self.oauth.grant(f"channels.{name}.oauth") if self.oauth else None
        if grant is not None:
            grant.read()  # it is read again for each token; what is missing is told at once
        given: dict[str, object | None] = {
            "host": self.host,
            "port": str(self.port or _PORTS[self.tls]),
            "from": self.sender,
            "tls": self.tls,
            "timeout": self.timeout,
            "username": self.username,
            "password": secret.read() if secret else None,
            "oauth": grant,
            "ca_file": str(self.ca_file.path) if self.ca_file else None,
            "reply_to": self.reply_to,
            "subject_tag": self.subject_tag,
            "unsubscribe": self.unsubscribe,
        }
        return {**ChannelOptions.resolved(self, name), **_present(given)}


class AppriseOptions(ChannelOptions):
    """A channel that sends by a URL of Apprise.

    Attributes:
        url: Only where it goes to this machine: elsewhere it holds secrets.
        url_file: The file that holds it.
        overflow: What becomes of a text that is too long for the service.
        timeout: Real time for one attempt.
    """

    kind: Literal["apprise"]
    writes_to_customers: ClassVar[bool] = False
    url: Text | None = None
    url_file: PlaceOfFile | None = None
    url_env: Text | None = None
    credential: Text | None = None
    overflow: Literal["split", "truncate", "upstream"] = "split"
    timeout: TimeOut = timedelta(seconds=30)

    @model_validator(mode="after")
    def _one_place(self) -> AppriseOptions:
        if sum(bool(x) for x in (self.url, self.url_file, self.url_env, self.credential)) != 1:
            raise refuse(
                "url", "it needs exactly one URL", "write one of url_file, url_env and credential"
            )
        if self.reaches_out and self.url is not None:
            raise refuse(
                "open-secret",
                "a URL of Apprise holds what lets anybody send, and this file is no place for it",
                "write url_file, url_env or credential",
            )
        return self

    @property
    def reaches_out(self) -> bool:
        """Whether it may talk to another machine; of a secret that cannot be told."""
        parts = urlsplit(self.url or "")
        is_direct = parts.scheme.lower().removesuffix("s") in ("json", "xml", "form")
        return not (is_direct and is_loopback(parts.hostname or ""))

    def resolved(self, name: str) -> dict[str, object]:
        """The mapping that `engine.channels.open_channel` takes, URL included.

        Args:
            name: The channel's name.

        Raises:
            ConfigError: The URL is missing.
        """
        file = self.url_file.path if self.url_file else None
        secret = Secret(f"channels.{name}.url", file, self.url_env, self.credential)
        return {
            **ChannelOptions.resolved(self, name),
            "url": self.url or secret.read(),
            "overflow": self.overflow,
            "timeout": self.timeout,
        }


class WebhookOptions(ChannelOptions):
    """A channel that posts signed JSON.

    Attributes:
        url: Where to; or the place where that secret is kept.
        secret_file: The keys of the signatures, the newest first; or one of the two below.
        timeout: Real time for one attempt.
        ca_file: Whom TLS trusts, in place of the system's authorities.
    """

    kind: Literal["webhook"]
    writes_to_customers: ClassVar[bool] = False
    url: WebUrl | None = None
    url_file: PlaceOfFile | None = None
    url_env: Text | None = None
    url_credential: Text | None = None
    secret_file: PlaceOfFile | None = None
    secret_env: Text | None = None
    secret_credential: Text | None = None
    timeout: TimeOut = timedelta(seconds=15)
    ca_file: PlaceOfFile | None = None

    @model_validator(mode="after")
    def _coherent(self) -> WebhookOptions:
        urls = (self.url, self.url_file, self.url_env, self.url_credential)
        if sum(bool(x) for x in urls) != 1:
            help_ = "write url, or one of url_file, url_env and url_credential"
            raise refuse("url", "it needs exactly one web address", help_)
        if sum(bool(x) for x in (self.secret_file, self.secret_env, self.secret_credential)) != 1:
            help_ = "write one of secret_file, secret_env and secret_credential"
            raise refuse("secret", "messages are signed, and it needs exactly one secret", help_)
        if self.url is not None and self.url.startswith("http:") and self.reaches_out:
            raise refuse("url", "messages would be sent in the clear", "write https://…")
        return self

    @property
    def reaches_out(self) -> bool:
        """Whether it may talk to another machine; of a secret that cannot be told."""
        return self.url is None or not is_loopback(urlsplit(self.url).hostname or "")

    def resolved(self, name: str) -> dict[str, object]:
        """The mapping that `engine.channels.open_channel` takes, secrets included.

        Args:
            name: The channel's name.

        Raises:
            ConfigError: A secret is missing.
        """
        url_file = self.url_file.path if self.url_file else None
        url = Secret(f"channels.{name}.url", url_file, self.url_env, self.url_credential)
        file = self.secret_file.path if self.secret_file else None
        secret = Secret(f"channels.{name}.secret", file, self.secret_env, self.secret_credential)
        given: dict[str, object | None] = {
            "url": self.url or url.read(),
            "secret": secret.read(),
            "timeout": self.timeout,
            "ca_file": str(self.ca_file.path) if self.ca_file else None,
        }
        return {**ChannelOptions.resolved(self, name), **_present(given)}


def _present(given: Mapping[str, object | None]) -> dict[str, object]:
    return {key: value for key, value in given.items() if value is not None}


CHANNELS: Final[Mapping[str, type[ChannelOptions]]] = {
    "console": ConsoleOptions,
    "file": FileChannelOptions,
    "smtp": SmtpOptions,
    "apprise": AppriseOptions,
    "webhook": WebhookOptions,
}
"""What each kind of channel may say of itself."""
