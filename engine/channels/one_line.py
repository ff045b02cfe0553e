"""Text that may stand on one line of a header, a log or a terminal."""

from __future__ import annotations

import re
from typing import Final

# Control characters, halves of characters, line separators: a terminal or a header would obey them.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_CONTROLS_BUT_LINE_FEEDS: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]"
)


def one_line(text: str) -> str:
    """The text without control characters or line breaks, runs of blanks made one."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def tame(text: str) -> str:
    """The text with its line breaks (as line feeds), without any other control character."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS_BUT_LINE_FEEDS.sub(" ", lines)
