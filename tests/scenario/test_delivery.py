"""What becomes of messages when the other side fails, and who hears of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from engine.domain.capability import Capabilities
from engine.domain.facts import CustomerLimits
from engine.domain.rate import Rate
from engine.pipeline.traffic import Traffic, Turn
from engine.ports import LOCAL_CALL, Json, Message, OutboxState, Sent, SentState
from tests.scenario.desk import Desk, at, rule, rules

DOWN = Sent(SentState.RETRY, reason="connection refused")
BUSY = Sent(SentState.RETRY, reason="try again", only_this=True)
REFUSED = Sent(SentState.REJECTED, reason="no such address")
DOUBT = Sent(SentState.UNKNOWN, reason="the line was cut")
HOURS = timedelta(hours=1)

PAGER = "  pager: [{channel: pager, to: ann}]\n"
ONE_LEVEL = "[{name: a, after: 1h, kind: technical, notify: [manager]}]"
TALKS = "{on_escalation: received, updates: {every: 2h, template: still-working}}"


@dataclass
class Switch:
    """A channel that can be switched off.

    Attributes:
        tried: The keys of what came in, whether it was on or not.
    """

    name: str = "log"
    is_on: bool = True
    sent: list[Message] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    longest_call: timedelta = LOCAL_CALL

    def send(self, message: Message) -> Sent:
        self.tried.append(message.key)
        if not self.is_on:
            return DOWN
        self.sent.append(message)
        return Sent(SentState.DELIVERED)

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture
def switch(desk: Desk) -> Switch:
    """The channel of everybody but the pager."""
    switch = Switch()
    desk.world.channels["log"] = switch  # type: ignore[assignment]
    return switch


def escalated(desk: Desk, tickets: int, *levels: str, **keys: str) -> None:
    """So many tickets, each with a first level after an hour; nothing is delivered yet."""
    desk.rules(rules(rule(levels=levels[0] if levels else ONE_LEVEL, **keys)), receivers=PAGER)
    for number in range(tickets):
        desk.open(f"T{number + 1}")
    desk.evaluate_only("1h")


def deliver(desk: Desk, when: str) -> list[Turn]:
    """One delivery; gives the circuits that turned."""
    assert desk.cycle is not None
    return desk.cycle.deliver(at(when)).delivered.turns


def rows(desk: Desk, **where: object) -> list[Json]:
    return [row for row in desk.view("v_outbox", **where) if row["audience"] != "ticket"]


def states(desk: Desk, **where: object) -> set[object]:
    return {row["state"] for row in rows(desk, **where)}


# --- the circuit breaker -------------------------------------------------------------------------


def test_a_dead_channel_is_tried_three_times_and_then_left_alone(
    desk: Desk, switch: Switch
) -> None:
    switch.is_on = False
    escalated(desk, 20)
    (turn,) = deliver(desk, "1h")
    assert (str(turn.way), turn.circuit.is_open) == ("channel log", True)
    assert len(switch.tried) == 3
    waiting = rows(desk, audience="staff")
    assert {(row["state"], row["attempts"]) for row in waiting} == {("snoozed", 0)}
    assert "channel log is failing; next try at" in str(waiting[-1]["reason"])


def test_other_channels_go_on_while_one_is_dead(desk: Desk, switch: Switch) -> None:
    switch.is_on = False
    escalated(desk, 5, "[{name: a, after: 1h, kind: technical, notify: [manager, pager]}]")
    deliver(desk, "1h")
    assert len(desk.world.channels["pager"].sent) == 5


def test_one_probe_goes_after_the_cool_down_and_everything_when_it_arrives(
    desk: Desk, switch: Switch
) -> None:
    switch.is_on = False
    escalated(desk, 20)
    deliver(desk, "1h")
    assert deliver(desk, "1h15s") == []
    assert len(switch.tried) == 4
    switch.is_on = True
    (turn,) = deliver(desk, "1h45s")
    assert not turn.circuit.is_open
    assert sorted(m.to for m in switch.sent) == ["the-manager"] * 20
    assert states(desk, audience="staff") == {"delivered"}


def test_a_channel_that_is_dead_for_days_makes_no_dead_letters(desk: Desk, switch: Switch) -> None:
    switch.is_on = False
    escalated(desk, 2)
    for hour in range(1, 100):
        deliver(desk, f"{hour}h")
    assert len(switch.tried) > 90
    assert {(row["state"], row["attempts"]) for row in rows(desk, audience="staff")} == {
        ("snoozed", 0)
    }
    switch.is_on = True
    deliver(desk, "101h")
    assert states(desk, audience="staff") == {"delivered"}


def test_who_did_not_answer_for_five_days_is_given_up(desk: Desk, switch: Switch) -> None:
    switch.is_on = False
    escalated(desk, 1)
    for hour in range(1, 123):
        deliver(desk, f"{hour}h")
    assert states(desk, action="notify") == {"rejected"}


def test_what_one_address_refuses_for_now_leaves_the_circuit_closed(desk: Desk) -> None:
    desk.channel.outcomes = [BUSY] * 10
    escalated(desk, 20)
    assert deliver(desk, "1h") == []
    assert len(desk.channel.sent) == 10
    waiting = rows(desk, audience="staff", state="pending")
    assert {row["attempts"] for row in waiting} == {1}


def test_a_message_that_is_refused_for_now_twenty_times_is_a_dead_letter(desk: Desk) -> None:
    desk.channel.outcomes = [BUSY] * 20
    escalated(desk, 1)
    for hour in range(1, 22):
        deliver(desk, f"{hour}h")
    (dead, *_) = rows(desk, audience="staff", action="notify")
    assert (dead["state"], dead["attempts"]) == ("rejected", 20)
    assert dead["reason"] == "try again; given up after 20 attempts"


def test_a_notice_that_may_have_arrived_is_said_again_ever_more_rarely(desk: Desk) -> None:
    desk.channel.outcomes = [DOUBT] * 99
    escalated(desk, 1)
    for minute in range(60, 420):
        deliver(desk, f"{minute}m")
    said = sum(m.facts["kind"] == "notify" for m in desk.channel.sent)
    assert 10 < said <= 20


def test_what_nobody_answers_for_long_is_tried_every_five_minutes(
    desk: Desk, switch: Switch
) -> None:
    switch.is_on = False
    escalated(desk, 1)
    for minute in range(60, 660):
        deliver(desk, f"{minute}m")
    assert 110 < len(switch.tried) < 140


def test_a_dead_helpdesk_holds_up_changes_and_no_notices(desk: Desk, switch: Switch) -> None:
    desk.helpdesk.outcomes = [DOWN] * 9
    escalated(desk, 9, "[{name: a, after: 1h, kind: technical, tag: [late], notify: [manager]}]")
    (turn,) = deliver(desk, "1h")
    assert str(turn.way) == "helpdesk desk"
    assert len(switch.sent) == 9
    assert len(desk.helpdesk.outcomes) == 6


def test_a_helpdesk_that_takes_no_notes_is_left_none_and_nobody_hears_of_that(desk: Desk) -> None:
    desk.helpdesk.can = Capabilities(notes=False)
    desk.rules(rules(rule(levels=ONE_LEVEL)))
    desk.open()
    desk.live("3h")

    assert [kind for kind, *_ in desk.helpdesk.done if kind == "note"] == []
    (note,) = desk.view("v_outbox", action="note")
    assert note["state"] == "delivered"
    assert len(rows(desk, audience="staff")) == 1


def test_a_notice_that_waits_holds_up_the_next_one_to_its_address(
    desk: Desk, switch: Switch
) -> None:
    switch.is_on = False
    escalated(desk, 3, "[{name: a, after: 1h, notify: [ann]}, {name: b, after: 2h, notify: [ann]}]")
    deliver(desk, "1h")
    desk.evaluate_only("2h")
    switch.is_on = True
    deliver(desk, "2h")
    told = [(m.thread, m.facts["level"]) for m in switch.sent]
    assert sorted(told, key=lambda one: str(one[0])) == [
        (f"desk:T{n}", level) for n in (1, 2, 3) for level in (1, 2)
    ]


def test_a_dead_letter_does_not_hold_up_the_next_one(desk: Desk) -> None:
    desk.channel.outcomes = [REFUSED]
    escalated(desk, 1, "[{name: a, after: 1h, notify: [ann]}, {name: b, after: 2h, notify: [ann]}]")
    deliver(desk, "1h")
    desk.sleep_until("2h")
    assert ("ann", 2) in [(m.to, m.facts["level"]) for m in desk.channel.sent]


# --- customers -----------------------------------------------------------------------------------


def test_an_outage_ends_with_one_message_to_each_customer(desk: Desk) -> None:
    desk.helpdesk.outcomes = [DOWN] * 30
    desk.rules(rules(rule(levels=ONE_LEVEL, customer=TALKS)))
    desk.open()
    desk.live("9h")
    assert desk.told() == []
    assert [row["state"] for row in rows(desk, audience="customer")] == ["snoozed"]
    desk.helpdesk.outcomes = []
    for minute in (30, 31, 40):
        desk.sleep_until(f"9h{minute}m")
    assert len(desk.told()) == 1
    assert [row["state"] for row in rows(desk, audience="customer")] == ["delivered"]


def test_a_message_that_waited_for_a_dead_server_is_guarded_again(desk: Desk) -> None:
    desk.helpdesk.outcomes = [DOWN] * 4
    desk.rules(rules(rule(levels=ONE_LEVEL, customer=TALKS)))
    desk.open()
    desk.live("1h")
    desk.helpdesk.outcomes = []
    desk.resolve("1h10m")
    deliver(desk, "1h20m")
    assert desk.told() == []
    assert {(r["state"], r["reason"]) for r in rows(desk, audience="customer")} == {
        ("cancelled", "resolved")
    }


# --- telling -------------------------------------------------------------------------------------


ONLY_UPDATES = "{updates: {from: match, every: 2h, template: still-working}}"


def in_doubt(desk: Desk, tickets: int = 1) -> None:
    """Of the messages to so many customers, every other one may or may not have arrived."""
    desk.helpdesk.keeps_no_keys = True
    desk.limits = CustomerLimits(gap=timedelta(), per_day=1000)
    desk.rules(rules(rule(levels="[]", customer=ONLY_UPDATES)))
    for number in range(tickets):
        desk.open(f"T{number + 1}", assignee="ann")
    desk.helpdesk.outcomes = [DOUBT, Sent(SentState.DELIVERED)] * tickets
    desk.live("2h")


def test_the_assignee_is_told_that_a_message_may_have_arrived(desk: Desk) -> None:
    in_doubt(desk)
    assert states(desk, audience="customer") == {"unknown"}
    assert desk.receivers() == ["ann"]


def test_a_doubt_is_told_once_however_often_it_is_looked_at(desk: Desk) -> None:
    in_doubt(desk)
    assert desk.cycle is not None
    for hour in range(2, 5):
        desk.restart()
        desk.cycle.rescue(at(f"{hour}h"), at(f"{hour}h"))
        deliver(desk, f"{hour}h")
    assert desk.receivers().count("ann") == 1


def test_hundreds_of_doubts_are_one_message(desk: Desk) -> None:
    in_doubt(desk, tickets=200)
    doubtful = rows(desk, audience="customer", state="unknown")
    assert len(doubtful) == 100
    assert [(m.to, len(m.text.split(", "))) for m in desk.channel.sent] == [("ann", 100)]


def test_a_doubt_that_the_helpdesk_resolves_is_none(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 1h, kind: technical}]", customer=TALKS)))
    desk.open()
    desk.helpdesk.outcomes = [Sent(SentState.DELIVERED), DOUBT]  # the note, then the message
    desk.live("1h30m")
    assert states(desk, audience="customer") == {"delivered"}
    assert desk.receivers() == []


def test_a_refused_customer_message_is_told_to_the_group_where_nobody_is_assigned(
    desk: Desk,
) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 1h, kind: technical}]", customer=TALKS)))
    desk.open(group="support")
    desk.helpdesk.outcomes = [Sent(SentState.DELIVERED), REFUSED]
    desk.live("1h")
    assert states(desk, audience="customer") == {"rejected"}
    assert desk.receivers() == ["the-support"]


def test_a_notice_that_an_address_refuses_reaches_the_default_receiver(desk: Desk) -> None:
    desk.channel.outcomes = [REFUSED]
    escalated(desk, 1)
    desk.sleep_until("1h")
    assert desk.receivers() == ["everybody"]
    (dead,) = rows(desk, action="notify")
    assert dead["state"] == "rejected"


def test_what_nobody_can_be_told_is_lost_once_and_never_told_in_a_circle(desk: Desk) -> None:
    desk.channel.outcomes = [REFUSED] * 99
    escalated(desk, 1)
    desk.sleep_until("1h")
    assert desk.cycle is not None
    lost = [one for one in desk.work.delivered.finished if one.is_lost]
    assert [(one.state, one.row.action.to) for one in lost] == [(OutboxState.REJECTED, "everybody")]
    assert len(rows(desk)) == 2


def test_a_notice_of_a_rule_that_is_gone_still_tells_how_a_message_ended(desk: Desk) -> None:
    desk.channel.outcomes = [BUSY]
    in_doubt(desk)
    assert desk.receivers() == []
    desk.rules(rules(rule("other", match="{type: none}")), at("2h"))
    desk.sleep_until("3h")
    assert desk.receivers() == ["ann"]


# --- throttles -----------------------------------------------------------------------------------


def limited(desk: Desk, tickets: int, messages: int, per: timedelta = HOURS) -> None:
    desk.world.staff_limit = Rate(messages, per)
    escalated(desk, tickets)


def test_an_address_that_has_heard_enough_hears_the_rest_in_one_message(desk: Desk) -> None:
    limited(desk, tickets=10, messages=4)
    deliver(desk, "1h")
    assert len(desk.channel.sent) == 4
    waiting = rows(desk, audience="staff", state="snoozed")
    assert len(waiting) == 6
    assert {row["attempts"] for row in waiting} == {0}
    deliver(desk, "1h30m")
    assert len(desk.channel.sent) == 4
    deliver(desk, "2h")
    assert [len(m.text.split(", ")) for m in desk.channel.sent] == [1, 1, 1, 1, 6]
    assert states(desk, audience="staff") == {"delivered"}


def test_a_message_for_many_counts_as_one(desk: Desk) -> None:
    limited(desk, tickets=10, messages=4)
    deliver(desk, "1h")
    deliver(desk, "2h")
    for number in range(3):
        desk.open(f"U{number}", since="1h30m")
    desk.evaluate_only("2h30m")
    deliver(desk, "2h30m")
    assert len(desk.channel.sent) == 8


def test_what_was_heard_before_a_restart_counts(desk: Desk) -> None:
    limited(desk, tickets=4, messages=4, per=2 * HOURS)
    deliver(desk, "1h")
    desk.restart()
    desk.open("U1", since="1h10m")
    desk.evaluate_only("2h10m")
    deliver(desk, "2h10m")
    assert len(desk.channel.sent) == 4
    deliver(desk, "3h")
    assert len(desk.channel.sent) == 5


def test_who_is_told_of_something_that_is_over_is_left_out_of_the_message(desk: Desk) -> None:
    limited(desk, tickets=6, messages=4)
    deliver(desk, "1h")
    desk.resolve("1h30m", "T5")
    deliver(desk, "2h")
    assert desk.channel.sent[-1].text == "T6"


def test_another_address_is_not_kept_waiting(desk: Desk) -> None:
    desk.world.staff_limit = Rate(1, HOURS)
    escalated(desk, 3, "[{name: a, after: 1h, kind: technical, notify: [ann, bob]}]")
    deliver(desk, "1h")
    assert sorted(desk.receivers()) == ["ann", "bob"]


def test_a_channel_takes_no_more_than_its_limit(desk: Desk) -> None:
    desk.world.traffic = Traffic({"log": Rate(3, timedelta(minutes=1))})
    escalated(desk, 8)
    deliver(desk, "1h")
    assert len(desk.channel.sent) == 3
    deliver(desk, "1h59s")
    assert len(desk.channel.sent) == 3
    deliver(desk, "1h1m")
    deliver(desk, "1h2m")
    assert len(desk.channel.sent) == 8
    told = [str(m.thread) for m in desk.channel.sent]
    assert told == sorted(told)
