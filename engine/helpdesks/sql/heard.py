"""A few things that were told already, by their fingerprints: small enough for a watermark."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final

_MOST: Final = 4096
_BYTES: Final = 8


class Heard:
    """A bounded set of fingerprints; beyond its bounds the oldest are forgotten."""

    def __init__(self, marks: Iterable[int] = ()) -> None:
        """Begin with some."""
        self._marks = dict.fromkeys(marks)

    @classmethod
    def recall(cls, text: object) -> Heard:
        """What `text` gave; anything else holds nothing."""
        try:
            data = b64decode(text, validate=True) if isinstance(text, str) else b""
            return cls(struct.unpack(f">{len(data) // _BYTES}Q", data))
        except (ValueError, struct.error):
            return cls()

    def is_news(self, mark: int) -> bool:
        """Whether this was not told yet; from now on it was."""
        if mark in self._marks:
            return False
        self._marks[mark] = None
        while len(self._marks) > _MOST:
            del self._marks[next(iter(self._marks))]
        return True

    def retain(self, marks: Iterable[int]) -> None:
        """Forget all but these."""
        wanted = set(marks)
        self._marks = {mark: None for mark in self._marks if mark in wanted}

    def text(self) -> str:
        """All of it, for a watermark; the same things always give the same text."""
        marks = sorted(self._marks)
        return b64encode(struct.pack(f">{len(marks)}Q", *marks)).decode()
