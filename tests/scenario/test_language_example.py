"""The worked example of the rule language: a weekend, an outage, a reopening."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.domain.ticket import Priority, Status
from engine.testing import ticket
from tests.scenario.desk import Desk

BERLIN = ZoneInfo("Europe/Berlin")

RULES = """
calendars:
  support-hours:
    timezone: Europe/Berlin
    open: {mon-thu: "09:00-12:30, 13:30-17:30", fri: "09:00-15:00"}
    day: 7h30m
rules:
  - id: unresolved-in-time
    description: Work that nobody resolves in time climbs
    match: {type: {not: feature-request}}
    clock:
      since: opened
      calendar: support-hours
      target: {urgent: 4h, high: 8h, medium: 2d, low: 5d}
    levels:
      - {name: nearly-late, after: 75%, notify: [assignee]}
      - {name: tier-2, after: 100%, kind: technical, assign: {group: tier-2}, raise_priority: 1,
         tag: [escalated], notify: [tier-2]}
      - {name: manager, after: 150%, kind: hierarchical, assign: {group: management},
         notify: [manager], repeat: {every: 4h, times: 3}}
    customer:
      on_escalation: received
      updates: {every: {urgent: 4h, high: 1d, medium: 2d, low: 5d}, template: still-working,
                deliver_in: support-hours, max: 10}
"""


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def shown(text: str) -> str:
    return berlin(text).astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.rules(RULES)
    return desk


def test_a_weekend_ages_nothing_an_outage_does_not_double_notify_a_reopening_starts_anew(
    desk: Desk,
) -> None:
    created = berlin("2026-01-09 16:30")
    desk.helpdesk.open(
        ticket("T1", created, priority=Priority.HIGH, status=Status.OPEN, assignee="ann")
    )
    desk.helpdesk.set("desk:T1", berlin("2026-01-13 11:00"), status=Status.RESOLVED)
    desk.helpdesk.say("desk:T1", berlin("2026-01-13 14:00"), text="it is broken again")
    desk.helpdesk.set("desk:T1", berlin("2026-01-13 14:00"), status=Status.OPEN)
    desk.play(berlin("2026-01-12 15:00") - timedelta(seconds=1))
    assert desk.fired() == []
    desk.tick(berlin("2026-01-12 18:00"))  # down since 15:00
    desk.play(berlin("2026-01-14 12:00"))
    assert desk.fired() == [
        ("desk:T1", "unresolved-in-time", "nearly-late", shown("2026-01-12 16:00")),
        ("desk:T1", "unresolved-in-time", "tier-2", shown("2026-01-13 09:30")),
        ("desk:T1", "unresolved-in-time", "nearly-late", shown("2026-01-14 11:30")),
    ]
    assert desk.told() == ["received"]
