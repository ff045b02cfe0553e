"""Paused, suspended, ended: when an episode does nothing, and how it goes on."""

from __future__ import annotations

from engine.domain.ticket import Priority, Status
from tests.scenario.desk import OFFICE, Desk, at, rule, rules

PENDING = Status.PENDING_CUSTOMER
TWO = "[{name: a, after: 2h, notify: [manager]}, {name: b, after: 6h, notify: [manager]}]"


# --- paused --------------------------------------------------------------------------------------


def test_a_clock_stands_still_while_we_wait_for_the_customer(desk: Desk) -> None:
    desk.rules(rules(rule()))
    desk.open()
    desk.set("1h", status=PENDING)
    desk.reopen("5h")
    desk.live("3d")
    assert desk.fires() == ["a@6h"]


def test_a_paused_episode_says_so(desk: Desk) -> None:
    desk.rules(rules(rule()))
    desk.open()
    desk.set("1h", status=PENDING)
    desk.live("3d")
    assert desk.fires() == []
    assert desk.decision() == "paused"


def test_the_statuses_that_pause_are_the_rules_choice(desk: Desk) -> None:
    desk.rules(rules(rule(clock="{pause_while: [pending_internal, new]}")))
    desk.open(status=Status.NEW)
    desk.reopen("1h")
    desk.set("2h", status=PENDING)
    desk.set("2h30m", status=Status.PENDING_INTERNAL)
    desk.reopen("4h")
    desk.live("3d")
    assert desk.fires() == ["a@4h30m"]


def test_a_rule_may_pause_for_nothing(desk: Desk) -> None:
    desk.rules(rules(rule(clock="{pause_while: []}")))
    desk.open()
    desk.set("1h", status=PENDING)
    desk.live("3d")
    assert desk.fires() == ["a@2h"]


def test_a_level_due_in_the_second_in_which_a_pause_begins_waits_for_its_end(desk: Desk) -> None:
    desk.rules(rules(rule()))
    desk.open()
    desk.set("2h", status=PENDING)
    desk.reopen("5h")
    desk.live("3d")
    assert desk.fires() == ["a@2h>5h"]


def test_pauses_add_up(desk: Desk) -> None:
    desk.rules(rules(rule()))
    desk.open()
    desk.set("30m", status=PENDING)
    desk.reopen("1h")
    desk.set("1h30m", status=PENDING)
    desk.reopen("2h30m")
    desk.live("3d")
    assert desk.fires() == ["a@3h30m"]


def test_a_pause_outside_opening_hours_costs_nothing(desk: Desk) -> None:
    clock = "{calendar: office}"
    desk.rules(rules(rule(clock=clock, levels="[{name: a, after: 10h}]"), before=OFFICE))
    desk.open()
    desk.set("9h", status=PENDING)
    desk.reopen("23h")
    desk.live("3d")
    assert desk.fires() == ["a@1d2h"]


def test_editing_a_rule_loses_no_pause(desk: Desk) -> None:
    desk.rules(rules(rule(backlog="act")))
    desk.open()
    desk.set("1h", status=PENDING)
    desk.reopen("5h")
    desk.reload("5h30m", rules(rule(levels=TWO, backlog="act")))
    desk.live("3d")
    assert desk.fires() == ["a@6h", "b@10h"]


def test_a_new_rule_knows_of_the_pauses_before_it(desk: Desk) -> None:
    desk.rules(rules(rule("other", match="{type: none}")))
    desk.open()
    desk.set("1h", status=PENDING)
    desk.reopen("5h")
    desk.reload("5h30m", rules(rule()))
    desk.live("3d")
    assert desk.fires() == ["a@6h"]


def test_customer_updates_stand_still_during_a_pause(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 4h, template: still-working, max: 1}}"
    desk.rules(rules(rule(levels="[]", customer=posted)))
    desk.open()
    desk.set("2h", status=PENDING)
    desk.reopen("12h")
    desk.live("3d")
    assert desk.heard() == ["still-working@14h"]


def test_a_pausing_status_that_a_rule_set_itself_does_not_pause_it(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, set: {status: pending_customer}}, {name: b, after: 3h}]"
    desk.rules(rules(rule(levels=levels), rule("other", levels="[{name: c, after: 4h}]")))
    desk.open()
    desk.live("3d")
    assert desk.fires(rule="r") == ["a@1h", "b@3h"]
    assert desk.fires(rule="other") == []


def test_durations_in_match_stand_still_during_a_pause(desk: Desk) -> None:
    desk.rules(rules(rule(match="{age: {at_least: 3h}}", clock="{since: match}")))
    desk.open()
    desk.set("1h", status=PENDING)
    desk.reopen("5h")
    desk.live("3d")
    assert desk.fires() == ["a@9h"]


# --- suspended -----------------------------------------------------------------------------------


def test_a_rule_that_stopped_holding_does_nothing(desk: Desk) -> None:
    desk.rules(rules(rule(match="{priority: high}", levels=TWO)))
    desk.open(priority=Priority.HIGH)
    desk.set("3h", priority=Priority.LOW)
    desk.live("3d")
    assert desk.fires() == ["a@2h"]
    assert desk.decision() == "suspended"


def test_a_suspended_episode_resumes_where_it_stood_on_the_same_clock(desk: Desk) -> None:
    desk.rules(rules(rule(match="{priority: high}", levels=TWO)))
    desk.open(priority=Priority.HIGH)
    desk.set("3h", priority=Priority.LOW)
    desk.set("5h", priority=Priority.HIGH)
    desk.live("3d")
    assert desk.fires() == ["a@2h", "b@6h"]


def test_what_fell_due_while_suspended_fires_on_resuming(desk: Desk) -> None:
    desk.rules(rules(rule(match="{priority: high}", levels=TWO)))
    desk.open(priority=Priority.HIGH)
    desk.set("3h", priority=Priority.LOW)
    desk.set("8h", priority=Priority.HIGH)
    desk.live("3d")
    assert desk.fires() == ["a@2h", "b@6h>8h"]


def test_a_suspended_episode_says_nothing_to_the_customer(desk: Desk) -> None:
    posted = "{updates: {every: 4h, template: still-working}}"
    levels = "[{name: a, after: 1h, kind: technical}]"
    desk.rules(rules(rule(match="{priority: high}", levels=levels, customer=posted)))
    desk.open(priority=Priority.HIGH)
    desk.set("3h", priority=Priority.LOW)
    desk.live("3d")
    assert desk.told() == []


def test_a_suspended_episode_repeats_nothing(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, notify: [manager], repeat: {every: 2h, times: 3}}]"
    desk.rules(rules(rule(match="{priority: high}", levels=levels)))
    desk.open(priority=Priority.HIGH)
    desk.set("4h", priority=Priority.LOW)
    desk.live("3d")
    assert desk.fires() == ["a@1h", "a#2@3h"]


# --- ended ---------------------------------------------------------------------------------------


def test_a_resolved_ticket_ends_its_episodes(desk: Desk) -> None:
    desk.rules(rules(rule(levels=TWO)))
    desk.open()
    desk.resolve("3h")
    desk.live("3d")
    assert desk.fires() == ["a@2h"]
    assert desk.decision() == "resolved"


def test_a_merged_ticket_ends_its_episodes(desk: Desk) -> None:
    desk.rules(rules(rule(levels=TWO)))
    desk.open()
    desk.open("T2", "1h", type="survivor")
    desk.set("3h", merged_into="desk:T2")
    desk.live("4h")
    assert desk.fires(ticket="desk:T1") == ["a@2h"]
    assert desk.decision() == "merged"


def test_a_ticket_that_is_gone_ends_its_episodes(desk: Desk) -> None:
    desk.rules(rules(rule(levels=TWO)))
    desk.open()
    desk.set("3h", is_gone=True)
    desk.live("3d")
    assert desk.fires() == ["a@2h"]
    assert desk.decision() == "gone"


def test_a_resolved_ticket_is_told_as_such_whatever_the_rule_asks_of_it(desk: Desk) -> None:
    desk.rules(rules(rule(match="{status: open, type: billing}")))
    desk.open(type="billing")
    desk.resolve("1h")
    desk.live("3d")
    assert desk.decision() == "resolved"


def test_a_changed_anchor_ends_the_episode_that_it_anchored(desk: Desk) -> None:
    desk.rules(rules(rule(levels=TWO)))
    desk.open()
    desk.resolve("2h30m")
    desk.comes_back("3h")
    desk.live("3d")
    with desk.store.read() as tx:
        ended = {e.id.anchor: e.ended_at for e in tx.episodes(["desk:T1"])["desk:T1"]}
    assert list(ended.values()) == [at("2h30m"), None]


def test_a_deleted_rule_ends_its_episodes(desk: Desk) -> None:
    desk.rules(rules(rule(levels=TWO), rule("other")))
    desk.open()
    desk.reload("3h", rules(rule("other")))
    desk.live("3d")
    assert desk.fires(rule="r") == ["a@2h"]
    with desk.store.read() as tx:
        ended = {e.id.rule: e.ended_at for e in tx.episodes(["desk:T1"])["desk:T1"]}
    assert ended == {"r": at("3h"), "other": None}


def test_a_deleted_rule_that_comes_back_fires_nothing_twice(desk: Desk) -> None:
    desk.rules(rules(rule(levels=TWO), rule("other")))
    desk.open()
    desk.reload("3h", rules(rule("other")))
    desk.reload("4h", rules(rule(levels=TWO), rule("other")))
    desk.live("3d")
    assert desk.fires(rule="r") == ["a@2h", "b@6h"]


def test_a_ticket_that_a_search_no_longer_names_is_not_gone(desk: Desk) -> None:
    desk.rules(rules(rule(levels=TWO)))
    desk.open()
    desk.live("3h")
    desk.helpdesk.openings.clear()  # read by id it is unreadable: staff are told all the same
    desk.live("3d")
    assert desk.fires() == ["a@2h", "b@6h"]
    assert desk.receivers() == ["the-manager", "the-manager"]
