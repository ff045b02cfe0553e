"""Between a decision and its act something happens: nothing wrong is sent, and it is said why.

The guard acts on what it reads itself: in none of these scenarios had the helpdesk been read in
full before the act.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.domain.bounce import Bounce, address_hash
from engine.domain.silence import Matchers
from engine.domain.ticket import Actor, Priority, Status
from engine.pipeline.acknowledge import acknowledge
from engine.pipeline.deliver import Delivered
from engine.pipeline.silence import Asked, silence
from engine.ports import Json, Sent, SentState
from tests.scenario.desk import CORA, OFFICE, Desk, at, rule, rules

Happening = Callable[[Desk], object]

EVERY = "{urgent: 1h, high: 2h, medium: 4h, low: 1d}"
POSTED = f"{{updates: {{from: match, every: {EVERY}, template: still-working}}}}"
KEEP_POSTED = rule(levels="[]", customer=POSTED, match="{type: {not: spam}}")
NEWS = rule(
    levels="[{name: up, after: 2h, kind: technical}]",
    customer="{on_escalation: received}",
    max_lateness="1h",
)


def act(desk: Desk, when: str) -> Delivered:
    """Do what was decided, without reading or deciding anything anew."""
    assert desk.cycle is not None
    return desk.cycle.deliver(at(when)).delivered


def decide_only(desk: Desk, when: str, text: str = KEEP_POSTED, before: str = OFFICE) -> None:
    """A ticket of Cora's lives up to that instant, at which something is decided and not done."""
    desk.rules(rules(text, before=before))
    desk.open(type="mail")
    desk.live(f"{int(when.removesuffix('h')) - 1}h59m")
    desk.evaluate_only(when)


def outbox(desk: Desk, audience: str = "customer") -> list[Json]:
    return desk.view("v_outbox", audience=audience)


def silence_it(desk: Desk, when: str, until: str) -> None:
    assert desk.ruleset is not None
    asked = Asked(Matchers(tickets=("desk:T1",)), at(until), "ann", "works", None)
    silence(desk.store, asked, desk.ruleset.group_kinds, at(when))


def bounce(desk: Desk) -> None:
    with desk.store.write() as tx:
        tx.add_bounces(
            [Bounce(address_hash(CORA) or "", at("4h1m"), "desk:T9", "550 no such user")]
        )


def merge(desk: Desk) -> None:
    desk.open("T2", customer=CORA)
    desk.set("4h1m", merged_into="desk:T2")


def in_mode(mode: str) -> Happening:
    text = rules(KEEP_POSTED + f"\n    mode: {mode}")
    return lambda desk: desk.rules(text, at("4h1m"))


def pause(desk: Desk) -> None:
    desk.set("4h1m", status=Status.PENDING_CUSTOMER)
    desk.set("7h", status=Status.OPEN)


def be_spam_for_a_while(desk: Desk) -> None:
    desk.set("4h1m", type="spam")
    desk.set("4h10m", type="mail")


UPDATES: dict[str, tuple[Happening, str, list[str]]] = {
    # what happens after the update of 4h was decided → its reason, and what is heard by 9h
    "resolved": (lambda desk: desk.resolve("4h1m"), "resolved", []),
    "closed": (lambda desk: desk.set("4h1m", status=Status.CLOSED), "resolved", []),
    "gone": (lambda desk: desk.helpdesk.gone.add("desk:T1"), "gone", []),
    "merged": (merge, "merged", []),
    "answered by a person": (lambda desk: desk.reply("4h1m"), "replied", ["still-working@8h1m"]),
    "the customer wrote": (
        lambda desk: desk.writes("4h1m"), "replied", ["still-working@5h1m"]
    ),
    "wants no updates": (
        lambda desk: desk.set("4h1m", customer__no_updates=True), "customer_limit", []
    ),
    "the address is a robot's": (
        lambda desk: desk.set("4h1m", customer__is_automatic=True), "customer_limit", []
    ),
    "mail to the address came back": (bounce, "customer_limit", []),
    "silenced": (lambda desk: silence_it(desk, "4h1m", "6h"), "silenced", ["still-working@6h"]),
    "rule switched off": (in_mode("off"), "off", []),
    "rule in shadow": (in_mode("shadow"), "off", []),
    "rule removed": (lambda desk: desk.rules(rules(rule("other")), at("4h1m")), "off", []),
    "paused": (pause, "paused", ["still-working@7h"]),
    "the match holds no more": (
        be_spam_for_a_while, "suspended", ["still-working@4h10m", "still-working@8h10m"]
    ),
    "a lower priority": (
        lambda desk: desk.set("4h1m", priority=Priority.LOW), "changed_by_person", []
    ),
}  # fmt: skip


@pytest.mark.parametrize("happening, reason, heard", UPDATES.values(), ids=UPDATES)
def test_an_update_that_something_overtook_is_not_sent_and_its_promise_is_kept_later(
    desk: Desk, happening: Happening, reason: str, heard: list[str]
) -> None:
    decide_only(desk, "4h")
    happening(desk)
    done = act(desk, "4h2m")
    assert [(one.state, one.reason) for one in done.finished] == [("cancelled", reason)]
    assert [(row["state"], row["reason"]) for row in outbox(desk)] == [("cancelled", reason)]
    desk.live("9h")
    assert desk.heard() == heard


def test_an_update_that_nothing_overtook_is_sent(desk: Desk) -> None:
    decide_only(desk, "4h")
    act(desk, "4h2m")
    assert desk.told() == ["still-working"]


def test_no_update_follows_one_that_is_still_on_its_way(desk: Desk) -> None:
    decide_only(desk, "4h")
    desk.evaluate_only("8h")
    act(desk, "8h1m")
    desk.live("12h1m")
    assert desk.heard() == ["still-working@8h1m", "still-working@12h1m"]
    assert [row["state"] for row in outbox(desk)] == ["delivered", "delivered"]


@pytest.mark.parametrize(
    "ended", [SentState.UNKNOWN, SentState.REJECTED], ids=lambda state: state.value
)
def test_updates_go_on_after_one_that_did_not_arrive(desk: Desk, ended: SentState) -> None:
    decide_only(desk, "4h")
    desk.helpdesk.keeps_no_keys = True
    desk.helpdesk.outcomes.append(Sent(ended, reason="no"))
    act(desk, "4h1m")
    desk.live("8h1m")
    states = [row["state"] for row in outbox(desk)]
    assert states == [ended.value, "delivered"]


def test_staff_hear_once_of_a_last_update_that_had_to_be_decided_again(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 4h, template: still-working, max: 1}}"
    decide_only(desk, "4h", rule(levels="[]", customer=posted))
    desk.set("4h1m", status=Status.PENDING_CUSTOMER)
    desk.set("5h", status=Status.OPEN)
    act(desk, "4h2m")
    desk.live("2d")
    assert [row["state"] for row in outbox(desk)] == ["cancelled", "delivered"]
    assert desk.receivers() == ["everybody"]


def test_a_clock_that_was_set_back_undoes_no_decision(desk: Desk) -> None:
    decide_only(desk, "4h")
    act(desk, "3h59m59s")
    assert [row["state"] for row in outbox(desk)] == ["pending"]
    assert desk.cycle is not None
    act(desk, "4h")
    assert desk.told() == ["still-working"]


def test_what_the_guard_stopped_is_not_decided_again_until_the_helpdesk_is_read(desk: Desk) -> None:
    """What the guard has read is known from then on, so that nothing goes round in circles."""
    decide_only(desk, "4h")
    desk.resolve("4h1m")
    assert desk.cycle is not None
    for minute in (2, 3, 4):
        act(desk, f"4h{minute}m")
        desk.cycle.evaluate(at(f"4h{minute}m"))
    assert len(outbox(desk)) == 1


@pytest.mark.parametrize("by, lives", [(Actor.CUSTOMER, 1), (Actor.PERSON, 0)])
def test_what_was_withdrawn_counts_neither_for_max_nor_for_the_rhythm(
    desk: Desk, by: Actor, lives: int
) -> None:
    posted = "{updates: {from: match, every: 4h, template: still-working, max: 1}}"
    decide_only(desk, "4h", rule(levels="[]", customer=posted))
    desk.reply("4h1m", by=by)
    act(desk, "4h2m")
    desk.live("2d")
    assert desk.heard() == ["still-working@5h1m" if lives else "still-working@8h1m"]
    assert [row["state"] for row in outbox(desk)] == ["cancelled", "delivered"]


# --- the hours, the limits and the promise at the instant of the act -----------------------------


def test_an_update_that_was_held_up_does_not_go_out_at_night(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 7h59m, template: still-working, deliver_in: office}}"
    desk.rules(rules(rule(levels="[]", customer=posted), before=OFFICE))
    desk.open()
    desk.helpdesk.outcomes.append(Sent(SentState.RETRY, reason="the mail server is away"))
    desk.live("7h59m")  # one minute before closing
    act(desk, "13h")  # ten at night
    assert [(row["state"], row["reason"]) for row in outbox(desk)] == [
        ("cancelled", "outside_hours")
    ]
    desk.live("1d1h")
    assert desk.heard() == ["still-working@1d"]


def test_a_message_that_was_held_up_keeps_its_distance_to_what_was_said_meanwhile(
    desk: Desk,
) -> None:
    desk.open("T2", since="1h", type="mail")
    decide_only(desk, "4h")
    desk.helpdesk.outcomes.append(Sent(SentState.RETRY, reason="busy"))
    act(desk, "4h")
    desk.helpdesk.is_unreadable = True
    desk.tick(at("5h"))  # now both wait
    desk.helpdesk.is_unreadable = False
    act(desk, "5h30m")
    assert sorted(str(row["state"]) for row in outbox(desk)) == ["cancelled", "delivered"]
    assert {row["reason"] for row in outbox(desk)} == {None, "customer_limit"}
    desk.live("7h")
    assert desk.heard() == ["still-working@5h30m", "still-working@6h30m"]


def test_a_message_that_was_held_up_promises_the_next_one_from_when_it_went_out(
    desk: Desk,
) -> None:
    decide_only(desk, "4h")
    desk.helpdesk.outcomes.append(Sent(SentState.RETRY, reason="busy"))
    act(desk, "4h")
    act(desk, "6h")
    desk.live("11h")
    assert desk.promises() == ["10h", "14h"]
    assert desk.heard() == ["still-working@6h", "still-working@10h"]


def test_the_news_of_an_escalation_that_was_held_up_too_long_is_none_any_more(desk: Desk) -> None:
    decide_only(desk, "2h", NEWS)
    act(desk, "3h1m")
    assert [row["reason"] for row in outbox(desk)] == ["too_late"]
    desk.live("2d")
    assert desk.told() == []


def test_the_news_of_an_escalation_that_a_person_has_answered_is_not_told_later(
    desk: Desk,
) -> None:
    decide_only(desk, "2h", NEWS)
    desk.reply("2h1m")
    act(desk, "2h2m")
    desk.live("2d")
    assert (desk.told(), [row["reason"] for row in outbox(desk)]) == ([], ["replied"])


def test_the_news_of_an_escalation_that_met_a_pause_is_told_after_it(desk: Desk) -> None:
    decide_only(desk, "2h", NEWS)
    desk.set("2h1m", status=Status.PENDING_CUSTOMER)
    desk.set("2h30m", status=Status.OPEN)
    act(desk, "2h2m")
    desk.live("2d")
    assert desk.heard() == ["received@2h30m"]
    assert [row["reason"] for row in outbox(desk)] == ["paused", None]


def test_what_is_said_instead_stands_for_an_update(desk: Desk) -> None:
    urgent = rule(
        "urgent",
        match="{tags: vip}",
        levels="[{name: up, after: 0s, kind: technical}]",
        customer="{on_escalation: received}",
    )
    decide_only(desk, "4h", f"{KEEP_POSTED}\n{urgent}")
    desk.helpdesk.outcomes.append(Sent(SentState.RETRY, reason="busy"))
    act(desk, "4h")
    desk.set("4h1m", tags=("vip",))
    desk.evaluate_only("4h2m")
    act(desk, "4h3m")
    assert [row["reason"] for row in outbox(desk)] == ["joined"]
    desk.live("4h10m")
    assert desk.told() == ["received"]


def test_a_message_waits_without_an_attempt_while_the_helpdesk_cannot_be_read(desk: Desk) -> None:
    decide_only(desk, "4h")
    desk.helpdesk.is_unreadable = True
    act(desk, "4h2m")
    (row,) = outbox(desk)
    assert (row["state"], row["attempts"]) == ("snoozed", 0)


# --- staff ---------------------------------------------------------------------------------------

CALLED = rule(levels="[{name: up, after: 2h, kind: hierarchical, notify: [manager]}]")


def acknowledge_it(desk: Desk, name: str = "desk:T1") -> None:
    assert desk.ruleset is not None
    acknowledge(desk.store, name, None, "ann", desk.ruleset.group_kinds, at("2h1m"))


def merge_it(desk: Desk) -> None:
    desk.open("T2")
    desk.set("2h1m", merged_into="desk:T2")


NOTICES: dict[str, tuple[Happening, str]] = {
    "acknowledged by name": (acknowledge_it, "acknowledged"),
    "acknowledged by a reply": (lambda desk: desk.reply("2h1m"), "acknowledged"),
    "acknowledged by an assignment": (
        lambda desk: desk.set("2h1m", assignee="ann"), "acknowledged"
    ),
    "resolved": (lambda desk: desk.resolve("2h1m"), "resolved"),
    "closed": (lambda desk: desk.set("2h1m", status=Status.CLOSED), "resolved"),
    "gone": (lambda desk: desk.helpdesk.gone.add("desk:T1"), "gone"),
    "merged": (merge_it, "merged"),
    "rule switched off": (
        lambda desk: desk.rules(rules(CALLED + "\n    mode: off"), at("2h1m")), "off"
    ),
    "rule in shadow": (
        lambda desk: desk.rules(rules(CALLED + "\n    mode: shadow"), at("2h1m")), "off"
    ),
    "rule removed": (lambda desk: desk.rules(rules(rule("other")), at("2h1m")), "off"),
}  # fmt: skip


@pytest.mark.parametrize("happening, reason", NOTICES.values(), ids=NOTICES)
def test_a_notice_that_something_overtook_is_not_sent(
    desk: Desk, happening: Happening, reason: str
) -> None:
    decide_only(desk, "2h", CALLED)
    happening(desk)
    act(desk, "2h2m")
    assert [(row["state"], row["reason"]) for row in outbox(desk, "staff")] == [
        ("cancelled", reason)
    ]
    assert desk.notices() == []


def test_a_notice_waits_for_the_end_of_a_silence(desk: Desk) -> None:
    decide_only(desk, "2h", CALLED)
    silence_it(desk, "2h1m", "4h")
    act(desk, "2h2m")
    assert [(row["state"], row["reason"]) for row in outbox(desk, "staff")] == [
        ("snoozed", "silenced")
    ]
    act(desk, "4h")
    assert desk.receivers() == ["the-manager"]


def test_staff_are_told_though_the_helpdesk_cannot_be_read(desk: Desk) -> None:
    decide_only(desk, "2h", CALLED)
    desk.helpdesk.is_unreadable = True
    act(desk, "2h2m")
    assert desk.receivers() == ["the-manager"]


AGAIN = rule(
    match="{contacts: {by: customer, at_least: 2, within: 7d}}",
    levels="[{name: up, after: 1h, kind: hierarchical, notify: [manager]}]",
)


def two_tickets(desk: Desk) -> None:
    desk.rules(rules(AGAIN))
    desk.open("T1")
    desk.open("T2", since="1h")
    desk.live("1h59m")
    desk.evaluate_only("2h")


def test_a_notice_about_several_tickets_goes_out_while_one_of_them_is_open(desk: Desk) -> None:
    two_tickets(desk)
    desk.resolve("2h1m", "T2")
    act(desk, "2h2m")
    assert desk.receivers() == ["the-manager"]


def test_an_acknowledgement_of_a_group_stops_its_notice(desk: Desk) -> None:
    two_tickets(desk)
    acknowledge_it(desk, "desk:T1")
    act(desk, "2h2m")
    assert [row["reason"] for row in outbox(desk, "staff")] == ["acknowledged"]


# --- fields --------------------------------------------------------------------------------------

RAISES = rule(levels="[{name: up, after: 2h, raise_priority: 1}]")


@pytest.mark.parametrize(
    "happening, reason",
    [
        (lambda desk: desk.set("2h1m", priority=Priority.LOW), "changed_by_person"),
        (lambda desk: desk.resolve("2h1m"), "resolved"),
        (lambda desk: desk.helpdesk.gone.add("desk:T1"), "gone"),
        (lambda desk: desk.set("2h1m", merged_into="desk:T2"), "merged"),
        (lambda desk: desk.rules(rules(rule("other")), at("2h1m")), "off"),
    ],
    ids=["changed by a person", "resolved", "gone", "merged", "rule removed"],
)
def test_a_change_that_something_overtook_is_not_made(
    desk: Desk, happening: Happening, reason: str
) -> None:
    decide_only(desk, "2h", RAISES)
    desk.open("T2", since="1h")
    happening(desk)
    act(desk, "2h2m")
    assert desk.changes() == []
    assert {row["reason"] for row in outbox(desk, "ticket")} <= {reason, None}


def test_a_change_waits_while_the_helpdesk_cannot_be_read(desk: Desk) -> None:
    decide_only(desk, "2h", RAISES)
    desk.helpdesk.is_unreadable = True
    act(desk, "2h2m")
    assert {row["state"] for row in outbox(desk, "ticket")} == {"snoozed", "pending"}
