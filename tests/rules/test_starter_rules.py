"""The starter rules do what their tests say, and no level of them is without one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from engine.app import equipment
from engine.ruletests.coverage import measure
from engine.ruletests.finding import find_test_files
from engine.ruletests.playing import Equipment
from engine.ruletests.running import FileResult, Runner
from engine.ruletests.telling import report_lines
from engine.store import open_store

RULES: Final = Path(__file__).parents[2] / "rules"
FILES: Final = find_test_files([RULES])
WIDTH: Final = 120


@pytest.fixture(scope="module")
def runner() -> Runner:
    return Runner(equipment())


@pytest.fixture(scope="module")
def results(runner: Runner) -> list[FileResult]:
    return [runner.run(path) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_starter_rule_does_what_its_tests_say(runner: Runner, path: Path) -> None:
    result = runner.run(path)

    assert result.is_good, "\n".join(report_lines([result], WIDTH, 0))


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_starter_rule_does_the_same_on_the_daemons_own_store(path: Path) -> None:
    on_sqlite = Equipment(lambda: open_store("sqlite://"), equipment().composer)

    result = Runner(on_sqlite).run(path)

    assert result.is_good, "\n".join(report_lines([result], WIDTH, 0))


@pytest.mark.parametrize("levels", [True, False], ids=["level", "customer message"])
def test_everything_that_the_starter_rules_can_do_comes_in_some_test(
    results: list[FileResult], *, levels: bool
) -> None:
    coverage = measure(results)
    seen, known = coverage.share(levels=levels)

    assert [part for part in coverage.parts if not part.is_seen] == []
    assert seen == known > 0
