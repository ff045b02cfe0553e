"""Shapes of values in rule files, as parts of a JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.domain.ticket import Priority
from engine.rulebook.budget import FORM
from engine.rulebook.dues import PERCENT
from engine.rulebook.holiday_dates import DATE
from engine.rulebook.opening_hours import CLOSED, INTERVAL, WEEKDAYS

Schema = dict[str, object]

_MOST = 999_999_999
"""The largest count that rule files may hold."""

_DURATION = "(?=[0-9])([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?"
_DAYS = "|".join(WEEKDAYS)
_DAY_RANGE = rf"\s*({_DAYS})\s*(-\s*({_DAYS})\s*)?"
_HOURS = rf"\s*({INTERVAL.pattern})\s*"
_PUNCTUATION = r"!-,/:-@\[-^`{-~"
"""Within the brackets of a pattern: what ASCII has beside letters, digits, `-`, `.` and `_`."""

TEXT: Schema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
"""A text; `42` and `true` without quotes are texts, too."""

FLAG: Schema = {"type": "boolean"}


def fitting(pattern: str, *examples: str) -> Schema:
    """A text of a certain form; spaces around it do not matter."""
    return {"type": "string", "pattern": rf"^\s*({pattern})\s*$", "examples": list(examples)}


def reference(name: str) -> Schema:
    """What stands under that name in ``definitions``."""
    return {"$ref": f"#/definitions/{name}"}


BUDGET = fitting(f"unlimited|{FORM.pattern}", "50/h", "200/d", "10/30m", "unlimited")
DATES = fitting(DATE.pattern, "2026-12-31", "12-24")
ID: Schema = {
    "type": ["string", "integer"],
    "pattern": rf"^\s*[^\s{_PUNCTUATION}]+\s*$",
    "examples": ["unresolved-in-time"],
}

DURATION, DURATIONS = reference("duration"), reference("durations")
DUES = reference("dues")
HOURS = reference("hours")

WEEK_KEYS = f"^{_DAY_RANGE}(,{_DAY_RANGE})*$"
DATE_KEYS = rf"^\s*({DATE.pattern})\s*$"


def example(text: str) -> Schema:
    """A text, with one that makes sense."""
    return {**TEXT, "examples": [text]}


def count(least: int) -> Schema:
    """A whole number."""
    return {"type": "integer", "minimum": least, "maximum": _MOST}


def words(known: Iterable[str]) -> Schema:
    """One of a few words, as they are written here."""
    return {"enum": [str(word) for word in known]}


def any_case(known: Iterable[str]) -> Schema:
    """One of a few words; capitals do not matter."""
    listed = [str(word) for word in known]
    spelt = ("".join(f"[{one.upper()}{one}]" if one.isalpha() else one for one in word)
             for word in listed)  # fmt: skip
    folded = {"type": "string", "pattern": rf"^\s*({'|'.join(spelt)})\s*$"}
    return {"anyOf": [{"enum": listed}, folded]}


def one_or_several(item: Schema, least: int = 0) -> Schema:
    """A value, or a list of such."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": least}]}


def by_priority(value: Schema) -> Schema:
    """One value for all priorities, or one for each of some."""
    each: Schema = {
        "type": "object",
        "properties": {priority.value: value for priority in reversed(Priority)},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {"anyOf": [value, each]}


def mapping(keys: Mapping[str, str], values: Mapping[str, Schema], *required: str) -> Schema:
    """A mapping with exactly these keys.

    Args:
        keys: What its reader knows, with descriptions.
        values: The shape of each.
        required: The keys that must be there.

    Raises:
        ValueError: Reader and schema do not know the same keys.
    """
    if keys.keys() != values.keys():
        raise ValueError(f"the schema says {sorted(values)}, and the reader {sorted(keys)}")
    properties = {key: {"description": told, **values[key]} for key, told in keys.items()}
    closed: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**closed, "required": list(required)} if required else closed


def definitions() -> Iterator[tuple[str, Schema]]:
    """The shapes that much is made of, by the names that refer to them."""
    duration = fitting(_DURATION, "30m", "4h", "2d", "1d4h")
    share = fitting(PERCENT.pattern, "75%", "100%")
    hours = fitting(f"{CLOSED}|{_HOURS}(,{_HOURS})*", "09:00-17:00", "09:00-12:30, 13:30-17:30")
    yield "duration", duration
    yield "durations", by_priority(DURATION)
    yield "dues", by_priority({"anyOf": [DURATION, share]})
    yield "hours", hours
