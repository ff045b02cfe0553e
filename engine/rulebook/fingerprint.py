"""Hashes that tell one text of the rules from another."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from enum import Enum

from engine.domain.calendar import Calendar
from engine.domain.rule import Rule
from engine.errors import Problem

_DIGITS = 16
_WITHOUT_EFFECT = frozenset(
    {"id", "moved_from", "description", "reason", "asked_by", "place", "position", "fingerprint"}
)
"""What names a rule, tells of it or says where it stands, but does not change what it does."""


def fingerprint_of(rule: Rule) -> str:
    """The hash of what a rule does, calendars written out; 16 hexadecimal digits."""
    policy = {
        field.name: _canonical(getattr(rule, field.name))
        for field in dataclasses.fields(rule)
        if field.name not in _WITHOUT_EFFECT
    }
    return _digest([json.dumps(policy, sort_keys=True, ensure_ascii=False).encode()])


def generation_id(files: Iterable[tuple[str, bytes]]) -> str:
    """The hash of all files, given as (relative path, contents); 16 hexadecimal digits."""
    parts: list[bytes] = []
    for name, contents in sorted(files):
        parts += (name.encode("utf-8", "surrogateescape"), contents)
    return _digest(parts)


def content_id(sources: Mapping[str, str], problems: Iterable[Problem]) -> str:
    """The hash of what one reading came to, good or bad; 16 hexadecimal digits.

    Args:
        sources: The text of each file that could be read, by path.
        problems: What is wrong; it tells of the files that could not be read.
    """
    texts = [(name, text.encode("utf-8", "surrogateescape")) for name, text in sources.items()]
    told = repr(sorted(map(str, problems))).encode("utf-8", "surrogateescape")
    return generation_id([*texts, ("", told)])


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        # The length first, so that moving a byte from one part to the next makes a difference.
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:_DIGITS]


def _canonical(value: object) -> object:
    """A value as JSON knows it, the same whenever it means the same."""
    if isinstance(value, Calendar):
        return _canonical(value.hours)  # what it is called changes nothing
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _canonical_object(value)
    return _canonical_collection(value)


def _canonical_object(value: object) -> list[object]:
    compared = (field.name for field in dataclasses.fields(value) if field.compare)  # type: ignore[arg-type]
    return [type(value).__name__, {name: _canonical(getattr(value, name)) for name in compared}]


def _canonical_collection(value: object) -> object:
    if isinstance(value, Mapping):
        pairs = ((_canonical(key), _canonical(item)) for key, item in value.items())
        return sorted(([key, item] for key, item in pairs), key=lambda pair: str(pair[0]))
    if isinstance(value, frozenset):
        return sorted((_canonical(item) for item in value), key=str)
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, Callable):  # type: ignore[arg-type]
        return getattr(value, "__name__", "")  # a calendar's source of no holidays
    return value
