"""What robots write, and what we write ourselves: it counts for nothing that people would do."""

from __future__ import annotations

import pytest

from engine.domain.ticket import Actor, Status
from tests.scenario.desk import Desk, rule, rules

ONE = "[{name: a, after: 2h, notify: [manager]}]"


def twice(by: str) -> str:
    """A rule that holds at the second contact of a kind within a week."""
    match = f"{{contacts: {{by: {by}, at_least: 2, within: 7d}}}}"
    clock = {} if by != "ticket" else {"clock": "{since: match}"}
    return rule(match=match, levels="[{name: a, after: 0s}]", **clock)


@pytest.mark.parametrize("by", ["ticket", "customer", "everyone"])
def test_an_automatic_message_is_no_contact(desk: Desk, by: str) -> None:
    desk.rules(rules(twice(by)))
    desk.open()
    desk.reply("3h", by=Actor.ROBOT)
    desk.live("5d")
    assert desk.fires() == []


def test_an_automatic_message_is_no_customer_message(desk: Desk) -> None:
    match = "{since_customer_message: {at_least: 4h}, unanswered_messages: {at_most: 1}}"
    desk.rules(rules(rule(match=match, clock="{since: match}", levels=ONE)))
    desk.open()
    desk.reply("3h", by=Actor.ROBOT)
    desk.live("5d")
    assert desk.fires() == ["a@6h"]


def test_words_in_an_automatic_message_are_not_the_customers(desk: Desk) -> None:
    desk.rules(rules(rule(match="{message: {mentions: [supervisor]}}", levels=ONE)))
    desk.open()
    desk.helpdesk.say("desk:T1", desk.helpdesk.openings["desk:T1"].created_at, Actor.ROBOT,
                      "the supervisor is out of office")  # fmt: skip
    desk.live("5d")
    assert desk.fires() == []


def test_an_automatic_message_is_no_agents_reply(desk: Desk) -> None:
    desk.rules(rules(rule(match="{since_agent_reply: {exists: false}}", levels=ONE)))
    desk.open()
    desk.reply("1h", by=Actor.ROBOT)
    desk.live("5d")
    assert desk.fires() == ["a@2h"]


def test_an_automatic_message_is_no_public_update(desk: Desk) -> None:
    desk.rules(rules(rule(match="{since_public_update: {exists: false}}", levels=ONE)))
    desk.open()
    desk.reply("1h", by=Actor.ROBOT)
    desk.live("5d")
    assert desk.fires() == ["a@2h"]


def test_an_automatic_message_postpones_no_update(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 4h, template: still-working, max: 1}}"
    desk.rules(rules(rule(levels="[]", customer=posted)))
    desk.open()
    desk.reply("3h", by=Actor.ROBOT)
    desk.live("5d")
    assert desk.heard() == ["still-working@4h"]


def test_an_automatic_message_that_returns_a_ticket_reopens_nothing(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 2h}, {name: b, after: 30h}]")))
    desk.open()
    desk.resolve("3h")
    desk.reply("1d3h", by=Actor.ROBOT)
    desk.set("1d3h", by=Actor.ROBOT, status=Status.OPEN)
    desk.live("5d")
    assert desk.fires() == ["a@2h", "b@1d6h"]  # the old episode goes on, and its clock ran on
    assert desk.history().as_of(desk.now()).reopens == 0


def test_a_robot_may_return_a_ticket_on_which_the_customer_wrote(desk: Desk) -> None:
    desk.rules(rules(rule(levels=ONE)))
    desk.open()
    desk.resolve("3h")
    desk.writes("1d3h")
    desk.set("1d3h", by=Actor.ROBOT, status=Status.OPEN)
    desk.live("5d")
    assert desk.fires() == ["a@2h", "a@1d5h"]


@pytest.mark.parametrize("by", [Actor.ROBOT, Actor.OURSELVES])
def test_a_machines_change_of_status_anchors_nothing(desk: Desk, by: Actor) -> None:
    desk.rules(rules(rule(clock="{since: status_change}", levels=ONE)))
    desk.open()
    desk.set("1h", by=by, status=Status.PENDING_INTERNAL)
    desk.live("5d")
    assert desk.fires() == ["a@2h"]


def test_a_robots_change_of_status_ends_a_pause(desk: Desk) -> None:
    desk.rules(rules(rule(levels=ONE)))
    desk.open(status=Status.PENDING_CUSTOMER)
    desk.set("1h", by=Actor.ROBOT, status=Status.OPEN)
    desk.live("5d")
    assert desk.fires() == ["a@3h"]


def test_our_own_message_is_no_contact(desk: Desk) -> None:
    spoken = "{updates: {from: match, every: 2h, template: still-working, max: 1}}"
    desk.rules(rules(rule("q", levels="[]", customer=spoken), twice("ticket")))
    desk.open()
    desk.live("5d")
    assert desk.heard() == ["still-working@2h"]
    assert desk.fires() == []


def test_our_own_message_is_no_agents_reply(desk: Desk) -> None:
    spoken = "{updates: {from: match, every: 2h, template: still-working, max: 1}}"
    match = "{since_agent_reply: {exists: false}}"
    late = rule(match=match, levels="[{name: a, after: 4h, notify: [manager]}]")
    desk.rules(rules(rule("q", levels="[]", customer=spoken), late))
    desk.open()
    desk.live("5d")
    assert desk.fires() == ["a@4h"]


def test_our_own_message_counts_as_a_public_update(desk: Desk) -> None:
    spoken = "{updates: {from: match, every: 2h, template: still-working, max: 1}}"
    match = "{since_public_update: {at_least: 2h}}"
    late = rule(match=match, clock="{since: match}", levels="[{name: a, after: 1h}]")
    desk.rules(rules(rule("q", levels="[]", customer=spoken), late))
    desk.open()
    desk.live("5d")
    assert desk.fires() == ["a@5h"]
