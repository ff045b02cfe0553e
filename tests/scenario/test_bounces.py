"""Mail to a customer comes back: nothing more goes out, staff call, and a new chance is taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from engine.domain.facts import CustomerLimits
from engine.domain.ticket import Actor, Customer, Event, EventKind
from engine.ports import Message, OutboxState, Sent, SentState
from engine.testing import ScriptedHelpdesk
from tests.scenario.desk import Desk, at, rule, rules

POSTED = "{updates: {from: match, every: 4h, template: still-working}}"
KEEP_POSTED = rule(levels="[]", customer=POSTED)
CORA = Customer(id="cora", name="Cora", email="Cora@example.org")


@dataclass(slots=True)
class Mailing(ScriptedHelpdesk):
    """A helpdesk that mails its replies, and knows which addresses are dead.

    Attributes:
        dead: Addresses that take no mail.
        tried: Each message's address, in order.
    """

    dead: set[str] = field(default_factory=lambda: {"Cora@example.org"})
    tried: list[str] = field(default_factory=list)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        self.tried.append(message.to)
        if message.to in self.dead:
            return Sent(SentState.REJECTED, reason="550 5.1.1 no such user", bounced=True)
        # Not by super(): a class with slots is not the one that it was written as.
        return ScriptedHelpdesk.reply(self, ticket_id, message, at)


@pytest.fixture
def mailing() -> Mailing:
    return Mailing()


@pytest.fixture
def desk(mailing: Mailing) -> Desk:
    desk = Desk(helpdesk=mailing)
    desk.rules(rules(KEEP_POSTED))
    return desk


def unreachable(desk: Desk) -> object:
    with desk.store.read() as tx:
        return tx.counts(desk.now())["unreachable"]


def test_an_address_that_bounced_is_not_tried_again(desk: Desk, mailing: Mailing) -> None:
    desk.open(customer=CORA)
    desk.live("9d")
    assert (mailing.tried, unreachable(desk)) == (["Cora@example.org"], 1)


def test_no_ticket_of_the_customer_hears_more(desk: Desk, mailing: Mailing) -> None:
    desk.open("T1", customer=CORA)
    desk.open("T2", since="10m", customer=CORA)
    desk.open("T3", since="20m", customer=CORA)
    desk.live("9d")
    assert len(mailing.tried) == 1


def test_an_address_is_the_same_however_it_is_written(desk: Desk, mailing: Mailing) -> None:
    desk.open("T1", customer=CORA)
    desk.open("T2", since="10m", customer=Customer(id="c", email=" cora@EXAMPLE.org"))
    desk.live("9d")
    assert len(mailing.tried) == 1


def test_other_customers_hear_on(desk: Desk, mailing: Mailing) -> None:
    desk.open("T1", customer=CORA)
    desk.open("T2", customer=Customer(id="dora", email="dora@example.org"))
    desk.live("9h")
    assert mailing.tried == ["Cora@example.org", "dora@example.org", "dora@example.org"]


def test_staff_are_told_once_for_an_address_by_whoever_has_the_ticket(desk: Desk) -> None:
    desk.open("T1", customer=CORA, assignee="ann")
    desk.open("T2", since="10m", customer=CORA, assignee="bob")
    desk.live("9d")
    assert desk.receivers() == ["ann"]


@pytest.mark.parametrize("who, told", [({"group": "support"}, "the-support"), ({}, "everybody")])
def test_without_an_assignee_the_group_is_told_and_without_one_the_default(
    desk: Desk, who: dict[str, str], told: str
) -> None:
    desk.open(customer=CORA, **who)
    desk.live("9d")
    assert desk.receivers() == [told]


def test_another_refusal_is_no_bounce(desk: Desk, mailing: Mailing) -> None:
    mailing.dead = set()
    desk.open(customer=CORA)
    mailing.outcomes = [Sent(SentState.REJECTED, reason="550 looks like spam")]
    desk.live("9h")
    assert (len(mailing.tried), unreachable(desk)) == (2, 0)


# --- a new chance --------------------------------------------------------------------------------


def test_another_address_is_a_new_chance(desk: Desk, mailing: Mailing) -> None:
    desk.open(customer=CORA)
    desk.set("1d", customer__email="cora@example.net")
    desk.live("1d9h")
    assert mailing.tried[:2] == ["Cora@example.org", "cora@example.net"]
    assert desk.heard()[0] == "still-working@1d"


def test_a_customer_who_writes_is_tried_again(desk: Desk, mailing: Mailing) -> None:
    desk.open(customer=CORA)
    desk.live("20h")
    mailing.dead = set()
    desk.writes("1d")
    desk.live("1d4h")
    assert desk.heard() == ["still-working@1d1h"]
    assert unreachable(desk) == 0


def test_a_customer_who_writes_on_another_ticket_is_tried_again(
    desk: Desk, mailing: Mailing
) -> None:
    desk.limits = CustomerLimits(per_day=100)
    desk.open("T1", customer=CORA)
    desk.live("20h")
    mailing.dead = set()
    desk.open("T2", since="1d", customer=CORA)
    desk.live("1d3h")
    assert desk.heard() == ["still-working@1d"]


def test_an_address_may_bounce_again_and_staff_are_told_again(desk: Desk, mailing: Mailing) -> None:
    desk.open(customer=CORA)
    desk.writes("1d")
    desk.live("9d")
    assert len(mailing.tried) == 2
    assert desk.receivers() == ["everybody", "everybody"]


def test_a_person_may_have_the_message_that_came_back_tried_again(
    desk: Desk, mailing: Mailing
) -> None:
    desk.open(customer=CORA)
    desk.live("4h")
    (row,) = desk.view("v_outbox", audience="customer")
    mailing.dead = set()
    with desk.store.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE outbox SET state = ?, finished_at = NULL WHERE id = ?",
            (OutboxState.PENDING.value, row["id"]),
        )
    assert desk.cycle is not None
    desk.cycle.deliver(at("5h"))
    assert (desk.told(), unreachable(desk)) == (["still-working"], 0)
    desk.live("9h")
    assert desk.heard() == ["still-working@5h", "still-working@9h"]


# --- what the helpdesk says ----------------------------------------------------------------------


def bounce(desk: Desk, when: str, name: str = "desk:T1") -> None:
    """The helpdesk puts a bounce on a ticket."""
    said = Event("b", at(when), EventKind.MESSAGE, Actor.ROBOT, is_bounce=True)
    desk.helpdesk.events[name] = sorted((*desk.helpdesk.events[name], said), key=lambda e: e.at)


def test_a_bounce_on_the_ticket_ends_it_just_the_same(desk: Desk, mailing: Mailing) -> None:
    mailing.dead = set()
    desk.open("T1", customer=CORA, assignee="ann")
    desk.open("T2", since="10m", customer=CORA)
    desk.live("4h1s")
    bounce(desk, "4h3m")
    desk.live("9d")
    assert desk.heard() == ["still-working@4h"]
    assert desk.receivers() == ["ann"]


def test_a_bounce_of_before_the_customer_wrote_again_is_over(desk: Desk, mailing: Mailing) -> None:
    mailing.dead = set()
    desk.open(customer=CORA)
    desk.live("1h")
    bounce(desk, "1h10m")
    desk.writes("2h")
    desk.live("5h")
    assert desk.heard() == ["still-working@4h"]


def test_a_bounce_within_seconds_is_a_bounce_and_no_answering_machine(
    desk: Desk, mailing: Mailing
) -> None:
    mailing.dead = set()
    desk.open(customer=CORA)
    desk.live("4h1s")
    bounce(desk, "4h2s")
    desk.live("6h")
    desk.writes("7h")
    desk.live("9h")
    assert desk.heard() == ["still-working@4h", "still-working@8h"]


def test_a_customer_without_a_known_address_is_known_by_the_id(
    desk: Desk, mailing: Mailing
) -> None:
    mailing.dead = {""}
    desk.open("T1", customer=Customer(id="eve"))
    desk.open("T2", since="10m", customer=Customer(id="eve"))
    desk.live("9d")
    assert len(mailing.tried) == 1
