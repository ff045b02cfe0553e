"""Each broken file or folder under `tests/rules/broken`, beside what is said of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engine.checking import check
from engine.rulebook import Loaded, render_problem, render_summary

BROKEN = Path(__file__).parents[2] / "rules" / "broken"
FAULTS = sorted(path.stem for path in BROKEN.glob("*.expected"))
TODAY = date(2026, 3, 2)


def checked(folder: Path) -> Loaded:
    return check([folder if folder.is_dir() else folder.with_suffix(".yaml")], TODAY)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_shown_at_its_place(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    loaded = checked(Path(fault))
    shown = [render_problem(one, loaded.sources.get(one.file, "")) for one in loaded.problems]
    expected = (BROKEN / f"{fault}.expected").read_text()
    assert "\n".join([*shown, render_summary(loaded)]) + "\n" == expected


def test_every_broken_file_has_its_expectation() -> None:
    written = {path.stem if path.is_file() else path.name for path in BROKEN.iterdir()}
    assert written == set(FAULTS)
    assert len(FAULTS) >= 40


@pytest.mark.parametrize("fault", FAULTS)
def test_errors_leave_no_generation_and_warnings_do(fault: str) -> None:
    loaded = checked(BROKEN / fault)
    has_errors = any(problem.severity == "error" for problem in loaded.problems)
    assert loaded.problems
    assert (loaded.generation is None) is has_errors


@pytest.mark.parametrize("fault", FAULTS)
def test_problems_are_sorted_and_lie_in_their_file(fault: str) -> None:
    loaded = checked(BROKEN / fault)
    places = [(problem.file, problem.line, problem.column) for problem in loaded.problems]
    assert places == sorted(places)
    for problem in loaded.problems:
        lines = loaded.sources[problem.file].splitlines() or [""]
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column < problem.end_column
