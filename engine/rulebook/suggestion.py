"""What somebody probably meant who wrote something that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_FEW = 8
"""So many known words still fit into one hint."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like `word`, None if none does."""
    by_folded = {name.casefold(): name for name in known}
    folded = word.casefold()
    if folded in by_folded:
        return by_folded[folded]
    # A cut-off higher than difflib's own, which takes 'resolved' for 'reopens'.
    found = difflib.get_close_matches(folded[:100], by_folded, n=1, cutoff=0.65)
    if found:
        return by_folded[found[0]]
    return _part_of(folded, by_folded)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint: the closest known word, else all of them where they are few."""
    words = tuple(known)
    meant = closest(word, words)
    if meant is not None:
        return f"did you mean '{meant}'?"
    return one_of(words) if 0 < len(words) <= _FEW else ""


def one_of(words: Iterable[str]) -> str:
    """A hint that lists every word there is."""
    listed = [f"{word}" for word in words]
    if len(listed) == 1:
        return f"write {listed[0]}"
    return f"write {', '.join(listed[:-1])} or {listed[-1]}"


def _part_of(folded: str, by_folded: dict[str, str]) -> str | None:
    # 'berlin' for 'europe/berlin', 'tier' for 'customer.tier'.
    ends = [name for name in by_folded if name.endswith((f"/{folded}", f".{folded}"))]
    return by_folded[min(ends, key=len)] if ends else None
