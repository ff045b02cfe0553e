"""How long a thousand rule tests take: the starter rules' own, over and over.

Run with ``python -m tests.bench.rule_tests``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

from engine.app import equipment
from engine.ruletests.finding import find_test_files
from engine.ruletests.jobs import run_files

RULES: Final = Path(__file__).parents[2] / "rules"
WANTED: Final = 1000


def copies(folder: Path) -> list[Path]:
    """The rules in a folder, with their tests so often that there are a thousand cases."""
    shutil.copytree(RULES, folder / "rules")
    tests = folder / "rules" / "tests"
    originals = find_test_files([tests])
    cases = sum(path.read_text(encoding="utf-8").count("- name: ") for path in originals)
    for number in range(1, -(-WANTED // cases)):
        for path in originals:
            shutil.copy(path, tests / f"{number}-{path.name}")
    return find_test_files([tests])


def processor_seconds() -> float:
    """What this process and those that it has waited for have worked."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main() -> None:
    """Run them in one process, and in one for each processor."""
    with tempfile.TemporaryDirectory() as folder:
        files = copies(Path(folder))
        for jobs in sorted({1, len(os.sched_getaffinity(0))}):
            begun, worked = time.perf_counter(), processor_seconds()
            results = run_files(files, equipment, jobs=jobs)
            seconds, work = time.perf_counter() - begun, processor_seconds() - worked
            cases = sum(len(one.results) for one in results)
            assert all(one.is_good for one in results)
            print(
                f"{cases} cases in {len(files)} files, {jobs} processes: {seconds:.1f} s"
                f" ({work:.1f} s of processor time)"
            )


if __name__ == "__main__":
    main()
