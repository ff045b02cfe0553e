"""A drawing that becomes one SVG document: text stays text, nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from engine.insight.graph.board import Shape
from engine.insight.graph.palette import PAPER, TINTS
from engine.insight.graph.typesetting import Line, Type, shown

_FONTS: Final = "Helvetica, Arial, 'Liberation Sans', sans-serif"
_SHORT_SIDE: Final = 210
_LONG_SIDE: Final = 297
"""Of a sheet of A4, in millimetres (ISO 216)."""
_MOST_SHRINKING: Final = 1.3
"""Smaller than by this, an upright sheet is easier to read."""
_BASELINE: Final = 0.95
"""From the top of a line to the feet of its letters, in sizes."""


@dataclass(slots=True)
class Canvas:
    """Collects what is drawn; lengths are in its own units, `y` grows downwards."""

    width: float
    _elements: list[str] = field(default_factory=list)

    def box(
        self,
        place: tuple[float, float, float, float],
        *,
        fill: str = PAPER,
        stroke: str = "none",
        radius: float = 0,
        role: str = "",
    ) -> None:
        """A rectangle at (x, y, width, height); `role` names its class, for style sheets."""
        x, y, width, height = place
        role = f' class="{role}"' if role else ""
        self._elements.append(
            f'<rect{role} x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
            f' rx="{_n(radius)}" fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>'
        )

    def path(
        self, data: str, *, stroke: str, fill: str = "none", width: float = 2, dashes: str = ""
    ) -> None:
        """A line or an area, in SVG's own path language."""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._elements.append(
            f'<path d="{data}" fill="{fill}" stroke="{stroke}" stroke-width="{_n(width)}"{dashed}/>'
        )

    def text(self, x: float, top: float, text: str, type_: Type, *, anchor: str = "start") -> None:
        """One line of text whose box begins at `top`; `anchor` says which end of it `x` is."""
        weight = ' font-weight="bold"' if type_.is_bold else ""
        self._elements.append(
            f'<text x="{_n(x)}" y="{_n(top + type_.size * _BASELINE)}"'
            f' font-size="{_n(type_.size)}"{weight} fill="{type_.colour}"'
            f' text-anchor="{anchor}">{_escaped(text)}</text>'
        )

    def lines(self, x: float, top: float, lines: Sequence[Line]) -> float:
        """Lines under each other; gives where they end."""
        for line in lines:
            top += line.gap
            if line.text:
                self.text(x + line.indent, top, line.text, line.type)
            if line.value:
                self.text(x + line.indent + line.tab, top, line.value, line.type)
            top += line.type.leading
        return top

    def mark(self, shape: Shape, x: float, y: float, size: float, *, colour: str = "") -> None:
        """The form of a step, around (x, y); in its own colour unless another is named."""
        strong = colour or TINTS[shape].strong
        half = size / 2
        if shape is Shape.REMINDER:
            self._elements.append(
                f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(half * 0.85)}" fill="{PAPER}"'
                f' stroke="{strong}" stroke-width="{_n(size / 6)}"/>'
            )
            return
        self.path(_FORMS[shape](x, y, half), stroke=strong, fill=strong, width=1)

    def document(self, height: float, *, title: str, description: str) -> str:
        """The whole as one SVG document, on a sheet of A4 where it fits; longer if need be."""
        box, paper = _on_paper(self.width, height)
        body = "\n".join(self._elements)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" {paper}'
            f' viewBox="{box}" role="img"'
            f' aria-labelledby="title description" font-family={quoteattr(_FONTS)}>\n'
            f'<title id="title">{_escaped(title)}</title>\n'
            f'<desc id="description">{_escaped(description)}</desc>\n'
            f'<rect x="{box.split()[0]}" width="100%" height="100%" fill="{PAPER}"/>\n'
            f"{body}\n</svg>\n"
        )


def page_height(width: float) -> float:
    """How high a landscape page of that width is."""
    return width * _SHORT_SIDE / _LONG_SIDE


def _on_paper(width: float, height: float) -> tuple[str, str]:
    """The view box, and the size on paper, for the sheet that shows the drawing largest.

    1. Landscape A4, with the drawing a little smaller if need be.
    2. Upright A4; a drawing that is longer still becomes a longer sheet.
    """
    page = page_height(width)
    if height <= page * _MOST_SHRINKING:
        wide = max(width, width * height / page)
        box = f"{_n((width - wide) / 2)} 0 {_n(wide)} {_n(max(page, height))}"
        return box, f'width="{_LONG_SIDE}mm" height="{_SHORT_SIDE}mm"'
    tall = max(height, width * _LONG_SIDE / _SHORT_SIDE)
    millimetres = _n(_SHORT_SIDE * tall / width)
    return f"0 0 {_n(width)} {_n(tall)}", f'width="{_SHORT_SIDE}mm" height="{millimetres}mm"'


def _diamond(x: float, y: float, half: float) -> str:
    edge, back = _n(half), _n(-half)
    return f"M{_n(x)} {_n(y - half)}l{edge} {edge}l{back} {edge}l{back} {back}z"


def _triangle(x: float, y: float, half: float) -> str:
    return f"M{_n(x)} {_n(y - half)}l{_n(half)} {_n(2 * half)}h{_n(-2 * half)}z"


def _bubble(x: float, y: float, half: float) -> str:
    """A rectangle with a tail, as in a comic."""
    tail = half * 0.5
    return (
        f"M{_n(x - half)} {_n(y - half * 0.8)}h{_n(2 * half)}v{_n(half * 1.2)}h{_n(-half)}"
        f"l{_n(-tail)} {_n(tail)}v{_n(-tail)}h{_n(tail - half)}z"
    )


_FORMS: Final = {
    Shape.TECHNICAL: _diamond,
    Shape.HIERARCHICAL: _triangle,
    Shape.CUSTOMER: _bubble,
}


def _escaped(text: str) -> str:
    return escape(shown(text))


def _n(number: float) -> str:
    """A number without noise."""
    return f"{number:.1f}".removesuffix(".0")
