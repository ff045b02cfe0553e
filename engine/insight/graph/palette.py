"""Colours and types of the pictures: dark on light, and told apart without colour as well.

The colours are Okabe and Ito's, which colour-blind people tell apart, darkened until white text on
them has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.insight.graph.board import Shape
from engine.insight.graph.typesetting import Type

INK: Final = "#1b2330"
FAINT: Final = "#55606e"
RULE: Final = "#b8c0ca"
PAPER: Final = "#ffffff"
LANE: Final = "#f3f5f8"


@dataclass(frozen=True, slots=True)
class Tint:
    """A strong colour for marks and headings, and a light one for areas."""

    strong: str
    light: str


TINTS: Final = {
    Shape.REMINDER: Tint("#00629b", "#e6f1f8"),
    Shape.TECHNICAL: Tint("#a34700", "#fdf0e3"),
    Shape.HIERARCHICAL: Tint("#8a1c4a", "#fae9f0"),
    Shape.CUSTOMER: Tint("#00694a", "#e5f4ee"),
}

TITLE: Final = Type(32, INK, is_bold=True)
SUBTITLE: Final = Type(19, INK)
HEADING: Final = Type(20, INK, is_bold=True)
LABEL: Final = Type(13, FAINT, is_bold=True)
TEXT: Final = Type(16, INK)
STRONG: Final = Type(16, INK, is_bold=True)
SMALL: Final = Type(13.5, FAINT)
ON_COLOUR: Final = Type(17, PAPER, is_bold=True)
SMALL_ON_COLOUR: Final = Type(13.5, PAPER)
