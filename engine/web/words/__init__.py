"""What the pages say: one module for each language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.messages.languages import DEFAULT_LANGUAGE, language_code
from engine.web.words import de, en, es, fr
from engine.web.words.model import Refusal, StaffWords, Words

__all__ = ["LANGUAGES", "Refusal", "StaffWords", "Words", "preferred", "spoken"]

LANGUAGES: Final[Mapping[str, Words]] = {
    "en": en.WORDS,
    "de": de.WORDS,
    "fr": fr.WORDS,
    "es": es.WORDS,
}
"""By the two letters of the language."""


def spoken(*names: str | None) -> str:
    """The first of these languages that the pages speak; English where they speak none.

    Args:
        names: As helpdesks write them: ``de``, ``de-AT``, ``DE``; or nothing.
    """
    codes = (language_code(name) for name in names)
    known = (code for code in codes if code is not None and code in LANGUAGES)
    return next(known, DEFAULT_LANGUAGE)


def preferred(accepted: str) -> str:
    """The language of an ``Accept-Language`` header (RFC 9110) that its reader likes best."""
    liked = sorted(map(_liking, accepted.split(",")), key=lambda one: one[1], reverse=True)
    return spoken(*(name for name, quality in liked if quality > 0))


def _liking(part: str) -> tuple[str, float]:
    name, _, parameter = part.strip().partition(";")
    try:
        return name, float(parameter.strip().removeprefix("q=")) if parameter else 1.0
    except ValueError:
        return name, 0.0
