"""Silences: levels wait and fire as one at the end; customer messages due in them are skipped."""

from __future__ import annotations

import pytest

from engine.domain.ticket import Customer
from engine.errors import UsageError
from engine.insight import explain as explaining
from engine.pipeline.announce import Announcement
from engine.ports import SilenceTold
from tests.scenario.desk import OFFICE, Desk, at, rule, rules

CLIMBING = (
    "[{name: a, after: 1h, notify: [ann]}, {name: b, after: 2h, kind: technical, notify: [tier-2]},"
    " {name: c, after: 6h, kind: hierarchical, notify: [manager]}]"
)
REPEATING = "[{name: a, after: 1h, kind: technical, notify: [ann], repeat: {every: 2h, times: 5}}]"
UPDATES = "{updates: {every: 2h, template: still-working}}"
FROM_MATCH = "{updates: {from: match, every: 2h, template: still-working}}"
CUSTOMERS = "{contacts: {by: customer, at_least: 2, within: 7d}}"
AT_ONCE = "[{name: a, after: 1h, kind: technical, tag: [often], notify: [manager]}]"
LUNCH = """
calendars:
  lunch: {timezone: UTC, open: {mon-sun: "12:00-14:00"}}
silences:
  lunch: {during: lunch, all: true, author: ann, reason: nobody is there}
"""


def climbing(desk: Desk, levels: str = CLIMBING, **keys: str) -> None:
    desk.rules(rules(rule(levels=levels, **keys)))
    desk.open(group="support")


def skipped(desk: Desk) -> list[str]:
    """The messages to customers that were skipped: ``rule message#occurrence: reason``."""
    return [
        f"{row['rule']} {str(row['idempotency_key']).split('|', 3)[-1].replace('|', '#')}:"
        f" {row['reason']}"
        for row in desk.view("v_outbox", audience="customer", state="cancelled")
    ]


def seen(desk: Desk, when: str, subject: str = "desk:T1") -> list[str]:
    """Verdict and reason of every rule, as explained for that instant."""
    assert desk.cycle is not None
    then = at(when)
    found = explaining.explain(desk.store, desk.cycle.policy, subject, then, lived_until=then)
    return [f"{one.verdict.value} {one.reason.value}" for one in found.rules]


# --- levels --------------------------------------------------------------------------------------


def test_levels_due_in_a_silence_fire_as_one_at_its_end(desk: Desk) -> None:
    climbing(desk)
    desk.silence("30m", "4h", tickets="desk:T1")
    desk.live("20h")
    assert desk.fires() == ["a@1h>4h", "b@2h>4h", "c@6h"]
    assert desk.receivers() == ["tier-two", "the-manager"]


def test_a_silence_begins_with_its_first_instant_and_ends_before_its_last(desk: Desk) -> None:
    climbing(desk)
    desk.silence("0s", "2h", begins="1h", tickets="desk:T1")
    desk.live("20h")
    assert desk.fires() == ["a@1h>2h", "b@2h", "c@6h"]


def test_what_was_due_before_a_later_silence_fires_before_it(desk: Desk) -> None:
    climbing(desk)
    desk.silence("10m", "3h", begins="90m", tickets="desk:T1")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h>3h", "c@6h"]


def test_the_clock_runs_on_in_a_silence(desk: Desk) -> None:
    climbing(desk)
    desk.silence("30m", "5h", tickets="desk:T1")
    desk.live("20h")
    assert desk.fires()[-1] == "c@6h"


def test_what_is_held_back_says_so(desk: Desk) -> None:
    climbing(desk)
    desk.silence("30m", "4h", tickets="desk:T1")
    work = desk.live("3h")
    assert desk.decision() == "silenced"
    assert [(one.level, one.reason.value) for one in work.evaluated.skipped] == [
        (1, "silenced"),
        (2, "silenced"),
    ]
    assert seen(desk, "3h") == ["SUPPRESSED silenced"]
    assert seen(desk, "20m") == ["WAITING not_yet"]


def test_repetitions_missed_in_a_silence_become_one(desk: Desk) -> None:
    climbing(desk, REPEATING)
    desk.silence("2h", "8h", tickets="desk:T1")
    desk.live("2d")
    assert desk.fires() == ["a@1h", "a#4@7h>8h", "a#5@9h", "a#6@11h"]


def test_a_pause_and_a_prior_hold_name_their_reason_first(desk: Desk) -> None:
    desk.rules(rules(rule("first", inhibits="[second]", levels=CLIMBING), rule("second")))
    desk.open()
    desk.silence("30m", "8h", rules="second")
    desk.live("3h")
    assert desk.decision("second") == "inhibited"


def test_a_silence_is_named_before_an_acknowledgement(desk: Desk) -> None:
    climbing(desk)
    desk.acknowledge("3h")
    desk.silence("4h", "5h", tickets="desk:T1")
    desk.live("270m")
    assert desk.decision() == "silenced"
    desk.live("20h")
    assert desk.decision() == "acknowledged"


def test_a_silenced_rule_goes_on_inhibiting(desk: Desk) -> None:
    desk.rules(rules(rule("first", inhibits="[second]", levels=CLIMBING), rule("second")))
    desk.open()
    desk.silence("30m", "8h", rules="first")
    desk.live("20h")
    assert desk.fires(rule="first") == ["a@1h>8h", "b@2h>8h", "c@6h>8h"]
    assert desk.fires(rule="second") == ["a@2h>8h"]


def test_of_two_silences_the_later_end_counts(desk: Desk) -> None:
    climbing(desk)
    desk.silence("30m", "3h", tickets="desk:T1")
    desk.silence("40m", "5h", rules="r")
    desk.live("20h")
    assert desk.fires() == ["a@1h>5h", "b@2h>5h", "c@6h"]


def test_a_resolution_in_a_silence_ends_the_matter(desk: Desk) -> None:
    climbing(desk)
    desk.silence("30m", "4h", tickets="desk:T1")
    desk.resolve("3h")
    desk.live("2d")
    assert desk.fires() == []


def test_lateness_counts_from_the_end_of_a_silence(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, notify: [manager]}]", max_lateness="2h")
    desk.silence("30m", "2d", tickets="desk:T1")
    desk.live("47h")
    desk.sleep_until("49h")
    assert desk.fires() == ["a@1h>2d1h"]


def test_what_is_late_even_from_the_end_of_a_silence_is_passed(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, notify: [manager]}]", max_lateness="2h")
    desk.silence("30m", "2d", tickets="desk:T1")
    desk.live("47h")
    desk.sleep_until("51h")
    assert desk.fires() == []
    assert desk.decision() == "too_late"
    assert desk.digests() == ["the-manager: T1"]


def test_a_silence_of_another_ticket_frees_nothing_from_lateness(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, notify: [manager]}]", max_lateness="2h")
    desk.open("T2", "47h")
    desk.silence("47h", "49h", begins="48h", tickets="desk:T2")
    assert desk.fires() == ["a@1h"]
    desk.open("T3", "47h")
    desk.sleep_until("51h")
    assert "desk:T3" not in [ticket for ticket, *_ in desk.fired()]


# --- what it is about ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "matchers, fires",
    [
        ({"tickets": "desk:T1"}, ["T2"]),
        ({"customers": "bert"}, ["T1"]),
        ({"groups": "Tier-2"}, ["T1"]),
        ({"rules": "r"}, []),
        ({}, []),
        ({"rules": "r", "groups": "support"}, ["T2"]),
        ({"groups": "support", "customers": "bert"}, ["T1", "T2"]),
        ({"rules": "another"}, ["T1", "T2"]),
    ],
)
def test_all_that_a_silence_names_must_hold(
    desk: Desk, matchers: dict[str, str], fires: list[str]
) -> None:
    desk.rules(rules(rule()))
    desk.open(group="support")
    desk.open("T2", customer=Customer(id="bert"), group="tier-2")
    desk.silence("1h", "5h", **matchers)
    desk.live("3h")
    assert [ticket.removeprefix("desk:") for ticket, *_ in desk.fired()] == fires
    desk.live("20h")
    assert len(desk.fired()) == 2


def test_a_ticket_that_comes_to_a_silenced_group_is_silenced(desk: Desk) -> None:
    climbing(desk)
    desk.silence("30m", "5h", groups="tier-2")
    desk.set("90m", group="tier-2")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h>5h", "c@6h"]


def test_a_ticket_that_leaves_a_silenced_group_is_heard_at_once(desk: Desk) -> None:
    climbing(desk)
    desk.silence("30m", "5h", groups="support")
    desk.set("90m", group="tier-2")
    desk.live("20h")
    assert desk.fires() == ["a@1h>1h30m", "b@2h", "c@6h"]


def test_a_renamed_rule_stays_silenced(desk: Desk) -> None:
    climbing(desk)
    desk.silence("30m", "5h", rules="r")
    desk.reload("50m", rules(rule("renamed", moved_from="r", levels=CLIMBING)))
    desk.live("20h")
    assert desk.fires() == ["a@1h>5h", "b@2h>5h", "c@6h"]


def test_a_silence_of_a_ticket_that_nobody_knows_is_refused(desk: Desk) -> None:
    climbing(desk)
    with pytest.raises(UsageError, match="there is no ticket 'desk:T9' in the store"):
        desk.silence("30m", "5h", tickets="desk:T9")


@pytest.mark.parametrize(
    "until, begins, said",
    [
        ("30m", None, "cannot end at 2026-01-05T09:30:00Z: it is 2026-01-05T09:30:00Z already"),
        ("20m", None, "cannot end at 2026-01-05T09:20:00Z: it is"),
        ("5h", "10m", "cannot begin at 2026-01-05T09:10:00Z: it is"),
        ("5h", "6h", "cannot end at 2026-01-05T14:00:00Z, as it begins at 2026-01-05T15:00:00Z"),
    ],
)
def test_a_silence_lies_ahead(desk: Desk, until: str, begins: str | None, said: str) -> None:
    climbing(desk)
    with pytest.raises(UsageError, match=said):
        desk.silence("30m", until, begins, tickets="desk:T1")


# --- ending it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "matchers", [{"tickets": "desk:T1"}, {"rules": "r"}, {"groups": "support"}]
)
def test_whoever_ends_a_silence_is_heard_at_once(desk: Desk, matchers: dict[str, str]) -> None:
    climbing(desk)
    silence = desk.silence("30m", "8h", **matchers)
    desk.end_silence("150m", silence)
    desk.sleep_until("150m")
    desk.live("20h")
    assert desk.fires() == ["a@1h>2h30m", "b@2h>2h30m", "c@6h"]


def test_a_silence_that_is_over_cannot_be_ended(desk: Desk) -> None:
    climbing(desk)
    silence = desk.silence("30m", "1h", tickets="desk:T1")
    with pytest.raises(UsageError, match=f"silence {silence} is over since 2026-01-05T10:00:00Z"):
        desk.end_silence("2h", silence)
    with pytest.raises(UsageError, match="there is no silence '9'"):
        desk.end_silence("2h", "9")


def test_a_silence_that_is_taken_back_before_it_begins_holds_nothing(desk: Desk) -> None:
    climbing(desk)
    silence = desk.silence("10m", "5h", begins="50m", tickets="desk:T1")
    desk.end_silence("20m", silence)
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h"]


# --- customers -----------------------------------------------------------------------------------


def test_an_update_due_in_a_silence_is_skipped_and_the_rhythm_goes_on(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, kind: technical}]", customer=UPDATES)
    desk.silence("2h", "6h", tickets="desk:T1")  # updates at 3h and 5h
    desk.live("10h")
    assert desk.heard() == ["still-working@7h", "still-working@9h"]
    assert skipped(desk) == ["r update#1: silenced", "r update#2: silenced"]


def test_nothing_is_made_up_for_at_the_end_of_a_silence(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, kind: technical}]", customer=UPDATES)
    desk.silence("2h", "5h1m", tickets="desk:T1")
    desk.live("6h59m")
    assert desk.heard() == []


def test_what_was_skipped_does_not_count_towards_the_most(desk: Desk) -> None:
    updates = "{updates: {every: 2h, template: still-working, max: 2}}"
    climbing(desk, "[{name: a, after: 1h, kind: technical}]", customer=updates)
    desk.silence("2h", "6h", tickets="desk:T1")
    desk.live("2d")
    assert desk.heard() == ["still-working@7h", "still-working@9h"]
    assert desk.promises() == ["9h", None]


def test_what_was_skipped_does_not_count_as_heard(desk: Desk) -> None:
    levels = "[{name: a, after: 3h, kind: technical}]"
    updates = "{on_escalation: received, updates: {every: 2h, template: still-working}}"
    desk.limits = type(desk.limits)(per_day=2)
    desk.rules(rules(rule("posted", customer=FROM_MATCH), rule("late", levels=levels)))
    desk.rules(rules(rule(levels=levels, customer=updates)))
    desk.open()
    desk.silence("4h", "8h", tickets="desk:T1")  # updates at 5h and 7h
    desk.live("10h")
    assert desk.heard() == ["received@3h", "still-working@9h"]


def test_an_update_due_before_a_silence_waits_for_its_end(desk: Desk) -> None:
    updates = "{updates: {every: 2h, template: still-working, deliver_in: evening}}"
    desk.rules(
        rules(
            rule(levels="[{name: a, after: 1h, kind: technical}]", customer=updates), before=OFFICE
        )
    )
    desk.open()  # due at noon, to be delivered from 18:00 to 20:00
    desk.silence("8h", "10h", tickets="desk:T1")  # until 19:00
    desk.live("12h")
    assert desk.heard() == ["still-working@10h"]
    assert skipped(desk) == []


def test_the_next_update_that_is_promised_heeds_silences(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, kind: technical}]", customer=UPDATES)
    desk.silence("2h", "6h", begins="4h", tickets="desk:T1")
    desk.live("8h")
    assert desk.heard() == ["still-working@3h", "still-working@7h"]
    assert desk.promises()[0] == "7h"


def test_an_update_missed_in_downtime_was_due_in_the_silence_all_the_same(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, kind: technical}]", customer=UPDATES)
    desk.silence("2h", "4h", tickets="desk:T1")
    desk.sleep_until("270m")
    desk.live("6h")
    assert desk.heard() == ["still-working@5h"]
    assert skipped(desk) == ["r update#1: silenced"]


def test_the_prompt_word_comes_with_the_escalation_at_the_end(desk: Desk) -> None:
    climbing(desk, customer="{on_escalation: received}")
    desk.silence("30m", "4h", tickets="desk:T1")
    desk.live("20h")
    assert desk.heard() == ["received@4h"]


def test_another_rules_silence_leaves_the_customer_in_the_picture(desk: Desk) -> None:
    desk.rules(rules(rule("late"), rule("posted", customer=FROM_MATCH)))
    desk.open()
    desk.silence("1h", "3h", rules="late")
    desk.live("3h")
    assert desk.heard() == ["still-working@2h"]


def test_a_person_who_replies_in_a_silence_sets_the_rhythm(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, kind: technical}]", customer=UPDATES)
    desk.silence("2h", "6h", tickets="desk:T1")
    desk.reply("5h30m")
    desk.live("8h")
    assert desk.heard() == ["still-working@7h30m"]


def test_a_follow_up_due_in_a_silence_is_skipped_for_good(desk: Desk) -> None:
    asked = "{follow_up: {after: 3h, template: survey}}"
    climbing(desk, "[{name: a, after: 1h, kind: technical}]", customer=asked)
    desk.resolve("2h")
    desk.silence("4h", "6h", tickets="desk:T1")
    desk.live("5d")
    assert desk.heard() == []
    assert skipped(desk) == ["r follow_up#1: silenced"]


# --- recurring silences --------------------------------------------------------------------------


def test_silent_hours_hold_levels_until_they_end(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 4h}, {name: b, after: 28h}]"), before=LUNCH))
    desk.open()  # due at 13:00, on two days
    desk.live("3d")
    assert desk.fires() == ["a@4h>5h", "b@1d4h>1d5h"]


def test_silent_hours_of_other_tickets_hold_nothing(desk: Desk) -> None:
    theirs = LUNCH.replace("all: true", "groups: [tier-2]")
    desk.rules(rules(rule(levels="[{name: a, after: 4h}]"), before=theirs))
    desk.open(group="support")
    desk.live("3d")
    assert desk.fires() == ["a@4h"]


def test_silent_hours_that_meet_every_update_make_nobody_forgotten(desk: Desk) -> None:
    desk.rules(rules(rule("posted", customer=FROM_MATCH.replace("2h", "1d")), before=LUNCH))
    desk.open(since="4h")  # at 13:00, when every update would fall due
    desk.live("4d")
    assert skipped(desk) == ["posted update#1: silenced"]
    assert desk.heard() == ["still-working@2d5h", "still-working@3d5h"]


def test_silent_hours_skip_all_that_falls_due_in_one_go(desk: Desk) -> None:
    desk.rules(rules(rule("posted", customer=FROM_MATCH.replace("2h", "40m")), before=LUNCH))
    desk.open(since="2h30m")
    desk.live("6h")
    assert skipped(desk) == [f"posted update#{number}: silenced" for number in (1, 2, 3)]
    assert desk.heard() == ["still-working@5h30m"]


# --- groups --------------------------------------------------------------------------------------


def two_of_cora(desk: Desk, **keys: str) -> None:
    desk.rules(rules(rule("often", match=CUSTOMERS, levels=AT_ONCE, **keys)))
    desk.open()
    desk.open("T2", "30m")


@pytest.mark.parametrize("matchers", [{"rules": "often"}, {"customers": "cora"}])
def test_a_group_is_silenced_with_its_rule_or_its_customer(
    desk: Desk, matchers: dict[str, str]
) -> None:
    two_of_cora(desk)
    desk.silence("1h", "5h", **matchers)
    desk.live("20h")
    assert desk.fires() == ["a@1h30m>5h"]


def test_a_silenced_member_is_left_alone_and_its_group_is_not(desk: Desk) -> None:
    two_of_cora(desk)
    desk.silence("1h", "5h", tickets="desk:T1")
    desk.live("4h")
    assert desk.fires() == ["a@1h30m"]
    assert desk.notices() == ["the-manager: often/1"]
    assert desk.changes() == ["T2 tags →often"]
    desk.sleep_until("5h")
    assert sorted(desk.changes()) == ["T1 tags →often", "T2 tags →often"]


def test_a_group_is_silenced_while_all_its_members_are(desk: Desk) -> None:
    two_of_cora(desk)
    desk.silence("1h", "5h", tickets="desk:T1")
    desk.silence("1h", "4h", tickets="desk:T2")
    desk.live("20h")
    assert desk.fires() == ["a@1h30m>4h"]


def test_a_group_says_nothing_to_its_customer_on_a_silenced_ticket(desk: Desk) -> None:
    two_of_cora(desk, customer="{on_escalation: received}")
    desk.silence("1h", "5h", tickets="desk:T2")
    desk.live("20h")
    assert desk.heard() == []
    assert skipped(desk) == ["often on_escalation#1: silenced"]


# --- just before acting --------------------------------------------------------------------------


def test_what_was_decided_and_is_silenced_before_it_is_done_waits(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, tag: [late], notify: [manager]}]")
    desk.evaluate_only("1h")
    desk.silence("1h", "3h", tickets="desk:T1")
    desk.live("2h")
    assert (desk.notices(), desk.changes(), desk.notes()) == ([], [], [])
    rows = desk.view("v_outbox")
    assert ("snoozed", "silenced") in {(row["state"], row["reason"]) for row in rows}
    assert {row["attempts"] for row in rows} == {0}
    desk.sleep_until("3h")
    assert (desk.notices(), desk.changes()) == (["the-manager: r/1"], ["T1 tags →late"])


def test_whoever_ends_a_silence_lets_go_what_waited_for_it(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h, notify: [manager]}]")
    desk.evaluate_only("1h")
    silence = desk.silence("1h", "3h", tickets="desk:T1")
    desk.end_silence("2h", silence)
    desk.sleep_until("2h")
    assert desk.notices() == ["the-manager: r/1"]


def test_a_customers_message_that_is_silenced_before_it_is_sent_is_not_sent(desk: Desk) -> None:
    climbing(desk, customer="{on_escalation: received}")
    desk.live("119m")
    desk.evaluate_only("2h")
    desk.silence("2h", "3h", tickets="desk:T1")
    desk.live("20h")
    assert desk.heard() == []
    assert skipped(desk) == ["r on_escalation#1: silenced"]


# --- telling of it -------------------------------------------------------------------------------


def told(announced: list[Announcement]) -> list[str]:
    return [f"{one.turn.value} {one.silence.id}" for one in announced]


def test_each_turn_of_a_silence_is_told_once(desk: Desk) -> None:
    climbing(desk)
    silence = desk.silence("1h", "3h", tickets="desk:T1")
    assert told(desk.tick(at("1h")).announced) == [f"added {silence}"]
    assert told(desk.tick(at("2h")).announced) == []
    assert told(desk.tick(at("3h")).announced) == [f"ended {silence}"]
    assert told(desk.tick(at("4h")).announced) == []


@pytest.mark.parametrize(
    "length, before", [("25h", "2h30m"), ("5d", "12h"), ("20d", "1d"), ("10d", "1d")]
)
def test_a_long_silence_is_told_of_before_it_ends(desk: Desk, length: str, before: str) -> None:
    climbing(desk)
    desk.silence("0s", length, tickets="desk:T1")
    desk.tick(at("0s"))
    remind_at = at(length) - (at(before) - at("0s"))
    assert told(desk.tick(remind_at - (at("1s") - at("0s"))).announced) == []
    assert told(desk.tick(remind_at).announced) == ["ending 1"]
    assert told(desk.tick(remind_at).announced) == []


def test_a_silence_of_a_day_ends_without_a_reminder(desk: Desk) -> None:
    climbing(desk)
    desk.silence("0s", "1d", tickets="desk:T1")
    desk.tick(at("0s"))
    assert told(desk.tick(at("23h59m")).announced) == []


def test_a_silence_that_came_and_went_while_we_were_down_is_told_of(desk: Desk) -> None:
    climbing(desk)
    desk.silence("0s", "2d", tickets="desk:T1")
    turns = [one.turn for _ in range(3) for one in desk.tick(at("3d")).announced]
    assert turns == [SilenceTold.ADDED, SilenceTold.ENDED]
