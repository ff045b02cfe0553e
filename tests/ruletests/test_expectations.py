"""What is expected must come, at its time, and nothing else may."""

from __future__ import annotations

import pytest

from tests.ruletests.conftest import Folder

REMINDED = "at: +2h, rule: late, level: reminder"
UNTIL = "+3h"


@pytest.mark.parametrize(
    "expected",
    [
        REMINDED,
        "at: 2026-01-05 11:00, rule: late, level: reminder",
        "at: 2026-01-05T12:00+01:00, rule: late, level: reminder",
        "at: +2h, rule: late, level: 1",
        "at: +2h, rule: late, level: reminder, ticket: T1",
        "at: +2h, rule: late, level: reminder, ticket: desk:T1",
        "at: +2h, rule: late, level: reminder, notify: ann",
        "at: +2h, rule: late, level: reminder, notify: [ann]",
        "at: +2h, rule: late, level: reminder, template: escalation",
        "at: +2h, rule: late, level: reminder, kind: reminder",
        "within: [+2h, +3h], rule: late, level: reminder",
        "within: [+1h, +2h], rule: late, level: reminder",
    ],
)
def test_a_level_may_be_expected_so(folder: Folder, expected: str) -> None:
    assert folder.holds("", expected, ticket="{assignee: ann}", until=UNTIL)


@pytest.mark.parametrize(
    "expected",
    [
        "",
        "at: +1h59m59s, rule: late, level: reminder",
        "at: +2h1s, rule: late, level: reminder",
        "at: +2h, rule: late, level: experts",
        "at: +2h, rule: late, level: 2",
        "at: +2h, rule: late, level: reminder, occurrence: 2",
        "at: +2h, rule: late, level: reminder, notify: []",
        "at: +2h, rule: late, level: reminder, notify: [manager]",
        "at: +2h, rule: late, level: reminder, notify: [ann, manager]",
        "at: +2h, rule: late, level: reminder, template: digest",
        "at: +2h, rule: late, level: reminder, kind: technical",
        "within: [+2h1s, +3h], rule: late, level: reminder",
        "within: [+1h, +1h59m59s], rule: late, level: reminder",
        f"{REMINDED}\n{REMINDED}",
        f"{REMINDED}\nat: +2h, customer: received",
    ],
)
def test_a_level_that_comes_otherwise_fails_the_case(folder: Folder, expected: str) -> None:
    assert not folder.holds("", expected, ticket="{assignee: ann}", until=UNTIL)


def test_until_is_inclusive(folder: Folder) -> None:
    assert folder.holds("", REMINDED, until="+2h")
    assert folder.holds("", "", until="+1h59m59s")


def test_without_until_a_case_ends_with_the_last_instant_that_it_names(folder: Folder) -> None:
    result = folder.run(
        """
        - name: a case
          start: 2026-01-05 09:00
          ticket: {}
          expect: [{at: +2h, rule: late, level: reminder}]
        """
    )

    assert result.is_good


def test_wider_expectations_leave_room_for_narrower_ones(folder: Folder) -> None:
    """The first could take either firing; the second only one."""
    expect = """
        within: [+1h, +3h], rule: late, level: reminder
        within: [+1h, +3h], rule: late, level: reminder, ticket: A
    """

    assert folder.holds("", expect, ticket="[{id: A}, {id: B}]", until=UNTIL)


def test_customer_messages_are_listed_apart_from_the_levels(folder: Folder) -> None:
    levels = f"{REMINDED}\nat: +4h, rule: late, level: experts"

    assert not folder.holds("", levels, until="+5h")
    assert folder.holds("", f"{levels}\nat: +4h, customer: received", until="+5h")
    assert folder.holds("", f"{levels}\nat: +4h, customer: received, rule: late", until="+5h")


def test_a_customer_message_that_cannot_be_put_into_words_is_none(folder: Folder) -> None:
    folder.write("templates/customer/received.md", "---\nsubject: Hi\n---\n{{ nonsense }}\n")

    result = folder.play(
        "", f"{REMINDED}\nat: +4h, rule: late, level: experts\nat: +4h, customer: received"
    )

    assert not result.is_good


@pytest.mark.parametrize(
    "state, holds",
    [
        ("group: experts", True),
        ("group: EXPERTS", True),
        ("group: sales", False),
        ("group: {not: sales}", True),
        ("group: {not: experts}", False),
        ("assignee: null", True),
        ("assignee: {exists: false}", True),
        ("group: {exists: true}", True),
        ("group: {exists: false}", False),
        ("tags: escalated", True),
        ("tags: [escalated, vip]", True),
        ("tags: [escalated, other]", False),
        ("tags: {not: [other, third]}", True),
        ("tags: {not: [other, vip]}", False),
        ("priority: high, status: open", True),
        ("priority: high, status: new", False),
        ("fields.site: berlin", True),
        ("customer: cora", True),
        ("customer.tier: {exists: true}", False),
        ("due: 2026-01-07 09:00", True),
    ],
)
def test_a_tickets_state_is_held_against_what_it_should_be(
    folder: Folder, state: str, *, holds: bool
) -> None:
    ticket = (
        "{priority: high, status: open, tags: [vip], fields: {site: Berlin}, customer: cora,"
        " due: 2026-01-07 09:00, assignee: ann}"
    )
    expect = f"""
        {REMINDED}
        at: +4h, rule: late, level: experts
        at: +4h, customer: received
        at: +4h, ticket: {{{state}}}
    """

    assert folder.holds("", expect, ticket=ticket, until="+4h") is holds


def test_a_ticket_that_has_not_come_in_has_no_state(folder: Folder) -> None:
    tickets = "[{id: A}, {id: B, at: +1h}]"

    assert not folder.holds("", "at: +30m, ticket: {id: B, status: new}", tickets, until="+1h")


def test_a_digest_may_be_listed_and_need_not(folder: Folder) -> None:
    down = "at: +1h, restart: {down_for: 4d}"

    assert folder.holds(down, "", until="+4d2h")
    assert folder.holds(
        down, "within: [+4d1h, +4d2h], told: [default, experts, manager]", until="+4d2h"
    )
    assert not folder.holds(down, "within: [+4d1h, +4d2h], told: ann", until="+4d2h")


def test_a_rule_about_groups_is_expected_of_its_group(folder: Folder) -> None:
    folder.write(
        "rules.yaml",
        """
version: 1
receivers: {default: [{channel: log, to: everybody}]}
rules:
  - id: again
    match: {contacts: {by: customer, at_least: 2, within: 1d}}
    levels: [{name: a, after: 1h, notify: [default]}]
""",
    )
    tickets = "[{id: A, customer: cora}, {id: B, customer: cora, at: +1h}]"

    for ticket in ("", ', ticket: "customer:cora"'):
        assert folder.holds("", f"at: +2h, rule: again, level: a{ticket}", tickets)
    assert not folder.holds("", "at: +2h, rule: again, level: a, ticket: A", tickets)


def test_a_level_that_did_not_fire_comes_with_what_was_decided_instead(folder: Folder) -> None:
    result = folder.play("at: +1h, set: {status: pending_customer}", REMINDED)

    assert result.remarks == ("line 10: at that time late said SUPPRESSED paused",)
