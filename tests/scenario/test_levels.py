"""What levels do, in which order, how often, and who is told."""

from __future__ import annotations

import pytest

from engine.domain.ticket import Priority, Status
from tests.scenario.desk import OFFICE, Desk, rule, rules

LADDER = """[
  {name: a, after: 1h, notify: [ann], set: {type: first, status: pending_internal}, tag: [one]},
  {name: b, after: 2h, notify: [tier-2], kind: technical, assign: {group: tier-2},
   raise_priority: 1},
  {name: c, after: 3h, notify: [manager], kind: hierarchical, set: {type: third}, tag: [two],
   untag: [one], assign: {group: management}, raise_priority: 1}]""".replace("\n", " ")


def ladder(desk: Desk, levels: str = LADDER, **keys: str) -> None:
    desk.rules(rules(rule(levels=levels, **keys)))


# --- order, and once -----------------------------------------------------------------------------


def test_levels_fire_in_order_each_once(desk: Desk) -> None:
    ladder(desk)
    desk.open()
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@2h", "c@3h"]
    assert desk.receivers() == ["ann", "tier-two", "the-manager"]


def test_fields_are_set_when_their_level_fires(desk: Desk) -> None:
    ladder(desk)
    desk.open(tags=("old",))
    desk.live("5d")
    assert desk.changes() == [
        "T1 type None→first",
        "T1 status open→pending_internal",
        "T1 tags old→old,one",
        "T1 priority None→high",
        "T1 group None→tier-2",
        "T1 type first→third",
        "T1 priority high→urgent",
        "T1 tags old,one→old,two",
        "T1 group tier-2→management",
    ]


def test_every_level_leaves_a_note(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h}, {name: b, after: 2h, note: see the handbook}]")
    desk.open()
    desk.live("5d")
    assert desk.notes() == ["desk:T1", "desk:T1"]


def test_fields_are_set_before_anybody_is_told(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, notify: [manager], tag: [late]}]")
    desk.open()
    desk.live("5d")
    assert [row["action"] for row in desk.view("v_outbox")] == ["change", "note", "notify"]


def test_the_priority_is_not_raised_beyond_urgent(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, raise_priority: 3}]")
    desk.open(priority=Priority.HIGH)
    desk.live("5d")
    assert desk.changes() == ["T1 priority high→urgent"]


def test_assigning_a_group_clears_the_assignee(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, assign: {group: tier-2}}]")
    desk.open(group="support", assignee="ann")
    desk.live("5d")
    assert desk.changes() == ["T1 group support→tier-2", "T1 assignee ann→None"]


def test_a_group_and_a_person_can_be_assigned_together(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, assign: {group: tier-2, assignee: bob}}]")
    desk.open(group="support", assignee="ann")
    desk.live("5d")
    assert desk.changes() == ["T1 group support→tier-2", "T1 assignee ann→bob"]


def test_what_already_stands_is_not_written(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, set: {priority: high}, tag: [late]}]")
    desk.open(priority=Priority.HIGH, tags=("late",))
    desk.live("5d")
    assert desk.changes() == []


def test_a_level_is_known_by_its_name_after_its_delay_is_edited(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h}]", backlog="act")
    desk.open()
    desk.reload("90m", rules(rule(levels="[{name: a, after: 3h}]", backlog="act")))
    desk.live("5d")
    assert desk.fires() == ["a@1h"]


def test_a_level_without_a_name_is_known_by_its_after_as_written(desk: Desk) -> None:
    ladder(desk, "[{after: 60m}]", backlog="act")
    desk.open()
    desk.reload("90m", rules(rule(levels="[{after: 1h}]", backlog="act")))
    desk.live("5d")
    assert desk.fires() == ["60m@1h", "1h@1h>1h30m"]


def test_a_level_after_nothing_fires_at_its_anchor(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 0s}]")
    desk.open()
    desk.live("5d")
    assert desk.fires() == ["a@0s"]


# --- due together --------------------------------------------------------------------------------


def test_levels_due_together_fire_as_one(desk: Desk) -> None:
    ladder(desk)
    desk.open(tags=("old",))
    desk.live("30m")
    desk.sleep_until("10h")
    assert desk.fires() == ["a@1h>10h", "b@2h>10h", "c@3h>10h"]
    assert desk.receivers() == ["the-manager"]
    assert desk.notes() == ["desk:T1"]


def test_of_levels_due_together_fields_apply_in_order_and_only_the_last_assigns(
    desk: Desk,
) -> None:
    ladder(desk)
    desk.open(tags=("old",))
    desk.live("30m")
    desk.sleep_until("10h")
    assert desk.changes() == [
        "T1 type None→third",
        "T1 status open→pending_internal",
        "T1 tags old→old,two",
        "T1 priority None→urgent",
        "T1 group None→management",
    ]


def test_after_downtime_a_ladder_speaks_once_and_names_those_passed(desk: Desk) -> None:
    ladder(desk)
    desk.open()
    desk.live("30m")
    desk.sleep_until("10h")
    with desk.store.read() as tx:
        row = tx.outbox_row(3)
    assert row is not None
    assert row.action.details["passed_levels"] == ["a", "b"]


def test_the_last_level_that_notifies_speaks_for_those_due_with_it(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, notify: [manager]}, {name: b, after: 2h, tag: [x]}]")
    desk.open()
    desk.live("30m")
    desk.sleep_until("10h")
    assert desk.receivers() == ["the-manager"]


def test_after_a_start_no_ticket_is_evaluated_before_its_helpdesk_was_read(desk: Desk) -> None:
    ladder(desk)
    desk.open()
    desk.live("30m")
    desk.resolve("40m")
    desk.restart()
    desk.sleep_until("10h")
    assert desk.fires() == []


# --- who is told ---------------------------------------------------------------------------------


def test_assignee_is_the_person_before_the_level(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, assign: {assignee: bob}, notify: [assignee]}]")
    desk.open(assignee="ann")
    desk.live("5d")
    assert desk.receivers() == ["ann"]


def test_group_is_the_one_after_the_level(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, assign: {group: tier-2}, notify: [group]}]")
    desk.open(group="support")
    desk.live("5d")
    assert desk.receivers() == ["tier-two"]


def test_group_is_the_one_after_all_the_levels_that_fire_as_one(desk: Desk) -> None:
    ladder(
        desk,
        "[{name: a, after: 1h, assign: {group: tier-2}}, {name: b, after: 2h, notify: [group]}]",
    )
    desk.open(group="support")
    desk.live("30m")
    desk.sleep_until("10h")
    assert desk.receivers() == ["tier-two"]


def test_a_group_set_like_any_field_is_told_too(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, set: {group: tier-2}, notify: [group]}]")
    desk.open(group="support")
    desk.live("5d")
    assert desk.receivers() == ["tier-two"]


@pytest.mark.parametrize(
    "assignee, group, expected",
    [
        ("ann", "support", "ann"),
        (None, "support", "the-support"),
        ("stranger", "support", "the-support"),
        (None, "unheard-of", "everybody"),
        (None, None, "everybody"),
    ],
)
def test_an_assignee_who_is_nobody_falls_back_to_the_group_and_to_default(
    desk: Desk, assignee: str | None, group: str | None, expected: str
) -> None:
    ladder(desk, "[{name: a, after: 1h, notify: [assignee]}]")
    desk.open(assignee=assignee, group=group)
    desk.live("5d")
    assert desk.receivers() == [expected]


def test_who_is_meant_twice_is_told_once(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h, notify: [assignee, group, default]}]")
    desk.open()
    desk.live("5d")
    assert desk.receivers() == ["everybody"]


HOURS = (
    "  boss:\n"
    "    - {channel: log, to: desk-of-boss, during: office}\n"
    "    - {channel: log, to: phone-of-boss, outside: office}\n"
    "  clerk: [{channel: log, to: clerk, during: office}]\n"
)


@pytest.mark.parametrize(
    "after, name, expected",
    [
        ("1h", "boss", "desk-of-boss"),
        ("8h", "boss", "phone-of-boss"),
        ("1h", "clerk", "clerk"),
        ("9h", "clerk", "everybody"),
    ],
)
def test_receivers_are_reached_by_the_ways_of_the_hour(
    desk: Desk, after: str, name: str, expected: str
) -> None:
    levels = f"[{{name: a, after: {after}, notify: [{name}]}}]"
    desk.rules(rules(rule(levels=levels), before=OFFICE), receivers=HOURS)
    desk.open()
    desk.live("5d")
    assert desk.receivers() == [expected]


# --- repeat --------------------------------------------------------------------------------------

THRICE = "[{name: a, after: 1h, notify: [manager], repeat: {every: 2h, times: 3}, tag: [late]}]"


def test_a_repeated_level_only_notifies_and_so_often(desk: Desk) -> None:
    ladder(desk, THRICE)
    desk.open()
    desk.live("5d")
    assert desk.fires() == ["a@1h", "a#2@3h", "a#3@5h", "a#4@7h"]
    assert desk.receivers() == ["the-manager"] * 4
    assert desk.notes() == ["desk:T1"]
    assert desk.changes() == ["T1 tags →late"]


def test_repetitions_count_from_the_actual_firing(desk: Desk) -> None:
    ladder(desk, THRICE)
    desk.open()
    desk.live("30m")
    desk.sleep_until("90m")
    desk.live("5d")
    assert desk.fires() == ["a@1h>1h30m", "a#2@3h30m", "a#3@5h30m", "a#4@7h30m"]


def test_repetitions_that_were_missed_become_one(desk: Desk) -> None:
    ladder(desk, THRICE)
    desk.open()
    desk.live("2h")
    desk.sleep_until("6h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "a#3@5h>6h", "a#4@7h"]
    assert desk.receivers() == ["the-manager"] * 3


def test_repetitions_are_counted_in_the_rules_calendar(desk: Desk) -> None:
    levels = "[{name: a, after: 6h, notify: [manager], repeat: {every: 3h, times: 2}}]"
    desk.rules(rules(rule(levels=levels, clock="{calendar: office}"), before=OFFICE))
    desk.open()
    desk.live("5d")
    assert desk.fires() == ["a@6h", "a#2@1d1h", "a#3@1d4h"]


def test_a_later_levels_firing_does_not_end_the_repetitions(desk: Desk) -> None:
    levels = (
        "[{name: a, after: 1h, notify: [ann], repeat: {every: 2h, times: 2}},"
        " {name: b, after: 4h, notify: [manager]}]"
    )
    ladder(desk, levels)
    desk.open()
    desk.live("5d")
    assert desk.fires() == ["a@1h", "a#2@3h", "b@4h", "a#3@5h"]


def test_a_pause_holds_repetitions_back(desk: Desk) -> None:
    ladder(desk, THRICE)
    desk.open()
    desk.set("2h", status=Status.PENDING_CUSTOMER)
    desk.reopen("6h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "a#3@5h>6h", "a#4@7h"]


def test_every_may_be_given_per_priority(desk: Desk) -> None:
    ladder(
        desk,
        "[{name: a, after: 1h, notify: [manager],"
        " repeat: {every: {urgent: 1h, low: 5h}, times: 1}}]",
    )
    desk.open("T1", priority=Priority.URGENT)
    desk.open("T2", priority=Priority.LOW)
    desk.open("T3", priority=Priority.HIGH)
    desk.live("5d")
    assert desk.fires(ticket="desk:T1") == ["a@1h", "a#2@2h"]
    assert desk.fires(ticket="desk:T2") == ["a@1h", "a#2@6h"]
    assert desk.fires(ticket="desk:T3") == ["a@1h"]


# --- once more, and no more ----------------------------------------------------------------------


def test_the_same_cycle_twice_adds_nothing(desk: Desk) -> None:
    ladder(desk, customer="{on_escalation: received}")
    desk.open()
    desk.live("30m")
    desk.sleep_until("10h")
    before = desk.everything()
    desk.sleep_until("10h")
    assert desk.everything() == before


def test_a_renamed_rule_fires_nothing_twice(desk: Desk) -> None:
    ladder(desk, "[{name: a, after: 1h}, {name: b, after: 4h}]", backlog="act")
    desk.open()
    levels = "[{name: a, after: 1h}, {name: b, after: 4h}]"
    renamed = rule("new-name", levels=levels, backlog="act", moved_from="r")
    desk.reload("2h", rules(renamed))
    desk.live("5d")
    assert desk.fires(rule="r") + desk.fires(rule="new-name") == ["a@1h", "b@4h"]
