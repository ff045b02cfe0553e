"""What the config file says of every helpdesk that is reached over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, model_validator

from engine.domain.ticket import Status
from engine.helpdesks.addresses import web_address
from engine.helpdesks.options import (
    HelpdeskOptions,
    PlaceOfFile,
    numeral,
    refuse,
    shown,
    suggestion,
)
from engine.secret import Secret

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_TIME_OUT: Final = timedelta(minutes=2)


def _base(value: object) -> object:
    address = web_address(value, "is no address of a helpdesk", "would send the key in the clear")
    return address.rstrip("/")


def _span(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    text = value if isinstance(value, str) else ""
    if text[-1:] not in _SECONDS:
        raise refuse("duration", f"{shown(value)} is no duration", "write for example 30s or 90d")
    return timedelta(seconds=numeral(text[:-1], "30s") * _SECONDS[text[-1]])


def _time_out(value: object) -> object:
    span = _span(value)
    if not isinstance(span, timedelta) or not timedelta() < span <= _LONGEST_TIME_OUT:
        message = f"{shown(value)} is no time-out"
        raise refuse("duration", message, "write for example 20s; at most 120s")
    return span


def _status(value: object) -> object:
    words = [str(word) for word in Status]
    if value not in words:
        raise refuse("status", f"{shown(value)} is no status", suggestion(str(value), words))
    return Status(str(value))


Base = Annotated[str, BeforeValidator(_base)]
"""Where a helpdesk is, without a slash at its end."""
Span = Annotated[timedelta, BeforeValidator(_span)]
"""A length of wall-clock time: 30s, 10m, 12h, 90d."""
TimeOut = Annotated[timedelta, BeforeValidator(_time_out)]
StatusWord = Annotated[Status, BeforeValidator(_status)]
Text = Annotated[str, Field(min_length=1)]


class RestOptions(HelpdeskOptions):
    """A helpdesk that is reached over HTTP with a token.

    Attributes:
        url: Where it is.
        token_file: The file that holds the token.
        token_env: The environment variable that holds it.
        credential: The systemd credential that holds it.
        timeout: The longest that one call takes (real time).
    """

    url: Base
    token_file: PlaceOfFile | None = None
    token_env: Text | None = None
    credential: Text | None = None
    timeout: TimeOut = timedelta(seconds=20)

    @model_validator(mode="after")
    def _one_token(self) -> RestOptions:
        given = [x for x in (self.token_file, self.token_env, self.credential) if x]
        if len(given) != 1:
            what = "stands in several places" if given else "is missing"
            advice = "keep one of them" if given else "write token_file: PATH"
            raise refuse("token", f"the token {what}", advice)
        return self

    def token(self, name: str) -> Secret:
        """Where the token is kept.

        Args:
            name: The helpdesk's name.
        """
        file = self.token_file.path if self.token_file else None
        return Secret(f"helpdesks.{name}.token", file, self.token_env, self.credential)


class SweptOptions(RestOptions):
    """A helpdesk that lists tickets by when they changed.

    Attributes:
        history: The first reading takes every open ticket, and what changed within this time.
    """

    history: Span = timedelta(days=30)
