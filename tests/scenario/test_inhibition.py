"""One rule that holds back another."""

from __future__ import annotations

from engine.domain.ticket import Priority, Status
from tests.scenario.desk import Desk, rule, rules

FIRST = "[{name: x, after: 1h}, {name: y, after: 4h}]"
HELD = "[{name: a, after: 2h, notify: [ann]}, {name: b, after: 3h, notify: [manager]}]"


def inhibiting(desk: Desk, first: str = FIRST, held: str = HELD, **keys: str) -> None:
    """`s` holds back `r`; `keys` belong to `s`."""
    desk.rules(rules(rule(levels=held), rule("s", levels=first, inhibits="[r]", **keys)))


def test_levels_wait_until_the_last_level_of_the_other_has_fired_and_fire_as_one(
    desk: Desk,
) -> None:
    inhibiting(desk)
    desk.open()
    desk.live("5d")
    assert desk.fires(rule="s") == ["x@1h", "y@4h"]
    assert desk.fires(rule="r") == ["a@2h>4h", "b@3h>4h"]
    assert desk.receivers() == ["the-manager"]


def test_what_is_held_back_says_so(desk: Desk) -> None:
    inhibiting(desk)
    desk.open()
    desk.live("3h")
    assert desk.decision("r") == "inhibited"


def test_a_rule_that_does_not_hold_inhibits_nothing(desk: Desk) -> None:
    inhibiting(desk, match="{priority: high}")
    desk.open()
    desk.live("5d")
    assert desk.fires() == ["a@2h", "b@3h"]


def test_without_an_anchor_there_is_no_inhibition(desk: Desk) -> None:
    inhibiting(desk, clock="{since: waiting}")
    desk.open()
    desk.reply("30m")
    desk.live("5d")
    assert desk.fires() == ["a@2h", "b@3h"]


def test_a_rule_that_begins_to_hold_holds_back_what_is_left(desk: Desk) -> None:
    inhibiting(desk, match="{priority: high}")
    desk.open()
    desk.set("2h30m", priority=Priority.HIGH)
    desk.live("5d")
    assert desk.fires(rule="r") == ["a@2h", "b@3h>4h"]


def test_a_suspended_rule_lets_go(desk: Desk) -> None:
    inhibiting(desk, match="{priority: high}")
    desk.open(priority=Priority.HIGH)
    desk.set("3h30m", priority=Priority.LOW)
    desk.live("5d")
    assert desk.fires(rule="r") == ["a@2h>3h30m", "b@3h>3h30m"]


def test_an_ended_episode_lets_go(desk: Desk) -> None:
    inhibiting(desk, clock="{since: waiting}")
    desk.open()
    desk.reply("3h30m")
    desk.live("5d")
    assert desk.fires(rule="r") == ["a@2h>3h30m", "b@3h>3h30m"]


def test_customer_messages_are_not_held_back(desk: Desk) -> None:
    posted = "{updates: {from: match, every: 2h, template: still-working, max: 1}}"
    held = rule(levels="[{name: a, after: 1h}]", customer=posted)
    desk.rules(rules(held, rule("s", levels="[{name: x, after: 9h}]", inhibits="[r]")))
    desk.open()
    desk.live("8h")
    assert desk.fires() == []
    assert desk.heard() == ["still-working@2h"]


def test_a_rule_that_is_off_or_in_shadow_inhibits_nothing(desk: Desk) -> None:
    for mode in ("off", "shadow"):
        other = Desk()
        inhibiting(other, mode=mode)
        other.open()
        other.live("5d")
        assert other.fires(rule="r") == ["a@2h", "b@3h"], mode
        other.store.close()
    inhibiting(desk)


def test_a_paused_rule_goes_on_inhibiting(desk: Desk) -> None:
    inhibiting(desk, clock="{pause_while: [new]}")
    desk.open(status=Status.NEW)
    desk.live("20h")
    assert desk.fires() == []


def test_an_acknowledged_rule_goes_on_inhibiting(desk: Desk) -> None:
    inhibiting(desk, "[{name: x, after: 1h, kind: technical}, {name: y, after: 4h}]")
    desk.open()
    desk.reply("90m")
    desk.live("5d")
    assert desk.fires(rule="s") == ["x@1h", "y@4h>1d1h30m"]
    assert desk.fires(rule="r") == ["a@2h>1d1h30m", "b@3h>1d1h30m"]


def test_a_rule_whose_first_level_comes_too_late_goes_on_inhibiting(desk: Desk) -> None:
    held = rule(levels="[{name: a, after: 2h}]", max_lateness="30d")
    first = "[{name: x, after: 1h}, {name: y, after: 10d}]"
    desk.rules(rules(held, rule("s", levels=first, inhibits="[r]")))
    desk.open()
    desk.live("30m")
    desk.sleep_until("5d")
    assert desk.fires() == []
    desk.live("20d")
    assert desk.fires(rule="s") == ["y@10d"]
    assert desk.fires(rule="r") == ["a@2h>10d"]


def test_lateness_counts_from_the_end_of_the_inhibition_by_the_last_level(desk: Desk) -> None:
    inhibiting(desk, "[{name: x, after: 1h}, {name: y, after: 10d}]")
    desk.open()
    desk.live("20d")
    assert desk.fires(rule="r") == ["a@2h>10d", "b@3h>10d"]


def test_lateness_counts_from_the_end_of_the_inhibition_by_a_suspension(desk: Desk) -> None:
    first = "[{name: x, after: 1h}, {name: y, after: 10d}]"
    inhibiting(desk, first, match="{priority: high}")
    desk.open(priority=Priority.HIGH)
    desk.set("6d", priority=Priority.LOW)
    desk.live("20d")
    assert desk.fires(rule="r") == ["a@2h>6d", "b@3h>6d"]


def test_lateness_counts_from_the_end_of_the_inhibition_by_an_answer(desk: Desk) -> None:
    inhibiting(desk, "[{name: x, after: 10d}]", clock="{since: waiting}")
    desk.open()
    desk.reply("6d")
    desk.live("20d")
    assert desk.fires(rule="r") == ["a@2h>6d", "b@3h>6d"]


def test_lateness_counts_from_the_end_of_the_inhibition_by_time(desk: Desk) -> None:
    inhibiting(desk, "[{name: x, after: 10d}]", match="{age: {less_than: 6d}}")
    desk.open()
    desk.live("20d")
    assert desk.fires(rule="r") == ["a@2h>6d", "b@3h>6d"]


def test_inhibition_passes_through_no_second_rule(desk: Desk) -> None:
    first = rule("t", levels="[{name: x, after: 5h}]", inhibits="[s]")
    second = rule("s", levels="[{name: y, after: 1h}]", inhibits="[r]")
    desk.rules(rules(rule(levels=HELD), second, first))
    desk.open()
    desk.live("5d")
    assert desk.fires(rule="s") == ["y@1h>5h"]
    assert desk.fires(rule="r") == ["a@2h>5h", "b@3h>5h"]
