"""One digest for each receiver and occasion, and nothing lost on its way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.pipeline.evaluate import evaluate
from engine.ports import LOCAL_CALL, Message, Sent, SentState
from tests.scenario.desk import Desk, at, rule, rules

NOBODY = rule("nobody", match="{type: none}")
LADDER = "[{name: a, after: 1h, notify: [manager]}, {name: b, after: 2h, notify: [tier-2]}]"


def loaded_over(desk: Desk, tickets: int, *each: str) -> None:
    """A rule is loaded at five o'clock over tickets that have been there since one."""
    desk.rules(rules(NOBODY))
    for number in range(tickets):
        desk.open(f"T{number + 1}")
    desk.live("4h")
    desk.rules(rules(*(each or (rule(levels=LADDER),))), at("4h"))


class MortalChannel:
    """Takes a message and dies, so many times."""

    longest_call = LOCAL_CALL

    def __init__(self, deaths: int, *, arrives: bool) -> None:
        self.name = "log"
        self.sent: list[Message] = []
        self.deaths = deaths
        self.arrives = arrives

    def send(self, message: Message) -> Sent:
        if self.deaths == 0 or self.arrives:
            self.sent.append(message)
        if self.deaths:
            self.deaths -= 1
            raise KeyboardInterrupt
        return Sent(SentState.DELIVERED)

    def close(self) -> None:
        """Nothing to let go of."""


def test_every_receiver_gets_one_digest_of_all_that_a_loading_put_in_the_past(desk: Desk) -> None:
    loaded_over(desk, 3, rule(levels=LADDER), rule("s", levels=LADDER))
    desk.sleep_until("4h")
    assert sorted(m.to for m in desk.channel.sent) == ["the-manager", "tier-two"]
    assert {m.text for m in desk.channel.sent} == {"T1, T1, T2, T2, T3, T3"}


def test_a_digest_waits_until_all_has_been_decided(desk: Desk) -> None:
    loaded_over(desk, 4)
    assert desk.cycle is not None
    evaluate(desk.store, desk.cycle.policy, at("4h"), lambda name: name in ("desk:T1", "desk:T2"))
    desk.cycle.deliver(at("4h"))
    assert desk.channel.sent == []
    desk.cycle.evaluate(at("4h"))
    desk.cycle.deliver(at("4h"))
    assert desk.digests() == ["the-manager: T1, T2, T3, T4", "tier-two: T1, T2, T3, T4"]


def test_a_digest_does_not_wait_for_ever_for_what_is_not_decided(desk: Desk) -> None:
    loaded_over(desk, 4)
    assert desk.cycle is not None
    evaluate(desk.store, desk.cycle.policy, at("4h"), lambda name: name in ("desk:T1", "desk:T2"))
    desk.cycle.deliver(at("4h4m59s"))
    assert desk.channel.sent == []
    desk.cycle.deliver(at("4h5m"))
    assert desk.digests() == ["the-manager: T1, T2", "tier-two: T1, T2"]


def test_after_a_crash_amid_deciding_a_digest_waits_for_what_was_not_decided(desk: Desk) -> None:
    loaded_over(desk, 4)
    assert desk.cycle is not None
    evaluate(desk.store, desk.cycle.policy, at("4h"), lambda name: name in ("desk:T1", "desk:T2"))
    desk.restart()
    desk.cycle.deliver(at("4h30m"))
    assert desk.channel.sent == []
    desk.cycle.ingest(at("4h30m"))
    desk.cycle.evaluate(at("4h30m"))
    desk.cycle.deliver(at("4h30m"))
    assert desk.digests() == ["the-manager: T1, T2, T3, T4", "tier-two: T1, T2, T3, T4"]


def test_other_notices_do_not_wait_for_what_is_still_decided(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER)))
    desk.open("T1")
    desk.open("T2")
    desk.live("30m")
    assert desk.cycle is not None
    desk.cycle.ingest(at("1h"))
    evaluate(desk.store, desk.cycle.policy, at("1h"), lambda name: name == "desk:T1")
    desk.cycle.deliver(at("1h"))
    assert desk.notices() == ["the-manager: r/1"]


def test_a_digest_that_is_refused_for_now_is_tried_again_as_one(desk: Desk) -> None:
    loaded_over(desk, 3, rule(levels="[{name: a, after: 1h, notify: [manager]}]"))
    desk.channel.outcomes = [Sent(SentState.RETRY, reason="busy")] * 3
    desk.sleep_until("4h")
    assert desk.digests() == []
    for minutes in range(1, 20):
        desk.sleep_until(f"4h{minutes}m")
    assert desk.digests() == ["the-manager: T1, T2, T3"]


def test_a_digest_of_a_rule_that_is_off_by_then_is_told_without_it(desk: Desk) -> None:
    loaded_over(desk, 1, rule(levels=LADDER), rule("s", levels=LADDER))
    desk.evaluate_only("4h")
    desk.rules(rules(rule(levels=LADDER), rule("s", levels=LADDER, mode="off")), at("4h"))
    desk.sleep_until("4h")
    assert desk.digests() == ["the-manager: T1", "tier-two: T1"]
    states = {str(row["rule"]): row["state"] for row in desk.view("v_outbox", action="digest")}
    assert states == {"r": "delivered", "s": "cancelled"}


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
def test_a_digest_on_which_the_process_dies_is_told_again_whole(*, arrives: bool) -> None:
    desk = Desk()
    loaded_over(desk, 60, rule(levels="[{name: a, after: 1h, notify: [manager]}]"))
    assert desk.cycle is not None
    channel = MortalChannel(1, arrives=arrives)
    desk.cycle.outside.channels["log"] = channel  # type: ignore[index]
    with pytest.raises(KeyboardInterrupt):
        desk.cycle.run(at("4h"))
    desk.cycle.rescue(at("4h"), at("4h") + timedelta(hours=1))
    desk.cycle.run(at("4h"))
    names = {f"T{number + 1}" for number in range(60)}
    assert [set(message.text.split(", ")) for message in channel.sent] == [names] * (1 + arrives)
    assert {row["state"] for row in desk.view("v_outbox", action="digest")} == {"delivered"}
    desk.store.close()


def test_what_a_budget_holds_back_is_named_in_one_digest(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical, notify: [manager]}]"
    desk.rules(rules(rule(levels=levels, budget="1/h")))
    for number in range(70):
        desk.open(f"T{number:02}")
    desk.live("2h")
    assert [len(m.text.split(", ")) for m in desk.channel.sent] == [1, 69]


def test_digests_of_a_ticket_do_not_hold_up_its_notices(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, max_lateness="30m")))
    desk.open()
    desk.live("30m")
    desk.channel.outcomes = [Sent(SentState.RETRY, reason="busy", retry_after=timedelta(days=9))]
    desk.sleep_until("1h45m")
    desk.sleep_until("2h")
    assert desk.notices() == ["tier-two: r/2"]
