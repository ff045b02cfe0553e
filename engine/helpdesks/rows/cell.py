"""One field of a record: from its text to its meaning, and what becomes of texts without one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from engine.domain.ticket import Priority, Status, Value
from engine.helpdesks.rows.columns import Column, DateColumn, Otherwise
from engine.helpdesks.rows.stamp import Stamps

_MOST_KEPT: Final = 100_000
_LONGEST_KEPT: Final = 200
_SHOWN: Final = 60


class Keep(Enum):
    """What a row says of a field that keeps the value it had before."""

    PREVIOUS = "previous"


Known = Value | Literal[Keep.PREVIOUS]
"""What a row says of a field."""


class RowError(Exception):
    """A row that cannot be understood.

    Attributes:
        code: Stable name of the fault.
        at: The row's time (aware UTC), where that could be read.
    """

    def __init__(self, code: str, message: str, at: datetime | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.at = at


class IgnoredRowError(Exception):
    """A row that the mapping leaves out."""


_T = TypeVar("_T")


class _Meanings(dict[str | None, _T]):
    """What the texts of a column mean; each is understood once, and looked up from then on.

    A dictionary that fills itself, since nothing is faster: while it is empty it counts as false.
    """

    def __missing__(self, text: str | None) -> _T:
        meaning = self.understand((text or "").strip())
        if len(self) >= _MOST_KEPT:
            self.clear()
        if text is None or len(text) <= _LONGEST_KEPT:
            self[text] = meaning
        return meaning

    def understand(self, text: str) -> _T:
        """What a text means, blanks around it removed.

        Raises:
            RowError: Nothing.
        """
        raise NotImplementedError


class Cell(_Meanings[Known]):
    """Reads one field from a record: index it with the text at its `position`.

    Attributes:
        position: Where records hold the text.
        may_ignore: Whether a text can make it raise `IgnoredRowError`.
    """

    def __init__(self, name: str, column: Column, position: int, missing: frozenset[str]) -> None:
        super().__init__()
        self.position = position
        self.may_ignore = column.otherwise == Otherwise.IGNORE_ROW
        self._name = name
        self._column = column
        self._missing = missing
        self._values = dict(column.values or {})
        self._by_folded = {text.casefold(): meaning for text, meaning in self._values.items()}
        self._convert = _CONVERSIONS.get(name, _plain)

    def understand(self, text: str) -> Known:
        """What a text means.

        1. A constant means itself, whatever the record holds.
        2. Then `values` count, letter for letter before without case.
        3. A missing text is no value, unless `otherwise` is given.
        4. Without `values` a text means itself, if it can.
        5. For all that is left, `otherwise` decides.

        Raises:
            RowError: It means nothing.
            IgnoredRowError: The row is to be left out.
        """
        if self._column.value is not None:
            return self._convert(self._column.value)
        meaning = self._values.get(text, self._by_folded.get(text.casefold()))
        if meaning is not None:
            return self._convert(meaning)
        is_missing = text in self._missing
        if is_missing and self._column.otherwise is not None:
            return self._left_over("")
        if not is_missing and self._column.values is not None:
            return self._left_over(text)
        try:
            return self._convert("" if is_missing else text)
        except _NoMeaningError:
            return self._left_over("" if is_missing else text)

    def _left_over(self, text: str) -> Known:
        """What `otherwise` makes of a text that has no meaning."""
        otherwise = self._column.otherwise or Otherwise.ERROR
        if otherwise == Otherwise.IGNORE_ROW:
            raise IgnoredRowError
        if otherwise == Otherwise.KEEP_PREVIOUS:
            return Keep.PREVIOUS
        if otherwise == Otherwise.ERROR:
            raise self._fault(text)
        try:
            return self._convert(text if otherwise == Otherwise.KEEP else otherwise)
        except _NoMeaningError:
            raise self._fault(text) from None

    def _fault(self, text: str) -> RowError:
        noun = self._name if self._name in _WORDS else "value"
        where = f"column '{self._column.column}'"
        if not text:
            return RowError(f"missing-{noun}", f"{where} holds no {self._name}")
        advice = "list it under values, or say otherwise"
        message = f"{where}: '{_short(text)}' has no meaning as {self._name}; {advice}"
        return RowError(f"unknown-{noun}", message)


class StampCell(_Meanings[datetime | None]):
    """Reads one instant (aware UTC), None where there is none: index it as a `Cell`.

    Attributes:
        position: Where records hold the stamp.
        column: Name of the column.
    """

    may_ignore = False

    def __init__(
        self, column: DateColumn, position: int, missing: frozenset[str], zone: ZoneInfo
    ) -> None:
        super().__init__()
        self.position = position
        self.column = column.column
        self._missing = missing
        self._stamps = Stamps(column.format, zone)
        self._format = column.format

    def understand(self, text: str) -> datetime | None:
        """The instant that a stamp means.

        Raises:
            RowError: It is no stamp.
        """
        if text in self._missing:
            return None
        try:
            return self._stamps.read(text)
        except (ValueError, OverflowError):
            wanted = f"in the form {self._format}" if self._format else "with the year first"
            message = f"column '{self.column}': '{_short(text)}' is no date {wanted}"
            raise RowError("bad-date", message) from None


class _NoMeaningError(Exception):
    """A text that is none of our words."""


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _plain(text: str) -> Value:
    return text or None


def _subject(text: str) -> Value:
    return text


def _status(text: str) -> Value:
    if text.lower() not in _STATUSES:
        raise _NoMeaningError
    return _STATUSES[text.lower()]


def _priority(text: str) -> Value:
    if text and text.lower() not in _PRIORITIES:
        raise _NoMeaningError
    return _PRIORITIES[text.lower()] if text else None


def _tags(text: str) -> Value:
    """Tags are a set: their order in the file means nothing, and would be noise as a change."""
    try:
        listed = json.loads(text) if text.startswith("[") else None
    except ValueError:
        listed = None
    parts = map(str, listed) if isinstance(listed, list) else _SEPARATORS.split(text)
    return tuple(sorted({part.strip() for part in parts} - {""}))


def _flag(text: str) -> Value:
    if text.lower() not in _FLAGS:
        raise _NoMeaningError
    return _FLAGS[text.lower()]


def _author(text: str) -> Value:
    if text.lower() not in _AUTHORS:
        raise _NoMeaningError
    return text.lower()


_STATUSES: Final[Mapping[str, Status]] = {status.value: status for status in Status}
_PRIORITIES: Final[Mapping[str, Priority]] = {priority.value: priority for priority in Priority}
_FLAGS: Final = {
    "true": True,
    "yes": True,
    "1": True,
    "false": False,
    "no": False,
    "0": False,
    "": False,
}
_AUTHORS: Final = frozenset({"agent", "customer", "robot"})
_SEPARATORS: Final = re.compile("[,;]")
_WORDS: Final = frozenset({"status", "priority", "author"})
_CONVERSIONS: Final[Mapping[str, Callable[[str], Value]]] = {
    "status": _status,
    "priority": _priority,
    "tags": _tags,
    "subject": _subject,
    "is_gone": _flag,
    "automatic": _flag,
    "author": _author,
    "bounce": _flag,
    "public": _flag,
    "customer.no_updates": _flag,
    "customer.is_automatic": _flag,
}
