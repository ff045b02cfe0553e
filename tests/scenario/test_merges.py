"""Tickets that are merged into others, and times that are corrected afterwards."""

from __future__ import annotations

from dataclasses import replace

from engine.domain.ticket import Actor, Event, EventKind, Status
from tests.scenario.desk import OFFICE, Desk, at, rule, rules


def merged(desk: Desk, *each: str) -> None:
    """T1 is opened at nine, T2 at two; at three T1 is merged into T2."""
    desk.rules(rules(*each, before=OFFICE))
    desk.open("T1")
    desk.open("T2", "5h")
    desk.set("6h", "T1", merged_into="desk:T2")


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
    assert [row["state"] for row in desk.view("v_outbox")] == ["cancelled"]


def test_the_survivor_is_opened_as_early_as_the_oldest(desk: Desk) -> None:
    merged(desk, rule(levels="[{name: a, after: 8h}]"))
    desk.live("5d")
    assert desk.fires() == ["a@8h"]


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


# --- corrected times -----------------------------------------------------------------------------


def test_a_corrected_creation_moves_the_episode_and_begins_no_new_one(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 2h}, {name: b, after: 4h}]")))
    name = desk.open()
    desk.live("3h")
    opening = desk.helpdesk.openings[name]
    desk.helpdesk.openings[name] = replace(opening, created_at=at("30m"))
    desk.set("3h10m", type="any")  # so that the ticket is read again
    desk.live("5d")
    assert desk.fires() == ["a@2h", "b@4h30m"]


def test_a_corrected_event_moves_the_episode_and_begins_no_new_one(desk: Desk) -> None:
    levels = "[{name: a, after: 2h}, {name: b, after: 4h}]"
    desk.rules(rules(rule(levels=levels, clock="{since: status_change}")))
    name = desk.open()
    told = Event(
        "88", at("1h"), EventKind.CHANGED, source_id="88", field="status",
        before=Status.OPEN, after=Status.PENDING_INTERNAL,
    )  # fmt: skip
    desk.helpdesk.events[name].append(told)
    desk.live("3h30m")
    desk.helpdesk.events[name][0] = replace(told, at=at("90m"))
    desk.set("3h40m", type="any")
    desk.live("5d")
    assert desk.fires() == ["a@3h", "b@5h30m"]


def test_an_event_that_is_told_late_counts_from_its_own_time(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 2h}, {name: b, after: 4h}]")))
    name = desk.open()
    desk.live("3h")
    reply = Event("9", at("1h"), EventKind.MESSAGE, Actor.PERSON)
    desk.helpdesk.events[name].append(reply)
    desk.set("3h10m", type="any")
    desk.live("5d")
    view = desk.history().as_of(at("5d"))
    assert view.last_agent_reply_at == at("1h")
    assert desk.fires() == ["a@2h", "b@4h"]
