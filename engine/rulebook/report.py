"""The collected problems of one pass over all files."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.rulebook.nodes import Span


class Report:
    """Takes note of every fault, so that one pass can show them all."""

    def __init__(self) -> None:
        # A dictionary as an ordered set: an aliased node is read once for each of its uses, but
        # its fault stands in the file once.
        self._problems: dict[Problem, None] = {}
        self._rule: str | None = None

    @property
    def error_count(self) -> int:
        """How many errors there are so far; compare two to know whether a reading went well."""
        return sum(problem.severity == "error" for problem in self._problems)

    @property
    def has_errors(self) -> bool:
        """Whether anything keeps the rules from being used."""
        return any(problem.severity == "error" for problem in self._problems)

    @contextmanager
    def concerning(self, rule: str | None) -> Iterator[None]:
        """Name `rule` in every problem that comes up inside."""
        outer, self._rule = self._rule, rule
        try:
            yield
        finally:
            self._rule = outer

    def error(self, at: Span, code: str, message: str, hint: str = "") -> None:
        """Note what makes the rules unusable."""
        self._add("error", at, code, message, hint)

    def warn(self, at: Span, code: str, message: str, hint: str = "") -> None:
        """Note what is probably not meant."""
        self._add("warning", at, code, message, hint)

    def sorted(self) -> tuple[Problem, ...]:
        """All problems by file, line and column."""
        return sorted_by_place(self._problems)

    def _add(self, severity: str, at: Span, code: str, message: str, hint: str) -> None:
        problem = Problem(
            file=at.file,
            line=at.line,
            column=at.column,
            end_column=at.end_column,
            severity=severity,
            code=code,
            message=message,
            help=hint,
            rule=self._rule,
        )
        self._problems.setdefault(problem)


def sorted_by_place(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by file, line and column."""
    return tuple(sorted(problems, key=_place))


def _place(problem: Problem) -> tuple[str, int, int, str, str]:
    return problem.file, problem.line, problem.column, problem.severity, problem.message
