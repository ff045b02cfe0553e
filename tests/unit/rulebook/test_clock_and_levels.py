"""Clocks, ladders and what may stand in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.domain.calendar import ALWAYS
from engine.domain.rule import (
    AcknowledgeBy,
    BacklogPolicy,
    Budget,
    Kind,
    Mode,
    Offset,
    Percent,
    PerPriority,
    Rule,
    Since,
)
from engine.domain.ticket import Priority, Status

ReadRule = Callable[[str], Rule]
Codes = Callable[[str], list[str]]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OFFICE_DAY = 7.5 * HOUR


def test_a_rule_without_clock_counts_every_hour_since_the_opening(rule: ReadRule) -> None:
    clock = rule("mode: active").clock
    assert clock.calendar is ALWAYS
    assert clock.since is Since.OPENED
    assert clock.pause_while == {Status.PENDING_CUSTOMER}
    assert clock.target is None


@pytest.mark.parametrize("since", list(Since))
def test_every_anchor_is_known(rule: ReadRule, since: Since) -> None:
    assert rule(f"clock: {{since: {since}}}").clock.since is since


def test_nothing_need_pause_a_clock(rule: ReadRule) -> None:
    assert rule("clock: {pause_while: []}").clock.pause_while == frozenset()
    paused = rule("clock: {pause_while: [pending_internal, pending_customer]}").clock.pause_while
    assert paused == {Status.PENDING_CUSTOMER, Status.PENDING_INTERNAL}
    assert rule("clock: {pause_while: new}").clock.pause_while == {Status.NEW}


@pytest.mark.parametrize(
    "calendar, written, length",
    [
        ("always", "1d", DAY),
        ("always", "1w", 7 * DAY),
        ("always", "1d4h", DAY + 4 * HOUR),
        ("office", "1d", OFFICE_DAY),
        ("office", "1w", 5 * OFFICE_DAY),
        ("office", "1d4h", OFFICE_DAY + 4 * HOUR),
        ("dayless", "4h", 4 * HOUR),
    ],
)
def test_days_and_weeks_are_those_of_the_calendar(
    rule: ReadRule, calendar: str, written: str, length: timedelta
) -> None:
    read = rule(
        f"clock: {{calendar: {calendar}, target: {written}}}\nlevels: [{{after: {written}}}]"
    )
    assert read.clock.target == PerPriority.always(length)
    assert read.levels[0].due == PerPriority.always(Offset(length))


@pytest.mark.parametrize(
    "key", ["target: 1d", "target: {high: 1d, low: 1h, medium: 1h, urgent: 1h}"]
)
def test_days_need_a_calendar_that_says_how_long_they_are(codes: Codes, key: str) -> None:
    assert codes(f"clock: {{calendar: dayless, {key}}}") == ["no-day"]


@pytest.mark.parametrize("key", ["max_lateness", "cooldown"])
def test_lateness_and_cooldown_are_wall_clock(rule: ReadRule, key: str) -> None:
    assert getattr(rule(f"{key}: 2d\nclock: {{calendar: dayless}}"), key) == 2 * DAY


@pytest.mark.parametrize(
    "levels, due",
    [
        ("{after: 0s}", PerPriority.always(Offset(timedelta(0)))),
        ("{after: 75%}", PerPriority.always(Offset(Percent(75)))),
        ("{after: 150 %}", PerPriority.always(Offset(Percent(150)))),
        (
            "{after: {urgent: 1h, high: 50%}}",
            PerPriority({Priority.URGENT: Offset(HOUR), Priority.HIGH: Offset(Percent(50))}),
        ),
    ],
)
def test_after_is_a_duration_or_a_share_of_the_target(
    rule: ReadRule, levels: str, due: PerPriority[Offset]
) -> None:
    assert rule(f"clock: {{target: 8h}}\nlevels: [{levels}]").levels[0].due == due


def test_before_counts_back_from_the_due_date(rule: ReadRule) -> None:
    levels = rule("clock: {since: due}\nlevels: [{before: 4h}, {after: 1h}]").levels
    assert levels[0].due == PerPriority.always(Offset(4 * HOUR, is_before=True))
    assert levels[1].due == PerPriority.always(Offset(HOUR))


@pytest.mark.parametrize(
    "level, identity",
    [
        ("{name: late, after: 4h}", "late"),
        ("{after: 4h}", "4h"),
        ("{after: 240m}", "240m"),
        ("{after: 75%}", "75%"),
        ("{after: {high: 4h, low: 8h}}", "{high: 4h, low: 8h}"),
    ],
)
def test_a_level_is_known_by_its_name_or_by_its_after_as_written(
    rule: ReadRule, level: str, identity: str
) -> None:
    assert rule(f"clock: {{target: 8h}}\nlevels: [{level}]").levels[0].identity == identity


def test_before_and_after_of_one_length_are_two_levels(rule: ReadRule) -> None:
    levels = rule("clock: {since: due}\nlevels: [{before: 1h}, {after: 1h}]").levels
    assert [level.identity for level in levels] == ["before 1h", "1h"]


def test_a_level_keeps_all_that_it_does(rule: ReadRule) -> None:
    level = rule(
        """
levels:
  - after: 4h
    kind: technical
    set: {priority: high, status: pending_internal, type: 42, fields.site: Berlin, group: A}
    raise_priority: 2
    tag: [late, 1]
    untag: early
    assign: {group: tier-2, assignee: ann}
    note: Look at this
    notify: [tier-2, assignee, group, tier-2]
    template: digest
    repeat: {every: {urgent: 1h, high: 2h}, times: 2}"""
    ).levels[0]
    assert level.kind is Kind.TECHNICAL
    assert level.set_fields == (
        ("priority", "high"),
        ("status", "pending_internal"),
        ("type", "42"),
        ("fields.site", "Berlin"),
        ("group", "A"),
    )
    assert level.raise_priority == 2
    assert (level.tag, level.untag) == (("late", "1"), ("early",))
    assert (level.assign_group, level.assign_assignee) == ("tier-2", "ann")
    assert level.note == "Look at this"
    assert level.notify == ("tier-2", "assignee", "group")
    assert level.template == "digest"
    assert level.repeat is not None
    assert level.repeat.every == PerPriority({Priority.URGENT: HOUR, Priority.HIGH: 2 * HOUR})


@pytest.mark.parametrize(
    "lines, expected",
    [
        ("levels: [{after: 75%}]", ["percent-without-target"]),
        ("clock: {target: soon}\nlevels: [{after: 75%}]", ["duration"]),
        ("clock: {since: due}\nlevels: [{before: 50%}]", ["percent-with-due"]),
        ("clock: {since: due, target: 8h}\nlevels: [{after: 50%}]", ["percent-with-due"]),
        ("clock: {since: due, target: 8h}\nlevels: [{before: 1h}]", []),
        ("levels: [{before: 4h}]", ["before-without-due"]),
        ("clock: {since: duee}\nlevels: [{before: 4h}]", ["unknown-anchor"]),
        ("clock: {since: due}\nlevels: [{before: 4h, after: 4h}]", ["after-and-before"]),
        ("levels: [{kind: technical}]", ["missing-key"]),
        ("levels: [{aftr: 4h}]", ["unknown-key"]),
        ("levels: [{after: 30}]", ["duration"]),
        ("levels: [{after: {}}]", ["empty-value"]),
        ("levels: [{after: {high: }}]", ["empty-value"]),
        ("levels: [{after: {hihg: 4h}}]", ["unknown-priority"]),
        ("levels: [{after: 4h}, {after: 4h, notify: [default]}]", ["duplicate-level"]),
        ("levels: [{after: 4h, name: a}, {after: 4h, name: b}]", []),
        ("levels: [{after: 8h}, {after: 4h}]", ["level-order"]),
        ("levels: [{after: 8h}, {after: {high: 9h, low: 4h}}]", ["level-order"]),
        ("levels: [{after: {high: 8h}}, {after: {low: 4h}}]", []),
        ("clock: {target: 1h}\nlevels: [{after: 50%}, {after: 20m}]", ["level-order"]),
        ("clock: {since: due}\nlevels: [{before: 1h}, {before: 2h}]", ["level-order"]),
        ("clock: {since: due}\nlevels: [{after: 1h}, {before: 2h}]", ["level-order"]),
        ("levels: [{after: 4h, repeat: {every: 1h, times: 1}}]", ["repeat-without-notify"]),
        ("levels: [{after: 4h, notify: [nobody]}]", ["unknown-receiver"]),
        ("levels: [{after: 4h, template: nothing}]", ["unknown-template"]),
        ("levels: [{after: 4h, template: survey}]", ["unknown-template"]),
        ("levels: [{after: 4h, set: {status: resolved}}]", ["set-resolved"]),
        ("levels: [{after: 4h, set: {language: de}}]", ["unknown-field"]),
        ("levels: [{after: 4h, set: {group: null}}]", ["wrong-type"]),
        ("levels: [{after: 4h, assign: {}}]", ["missing-key"]),
        ("levels: [{after: 4h, raise_priority: 0}]", ["number"]),
        ("levels: 4h", ["wrong-type"]),
        ("levels: []", ["no-levels"]),
        ("clock: {target: 0h}", ["duration"]),
        ("clock: {target: {high: 8h}}", ["priority-left-out"]),
        ("clock: {pause_while: [closed]}", ["resolved-in-pause"]),
        ("clock: {pause_while: [on_hold]}", ["unknown-status"]),
        ("clock: {calendar: offce, target: 1d}\nlevels: [{after: 1d}]", ["unknown-calendar"]),
    ],
)
def test_what_makes_no_sense_is_refused(codes: Codes, lines: str, expected: list[str]) -> None:
    assert codes(lines) == expected


@pytest.mark.parametrize(
    "match, warned",
    [
        ("{type: billing}", True),
        ("{priority: high}", False),
        ("{priority: [high, urgent]}", False),
        ("{priority: {not: [low, medium]}}", False),
        ("{priority: {at_least: high}}", False),
        ("{priority: {more_than: medium}}", False),
        ("{priority: {at_least: medium}}", True),
        ("{any: [{priority: high}]}", True),
        ("{priority: {exists: true}}", True),
    ],
)
def test_only_priorities_that_the_match_lets_through_are_missed(
    codes: Codes, match: str, *, warned: bool
) -> None:
    lines = f"match: {match}\nclock: {{target: {{high: 8h, urgent: 4h}}}}"
    assert codes(lines) == ["priority-left-out"] * warned


@pytest.mark.parametrize(
    "written, budget",
    [
        ("5/h", Budget(5, HOUR)),
        ("20/d", Budget(20, DAY)),
        ("3/30m", Budget(3, timedelta(minutes=30))),
        ("unlimited", Budget(2**31 - 1, HOUR)),
    ],
)
def test_a_budget_is_a_number_in_a_time(rule: ReadRule, written: str, budget: Budget) -> None:
    assert rule(f"budget: {written}").budget == budget


@pytest.mark.parametrize("written", ["50", "0/h", "5/0h", "5/x", "-1/h", "1.5/h", "h", "5/", "/h"])
def test_anything_else_is_no_budget(codes: Codes, written: str) -> None:
    assert codes(f"budget: {written}") == ["budget"]


def test_every_choice_of_a_rule_is_read(rule: ReadRule) -> None:
    read = rule("mode: off\nbacklog: act\nasked_by: customer\nreason: they asked\nmoved_from: old")
    assert read.mode is Mode.OFF
    assert read.backlog is BacklogPolicy.ACT
    assert (read.asked_by, read.reason, read.moved_from) == ("customer", "they asked", "old")


def test_acknowledgements_may_be_few_and_short(rule: ReadRule) -> None:
    acknowledge = rule("acknowledge: {by: [link, reply], expires: 2h}").acknowledge
    assert acknowledge.by == {AcknowledgeBy.LINK, AcknowledgeBy.REPLY}
    assert acknowledge.expires == 2 * HOUR


@pytest.mark.parametrize(
    "calendar, day", [("always", DAY), ("office", OFFICE_DAY), ("dayless", 8 * HOUR)]
)
def test_an_acknowledgement_holds_for_a_day_of_the_calendar(
    rule: ReadRule, calendar: str, day: timedelta
) -> None:
    assert rule(f"clock: {{calendar: {calendar}}}").acknowledge.expires == day


@pytest.mark.parametrize(
    "lines, expected",
    [
        ("mode: of", ["unknown-mode"]),
        ("backlog: drop", ["unknown-backlog"]),
        ("asked_by: me", ["unknown-asker"]),
        ("acknowledge: {by: phone}", ["unknown-acknowledgement"]),
        ("acknowledge: {expires: 0h}", ["duration"]),
        ("max_lateness: 0s", ["duration"]),
        ("cooldown: 0s", ["duration"]),
        ("inhibits: [two]", ["unknown-rule"]),
        ("inhibits: [one]", ["inhibits-circle"]),
        ("moved_from: one", ["moved-from"]),
        (
            "match: {contacts: {by: customer, at_least: 2, within: 1d}}\nclock: {since: opened}",
            ["group-since"],
        ),
        ("match: {contacts: {by: ticket, at_least: 2, within: 1d}}\nclock: {since: waiting}", []),
        (
            "match: {contacts: {by: customer, at_least: 2, within: 1d}}\nclock: {calendar: office}",
            [],
        ),
    ],
)
def test_rules_are_refused_for_what_they_cannot_mean(
    codes: Codes, lines: str, expected: list[str]
) -> None:
    assert codes(lines) == expected
