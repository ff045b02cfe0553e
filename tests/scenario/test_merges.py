"""Tickets that are merged into others."""

from __future__ import annotations

from engine.domain.ticket import Customer, Priority, Status
from engine.ports import Sent, SentState
from tests.scenario.desk import OFFICE, Desk, at, rule, rules

DORA = Customer(id="dora")
LADDER = (
    "[{name: a, after: 2h, kind: technical, notify: [tier-2]}, "
    "{name: b, after: 8h, kind: hierarchical, notify: [manager]}]"
)


def merged(desk: Desk, *each: str) -> None:
    """T1 is opened at nine, T2 at two; at three T1 is merged into T2."""
    desk.rules(rules(*each, before=OFFICE))
    desk.open("T1")
    desk.open("T2", "5h")
    desk.set("6h", "T1", merged_into="desk:T2")


# --- the merged ticket ---------------------------------------------------------------------------


def test_a_merge_ends_the_episodes_of_the_merged_ticket(desk: Desk) -> None:
    merged(desk, rule(levels=LADDER))
    desk.live("5d")
    assert desk.fires(ticket="desk:T1") == ["a@2h"]
    assert desk.decision(subject="desk:T1") == "merged"


def test_a_merged_tickets_waiting_message_is_cancelled(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 4h, template: still-working, deliver_in: evening}}"
    merged(desk, rule(levels="[]", customer=posted, match="{id: desk:T1}"))
    desk.live("5d")
    assert desk.told() == []


def test_a_merged_tickets_queued_message_is_cancelled(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 4h, template: still-working, max: 2}}"
    desk.rules(rules(rule(levels="[]", customer=posted)))
    desk.open()
    desk.live("3h")
    desk.evaluate_only("4h")
    desk.set("4h1s", merged_into="desk:T2")
    desk.sleep_until("4h2s")
    assert desk.told() == []
    assert [(r["state"], r["reason"]) for r in desk.view("v_outbox")] == [("cancelled", "merged")]


# --- what the survivor takes over ----------------------------------------------------------------


def test_the_survivor_is_opened_as_early_as_the_oldest(desk: Desk) -> None:
    merged(desk, rule(levels="[{name: a, after: 8h}]"))
    desk.live("5d")
    assert desk.fires() == ["a@8h"]


def test_an_older_survivor_keeps_its_opening(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 8h}]")))
    desk.open("T1", "5h")
    desk.open("T2")
    desk.set("6h", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires() == ["a@8h"]


def test_the_survivor_of_a_chain_is_opened_as_early_as_the_oldest(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 8h}]")))
    for name, since in (("T1", "0s"), ("T2", "1h"), ("T3", "2h")):
        desk.open(name, since)
    desk.set("3h", "T2", merged_into="desk:T3")
    desk.set("4h", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires() == ["a@8h"]
    assert [row[0] for row in desk.fired()] == ["desk:T3"]


def test_what_the_oldest_makes_due_fires_at_the_merge(desk: Desk) -> None:
    desk.rules(rules(rule(match="{type: x}", levels="[{name: a, after: 3h}]")))
    desk.open("T1")
    desk.open("T2", "5h", type="x")
    desk.set("6h", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires() == ["a@3h>6h"]


def test_a_ticket_that_had_been_resolved_for_an_hour_brings_no_opening(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 8h}]")))
    desk.open("T1")
    desk.open("T2", "5h")
    desk.resolve("4h", "T1")
    desk.set("6h", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires() == ["a@13h"]


def test_a_ticket_that_is_resolved_to_be_merged_brings_its_opening(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 8h}]")))
    desk.open("T1")
    desk.open("T2", "5h")
    desk.resolve("5h59m", "T1")
    desk.set("6h", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires() == ["a@8h"]


def test_a_reopening_after_the_merge_is_a_new_opening(desk: Desk) -> None:
    merged(desk, rule(levels="[{name: a, after: 8h}]"))
    desk.resolve("7h", "T2")
    desk.comes_back("10h", "T2")
    desk.live("5d")
    assert desk.fires() == ["a@18h"]


def test_the_survivor_waits_as_long_as_the_customer_of_either(desk: Desk) -> None:
    merged(desk, rule(clock="{since: waiting}", levels="[{name: a, after: 7h}]"))
    desk.reply("5h30m", "T2")
    desk.live("5d")
    assert desk.fires() == ["a@7h"]


def test_an_answer_on_the_survivor_answers_both(desk: Desk) -> None:
    merged(desk, rule(clock="{since: waiting}", levels="[{name: a, after: 7h}]"))
    desk.reply("6h30m", "T2")
    desk.live("5d")
    assert desk.fires() == []


def test_the_survivors_own_fields_stay_as_they_are(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: {urgent: 1h, low: 8h}}]")))
    desk.open("T1", "2h", priority=Priority.URGENT)
    desk.open("T2", priority=Priority.LOW)
    desk.set("2h30m", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires() == ["a@8h"]


# --- the ladder goes on --------------------------------------------------------------------------


def test_a_level_that_fired_on_the_merged_ticket_does_not_fire_again(desk: Desk) -> None:
    merged(desk, rule(levels=LADDER))
    desk.live("5d")
    assert desk.fires() == ["a@2h", "b@8h"]
    assert desk.receivers() == ["tier-two", "the-manager"]


def test_a_level_that_fired_on_either_counts_for_the_survivor(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER)))
    desk.open("T1", "1h")
    desk.open("T2")
    desk.set("4h", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires() == ["a@2h", "a@3h", "b@8h"]  # before the merge they were two


def test_what_a_person_took_stays_taken(desk: Desk) -> None:
    merged(desk, rule(levels=LADDER))
    desk.reply("3h", "T1")
    desk.live("5d")
    assert desk.fires() == ["a@2h", "b@8h>1d3h"]


def test_the_survivor_can_be_taken_by_name(desk: Desk) -> None:
    merged(desk, rule(levels=LADDER))
    assert desk.acknowledge("7h", "desk:T2") == ["r"]
    desk.live("5d")
    assert desk.fires() == ["a@2h", "b@8h>1d7h"]


def test_repetitions_go_on_from_the_firing_on_the_merged_ticket(desk: Desk) -> None:
    level = "[{name: a, after: 2h, notify: [manager], repeat: {every: 5h, times: 2}}]"
    merged(desk, rule(levels=level))
    desk.live("5d")
    assert desk.fires() == ["a@2h", "a#2@7h", "a#3@12h"]


def test_a_notice_that_the_merge_stopped_goes_out_for_the_survivor(desk: Desk) -> None:
    merged(desk, rule(levels="[{name: a, after: 2h, notify: [manager]}]"))
    desk.channel.outcomes = [Sent(SentState.RETRY, retry_after=at("4h") - at("0s"))]
    desk.live("5d")
    assert desk.fires() == ["a@2h", "a@2h>6h"]
    assert desk.notices() == ["the-manager: r/1"]
    assert [message.text for message in desk.channel.sent] == ["T2"]


def test_clocks_of_the_tickets_own_state_take_over_no_levels(desk: Desk) -> None:
    levels = "[{name: a, after: 2h, notify: [manager]}]"
    merged(desk, rule(clock="{since: status_change}", levels=levels))
    desk.live("5d")
    assert desk.fires() == ["a@2h", "a@7h"]


def test_an_episode_that_begins_after_the_merge_takes_over_nothing(desk: Desk) -> None:
    merged(desk, rule(levels=LADDER))
    desk.resolve("7h", "T2")
    desk.comes_back("10h", "T2")
    desk.live("15h")
    assert desk.fires() == ["a@2h", "a@12h"]


# --- the customer --------------------------------------------------------------------------------

KEPT = (
    "{on_escalation: received, updates: {from: escalation, every: 6h, template: still-working,"
    " max: 2, deliver_in: always}}"
)


def test_the_customer_hears_on_from_the_survivor_as_was_promised(desk: Desk) -> None:
    merged(desk, rule(levels=LADDER, customer=KEPT))
    desk.live("5d")
    assert desk.heard() == ["received@2h", "still-working@8h", "still-working@14h"]
    replies = [name for kind, name, _, _ in desk.helpdesk.done if kind == "reply"]
    assert replies == ["desk:T1", "desk:T2", "desk:T2"]


def test_the_customer_hears_no_more_updates_than_of_one_ticket(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, customer=KEPT)))
    desk.open("T1")
    desk.open("T2", "5h")
    desk.set("9h", "T1", merged_into="desk:T2")
    desk.live("5d")
    said = ["received@2h", "received@7h", "still-working@8h", "still-working@14h"]
    assert desk.heard() == said


# --- contacts ------------------------------------------------------------------------------------


def test_the_survivor_takes_over_the_contacts(desk: Desk) -> None:
    counted = "{contacts: {by: ticket, at_least: 2, within: 7d}}"
    merged(desk, rule(match=counted, levels="[{name: a, after: 0s}]", clock="{since: match}"))
    desk.live("5d")
    assert desk.fires(ticket="desk:T2") == ["a@6h"]


def test_the_customers_contacts_are_counted_once(desk: Desk) -> None:
    counted = "{contacts: {by: customer, at_least: 3, within: 7d}}"
    merged(desk, rule(match=counted, levels="[{name: a, after: 0s}]"))
    desk.live("5d")
    assert desk.fires() == []


def test_contacts_taken_over_count_for_the_survivors_customer(desk: Desk) -> None:
    counted = "{contacts: {by: customer, at_least: 2, within: 7d}}"
    desk.rules(rules(rule(match=counted, levels="[{name: a, after: 0s, notify: [manager]}]")))
    desk.open("T1", customer=DORA)
    desk.open("T2", "5h")
    desk.set("6h", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires(ticket="customer:cora") == ["a@5h>6h"]
    assert desk.fires(ticket="customer:dora") == []


def test_a_merge_begins_no_new_episode_of_the_customer(desk: Desk) -> None:
    counted = "{contacts: {by: customer, at_least: 2, within: 7d}}"
    desk.rules(rules(rule(match=counted, levels="[{name: a, after: 0s, notify: [manager]}]")))
    desk.open("T2")
    desk.open("T1", "5h")  # completes the count
    desk.set("6h", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires() == ["a@5h"]


def test_a_merge_that_is_taken_back_leaves_two_tickets(desk: Desk) -> None:
    merged(desk, rule(levels="[{name: a, after: 8h}]"))
    desk.set("7h", "T1", merged_into=None)
    desk.live("5d")
    assert desk.fires(ticket="desk:T1") == ["a@8h"]
    assert desk.fires(ticket="desk:T2") == ["a@13h"]


def test_a_ticket_that_is_merged_from_its_first_reading_on_counts_too(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 8h}]")))
    desk.open("T1", merged_into="desk:T2")
    desk.open("T2", "5h")
    desk.live("5d")
    assert desk.fires() == ["a@8h"]


def test_a_survivor_that_is_resolved_stays_so(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 8h}]")))
    desk.open("T1")
    desk.open("T2", "1h", status=Status.RESOLVED)
    desk.set("6h", "T1", merged_into="desk:T2")
    desk.live("5d")
    assert desk.fires() == []
