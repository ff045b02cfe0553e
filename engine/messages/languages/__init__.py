"""The languages that we speak ourselves: one file for each, complete or not at all.

Templates may be written in any other language, too. Dates and lengths of time are then written
without words.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.messages.languages.de import GERMAN
from engine.messages.languages.en import ENGLISH
from engine.messages.languages.es import SPANISH
from engine.messages.languages.fr import FRENCH
from engine.messages.languages.language import Language

__all__ = [
    "DEFAULT_LANGUAGE",
    "LANGUAGES",
    "Language",
    "direction",
    "language_code",
    "language_of",
]

LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {one.code: one for one in (ENGLISH, GERMAN, FRENCH, SPANISH)}
)
DEFAULT_LANGUAGE: Final = ENGLISH.code

_RIGHT_TO_LEFT: Final = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def language_of(code: str | None) -> Language:
    """The language that a text is completed in; English for one that we do not speak."""
    return LANGUAGES.get(code or DEFAULT_LANGUAGE, ENGLISH)


def language_code(name: str | None) -> str | None:
    """The two letters of ``de``, ``DE``, ``de-AT`` or ``de_AT``; None for nothing."""
    return (name or "").replace("_", "-").partition("-")[0].strip().lower() or None


def direction(code: str) -> str:
    """``rtl`` for a language that is written from right to left, else ``ltr``."""
    return "rtl" if code in _RIGHT_TO_LEFT else "ltr"
