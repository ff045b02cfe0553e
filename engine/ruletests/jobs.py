"""Sharing the work of many test files among processes."""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from engine.ruletests.playing import Equipment
from engine.ruletests.running import FileResult, Runner

WORTH_SHARING: Final = 100_000
"""Bytes of tests beyond which further processes save more time than they take: some 300 cases."""


@dataclass(frozen=True, slots=True)
class _Share:
    """A part of the work: of the file's cases every `of`-th, from number `part` on."""

    path: Path
    part: int = 0
    of: int = 1


def run_files(
    paths: Sequence[Path],
    equipment: Callable[[], Equipment],
    pattern: re.Pattern[str] | None = None,
    jobs: int | None = None,
) -> list[FileResult]:
    """Run test files; the results are in the order of the files, however many processes work.

    Args:
        paths: The files.
        equipment: Makes what is not simulated, in each process; a function of a module.
        pattern: Only cases in whose file or name it is found; None for all.
        jobs: Processes; None to choose.
    """
    count = jobs or (len(os.sched_getaffinity(0)) if _size(paths) > WORTH_SHARING else 1)
    if count == 1:
        runner = Runner(equipment(), pattern)
        return [runner.run(path) for path in paths]
    # Files are shared whole, but for a few that hold much.
    parts = 1 if len(paths) >= 2 * count else count
    shares = [_Share(path, part, parts) for path in paths for part in range(parts)]
    with ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(equipment, pattern),
    ) as pool:
        done = list(pool.map(_run, shares))
    return [_joined(done[start : start + parts]) for start in range(0, len(done), parts)]


def _size(paths: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())


_runner: Runner | None = None
"""A worker's own; it keeps the rules that it has read."""


def _begin(equipment: Callable[[], Equipment], pattern: re.Pattern[str] | None) -> None:
    global _runner  # noqa: PLW0603 - what an initializer leaves for the calls to come
    _runner = Runner(equipment(), pattern)


def _run(share: _Share) -> FileResult:
    assert _runner is not None  # noqa: S101 - the pool calls the initializer first
    return _runner.run(share.path, share.part, share.of)


def _joined(parts: Sequence[FileResult]) -> FileResult:
    """The parts of one file as one, its cases in the order of the file."""
    results = sorted((one for part in parts for one in part.results), key=lambda one: one.line)
    return replace(parts[0], results=tuple(results))
