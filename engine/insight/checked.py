"""What is wrong with rule files, as programs outside are told: format ``escalatord.check/1``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.errors import Problem

if TYPE_CHECKING:  # `check` starts quickly: it needs no more of the contracts than their types
    from engine.insight.contracts.documents import CheckDocument, CheckProblem


def as_json(files: Iterable[str], problems: Iterable[Problem]) -> CheckDocument:
    """The document of ``check --format json``.

    Args:
        files: The rule files that were read.
        problems: Their faults, sorted by place.
    """
    listed = list(problems)
    return {
        "format": "escalatord.check/1",
        "ok": all(problem.severity != "error" for problem in listed),
        "files": list(files),
        "problems": [_problem(problem) for problem in listed],
    }


def _problem(one: Problem) -> CheckProblem:
    return {
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "end_column": one.end_column,
        "severity": "error" if one.severity == "error" else "warning",
        "code": one.code,
        "message": one.message,
        "help": one.help,
        "rule": one.rule,
    }
