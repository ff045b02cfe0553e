"""What looks for text in text: users' patterns on RE2, and whole words.

Both are values that can be called: two readings of the same rule are equal.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any

import re2

from engine.rulebook.nodes import ScalarNode
from engine.rulebook.report import Report
from engine.rulebook.values import clipped

_LONGEST = 1000
_MEMORY = 1 << 20
"""RE2's limit on a compiled pattern, in bytes: `x{1000}` fits, `(x{999}){999}` does not."""

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'"})

# Scripts that put no spaces between words: Thai to Tibetan, Burmese, Khmer, kana and Han.
_UNSPACED = (
    (0x0E00, 0x0FFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Says whether an RE2 pattern is found in a text, case aside unless it says `(?-i)`."""

    text: str
    compiled: Any = field(compare=False, repr=False)

    def __call__(self, text: str) -> bool:
        """Whether the pattern is found; takes time linear in the text."""
        # Lone surrogates, as broken mails bring them, are nothing that RE2 can take.
        return self.compiled.search(text.encode("utf-8", "replace").decode()) is not None


@dataclass(frozen=True, slots=True)
class Mentions:
    """Says whether any of some words or phrases stands in a text as whole words.

    Case, kinds of white space and of apostrophes do not matter. Scripts that do not separate
    words by spaces have no whole words to look for; there any place counts.
    """

    phrases: tuple[str, ...]

    @classmethod
    def of(cls, phrases: tuple[str, ...]) -> Mentions:
        """The phrases in the form in which they are looked for."""
        return cls(tuple(_folded(phrase) for phrase in phrases))

    def __call__(self, text: str) -> bool:
        """Whether any of the phrases is there."""
        folded = _folded(text)
        return any(_stands_in(phrase, folded) for phrase in self.phrases)


def read_pattern(scalar: ScalarNode, report: Report) -> Pattern | None:
    """Compile a pattern; a bad one is reported at its place."""
    message, hint = "", ""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = _MEMORY
    if len(scalar.text) > _LONGEST:
        message, hint = f"it is longer than {_LONGEST} characters", "use several tests"
    else:
        try:
            return Pattern(scalar.text, re2.compile(scalar.text, options))
        except re2.error as error:
            message = error.args[0].decode("utf-8", "replace")
            if message.startswith(("invalid perl operator", "invalid escape")):
                hint = "RE2 knows no look-around and no back-references"
        except UnicodeError:
            message, hint = "it holds half a character", "write it anew"
    report.error(scalar.span, "pattern", f"the pattern cannot be used: {clipped(message)}", hint)
    return None


def _folded(text: str) -> str:
    normal = unicodedata.normalize("NFC", text.translate(_APOSTROPHES)).casefold()
    return " ".join(normal.split())


def _stands_in(phrase: str, text: str) -> bool:
    at = text.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        if not (_joins(text[at - 1 : at], phrase[0]) or _joins(phrase[-1], text[end : end + 1])):
            return True
        at = text.find(phrase, at + 1)
    return False


def _joins(left: str, right: str) -> bool:
    """Whether two neighbours stand in the same word; an empty one is the end of the text."""
    return bool(left and right) and _is_letter(left) and _is_letter(right)


def _is_letter(character: str) -> bool:
    """Whether it is part of a word: letters, digits, and the marks on them."""
    if any(first <= ord(character) <= last for first, last in _UNSPACED):
        return False
    return (
        character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")
    )
