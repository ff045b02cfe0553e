"""Several rules, and people, who write the same fields."""

from __future__ import annotations

from engine.domain.ticket import Actor, Priority
from tests.scenario.desk import Desk, rule, rules

# --- rules among themselves ----------------------------------------------------------------------


def test_the_first_writer_of_a_field_wins_and_the_other_records_it(desk: Desk) -> None:
    first = rule("q", levels="[{name: x, after: 2h, set: {type: one}, notify: [ann]}]")
    second = rule(levels="[{name: a, after: 2h, set: {type: two}, tag: [x], notify: [manager]}]")
    desk.rules(rules(first, second))
    desk.open()
    desk.live("5d")
    assert desk.changes() == ["T1 type None→one", "T1 tags →x"]
    assert desk.left_alone() == ["type: field_taken"]
    assert desk.receivers() == ["ann", "the-manager"]


def test_rules_run_in_the_order_of_their_file(desk: Desk) -> None:
    for order in (("q", "r"), ("r", "q")):
        other = Desk()
        other.rules(rules(*(rule(n, levels=f"[{{after: 1h, set: {{type: {n}}}}}]") for n in order)))
        other.open()
        other.live("5d")
        assert other.value("type") == order[0]
        other.store.close()
    desk.rules(rules(rule()))


def test_hierarchical_levels_come_first(desk: Desk) -> None:
    first = rule("q", levels="[{after: 1h, kind: technical, set: {type: q}}]")
    second = rule("r", levels="[{after: 1h, kind: hierarchical, set: {type: r}}]")
    desk.rules(rules(first, second))
    desk.open()
    desk.live("5d")
    assert desk.value("type") == "r"


def test_at_another_instant_the_later_writer_wins(desk: Desk) -> None:
    first = rule("q", levels="[{after: 1h, set: {type: one}}]")
    desk.rules(rules(first, rule(levels="[{after: 2h, set: {type: two}}]")))
    desk.open()
    desk.live("5d")
    assert desk.changes() == ["T1 type None→one", "T1 type one→two"]


def test_the_first_writer_wins_between_a_group_and_its_ticket(desk: Desk) -> None:
    group = rule(
        "g",
        match="{contacts: {by: customer, at_least: 2, within: 1d}}",
        levels="[{name: x, after: 0s, kind: hierarchical, set: {type: group}}]",
    )
    desk.rules(rules(group, rule(levels="[{name: a, after: 2h, set: {type: ticket}}]")))
    desk.open()
    desk.open("T2", "2h")
    desk.live("2h")
    changed = [one for one in desk.changes() if one.startswith("T1")]
    assert changed == ["T1 type None→group"]
    assert desk.left_alone() == ["type: field_taken"]


def test_a_tickets_hierarchical_level_comes_before_its_groups_reminder(desk: Desk) -> None:
    group = rule(
        "g",
        match="{contacts: {by: customer, at_least: 2, within: 1d}}",
        levels="[{name: x, after: 0s, set: {type: group}, tag: [often], notify: [ann]}]",
    )
    own = "[{name: a, after: 2h, kind: hierarchical, set: {type: ticket}}]"
    desk.rules(rules(group, rule(levels=own)))
    desk.open()
    desk.open("T2", "2h")
    desk.live("2h")
    changed = {one for one in desk.changes() if one.startswith("T1")}
    assert changed == {"T1 tags →often", "T1 type None→ticket"}
    assert desk.left_alone("g") == ["type: field_taken"]
    assert desk.receivers() == ["ann"]


def test_a_group_and_a_ticket_that_write_different_fields_both_write(desk: Desk) -> None:
    group = rule(
        "g",
        match="{contacts: {by: customer, at_least: 2, within: 1d}}",
        levels="[{name: x, after: 0s, tag: [often]}]",
    )
    desk.rules(rules(group, rule(levels="[{name: a, after: 2h, set: {type: ticket}}]")))
    desk.open()
    desk.open("T2", "2h")
    desk.live("2h")
    changed = {one for one in desk.changes() if one.startswith("T1")}
    assert changed == {"T1 tags →often", "T1 type None→ticket"}
    assert desk.left_alone() == desk.left_alone("g") == []


# --- people --------------------------------------------------------------------------------------


def test_after_a_person_changes_a_field_that_we_set_the_rule_leaves_it_alone(desk: Desk) -> None:
    levels = (
        "[{name: a, after: 1h, set: {type: one}}, "
        "{name: b, after: 3h, set: {type: two}, tag: [x], notify: [manager]}]"
    )
    desk.rules(rules(rule(levels=levels)))
    desk.open()
    desk.set("2h", type="mine")
    desk.live("5d")
    assert desk.value("type") == "mine"
    assert desk.left_alone() == ["type: changed_by_person"]
    assert desk.changes() == ["T1 type None→one", "T1 tags →x"]
    assert desk.receivers() == ["the-manager"]


def test_a_field_that_a_person_changed_before_us_may_be_set(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 3h, set: {type: one}}]")))
    desk.open()
    desk.set("2h", type="mine")
    desk.live("5d")
    assert desk.value("type") == "one"


def test_a_robots_change_claims_nothing(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, set: {type: one}}, {name: b, after: 3h, set: {type: two}}]"
    desk.rules(rules(rule(levels=levels)))
    desk.open()
    desk.set("2h", by=Actor.ROBOT, type="mine")
    desk.live("5d")
    assert desk.value("type") == "two"


def test_after_a_person_lowers_the_priority_the_rule_never_raises_it(desk: Desk) -> None:
    levels = "[{name: a, after: 3h, raise_priority: 2, notify: [manager]}]"
    desk.rules(rules(rule(levels=levels)))
    desk.open(priority=Priority.HIGH)
    desk.set("1h", priority=Priority.LOW)
    desk.live("5d")
    assert desk.value("priority") == Priority.LOW
    assert desk.left_alone() == ["priority: changed_by_person"]
    assert desk.receivers() == ["the-manager"]


def test_a_person_who_raises_the_priority_claims_nothing(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 3h, raise_priority: 1}]")))
    desk.open(priority=Priority.LOW)
    desk.set("1h", priority=Priority.HIGH)
    desk.live("5d")
    assert desk.value("priority") == Priority.URGENT


def test_a_person_who_gave_a_ticket_its_first_priority_below_medium_lowered_it(
    desk: Desk,
) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 3h, raise_priority: 1}]")))
    desk.open()
    desk.set("1h", priority=Priority.LOW)
    desk.live("5d")
    assert desk.value("priority") == Priority.LOW


def test_a_new_episode_may_set_what_a_person_claimed_in_the_old_one(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 3h, raise_priority: 1}]")))
    desk.open(priority=Priority.HIGH)
    desk.set("1h", priority=Priority.LOW)
    desk.resolve("2h")
    desk.comes_back("5h")
    desk.live("5d")
    assert desk.value("priority") == Priority.MEDIUM


def test_who_moved_the_ticket_to_another_group_keeps_its_assignee(desk: Desk) -> None:
    levels = (
        "[{name: a, after: 1h, assign: {group: tier-2}}, "
        "{name: b, after: 3h, assign: {group: management}, notify: [group]}]"
    )
    desk.rules(rules(rule(levels=levels)))
    desk.open()
    desk.set("2h", group="support", assignee="bob")
    desk.live("5d")
    assert (desk.value("group"), desk.value("assignee")) == ("support", "bob")
    assert desk.receivers() == ["the-support"]


def test_a_field_that_a_person_changed_between_decision_and_act_is_left_alone(
    desk: Desk,
) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 1h, set: {type: one}, notify: [manager]}]")))
    desk.open()
    desk.live("59m")
    desk.evaluate_only("1h")
    desk.set("1h1m", type="mine")
    desk.sleep_until("1h1m")
    assert desk.changes() == []
    assert desk.receivers() == ["the-manager"]
