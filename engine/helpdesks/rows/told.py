"""What has been told of a source: small enough for a watermark, true whatever befalls the file.

Each thing that is told (a ticket, a fault) has a key and a fingerprint of what was said of it. What
is remembered are the fingerprints, so it matters neither where in which file something stands nor
whether the file has grown, was rewritten, rotated or restored: what reads as it did is not told
again.

Up to `_MOST_SINGLE` things are remembered one by one. More are remembered in groups: a group in
which anything differs is then told again as a whole by a process that did not tell it itself. That
is harmless, and a watermark never has more than some ten thousand characters.
"""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Final
from zlib import crc32

_MOST_SINGLE: Final = 1024
_GROUPS: Final = 1024
_BYTES: Final = 8


def fingerprint(*parts: bytes) -> int:
    """A number of 64 bits that tells these contents from others; the same in every process."""
    digest = blake2b(digest_size=_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return int.from_bytes(digest.digest(), "big")


class Told:
    """What has been told so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._marks: dict[str, int] = {}
        self._groups = [0] * _GROUPS
        self._text: str | None = None

    @classmethod
    def recall(cls, text: str, present: Mapping[str, int]) -> Told:
        """What a watermark remembers, of the things that are there now.

        Args:
            text: What `text` gave; anything else means that nothing was told.
            present: Fingerprints of what could be told now, by key.
        """
        told = cls()
        form, _, encoded = text.partition(":")
        try:
            numbers = _unpack(encoded)
        except ValueError:
            return told
        if form == "single":
            known = set(numbers)
            same = [key for key, each in present.items() if each in known]
        elif form == "groups" and len(numbers) == _GROUPS:
            now = cls()
            for key, each in present.items():
                now.learn(key, each)
            same = [key for key in present if now.group_of(key) == numbers[_group(key)]]
        else:
            return told
        for key in same:
            told.learn(key, present[key])
        return told

    def learn(self, key: str, mark: int) -> None:
        """Remember that this was told of `key`."""
        self._groups[_group(key)] ^= self._marks.get(key, 0) ^ mark
        self._marks[key] = mark
        self._text = None

    def forget(self, key: str) -> None:
        """Remember nothing of `key`."""
        self._groups[_group(key)] ^= self._marks.pop(key, 0)
        self._text = None

    def retain(self, keys: Collection[str]) -> None:
        """Remember nothing but of these keys."""
        for key in self._marks.keys() - set(keys):
            self.forget(key)

    def knows(self, key: str, mark: int) -> bool:
        """Whether exactly this was told of `key`."""
        return self._marks.get(key) == mark

    def group_of(self, key: str) -> int:
        """What is remembered of the group that `key` is in."""
        return self._groups[_group(key)]

    def text(self) -> str:
        """All of it, for a watermark; the same things always give the same text."""
        if self._text is None:
            is_large = len(self._marks) > _MOST_SINGLE
            kept = self._groups if is_large else sorted(self._marks.values())
            self._text = ("groups:" if is_large else "single:") + _pack(kept)
        return self._text


def _group(key: str) -> int:
    return crc32(key.encode()) % _GROUPS


def _pack(numbers: list[int]) -> str:
    return b64encode(struct.pack(f">{len(numbers)}Q", *numbers)).decode()


def _unpack(encoded: str) -> tuple[int, ...]:
    """The numbers of `_pack`.

    Raises:
        ValueError: There are none.
    """
    data = b64decode(encoded, validate=True)
    count, rest = divmod(len(data), _BYTES)
    if rest:
        raise ValueError("no whole numbers")
    return struct.unpack(f">{count}Q", data)
