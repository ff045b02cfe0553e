"""Rules in words, as the pictures say them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine.domain.calendar import ALWAYS, Calendar, DayHours, OpeningHours, SpecialDay
from engine.insight.graph.board import RuleBoard
from engine.insight.graph.hours import hours_in_words
from engine.insight.graph.lengths import length_in
from engine.insight.graph.reading import board_of
from engine.rulebook import load

OFFICE = Calendar(
    "office",
    OpeningHours(
        "Europe/Berlin",
        (((540, 750), (810, 1050)),) * 4 + (((1320, 1800),), (), ((0, 1440),)),
        day=timedelta(hours=7, minutes=30),
    ),
)
HEAD = """\
version: 1
calendars:
  office: {timezone: Europe/Berlin, open: {mon-fri: "09:00-17:00"}, day: 8h}
receivers:
  default: [{channel: email, to: desk@example.com}]
  boss: [{channel: email, to: boss@example.com, during: office}]
rules:
  - id: r
"""
LEVELS = "    levels: [{after: 1h, kind: technical, notify: [boss]}]\n"


def rule(folder: Path, *lines: str, levels: str = LEVELS) -> RuleBoard:
    """A rule of these lines, as a picture tells it."""
    text = HEAD + "".join(f"    {line}\n" for line in lines) + levels
    (folder / "rules.yaml").write_text(text)
    loaded = load(folder)
    assert loaded.generation is not None, loaded.problems
    return board_of(loaded.generation).rules[0]


@pytest.mark.parametrize(
    "length, words",
    [
        (timedelta(0), "0s"),
        (timedelta(minutes=90), "1h 30m"),
        (timedelta(hours=7, minutes=30), "1d"),
        (timedelta(hours=16), "2d 1h"),
        (timedelta(seconds=5), "5s"),
    ],
)
def test_a_length_counts_in_the_days_of_its_calendar(length: timedelta, words: str) -> None:
    assert length_in(OFFICE, length) == words


def test_a_calendar_without_a_day_counts_hours() -> None:
    hours = OpeningHours("Europe/Berlin", OFFICE.hours.weekly)

    assert length_in(Calendar("plain", hours), timedelta(hours=30)) == "30h"


def test_equal_days_are_said_together() -> None:
    assert hours_in_words(OFFICE) == (
        "office: Mon–Thu 09:00–12:30 and 13:30–17:30, Fri 22:00–06:00, Sun all day, Europe/Berlin;"
        " 1d is 7h 30m"
    )


def test_single_days_are_mentioned() -> None:
    closed: tuple[DayHours, ...] = ((),) * 7
    days: dict[SpecialDay, DayHours] = {(12, 31): ((540, 720),)}
    hours = OpeningHours("Europe/Berlin", closed, days=days)
    daily = OpeningHours("Europe/Berlin", (((0, 1440),),) * 7, days={(12, 25): ()})

    assert (
        hours_in_words(Calendar("year-end", hours)) == "year-end: single days only, Europe/Berlin"
    )
    assert hours_in_words(Calendar("daily", daily)) == (
        "daily: Mon–Sun all day, Europe/Berlin; other hours on single days"
    )


def test_the_calendar_always_goes_without_saying() -> None:
    assert hours_in_words(ALWAYS) == ""


@pytest.mark.parametrize(
    "match, words",
    [
        ("{}", "every open ticket"),
        ("{type: billing}", "open tickets, if the type is billing"),
        ("{type: [a, b, c]}", "open tickets, if the type is a, b or c"),
        ("{type: {not: [a, b]}}", "open tickets, if the type is neither a nor b"),
        ("{fields.site: x, customer.tier: vip}",
         "open tickets, if the site is x and the customer's tier is vip"),
        ("{status: pending_internal}", "open tickets, if the status is pending internal"),
        ("{assignee: {exists: false}}", "open tickets, if the assignee is empty"),
        ("{age: {at_least: 1d}}", "open tickets, if its age is at least 1d"),
        ("{subject: {contains: invoice}}", "open tickets, if the subject contains “invoice”"),
        ("{type: a, any: [{tags: vip}, {priority: urgent}]}",
         "open tickets, if the type is a and (it bears the tag vip or the priority is urgent)"),
        ("{tags: {not: [a, b]}}", "open tickets, if it bears neither the tag a nor b"),
        ("{not: {type: a}}", "open tickets, if not (the type is a)"),
        ("{message: {mentions: [supervisor, cancel], within: 1d}}",
         "open tickets, if the customer wrote “supervisor” or “cancel” in the last 1d"),
        ("{contacts: {by: customer, at_least: 3, within: 7d, same: [type]}}",
         ("a customer's open tickets, if the customer has turned to us at least 3 times"
         " with the same type within 7d")),
    ],
)  # fmt: skip
def test_what_a_rule_concerns_is_said_in_words(tmp_path: Path, match: str, words: str) -> None:
    clock = "clock: {calendar: office}"
    assert rule(tmp_path, f"match: {match}", clock).concerns == words


@pytest.mark.parametrize(
    "clock, words",
    [
        ("{}", ("starts when the ticket is opened, or reopened; runs day and night;"
               " stands still while the ticket is pending customer")),
        ("{since: waiting, calendar: office, pause_while: []}",
         "starts when the customer begins to wait for an answer; runs in office"),
    ],
)  # fmt: skip
def test_what_a_clock_does_is_said_in_words(tmp_path: Path, clock: str, words: str) -> None:
    assert rule(tmp_path, f"clock: {clock}").clock == words


@pytest.mark.parametrize(
    "clock, due, when",
    [
        ("{}", "after: 0s", "at once"),
        ("{}", "after: 90m", "after 1h 30m"),
        ("{target: 8h}", "after: 75%", "after 75 % of the target"),
        ("{since: due}", "before: 4h", "4h before"),
        ("{since: due}", "after: 0s", "when due"),
        ("{}", "after: {urgent: 1h, low: 1d}", "1h to 1d, by priority"),
        ("{}", "after: {urgent: 1h, low: 1h}", "after 1h"),
    ],
)
def test_when_a_level_falls_due_is_said_in_words(
    tmp_path: Path, clock: str, due: str, when: str
) -> None:
    levels = f"    levels: [{{{due}, name: x, notify: [boss]}}]\n"

    assert rule(tmp_path, f"clock: {clock}", levels=levels).steps[0].when == when


def test_times_are_told_for_the_priorities_that_the_match_leaves_in(tmp_path: Path) -> None:
    found = rule(tmp_path, "match: {priority: {at_least: high}, type: {not: x}}")

    assert {one.value: text for one, text in found.steps[0].times.by_priority.items()} == {
        "urgent": "1h",
        "high": "1h",
    }


def test_a_receiver_comes_with_its_ways_and_their_hours(tmp_path: Path) -> None:
    (told,) = rule(tmp_path).steps[0].tells

    assert (told.who, told.ways) == ("boss", ("email: boss@example.com (in office)",))


def test_a_rule_that_does_not_act_says_so(tmp_path: Path) -> None:
    assert rule(tmp_path, "mode: shadow").mode == "shadow: it only records what it would do"
    assert rule(tmp_path).mode == ""


def test_a_level_says_what_it_does_to_the_ticket(tmp_path: Path) -> None:
    levels = (
        "    levels:\n"
        "      - {after: 1h, name: x, set: {status: pending_internal}, raise_priority: 2,\n"
        "         assign: {group: g, assignee: ann}, tag: [a, b], untag: [c],\n"
        "         notify: [boss], repeat: {every: 4h, times: 1}}\n"
    )
    (step,) = rule(tmp_path, levels=levels).steps

    assert step.changes == (
        "status becomes pending internal",
        "priority rises 2 steps",
        "goes to the group g",
        "is given to ann",
        "gets the tag a and b",
        "loses the tag c",
    )
    assert step.again == "said again every 4h, once more, until somebody takes it"
