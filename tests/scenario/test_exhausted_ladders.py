"""The end of a ladder that nobody took."""

from __future__ import annotations

from tests.scenario.desk import OFFICE, Desk, offset, rule, rules

CALLING = (
    "[{name: a, after: 1h, kind: technical, notify: [manager], repeat: {every: 2h, times: 2}}]"
)


def ends(desk: Desk, until: str = "9d") -> list[str]:
    """Live on; which ladder was found exhausted, and when."""
    begun = len(desk.world.moments)
    desk.live(until)
    return [
        f"{one.ticket} {one.rule}/{one.name}@{offset(moment.at.isoformat())}"
        for moment in desk.world.moments[begun:]
        for one in moment.work.evaluated.exhausted
    ]


def test_a_ladder_is_exhausted_when_nobody_takes_the_last_repetition(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING)))
    desk.open()
    assert ends(desk) == ["desk:T1 r/a@7h"]
    assert desk.fires() == ["a@1h", "a#2@3h", "a#3@5h"]


def test_a_ladder_that_is_taken_in_time_is_not_exhausted(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING, acknowledge="{expires: 400h}")))
    desk.open()
    desk.reply("6h")
    assert ends(desk) == []


def test_a_ladder_that_was_taken_is_exhausted_when_it_is_let_go_of(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING, acknowledge="{expires: 9h}")))
    desk.open()
    desk.reply("6h")
    assert ends(desk) == ["desk:T1 r/a@15h"]


def test_a_ladder_that_repeats_nothing_has_no_last_call(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 1h, kind: technical, notify: [manager]}]")))
    desk.open()
    assert ends(desk) == []


def test_a_ladder_is_not_exhausted_while_a_level_is_still_to_come(desk: Desk) -> None:
    levels = CALLING.replace("}}]", "}}, {name: b, after: 20h, notify: [manager]}]")
    desk.rules(rules(rule(levels=levels)))
    desk.open()
    assert ends(desk) == ["desk:T1 r/a@20h"]


def test_reminders_end_in_silence(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING.replace("kind: technical, ", ""))))
    desk.open()
    assert ends(desk) == []


def test_a_resolved_ticket_exhausts_no_ladder(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING)))
    desk.open()
    desk.resolve("6h")
    assert ends(desk) == []


def test_a_shadow_exhausts_nothing(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING, mode="shadow")))
    desk.open()
    assert ends(desk) == []


def test_the_last_call_has_its_time_in_the_rules_calendar(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING, clock="{calendar: office}"), before=OFFICE))
    desk.open()
    assert ends(desk) == ["desk:T1 r/a@7h"]


def test_after_downtime_the_last_call_still_has_its_time(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING)))
    desk.open()
    desk.live("2h")
    desk.sleep_until("20h")
    assert desk.fires() == ["a@1h", "a#3@5h>20h"]
    assert ends(desk) == ["desk:T1 r/a@22h"]


def test_the_end_of_a_ladder_is_told_once(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING)))
    desk.open()
    assert ends(desk, "8h") == ["desk:T1 r/a@7h"]
    desk.restart()
    desk.writes("9h")
    desk.rules(rules(rule(levels=CALLING), rule("other", match="{type: none}")), desk.now())
    assert ends(desk) == []


def test_an_opening_that_is_exhausted_says_nothing_of_the_next_one(desk: Desk) -> None:
    desk.rules(rules(rule(levels=CALLING)))
    desk.open()
    desk.resolve("1d")
    desk.comes_back("2d")
    assert ends(desk) == ["desk:T1 r/a@7h", "desk:T1 r/a@2d7h"]
