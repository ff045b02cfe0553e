"""Problems as people see them: the line, and a caret under what is wrong with it."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from engine.errors import Problem
from engine.rulebook.loader import Loaded
from engine.rulebook.yaml_faults import LINE_BREAK

_WIDTH = 96
"""Longest stretch of a line that is shown, in columns of a terminal."""

_NARROW = 40
"""A terminal that has less is not helped by shorter lines."""

_GUTTER = "      | "
_LEAD = 24
"""How much of a clipped line stands before the caret."""


Paint = Callable[[str, str], str]
"""Colours a text, given the severity of its problem."""


def render_problem(
    problem: Problem, source: str, width: int | None = None, paint: Paint | None = None
) -> str:
    """One problem, as `file:line:column: severity[code] message` and the place in its line.

    Args:
        problem: What is wrong.
        source: The text of its file; empty when there is none to show.
        width: Columns of the terminal, where there is one: what would not fit beside the caret
            then stands below it.
        paint: Colours the severity and the caret; None for no colour.
    """

    def painted(text: str) -> str:
        return text if paint is None else paint(text, problem.severity)

    where = f"{problem.file}:{problem.line}:{problem.column}"
    kind = painted(f"{problem.severity}[{problem.code}]")
    head = f"{where}: {kind} {problem.message}"
    line = _line_of(problem, source)
    if line is None:
        return f"{head}\n{_GUTTER}{problem.help}" if problem.help else head
    room = _WIDTH if width is None else max(min(_WIDTH, width - len(_GUTTER) - 2), _NARROW)
    shown, indent, length = _excerpt(line, problem.column - 1, problem.end_column - 1, room)
    rows = [f"{problem.line:>5} | {shown}", f"{_GUTTER}{' ' * indent}{painted('^' * length)}"]
    if problem.help and (
        width is None or len(_GUTTER) + indent + length < width - len(problem.help)
    ):
        rows[-1] = f"{rows[-1]} {problem.help}"
    elif problem.help:
        room = max((width or 0) - len(_GUTTER), _NARROW)
        rows += (f"{_GUTTER}{part}" for part in textwrap.wrap(problem.help, room))
    return "\n".join((head, *rows))


def render_all(loaded: Loaded) -> tuple[str, ...]:
    """Every problem, and their sum; nothing where there is none."""
    if not loaded.problems:
        return ()
    shown = (render_problem(each, loaded.sources.get(each.file, "")) for each in loaded.problems)
    return (*shown, render_summary(loaded))


def render_summary(loaded: Loaded) -> str:
    """One line on all of it: `6 files, 11 rules: 5 errors, 1 warning`."""
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    warnings = len(loaded.problems) - errors
    found = [_counted(errors, "error")] * bool(errors)
    found += [_counted(warnings, "warning")] * bool(warnings)
    scope = f"{_counted(len(loaded.files), 'file')}, {_counted(loaded.rule_count, 'rule')}"
    return f"{scope}: {', '.join(found) or 'no problems'}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _line_of(problem: Problem, source: str) -> str | None:
    lines = _lines(source)
    if not source or not 0 < problem.line <= len(lines):
        return None
    return lines[problem.line - 1]


@lru_cache(maxsize=4)
def _lines(source: str) -> list[str]:
    # A file can have thousands of problems, which stand beside each other.
    return LINE_BREAK.split(source)


def _excerpt(line: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """The part of a line around the columns [start, end), and where the caret goes beneath it.

    Returns:
        What to show, the caret's indent and its width, these two in columns of a terminal.
    """
    begin = 0
    if len(line) > room and start > _LEAD:
        begin = min(start - _LEAD, max(len(line) - room, 0))
    stop = min(len(line), begin + room)
    before, after = "…" * (begin > 0), "…" * (stop < len(line))
    cells = [_visible(character) for character in line[begin:stop]]
    left, right = start - begin, min(end, stop) - begin
    indent = len(before) + sum(map(_columns, cells[:left])) + max(0, start - len(line))
    return f"{before}{''.join(cells)}{after}", indent, max(1, sum(map(_columns, cells[left:right])))


def _visible(character: str) -> str:
    """A character that cannot move the cursor, hide or break the line."""
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    return character if character.isprintable() else "\ufffd"


def _columns(character: str) -> int:
    """How many columns of a terminal a character takes (Unicode TR 11, TR 44)."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
