"""The texts of the config file that mean a duration, a number, a name or an address."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from engine.domain.duration import Duration, DurationError
from engine.helpdesks.options import refuse, shown

_DAY: Final = timedelta(days=1)
_LAST_PORT: Final = 65535
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# Subjects of groups look like `customer:ID`; a helpdesk of that name would be taken for one.
_GROUP_NAMES: Final = frozenset({"customer", "organization", "everyone"})
_WEB_URL: Final = re.compile(r"https?://[^\s/]+\S*")


def _duration(value: object) -> object:
    try:
        length = Duration.parse(value if isinstance(value, str) else "")
    except DurationError as error:
        raise refuse("duration", str(error), error.help) from None
    return length.to_timedelta(_DAY, 7 * _DAY)


def _positive_duration(value: object) -> object:
    length = _duration(value)
    if not length:
        raise refuse("duration", f"{shown(value)} is no time at all", "write for example 30s")
    return length


def _rhythm(value: object) -> object:
    if value in ("off", "0"):
        return timedelta(0)
    return _duration(value)


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


def _name(value: object) -> object:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise refuse("name", f"{shown(value)} is no name", "use letters, digits, '-', '_' and '.'")
    return value


def _helpdesk_name(value: object) -> object:
    if value in _GROUP_NAMES:
        raise refuse("name", f"'{value}' means a group of tickets", "choose another name")
    return _name(value)


def _web_url(value: object) -> object:
    if not isinstance(value, str) or not _WEB_URL.fullmatch(value):
        raise refuse("url", f"{shown(value)} is no web address", "write https://…")
    return value


Text = Annotated[str, Field(min_length=1)]
Length = Annotated[timedelta, BeforeValidator(_duration)]
PositiveLength = Annotated[timedelta, BeforeValidator(_positive_duration)]
Rhythm = Annotated[timedelta, BeforeValidator(_rhythm)]
"""How often; nothing (`off`) for never."""
Whole = Annotated[int, BeforeValidator(_whole)]
Port = Annotated[int, BeforeValidator(_port)]
Name = Annotated[str, BeforeValidator(_name)]
HelpdeskName = Annotated[str, BeforeValidator(_helpdesk_name)]
WebUrl = Annotated[str, BeforeValidator(_web_url)]
