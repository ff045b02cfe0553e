"""The cookbook keeps its word: each recipe is sound, listed, and does what its tests say."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.app import equipment
from engine.rulebook import load
from engine.ruletests.running import Runner

COOKBOOK = Path(__file__).parents[2] / "docs" / "cookbook"
RECIPES = sorted(path.stem for path in COOKBOOK.glob("*.yaml") if path.stem != "desk")


@pytest.fixture(scope="module")
def runner() -> Runner:
    return Runner(equipment())


def test_the_cookbook_is_sound() -> None:
    assert load(COOKBOOK).problems == ()


def test_there_are_twenty_wishes_and_more() -> None:
    assert len(RECIPES) >= 20


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_does_what_its_tests_say(runner: Runner, recipe: str) -> None:
    done = runner.run(COOKBOOK / "tests" / f"{recipe}.test.yaml")

    assert done.problems == ()
    assert [one.name for one in done.results if not one.is_good] == []
    assert done.results


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_is_listed_by_its_wish(recipe: str) -> None:
    text = (COOKBOOK / f"{recipe}.yaml").read_text(encoding="utf-8")
    head = " ".join(line.removeprefix("#").strip() for line in text.splitlines()[:6])
    wish = head.partition('Wish: "')[2].partition('"')[0]

    listed = (COOKBOOK / "README.md").read_text(encoding="utf-8")

    assert wish
    assert f"| {wish} | [{recipe}]({recipe}.yaml) |" in listed
