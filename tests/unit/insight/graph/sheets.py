"""Reading a drawn sheet back: where its texts and its boxes are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from engine.insight.graph.typesetting import Type, width_of

SVG = "{http://www.w3.org/2000/svg}"
ASCENT, DESCENT = 0.74, 0.22
"""How far letters reach above and below the line that they stand on, in sizes."""
ROUNDING = 0.2
"""Places are written with one decimal."""


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float
    says: str = ""

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right - ROUNDING
            and other.left < self.right - ROUNDING
            and self.top < other.bottom - ROUNDING
            and other.top < self.bottom - ROUNDING
        )

    def contains(self, other: Box) -> bool:
        return (
            self.left <= other.left + ROUNDING
            and self.top <= other.top + ROUNDING
            and self.right >= other.right - ROUNDING
            and self.bottom >= other.bottom - ROUNDING
        )


@dataclass(frozen=True)
class Sheet:
    """A drawn document, parsed."""

    root: ET.Element

    @classmethod
    def of(cls, document: str) -> Sheet:
        return cls(ET.fromstring(document.encode()))  # noqa: S314 - a document of our own

    @property
    def page(self) -> Box:
        left, top, width, height = map(float, self.root.attrib["viewBox"].split())
        return Box(left, top, left + width, top + height, "the page")

    @property
    def texts(self) -> list[Box]:
        return [_text(element) for element in self.root.iter(f"{SVG}text")]

    def boxes(self, role: str) -> list[Box]:
        return [
            _rectangle(element)
            for element in self.root.iter(f"{SVG}rect")
            if element.get("class") == role
        ]

    def says(self) -> str:
        """All texts in reading order, one a line."""
        return "\n".join(text.says for text in self.texts)

    def faults(self) -> Iterator[str]:
        """What cannot be read: texts over each other, off the page, or across a card's edge."""
        texts, cards = self.texts, self.boxes("card")
        for text in texts:
            if not self.page.contains(text):
                yield f"off the page: {text}"
        texts.sort(key=lambda text: text.top)
        for number, one in enumerate(texts):
            below = itertools.islice(texts, number + 1, None)
            near = itertools.takewhile(lambda other: other.top < one.bottom, below)  # noqa: B023 - used at once
            yield from (
                f"over each other: {one} and {other}" for other in near if one.overlaps(other)
            )
        for card in cards:
            yield from (
                f"across an edge: {text}"
                for text in texts
                if card.overlaps(text) and not card.contains(text)
            )
        for one, other in itertools.combinations(cards, 2):
            if one.overlaps(other):
                yield f"cards over each other: {one} and {other}"


def _text(element: ET.Element) -> Box:
    size = float(element.attrib["font-size"])
    type_ = Type(size, "", is_bold="font-weight" in element.attrib)
    x, y = float(element.attrib["x"]), float(element.attrib["y"])
    text = element.text or ""
    assert element.attrib["text-anchor"] == "start"
    return Box(x, y - ASCENT * size, x + width_of(text, type_), y + DESCENT * size, text)


def _rectangle(element: ET.Element) -> Box:
    x, y, width, height = (float(element.attrib[key]) for key in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)
