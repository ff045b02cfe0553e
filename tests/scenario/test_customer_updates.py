"""What the customer hears while a ticket waits: one voice, at humane hours, not too often."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.domain.facts import CustomerLimits
from engine.domain.ticket import Customer, Priority, Status
from engine.ports import Sent, SentState
from tests.scenario.desk import OFFICE, Desk, rule, rules

UP = "[{name: up, after: 2h, kind: technical, notify: [tier-2]}]"
PROMPT = "{on_escalation: received}"
UNLIMITED = CustomerLimits(timedelta(), 1000)


def updates(every: str = "4h", **more: str) -> str:
    keys = {"every": every, "template": "still-working", **more}
    return "{updates: {" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}}"


def keeping(desk: Desk, customer: str, levels: str = UP, **keys: str) -> None:
    desk.rules(rules(rule(levels=levels, customer=customer, **keys), before=OFFICE))


# --- on_escalation -------------------------------------------------------------------------------


def test_the_customer_hears_of_an_escalation_when_it_begins(desk: Desk) -> None:
    keeping(desk, PROMPT)
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["received@2h"]


def test_the_customer_hears_of_no_reminder(desk: Desk) -> None:
    levels = "[{name: a, after: 2h}, {name: b, after: 3h, kind: technical}]"
    keeping(desk, PROMPT, levels)
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["received@3h"]


def test_the_customer_hears_of_the_first_level_with_a_kind_only(desk: Desk) -> None:
    levels = "[{name: a, after: 2h, kind: technical}, {name: b, after: 2d, kind: hierarchical}]"
    keeping(desk, PROMPT, levels)
    desk.open()
    desk.live("9d")
    assert desk.heard() == ["received@2h"]


def test_of_several_rules_the_customer_hears_once_per_opening(desk: Desk) -> None:
    late = "[{name: late, after: 3d, kind: technical}]"
    desk.rules(
        rules(
            rule(levels=UP, customer=PROMPT),
            rule("s", levels=late, customer="{on_escalation: received-too}"),
        )
    )
    desk.open()
    desk.live("9d")
    assert desk.heard() == ["received@2h"]


def test_a_new_opening_is_a_new_promise(desk: Desk) -> None:
    keeping(desk, PROMPT)
    desk.open()
    desk.resolve("3h")
    desk.comes_back("2d")
    desk.live("9d")
    assert desk.heard() == ["received@2h", "received@2d2h"]


def test_an_escalation_a_day_after_the_last_message_of_its_kind_is_told(desk: Desk) -> None:
    keeping(desk, PROMPT)
    desk.open()
    desk.resolve("3h")
    desk.comes_back("1d")
    desk.live("9d")
    assert desk.heard() == ["received@2h", "received@1d2h"]


def test_an_escalation_less_than_a_day_after_the_last_message_of_its_kind_is_not_told(
    desk: Desk,
) -> None:
    keeping(desk, PROMPT)
    desk.open()
    desk.resolve("3h")
    desk.comes_back("23h59m59s")
    desk.live("9d")
    assert desk.fires() == ["up@2h", "up@1d1h59m59s"]
    assert desk.heard() == ["received@2h"]


# --- when an update is due -----------------------------------------------------------------------


def test_updates_count_from_the_escalation(desk: Desk) -> None:
    keeping(desk, updates(max="2"))
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["still-working@6h", "still-working@10h"]


def test_updates_may_count_from_the_match(desk: Desk) -> None:
    keeping(desk, updates(**{"from": "match", "max": "2"}), match="{priority: high}")
    desk.open()
    desk.set("30m", priority=Priority.HIGH)
    desk.live("5d")
    assert desk.heard() == ["still-working@4h30m", "still-working@8h30m"]


def test_a_rule_may_have_no_levels_and_only_updates(desk: Desk) -> None:
    keeping(desk, updates(**{"from": "match", "max": "1"}), "[]")
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["still-working@4h"]


def test_what_we_said_of_the_escalation_counts_as_heard(desk: Desk) -> None:
    customer = "{on_escalation: received, updates: {every: 4h, template: still-working, max: 1}}"
    levels = "[{name: up, after: 30m, kind: technical}]"
    keeping(desk, customer, levels)
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["received@1h", "still-working@5h"]


def test_a_persons_reply_postpones_the_update(desk: Desk) -> None:
    keeping(desk, updates(max="1"))
    desk.open()
    desk.reply("5h")
    desk.live("5d")
    assert desk.heard() == ["still-working@9h"]


def test_an_internal_note_postpones_nothing(desk: Desk) -> None:
    keeping(desk, updates(max="1"))
    desk.open()
    desk.remark("5h")
    desk.live("5d")
    assert desk.heard() == ["still-working@6h"]


def test_downtime_never_sends_two(desk: Desk) -> None:
    keeping(desk, updates(max="3"))
    desk.open()
    desk.live("3h")
    desk.sleep_until("20h")
    desk.live("1d")
    assert desk.heard() == ["still-working@20h", "still-working@1d"]


def test_updates_are_due_on_the_rules_clock(desk: Desk) -> None:
    keeping(desk, updates("1d", max="1"), clock="{calendar: office}")
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["still-working@1d2h"]


def test_every_priority_has_its_rhythm(desk: Desk) -> None:
    keeping(desk, updates("{high: 4h, medium: 8h}", max="1"))
    desk.open("T1", priority=Priority.HIGH)
    desk.open("T2", customer__id="dora")
    desk.open("T3", customer__id="emma", priority=Priority.LOW)
    desk.live("5d")
    assert desk.heard() == ["still-working@6h", "still-working@10h"]


def test_a_change_of_priority_changes_the_rhythm(desk: Desk) -> None:
    keeping(desk, updates("{high: 4h, medium: 8h}", max="1"))
    desk.open()
    desk.set("7h", priority=Priority.HIGH)
    desk.live("5d")
    assert desk.heard() == ["still-working@7h"]


def test_the_rhythm_does_not_follow_our_own_raise(desk: Desk) -> None:
    levels = "[{name: up, after: 2h, kind: technical, raise_priority: 1}]"
    keeping(desk, updates("{high: 4h, medium: 8h}", max="1"), levels)
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["still-working@10h"]


# --- the end of the stream -----------------------------------------------------------------------


def test_after_the_last_update_the_assignee_is_told(desk: Desk) -> None:
    keeping(desk, updates(max="2"))
    desk.open(assignee="ann")
    desk.live("5d")
    assert desk.told() == ["still-working"] * 2
    assert desk.receivers() == ["tier-two", "ann"]


@pytest.mark.parametrize(
    "group, expected",
    [("support", "the-support"), ("unheard-of", "everybody"), (None, "everybody")],
)
def test_without_an_assignee_somebody_else_is_told_of_the_last_update(
    desk: Desk, group: str | None, expected: str
) -> None:
    keeping(desk, updates(max="1"), "[{name: up, after: 2h, kind: technical}]")
    desk.open(group=group)
    desk.live("5d")
    assert desk.told() == ["still-working"]
    assert desk.receivers() == [expected]


def test_while_a_customer_gets_no_more_updates_nobody_else_begins_to_speak(desk: Desk) -> None:
    slow = updates("9h").replace("still-working", "still-waiting")
    desk.rules(
        rules(rule(levels=UP, customer=updates(max="1")), rule("s", levels=UP, customer=slow))
    )
    desk.open()
    desk.live("5d")
    assert desk.told() == ["still-working"]


def test_the_next_update_is_promised_for_its_delivery(desk: Desk) -> None:
    keeping(desk, updates("7h", deliver_in="office", max="2"))
    desk.open()
    desk.live("5d")
    # due at nine in the evening, and again at four in the night
    assert desk.heard() == ["still-working@1d", "still-working@1d7h"]
    assert desk.promises() == ["1d7h", None]


def test_a_promise_outside_opening_hours_is_for_the_next_opening(desk: Desk) -> None:
    keeping(desk, updates("4h", deliver_in="office", max="3"))
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["still-working@6h", "still-working@1d", "still-working@1d4h"]
    assert desk.promises() == ["1d", "1d4h", None]


def test_a_promise_keeps_the_limits(desk: Desk) -> None:
    keeping(desk, updates("30m", max="2"))
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["still-working@2h30m", "still-working@3h30m"]
    assert desk.promises() == ["3h30m", None]


def test_a_promise_is_the_one_voices(desk: Desk) -> None:
    quick = updates("3h", max="1")
    desk.rules(rules(rule(levels=UP, customer=PROMPT), rule("s", levels=UP, customer=quick)))
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["received@2h", "still-working@5h"]
    assert desk.promises() == ["5h", None]


def test_no_more_is_promised_where_nothing_follows(desk: Desk) -> None:
    keeping(desk, PROMPT)
    desk.open()
    desk.live("5d")
    assert desk.promises() == [None]


# --- when it is delivered ------------------------------------------------------------------------


def test_a_message_waits_an_hour_after_the_customers_own(desk: Desk) -> None:
    keeping(desk, PROMPT)
    desk.open()
    desk.writes("90m")
    desk.live("5d")
    assert desk.heard() == ["received@2h30m"]


def test_the_opening_is_a_message_of_the_customer(desk: Desk) -> None:
    keeping(desk, PROMPT, "[{name: up, after: 10m, kind: technical}]")
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["received@1h"]


def test_a_message_waits_for_the_clocks_opening_hours_by_default(desk: Desk) -> None:
    keeping(desk, updates("8h", max="1"), clock="{calendar: office}")
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["still-working@1d2h"]


def test_a_message_due_outside_deliver_in_waits(desk: Desk) -> None:
    keeping(desk, updates("4h", deliver_in="evening", max="1"))
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["still-working@9h"]


def test_the_news_of_an_escalation_keeps_the_delivery_hours_too(desk: Desk) -> None:
    customer = "{on_escalation: received, updates: {every: 40h, template: still-working, "
    keeping(desk, customer + "deliver_in: evening, max: 1}}")
    desk.open()
    desk.live("1d")
    assert desk.heard() == ["received@9h"]


def test_news_that_waits_for_an_opening_over_days_is_still_told(desk: Desk) -> None:
    posted = "{on_escalation: received, updates: {every: 90h, template: still-working,"
    keeping(desk, posted + " deliver_in: office}}", max_lateness="1d")
    desk.open(since="4d8h")
    desk.live("8d")
    assert desk.heard() == ["received@7d"]


def test_news_that_could_have_been_told_long_ago_is_not_told_any_more(desk: Desk) -> None:
    desk.limits = CustomerLimits(timedelta(days=2), 5)
    keeping(desk, PROMPT, max_lateness="1d")
    desk.open("T1")
    desk.open("T2")
    desk.live("9d")
    assert desk.heard() == ["received@2h"]


def test_a_ticket_that_is_resolved_while_its_message_waits_hears_nothing(desk: Desk) -> None:
    keeping(desk, updates("4h", deliver_in="evening", max="1"))
    desk.open()
    desk.resolve("8h")
    desk.live("5d")
    assert desk.told() == []


def test_a_reply_while_an_update_waits_postpones_it(desk: Desk) -> None:
    keeping(desk, updates("4h", deliver_in="evening", max="1"))
    desk.open()
    desk.reply("8h")
    desk.live("5d")
    assert desk.heard() == ["still-working@1d9h"]


def test_an_update_that_falls_due_in_a_pause_waits_for_its_end(desk: Desk) -> None:
    keeping(desk, updates("4h", deliver_in="evening", max="1"))
    desk.open()
    desk.set("8h", status=Status.PENDING_CUSTOMER)
    desk.reopen("12h")
    desk.live("5d")
    assert desk.heard() == ["still-working@1d9h"]


def test_a_reply_between_decision_and_sending_stops_the_message(desk: Desk) -> None:
    keeping(desk, updates(max="1"))
    desk.open()
    desk.live("5h")
    desk.evaluate_only("6h")
    desk.reply("6h1s")
    desk.sleep_until("6h2s")
    assert desk.told() == []
    desk.live("5d")
    assert desk.heard() == ["still-working@10h1s"]


def test_a_message_waits_while_its_ticket_cannot_be_read(desk: Desk) -> None:
    keeping(desk, updates(max="1"))
    desk.open()
    desk.live("5h")
    desk.helpdesk.is_unreadable = True
    desk.sleep_until("6h")
    assert desk.told() == []
    desk.helpdesk.is_unreadable = False
    desk.sleep_until("6h5m")
    assert desk.told() == ["still-working"]


def test_a_message_that_may_have_arrived_is_never_sent_again(desk: Desk) -> None:
    keeping(desk, PROMPT)
    desk.helpdesk.keeps_no_keys = True
    desk.open()
    desk.live("1h")
    note = Sent(SentState.DELIVERED)
    desk.helpdesk.outcomes = [note, Sent(SentState.UNKNOWN, reason="time-out")]
    desk.live("5d")
    assert desk.told() == ["received"]
    assert [row["state"] for row in desk.view("v_outbox", audience="customer")] == ["unknown"]


# --- limits --------------------------------------------------------------------------------------


def test_an_hour_lies_between_two_messages_to_a_customer_over_all_tickets(desk: Desk) -> None:
    keeping(desk, PROMPT)
    desk.open("T1")
    desk.open("T2", "10m")
    desk.open("T3", "20m", customer__id="dora")
    desk.live("5d")
    assert desk.heard() == ["received@2h", "received@2h20m", "received@3h"]


def test_nobody_hears_more_often_than_so_many_times_a_day(desk: Desk) -> None:
    desk.limits = CustomerLimits(timedelta(hours=1), 2)
    keeping(desk, updates("4h"))
    desk.open()
    desk.live("1d12h")
    assert desk.heard() == [
        "still-working@6h",
        "still-working@10h",
        "still-working@1d6h",
        "still-working@1d10h",
    ]


def test_so_many_messages_a_day_are_counted_over_all_tickets_of_a_customer(desk: Desk) -> None:
    desk.limits = CustomerLimits(timedelta(hours=1), 2)
    keeping(desk, PROMPT)
    for number in range(3):
        desk.open(f"T{number}")
    desk.open("other", customer__id="dora")
    desk.live("5d")
    assert desk.heard() == ["received@2h", "received@2h", "received@3h", "received@1d2h"]


def test_tickets_without_a_known_customer_have_a_limit_each(desk: Desk) -> None:
    keeping(desk, PROMPT)
    for number in range(2):
        desk.open(f"T{number}", customer=Customer())
    desk.live("5d")
    assert desk.heard() == ["received@2h", "received@2h"]


def test_while_the_news_of_an_escalation_waits_its_rules_update_waits_too(desk: Desk) -> None:
    customer = "{on_escalation: received, updates: {every: 3h, template: still-working,"
    keeping(desk, customer + " deliver_in: evening, max: 1}}")
    desk.open()
    desk.live("1d")
    assert desk.heard() == ["received@9h"]


def test_news_that_waits_for_its_hours_holds_back_no_other_rules_updates(desk: Desk) -> None:
    slow = "{every: 40h, template: still-waiting, deliver_in: evening}"
    news = f"{{on_escalation: received, updates: {slow}}}"
    later = "[{name: up, after: 3h, kind: technical}]"
    each = rule(levels=UP, customer=updates("2h")), rule("s", levels=later, customer=news)
    desk.rules(rules(*each, before=OFFICE))
    desk.open()
    desk.live("10h")
    # A word every two hours is promised, and comes, though the other rule speaks in the evening.
    assert desk.heard() == [
        "still-working@4h",
        "still-working@6h",
        "still-working@8h",
        "received@9h",
    ]


def test_what_exceeds_the_limits_waits_merged(desk: Desk) -> None:
    desk.limits = CustomerLimits(timedelta(hours=10), 5)
    keeping(desk, updates("4h"))
    desk.open()
    desk.live("1d8h")
    assert desk.heard() == ["still-working@6h", "still-working@16h", "still-working@1d2h"]


# --- one voice -----------------------------------------------------------------------------------


def test_of_several_rules_the_one_with_the_shortest_rhythm_speaks(desk: Desk) -> None:
    quick = updates("5h").replace("still-working", "still-waiting")
    desk.rules(rules(rule(levels=UP, customer=updates("8h")), rule("s", levels=UP, customer=quick)))
    desk.open()
    desk.live("1d")
    assert desk.heard() == [f"still-waiting@{hours}h" for hours in (7, 12, 17, 22)]


def test_of_equal_rhythms_the_first_rule_speaks(desk: Desk) -> None:
    other = updates("5h").replace("still-working", "still-waiting")
    desk.rules(rules(rule(levels=UP, customer=updates("5h")), rule("s", levels=UP, customer=other)))
    desk.open()
    desk.live("8h")
    assert desk.heard() == ["still-working@7h"]


def test_a_rule_that_is_not_escalated_has_no_voice(desk: Desk) -> None:
    slow = "[{name: up, after: 20h, kind: technical}]"
    quick = updates("1h").replace("still-working", "still-waiting")
    desk.rules(
        rules(rule(levels=UP, customer=updates("8h")), rule("s", levels=slow, customer=quick))
    )
    desk.open()
    desk.live("20h30m")
    assert desk.heard() == ["still-working@10h", "still-working@18h"]


def test_a_rule_that_takes_the_voice_keeps_what_was_promised_before(desk: Desk) -> None:
    later = "[{name: up, after: 8h, kind: technical}]"
    quick = updates("3h").replace("still-working", "still-waiting")
    desk.rules(
        rules(rule(levels=UP, customer=updates("4h")), rule("s", levels=later, customer=quick))
    )
    desk.open()
    desk.live("15h")
    # At 6h the next word was promised for 10h; counted from its own escalation it were 11h.
    assert desk.heard() == ["still-working@6h", "still-waiting@10h", "still-waiting@13h"]


def test_a_rule_that_takes_the_voice_keeps_no_promise_of_one_that_has_said_all(
    desk: Desk,
) -> None:
    later = "[{name: up, after: 8h, kind: technical}]"
    quick = updates("3h").replace("still-working", "still-waiting")
    ended = updates("4h", max="1")
    desk.rules(rules(rule(levels=UP, customer=ended), rule("s", levels=later, customer=quick)))
    desk.open()
    desk.live("12h")
    assert desk.heard() == ["still-working@6h", "still-waiting@11h"]


def test_when_the_voice_is_suspended_the_next_one_speaks(desk: Desk) -> None:
    quick = updates("3h").replace("still-working", "still-waiting")
    suspended = rule("s", levels=UP, customer=quick, match="{priority: high}")
    desk.rules(rules(rule(levels=UP, customer=updates("6h")), suspended))
    desk.open(priority=Priority.HIGH)
    desk.set("6h", priority=Priority.LOW)
    desk.live("12h")
    assert desk.heard() == ["still-waiting@5h", "still-working@11h"]


def test_one_message_at_an_instant_stands_for_all(desk: Desk) -> None:
    desk.limits = UNLIMITED
    at_two = updates("1h", **{"from": "match", "max": "1"})
    desk.rules(
        rules(
            rule(levels=UP, customer=PROMPT),
            rule("s", levels="[]", customer=at_two.replace("1h", "2h")),
        )
    )
    desk.open()
    desk.live("3h")
    assert desk.heard() == ["received@2h"]


# --- by which way --------------------------------------------------------------------------------


def by_mail(desk: Desk) -> None:
    """From here on the desk's customers are written to by the channel."""
    assert desk.cycle is not None
    desk.cycle.outside.reply_channels["desk"] = "log"  # type: ignore[index]


def test_a_customer_is_answered_on_the_ticket(desk: Desk) -> None:
    keeping(desk, PROMPT, "[{name: up, after: 2h, kind: technical}]")
    desk.open(customer__email="cora@example.org")
    desk.live("5d")
    assert desk.told() == ["received"]
    assert desk.channel.sent == []


def test_where_the_helpdesk_cannot_reply_the_customer_gets_mail(desk: Desk) -> None:
    keeping(desk, PROMPT, "[{name: up, after: 2h, kind: technical}]")
    by_mail(desk)
    desk.open(customer__email="cora@example.org")
    desk.live("5d")
    assert desk.told() == []
    assert desk.receivers() == ["cora@example.org"]


def test_without_an_address_the_mail_is_dropped_and_the_outbox_says_why(desk: Desk) -> None:
    keeping(desk, PROMPT, "[{name: up, after: 2h, kind: technical}]")
    by_mail(desk)
    desk.open()
    desk.live("5d")
    (row,) = desk.view("v_outbox", audience="customer")
    assert (row["state"], row["reason"]) == (
        "dropped",
        "the customer of desk:T1 has no e-mail address",
    )


# --- to whom nothing goes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flags",
    [Customer("cora", no_updates=True), Customer("cora", is_automatic=True)],
    ids=["no_updates", "robot"],
)
def test_who_wants_or_can_hear_nothing_hears_nothing(desk: Desk, flags: Customer) -> None:
    customer = "{on_escalation: received, updates: {every: 4h, template: still-working}}"
    keeping(desk, customer)
    desk.open(customer=flags)
    desk.live("5d")
    assert desk.fires() == ["up@2h"]
    assert desk.told() == []


def test_nothing_goes_out_after_the_resolution(desk: Desk) -> None:
    keeping(desk, updates())
    desk.open()
    desk.resolve("7h")
    desk.live("5d")
    assert desk.heard() == ["still-working@6h"]


def test_nothing_goes_out_while_the_ticket_is_paused(desk: Desk) -> None:
    keeping(desk, updates(max="1"))
    desk.open()
    desk.set("3h", status=Status.PENDING_CUSTOMER)
    desk.live("5d")
    assert desk.told() == []


def test_after_a_reopening_updates_wait_for_the_next_escalation(desk: Desk) -> None:
    keeping(desk, updates(max="9"))
    desk.open()
    desk.resolve("7h")
    desk.comes_back("20h")
    desk.live("1d2h30m")
    assert desk.heard() == ["still-working@6h", "still-working@1d2h"]
