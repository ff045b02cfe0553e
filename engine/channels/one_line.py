"""Text that may stand on one line of a header, a log or a terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

# Control characters and line separators; a terminal or a header would obey them.
_DISOBEYED: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def one_line(text: str) -> str:
    """The text without control characters or line breaks, runs of blanks made one."""
    return " ".join(_tame(text, keep="").split())


def tame(text: str) -> str:
    """The text with its line breaks (as line feeds), without any other control character."""
    return _tame(text.replace("\r\n", "\n").replace("\r", "\n"), keep="\n")


def _tame(text: str, keep: str) -> str:
    return "".join(
        " " if unicodedata.category(letter) in _DISOBEYED and letter not in keep else letter
        for letter in text
    )
