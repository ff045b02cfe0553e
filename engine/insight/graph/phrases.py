"""Words joined as a sentence joins them."""

from __future__ import annotations

from collections.abc import Iterable


def listed(words: Iterable[str], conjunction: str) -> str:
    """``a, b or c``; there is at least one."""
    *others, last = list(words)
    return f"{', '.join(others)} {conjunction} {last}" if others else last
