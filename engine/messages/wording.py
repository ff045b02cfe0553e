"""Instants and durations as people say them, in the languages that messages are written in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import tzinfo


@dataclass(frozen=True, slots=True)
class Language:
    """How one language names days and counts time.

    Attributes:
        weekdays: Short, from Monday.
        months: Short, from January.
        day: Written after the number of a day of the month.
        numbers: From two on, as far as it is usual to write them in letters.
        units: Day, hour, minute: (one of them, several of them).
        joint: Between the larger and the smaller unit.
        moment: Less than a minute.
    """

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    day: str
    numbers: tuple[str, ...]
    units: tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
    joint: str
    moment: str


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LANGUAGES: Final = {
    "en": Language(
        weekdays=_split("Mon Tue Wed Thu Fri Sat Sun"),
        months=_split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
        day="",
        numbers=_split("two three four five six seven eight nine ten eleven twelve"),
        units=(("one day", "days"), ("one hour", "hours"), ("one minute", "minutes")),
        joint="and",
        moment="less than a minute",
    ),
    "de": Language(
        weekdays=_split("Mo Di Mi Do Fr Sa So"),
        months=_split("Jan. Feb. März April Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
        day=".",
        numbers=_split("zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"),
        units=(("ein Tag", "Tage"), ("eine Stunde", "Stunden"), ("eine Minute", "Minuten")),
        joint="und",
        moment="weniger als eine Minute",
    ),
    "fr": Language(
        weekdays=_split("lun. mar. mer. jeu. ven. sam. dim."),
        months=_split("janv. févr. mars avril mai juin juil. août sept. oct. nov. déc."),
        day="",
        numbers=_split("deux trois quatre cinq six sept huit neuf dix onze douze"),
        units=(("un jour", "jours"), ("une heure", "heures"), ("une minute", "minutes")),
        joint="et",
        moment="moins d’une minute",
    ),
    "es": Language(
        weekdays=_split("lun mar mié jue vie sáb dom"),
        months=_split("ene feb mar abr may jun jul ago sept oct nov dic"),
        day="",
        numbers=_split("dos tres cuatro cinco seis siete ocho nueve diez once doce"),
        units=(("un día", "días"), ("una hora", "horas"), ("un minuto", "minutos")),
        joint="y",
        moment="menos de un minuto",
    ),
}

DEFAULT_LANGUAGE: Final = "en"


def language_code(name: str | None) -> str | None:
    """The two letters of ``de``, ``DE``, ``de-AT`` or ``de_AT``; None for nothing."""
    return (name or "").replace("_", "-").partition("-")[0].strip().lower() or None


def localtime(at: datetime, zone: tzinfo, language: str | None = None) -> str:
    """An instant as ``Wed 2 Mar 2016, 16:00``.

    Args:
        at: Aware.
        zone: Where the reader is.
        language: What `language_code` gives; English where it is not known.

    Raises:
        ValueError: The instant has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant without a zone cannot be shown as local time")
    words = LANGUAGES.get(language or "", LANGUAGES[DEFAULT_LANGUAGE])
    local = at.astimezone(zone)
    weekday, month = words.weekdays[local.weekday()], words.months[local.month - 1]
    return f"{weekday} {local.day}{words.day} {month} {local.year}, {local:%H:%M}"


def in_words(duration: timedelta, language: str | None = None) -> str:
    """A length of time as ``two hours and five minutes``: its two largest units, cut below.

    A day is 24 hours; the sign is left to the sentence around it.
    """
    words = LANGUAGES.get(language or "", LANGUAGES[DEFAULT_LANGUAGE])
    minutes = abs(duration) // timedelta(minutes=1)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    counts = (days, hours, minutes)
    first = next((place for place, count in enumerate(counts) if count), None)
    if first is None:
        return words.moment
    parts = [
        _counted(count, unit, words)
        for count, unit in list(zip(counts, words.units, strict=True))[first : first + 2]
        if count
    ]
    return f" {words.joint} ".join(parts)


def _counted(count: int, unit: tuple[str, str], words: Language) -> str:
    if count == 1:
        return unit[0]
    spelt = words.numbers[count - 2] if count - 2 < len(words.numbers) else str(count)
    return f"{spelt} {unit[1]}"
