"""No number, operator or target of a starter rule can be changed without a test that notices.

A mutant is a copy of the rules folder in which one such word has been changed. It is killed when at
least one test of its file fails. A mutant that `check` refuses tells nothing and is not counted.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from engine.app import equipment
from engine.rulebook import load
from engine.ruletests.finding import find_test_files
from engine.ruletests.running import Runner
from tests.rules.mutants import Mutant, mutants_of

RULES: Final = Path(__file__).parents[2] / "rules"
FILES: Final = [path for path in sorted(RULES.glob("*.yaml")) if mutants_of(path)]

EQUIVALENT: Final = {
    "issue-type.yaml notify: specialists -> group": (
        "the level itself gives the ticket to the group specialists, and `group` is the group after"
        " the level; no rule that runs before this one assigns a group, so nobody can be quicker"
    ),
}
"""Mutants that change nothing that could be seen → why."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the rules folder."""
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def is_noticed(folder: Path, mutant: Mutant) -> bool | None:
    """Whether a test fails; None if the mutant is no rule file at all."""
    file = folder / mutant.file.name
    sound = file.read_text(encoding="utf-8")
    file.write_text(mutant.text, encoding="utf-8")
    try:
        if load(folder).generation is None:
            return None
        runner = Runner(equipment())
        tests = (one for one in find_test_files([folder]) if f"../{file.name}" in one.read_text())
        return any(not runner.run(one).is_good for one in tests)
    finally:
        file.write_text(sound, encoding="utf-8")


@pytest.mark.proof
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_small_change_of_a_starter_rule_fails_a_test(folder: Path, path: Path) -> None:
    fates = {mutant: is_noticed(folder, mutant) for mutant in mutants_of(path)}
    counted = {mutant: fate for mutant, fate in fates.items() if fate is not None}
    survivors = [mutant for mutant, fate in counted.items() if not fate]
    argued = [mutant for mutant in counted if mutant.what in EQUIVALENT]

    print(  # noqa: T201 - the counts are the proof
        f"{path.name}: {len(counted)} mutants, {len(survivors)} survivors, {len(argued)} of them"
        f" equivalent"
        f" ({len(fates) - len(counted)} more are refused by check)"
    )
    assert counted
    assert [str(mutant) for mutant in survivors if mutant not in argued] == []
    assert [str(mutant) for mutant in argued if mutant not in survivors] == []
