"""All rules on one sheet: a table of who is told when, with a column for each priority.

A rule is a block: what it is for, then a line for each level and for each message to the customer.
Arrows at the left lead from a rule to those that it holds back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.domain.ticket import Priority
from engine.insight.graph.board import Board, RuleBoard, Shape, Step, Times, Word
from engine.insight.graph.canvas import Canvas, page_height
from engine.insight.graph.furniture import FOOT_HEIGHT, NOT_CONCERNED, draw_foot
from engine.insight.graph.palette import (
    HEADING,
    INK,
    LABEL,
    LANE,
    RULE,
    SMALL,
    STRONG,
    TEXT,
    TITLE,
)
from engine.insight.graph.typesetting import Line, height_of, paragraph

_WIDTH: Final = 1200.0
_MARGIN: Final = 40.0
_INNER: Final = _WIDTH - 2 * _MARGIN
_ARROWS: Final = 40.0
"""What the arrows take at the left, where there are any."""
_MARK: Final = 18.0
_TIME: Final = 90.0
_NAME: Final = 230.0
_CHANGES: Final = 220.0
_GAP: Final = 14.0
_PRIORITIES: Final = tuple(reversed(Priority))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where each column of the table begins, and how wide it is."""

    left: float

    @property
    def name(self) -> float:
        return self.left + _MARK + 2 * _GAP

    def time(self, number: int) -> float:
        return self.name + _NAME + number * _TIME

    @property
    def changes(self) -> float:
        return self.time(len(_PRIORITIES))

    @property
    def told(self) -> float:
        return self.changes + _CHANGES

    @property
    def told_width(self) -> float:
        return _MARGIN + _INNER - self.told - _GAP


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table, broken to its columns.

    Attributes:
        times: A column for each priority; none where the step has no times.
    """

    shape: Shape
    name: tuple[Line, ...]
    times: tuple[tuple[Line, ...], ...]
    changes: tuple[Line, ...]
    told: tuple[Line, ...]

    @property
    def height(self) -> float:
        texts = max(map(height_of, (self.name, *self.times, self.changes, self.told)))
        return max(texts, TEXT.leading) + 10


def draw_overview(board: Board) -> str:
    """The SVG document of all rules."""
    canvas = Canvas(_WIDTH)
    has_arrows = any(rule.held_back for rule in board.rules)
    columns = _Columns(_MARGIN + (_ARROWS if has_arrows else 0))
    y = _heads(canvas, columns)
    places: dict[str, float] = {}
    for rule in board.rules:
        places[rule.id] = y + HEADING.leading / 2 + 8
        y = _block(canvas, rule, columns, y)
    _arrows(canvas, board.rules, places)
    y = _reached(canvas, board, y)
    foot = max(y + 10, page_height(_WIDTH) - FOOT_HEIGHT - _MARGIN / 2)
    draw_foot(canvas, _MARGIN, foot, _INNER, f"{_counted(board)}  ·  rules {board.generation}")
    return canvas.document(
        foot + FOOT_HEIGHT + _MARGIN / 2,
        title="Who is told, and when",
        description=_description(board),
    )


def _heads(canvas: Canvas, columns: _Columns) -> float:
    y = _MARGIN * 0.8
    canvas.text(_MARGIN, y, "Who is told, and when", TITLE)
    y += TITLE.leading + 12
    canvas.text(columns.name, y, "STEP", LABEL)
    for number, priority in enumerate(_PRIORITIES):
        canvas.text(columns.time(number), y, priority.value.upper(), LABEL)
    canvas.text(columns.changes, y, "WHAT HAPPENS TO THE TICKET", LABEL)
    canvas.text(columns.told, y, "WHO IS TOLD", LABEL)
    return y + LABEL.leading + 6


# --- a rule --------------------------------------------------------------------------------------


def _block(canvas: Canvas, rule: RuleBoard, columns: _Columns, top: float) -> float:
    """One rule; gives where the next one begins."""
    width = _MARGIN + _INNER - columns.left - 2 * _GAP
    head = [
        *paragraph(rule.id, HEADING, width),
        *paragraph(_sentence(rule), TEXT, width),
        *paragraph(f"For {rule.concerns}. Clock: {rule.clock}.", SMALL, width, gap=1),
    ]
    height = height_of(head) + 14
    whole = _MARGIN + _INNER - columns.left
    canvas.box((columns.left, top, whole, height), fill=LANE, role="rule")
    canvas.lines(columns.left + _GAP, top + 7, head)
    y = top + height + 3
    rows = [*(_step(step, columns) for step in rule.steps)]
    rows += [_word(word, columns) for word in rule.words]
    for number, row in enumerate(rows):
        if number:
            line = f"M{columns.name:.1f} {y:.1f}H{_MARGIN + _INNER:.1f}"
            canvas.path(line, stroke=RULE, width=0.7)
        _draw(canvas, row, columns, y)
        y += row.height
    return y + 10


def _sentence(rule: RuleBoard) -> str:
    parts = [part for part in (rule.mode.upper(), rule.description) if part]
    if rule.held_back:
        parts.append(f"(holds back {', '.join(rule.held_back)} until its last level has fired)")
    return "  ".join(parts) or "no description"


def _step(step: Step, columns: _Columns) -> _Row:
    told: list[Line] = []
    for each in step.tells:
        told += paragraph(each.who, STRONG, columns.told_width)
    if step.again:
        told += paragraph(step.again, SMALL, columns.told_width)
    name = paragraph(f"{step.number}  {step.name}", STRONG, _NAME - _GAP)
    name += paragraph(step.share, SMALL, _NAME - _GAP)
    changes = paragraph("; ".join(step.changes), TEXT, _CHANGES - _GAP)
    return _Row(step.shape, tuple(name), _times(step.times), tuple(changes), tuple(told))


def _word(word: Word, columns: _Columns) -> _Row:
    width = columns.told_width
    told = [*paragraph("the customer", STRONG, width)]
    said = f"“{word.subject}”" if word.subject else word.template
    told += paragraph(said, SMALL, width)
    name = paragraph(word.when, TEXT, _NAME - _GAP)
    remarks = paragraph("; ".join(word.remarks), SMALL, _CHANGES - _GAP)
    return _Row(Shape.CUSTOMER, tuple(name), _times(word.times), tuple(remarks), tuple(told))


def _times(times: Times | None) -> tuple[tuple[Line, ...], ...]:
    if times is None:
        return ()
    said = (times.by_priority.get(priority) or NOT_CONCERNED for priority in _PRIORITIES)
    return tuple(tuple(paragraph(text, TEXT, _TIME - 8)) for text in said)


def _draw(canvas: Canvas, row: _Row, columns: _Columns, top: float) -> None:
    y = top + 5
    canvas.mark(row.shape, columns.left + _GAP + _MARK / 2, y + TEXT.leading / 2, _MARK)
    canvas.lines(columns.name, y, row.name)
    for number, time in enumerate(row.times):
        canvas.lines(columns.time(number), y, time)
    canvas.lines(columns.changes, y, row.changes)
    canvas.lines(columns.told, y, row.told)


def _reached(canvas: Canvas, board: Board, top: float) -> float:
    """How those who are told are reached, and which hours count; gives where it ends."""
    for label, texts in (
        (
            "HOW THEY ARE REACHED",
            [f"{each.who}: {'; '.join(each.ways)}" for each in board.receivers],
        ),
        ("HOURS", board.calendars),
    ):
        if texts:
            top = canvas.lines(_MARGIN, top, [Line(label, LABEL, gap=8)])
        for text in texts:
            top = canvas.lines(_MARGIN, top, paragraph(text, SMALL, _INNER))
    return top


# --- what holds what back ------------------------------------------------------------------------


def _arrows(canvas: Canvas, rules: Sequence[RuleBoard], places: dict[str, float]) -> None:
    pairs = [(rule.id, other) for rule in rules for other in rule.held_back if other in places]
    right = _MARGIN + _ARROWS - 2
    for number, (holder, held) in enumerate(pairs):
        x = _MARGIN + (_ARROWS - 16) * (number % 4) / 4
        # Two arrows that end at one rule end beside each other.
        start, end = places[holder] + 4, places[held] - 4
        path = f"M{right:.1f} {start:.1f}H{x:.1f}V{end:.1f}H{right - 8:.1f}"
        canvas.path(path, stroke=INK, width=1.6, dashes="5 3")
        canvas.path(f"M{right:.1f} {end:.1f}l-11 -5v10z", stroke=INK, fill=INK, width=1)


def _counted(board: Board) -> str:
    count = len(board.rules)
    return f"{count} {'rule' if count == 1 else 'rules'}"


def _description(board: Board) -> str:
    """The picture for those who cannot see it."""
    said = []
    for rule in board.rules:
        steps = [
            f"{step.when} {' and '.join(told.who for told in step.tells) or 'nobody'}"
            for step in rule.steps
        ]
        said.append(f"{rule.id}: {'; '.join(steps) or 'writes to customers only'}.")
    return " ".join(said)
