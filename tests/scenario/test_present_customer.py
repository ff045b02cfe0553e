"""A ticket whose customer changes: what counts is whose it is now."""

from __future__ import annotations

from engine.domain.ticket import Customer
from tests.scenario.desk import Desk, rule, rules

DORA = Customer(id="dora")
POSTED = "{updates: {from: match, every: 4h, template: still-working, deliver_in: always, max: 1}}"


def test_a_customers_limits_are_those_of_the_present_customer(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[]", customer=POSTED)))
    desk.open("T1", "30m", customer=DORA)  # speaks at 4h30m
    desk.open("T2")
    desk.set("1h", "T2", customer__id="dora")  # would speak at 4h
    desk.live("5d")
    assert desk.heard() == ["still-working@4h", "still-working@5h"]


def test_the_former_customers_limits_are_nobodys_any_more(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[]", customer=POSTED)))
    desk.open("T1", "30m")
    desk.open("T2")
    desk.set("1h", "T2", customer__id="dora")
    desk.live("5d")
    assert desk.heard() == ["still-working@4h", "still-working@4h30m"]


def test_the_present_customers_wish_for_silence_counts(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[]", customer=POSTED)))
    desk.open("T1")
    desk.open("T2")
    desk.set("1h", "T1", customer__no_updates=True)
    desk.set("1h", "T2", customer__is_automatic=True)
    desk.live("5d")
    assert desk.told() == []


def test_a_wish_for_silence_between_decision_and_act_counts(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[]", customer=POSTED)))
    desk.open()
    desk.live("3h")
    desk.evaluate_only("4h")
    desk.set("4h1s", customer__no_updates=True)
    desk.live("5d")
    assert desk.told() == []
    assert [row["state"] for row in desk.view("v_outbox", audience="customer")] == ["cancelled"]


def test_an_escalation_wakes_the_tickets_of_the_present_customer(desk: Desk) -> None:
    first = rule("q", match="{id: desk:T1}", levels="[{name: x, after: 2h, kind: technical}]")
    counted = rule(match="{customer.escalations: {at_least: 1}}", clock="{since: match}")
    desk.rules(rules(first, counted))
    desk.open("T1")
    desk.open("T2", customer=DORA)
    desk.set("1h", "T1", customer__id="dora")
    desk.live("5d")
    assert desk.fires(ticket="desk:T2") == ["a@4h"]


def test_a_ticket_belongs_to_the_group_of_its_present_customer(desk: Desk) -> None:
    counted = "{contacts: {by: customer, at_least: 2, within: 7d}}"
    desk.rules(rules(rule(match=counted, levels="[{name: a, after: 0s, tag: [often]}]")))
    desk.open("T1")
    desk.open("T2", "1h", customer=DORA)
    desk.set("2h", "T1", customer__id="dora")
    desk.live("5d")
    assert desk.fires(ticket="customer:dora") == ["a@1h>2h"]
    assert desk.changes() == ["T1 tags →often", "T2 tags →often"]
