"""Instants, durations and our own codes as people say them, in the languages of messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.messages.languages import DEFAULT_LANGUAGE, LANGUAGES

if TYPE_CHECKING:
    from datetime import tzinfo


def localtime(
    at: datetime, zone: tzinfo, language: str | None = None, *, in_full: bool = False
) -> str:
    """An instant as ``Wed 2 Mar 2016, 16:00``.

    Args:
        at: Aware.
        zone: Where the reader is.
        language: What `language_code` gives, English by default. In a language that we do not
            speak it is ``2016-03-02 16:00``, which is at home everywhere.
        in_full: As in a sentence: ``Wednesday 2 March 2016, 16:00``.

    Raises:
        ValueError: The instant has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant without a zone cannot be shown as local time")
    local = at.astimezone(zone)
    known = LANGUAGES.get(language or DEFAULT_LANGUAGE)
    if known is None:
        return f"{local:%Y-%m-%d %H:%M}"
    dates = known.dates
    weekdays, months = (
        (dates.weekdays, dates.months) if in_full else (dates.short_weekdays, dates.short_months)
    )
    return (dates.in_full if in_full else dates.in_short).format(
        weekday=weekdays[local.weekday()],
        day=dates.first if local.day == 1 else local.day,
        month=months[local.month - 1],
        year=local.year,
        time=f"{local:%H:%M}",
        hour=local.hour,
        minute=f"{local:%M}",
    )


def in_words(duration: timedelta, language: str | None = None) -> str:
    """A length of time as ``2 hours 5 minutes``: its two largest units, cut below.

    A day is 24 hours; the sign is left to the sentence around it. In a language that we do not
    speak it is ``2 h 5 min``.
    """
    known = LANGUAGES.get(language or DEFAULT_LANGUAGE)
    minutes = abs(duration) // timedelta(minutes=1)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    counts = (days, hours, minutes)
    first = next((place for place, count in enumerate(counts) if count), None)
    if first is None:
        return known.lengths.moment if known else "0 min"
    units = (
        (known.lengths.day, known.lengths.hour, known.lengths.minute)
        if known
        else (("d", "d"), ("h", "h"), ("min", "min"))
    )
    parts = list(zip(counts, units, strict=True))[first : first + 2]
    return " ".join(f"{count} {unit[count > 1]}" for count, unit in parts if count)


def named(code: str, language: str | None = None) -> str:
    """What a priority, status, kind or field of ours is called; what is no code stays itself."""
    known = LANGUAGES.get(language or DEFAULT_LANGUAGE)
    return known.named.get(code, code) if known else code
