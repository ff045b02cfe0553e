"""From the body of a request to what was sent: all of it, or a clear line for each faulty item."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from engine.intake.vocabulary import (
    EVENTS,
    TICKETS,
    Changed,
    Created,
    CustomerPatch,
    Message,
    TicketPatch,
    TicketSnapshot,
)

MOST_ITEMS: Final = 1000
"""In one request."""
_MOST_SHOWN: Final = 80
_MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "created": Created,
    "changed": Changed,
    "message": Message,
    "set": TicketPatch,
    "customer": CustomerPatch,
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ItemFault:
    """What is wrong with one item.

    Attributes:
        item: Its place in the batch, from 0; 0, too, where it came alone.
        field: The key that is at fault, dotted; empty where the item as a whole is.
        code: Stable name of the fault.
        message: What is wrong, and what to do.
    """

    item: int
    field: str
    code: str
    message: str


class BadJsonError(ValueError):
    """The body is no JSON at all; the text says where it ends to be."""


class TooManyError(ValueError):
    """More items than a request may hold."""


class FaultyItemsError(ValueError):
    """Some items are at fault, and so none is taken.

    Attributes:
        faults: One for each of them.
    """

    def __init__(self, faults: Sequence[ItemFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{len(self.faults)} faulty items")


def read_tickets(body: bytes) -> list[TicketSnapshot]:
    """Tickets as they stand: one, or a list of them.

    Args:
        body: JSON in UTF-8.

    Raises:
        BadJsonError: It is no JSON.
        TooManyError: It holds more than a request may.
        FaultyItemsError: Items are at fault; nothing is taken then.
    """
    return _read(body, TICKETS)


def read_events(body: bytes) -> list[Created | Changed | Message]:
    """What happened: one event, or a list of them.

    Args:
        body: JSON in UTF-8.

    Raises:
        BadJsonError: It is no JSON.
        TooManyError: It holds more than a request may.
        FaultyItemsError: Items are at fault; nothing is taken then.
    """
    return _read(body, EVENTS)


def _read(body: bytes, adapter: TypeAdapter[list[T]]) -> list[T]:
    is_alone = body.lstrip(b" \t\r\n")[:1] == b"{"
    try:
        items = adapter.validate_json(b"[" + body + b"]" if is_alone else body)
    except ValidationError as error:
        faults = list(_faults(error))
        if faults and faults[0].code == "json_invalid":
            raise BadJsonError(faults[0].message) from None
        _refuse_several(is_alone, max((fault.item for fault in faults), default=0) + 1)
        raise FaultyItemsError(faults) from None
    _refuse_several(is_alone, len(items))
    if len(items) > MOST_ITEMS:
        raise TooManyError(f"{len(items)} items are too many; send {MOST_ITEMS} at most")
    return items


def _refuse_several(is_alone: bool, count: int) -> None:  # noqa: FBT001 - one of two facts
    """`{},{}` is a list only by the brackets that we put around what seems to be one object."""
    if is_alone and count != 1:
        raise BadJsonError("there is more than one value; write a list: [ …, … ]")


def _faults(error: ValidationError) -> Iterator[ItemFault]:
    """The first fault of each item: unknown keys before all others, since they explain some."""
    by_item: dict[int, list[Mapping[str, Any]]] = {}
    for each in error.errors(include_url=False, include_input=True):
        place = each["loc"]
        by_item.setdefault(int(place[0]) if place else 0, []).append(each)
    for item, found in sorted(by_item.items()):
        first = min(found, key=lambda one: one["type"] != "extra_forbidden")
        yield _fault(item, first)


def _fault(item: int, error: Mapping[str, Any]) -> ItemFault:
    path = [part for part in error["loc"][1:] if part not in ("created", "changed", "message")]
    kind = str(error["type"])
    field = ".".join(map(str, path))
    if kind == "union_tag_not_found":
        field = "type"
    return ItemFault(item, field, _CODES.get(kind, kind), _words(kind, error))


_CODES: Final = {
    "extra_forbidden": "unknown-key",
    "dict_type": "no-object",
    "model_type": "no-object",
    "model_attributes_type": "no-object",
    "datetime_type": "no-instant",
    "datetime_parsing": "no-instant",
    "datetime_from_date_parsing": "no-instant",
    "missing": "missing-key",
    "union_tag_not_found": "missing-key",
    "union_tag_invalid": "unknown-type",
    "timezone_aware": "no-zone",
    "enum": "unknown-value",
    "literal_error": "unknown-value",
}


_TYPES: Final = "created, changed or message"
_NO_INSTANT: Final = "this is no instant; write 2026-03-02T16:00:00Z"
_FIXED_WORDS: Final = {
    "union_tag_not_found": f"'type' is missing: {_TYPES}",
    "timezone_aware": "the instant has no zone; write 2026-03-02T16:00:00Z",
    "datetime_type": _NO_INSTANT,
    "datetime_parsing": _NO_INSTANT,
    "datetime_from_date_parsing": _NO_INSTANT,
    "dict_type": "this is no object",
    "model_type": "this is no object",
    "model_attributes_type": "this is no object",
    "list_type": "this is no list",
    "string_type": "this is no text",
    "bool_type": "this is neither true nor false",
    "string_pattern_mismatch": "this text holds blanks or control characters",
}


def _words(kind: str, error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    key = str(error["loc"][-1]) if error["loc"] else ""
    if kind == "extra_forbidden":
        return f"unknown key '{_short(key)}'{_advice(key, error['loc'])}"
    if kind == "missing":
        return f"'{key}' is missing"
    if kind == "union_tag_invalid":
        return f"there is no type '{_short(context['tag'])}': {_TYPES}"
    if kind in ("enum", "literal_error"):
        return f"{_short(repr(error['input']))} is none of {context['expected']}"
    if not error["loc"] and kind == "list_type":
        return "send an object, or a list of objects"
    return _FIXED_WORDS.get(kind) or str(context.get("error") or error["msg"])


def _advice(key: str, location: Sequence[str | int]) -> str:
    """The known key that may have been meant."""
    above = next((_MODELS[str(p)] for p in reversed(location[1:-1]) if str(p) in _MODELS), None)
    fields = (above or TicketSnapshot).model_fields
    known = [field.alias or name for name, field in fields.items()]
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def _short(text: object) -> str:
    shown = str(text)
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"
