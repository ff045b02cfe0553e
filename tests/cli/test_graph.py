"""`graph`: pictures on stdout or in a folder; with or without a config file; its exit codes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.cli.desk import LATE, Desk

TYPO = LATE.replace("levels:", "levles:")
SECOND = LATE.replace("id: late", "id: later")


def test_it_prints_the_overview(desk: Desk) -> None:
    ended = desk.run("graph")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("flowchart TB\n  accTitle: Who is told, and when\n")


def test_it_prints_one_rule_as_svg(empty_desk: Desk) -> None:
    empty_desk.rules(LATE)

    ended = empty_desk.run("graph", "rules", "--rule", "late", "--format", "svg")

    assert ended.code == 0
    root = ET.fromstring(ended.out.encode())  # noqa: S314 - a document of our own
    assert root.get("role") == "img"


@pytest.mark.parametrize("format_, ending", [("mermaid", "mmd"), ("svg", "svg")])
def test_it_writes_an_overview_and_each_rule(desk: Desk, format_: str, ending: str) -> None:
    desk.rules(LATE, SECOND)

    ended = desk.run("graph", "--format", format_, "--out", "wall/pictures")

    assert ended.code == 0
    assert ended.out.splitlines() == [
        f"wall/pictures/overview.{ending}",
        f"wall/pictures/rule-late.{ending}",
        f"wall/pictures/rule-later.{ending}",
    ]
    assert all((desk.folder / line).stat().st_size for line in ended.out.splitlines())


def test_it_writes_only_the_rule_that_was_asked_for(desk: Desk) -> None:
    desk.rules(LATE, SECOND)

    ended = desk.run("graph", "--rule", "later", "--out", "wall")

    assert ended.out == "wall/rule-later.mmd\n"
    assert [each.name for each in (desk.folder / "wall").iterdir()] == ["rule-later.mmd"]


def test_broken_rules_are_told_and_not_drawn(desk: Desk) -> None:
    desk.rules(TYPO)

    ended = desk.run("graph", "--out", "wall")

    assert (ended.code, ended.out) == (1, "")
    assert "error[unknown-key] unknown key 'levles'" in ended.err
    assert ended.err.endswith("1 file, 1 rule: 1 error\n")
    assert not (desk.folder / "wall").exists()


def test_an_unknown_rule_cannot_be_drawn(desk: Desk) -> None:
    ended = desk.run("graph", "--rule", "lat")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "escalatord: there is no rule 'lat'; there are: late\n"


def test_a_folder_without_rules_cannot_be_drawn(desk: Desk) -> None:
    desk.write("rules/rules.yaml", "version: 1\n")

    ended = desk.run("graph")

    assert ended.code == 2
    assert ended.err == "escalatord: there is no rule to draw in rules/rules.yaml\n"


def test_a_folder_that_cannot_be_written_is_named(desk: Desk) -> None:
    desk.write("wall", "a file, not a folder")

    ended = desk.run("graph", "--out", "wall")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "escalatord: cannot write into wall: File exists\n"


def test_no_configuration_is_needed_where_rules_are_named(empty_desk: Desk) -> None:
    empty_desk.rules(LATE)

    assert empty_desk.run("graph", "rules").code == 0
    assert empty_desk.run("graph", "nowhere").code == 2
