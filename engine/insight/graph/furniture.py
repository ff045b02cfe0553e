"""What both kinds of sheet have: tables of times, and the foot that explains the forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.insight.graph.board import Shape
from engine.insight.graph.palette import RULE, SMALL, STRONG, TEXT
from engine.insight.graph.typesetting import Line, clipped, paragraph, width_of

if TYPE_CHECKING:
    from engine.insight.graph.board import Times
    from engine.insight.graph.canvas import Canvas

NOT_CONCERNED: Final = "–"
FOOT_HEIGHT: Final = 52.0
_TAB: Final = 76.0
"""Room for the longest word for a priority, `medium`."""
_MARK: Final = 16.0


def times_table(times: Times, said: str, width: float) -> list[Line]:
    """The times by priority; nothing where `said` has named the only one already."""
    common = times.common
    if common is not None:
        return [] if common in said else paragraph(f"that is {common}", STRONG, width)
    table: list[Line] = []
    for priority, text in times.by_priority.items():
        label = priority.value
        for value in paragraph(text or NOT_CONCERNED, TEXT, width - _TAB):
            table.append(Line(label, TEXT, value=value.text, tab=_TAB))
            label = ""
    return table


def draw_foot(canvas: Canvas, x: float, top: float, width: float, source: str) -> None:
    """What the forms mean, and from which rules the picture was made."""
    canvas.path(f"M{x:.1f} {top:.1f}h{width:.1f}", stroke=RULE, width=1)
    at = x + _MARK / 2
    for shape in Shape:
        canvas.mark(shape, at, top + 18, _MARK)
        canvas.text(at + _MARK, top + 9, shape.value, SMALL)
        at += _MARK + width_of(shape.value, SMALL) + 34
    canvas.text(x, top + 33, clipped(source, SMALL, width), SMALL)
