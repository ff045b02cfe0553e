"""What databases hand over, as texts for the mapping and as JSON for the watermark.

A watermark only carries values back to the database that they came from, so they keep their type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

_PLAIN: Final = (str, int, float, bool, type(None))


def text_of(value: object) -> str | None:
    """The text that a mapping reads; None for NULL.

    Whole numbers have no decimals whatever their type, so that a key reads alike everywhere.
    """
    if value is None or isinstance(value, str):
        return value
    found = next((text for kinds, text in _TEXTS if isinstance(value, kinds)), str)
    return found(value)


def _truth(value: bool) -> str:  # noqa: FBT001  it is what is told
    return "true" if value else "false"


def _number(value: float | Decimal) -> str:
    try:
        return str(int(value)) if value == int(value) else str(value)
    except (OverflowError, ValueError, ArithmeticError):  # infinite, or no number
        return str(value)


def _bytes(value: bytes | bytearray | memoryview) -> str:
    return _decoded(value) or bytes(value).hex()


def _nested(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


_BINARY: Final = (bytes, bytearray, memoryview)
# In this order: a truth is a number, too, and an instant a date.
_TEXTS: Final[tuple[tuple[Any, Callable[[Any], str]], ...]] = (
    (bool, _truth),
    ((float, Decimal), _number),
    (datetime, lambda value: value.isoformat(" ")),
    ((date, time), lambda value: value.isoformat()),
    (_BINARY, _bytes),
    ((list, tuple, dict), _nested),
)


def to_json(value: object) -> object:
    """A value of a database for a watermark."""
    if isinstance(value, _PLAIN):
        return value
    for kinds, name, written in _WRITERS:
        if isinstance(value, kinds):
            return {name: written(value)}
    return str(value)


_WRITERS: Final[tuple[tuple[Any, str, Callable[[Any], object]], ...]] = (
    (datetime, "datetime", lambda value: value.isoformat()),
    (date, "date", lambda value: value.isoformat()),
    (timedelta, "seconds", lambda value: value.total_seconds()),
    (Decimal, "decimal", str),
    (UUID, "uuid", str),
    (_BINARY, "bytes", lambda value: bytes(value).hex()),
)
_READERS: Final[Mapping[str, Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "seconds": lambda seconds: timedelta(seconds=seconds),
    "decimal": Decimal,
    "uuid": UUID,
    "bytes": bytes.fromhex,
}


def from_json(value: object) -> object:
    """What `to_json` was given.

    Raises:
        ValueError: It was given nothing like this.
    """
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict) and len(value) == 1:
        ((kind, held),) = value.items()
        if kind in _READERS:
            return _READERS[kind](held)
    raise ValueError("not written by us")


def alike(sample: object, text: str) -> object:
    """A text as a value of the sample's type: the key of a row whose id was shown as this text.

    Raises:
        ValueError: No value of that type is shown so.
    """
    if isinstance(sample, bool):
        return text == "true"
    if isinstance(sample, (int, float)):
        return int(text)
    if isinstance(sample, Decimal):
        return _decimal(text)
    if isinstance(sample, UUID):
        return UUID(text)
    if isinstance(sample, _BINARY):
        return text.encode() if _decoded(sample) else bytes.fromhex(text)
    return text


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError("no number") from None


def _decoded(sample: bytes | bytearray | memoryview) -> str | None:
    try:
        return bytes(sample).decode()
    except UnicodeDecodeError:
        return None
