"""From which event a rule's clock runs, and in which hours."""

from __future__ import annotations

import pytest

from engine.domain.ticket import Actor, Priority, Status
from tests.scenario.desk import OFFICE, Desk, at, rule, rules


def clock(desk: Desk, since: str, **keys: str) -> None:
    desk.rules(rules(rule(clock=f"{{since: {since}}}", **keys)))


# --- opened and created --------------------------------------------------------------------------


def test_a_clock_runs_from_the_opening_by_default(desk: Desk) -> None:
    desk.rules(rules(rule()))
    desk.open()
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_created_stays_the_anchor_when_the_ticket_is_reopened(desk: Desk) -> None:
    clock(desk, "created")
    desk.open()
    desk.resolve("30m")
    desk.comes_back("5h")
    desk.live("3d")
    assert desk.fires() == ["a@2h>5h"]


def test_a_reopening_counts_if_the_customer_wrote(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.resolve("1h")
    desk.comes_back("1h20m")
    desk.live("3d")
    assert desk.fires() == ["a@3h20m"]


def test_a_reopening_counts_if_the_customer_wrote_some_time_before_the_return(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.resolve("1h")
    desk.writes("1h5m")
    desk.reopen("1h20m")
    desk.live("3d")
    assert desk.fires() == ["a@3h20m"]


def test_a_reopening_counts_if_the_ticket_had_been_resolved_for_an_hour(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.resolve("1h")
    desk.reopen("2h")
    desk.live("3d")
    assert desk.fires() == ["a@4h"]


def test_a_return_within_the_hour_without_the_customer_resumes_the_old_episode(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.resolve("1h")
    desk.reopen("1h59m59s")
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_what_fell_due_in_a_gap_that_does_not_count_fires_at_the_return(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.resolve("1h50m")
    desk.reopen("2h20m")
    desk.live("3d")
    assert desk.fires() == ["a@2h>2h20m"]


def test_what_fired_before_a_return_that_does_not_count_stays_fired(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.resolve("3h")
    desk.reopen("3h30m")
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_a_customer_who_wrote_before_the_resolution_makes_no_return_count(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.writes("30m")
    desk.resolve("1h")
    desk.reopen("1h30m")
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_an_automatic_message_makes_no_return_count(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.resolve("1h")
    desk.reply("1h10m", by=Actor.ROBOT)
    desk.reopen("1h30m")
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_closing_what_is_resolved_does_not_begin_the_hour_anew(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.resolve("1h")
    desk.set("1h40m", status=Status.CLOSED)
    desk.reopen("2h10m")
    desk.live("3d")
    assert desk.fires() == ["a@4h10m"]


def test_a_reopening_is_a_new_episode_in_which_levels_fire_again(desk: Desk) -> None:
    clock(desk, "opened")
    desk.open()
    desk.resolve("3h")
    desk.comes_back("4h")
    desk.live("3d")
    assert desk.fires() == ["a@2h", "a@6h"]


# --- waiting -------------------------------------------------------------------------------------


def test_a_tickets_opening_is_a_message_that_waits_for_an_answer(desk: Desk) -> None:
    clock(desk, "waiting")
    desk.open()
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_a_persons_public_reply_ends_the_waiting(desk: Desk) -> None:
    clock(desk, "waiting")
    desk.open()
    desk.reply("1h")
    desk.live("3d")
    assert desk.fires() == []
    assert desk.decision() == "no_anchor"


def test_an_internal_note_ends_no_waiting(desk: Desk) -> None:
    clock(desk, "waiting")
    desk.open()
    desk.remark("1h")
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_a_robots_reply_ends_no_waiting(desk: Desk) -> None:
    clock(desk, "waiting")
    desk.open()
    desk.reply("1h", by=Actor.ROBOT)
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_our_own_message_ends_no_waiting(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 65m, template: still-working, max: 1}}"
    desk.rules(rules(rule(clock="{since: waiting}"), rule("post", levels="[]", customer=posted)))
    desk.open()
    desk.live("3d")
    assert desk.heard() == ["still-working@1h5m"]
    assert desk.fires(rule="r") == ["a@2h"]


def test_further_messages_do_not_move_the_waiting(desk: Desk) -> None:
    clock(desk, "waiting")
    desk.open()
    desk.writes("1h")
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_the_first_message_after_an_answer_is_a_new_episode(desk: Desk) -> None:
    clock(desk, "waiting")
    desk.open()
    desk.reply("3h")
    desk.writes("5h")
    desk.writes("6h")
    desk.live("3d")
    assert desk.fires() == ["a@2h", "a@7h"]


def test_a_reply_in_the_second_of_the_message_answers_it(desk: Desk) -> None:
    clock(desk, "waiting")
    desk.open()
    desk.reply("1h")
    desk.writes("3h")
    desk.reply("3h")
    desk.live("3d")
    assert desk.fires() == []


def test_a_reopening_by_a_person_waits_for_an_answer_as_an_opening_does(desk: Desk) -> None:
    clock(desk, "waiting")
    desk.open()
    desk.reply("1h")
    desk.resolve("2h")
    desk.reopen("4h")
    desk.live("3d")
    assert desk.fires() == ["a@6h"]


# --- status_change -------------------------------------------------------------------------------


def test_without_a_change_of_status_the_creation_is_its_anchor(desk: Desk) -> None:
    clock(desk, "status_change")
    desk.open()
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_a_change_of_status_begins_a_new_episode(desk: Desk) -> None:
    clock(desk, "status_change")
    desk.open(status=Status.NEW)
    desk.set("1h", status=Status.OPEN)
    desk.set("5h", status=Status.PENDING_INTERNAL)
    desk.live("3d")
    assert desk.fires() == ["a@3h", "a@7h"]


def test_an_event_that_repeats_the_same_status_is_no_change_of_status(desk: Desk) -> None:
    clock(desk, "status_change")
    desk.open()
    desk.set("1h", status=Status.OPEN)
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_a_change_of_the_helpdesks_own_word_alone_is_no_change_of_status(desk: Desk) -> None:
    clock(desk, "status_change")
    desk.open(raw_status="Active")
    desk.set("1h", raw_status="In Progress")
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_our_own_change_of_status_moves_no_clock(desk: Desk) -> None:
    setting = "[{name: park, after: 1h, set: {status: pending_internal}}]"
    desk.rules(rules(rule(clock="{since: status_change}"), rule("s", levels=setting)))
    desk.open()
    desk.live("3d")
    assert desk.changes() == ["T1 status open→pending_internal"]
    assert desk.fires(rule="r") == ["a@2h"]


# --- assignment ----------------------------------------------------------------------------------


def test_nobodys_ticket_has_no_assignment_to_count_from(desk: Desk) -> None:
    clock(desk, "assignment")
    desk.open()
    desk.live("3d")
    assert desk.fires() == []
    assert desk.decision() == "no_anchor"


def test_an_assignee_from_the_start_anchors_at_the_creation(desk: Desk) -> None:
    clock(desk, "assignment")
    desk.open(assignee="ann")
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_each_new_assignee_begins_anew(desk: Desk) -> None:
    clock(desk, "assignment")
    desk.open()
    desk.set("1h", assignee="ann")
    desk.set("2h", assignee="bob")
    desk.live("3d")
    assert desk.fires() == ["a@4h"]


def test_who_gives_a_ticket_back_leaves_no_anchor(desk: Desk) -> None:
    clock(desk, "assignment")
    desk.open(assignee="ann")
    desk.set("1h", assignee=None)
    desk.live("3d")
    assert desk.fires() == []


def test_an_assignment_by_us_anchors_nothing(desk: Desk) -> None:
    giving = "[{name: give, after: 1h, assign: {assignee: bob}}]"
    desk.rules(rules(rule(clock="{since: assignment}"), rule("s", levels=giving)))
    desk.open()
    desk.live("3d")
    assert desk.changes() == ["T1 assignee None→bob"]
    assert desk.fires(rule="r") == []


# --- due -----------------------------------------------------------------------------------------

AROUND_DUE = "[{name: soon, before: 4h, notify: [manager]}, {name: late, after: 1h}]"


def test_levels_stand_before_and_after_a_due_date(desk: Desk) -> None:
    clock(desk, "due", levels=AROUND_DUE)
    desk.open(due_at=at("1d"))
    desk.live("5d")
    assert desk.fires() == ["soon@20h", "late@1d1h"]


def test_without_a_due_date_there_is_no_anchor(desk: Desk) -> None:
    clock(desk, "due", levels=AROUND_DUE)
    desk.open()
    desk.live("5d")
    assert desk.fires() == []
    assert desk.decision() == "no_anchor"


def test_a_moved_due_date_is_a_new_episode(desk: Desk) -> None:
    clock(desk, "due", levels=AROUND_DUE)
    desk.open(due_at=at("1d"))
    desk.set("21h", due_at=at("2d"))
    desk.live("5d")
    assert desk.fires() == ["soon@20h", "soon@1d20h", "late@2d1h"]


def test_a_due_date_that_is_moved_before_it_matters_leaves_nothing(desk: Desk) -> None:
    clock(desk, "due", levels=AROUND_DUE)
    desk.open(due_at=at("1d"))
    desk.set("10h", due_at=at("2d"))
    desk.live("5d")
    assert desk.fires() == ["soon@1d20h", "late@2d1h"]


def test_a_due_date_that_is_moved_back_keeps_what_fired_for_it(desk: Desk) -> None:
    clock(desk, "due", levels=AROUND_DUE)
    desk.open(due_at=at("1d"))
    desk.set("21h", due_at=at("2d"))
    desk.set("22h", due_at=at("1d"))
    desk.live("5d")
    assert desk.fires() == ["soon@20h", "late@1d1h"]


def test_time_before_a_due_date_is_counted_in_opening_hours(desk: Desk) -> None:
    text = rule(clock="{since: due, calendar: office}", levels="[{name: soon, before: 1d}]")
    desk.rules(rules(text, before=OFFICE))
    desk.open(due_at=at("7d2h"))  # the next Monday at eleven
    desk.live("10d")
    assert desk.fires() == ["soon@4d2h"]


# --- match ---------------------------------------------------------------------------------------


def test_match_anchors_where_the_rule_began_to_hold(desk: Desk) -> None:
    clock(desk, "match", match="{priority: {at_least: high}}")
    desk.open()
    desk.set("3h", priority=Priority.HIGH)
    desk.live("3d")
    assert desk.fires() == ["a@5h"]


def test_a_gap_of_less_than_a_quarter_of_an_hour_does_not_count(desk: Desk) -> None:
    clock(desk, "match", match="{priority: high}")
    desk.open(priority=Priority.HIGH)
    desk.set("1h", priority=Priority.LOW)
    desk.set("1h14m59s", priority=Priority.HIGH)
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_a_gap_of_a_quarter_of_an_hour_begins_the_match_anew(desk: Desk) -> None:
    clock(desk, "match", match="{priority: high}")
    desk.open(priority=Priority.HIGH)
    desk.set("1h", priority=Priority.LOW)
    desk.set("1h15m", priority=Priority.HIGH)
    desk.live("3d")
    assert desk.fires() == ["a@3h15m"]


def test_a_match_can_begin_by_the_mere_passing_of_time(desk: Desk) -> None:
    clock(desk, "match", match="{age: {at_least: 1h}}")
    desk.open()
    desk.live("3d")
    assert desk.fires() == ["a@3h"]


def test_a_match_begins_when_it_did_and_not_when_we_looked(desk: Desk) -> None:
    clock(desk, "match", match="{priority: high}")
    desk.open()
    desk.set("3h", priority=Priority.HIGH)
    desk.live("1h")
    desk.sleep_until("10h")
    assert desk.fires() == ["a@5h>10h"]


def test_a_match_can_begin_with_another_rules_escalation(desk: Desk) -> None:
    climbing = "[{name: up, after: 1h, kind: technical, notify: [tier-2]}]"
    after = rule(clock="{since: match}", match="{escalations: {at_least: 1}}")
    desk.rules(rules(after, rule("s", levels=climbing)))
    desk.open()
    desk.live("3d")
    assert desk.fires(rule="r") == ["a@3h"]


def test_a_match_can_begin_with_an_escalation_of_the_customers_other_ticket(desk: Desk) -> None:
    climbing = "[{name: up, after: 1h, kind: technical, notify: [tier-2]}]"
    text = "{customer.escalations: {at_least: 1}, type: second}"
    after = rule(clock="{since: match}", match=text)
    desk.rules(rules(after, rule("s", levels=climbing, match="{type: first}")))
    desk.open("T1", type="first")
    desk.open("T2", type="second")
    desk.live("3d")
    assert desk.fires(rule="r", ticket="desk:T2") == ["a@3h"]


# --- targets -------------------------------------------------------------------------------------

HALVES = "[{name: half, after: 50%}, {name: whole, after: 100%}]"


def targets(desk: Desk, target: str = "{medium: 8h, high: 4h}", **keys: str) -> None:
    desk.rules(rules(rule(clock=f"{{target: {target}}}", **{"levels": HALVES, **keys})))


def test_percentages_are_of_the_target(desk: Desk) -> None:
    targets(desk, "8h")
    desk.open()
    desk.live("3d")
    assert desk.fires() == ["half@4h", "whole@8h"]


def test_a_percentage_is_cut_to_whole_seconds(desk: Desk) -> None:
    targets(desk, "7s")
    desk.open()
    desk.live("3d")
    assert desk.fires() == ["half@3s", "whole@7s"]


def test_each_priority_has_its_own_target(desk: Desk) -> None:
    targets(desk)
    desk.open("T1", priority=Priority.HIGH)
    desk.open("T2")
    desk.live("3d")
    assert desk.fires(ticket="desk:T1") == ["half@2h", "whole@4h"]
    assert desk.fires(ticket="desk:T2") == ["half@4h", "whole@8h"]


def test_a_priority_that_is_left_out_is_not_concerned(desk: Desk) -> None:
    targets(desk)
    desk.open(priority=Priority.LOW)
    desk.live("3d")
    assert desk.fires() == []
    assert desk.decision() == "no_target"


def test_after_may_be_given_per_priority(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: {urgent: 1h, high: 3h}}]")))
    desk.open("T1", priority=Priority.URGENT)
    desk.open("T2", priority=Priority.HIGH)
    desk.open("T3", priority=Priority.LOW)
    desk.live("3d")
    assert desk.fires(ticket="desk:T1") == ["a@1h"]
    assert desk.fires(ticket="desk:T2") == ["a@3h"]
    assert desk.fires(ticket="desk:T3") == []


def test_a_person_who_raises_the_priority_derives_due_instants_anew(desk: Desk) -> None:
    targets(desk)
    desk.open()
    desk.set("5h", priority=Priority.HIGH)
    desk.live("3d")
    assert desk.fires() == ["half@4h", "whole@4h>5h"]


def test_a_person_who_lowers_the_priority_postpones_what_has_not_fired(desk: Desk) -> None:
    targets(desk)
    desk.open(priority=Priority.HIGH)
    desk.set("3h", priority=Priority.MEDIUM)
    desk.live("3d")
    assert desk.fires() == ["half@2h", "whole@8h"]


def test_our_raise_never_brings_its_own_next_level_nearer(desk: Desk) -> None:
    targets(desk, levels="[{name: half, after: 50%, raise_priority: 1}, {name: all, after: 100%}]")
    desk.open()
    desk.live("3d")
    assert desk.value("priority") == Priority.HIGH
    assert desk.fires() == ["half@4h", "all@8h"]


def test_a_raise_stays_invisible_to_its_rule_after_a_reopening(desk: Desk) -> None:
    targets(desk, levels="[{name: half, after: 50%, raise_priority: 1}, {name: all, after: 100%}]")
    desk.open()
    desk.resolve("5h")
    desk.comes_back("10h")
    desk.live("12h30m")
    assert desk.fires() == ["half@4h"]
    desk.live("3d")
    assert desk.fires() == ["half@4h", "half@14h", "all@18h"]


def test_a_person_who_changes_a_priority_that_we_raised_is_seen_by_the_rule(desk: Desk) -> None:
    targets(
        desk,
        "{medium: 8h, high: 6h, urgent: 5h}",
        levels="[{name: half, after: 50%, raise_priority: 1}, {name: all, after: 100%}]",
    )
    desk.open()
    desk.set("4h30m", priority=Priority.URGENT)
    desk.live("3d")
    assert desk.fires() == ["half@4h", "all@5h"]


def test_other_rules_see_what_a_rule_wrote(desk: Desk) -> None:
    raising = rule("s", levels="[{name: up, after: 1h, raise_priority: 1}]")
    seeing = rule(match="{priority: high}", clock="{since: match}")
    desk.rules(rules(raising, seeing))
    desk.open()
    desk.live("3d")
    assert desk.fires(rule="r") == ["a@3h"]


def test_an_assignment_never_ends_its_own_match(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, assign: {group: management}}, {name: b, after: 2h}]"
    desk.rules(rules(rule(match="{group: support}", levels=levels)))
    desk.open(group="support")
    desk.live("3d")
    assert desk.value("group") == "management"
    assert desk.fires() == ["a@1h", "b@2h"]


# --- opening hours -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "opened, after, expected",
    [
        ("0s", "8h", "a@8h"),
        ("0s", "1d", "a@8h"),
        ("0s", "10h", "a@1d2h"),
        ("4d7h", "2h", "a@7d1h"),
        ("0s", "1w", "a@4d8h"),
        ("9h", "0s", "a@9h"),
        ("9h", "1s", "a@1d1s"),
    ],
)
def test_levels_are_due_in_opening_hours(
    desk: Desk, opened: str, after: str, expected: str
) -> None:
    levels = f"[{{name: a, after: {after}}}]"
    desk.rules(rules(rule(clock="{calendar: office}", levels=levels), before=OFFICE))
    desk.open(since=opened)
    desk.live("20d")
    assert desk.fires() == [expected]
