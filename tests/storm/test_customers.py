"""Storms on customers: many tickets of one, a large organisation, a helpdesk that is away."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from engine.domain.facts import CustomerLimits
from engine.domain.ticket import Customer
from engine.errors import HelpdeskError
from engine.ports import Batch, Json
from engine.testing import ScriptedHelpdesk
from tests.scenario.desk import Desk, at, rule, rules

EVERY_TWO_HOURS = (
    "{on_escalation: received, updates: {every: 2h, template: still-working, deliver_in: always}}"
)


def spoken(desk: Desk) -> dict[str, list[datetime]]:
    """Customer's ticket → when a message on it arrived, in order."""
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in desk.view("v_outbox", audience="customer", state="delivered"):
        found[str(row["ticket"])].append(datetime.fromisoformat(str(row["finished_at"])))
    return {name: sorted(instants) for name, instants in found.items()}


def hold(instants: list[datetime], limits: CustomerLimits) -> None:
    """Between two messages the gap, and in no day more than are allowed."""
    for earlier, later in pairwise(instants):
        assert later - earlier >= limits.gap
    for number, instant in enumerate(instants):
        lately = [one for one in instants[: number + 1] if one > instant - timedelta(hours=24)]
        assert len(lately) <= limits.per_day


@pytest.mark.proof
def test_a_customer_of_three_hundred_tickets_hears_no_more_often_than_one_of_one(
    desk: Desk, figures: list[str]
) -> None:
    limits = CustomerLimits(gap=timedelta(hours=1), per_day=5)
    desk.limits = limits
    levels = "[{name: a, after: 1h, kind: technical, notify: [manager]}]"
    desk.rules(rules(rule(levels=levels, budget="1000/h", customer=EVERY_TWO_HOURS)))
    for number in range(300):
        desk.open(f"T{number:03}", "0s", Customer(id="cora"))
    desk.live("2d")

    instants = sorted(one for each in spoken(desk).values() for one in each)
    hold(instants, limits)
    assert instants[0] == at("1h")
    assert len(instants) == 10
    figures.append(
        f"one customer with 300 open tickets: {len(instants)} messages in two days,"
        f" all limits kept, the least gap {min(b - a for a, b in pairwise(instants))}"
    )


@pytest.mark.proof
def test_an_organisation_of_two_thousand_tickets_is_one_notice_and_one_message(
    desk: Desk, figures: list[str]
) -> None:
    levels = "[{name: a, after: 0s, kind: hierarchical, tag: [storm], notify: [manager]}]"
    match = "{contacts: {by: organization, at_least: 2000, within: 1d}}"
    text = rule(levels=levels, match=match, cooldown="7d", customer="{on_escalation: received}")
    desk.rules(rules(text))
    for number in range(2000):
        customer = Customer(id=f"c{number}", organization="acme")
        desk.open(f"T{number:04}", f"{number // 100}m", customer)
    desk.live("2h")

    assert desk.fires() == ["a@19m"]
    (notice,) = desk.channel.sent
    assert sorted(notice.text.split(", ")) == [f"T{number:04}" for number in range(2000)]
    assert len(desk.changes()) == 2000
    assert sum(len(each) for each in spoken(desk).values()) == 1
    figures.append("an organisation with 2000 tickets: 1 notice that lists all, 1 customer message")


LADDERS, RESOLVED = 150, 50
"""Tickets whose helpdesk is away, and those of them that are resolved meanwhile."""


class Away(ScriptedHelpdesk):
    """A helpdesk that can be away: then it tells nothing, and takes nothing."""

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        if self.is_unreadable:
            raise HelpdeskError("desk: it does not answer")
        return super().changes(watermark, until)


@pytest.mark.proof
def test_a_helpdesk_that_is_away_for_six_hours_comes_back_to_no_storm(
    figures: list[str],
) -> None:
    desk = Desk(helpdesk=Away())
    levels = (
        "[{name: a, after: 1h, kind: technical, tag: [late], notify: [tier-2]},"
        " {name: b, after: 4h, kind: hierarchical, set: {type: urgent}, notify: [manager]}]"
    )
    desk.rules(rules(rule(levels=levels, budget="10000/h", customer=EVERY_TWO_HOURS)))
    for number in range(LADDERS):
        desk.open(f"T{number:03}", "0s", Customer(id=f"c{number}"))
    desk.live("2h")
    before = spoken(desk)
    assert {len(each) for each in before.values()} == {1}

    desk.helpdesk.is_unreadable = True
    for minutes in range(130, 490, 40):
        desk.tick(at(f"{minutes}m"))
    told = desk.receivers()
    assert spoken(desk) == before
    assert [change for change in desk.changes() if "type" in change] == []
    for number in range(RESOLVED):
        desk.resolve("8h5m", f"T{number:03}")
    desk.helpdesk.is_unreadable = False
    for minutes in range(490, 610, 10):
        desk.tick(at(f"{minutes}m"))

    after = spoken(desk)
    resolved = [after[f"desk:T{number:03}"] for number in range(RESOLVED)]
    waiting = [after[f"desk:T{number:03}"] for number in range(RESOLVED, LADDERS)]
    assert {len(each) for each in resolved} == {1}
    assert {len(each) for each in waiting} == {2}
    assert {each[1] for each in waiting} == {at("8h10m")}
    changed = [change for change in desk.changes() if "type" in change]
    assert len(changed) == LADDERS - RESOLVED
    assert told.count("the-manager") == LADDERS
    figures.append(
        f"a helpdesk away for six hours with {LADDERS} ladders: {told.count('the-manager')} notices"
        f" went out as of before; on return {len(waiting)} customers got one message each, the"
        f" {len(resolved)} whose tickets were resolved meanwhile none; {len(changed)} changes made"
    )
    desk.store.close()
