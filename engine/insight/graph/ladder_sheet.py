"""One rule as a ladder: a time line with a card for each level, the customer's lane beneath.

1. The head says what the rule is for, and what its clock does.
2. The steps go in rows of a few columns; what is said above, on and below the line is measured
   first, so that each row is as high as its highest card.
3. The customer's cards begin under the first escalation where there is room, else at the left.
4. The foot stands at the end of the page, with the forms explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from engine.insight.graph.board import RuleBoard, Shape, Step, Told, Word
from engine.insight.graph.canvas import Canvas, page_height
from engine.insight.graph.furniture import FOOT_HEIGHT, draw_foot, times_table
from engine.insight.graph.palette import (
    HEADING,
    INK,
    LABEL,
    LANE,
    ON_COLOUR,
    PAPER,
    RULE,
    SMALL,
    SMALL_ON_COLOUR,
    STRONG,
    SUBTITLE,
    TEXT,
    TINTS,
    TITLE,
)
from engine.insight.graph.typesetting import Line, height_of, paragraph

_WIDTH: Final = 1400.0
_MARGIN: Final = 48.0
_LEFT: Final = 120.0
"""What the names of the lanes take."""
_INNER: Final = _WIDTH - 2 * _MARGIN
_LANE: Final = _INNER - _LEFT
_MOST_COLUMNS: Final = 5
_GAP: Final = 20.0
_PADDING: Final = 14.0
_WIDEST_CARD: Final = 400.0
_NARROWEST_WORD: Final = 270.0
_MARK: Final = 26.0
_AXIS: Final = 34.0
"""Room for the line and the marks on it."""


@dataclass(frozen=True, slots=True)
class _Card:
    """A card before it has a place."""

    shape: Shape
    head: tuple[Line, ...]
    body: tuple[Line, ...]
    above: tuple[Line, ...] = ()

    @property
    def head_height(self) -> float:
        return height_of(self.head) + 14

    @property
    def height(self) -> float:
        return self.head_height + height_of(self.body) + 2 * _PADDING


def draw_ladder(board: RuleBoard, generation: str) -> str:
    """The SVG document of one rule."""
    canvas = Canvas(_WIDTH)
    y = _head(canvas, board)
    columns = _columns(len(board.steps))
    width = min(_WIDEST_CARD, (_LANE - _GAP * (columns - 1)) / columns)
    for first in range(0, len(board.steps), columns):
        row = board.steps[first : first + columns]
        y = _row(canvas, board, row, width, y)
    y = _customer_lane(canvas, board, columns, width, y)
    y = _notes(canvas, board, y)
    foot = max(y, page_height(_WIDTH) - FOOT_HEIGHT - _MARGIN / 2)
    draw_foot(canvas, _MARGIN, foot, _INNER, f"{board.place}  ·  rules {generation}")
    return canvas.document(
        foot + FOOT_HEIGHT + _MARGIN / 2,
        title=f"{board.id}: {board.description}" if board.description else board.id,
        description=_description(board),
    )


def _columns(steps: int) -> int:
    """How many steps stand beside each other: rows are filled evenly."""
    rows = max(1, ceil(steps / _MOST_COLUMNS))
    return max(1, ceil(steps / rows))


# --- the head ------------------------------------------------------------------------------------


def _head(canvas: Canvas, board: RuleBoard) -> float:
    y = canvas.lines(_MARGIN, _MARGIN * 0.8, paragraph(board.id, TITLE, _INNER))
    if board.description:
        y = canvas.lines(_MARGIN, y, paragraph(board.description, SUBTITLE, _INNER))
    y += 10
    for label, text in _facts(board):
        canvas.text(_MARGIN, y + 3, label, LABEL)
        y = canvas.lines(_MARGIN + _LEFT, y, paragraph(text, TEXT, _LANE)) + 3
    y += 12
    canvas.path(f"M{_MARGIN} {y:.0f}h{_INNER}", stroke=RULE, width=1)
    return y + 18


def _facts(board: RuleBoard) -> list[tuple[str, str]]:
    facts = [("FOR", board.concerns)]
    if board.mode:
        facts.insert(0, ("NOT ACTIVE", board.mode))
    facts.append(("CLOCK", board.clock))
    if board.hours:
        facts.append(("HOURS", board.hours))
    if board.target is not None:
        times = board.target.by_priority.items()
        each = "  ·  ".join(f"{one.value} {text}" for one, text in times if text)
        facts.append(("TARGET", board.target.common or each))
    return facts


# --- the staff's lane ----------------------------------------------------------------------------


def _row(
    canvas: Canvas, board: RuleBoard, steps: Sequence[Step], width: float, top: float
) -> float:
    """One row of the ladder: words, line, marks and cards; gives where it ends."""
    cards = [_step_card(step, width) for step in steps]
    is_first, is_last = steps[0] is board.steps[0], steps[-1] is board.steps[-1]
    above = max(height_of(card.above) for card in cards)
    line = top + above + _AXIS / 2
    left = _MARGIN + _LEFT
    end = left + len(steps) * (width + _GAP) - _GAP
    canvas.path(f"M{_MARGIN + 16:.0f} {line:.1f}H{end:.1f}", stroke=INK, width=3)
    if is_last:
        canvas.path(f"M{end:.1f} {line - 7:.1f}l14 7l-14 7z", stroke=INK, fill=INK)
    _beginning(canvas, board.anchor if is_first else "… and on", line)
    cards_top = line + _AXIS / 2 + 8
    height = max(card.height for card in cards)
    canvas.text(_MARGIN, cards_top + 8, "STAFF", LABEL)
    for number, card in enumerate(cards):
        x = left + number * (width + _GAP)
        words = height_of(card.above)
        canvas.lines(x, top + above - words, card.above)
        middle = x + _PADDING + _MARK / 2
        canvas.path(f"M{middle:.1f} {line:.1f}V{cards_top:.1f}", stroke=TINTS[card.shape].strong)
        canvas.mark(card.shape, middle, line, _MARK)
        _place(canvas, card, x, cards_top, width, height)
    return cards_top + height + 24


def _beginning(canvas: Canvas, words: str, line: float) -> None:
    """What starts the clock, at the left end of the line."""
    said = paragraph(words, STRONG, _LEFT - 12)
    canvas.lines(_MARGIN, line - 12 - height_of(said), said)
    canvas.box((_MARGIN + 4, line - 7, 14, 14), fill=INK)


def _step_card(step: Step, width: float) -> _Card:
    inner = width - 2 * _PADDING
    body = [*times_table(step.times, step.when, inner)]
    gap = 0.0
    if body:
        gap = 10.0
    if step.changes:
        body += [Line("THE TICKET", LABEL, gap=gap)]
        for change in step.changes:
            body += paragraph(change, TEXT, inner, gap=1)
        gap = 10.0
    body += [Line("WHO IS TOLD", LABEL, gap=gap)]
    for told in step.tells or (Told("nobody"),):
        body += paragraph(told.who, STRONG, inner, gap=1)
        for way in told.ways:
            body += paragraph(way, SMALL, inner, gap=0)
    if step.again:
        body += paragraph(step.again, TEXT, inner, gap=6)
    return _Card(
        step.shape,
        (
            *paragraph(f"{step.number}  {step.name}", ON_COLOUR, inner),
            *paragraph(step.shape.value, SMALL_ON_COLOUR, inner),
        ),
        tuple(body),
        above=tuple(paragraph(step.when, HEADING, width)),
    )


def _place(canvas: Canvas, card: _Card, x: float, y: float, width: float, height: float) -> None:
    tint = TINTS[card.shape]
    canvas.box((x, y, width, height), fill=PAPER, stroke=tint.strong, role="card")
    canvas.box((x, y, width, card.head_height), fill=tint.strong)
    canvas.lines(x + _PADDING, y + 6, card.head)
    canvas.lines(x + _PADDING, y + card.head_height + _PADDING, card.body)


# --- the customer's lane -------------------------------------------------------------------------


def _customer_lane(
    canvas: Canvas, board: RuleBoard, columns: int, width: float, top: float
) -> float:
    """What the customer hears; gives where it ends."""
    count = len(board.words)
    start, room = _MARGIN + _LEFT, _LANE
    escalation = board.first_escalation
    is_one_row = len(board.steps) <= columns
    if is_one_row and escalation is not None and count:
        under = start + escalation * (width + _GAP)
        left = _MARGIN + _INNER - under
        if (left - _GAP * (count - 1)) / count >= _NARROWEST_WORD:
            start, room = under, left
    widest = width if width >= _NARROWEST_WORD else _WIDEST_CARD
    each = min(widest, (room - _GAP * (count - 1)) / max(count, 1))
    cards = [_word_card(word, each) for word in board.words]
    height = max((card.height for card in cards), default=TEXT.leading + _PADDING)
    canvas.box((_MARGIN, top, _INNER, height + 2 * _PADDING), fill=LANE, radius=6, role="lane")
    canvas.text(_MARGIN + 10, top + _PADDING + 8, "CUSTOMER", LABEL)
    if not cards:
        said = "hears nothing because of this rule"
        canvas.text(_MARGIN + _LEFT, top + _PADDING + 5, said, TEXT)
    if cards and start > _MARGIN + _LEFT:
        middle = start + _PADDING + _MARK / 2
        strong = TINTS[Shape.CUSTOMER].strong
        canvas.path(f"M{middle:.1f} {top - 24:.1f}V{top + _PADDING:.1f}", stroke=strong)
    for number, card in enumerate(cards):
        x = start + number * (each + _GAP)
        _place(canvas, card, x, top + _PADDING, each, height)
        canvas.mark(Shape.CUSTOMER, x + each - 26, top + _PADDING + 18, 22, colour=PAPER)
    return top + height + 2 * _PADDING + 16


def _word_card(word: Word, width: float) -> _Card:
    inner = width - 2 * _PADDING
    body: list[Line] = []
    if word.times is not None:
        body += times_table(word.times, word.when, inner)
    if word.subject:
        body += paragraph(f"“{word.subject}”", TEXT, inner, gap=8 if body else 0)
    body += paragraph(f"text: {word.template}", SMALL, inner, gap=4)
    for remark in word.remarks:
        body += paragraph(remark, SMALL, inner, gap=2)
    head = paragraph(word.when, ON_COLOUR, inner - 34)
    return _Card(Shape.CUSTOMER, tuple(head), tuple(body))


# --- the foot ------------------------------------------------------------------------------------


def _notes(canvas: Canvas, board: RuleBoard, top: float) -> float:
    for note in board.notes:
        top = canvas.lines(_MARGIN, top, paragraph(note, TEXT, _INNER)) + 2
    return top + 14


def _description(board: RuleBoard) -> str:
    """The picture for those who cannot see it."""
    said = [f"For {board.concerns}.", f"The clock {board.clock}."]
    for step in board.steps:
        told = ", ".join(each.who for each in step.tells) or "nobody"
        said.append(f"Level {step.number}, {step.name}, {step.when}: tells {told}.")
    said += [f"The customer hears “{word.template}” {word.when}." for word in board.words]
    return " ".join(said)
