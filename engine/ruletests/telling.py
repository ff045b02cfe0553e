"""What a run came to, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.rulebook import render_problem
from engine.ruletests.running import CaseResult, FileResult
from engine.ruletests.timelines import side_by_side


def report_lines(files: Sequence[FileResult], width: int, seconds: float) -> Iterator[str]:
    """All that failed, and a summary.

    Args:
        files: What came of each file.
        width: Columns of the terminal.
        seconds: How long it took.
    """
    for one in files:
        yield from _faults(one)
        for result in one.results:
            if not result.is_good:
                yield f"FAIL {result.file}:{result.line}: {result.name}"
                yield from failure_lines(result, width)
                yield ""
    yield f"{_summary(files)} ({seconds:.1f} s)"


def failure_lines(result: CaseResult, width: int) -> Iterator[str]:
    """Why a case failed: its timelines, and what else there is to say."""
    yield from side_by_side(result.pairs, result.zone, width, names_tickets=result.tickets > 1)
    yield from (f"  {remark}" for remark in result.remarks)


def _faults(one: FileResult) -> Iterator[str]:
    for problem in one.problems:
        yield render_problem(problem, one.sources.get(problem.file, ""))
    if not one.is_readable:
        yield f"FAIL {one.file}: not run"
        yield ""


def _summary(files: Sequence[FileResult]) -> str:
    results = [result for one in files for result in one.results]
    failed = sum(not result.is_good for result in results)
    unread = sum(not one.is_readable for one in files)
    parts = [f"{len(results) - failed} passed"]
    parts += [f"{failed} failed"] * bool(failed)
    parts += [f"{counted(unread, 'file')} could not be read"] * bool(unread)
    return f"{counted(len(results), 'case')} in {counted(len(files), 'file')}: {', '.join(parts)}"


def counted(number: int, noun: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
