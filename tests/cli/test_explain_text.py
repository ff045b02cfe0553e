"""`explain` for a person: a headline for each rule, and below it why."""

from __future__ import annotations

import io
import sys

import pytest

from engine.cli.near_miss import near_miss
from engine.cli.printing import paper, print_lines
from engine.domain.matching import Finding
from tests.cli.desk import LATE, Desk, day, row

URGENT = """\
  - id: urgent
    description: Nobody urgent waits
    match: {priority: urgent}
    clock: {target: {urgent: 4h}}
    levels: [{name: halfway, after: 50%, notify: [boss]}]
"""


def told(desk: Desk, time: str, *arguments: str) -> list[str]:
    return desk.run("explain", "desk:1", "--at", day(time), *arguments).out.splitlines()


def test_a_person_reads_verdict_match_clock_levels_and_what_comes_next(desk: Desk) -> None:
    desk.config(more="timezone: Europe/Berlin\n")
    desk.rules(LATE, URGENT)
    document = desk.once("--through", day("10:30"))
    generation = document["generation"][:12]

    assert told(desk, "10:30") == [
        "desk:1 Ticket 1",
        "open, priority medium, no group, assigned to nobody",
        "Mon 8 Jan 2024 11:30 (CET)",
        "",
        "FIRED late — remind fired on Mon 8 Jan 11:00; next: escalate on Mon 8 Jan 12:00",
        "  Nobody waits longer than two hours",
        "  why      a level fell due and fired (level_due)",
        "  match    every open ticket",
        "  clock    opened Mon 8 Jan 10:00, calendar always",
        "           counted 1h30m",
        "  level 1  remind: fired on Mon 8 Jan 11:00",
        "  level 2  escalate: due on Mon 8 Jan 12:00, 30m left",
        "  next     Mon 8 Jan 12:00",
        f"  decision 2 of Mon 8 Jan 11:00, generation {generation}",
        "  rule     rules/rules.yaml:6",
        "",
        "NO_MATCH urgent — priority is medium, not urgent",
        "  Nobody urgent waits",
        "  why      the rule's match does not hold (no_match)",
        "  match    ✗ priority is urgent — found medium",
        "  clock    does not run: it counts from `opened`, in calendar always",
        "  level 1  halfway: its clock does not run",
        "  next     when something happens to the ticket",
        "  decision none: a rule that has never held leaves no record",
        "  rule     rules/rules.yaml:12",
    ]


def test_a_pause_is_told_from_when_to_when(desk: Desk) -> None:
    desk.log(row("1", "09:00"), row("1", "09:30", "Wait"), row("1", "10:10", "Open"))
    desk.once("--through", day("10:30"))

    paused, running = told(desk, "10:00"), told(desk, "10:30")

    assert (
        "SUPPRESSED late — paused while the status is pending_customer, since Mon 8 Jan" in paused
    )
    assert "           paused from Mon 8 Jan 09:30 on, and still" in paused
    assert "  level 1  remind: not due while the clock stands still, 30m left" in paused
    assert "           paused from Mon 8 Jan 09:30 to Mon 8 Jan 10:10" in running
    assert "           counted 50m, 40m of opening time paused" in running
    assert running[4] == "WAITING late — next: remind on Mon 8 Jan 10:40"


def test_who_took_an_escalation_is_told_with_until_when(desk: Desk) -> None:
    desk.rules(LATE.replace("    customer:", "      - {name: up, after: 3h}\n    customer:"))
    desk.log(row("1", "09:00"), row("1", "11:10", agent="bob"))
    desk.once("--through", day("12:30"))

    said = told(desk, "12:30")

    assert " ".join(said[4:6]) == (
        "SUPPRESSED late — taken by bob (assignment) on Mon 8 Jan 11:10, left alone until"
        "   Tue 9 Jan 11:10"
    )
    assert "  level 3  up: due on Mon 8 Jan 12:00, held back" in said


def test_what_a_rule_wrote_is_shown_as_hidden_from_it(desk: Desk) -> None:
    desk.rules(
        "  - id: up\n"
        "    match: {priority: [medium, high]}\n"
        "    levels: [{after: 1h, raise_priority: 1, notify: [boss]}]\n"
    )
    desk.once("--through", day("10:30"))

    said = " ".join(" ".join(told(desk, "10:30")).split())

    hidden = "found medium (it is high; what this rule writes is hidden from it)"
    assert f"✓ priority is one of medium, high — {hidden}" in said
    assert "this rule itself made it high; it is measured as medium" in said


def test_no_line_is_wider_than_a_terminal(desk: Desk) -> None:
    long = "A description that goes on, " * 8
    desk.rules(LATE.replace("Nobody waits longer than two hours", f"'{long}'"), URGENT)
    desk.log(row("1", "09:00", title="My printer " * 12))
    desk.once("--through", day("11:30"))

    assert max(map(len, told(desk, "11:30"))) <= 80


def test_a_subject_cannot_give_orders_to_the_terminal(desk: Desk) -> None:
    desk.rules(LATE.replace("    levels:", "    match: {subject: {contains: x}}\n    levels:"))
    desk.log(row("1", "09:00", title="\x1b[2Jbeware"))
    desk.once("--through", day("09:30"))

    said = told(desk, "09:30")

    assert said[0] == "desk:1 [2Jbeware"
    assert "\x1b" not in "".join(said)


def test_a_terminal_without_our_marks_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))

    print_lines(["✓ all — well", "✗ none"])

    sys.stdout.flush()
    assert raw.getvalue() == b"+ all - well\n- none\n"


@pytest.mark.parametrize(
    "is_terminal, environment, is_coloured",
    [(False, {}, False), (True, {}, True), (True, {"NO_COLOR": "1"}, False)],
)
def test_colours_are_for_terminals_whose_owner_wants_them(
    monkeypatch: pytest.MonkeyPatch,
    is_terminal: bool,  # noqa: FBT001 - a case of the table
    environment: dict[str, str],
    is_coloured: bool,  # noqa: FBT001 - a case of the table
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)

    assert paper().is_coloured is is_coloured


def finding(field: str, operator: str, wanted: object, found: object) -> Finding:
    return Finding("test", False, field, operator, wanted, found)


@pytest.mark.parametrize(
    "failed, sentence",
    [
        (finding("priority", "equals", "urgent", "low"), "priority is low, not urgent"),
        (finding("type", "any_of", ("a", "b"), "c"), "type is c, none of a, b"),
        (finding("type", "not", "a", "a"), "type is a, and must not be a"),
        (finding("age", "more_than", 2, 1), "age is 1, not more than 2"),
        (finding("assignee", "equals", "bob", None), "there is no assignee"),
        (finding("assignee", "exists", True, None), "there is no assignee"),
        (finding("assignee", "exists", False, "bob"), "assignee is there: bob"),
        (finding("subject", "contains", "x", "y"), "subject is y, which does not contain x"),
        (finding("message", "mentions", ("a",), None), "no message mentions a"),
    ],
)
def test_a_near_miss_is_one_sentence(failed: Finding, sentence: str) -> None:
    assert near_miss(failed) == sentence


def test_the_first_of_several_failures_is_named() -> None:
    held = Finding("test", True, "type", "equals", "a", "a")
    first, second = finding("b", "equals", "x", "y"), finding("c", "equals", "x", "y")

    def joined(op: str, *children: Finding) -> Finding:
        return Finding(op, False, children=children)

    assert near_miss(joined("all", held, first, second)) == "b is y, not x"
    assert near_miss(joined("any", first, second)) == (
        "none of 2 alternatives holds; the first: b is y, not x"
    )
    assert near_miss(joined("not", held)) == "type is a, which its `not` rules out"
    assert near_miss(joined("all", joined("not", joined("any", held)))) == (
        "what stands under its `not` holds"
    )
