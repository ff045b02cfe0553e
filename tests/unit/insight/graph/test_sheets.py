"""The SVG sheets: whatever the rules say, they are sound documents that can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.insight.graph import Picture, all_pictures, board_of, overview, rule_picture
from engine.insight.graph.board import Board
from engine.rulebook import load
from tests.unit.insight.graph.generations import generation_of
from tests.unit.insight.graph.sheets import SVG, Sheet

ROOT = Path(__file__).parents[4]
FOLDERS = ["rules", "docs/cookbook", "tests/oracle/rules", "tests/bench/rules"]


def loaded(folder: Path) -> Board:
    found = load(folder).generation
    assert found is not None
    return board_of(found)


@pytest.fixture(scope="module")
def starter() -> Board:
    return loaded(ROOT / "rules")


def faults(pictures: list[Picture]) -> list[str]:
    return [f"{each.name}: {fault}" for each in pictures for fault in Sheet.of(each.text).faults()]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_text_lies_over_another_or_leaves_its_card(folder: str) -> None:
    assert faults(all_pictures(loaded(ROOT / folder), "svg")) == []


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_rules_say_a_sheet_can_be_read(seed: int) -> None:
    assert faults(all_pictures(board_of(generation_of(seed)), "svg")) == []


@pytest.mark.proof
def test_thousands_of_rule_sets_can_be_read() -> None:
    for seed in range(2000):
        assert faults(all_pictures(board_of(generation_of(seed)), "svg")) == [], f"seed {seed}"


def test_a_sheet_has_a_title_and_a_description_for_those_who_cannot_see_it(
    starter: Board,
) -> None:
    root = Sheet.of(rule_picture(starter, "svg", "unresolved-in-time").text).root

    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert title is not None
    assert description is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert str(title.text).startswith("unresolved-in-time: Work that is not resolved")
    assert "Level 2, second-line, after 100 % of the target: tells second-line." in str(
        description.text
    )


def test_a_sheet_loads_nothing_from_elsewhere(starter: Board) -> None:
    for picture in all_pictures(starter, "svg"):
        assert picture.text.count("http") == 1  # the name of the format
        assert "href" not in picture.text
        assert "<script" not in picture.text


def test_a_rule_that_fits_is_a_landscape_page(starter: Board) -> None:
    root = Sheet.of(rule_picture(starter, "svg", "unresolved-in-time").text).root

    assert (root.get("width"), root.get("height")) == ("297mm", "210mm")


def test_the_ladder_says_who_is_told_when(starter: Board) -> None:
    says = Sheet.of(rule_picture(starter, "svg", "unresolved-in-time").text).says()

    for text in (
        "ticket opened",
        "after 75 % of the target",
        "7h 30m",
        "2d 2h 30m",
        "whoever has the ticket",
        "goes to the group second-line",
        "desk-log: manager on call (outside support-hours)",
        "with level 2, second-line",
        "“Your request … is now with senior colleagues”",
    ):
        assert text in says.splitlines()


def test_the_overview_names_every_level_of_every_rule(starter: Board) -> None:
    says = Sheet.of(overview(starter, "svg").text).says().splitlines()

    for rule in starter.rules:
        assert rule.id in says
        for step in rule.steps:
            assert f"{step.number} {step.name}" in says


def test_each_kind_of_step_has_its_own_form_and_colour(starter: Board) -> None:
    root = Sheet.of(overview(starter, "svg").text).root

    rings = {each.get("stroke") for each in root.iter(f"{SVG}circle")}
    filled = {each.get("fill") for each in root.iter(f"{SVG}path")} - {"none", "#1b2330"}
    assert len(rings) == 1
    assert len(filled) == 3
    assert not rings & filled


def test_the_same_rules_give_the_same_picture(starter: Board) -> None:
    assert all_pictures(starter, "svg") == all_pictures(loaded(ROOT / "rules"), "svg")
