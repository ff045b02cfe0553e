"""What a person sees of a case that failed."""

from __future__ import annotations

import pytest

from engine.ruletests.running import CaseResult
from engine.ruletests.telling import failure_lines
from tests.ruletests.conftest import Folder

EXPECT = """
    at: +2h, rule: late, level: reminder, notify: [manager], kind: reminder
    within: [+5h, +6h], rule: late, level: experts
    at: +4h, ticket: {group: sales, tags: {not: escalated}, assignee: {exists: true}}
    at: +8h, rule: late, level: 8h, occurrence: 2
    at: +8h, told: manager, template: digest, rule: late
"""


@pytest.fixture
def failed(folder: Folder) -> CaseResult:
    return folder.play("", EXPECT, until="+8h")


def shown(result: CaseResult, width: int) -> str:
    return "\n".join(failure_lines(result, width))


def sides(line: str) -> tuple[str, str]:
    """Both sides of a line, without the day and what only fills."""
    left, _, right = line.replace("Mon 2026-01-05 ", "").partition("│")
    return " ".join(left.split()), " ".join(right.split())


def test_a_wide_terminal_shows_a_pair_on_one_line(failed: CaseResult) -> None:
    lines = shown(failed, 140).splitlines()

    assert lines[0].split() == ["expected", "│", "actual"]
    assert [sides(line) for line in lines[2:-1]] == [
        (
            "✗ 11:00 late: reminder, notify manager, kind reminder",
            "11:00 late: reminder, notify default, kind reminder",
        ),
        ("✗ 14:00 to 15:00 late: experts", "13:00 late: experts"),
        ("✗ not listed", "13:00 customer: received, because of late"),
        (
            "✗ 13:00 ticket: group sales, tags not escalated,",
            "13:00 ticket: group experts, tags escalated,",
        ),
        ("assignee something", "assignee nothing"),
        ("✗ 17:00 late: 8h (occurrence 2)", "did not happen"),
        ("✗ 17:00 digest to manager, because of late", "did not happen"),
        ("✗ not listed", "17:00 late: 8h"),
    ]
    assert lines[-1] == "  line 11: at that time late said FIRED level_due"


@pytest.mark.parametrize("width", [20, 80, 120, 500])
def test_no_line_is_wider_than_the_terminal_if_that_is_wide_enough(
    failed: CaseResult, width: int
) -> None:
    lines = shown(failed, width).splitlines()

    assert max(map(len, lines)) <= max(60, min(width, 160)) + 10


def test_the_columns_stand_below_each_other(failed: CaseResult) -> None:
    lines = [line for line in shown(failed, 80).splitlines() if "│" in line]

    assert len({line.index("│") for line in lines}) == 1
    assert len(lines) > 10


def test_of_several_tickets_each_line_says_which_it_is_about(folder: Folder) -> None:
    result = folder.play("", "at: +1h, ticket: {id: B, group: x}", "[{id: A}, {id: B}]", "+2h")

    assert "late: reminder for A" in shown(result, 140)
    assert "ticket B: group nothing" in shown(result, 140)


def test_times_are_shown_in_the_zone_of_the_file(folder: Folder) -> None:
    result = folder.run(
        """
        - name: a case
          start: 2026-07-06 09:00:30
          ticket: {}
          until: +2h
          expect: []
        """,
        head="rules: ../rules.yaml\ntimezone: Europe/Berlin",
    )

    assert "Mon 2026-07-06 11:00:30  late: reminder" in shown(result.results[0], 140)


def test_a_message_that_could_not_be_sent_says_why(folder: Folder) -> None:
    folder.write("templates/customer/received.md", "---\nsubject: Hi\n---\n{{ nonsense }}\n")

    result = folder.play("", "at: +4h, customer: received", until="+4h")

    assert "customer: received (not sent: " in shown(result, 160)


def test_a_ticket_that_has_not_come_in_yet_is_said_to_be_none(folder: Folder) -> None:
    tickets = "[{id: A}, {id: B, at: +1h}]"

    result = folder.play("", "at: +30m, ticket: {id: B, status: new}", tickets, "+1h")

    assert "there is no such ticket yet" in shown(result, 140)
