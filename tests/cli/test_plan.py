"""`plan`: what other rules would change, and that it then happens so."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest

from tests.cli.desk import LATE, RECEIVERS, Desk, conforming, day, row

NOON = day("12:00")
FIVE = "5h"


def propose(desk: Desk, *changes: tuple[str, str], rules: str = LATE) -> None:
    """Other rules in the folder `new`: the present ones, with texts replaced."""
    shutil.copytree(desk.folder / "rules" / "templates", desk.folder / "new" / "templates")
    text = f"{RECEIVERS}rules:\n{rules}"
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    desk.write("new/rules.yaml", text)


def plan(desk: Desk, *arguments: str, code: int = 0) -> dict[str, Any]:
    ended = desk.run("plan", "new", "--at", NOON, "--for", FIVE, "--format", "json", *arguments)
    assert ended.code == code, ended.err
    return conforming("plan", ended.document)


def fates(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["ticket"], one["level"], one["fate"]) for one in document["changes"]]


def lively(desk: Desk) -> None:
    """Four tickets of different ages, read at noon."""
    desk.log(
        row("1", "09:00"),
        row("2", "11:30", caller="berta"),
        row("3", "10:50", caller="carl", p="1"),
        row("4", "11:59", caller="dora"),
    )
    desk.once("--through", NOON)


EDITS = {
    "nothing": (),
    "sooner": (("after: 2h", "after: 90m"),),
    "later": (("after: 2h", "after: 4h"),),
    "beyond the stretch": (("after: 2h", "after: 3d"),),
    "another match": (("    levels:", "    match: {priority: urgent}\n    levels:"),),
    "another clock": (("    levels:", "    clock: {since: match}\n    levels:"),),
    "a new level between": (
        ("      - {name: escalate", "      - {name: nudge, after: 100m}\n      - {name: escalate"),
    ),
    "repeats": (("notify: [boss]", "notify: [boss], repeat: {every: 1h, times: 2}"),),
    "renamed": (("- id: late", "- id: tardy\n    moved_from: late"),),
    "renamed level": (("name: escalate", "name: climb"),),
    "acts on the backlog": (
        ("after: 2h", "after: 20m"),
        ("    levels:", "    backlog: act\n    levels:"),
        ("after: 1h", "after: 10m"),
    ),
    "a small budget": (
        ("after: 2h", "after: 2h10m"),
        ("    levels:", "    budget: 1/h\n    levels:"),
    ),
    "shadow": (("    levels:", "    mode: shadow\n    levels:"),),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_predicted_is_what_then_happens(desk: Desk, edit: str) -> None:
    lively(desk)
    propose(desk, *EDITS[edit])
    ended = desk.run("plan", "new", "--at", NOON, "--for", FIVE, "--format", "json")
    predicted = conforming("plan", ended.document)

    shutil.rmtree(desk.folder / "rules")
    shutil.move(desk.folder / "new", desk.folder / "rules")
    actual = desk.once("--through", day("17:00"))

    assert predicted["fired"] == actual["fired"]


def test_a_shorter_time_fires_sooner_and_a_longer_one_later(desk: Desk) -> None:
    lively(desk)
    propose(desk, ("after: 1h", "after: 50m"), ("after: 2h", "after: 4h"))

    assert fates(plan(desk)) == [
        ("desk:2", "remind", "fires sooner"),
        ("desk:2", "escalate", "fires later"),
        ("desk:3", "escalate", "fires later"),
        ("desk:4", "remind", "fires sooner"),
        ("desk:4", "escalate", "fires later"),
    ]


def test_a_level_beyond_the_stretch_is_later_and_not_lost(desk: Desk) -> None:
    lively(desk)
    propose(desk, ("after: 2h", "after: 3d"))

    changes = plan(desk)["changes"]

    assert {(one["fate"], one["is_at"]) for one in changes if one["ticket"] == "desk:4"} == {
        ("fires later", "2024-01-11T11:59:00Z")
    }


def test_the_rules_that_differ_are_named(desk: Desk) -> None:
    lively(desk)
    propose(
        desk,
        ("- id: late", "- id: tardy\n    moved_from: late"),
        ("after: 2h", "after: 3h"),
        rules=LATE + LATE.replace("id: late", "id: extra"),
    )

    document = plan(desk)

    assert (document["added"], document["changed"], document["removed"]) == (
        ["extra"],
        ["tardy"],
        [],
    )
    assert document["renamed"] == [{"before": "late", "now": "tardy"}]
    text = desk.run("plan", "new", "--at", NOON).out
    assert "new: extra; changed: tardy; renamed: late → tardy\n" in text


def test_what_no_rule_does_any_more_is_named(desk: Desk) -> None:
    lively(desk)
    propose(
        desk,
        ("- id: late", "- id: other"),
        ("    levels:", "    match: {priority: low}\n    levels:"),
    )

    document = plan(desk)

    assert {one["fate"] for one in document["changes"]} == {"no longer fires"}
    assert {one["rule"] for one in document["changes"]} == {"late"}


def test_new_text_that_puts_levels_in_the_past_says_that_they_pass(desk: Desk) -> None:
    lively(desk)
    propose(desk, ("after: 1h", "after: 5m"))

    document = plan(desk)

    assert document["rules"][0]["passed"] == {"backlog": 1}
    assert [one for one in document["changes"] if one["passed"]] == [
        {
            "ticket": "desk:2",
            "rule": "late",
            "level": "remind",
            "fate": "no longer fires",
            "was_at": day("12:30"),
            "is_at": None,
            "passed": "backlog",
        }
    ]


def test_a_budget_that_would_be_exceeded_ends_with_1(desk: Desk) -> None:
    lively(desk)
    propose(desk, ("    levels:", "    budget: 1/d\n    levels:"))

    document = plan(desk, code=1)

    assert document["over_budget"] == ["late"]
    assert not document["ok"]


def test_more_messages_than_wished_for_end_with_1(desk: Desk) -> None:
    lively(desk)
    propose(desk)
    messages = plan(desk)["proposed_messages"]
    total = messages["customers"] + messages["staff"]

    plan(desk, "--most-messages", str(total))
    plan(desk, "--most-messages", str(total - 1), code=1)


def test_it_changes_nothing(desk: Desk) -> None:
    lively(desk)
    propose(desk, ("after: 2h", "after: 90m"))
    before = desk.files()

    plan(desk)

    assert desk.files() == before


def test_broken_rules_are_shown_as_check_shows_them(desk: Desk) -> None:
    lively(desk)
    propose(desk, ("after: 2h", "after: 2"))

    ended = desk.run("plan", "new")

    assert ended.code == 1
    assert "new/rules.yaml:10:33: error[duration] '2' has no unit" in ended.out


def test_a_folder_that_is_not_there_is_one_clear_line(desk: Desk) -> None:
    lively(desk)

    ended = desk.run("plan", "nowhere")

    assert (ended.code, ended.complaint) == (
        2,
        "escalatord: there is no nowhere; name a rules folder or file",
    )


@pytest.mark.parametrize("length", ["32d", "5200w", "30", "0s"])
def test_a_stretch_without_end_or_sense_is_one_clear_line(desk: Desk, length: str) -> None:
    lively(desk)
    propose(desk)

    ended = desk.run("plan", "new", "--at", "9899-12-31T00:00:00Z", "--for", length)

    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert "--for" in ended.complaint


def test_a_store_that_is_not_there_is_one_clear_line(desk: Desk) -> None:
    propose(desk)

    ended = desk.run("plan", "new")

    assert ended.code == 2
    assert len(ended.complaint.splitlines()) == 1


def test_a_merge_request_gets_tables(desk: Desk) -> None:
    lively(desk)
    propose(desk, ("after: 2h", "after: 90m"))

    text = desk.run("plan", "new", "--at", NOON, "--for", FIVE, "--format", "markdown").out

    assert "| late | 0 | 3 | 0 | 0 | " in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {7, 5}


def test_a_person_reads_what_changes(desk: Desk) -> None:
    lively(desk)
    propose(desk, ("after: 2h", "after: 90m"))

    text = desk.run("plan", "new", "--at", NOON, "--for", FIVE).out

    assert (
        "desk:4  escalate  fires sooner: Mon 2024-01-08 13:59 UTC → Mon 2024-01-08 13:29 UTC"
        in text
    )
