"""The rules as pictures for the wall: who is told, when, at each level; Mermaid and SVG.

`reading` says in words what a picture tells (`board`); `ladder_sheet` and `overview_sheet` draw it
as SVG, `mermaid` as text that other programs draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import UsageError
from engine.insight.graph.board import Board
from engine.insight.graph.ladder_sheet import draw_ladder
from engine.insight.graph.mermaid import overview_flowchart, rule_flowchart
from engine.insight.graph.overview_sheet import draw_overview
from engine.insight.graph.reading import board_of

OVERVIEW: Final = "overview"
ENDINGS: Final = {"mermaid": "mmd", "svg": "svg"}
"""Format → the ending of its files."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One drawing.

    Attributes:
        name: ``overview``, or ``rule-ID``; fit for a file.
        text: The whole document.
    """

    name: str
    text: str


def overview(board: Board, format_: str) -> Picture:
    """All rules in one picture; `format_` is one of `ENDINGS`."""
    text = draw_overview(board) if format_ == "svg" else overview_flowchart(board)
    return Picture(OVERVIEW, text)


def rule_picture(board: Board, format_: str, rule_id: str) -> Picture:
    """One rule.

    Raises:
        UsageError: There is no such rule.
    """
    rule = next((rule for rule in board.rules if rule.id == rule_id), None)
    if rule is None:
        known = ", ".join(rule.id for rule in board.rules) or "none"
        raise UsageError(f"there is no rule '{rule_id}'; there are: {known}")
    draw = draw_ladder if format_ == "svg" else rule_flowchart
    return Picture(f"rule-{rule.id}", draw(rule, board.generation))


def all_pictures(board: Board, format_: str) -> list[Picture]:
    """The overview, then one picture for each rule in running order."""
    rules = (rule_picture(board, format_, rule.id) for rule in board.rules)
    return [overview(board, format_), *rules]


__all__ = ["ENDINGS", "OVERVIEW", "Picture", "all_pictures", "board_of", "overview", "rule_picture"]
