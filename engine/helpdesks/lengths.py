"""The texts of the config file that mean a length of time."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator

from engine.domain.duration import Duration, DurationError
from engine.helpdesks.options import refuse, shown

_LONGEST_TIME_OUT: Final = timedelta(minutes=2)
_DAY: Final = timedelta(days=1)


def length_of(value: object) -> timedelta:
    """The length that a text says, in real time: a day has 24 hours.

    Raises:
        PydanticCustomError: It says none.
    """
    try:
        length = Duration.parse(value if isinstance(value, str) else "")
    except DurationError as error:
        raise refuse("duration", str(error), error.help) from None
    return length.to_timedelta(_DAY, 7 * _DAY)


def _positive(value: object) -> timedelta:
    length = length_of(value)
    if not length:
        raise refuse("duration", f"{shown(value)} is no time at all", "write for example 30s")
    return length


def _time_out(value: object) -> timedelta:
    length = _positive(value)
    if length > _LONGEST_TIME_OUT:
        message = f"{shown(value)} is too long to wait: everything behind it waits, too"
        raise refuse("duration", message, "write 2m or less")
    return length


Length = Annotated[timedelta, BeforeValidator(length_of)]
PositiveLength = Annotated[timedelta, BeforeValidator(_positive)]
TimeOut = Annotated[timedelta, BeforeValidator(_time_out)]
"""How long to wait for another machine or program."""
