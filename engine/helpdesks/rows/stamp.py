"""Texts that say when something happened, as instants.

A stamp without a zone is local time of the given zone. An hour that comes twice is read as its
first occurrence; an hour that a change of the clock skips is read as if the clock had not yet
been changed, so it falls as far behind the change as it was written behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import zip_longest
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO: Final = datetime(1970, 1, 1)  # noqa: DTZ001  in whatever zone
_ZERO_SECONDS: Final = re.compile(r"0(\.0*)?")
_EPOCH_SECONDS: Final = re.compile(r"[0-9]{9,10}(\.[0-9]+)?")
_EPOCH_MILLISECONDS: Final = re.compile(r"[0-9]{12,13}")
_COMPACT: Final = re.compile(r"[0-9]{14}")
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9])")
_SHORT_HOUR: Final = re.compile(r"(?<=[0-9][ T])([0-9]):")
_SPACED_ZONE: Final = re.compile(r"(?<=[0-9]) ?(?:UTC|GMT|Z|([+-][0-9]{2}):?([0-9]{2}))$")
_NAMES_MONTH: Final = re.compile(r"[0-9]{1,2}[ -][A-Za-z]{3}[ -][0-9]{2,4}")
_MOST_CHARACTERS: Final = 64
_DIRECTIVE: Final = re.compile("%(.)", re.DOTALL)
_BLANKS: Final = re.compile(r"(\\\s|\s)+")
_NUMBERS: Final = {
    "Y": "year",
    "m": "month",
    "d": "day",
    "H": "hour",
    "M": "minute",
    "S": "second",
}
_DIGITS: Final = {"Y": "[0-9]{4}"}
_SHORT: Final = "[0-9]{1,2}"
# What databases write for "no date", and what people write for "never".
_UNSET_YEARS: Final = (1, 9999)
_UNSET_PREFIX: Final = "0000-00-00"


class Stamps:
    """Reads stamps of one form."""

    def __init__(self, format_: str | None, zone: ZoneInfo) -> None:
        """Know the form.

        Args:
            format_: A format of `strptime`; None for ISO 8601 and the forms that cannot be
                mistaken: year first, RFC 2822, and seconds or milliseconds since 1970.
            zone: The zone of stamps that name none.
        """
        self._zone = zone
        self._read = _common if format_ is None else _by_format(format_)

    def read(self, text: str) -> datetime | None:
        """Read a stamp.

        Args:
            text: The stamp, without blanks around it.

        Returns:
            The instant (aware UTC, whole seconds: fractions are dropped); None for a date that
            says that there is none: of the years 0, 1 and 9999, or the very beginning of 1970.

        Raises:
            ValueError: It is no stamp of that form.
            OverflowError: It is no instant in UTC.
        """
        if text.startswith(_UNSET_PREFIX):
            return None
        if len(text) > _MOST_CHARACTERS:
            raise ValueError("too long for a date")
        stamp = self._read(text).replace(microsecond=0)
        if stamp.year in _UNSET_YEARS or stamp.replace(tzinfo=None) == _ZERO:
            return None
        aware = stamp if stamp.tzinfo else stamp.replace(tzinfo=self._zone)
        return aware.astimezone(UTC)


def _by_format(format_: str) -> Callable[[str], datetime]:
    """`strptime` for one format; ten times as fast where that consists of numbers only."""
    parts = _DIRECTIVE.split(format_)
    literals, names = parts[::2], parts[1::2]
    if any(name not in _NUMBERS for name in names) or len(set(names)) != len(names):
        return lambda text: datetime.strptime(text, format_)  # noqa: DTZ007  see `Stamps.read`
    groups = [f"(?P<{_NUMBERS[name]}>{_DIGITS.get(name, _SHORT)})" for name in names]
    spaced = [_BLANKS.sub(r"\\s+", re.escape(literal)) for literal in literals]
    pattern = re.compile("".join(map("".join, zip_longest(spaced, groups, fillvalue=""))))

    def read(text: str) -> datetime:
        found = pattern.fullmatch(text)
        if found is None:
            raise ValueError("not of that form")
        return datetime(**{name: int(digits) for name, digits in found.groupdict().items()})  # type: ignore[arg-type]  # noqa: DTZ001

    return read


def _common(text: str) -> datetime:
    if _ZERO_SECONDS.fullmatch(text):
        return _ZERO
    if _EPOCH_SECONDS.fullmatch(text):
        return _EPOCH + timedelta(seconds=int(float(text)))
    if _EPOCH_MILLISECONDS.fullmatch(text):
        return _EPOCH + timedelta(milliseconds=int(text))
    if _COMPACT.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007  the caller knows
    if _NAMES_MONTH.search(text):
        return parsedate_to_datetime(text)
    return datetime.fromisoformat(_iso(text))


def _iso(text: str) -> str:
    """The stamp with the two-digit parts and the zone that `fromisoformat` takes."""
    dated = _YEAR_FIRST.sub(lambda m: f"{m[1]}-{int(m[2]):02}-{int(m[3]):02}", text, count=1)
    dated = _SHORT_HOUR.sub(r"0\1:", dated)
    return _SPACED_ZONE.sub(lambda m: f"{m[1]}:{m[2]}" if m[1] else "+00:00", dated)
