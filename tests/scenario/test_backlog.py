"""Text that puts levels in the past, and what comes too late."""

from __future__ import annotations

import pytest

from engine.domain.ticket import Priority, Status
from tests.scenario.desk import OFFICE, Desk, rule, rules

NOBODY = rule("nobody", match="{type: none}")
LADDER = (
    "[{name: a, after: 1h, notify: [manager], tag: [late]},"
    " {name: b, after: 9h, kind: technical, notify: [tier-2]}]"
)


# --- backlog: a new rule -------------------------------------------------------------------------


def test_what_a_new_rule_puts_in_the_past_goes_into_a_digest(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open("T1")
    desk.open("T2")
    desk.reload("5h", rules(rule(levels=LADDER)))
    assert desk.fires() == []
    assert desk.digests() == ["the-manager: T1, T2"]
    assert desk.changes() == []
    assert desk.notes() == []
    assert "backlog" in [row["reason"] for row in desk.view("v_decisions", ticket="desk:T1")]


def test_later_levels_of_a_new_rule_fire_normally(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("5h", rules(rule(levels=LADDER)))
    desk.live("5d")
    assert desk.fires() == ["b@9h"]
    assert desk.receivers() == ["the-manager", "tier-two"]


def test_act_fires_what_a_new_rule_puts_in_the_past(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("5h", rules(rule(levels=LADDER, backlog="act")))
    desk.live("5d")
    assert desk.fires() == ["a@1h>5h", "b@9h"]
    assert desk.digests() == []


def test_customers_never_hear_of_a_backlog(desk: Desk) -> None:
    posted = "{on_escalation: received, updates: {every: 5h, template: still-working}}"
    levels = "[{name: a, after: 1h, kind: technical}]"
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("5h", rules(rule(levels=levels, customer=posted)))
    desk.live("5d")
    assert desk.told() == []


def test_updates_from_the_match_count_from_the_loading_of_the_rule(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 4h, template: still-working, max: 1}}"
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("20h", rules(rule(levels="[]", customer=posted)))
    desk.live("5d")
    assert desk.heard() == ["still-working@1d"]


def test_a_digest_without_receivers_goes_to_default(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("5h", rules(rule(levels="[{name: a, after: 1h, tag: [x]}]")))
    assert desk.digests() == ["everybody: T1"]


def test_a_digest_is_one_message_however_many_tickets_it_names(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    for number in range(60):
        desk.open(f"T{number:02}")
    desk.reload("5h", rules(rule(levels=LADDER)))
    assert [len(m.text.split(", ")) for m in desk.channel.sent] == [60]


def test_a_level_due_at_the_second_of_the_loading_is_not_in_the_past(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("1h", rules(rule(levels=LADDER)))
    assert desk.fires() == ["a@1h"]


def test_a_level_due_a_second_before_the_loading_is_backlog(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("1h1s", rules(rule(levels=LADDER)))
    assert desk.fires() == []


def test_what_is_due_after_the_loading_fires(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("59m59s", rules(rule(levels=LADDER)))
    desk.live("2h")
    assert desk.fires() == ["a@1h"]


def test_a_ticket_that_begins_to_match_after_the_loading_is_no_backlog(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("5h", rules(rule(match="{priority: high}", levels=LADDER)))
    desk.set("6h", priority=Priority.HIGH)
    desk.live("7h")
    assert desk.fires() == ["a@1h>6h"]


def test_a_backlog_on_a_paused_ticket_is_backlog_when_the_pause_ends(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.set("3h", status=Status.PENDING_CUSTOMER)
    desk.reload("5h", rules(rule(levels=LADDER)))
    desk.reopen("6h")
    desk.live("7h")
    assert desk.fires() == []
    assert desk.digests() == ["the-manager: T1"]


def test_a_backlog_that_waits_stays_backlog_when_another_rule_is_edited(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.set("3h", status=Status.PENDING_CUSTOMER)
    desk.reload("5h", rules(rule(levels=LADDER), NOBODY))
    desk.reload("5h30m", rules(rule(levels=LADDER), rule("nobody", match="{type: nothing}")))
    desk.reopen("6h")
    desk.live("7h")
    assert desk.fires() == []
    assert desk.digests() == ["the-manager: T1"]


def test_a_backlog_that_waits_stays_backlog_however_often_its_rule_is_edited(desk: Desk) -> None:
    later = "{name: b, after: %dh, kind: technical, notify: [tier-2]}]"
    first = "[{name: a, after: 1h, notify: [manager]}, "
    desk.rules(rules(NOBODY))
    desk.open()
    desk.set("3h", status=Status.PENDING_CUSTOMER)
    for number in range(4):
        desk.reload(f"{5 + number}h", rules(rule(levels=first + later % (50 + number))))
    desk.reopen("9h")
    desk.live("10h")
    assert desk.fires() == []
    assert desk.digests() == ["the-manager: T1"]


def test_a_backlog_that_waits_stays_backlog_when_its_rule_is_renamed(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.set("3h", status=Status.PENDING_CUSTOMER)
    desk.reload("5h", rules(rule(levels=LADDER)))
    desk.reload("5h30m", rules(rule("renamed", levels=LADDER, moved_from="r")))
    desk.reopen("6h")
    desk.live("7h")
    assert desk.fires() == []
    assert desk.digests() == ["the-manager: T1"]


def test_a_level_that_waits_is_no_backlog_because_its_rule_is_renamed(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, notify: [manager]}, {name: b, after: 20h}]"
    edited = levels.replace("20h", "30h")
    desk.rules(rules(rule(levels=levels)))
    desk.open()
    desk.set("1h", status=Status.PENDING_CUSTOMER)
    desk.reload("5h", rules(rule("renamed", levels=edited, moved_from="r")))
    desk.reopen("6h")
    desk.live("7h")
    assert desk.fires() == ["a@1h>6h"]


def test_a_level_that_waited_under_two_texts_fires_under_the_third(desk: Desk) -> None:
    levels = "[{name: a, after: 1h}, {name: b, after: %s}]"
    desk.rules(rules(rule(levels=levels % "30h")))
    desk.open()
    desk.set("1h", status=Status.PENDING_CUSTOMER)
    desk.reload("3h", rules(rule(levels=levels % "40h")))
    desk.reload("4h", rules(rule(levels=levels % "50h")))
    desk.reopen("6h")
    desk.live("7h")
    assert desk.fires() == ["a@1h>6h"]


def test_after_ten_edits_a_level_that_has_waited_longer_still_fires(desk: Desk) -> None:
    levels = "[{name: a, after: 1h}, {name: b, after: %dh}]"
    desk.rules(rules(rule(levels=levels % 30)))
    desk.open()
    desk.set("1h", status=Status.PENDING_CUSTOMER)
    for number in range(15):
        desk.reload(f"{2 + number}h", rules(rule(levels=levels % (31 + number))))
    desk.reopen("20h")
    desk.live("21h")
    assert desk.fires() == ["a@1h>20h"]


def test_a_rule_that_is_deleted_and_comes_back_is_a_new_rule(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER), NOBODY))
    desk.open()
    desk.reload("30m", rules(NOBODY))
    desk.reload("5h", rules(rule(levels=LADDER), NOBODY))
    assert desk.fires() == []
    assert desk.digests() == ["the-manager: T1"]


@pytest.mark.parametrize("mode", ["shadow", "off"])
def test_a_rule_that_begins_to_act_makes_backlog(desk: Desk, mode: str) -> None:
    desk.rules(rules(rule(levels=LADDER, mode=mode)))
    desk.open()
    desk.reload("5h", rules(rule(levels=LADDER)))
    desk.live("5d")
    assert desk.fires() == ["b@9h"]
    assert desk.digests() == ["the-manager: T1"]


# --- backlog: notices and messages ---------------------------------------------------------------


def test_repetitions_that_new_text_puts_in_the_past_go_into_a_digest(desk: Desk) -> None:
    level = "[{name: a, after: 1h, kind: technical, notify: [manager]%s}]"
    desk.rules(rules(rule(levels=level % "")))
    desk.open()
    repeat = ", repeat: {every: 2h, times: 4}"
    desk.reload("6h", rules(rule(levels=level % repeat)))
    desk.live("5d")
    assert desk.fires() == ["a@1h", "a#4@7h", "a#5@9h"]
    assert desk.digests() == ["the-manager: T1"]


def test_news_of_an_escalation_that_new_text_would_have_told_is_not_told(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical}]"
    desk.rules(rules(rule(levels=levels)))
    desk.open()
    desk.reload("5h", rules(rule(levels=levels, customer="{on_escalation: received}")))
    desk.live("5d")
    assert desk.told() == []


def test_news_of_an_escalation_that_waits_is_told_though_the_rule_is_edited(desk: Desk) -> None:
    levels = "[{name: a, after: 2h, kind: technical}, {name: b, after: %s}]"
    posted = "{on_escalation: received, updates: {every: 90h, template: still-working,"
    posted += " deliver_in: evening, max: 1}}"
    desk.rules(rules(rule(levels=levels % "80h", customer=posted), before=OFFICE))
    desk.open()
    desk.reload("5h", rules(rule(levels=levels % "81h", customer=posted), before=OFFICE))
    desk.live("1d")
    assert desk.heard() == ["received@9h"]


def test_a_shorter_rhythm_counts_from_its_loading(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical}]"
    posted = "{updates: {every: %s, template: still-working, max: 1}}"
    desk.rules(rules(rule(levels=levels, customer=posted % "20h")))
    desk.open()
    desk.reload("10h", rules(rule(levels=levels, customer=posted % "4h")))
    desk.live("5d")
    assert desk.heard() == ["still-working@14h"]


def test_updates_that_an_edit_adds_count_from_its_loading(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical}]"
    posted = "{updates: {every: 4h, template: still-working, max: 1}}"
    desk.rules(rules(rule(levels=levels)))
    desk.open()
    desk.reload("10h", rules(rule(levels=levels, customer=posted)))
    desk.live("5d")
    assert desk.heard() == ["still-working@14h"]


def test_an_edit_does_not_postpone_an_update_that_was_promised(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical}, {name: b, after: %s}]"
    posted = "{updates: {every: 4h, template: still-working, max: 1}}"
    desk.rules(rules(rule(levels=levels % "80h", customer=posted)))
    desk.open()
    desk.reload("4h", rules(rule(levels=levels % "81h", customer=posted)))
    desk.live("5d")
    assert desk.heard() == ["still-working@5h"]


def test_an_edit_does_not_postpone_an_update_from_the_match(desk: Desk) -> None:
    levels = "[{name: b, after: %s}]"
    posted = "{updates: {from: match, every: 4h, template: still-working, max: 1}}"
    desk.rules(rules(rule(levels=levels % "80h", customer=posted)))
    desk.open()
    desk.reload("3h", rules(rule(levels=levels % "81h", customer=posted)))
    desk.live("5d")
    assert desk.heard() == ["still-working@4h"]


def test_a_wider_match_tells_no_customer_what_is_past(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 4h, template: still-working, max: 1}}"
    desk.rules(rules(rule(levels="[]", customer=posted, match="{priority: high}")))
    desk.open("T1", priority=Priority.HIGH)
    desk.open("T2", priority=Priority.LOW, customer__id="dora")
    desk.reload("10h", rules(rule(levels="[]", customer=posted)))
    desk.live("5d")
    assert desk.heard() == ["still-working@4h", "still-working@14h"]


# --- backlog: other text -------------------------------------------------------------------------


def test_a_wider_match_makes_backlog(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, match="{priority: high}")))
    desk.open("T1", priority=Priority.HIGH)
    desk.open("T2", priority=Priority.LOW)
    desk.reload("5h", rules(rule(levels=LADDER)))
    assert desk.fires(ticket="desk:T1") == ["a@1h"]
    assert desk.fires(ticket="desk:T2") == []
    assert desk.digests() == ["the-manager: T2"]


def test_a_shorter_target_makes_backlog(desk: Desk) -> None:
    half = "[{name: a, after: 50%, notify: [manager]}]"
    desk.rules(rules(rule(levels=half, clock="{target: 20h}")))
    desk.open()
    desk.reload("5h", rules(rule(levels=half, clock="{target: 4h}")))
    desk.live("5d")
    assert desk.fires() == []
    assert desk.digests() == ["the-manager: T1"]


def test_what_was_already_due_by_the_text_before_is_no_backlog(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical}, {name: b, after: 2h, notify: [manager]}]"
    desk.rules(rules(rule(levels=levels, acknowledge="{expires: 5h}")))
    desk.open()
    desk.acknowledge("90m")
    desk.reload("4h", rules(rule(levels=levels, acknowledge="{expires: 6h}")))
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@2h>7h30m"]
    assert desk.digests() == []


def test_an_edit_of_another_rule_makes_no_backlog(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER), NOBODY))
    desk.open()
    desk.live("30m")
    desk.rules(rules(rule(levels=LADDER), rule("nobody", match="{type: nothing}")))
    desk.sleep_until("2h")
    assert desk.fires() == ["a@1h>2h"]


def test_what_was_passed_as_backlog_stays_passed_after_a_restart(desk: Desk) -> None:
    desk.rules(rules(NOBODY))
    desk.open()
    desk.reload("5h", rules(rule(levels=LADDER)))
    desk.restart()
    desk.live("5d")
    assert desk.fires() == ["b@9h"]


# --- max_lateness --------------------------------------------------------------------------------


def test_what_is_no_later_than_three_days_fires(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER)))
    desk.open()
    desk.live("30m")
    desk.sleep_until("3d1h")
    assert desk.fires() == ["a@1h>3d1h", "b@9h>3d1h"]


def test_what_comes_too_late_leaves_tickets_and_customers_alone(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical, tag: [x], notify: [manager]}]"
    desk.rules(rules(rule(levels=levels, customer="{on_escalation: received}")))
    desk.open()
    desk.live("30m")
    desk.sleep_until("3d1h1s")
    desk.live("9d")
    assert desk.fires() == []
    assert desk.changes() == desk.notes() == desk.told() == []
    assert desk.digests() == ["the-manager: T1"]


def test_each_receiver_gets_one_digest_that_names_the_tickets(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER), rule("s", levels=LADDER)))
    desk.open("T1")
    desk.open("T2")
    desk.live("30m")
    desk.sleep_until("5d")
    assert sorted(message.to for message in desk.channel.sent) == ["the-manager", "tier-two"]
    assert all({"T1", "T2"} == set(m.text.split(", ")) for m in desk.channel.sent)


def test_later_levels_fire_normally_after_what_came_too_late(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 1h}, {name: b, after: 9d}]")))
    desk.open()
    desk.live("30m")
    desk.sleep_until("5d")
    desk.live("20d")
    assert desk.fires() == ["b@9d"]


def test_only_what_is_too_late_is_passed(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 1h}, {name: b, after: 4d}]")))
    desk.open()
    desk.live("30m")
    desk.sleep_until("5d")
    assert desk.fires() == ["b@4d>5d"]


def test_the_rule_says_what_is_too_late(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, max_lateness="1h")))
    desk.open()
    desk.live("30m")
    desk.sleep_until("2h1s")
    assert desk.fires() == []


def test_lateness_counts_from_the_event_that_made_it_due(desk: Desk) -> None:
    desk.rules(rules(rule(match="{priority: high}", levels="[{name: a, after: 1h}]")))
    desk.open()
    desk.set("10d", priority=Priority.HIGH)
    desk.live("20d")
    assert desk.fires() == ["a@1h>10d"]


def test_lateness_counts_from_a_persons_change_of_priority(desk: Desk) -> None:
    levels = "[{name: a, after: {high: 1h, low: 30d}}]"
    desk.rules(rules(rule(levels=levels)))
    desk.open(priority=Priority.LOW)
    desk.set("10d", priority=Priority.HIGH)
    desk.live("20d")
    assert desk.fires() == ["a@1h>10d"]


def test_lateness_counts_from_a_match_that_began_by_the_passing_of_time(desk: Desk) -> None:
    desk.rules(rules(rule(match="{age: {at_least: 5d}}", levels="[{name: a, after: 0s}]")))
    desk.open()
    desk.live("20d")
    assert desk.fires() == ["a@0s>5d"]


def test_a_remark_long_after_makes_nothing_timely_again(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 1h}]")))
    desk.open()
    desk.set("4d", type="other")
    desk.live("30m")
    desk.sleep_until("5d")
    assert desk.fires() == []


def test_lateness_counts_from_the_end_of_a_pause(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 2h}]")))
    desk.open()
    desk.set("2h", status=Status.PENDING_CUSTOMER)
    desk.reopen("10d")
    desk.live("20d")
    assert desk.fires() == ["a@2h>10d"]


def test_lateness_counts_from_the_end_of_an_acknowledgement(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical}, {name: b, after: 2h, kind: technical}]"
    desk.rules(rules(rule(levels=levels, acknowledge="{expires: 240h}")))
    desk.open()
    desk.acknowledge("90m")
    desk.live("20d")
    assert desk.fires() == ["a@1h", "b@2h>10d1h30m"]


def test_lateness_is_wall_clock_whatever_the_rules_calendar(desk: Desk) -> None:
    text = rule(levels="[{name: a, after: 8h}]", clock="{calendar: office}", max_lateness="20h")
    desk.rules(rules(text, before=OFFICE))
    desk.open()
    desk.live("1h")
    desk.sleep_until("1d4h1s")
    assert desk.fires() == []
