"""Backlog over many generations: every command is a new process that knows only the store."""

from __future__ import annotations

import pytest

from tests.cli.desk import LATE, Desk, day, row

OTHER = """\
  - id: other
    description: Another rule
    match: {subject: %s}
    levels: [{name: x, after: 1h}]
"""
WAITING = (row("1", "09:00"), row("1", "10:30", "Wait"), row("1", "14:00"))


def names(each: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(one["level"], one["reason"]) for one in each]


def test_a_backlog_that_waits_is_backlog_after_other_edits_and_restarts(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.config()
    desk.log(*WAITING)
    desk.rules(OTHER % "nothing")
    desk.once("--at", day("09:05"))
    desk.rules(LATE, OTHER % "nothing")
    desk.once("--at", day("12:00"))
    desk.rules(LATE, OTHER % "nobody")
    desk.once("--at", day("13:00"))

    document = desk.once("--at", day("14:05"))

    assert document["fired"] == []
    assert names(document["skipped"]) == [(1, "backlog")]
    assert desk.explain("desk:1")["late"]["levels"][0]["state"] == "skipped"


def test_a_level_that_waited_before_its_rule_was_edited_fires_after_restarts(
    empty_desk: Desk,
) -> None:
    desk = empty_desk
    desk.config()
    desk.log(row("1", "09:00"), row("1", "10:00", "Wait"), row("1", "14:00"))
    desk.rules(LATE)
    desk.once("--at", day("09:05"))
    desk.rules(LATE.replace("after: 2h", "after: 3h"))
    desk.once("--at", day("12:00"))
    desk.rules(LATE.replace("after: 2h", "after: 4h"), OTHER % "nothing")
    desk.once("--at", day("13:00"))

    document = desk.once("--at", day("14:05"))

    assert names(document["fired"]) == [(1, "level_due")]


@pytest.mark.parametrize("text", [LATE, LATE.replace("id: late", "id: slow\n    moved_from: late")])
def test_going_back_to_an_earlier_text_is_a_loading_of_its_own(empty_desk: Desk, text: str) -> None:
    desk = empty_desk
    desk.config()
    desk.log(row("1", "09:00"))
    desk.rules(text)
    desk.once("--at", day("09:05"))
    desk.rules(LATE.replace("after: 1h", "after: 90h").replace("after: 2h", "after: 91h"))
    desk.once("--at", day("09:30"))
    desk.rules(text)

    document = desk.once("--at", day("12:00"))

    assert document["fired"] == []
    assert names(document["skipped"]) == [(1, "backlog"), (2, "backlog")]
