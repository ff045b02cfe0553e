"""What the config file says of a helpdesk of kind `mailbox`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field, field_validator, model_validator

from engine.domain.capability import Capabilities
from engine.domain.ticket import Status
from engine.helpdesks.addresses import is_loopback
from engine.helpdesks.oauth_options import OAuthOptions
from engine.helpdesks.options import (
    HelpdeskOptions,
    OptionFault,
    PlaceOfFile,
    refuse,
    shown,
    suggestion,
)
from engine.helpdesks.rest.options import Span, Text, TimeOut
from engine.secret import Secret

INBOX: Final = "INBOX"
"""The one folder that every server has under this name, in whatever case (RFC 3501, 5.1)."""
FOLDERS: Final[Mapping[str, Status]] = MappingProxyType(
    {INBOX: Status.OPEN, "Done": Status.RESOLVED}
)
_PORTS: Final = {"tls": 993, "starttls": 143, "none": 143}
_HIGHEST_PORT: Final = 65_535
_ADDRESS: Final = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_DOMAIN: Final = re.compile(r"@[^\s@<>,;\"]+")


def _status(value: object) -> object:
    words = [str(word) for word in Status]
    if value not in words:
        raise refuse("status", f"{shown(value)} is no status", suggestion(str(value), words))
    return Status(str(value))


def _port(value: object) -> object:
    text = value if isinstance(value, str) else ""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= _HIGHEST_PORT):
        raise refuse("port", f"{shown(value)} is no port", "write a number from 1 to 65535")
    return int(text)


def _tls(value: object) -> object:
    if value not in _PORTS:
        help_ = suggestion(str(value), _PORTS)
        raise refuse("tls", f"{shown(value)} is no way to encrypt", help_)
    return value


def _address(value: object) -> object:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise refuse(
            "address", f"{shown(value)} is no address", "write for example desk@example.com"
        )
    return value.lower()


def _address_or_domain(value: object) -> object:
    if isinstance(value, str) and _DOMAIN.fullmatch(value):
        return value.lower()
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        help_ = "write for example alice@example.com, or @example.com for everybody there"
        raise refuse("address", f"{shown(value)} is neither an address nor a domain", help_)
    return value.lower()


StatusWord = Annotated[Status, BeforeValidator(_status)]
Port = Annotated[int, BeforeValidator(_port)]
Tls = Annotated[str, BeforeValidator(_tls)]
OneAddress = Annotated[str, BeforeValidator(_address)]
AddressOrDomain = Annotated[str, BeforeValidator(_address_or_domain)]


class MailboxOptions(HelpdeskOptions):
    """A mailbox that is reached over IMAP.

    Attributes:
        host: Where it is.
        port: 993; 143 unless it is TLS from the start.
        tls: ``tls``, ``starttls``, or ``none`` for this machine only.
        ca_file: What signed the server's certificate, if none of the system's authorities did.
        username: Whose mailbox it is.
        password_file, password_env, credential: Where the password is kept; or `oauth`.
        oauth: By what access tokens are got, where the server wants one in place of a password.
        addresses: By which customers write to the mailbox, and by which it answers.
        agents: Who else is of the desk: addresses, and domains that begin with ``@``.
        folders: What it means that a thread lies in a folder; the first one of a status is where
            threads are moved that get it.
        groups: Folder → the group whose threads lie there; such a folder means a status, too.
        sent: Where copies of what the desk sends are kept; None for the one that the server marks.
        lists: Ids of mailing lists whose mail is customers' (an address of the desk is one, say).
        history: What was resolved, or sent, longer ago is not read at the start.
        timeout: The longest that one answer takes (real time).
        replies_by: The channel of mail by which it answers, in the thread.
    """

    answers_itself: ClassVar[bool] = True

    host: Text
    port: Port | None = None
    tls: Tls = "tls"
    ca_file: PlaceOfFile | None = None
    username: Text
    password_file: PlaceOfFile | None = None
    password_env: Text | None = None
    credential: Text | None = None
    oauth: OAuthOptions | None = None
    addresses: Annotated[tuple[OneAddress, ...], Field(min_length=1)]
    agents: tuple[AddressOrDomain, ...] = ()
    folders: Mapping[str, StatusWord] = Field(default_factory=lambda: dict(FOLDERS))
    groups: Mapping[str, Text] = Field(default_factory=dict)
    sent: Text | None = None
    lists: tuple[Text, ...] = ()
    history: Span = timedelta(days=90)
    timeout: TimeOut = timedelta(seconds=20)

    @field_validator("addresses", "agents", "lists", mode="before")
    @classmethod
    def _as_many(cls, given: object) -> object:
        return tuple(given) if isinstance(given, list) else given

    @field_validator("folders")
    @classmethod
    def _inbox_has_one_name(cls, given: Mapping[str, Status]) -> Mapping[str, Status]:
        named = {INBOX if name.upper() == INBOX else name: each for name, each in given.items()}
        return MappingProxyType(named)

    @model_validator(mode="after")
    def _one_password(self) -> MailboxOptions:
        places = (self.password_file, self.password_env, self.credential, self.oauth)
        given = [x for x in places if x]
        if len(given) != 1:
            what = "stands in several places" if given else "is missing"
            advice = "keep one of them" if given else "write password_file: PATH, or oauth"
            raise refuse("password", f"the password {what}", advice)
        return self

    @property
    def can(self) -> Capabilities:
        """What folders, flags and keywords can stand for; and mail, where there is a channel."""
        own = {"status", "priority", "tags", *(["group"] if self.groups else [])}
        return Capabilities(
            fields=frozenset(own),
            replies=self.replies_by is not None,
            history=False,
        )

    @property
    def server_port(self) -> int:
        """The port to connect to."""
        return self.port or _PORTS[self.tls]

    def password(self, name: str) -> Secret:
        """Where the password is kept, unless there is `oauth`.

        Args:
            name: The helpdesk's name.
        """
        file = self.password_file.path if self.password_file else None
        return Secret(f"helpdesks.{name}.password", file, self.password_env, self.credential)

    def folder_of(self, status: Status, group: str | None = None) -> str | None:
        """Where threads of a status lie, those of a group if there is one; None for nowhere."""
        found = [name for name, each in self.folders.items() if each is status]
        return next((name for name in found if self.groups.get(name) == group), None)

    def is_of_the_desk(self, address: str) -> bool:
        """Whether somebody who writes from an address (in small letters) is no customer."""
        domain = f"@{address.rpartition('@')[2]}"
        return address in self.addresses or address in self.agents or domain in self.agents

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        if self.tls == "none" and not is_loopback(self.host):
            message = "the password would be sent in the clear"
            yield OptionFault(("tls",), "tls", message, "write tls: tls, or tls: starttls")
        if INBOX not in self.folders:
            message = "the inbox is not among the folders, and what customers write arrives there"
            yield OptionFault(("folders",), "folders", message, f"add {INBOX}: open")
        elif self.folders[INBOX].is_resolved:
            message = "what arrives in the inbox would count as resolved"
            yield OptionFault(("folders", INBOX), "folders", message, f"write {INBOX}: open")
        if not any(status.is_resolved for status in self.folders.values()):
            message = "no folder means that a thread is resolved, so that none ever would be"
            yield OptionFault(("folders",), "folders", message, "add one, such as Done: resolved")
        for name in self.groups:
            if name not in self.folders:
                message = f"nothing says what it means that a thread lies in '{name}'"
                help_ = f"add {name}: open to folders"
                yield OptionFault(("groups", name), "folders", message, help_)
        if self.sent in self.folders:
            message = (
                f"'{self.sent}' cannot be among the folders, too: what the desk sent lies there"
            )
            yield OptionFault(("sent",), "folders", message, "take it from folders")
