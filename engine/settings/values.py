"""The texts of the config file that mean a duration, a number, a name or an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from engine.helpdesks.addresses import web_address
from engine.helpdesks.lengths import length_of
from engine.helpdesks.options import refuse, shown

_LAST_PORT: Final = 65535
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# Subjects of groups look like `customer:ID`; a helpdesk of that name would be taken for one.
_GROUP_NAMES: Final = frozenset({"customer", "organization", "everyone"})
_WEB_URL: Final = re.compile(r"https?://[^\s/]+\S*")
_ADDRESS: Final = re.compile(r"(?P<host>[^\s:\[\]]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")


def _rhythm(value: object) -> object:
    if value in ("off", "0"):
        return timedelta(0)
    return length_of(value)


def _whole(value: object) -> object:
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        raise refuse("not-a-number", f"{shown(value)} is no whole number", "write for example 5")
    number = int(value[:19])
    if number < 1:
        raise refuse("too-small", f"{shown(value)} is too small", "write 1 or more")
    return number


def _port(value: object) -> object:
    number = _whole(value)
    if isinstance(number, int) and number > _LAST_PORT:
        raise refuse("port", f"{shown(value)} is no port", "write a number from 1 to 65535")
    return number


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen.

    Attributes:
        host: An address of this machine, or a name for it.
        port: 0 for any that is free.
    """

    host: str
    port: int


def _address(value: object) -> object:
    if value == "off":
        return None
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refuse(
            "address",
            f"{shown(value)} is no address to listen on",
            "write for example 127.0.0.1:9464",
        )
    port = int(found["port"])
    if port > _LAST_PORT:
        raise refuse("port", f"'{port}' is no port", f"write a number from 0 to {_LAST_PORT}")
    return Address(found["host"].strip("[]"), port)


def _name(value: object) -> object:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise refuse("name", f"{shown(value)} is no name", "use letters, digits, '-', '_' and '.'")
    return value


def _helpdesk_name(value: object) -> object:
    if value in _GROUP_NAMES:
        raise refuse("name", f"'{value}' means a group of tickets", "choose another name")
    return _name(value)


def is_web_url(value: str) -> bool:
    """Whether a text is a web address."""
    return _WEB_URL.fullmatch(value) is not None


def _web_url(value: object) -> object:
    if not isinstance(value, str) or not is_web_url(value):
        raise refuse("url", f"{shown(value)} is no web address", "write https://…")
    return value


def _public_url(value: object) -> object:
    """Where browsers find our pages; without a slash at its end."""
    address = web_address(
        value, "cannot be the beginning of links", "would show the links to everybody on the way"
    )
    return address.rstrip("/")


Text = Annotated[str, Field(min_length=1)]
Rhythm = Annotated[timedelta, BeforeValidator(_rhythm)]
"""How often; nothing (`off`) for never."""
Whole = Annotated[int, BeforeValidator(_whole)]
Port = Annotated[int, BeforeValidator(_port)]
ListenAddress = Annotated[Address | None, BeforeValidator(_address)]
Name = Annotated[str, BeforeValidator(_name)]
HelpdeskName = Annotated[str, BeforeValidator(_helpdesk_name)]
WebUrl = Annotated[str, BeforeValidator(_web_url)]
PublicUrl = Annotated[str, BeforeValidator(_public_url)]
