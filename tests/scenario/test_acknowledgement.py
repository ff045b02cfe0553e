"""Who takes an escalation, by what, and for how long."""

from __future__ import annotations

import pytest

from engine.domain.ticket import Actor
from engine.errors import UsageError
from tests.scenario.desk import OFFICE, Desk, rule, rules

CLIMBING = (
    "[{name: a, after: 1h, notify: [ann]}, {name: b, after: 2h, kind: technical, notify: [tier-2]},"
    " {name: c, after: 6h, kind: hierarchical, notify: [manager]}]"
)


def climbing(desk: Desk, levels: str = CLIMBING, **keys: str) -> None:
    desk.rules(rules(rule(levels=levels, **keys)))
    desk.open()


# --- by what -------------------------------------------------------------------------------------


def test_a_persons_public_reply_stops_the_levels(desk: Desk) -> None:
    climbing(desk)
    desk.reply("3h")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h"]
    assert desk.decision() == "acknowledged"


def test_becoming_assignee_by_a_persons_hand_stops_the_levels(desk: Desk) -> None:
    climbing(desk)
    desk.set("3h", assignee="bob")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h"]
    assert desk.decision() == "acknowledged"


def test_taking_it_by_name_stops_the_levels(desk: Desk) -> None:
    climbing(desk)
    assert desk.acknowledge("3h") == ["r"]
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h"]
    assert desk.decision() == "acknowledged"


def test_an_internal_note_acknowledges_nothing(desk: Desk) -> None:
    climbing(desk)
    desk.remark("3h")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h"]


def test_a_robots_reply_acknowledges_nothing(desk: Desk) -> None:
    climbing(desk)
    desk.reply("3h", by=Actor.ROBOT)
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h"]


def test_a_robots_assignment_acknowledges_nothing(desk: Desk) -> None:
    climbing(desk)
    desk.set("3h", by=Actor.ROBOT, assignee="bob")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h"]


def test_giving_a_ticket_back_acknowledges_nothing(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CLIMBING)))
    desk.open(assignee="ann")
    desk.set("3h", assignee=None)
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h"]


def test_our_own_assignment_acknowledges_nothing(desk: Desk) -> None:
    giving = rule("s", levels="[{name: give, after: 3h, assign: {assignee: bob}}]")
    desk.rules(rules(rule(levels=CLIMBING), giving))
    desk.open()
    desk.live("20h")
    assert desk.fires(rule="r") == ["a@1h", "b@2h", "c@6h"]


def test_our_own_message_acknowledges_nothing(desk: Desk) -> None:
    posted = "{updates: {every: 90m, template: still-working, max: 1}}"
    climbing(desk, customer=posted)
    desk.live("20h")
    assert desk.heard() == ["still-working@3h30m"]
    assert desk.fires() == ["a@1h", "b@2h", "c@6h"]


@pytest.mark.parametrize(
    "by, expected",
    [("[reply]", ["a@1h", "b@2h", "c@6h"]), ("[link, assignment]", ["a@1h", "b@2h"])],
)
def test_a_rule_says_what_acknowledges_it(desk: Desk, by: str, expected: list[str]) -> None:
    climbing(desk, acknowledge=f"{{by: {by}}}")
    desk.set("3h", assignee="bob")
    desk.live("20h")
    assert desk.fires() == expected


def test_a_rule_that_reply_does_not_acknowledge_goes_on_after_one(desk: Desk) -> None:
    climbing(desk, acknowledge="{by: [link]}")
    desk.reply("3h")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h"]


# --- what it must be later than ------------------------------------------------------------------


def test_a_reply_before_the_escalation_acknowledges_nothing(desk: Desk) -> None:
    climbing(desk)
    desk.reply("90m")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h"]


def test_a_reply_in_the_second_of_the_escalation_is_not_later(desk: Desk) -> None:
    climbing(desk)
    desk.reply("2h")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h"]


def test_reminders_alone_can_not_be_acknowledged(desk: Desk) -> None:
    climbing(desk, "[{name: a, after: 1h}, {name: b, after: 6h}]")
    desk.reply("3h")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@6h"]
    with pytest.raises(UsageError, match="no live escalation"):
        desk.acknowledge("21h")


def test_a_person_who_becomes_assignee_later_takes_all_escalations_of_the_ticket(
    desk: Desk,
) -> None:
    desk.rules(rules(rule(levels=CLIMBING), rule("s", levels=CLIMBING)))
    desk.open()
    desk.set("3h", assignee="bob")
    desk.live("20h")
    assert desk.fires(rule="s") == desk.fires(rule="r") == ["a@1h", "b@2h"]


def test_taking_one_rules_escalation_leaves_the_others(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CLIMBING), rule("s", levels=CLIMBING)))
    desk.open()
    desk.acknowledge("3h", rule="r")
    desk.live("20h")
    assert desk.fires(rule="r") == ["a@1h", "b@2h"]
    assert desk.fires(rule="s") == ["a@1h", "b@2h", "c@6h"]


# --- how long ------------------------------------------------------------------------------------


def test_an_acknowledgement_expires_after_a_day_and_what_is_due_fires_as_one(desk: Desk) -> None:
    levels = CLIMBING[:-1] + ", {name: d, after: 9h, notify: [ann]}]"
    climbing(desk, levels)
    desk.reply("3h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h>1d3h", "d@9h>1d3h"]
    assert desk.receivers() == ["ann", "tier-two", "ann"]


def test_the_rule_says_when_an_acknowledgement_expires(desk: Desk) -> None:
    climbing(desk, acknowledge="{expires: 5h}")
    desk.reply("3h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h>8h"]


def test_an_acknowledgement_expires_in_the_rules_calendar(desk: Desk) -> None:
    levels = "[{name: b, after: 2h, kind: technical}, {name: c, after: 3h, kind: technical}]"
    text = rule(levels=levels, clock="{calendar: office}", acknowledge="{expires: 1d}")
    desk.rules(rules(text, before=OFFICE))
    desk.open()
    desk.reply("2h30m")
    desk.live("5d")
    assert desk.fires() == ["b@2h", "c@3h>1d2h30m"]


def test_a_new_acknowledgement_extends(desk: Desk) -> None:
    climbing(desk, acknowledge="{expires: 5h}")
    desk.reply("3h")
    desk.reply("7h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h>12h"]


def test_the_clock_runs_on_while_somebody_has_taken_it(desk: Desk) -> None:
    levels = CLIMBING[:-1] + ", {name: d, after: 12h, notify: [ann]}]"
    climbing(desk, levels, acknowledge="{expires: 5h}")
    desk.reply("3h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@2h", "c@6h>8h", "d@12h"]


def test_customer_updates_run_on_while_somebody_has_taken_it(desk: Desk) -> None:
    posted = "{updates: {every: 4h, template: still-working, max: 2}}"
    climbing(desk, customer=posted)
    desk.acknowledge("3h")
    desk.live("20h")
    assert desk.heard() == ["still-working@6h", "still-working@10h"]


def test_repetitions_stop_while_somebody_has_taken_it(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical, notify: [ann], repeat: {every: 2h, times: 5}}]"
    climbing(desk, levels, acknowledge="{expires: 3h}")
    desk.acknowledge("4h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "a#2@3h", "a#4@7h", "a#5@9h", "a#6@11h"]


def test_repetitions_missed_while_somebody_had_taken_it_become_one(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical, notify: [ann], repeat: {every: 2h, times: 5}}]"
    climbing(desk, levels, acknowledge="{expires: 6h}")
    desk.acknowledge("4h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "a#2@3h", "a#5@9h>10h", "a#6@11h"]


def test_an_acknowledgement_does_not_outlive_its_episode(desk: Desk) -> None:
    climbing(desk)
    desk.reply("3h")
    desk.resolve("4h")
    desk.comes_back("6h")
    desk.live("20h")
    assert desk.fires() == ["a@1h", "b@2h", "a@7h", "b@8h", "c@12h"]


def test_nobody_can_take_what_nobody_knows(desk: Desk) -> None:
    climbing(desk)
    with pytest.raises(UsageError, match="there is no ticket desk:T9"):
        desk.acknowledge("3h", "desk:T9")
