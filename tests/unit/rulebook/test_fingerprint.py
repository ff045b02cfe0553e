"""A rule's fingerprint: the same while it does the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.domain.rule import Rule
from engine.rulebook import Loaded

ReadRule = Callable[[str], Rule]
Read = Callable[[str], Loaded]

PLAIN = "match: {type: billing}\nclock: {calendar: office, target: 1d}\nlevels: [{after: 50%}]"


def test_it_is_sixteen_hexadecimal_digits(rule: ReadRule) -> None:
    fingerprint = rule(PLAIN).fingerprint
    assert len(fingerprint) == 16
    assert int(fingerprint, 16) >= 0


@pytest.mark.parametrize(
    "lines",
    [
        f"description: something else\n{PLAIN}",
        f"reason: something else\n{PLAIN}",
        f"asked_by: agent\n{PLAIN}",
        f"moved_from: older\n{PLAIN}",
        f"# a comment\n{PLAIN}",
        PLAIN.replace("billing", "Billing"),
        PLAIN.replace("1d", "7h30m"),
        PLAIN.replace("1d", "{low: 1d, medium: 450m, high: 7h30m, urgent: 1d}"),
        f"mode: active\nbudget: 50/h\nmax_lateness: 3d\n{PLAIN}",
        f"acknowledge: {{by: [assignment, reply, link]}}\n{PLAIN}",
        PLAIN.replace("{after: 50%}", "{after: 50%, template: escalation, notify: []}"),
    ],
)
def test_what_does_the_same_has_the_same(rule: ReadRule, lines: str) -> None:
    assert rule(lines).fingerprint == rule(PLAIN).fingerprint


@pytest.mark.parametrize(
    "lines",
    [
        PLAIN.replace("billing", "refund"),
        PLAIN.replace("{type: billing}", "{type: [billing]}"),
        PLAIN.replace("office", "always"),
        PLAIN.replace("1d", "2d"),
        PLAIN.replace("50%", "60%"),
        PLAIN.replace("{after: 50%}", "{after: 50%, notify: [default]}"),
        PLAIN.replace("{after: 50%}", "{name: half, after: 50%}"),
        f"mode: shadow\n{PLAIN}",
        f"budget: 5/h\n{PLAIN}",
        f"cooldown: 1d\n{PLAIN}",
        f"max_lateness: 1d\n{PLAIN}",
        f"backlog: act\n{PLAIN}",
        f"acknowledge: {{expires: 1h}}\n{PLAIN}",
        f"customer: {{updates: {{from: match, every: 1d, template: survey}}}}\n{PLAIN}",
    ],
)
def test_what_does_something_else_has_another(rule: ReadRule, lines: str) -> None:
    assert rule(lines).fingerprint != rule(PLAIN).fingerprint


def test_another_scale_of_the_survey_is_another_text(rule: ReadRule) -> None:
    asking = (
        "levels: [{after: 1h, kind: technical}]\n"
        "customer: {follow_up: {after: 1d, template: survey, scale: {best}}}"
    )
    five, ten = (rule(asking.replace("{best}", best)).fingerprint for best in ("5", "10"))

    assert five != ten


CALENDAR = """version: 1
calendars:
  {name}: {{timezone: {zone}, open: {{mon: "{hours}"}}, holidays: {holidays}}}
rules:
  - {{id: {id}, clock: {{calendar: {name}}}, levels: [{{after: 4h}}]}}
"""
USUAL = {
    "name": "office",
    "zone": "Europe/Berlin",
    "hours": "09:00-17:00",
    "holidays": "{country: DE}",
    "id": "one",
}


@pytest.mark.parametrize(
    "change, is_same",
    [
        ({}, True),
        ({"name": "bureau"}, True),
        ({"id": "two"}, True),
        ({"zone": "Europe/Paris"}, False),
        ({"hours": "09:00-18:00"}, False),
        ({"holidays": "{country: FR}"}, False),
        ({"holidays": "[12-24]"}, False),
    ],
)
def test_the_calendar_counts_by_what_it_says_and_not_by_its_name(
    read: Read, change: dict[str, str], *, is_same: bool
) -> None:
    fingerprints = []
    for values in (USUAL, {**USUAL, **change}):
        generation = read(CALENDAR.format(**values)).generation
        assert generation is not None
        fingerprints.append(generation.rules[0].fingerprint)
    assert (fingerprints[0] == fingerprints[1]) is is_same


def test_patterns_and_words_count(rule: ReadRule) -> None:
    read = [
        rule(f"match: {{{written}}}").fingerprint
        for written in (
            "subject: {matches: a}",
            "subject: {matches: b}",
            "message: {mentions: [a]}",
            "message: {mentions: [b]}",
            "message: {mentions: [a], within: 1d}",
        )
    ]
    assert len(set(read)) == 5


def test_two_readings_of_one_text_are_equal(rule: ReadRule) -> None:
    lines = f"{PLAIN}\ncooldown: 1d"
    assert rule(lines) == rule(lines)
