"""Each broken test file under `broken`, beside what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.rulebook import render_problem
from engine.ruletests.reading import read_test_file
from engine.ruletests.rule_files import RuleShelf

BROKEN = Path(__file__).parent / "broken"
FAULTS = sorted(path.stem for path in BROKEN.glob("*.expected"))


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_shown_at_its_place(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)

    read = read_test_file(Path(f"{fault}.test.yaml"), RuleShelf())

    shown = [render_problem(one, read.sources.get(one.file, "")) for one in read.problems]
    assert read.tests is None
    assert "\n".join(shown) + "\n" == (BROKEN / f"{fault}.expected").read_text()


def test_every_broken_file_has_its_expectation() -> None:
    written = {path.name.removesuffix(".test.yaml") for path in BROKEN.glob("*.test.yaml")}

    assert written == set(FAULTS)
