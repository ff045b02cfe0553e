"""What the customer is to hear."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.domain.rule import PerPriority, Rule, UpdatesFrom

ReadRule = Callable[[str], Rule]
Codes = Callable[[str], list[str]]

HOUR = timedelta(hours=1)
UPDATES = "updates: {every: 1d, template: still-working}"
FROM_MATCH = "updates: {from: match, every: 1d, template: still-working}"
FOLLOW_UP = "follow_up: {after: 1d, template: survey"


def test_updates_have_sensible_defaults(rule: ReadRule) -> None:
    read = rule(f"clock: {{calendar: office}}\ncustomer: {{{UPDATES}}}")
    assert read.customer is not None
    updates = read.customer.updates
    assert updates is not None
    assert updates.starts is UpdatesFrom.ESCALATION
    assert updates.every == PerPriority.always(7.5 * HOUR)
    assert updates.deliver_in is read.clock.calendar
    assert updates.max is None
    assert read.customer.deliver_in is read.clock.calendar


def test_delivery_may_have_hours_of_its_own(rule: ReadRule) -> None:
    customer = rule(
        "customer: {updates: {every: 1d, template: still-working, deliver_in: office}}"
    ).customer
    assert customer is not None
    assert customer.deliver_in.name == "office"


def test_a_rule_may_consist_of_updates_alone(rule: ReadRule) -> None:
    read = rule(f"levels: []\ncustomer: {{{FROM_MATCH}}}")
    assert read.levels == ()
    assert read.customer is not None
    assert read.customer.updates is not None
    assert read.customer.updates.starts is UpdatesFrom.MATCH


@pytest.mark.parametrize(
    "lines, expected",
    [
        (f"customer: {{{UPDATES}}}", []),
        (f"levels: []\ncustomer: {{{UPDATES}}}", ["never-escalates"]),
        (f"levels: [{{after: 4h}}]\ncustomer: {{{UPDATES}}}", ["never-escalates"]),
        ("levels: [{after: 4h}]\ncustomer: {on_escalation: survey}", ["never-escalates"]),
        (
            f"levels: [{{after: 4h}}]\ncustomer: {{{FROM_MATCH}}}",
            [],
        ),
        (
            f"match: {{since_public_update: {{more_than: 2d}}}}\ncustomer: {{{UPDATES}}}",
            ["updates-undo-match"],
        ),
        (
            f"match: {{not: {{since_public_update: {{exists: true}}}}}}\ncustomer: {{{UPDATES}}}",
            ["updates-undo-match"],
        ),
        (f"match: {{since_agent_reply: {{more_than: 2d}}}}\ncustomer: {{{UPDATES}}}", []),
        ("match: {since_public_update: {more_than: 2d}}\ncustomer: {on_escalation: survey}", []),
        ("customer: {on_escalation: escalation}", ["unknown-template"]),
        ("customer: {updates: {template: survey}}", ["missing-key"]),
        ("customer: {updates: {every: 0h, template: survey}}", ["duration"]),
        ("customer: {updates: {every: {hgh: 1h}, template: survey}}", ["unknown-priority"]),
        ("customer: {follow_up: {after: 0s, template: survey}}", []),
        ("customer: {follow_up: {template: survey}}", ["missing-key"]),
        (
            f"customer: {{{FOLLOW_UP}, low_score: {{below: 4}}}}}}",
            ["missing-key"],
        ),
        (
            f"customer: {{{FOLLOW_UP}, low_score: {{below: 0, notify: [default]}}}}}}",
            ["number"],
        ),
        (f"customer: {{{FOLLOW_UP}, scale: 10}}}}", []),
        (f"customer: {{{FOLLOW_UP}, scale: 7}}}}", ["number"]),
        (f"customer: {{{FOLLOW_UP}, scale: ten}}}}", ["wrong-type"]),
        (
            f"customer: {{{FOLLOW_UP}, low_score: {{below: 5, notify: [default]}}}}}}",
            [],
        ),
        (
            f"customer: {{{FOLLOW_UP}, low_score: {{below: 1, notify: [default]}}}}}}",
            ["low-score-beyond-scale"],
        ),
        (
            f"customer: {{{FOLLOW_UP}, low_score: {{below: 6, notify: [default]}}}}}}",
            ["low-score-beyond-scale"],
        ),
        (
            f"customer: {{{FOLLOW_UP}, scale: 10, low_score: {{below: 6, notify: [default]}}}}}}",
            [],
        ),
        ("customer: {}", []),
        ("customer: []", ["wrong-type"]),
    ],
)
def test_what_makes_no_sense_is_refused(codes: Codes, lines: str, expected: list[str]) -> None:
    assert codes(lines) == expected


@pytest.mark.parametrize("by, expected", [("ticket", []), ("customer", ["never-resolved"])])
def test_a_group_has_no_resolution_to_follow_up(codes: Codes, by: str, expected: list[str]) -> None:
    text = (
        f"match: {{contacts: {{by: {by}, at_least: 3, within: 7d}}}}\n"
        "levels: [{after: 4h, kind: technical}]\n"
        f"customer: {{{FOLLOW_UP}}}}}"
    )
    assert codes(text) == expected
