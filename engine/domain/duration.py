"""Durations as rule files write them: `30m`, `4h`, `2d`, `1d4h`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Self

_UNITS: Final = re.compile(
    r"(?:(?P<w>[0-9]+)w)?(?:(?P<d>[0-9]+)d)?"
    r"(?:(?P<h>[0-9]+)h)?(?:(?P<m>[0-9]+)m)?(?:(?P<s>[0-9]+)s)?"
)
_BARE_NUMBER: Final = re.compile(r"[0-9]+")

# Nothing in a helpdesk waits a century, and business time a few thousand years away would make
# a calendar build a table of all the years between.
_LONGEST_SECONDS: Final = 36525 * 24 * 60 * 60
# More digits than this are too long in every unit; int() refuses text of thousands of them.
_MOST_CHARACTERS: Final = 60


class DurationError(ValueError):
    """A text that is no duration.

    `str()` says what is wrong, `help` what to write instead; both fit on one line.
    """

    def __init__(self, message: str, help_: str) -> None:
        """Keep the two halves of the message apart, as rule-file errors print them apart."""
        super().__init__(message)
        self.help = help_


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time whose days and weeks wait for a calendar to say how long they are.

    Equal when the same in every calendar: `1h30m` equals `90m`, but `7d` does not equal `1w`.

    Attributes:
        weeks: whole weeks, as long as the calendar says.
        days: whole days, as long as the calendar says.
        seconds: everything smaller, in seconds.
        text: what the rule file says, letter for letter.
    """

    weeks: int
    days: int
    seconds: int
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read whole numbers with units in the order `w d h m s`, each at most once.

        Zero (`0s`) is a duration; a sign, a fraction, a blank or a percentage is not.

        Args:
            text: for example `30m` or `1d4h`.

        Raises:
            DurationError: the text is no duration, or one of more than a hundred years.
        """
        if _BARE_NUMBER.fullmatch(text):
            message = f"'{text}' has no unit"
            raise DurationError(message, f"write {text}m, {text}h or {text}d")
        units = _UNITS.fullmatch(text)
        if not text or units is None:
            message = f"'{text}' is not a duration"
            raise DurationError(message, "write for example 30m, 4h, 2d or 1d4h")
        if len(text) > _MOST_CHARACTERS:
            raise _too_long(text)
        number = {unit: int(digits or 0) for unit, digits in units.groupdict().items()}
        seconds = number["h"] * 3600 + number["m"] * 60 + number["s"]
        if (number["w"] * 7 + number["d"]) * 86400 + seconds > _LONGEST_SECONDS:
            raise _too_long(text)
        return cls(number["w"], number["d"], seconds, text)

    @property
    def in_days(self) -> bool:
        """Whether its length depends on a calendar, because it counts days or weeks."""
        return bool(self.weeks or self.days)

    def to_timedelta(self, day: timedelta, week: timedelta) -> timedelta:
        """Return the length, given what `d` and `w` stand for."""
        return self.weeks * week + self.days * day + timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        """Return the duration as the rule file writes it."""
        return self.text


def _too_long(text: str) -> DurationError:
    message = f"'{text}' is longer than a hundred years"
    return DurationError(message, "write a shorter one, for example 52w")
