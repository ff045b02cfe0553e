"""A header's text, in lines that any reader puts together again (RFC 5322, 2.2.3; RFC 2047).

The standard library takes what looks like an encoded word for one, though a customer may have typed
it (and line breaks in it come to life), and loses blanks between two lines of encoded words.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.policy import Policy

_LINE: Final = 78
_LONGEST_WORD: Final = 60
"""A longer one is encoded, since only encoded words can be broken."""
_FRAME: Final = len("=?utf-8?b??=")
_ENCODED_WORD: Final = 75


class HeaderToken(str):
    """An id or a URL, as the value of a header whose line is never broken.

    Attributes:
        name: The header's name: by it, the library knows that this is a value ready for use.
    """

    __slots__ = ("name",)

    name: str

    def __new__(cls, name: str, text: str) -> Self:
        """Take a text without control characters or halves of characters."""
        made = super().__new__(cls, text)
        made.name = name
        return made

    def fold(self, *, policy: Policy) -> str:
        """The header's lines; called by the library that writes the mail."""
        return policy.linesep.join(self._lines()) + policy.linesep

    def _lines(self) -> Iterator[str]:
        yield f"{self.name}: {self}"


class HeaderTokens(HeaderToken):
    """Several ids, parted by blanks; each is on a line of its own."""

    __slots__ = ()

    def _lines(self) -> Iterator[str]:
        first, *others = self.split(" ")
        yield f"{self.name}: {first}"
        yield from (f" {one}" for one in others)


class HeaderText(HeaderToken):
    """Text as the value of a header."""

    __slots__ = ()

    def _lines(self) -> Iterator[str]:
        is_plain = self.isascii() and "=?" not in self
        if is_plain and all(len(word) <= _LONGEST_WORD for word in self.split(" ")):
            return self._at_blanks()
        return self._encoded()

    def _at_blanks(self) -> Iterator[str]:
        line = f"{self.name}:"
        for word in self.split(" "):
            if len(line) + 1 + len(word) > _LINE:
                yield line
                line = ""
            line = f"{line} {word}"
        yield line

    def _encoded(self) -> Iterator[str]:
        """Each line holds one encoded word, and each word whole characters."""
        start, room = f"{self.name}:", min(_ENCODED_WORD, _LINE - len(self.name) - 2)
        piece = b""
        for letter in self:
            encoded = letter.encode()
            if piece and len(b64encode(piece + encoded)) + _FRAME > room:
                yield f"{start} {_word(piece)}"
                start, room, piece = "", _ENCODED_WORD, b""
            piece += encoded
        yield f"{start} {_word(piece)}"


def _word(piece: bytes) -> str:
    return f"=?utf-8?b?{b64encode(piece).decode('ascii')}?="
