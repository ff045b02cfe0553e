"""The rules that people are given to copy are beyond reproach."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engine.checking import check
from engine.rulebook import render_all

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["rules", "docs/cookbook"])
def test_rules_that_we_hand_out_give_no_problem(folder: str) -> None:
    loaded = check([ROOT / folder], date(2026, 3, 2))

    assert loaded.generation is not None
    assert loaded.generation.rules
    assert render_all(loaded) == ()
