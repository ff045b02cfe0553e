"""What the config file says of channels: the ways to reach people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from pydantic import Field, model_validator

from engine.helpdesks.options import Options, PlaceOfFile, refuse
from engine.settings.secret import Secret
from engine.settings.values import Port, PositiveLength, Text, is_loopback

_PORTS: Final = {"none": 25, "starttls": 587, "tls": 465}


class ChannelOptions(Options):
    """One entry below `channels`; each kind adds its own keys."""

    kind: str

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
        timeout: Real time.
        ca_file: Whom TLS trusts, in place of the system's authorities.
    """

    kind: Literal["smtp"]
    host: Text
    port: Port | None = None
    sender: Text = Field(alias="from")
    username: Text | None = None
    password_file: PlaceOfFile | None = None
    password_env: Text | None = None
    credential: Text | None = None
    tls: Literal["none", "starttls", "tls"] = "none"
    timeout: PositiveLength = timedelta(seconds=15)
    ca_file: PlaceOfFile | None = None

    @model_validator(mode="after")
    def _coherent(self) -> SmtpOptions:
        given = [x for x in (self.password_file, self.password_env, self.credential) if x]
        if len(given) > 1:
            raise refuse("password", "the password stands in several places", "keep one of them")
        if bool(given) != (self.username is not None):
            raise refuse(
                "password",
                "a username and its password belong together",
                "write username, and password_file, password_env or credential; or neither",
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
        if self.username is None:
            return None
        file = self.password_file.path if self.password_file else None
        return Secret(f"channels.{name}.password", file, self.password_env, self.credential)

    def resolved(self, name: str) -> dict[str, object]:
        """The mapping that `engine.channels.open_channel` takes, password included.

        Args:
            name: The channel's name.

        Raises:
            ConfigError: The password is missing.
        """
        secret = self.password(name)
        given: dict[str, object | None] = {
            "host": self.host,
            "port": str(self.port or _PORTS[self.tls]),
            "from": self.sender,
            "tls": self.tls,
            "timeout": self.timeout,
            "username": self.username,
            "password": secret.read() if secret else None,
            "ca_file": str(self.ca_file.path) if self.ca_file else None,
        }
        present = {key: value for key, value in given.items() if value is not None}
        return {**ChannelOptions.resolved(self, name), **present}


CHANNELS: Final[Mapping[str, type[ChannelOptions]]] = {
    "console": ConsoleOptions,
    "file": FileChannelOptions,
    "smtp": SmtpOptions,
}
"""What each kind of channel may say of itself."""
