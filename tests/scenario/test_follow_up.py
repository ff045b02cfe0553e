"""What the customer is asked once an escalated ticket is resolved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.domain.facts import CustomerLimits
from engine.domain.ticket import Customer, Status
from engine.ports import Sent, SentState
from tests.scenario.desk import OFFICE, Desk, rule, rules

UP = "[{name: up, after: 2h, kind: technical, notify: [tier-2]}]"
ASK = "{follow_up: {after: 1d, template: survey}}"


def asking(desk: Desk, customer: str = ASK, levels: str = UP, **keys: str) -> None:
    desk.rules(rules(rule(levels=levels, customer=customer, **keys), before=OFFICE))


# --- when ----------------------------------------------------------------------------------------


def test_a_follow_up_counts_from_the_resolution_of_an_escalated_ticket(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.live("9d")
    assert desk.heard() == ["survey@1d5h"]


def test_a_ticket_that_was_never_escalated_gets_no_follow_up(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("1h")
    desk.live("9d")
    assert desk.told() == []


def test_a_reminder_is_no_escalation_to_follow_up(desk: Desk) -> None:
    asking(desk, levels="[{name: a, after: 2h}]")
    desk.open()
    desk.resolve("5h")
    desk.live("9d")
    assert desk.told() == []


def test_a_follow_up_counts_in_the_rules_calendar(desk: Desk) -> None:
    asking(desk, clock="{calendar: office}")
    desk.open()
    desk.resolve("5h")
    desk.live("9d")
    assert desk.heard() == ["survey@1d5h"]


def test_a_follow_up_over_a_weekend_waits_for_monday(desk: Desk) -> None:
    asking(desk, clock="{calendar: office}")
    desk.open()
    desk.resolve("4d6h")
    desk.live("19d")
    assert desk.heard() == ["survey@7d6h"]


def test_a_follow_up_keeps_the_delivery_hours(desk: Desk) -> None:
    posted = "{updates: {every: 90h, template: still-working, deliver_in: evening},"
    asking(desk, posted + " follow_up: {after: 1d, template: survey}}")
    desk.open()
    desk.resolve("5h")
    desk.live("9d")
    assert desk.heard() == ["survey@1d9h"]


def test_a_follow_up_keeps_the_limits(desk: Desk) -> None:
    asking(desk, "{on_escalation: received, follow_up: {after: 10m, template: survey}}")
    desk.open()
    desk.resolve("2h20m")
    desk.live("9d")
    assert desk.heard() == ["received@2h", "survey@3h"]


def test_a_follow_up_waits_an_hour_after_the_customers_own_message(desk: Desk) -> None:
    asking(desk, "{follow_up: {after: 10m, template: survey}}")
    desk.open()
    desk.resolve("5h")
    desk.writes("5h5m")
    desk.live("9d")
    assert desk.heard() == ["survey@6h5m"]


def test_the_limits_hold_over_the_follow_ups_of_a_customers_tickets(desk: Desk) -> None:
    desk.limits = CustomerLimits(timedelta(hours=3), 5)
    asking(desk)
    desk.open("T1")
    desk.open("T2")
    desk.resolve("5h", "T1")
    desk.resolve("5h", "T2")
    desk.live("9d")
    assert desk.heard() == ["survey@1d5h", "survey@1d8h"]


def test_a_follow_up_that_comes_too_late_is_not_sent(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.live("6h")
    desk.sleep_until("4d5h1s")
    desk.live("9d")
    assert desk.told() == []


def test_a_follow_up_is_sent_after_a_short_downtime(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.live("3h")
    desk.sleep_until("2d")
    desk.live("9d")
    assert desk.heard() == ["survey@2d"]


def test_after_downtime_a_ticket_that_came_back_is_not_asked_about(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.comes_back("1d6h")
    desk.live("3h")
    desk.sleep_until("2d")
    assert desk.told() == []


# --- once ----------------------------------------------------------------------------------------


def test_a_follow_up_goes_out_once(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.set("3d", status=Status.CLOSED)
    desk.live("9d")
    assert desk.told() == ["survey"]


def test_closing_a_resolved_ticket_does_not_put_off_its_follow_up(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.set("20h", status=Status.CLOSED)
    desk.live("9d")
    assert desk.heard() == ["survey@1d5h"]


def test_of_several_rules_one_asks(desk: Desk) -> None:
    late = ASK.replace("1d", "2d").replace("survey", "still-waiting")
    desk.rules(rules(rule(levels=UP, customer=late), rule("s", levels=UP, customer=ASK)))
    desk.open()
    desk.resolve("5h")
    desk.live("9d")
    assert desk.heard() == ["survey@1d5h"]


def test_of_equal_follow_ups_the_first_rules_goes_out(desk: Desk) -> None:
    other = ASK.replace("survey", "still-waiting")
    desk.rules(rules(rule(levels=UP, customer=ASK), rule("s", levels=UP, customer=other)))
    desk.open()
    desk.resolve("5h")
    desk.live("9d")
    assert desk.told() == ["survey"]


def test_the_rule_that_escalated_asks_even_if_it_holds_no_more(desk: Desk) -> None:
    asking(desk, match="{type: billing}")
    desk.open(type="billing")
    desk.set("4h", type="other")
    desk.resolve("5h")
    desk.live("9d")
    assert desk.heard() == ["survey@1d5h"]


def test_an_escalation_that_ended_with_an_answer_is_followed_up(desk: Desk) -> None:
    asking(desk, clock="{since: waiting, calendar: always}")
    desk.open()
    desk.reply("3h")
    desk.resolve("5h")
    desk.live("9d")
    assert desk.heard() == ["survey@1d5h"]


# --- what cancels it -----------------------------------------------------------------------------


def test_a_reopening_cancels_the_follow_up(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.comes_back("1d")
    desk.live("9d")
    assert desk.told() == []


def test_after_a_reopening_only_a_new_escalation_is_followed_up(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.comes_back("1d")
    desk.resolve("1d1h")
    desk.live("9d")
    assert desk.told() == []


def test_a_second_escalation_is_followed_up_again(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.comes_back("3d")
    desk.resolve("3d5h")
    desk.live("9d")
    assert desk.heard() == ["survey@1d5h", "survey@4d5h"]


def test_a_return_that_does_not_count_puts_the_follow_up_off_to_the_next_resolution(
    desk: Desk,
) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.reopen("5h30m")
    desk.resolve("8h")
    desk.live("9d")
    assert desk.heard() == ["survey@1d8h"]


def test_a_merge_cancels_the_follow_up(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.set("1d", merged_into="desk:T2")
    desk.live("9d")
    assert desk.told() == []


def test_a_reopening_between_decision_and_sending_cancels_the_follow_up(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.live("1d4h")
    desk.evaluate_only("1d5h")
    desk.reopen("1d5h1s")
    desk.sleep_until("1d5h2s")
    assert desk.told() == []
    rows = desk.view("v_outbox", audience="customer")
    assert [(row["state"], row["reason"]) for row in rows] == [("cancelled", "changed_by_person")]


def test_a_follow_up_cancelled_before_sending_is_owed_by_the_next_resolution(desk: Desk) -> None:
    asking(desk, "{follow_up: {after: 10m, template: survey}}")
    desk.open()
    desk.resolve("5h")
    desk.live("5h5m")
    desk.evaluate_only("5h10m")
    desk.reopen("5h10m1s")
    desk.resolve("5h10m2s")
    desk.sleep_until("5h10m3s")
    assert desk.told() == []
    desk.live("9d")
    assert desk.heard() == ["survey@5h20m2s"]


def test_a_merge_between_decision_and_sending_cancels_the_follow_up(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.live("1d4h")
    desk.evaluate_only("1d5h")
    desk.set("1d5h1s", merged_into="desk:T2")
    desk.sleep_until("1d5h2s")
    rows = desk.view("v_outbox", audience="customer")
    assert [(row["state"], row["reason"]) for row in rows] == [("cancelled", "merged")]


def test_a_remark_or_a_reply_after_the_resolution_stops_no_follow_up(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.live("1d4h")
    desk.evaluate_only("1d5h")
    desk.reply("1d5h1s")
    desk.sleep_until("1d5h2s")
    assert desk.told() == ["survey"]


# --- to whom, and by which text ------------------------------------------------------------------


@pytest.mark.parametrize(
    "flags",
    [Customer("cora", no_updates=True), Customer("cora", is_automatic=True)],
    ids=["no_updates", "robot"],
)
def test_who_wants_or_can_hear_nothing_is_not_asked(desk: Desk, flags: Customer) -> None:
    asking(desk)
    desk.open(customer=flags)
    desk.resolve("5h")
    desk.live("9d")
    assert desk.told() == []


def test_a_follow_up_promises_nothing_further(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.live("9d")
    assert desk.promises() == [None]


def test_a_follow_up_that_may_have_arrived_is_never_sent_again(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.live("1d4h")
    desk.helpdesk.outcomes = [Sent(SentState.UNKNOWN, reason="time-out")]
    desk.live("9d")
    assert desk.told() == ["survey"]


@pytest.mark.parametrize("mode", ["shadow", "off"])
def test_a_rule_that_does_not_act_asks_nothing(desk: Desk, mode: str) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    desk.reload("6h", rules(rule(levels=UP, customer=ASK, mode=mode), before=OFFICE))
    desk.live("9d")
    assert desk.told() == []


def test_a_shorter_wait_that_an_edit_asks_for_is_kept(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    sooner = ASK.replace("1d", "10h")
    desk.reload("6h", rules(rule(levels=UP, customer=sooner), before=OFFICE))
    desk.live("9d")
    assert desk.heard() == ["survey@15h"]


def test_a_follow_up_that_new_text_puts_in_the_past_is_not_sent(desk: Desk) -> None:
    asking(desk, "{on_escalation: received}")
    desk.open()
    desk.resolve("5h")
    text = "{on_escalation: received, follow_up: {after: 10m, template: survey}}"
    desk.reload("1d", rules(rule(levels=UP, customer=text), before=OFFICE))
    desk.live("9d")
    assert desk.told() == ["received"]


def test_a_follow_up_survives_an_edit_of_its_rule(desk: Desk) -> None:
    asking(desk)
    desk.open()
    desk.resolve("5h")
    levels = UP.replace("]}]", "]}, {name: top, after: 9d}]")
    desk.reload("6h", rules(rule(levels=levels, customer=ASK), before=OFFICE))
    desk.live("9d")
    assert desk.heard() == ["survey@1d5h"]
