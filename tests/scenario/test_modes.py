"""Rules in shadow, and rules that are off."""

from __future__ import annotations

from tests.scenario.desk import Desk, rule, rules

LADDER = (
    "[{name: a, after: 1h, kind: technical, notify: [manager], tag: [late]},"
    " {name: b, after: 9h, kind: technical, notify: [tier-2]}]"
)
POSTED = "{on_escalation: received, updates: {every: 2h, template: still-working}}"


def test_a_rule_in_shadow_never_acts(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, mode="shadow", customer=POSTED)))
    desk.open()
    desk.live("5d")
    assert desk.view("v_outbox") == []
    assert desk.fires() == []
    assert desk.channel.sent == []
    assert desk.helpdesk.done == []


def test_a_rule_in_shadow_decides_and_records(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, mode="shadow")))
    desk.open()
    desk.live("5d")
    assert desk.recorded("shadow") == ["a@1h", "b@9h"]
    assert desk.decision() == "shadow"


def test_a_shadow_records_repetitions_too(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, notify: [manager], repeat: {every: 2h, times: 2}}]"
    desk.rules(rules(rule(levels=levels, mode="shadow")))
    desk.open()
    desk.live("5d")
    assert desk.recorded("shadow") == ["a@1h", "a#2@3h", "a#3@5h"]


def test_what_a_shadow_recorded_never_counts_as_fired(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, mode="shadow")))
    desk.open()
    desk.reload("2h", rules(rule(levels=LADDER, backlog="act")))
    desk.live("5d")
    assert desk.fires() == ["a@1h>2h", "b@9h"]


def test_what_fell_due_in_shadow_is_backlog_when_the_rule_becomes_active(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, mode="shadow")))
    desk.open()
    desk.reload("2h", rules(rule(levels=LADDER)))
    desk.live("5d")
    assert desk.fires() == ["b@9h"]
    assert desk.digests() == ["the-manager: T1"]


def test_what_fell_due_while_off_is_backlog_when_the_rule_becomes_active(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, mode="off")))
    desk.open()
    desk.reload("2h", rules(rule(levels=LADDER)))
    desk.live("5d")
    assert desk.fires() == ["b@9h"]
    assert desk.digests() == ["the-manager: T1"]


def test_a_rule_that_is_off_does_nothing_and_says_so(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, mode="off", customer=POSTED)))
    desk.open()
    desk.live("5d")
    assert desk.fires() == desk.recorded("shadow") == desk.told() == []
    assert desk.decision() == "off"


def test_what_fired_before_a_rule_was_off_stays_fired(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, backlog="act")))
    desk.open()
    desk.reload("2h", rules(rule(levels=LADDER, mode="off", backlog="act")))
    desk.reload("3h", rules(rule(levels=LADDER, backlog="act")))
    desk.live("5d")
    assert desk.fires() == ["a@1h", "b@9h"]


def test_what_fired_before_a_rule_was_in_shadow_stays_fired(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER)))
    desk.open()
    desk.reload("2h", rules(rule(levels=LADDER, mode="shadow")))
    desk.live("5d")
    assert desk.fires() == ["a@1h"]
    assert desk.recorded("shadow") == ["b@9h"]


def test_a_notice_of_a_rule_that_is_switched_off_is_not_sent_any_more(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER)))
    desk.open()
    desk.live("59m")
    desk.evaluate_only("1h")
    desk.rules(rules(rule(levels=LADDER, mode="off")), desk.now())
    desk.sleep_until("61m")
    assert desk.channel.sent == []


def test_a_shadows_escalation_counts_for_no_other_rule(desk: Desk) -> None:
    counting = rule(match="{escalations: {at_least: 1}}", levels="[{name: a, after: 2h}]")
    desk.rules(rules(rule("s", levels=LADDER, mode="shadow"), counting))
    desk.open()
    desk.live("5d")
    assert desk.fires(rule="r") == []


def test_a_shadow_spends_no_budget(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, mode="shadow", budget="1/h")))
    for name in ("T1", "T2", "T3"):
        desk.open(name)
    desk.live("90m")
    assert {row["reason"] for row in desk.recordings()} == {"shadow"}


def test_what_a_shadow_would_have_fired_is_told_and_is_no_firing(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, mode="shadow")))
    desk.open()

    evaluated = desk.live("10h").evaluated

    told = [(one.name, one.kind, one.reason.value) for one in evaluated.shadowed]
    assert told == [("a", "technical", "shadow"), ("b", "technical", "shadow")]
    assert evaluated.fired == []
    assert desk.fires() == []


def test_what_comes_too_late_for_a_shadow_would_not_have_fired(desk: Desk) -> None:
    desk.rules(rules(rule(levels=LADDER, mode="shadow")))
    desk.open()

    evaluated = desk.sleep_until("5d").evaluated

    assert evaluated.shadowed == []
