"""Text measured and broken into lines, without a font at hand.

Widths are those of Helvetica, which Arial and Liberation Sans share by design. Other writing is
taken for as wide as its wider letters, so that a line that fits here fits on paper.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_REGULAR: Final = {
    191: "'",
    222: "ijl’‘",
    260: "|",
    278: " !,./:;I[\\]ft·",
    333: "()-`r{}“”",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu–",
    584: "+<=>~×",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1015: "@—…→",
}
_BOLD: Final = {
    238: "'",
    278: " ,./I\\ijl’‘·",
    333: "!()-:;[]`ft|",
    389: "*r{}",
    500: 'z"“”',
    556: "#$0123456789J_aceksvxy–",
    584: "+<=>^~×",
    611: "?FLTZbdghnopqu",
    667: "EPSVXY",
    722: "&ABCDHKNRU",
    778: "GOQw",
    833: "M",
    889: "%m",
    944: "W",
    1000: "@—…→",
}
"""Widths in thousandths of the size → the characters that have them."""


def _by_character(groups: dict[int, str]) -> dict[str, int]:
    return {character: width for width, several in groups.items() for character in several}


_WIDTHS: Final = {False: _by_character(_REGULAR), True: _by_character(_BOLD)}
_LATIN: Final = 780
_OTHER: Final = 1060
_WIDE: Final = 1300
_LAST_LATIN: Final = "\u024f"
_LEADING: Final = 1.3
"""From one line to the next, in sizes."""


@dataclass(frozen=True, slots=True)
class Type:
    """How a text is set.

    Attributes:
        size: Height of the letters, in units of the drawing.
    """

    size: float
    colour: str
    is_bold: bool = False

    @property
    def leading(self) -> float:
        """From one line to the next."""
        return self.size * _LEADING


@dataclass(frozen=True, slots=True)
class Line:
    """One line that fits its column.

    Attributes:
        text: What stands at its left.
        value: What stands beside that, `tab` further right; for small tables.
        gap: Room above it.
    """

    text: str
    type: Type
    indent: float = 0
    gap: float = 0
    value: str = ""
    tab: float = 0

    @property
    def height(self) -> float:
        """What it takes of its column, the room above included."""
        return self.gap + self.type.leading


def width_of(text: str, type_: Type) -> float:
    """How wide a text is, in units of the drawing."""
    return sum(_width(one, is_bold=type_.is_bold) for one in text) * type_.size / 1000


def _width(character: str, *, is_bold: bool) -> int:
    known = _WIDTHS[is_bold].get(character)
    if known is not None:
        return known
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return _WIDE
    return _LATIN if character <= _LAST_LATIN else _OTHER


def shown(text: str) -> str:
    """A text without what no page can show, or what would turn the reading around."""
    one_line = " ".join(text.split())
    return "".join(one if one.isprintable() else "\ufffd" for one in one_line)


def paragraph(
    text: str, type_: Type, width: float, *, indent: float = 0, gap: float = 0
) -> list[Line]:
    """A text as lines of at most that width; a word that is too long is broken."""
    broken = list(_broken(shown(text).split(), type_, width - indent))
    return [
        Line(line, type_, indent, gap if number == 0 else 0) for number, line in enumerate(broken)
    ]


def _broken(words: Sequence[str], type_: Type, width: float) -> Iterator[str]:
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if width_of(longer, type_) <= width:
            line = longer
            continue
        if line:
            yield line
        *full, line = _pieces(word, type_, width)
        yield from full
    if line:
        yield line


def _pieces(word: str, type_: Type, width: float) -> list[str]:
    """A word, in as many pieces as it takes; the width is that of several letters at least."""
    pieces, piece = [], ""
    for character in word:
        if piece and width_of(piece + character, type_) > width:
            pieces.append(piece)
            piece = ""
        piece += character
    return [*pieces, piece]


def height_of(lines: Sequence[Line]) -> float:
    """What lines under each other take."""
    return sum(line.height for line in lines)


def clipped(text: str, type_: Type, width: float) -> str:
    """A text that fits one line; what does not fit is left out at its end."""
    text = shown(text)
    if width_of(text, type_) <= width:
        return text
    return _pieces(text, type_, width - width_of("…", type_))[0] + "…"
