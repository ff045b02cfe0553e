"""Edits of a ladder on which episodes already stand."""

from __future__ import annotations

import pytest

from engine.domain.ticket import Priority
from tests.scenario.desk import Desk, rule, rules

A = "{name: a, after: 1h, notify: [manager]}"
B = "{name: b, after: 5h, kind: technical, notify: [tier-2]}"


def climbing(desk: Desk, when: str, before: str, after: str, until: str = "5d") -> None:
    """A ticket is opened under one ladder; at that instant another is loaded."""
    desk.rules(rules(rule(levels=before)))
    desk.open()
    desk.reload(when, rules(rule(levels=after)))
    desk.live(until)


def ladder(*levels: str) -> str:
    return f"[{', '.join(levels)}]"


# --- inserted ------------------------------------------------------------------------------------


def test_a_level_inserted_ahead_fires_when_it_is_due(desk: Desk) -> None:
    climbing(desk, "2h", ladder(A, B), ladder(A, "{name: x, after: 3h, notify: [support]}", B))
    assert desk.fires() == ["a@1h", "x@3h", "b@5h"]


def test_a_level_inserted_in_the_past_goes_into_a_digest(desk: Desk) -> None:
    climbing(desk, "4h", ladder(A, B), ladder(A, "{name: x, after: 3h, notify: [support]}", B))
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.recordings()[1]["reason"] == "backlog"
    assert desk.digests() == ["the-support: T1"]


def test_a_level_inserted_before_one_that_has_fired_is_passed_on_reload(desk: Desk) -> None:
    climbing(desk, "6h", ladder(A, B), ladder(A, "{name: x, after: 3h, notify: [support]}", B))
    assert desk.fires() == ["a@1h", "b@5h"]
    assert [row["reason"] for row in desk.recordings() if row["name"] == "x"] == [
        "passed_on_reload"
    ]
    assert "passed_on_reload" in [row["reason"] for row in desk.view("v_decisions")]
    assert desk.digests() == ["the-support: T1"]


def test_what_was_passed_on_reload_is_told_once(desk: Desk) -> None:
    inserted = ladder(A, "{name: x, after: 3h, notify: [support]}", B)
    climbing(desk, "6h", ladder(A, B), inserted)
    desk.restart()
    desk.rules(rules(rule(levels=inserted), rule("other", match="{type: none}")), desk.now())
    desk.live("9d")
    assert desk.digests() == ["the-support: T1"]


def test_act_does_not_climb_down_again(desk: Desk) -> None:
    inserted = ladder(A, "{name: x, after: 3h, notify: [support]}", B)
    desk.rules(rules(rule(levels=ladder(A, B))))
    desk.open()
    desk.reload("6h", rules(rule(levels=inserted, backlog="act")))
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.digests() == ["the-support: T1"]


def test_a_level_that_another_priority_skipped_is_not_passed_on_reload(desk: Desk) -> None:
    levels = "{name: a, after: {high: 1h}}", "{name: b, after: {low: 2h, high: 3h}}"
    more = "{name: c, after: {low: 90h, high: 90h}}"
    desk.rules(rules(rule(levels=ladder(*levels))))
    desk.open(priority=Priority.LOW)
    desk.set("4h", priority=Priority.HIGH)
    desk.reload("6h", rules(rule(levels=ladder(*levels, more))))
    desk.live("1d")
    assert desk.fires() == ["b@2h"]
    assert desk.recorded("skipped") == []


# --- renamed -------------------------------------------------------------------------------------


def test_a_renamed_level_is_a_new_level(desk: Desk) -> None:
    renamed = A.replace("name: a", "name: z")
    climbing(desk, "2h", ladder(A, B), ladder(renamed, B))
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.digests() == ["the-manager: T1"]


def test_a_level_renamed_before_it_is_due_fires_under_its_new_name(desk: Desk) -> None:
    climbing(desk, "30m", ladder(A, B), ladder(A.replace("name: a", "name: z"), B))
    assert desk.fires() == ["z@1h", "b@5h"]


def test_a_level_renamed_below_one_that_has_fired_is_passed_on_reload(desk: Desk) -> None:
    climbing(desk, "6h", ladder(A, B), ladder(A.replace("name: a", "name: z"), B))
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.digests() == ["the-manager: T1"]


def test_a_level_without_a_name_is_known_by_its_after_as_written(desk: Desk) -> None:
    before = ladder("{after: 1h, notify: [manager]}", B)
    climbing(desk, "90m", before, ladder("{after: 2h, notify: [manager]}", B))
    assert desk.fires() == ["1h@1h", "2h@2h", "b@5h"]


def test_a_level_that_gets_the_name_it_was_known_by_stays_fired(desk: Desk) -> None:
    before = ladder("{after: 1h, notify: [manager]}", B)
    climbing(desk, "2h", before, ladder("{name: 1h, after: 1h, notify: [manager]}", B))
    assert desk.fires() == ["1h@1h", "b@5h"]
    assert desk.digests() == []


# --- moved ---------------------------------------------------------------------------------------


def test_a_level_moved_later_before_it_is_due_fires_later(desk: Desk) -> None:
    climbing(desk, "2h", ladder(A, B), ladder(A, B.replace("5h", "9h")))
    assert desk.fires() == ["a@1h", "b@9h"]


def test_a_level_moved_later_after_it_has_fired_stays_fired(desk: Desk) -> None:
    climbing(desk, "6h", ladder(A, B), ladder(A, B.replace("5h", "9h")))
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.recorded("skipped") == []


def test_a_level_moved_earlier_but_ahead_fires_earlier(desk: Desk) -> None:
    climbing(desk, "2h", ladder(A, B), ladder(A, B.replace("5h", "3h")))
    assert desk.fires() == ["a@1h", "b@3h"]


def test_a_level_moved_into_the_past_goes_into_a_digest(desk: Desk) -> None:
    climbing(desk, "4h", ladder(A, B), ladder(A, B.replace("5h", "2h")))
    assert desk.fires() == ["a@1h"]
    assert desk.digests() == ["tier-two: T1"]


def test_a_level_moved_into_the_past_fires_where_the_rule_acts_on_its_backlog(desk: Desk) -> None:
    desk.rules(rules(rule(levels=ladder(A, B))))
    desk.open()
    desk.reload("4h", rules(rule(levels=ladder(A, B.replace("5h", "2h")), backlog="act")))
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@2h>4h"]


def test_a_level_moved_earlier_after_it_has_fired_stays_fired(desk: Desk) -> None:
    climbing(desk, "6h", ladder(A, B), ladder(A, B.replace("5h", "2h")))
    assert desk.fires() == ["a@1h", "b@5h"]


def test_a_level_that_falls_due_after_a_fired_one_was_moved_behind_it_is_passed(desk: Desk) -> None:
    inserted = "{name: x, after: 8h, notify: [support]}"
    climbing(desk, "6h", ladder(A, B), ladder(A, inserted, B.replace("5h", "9h")))
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.digests() == ["the-support: T1"]


# --- reordered -----------------------------------------------------------------------------------


def test_reordered_levels_that_have_not_fired_fire_in_their_new_order(desk: Desk) -> None:
    climbing(desk, "30m", ladder(A, B), ladder(B.replace("5h", "1h"), A.replace("1h", "5h")))
    assert desk.fires() == ["b@1h", "a@5h"]


def test_of_reordered_levels_the_one_now_below_a_fired_one_is_passed(desk: Desk) -> None:
    climbing(desk, "2h", ladder(A, B), ladder(B.replace("5h", "30m"), A))
    assert desk.fires() == ["a@1h"]
    assert desk.digests() == ["tier-two: T1"]


def test_of_reordered_levels_what_has_fired_stays_fired(desk: Desk) -> None:
    climbing(desk, "6h", ladder(A, B), ladder(B.replace("5h", "30m"), A))
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.recorded("skipped") == []


# --- removed, and the rule's name ----------------------------------------------------------------


def test_a_removed_level_fires_no_more(desk: Desk) -> None:
    climbing(desk, "2h", ladder(A, B), ladder(A))
    assert desk.fires() == ["a@1h"]


def test_a_level_that_is_removed_and_comes_back_stays_fired(desk: Desk) -> None:
    desk.rules(rules(rule(levels=ladder(A, B))))
    desk.open()
    desk.reload("2h", rules(rule(levels=ladder(B))))
    desk.reload("3h", rules(rule(levels=ladder(A, B))))
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.digests() == []


def test_an_escalation_stays_one_when_its_level_loses_its_kind(desk: Desk) -> None:
    after = ladder(A, B.replace("kind: technical, ", ""), "{name: c, after: 9h}")
    desk.rules(rules(rule(levels=ladder(A, B))))
    desk.open()
    desk.reload("6h", rules(rule(levels=after)))
    desk.acknowledge("7h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@5h", "c@9h>1d7h"]


def test_a_renamed_rule_keeps_its_state(desk: Desk) -> None:
    desk.rules(rules(rule(levels=ladder(A, B))))
    desk.open()
    desk.reload("2h", rules(rule("renamed", levels=ladder(A, B), moved_from="r")))
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@5h"]
    assert {row["rule"] for row in desk.view("v_firings")} == {"renamed"}


def test_moved_from_may_go_once_the_rename_is_done(desk: Desk) -> None:
    desk.rules(rules(rule(levels=ladder(A, B))))
    desk.open()
    desk.reload("2h", rules(rule("renamed", levels=ladder(A, B), moved_from="r")))
    desk.reload("3h", rules(rule("renamed", levels=ladder(A, B))))
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.digests() == []


@pytest.mark.parametrize("when", ["30m", "2h", "6h"])
def test_what_only_tells_of_a_rule_changes_nothing(desk: Desk, when: str) -> None:
    desk.rules(rules(rule(levels=ladder(A, B))))
    desk.open()
    desk.reload(when, rules(rule(levels=ladder(A, B), description="Other words", reason="Why")))
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@5h"]
    assert desk.digests() == []
