"""Events whose times are corrected, or that are told late."""

from __future__ import annotations

from dataclasses import replace

from engine.domain.ticket import Actor, Event, EventKind, Status
from tests.scenario.desk import Desk, at, rule, rules


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
