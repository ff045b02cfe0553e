"""Each kind of step does what its name says, on the pipeline that the daemon runs."""

from __future__ import annotations

import pytest

from tests.ruletests.conftest import Folder

LADDER = """
    at: +2h, rule: late, level: reminder
    at: +4h, rule: late, level: experts
    at: +4h, customer: received
    at: +8h, rule: late, level: 8h
    at: +10h, rule: late, level: 8h, occurrence: 2
    at: +12h, rule: late, level: 8h, occurrence: 3
"""


def first(count: int) -> str:
    """So many of the ladder's lines."""
    return "\n".join(LADDER.strip().splitlines()[:count])


def test_a_ticket_that_nobody_touches_climbs_the_whole_ladder(folder: Folder) -> None:
    assert folder.holds("", LADDER)


def test_set_changes_fields_by_a_persons_hand(folder: Folder) -> None:
    assert folder.holds(
        "at: +3h, set: {status: resolved, priority: low, fields.site: berlin, customer.tier: vip}",
        f"""
        {first(1)}
        at: +3h, ticket: {{status: resolved, priority: low, fields: {{site: Berlin}}}}
        at: +3h, ticket: {{customer: {{tier: vip}}}}
        """,
    )


def test_set_empties_a_field(folder: Folder) -> None:
    assert folder.holds(
        "at: +1h, set: {assignee: null, tags: null, status: resolved}",
        "at: +1h, ticket: {assignee: null, tags: {exists: false}}",
        ticket="{assignee: ann, tags: [a]}",
    )


@pytest.mark.parametrize("step", ["assign: ann", "assign: {assignee: ann}"])
def test_assign_gives_the_ticket_to_a_person_who_so_takes_the_escalation(
    folder: Folder, step: str
) -> None:
    steps = f"at: +5h, {step}"
    expect = f"{first(3)}\nat: +5h, ticket: {{assignee: ann, group: experts}}"

    assert folder.holds(steps, expect)


def test_assign_moves_a_ticket_to_a_group(folder: Folder) -> None:
    assert folder.holds(
        "at: +1h, assign: {group: elsewhere, assignee: bob}",
        f"at: +1h, ticket: {{group: elsewhere, assignee: bob}}\n{first(1)}",
        until="+3h",
    )


def test_a_public_reply_takes_the_escalation(folder: Folder) -> None:
    assert folder.holds("at: +5h, reply: We are on it", first(3))


def test_a_note_takes_nothing(folder: Folder) -> None:
    assert folder.holds("at: +5h, note: They called", LADDER)


def test_an_automatic_reply_takes_nothing(folder: Folder) -> None:
    assert folder.holds("at: +5h, auto_reply: I am on holiday", LADDER)


@pytest.mark.parametrize("step", ["ann", "{by: ann}", "{rule: late}"])
def test_acknowledge_takes_the_escalation(folder: Folder, step: str) -> None:
    assert folder.holds(f"at: +5h, acknowledge: {step}", first(3))


def test_what_cannot_be_acknowledged_fails_the_case(folder: Folder) -> None:
    result = folder.play("at: +1h, acknowledge: ann", LADDER)

    assert not result.is_good
    (remark,) = result.remarks
    assert remark == (
        "line 7: this step could not be done:"
        " desk:T1 has no live escalation of any rule to acknowledge"
    )


SILENCED = """
    at: +5h, rule: late, level: reminder, notify: []
    at: +5h, rule: late, level: experts
    at: +5h, customer: received
"""


@pytest.mark.parametrize(
    "step",
    [
        "silence: 4h",
        "silence: {for: 4h}",
        "silence: {until: +5h}",
        "silence: {until: 2026-01-05 14:00, rule: late}",
        "silence: {for: 4h, rule: [dated, late], ticket: T1, customer: cora, group: sales}",
        "ticket: T1, silence: 4h",
    ],
)
def test_in_a_silence_levels_wait_and_fire_as_one_at_its_end(folder: Folder, step: str) -> None:
    ticket = "{customer: cora, group: sales}"

    assert folder.holds(f"at: +1h, {step}", SILENCED, ticket, until="+6h")


@pytest.mark.parametrize(
    "step", ["{for: 4h, rule: dated}", "{for: 4h, customer: bob}", "{for: 4h, group: other}"]
)
def test_a_silence_over_something_else_is_none(folder: Folder, step: str) -> None:
    assert folder.holds(f"at: +1h, silence: {step}", first(1), ticket="{group: sales}", until="+3h")


def test_a_silence_over_a_ticket_that_has_not_come_in_fails_the_case(folder: Folder) -> None:
    tickets = "[{id: A}, {id: B, at: +3h}]"

    result = folder.play("at: +1h, silence: {for: 1h, ticket: B}", "", tickets, "+1h30m")

    assert "there is no ticket 'desk:B'" in result.remarks[0]


@pytest.mark.parametrize("step", ["Again!", "{says: Again!, channel: chat}"])
def test_a_contact_on_a_resolved_ticket_reopens_it(folder: Folder, step: str) -> None:
    assert folder.holds(
        f"""
        at: +1h, set: {{status: resolved}}
        at: +3h, contact: {step}
        """,
        """
        at: +3h, ticket: {status: open}
        at: +5h, rule: late, level: reminder
        """,
        until="+6h",
    )


def test_a_contact_on_an_open_ticket_is_just_a_message(folder: Folder) -> None:
    assert folder.holds("at: +1h, contact: Hello", first(1), until="+3h")


def test_due_sets_the_due_date(folder: Folder) -> None:
    assert folder.holds(
        "at: +1h, due: 2026-01-05 15:00",
        "at: 2026-01-05 14:00, rule: dated, level: soon",
        ticket="{type: dated}",
    )


def test_a_ticket_may_bring_its_due_date(folder: Folder) -> None:
    assert folder.holds("", "at: +2h, rule: dated, level: soon", ticket="{type: dated, due: +3h}")


@pytest.mark.parametrize("step", ["B", "{into: B}"])
def test_a_ticket_that_is_merged_climbs_no_further(folder: Folder, step: str) -> None:
    assert folder.holds(
        f"at: +3h, ticket: A, merge: {step}",
        """
        at: +2h, rule: late, level: reminder, ticket: A
        at: +2h, rule: late, level: reminder, ticket: B
        at: +4h, rule: late, level: experts, ticket: B
        at: +4h, customer: received, ticket: B
        """,
        ticket="[{id: A}, {id: B}]",
        until="+5h",
    )


def test_a_ticket_that_is_deleted_climbs_no_further(folder: Folder) -> None:
    assert folder.holds("at: +3h, delete: true", first(1))


def test_after_a_restart_a_ladder_speaks_once(folder: Folder) -> None:
    assert folder.holds(
        "at: +1h, restart: {down_for: 4h}",
        """
        at: +5h, rule: late, level: reminder, notify: []
        at: +5h, rule: late, level: experts, notify: [experts]
        at: +5h, customer: received
        """,
        until="+6h",
    )


def test_what_falls_due_as_the_daemon_stops_waits_until_it_is_back(folder: Folder) -> None:
    assert folder.holds(
        "at: +2h, restart: {down_for: 30m}", "at: +2h30m, rule: late, level: reminder", until="+3h"
    )


def test_what_happens_while_the_daemon_is_down_is_read_at_its_start(folder: Folder) -> None:
    assert folder.holds(
        """
        at: +1h, restart: {down_for: 4h}
        at: +3h, set: {status: resolved}
        """,
        "",
    )


def test_a_reload_puts_other_rules_in_force(folder: Folder) -> None:
    folder.write(
        "tests/slower.yaml",
        "version: 1\nrules:\n"
        "  - {id: late, levels: [{name: reminder, after: 6h, notify: [manager]}]}\n",
    )

    assert folder.holds(
        "at: +1h, reload: slower.yaml", "at: +6h, rule: late, level: reminder, notify: [manager]"
    )


def test_rules_that_are_reloaded_while_the_daemon_is_down_count_from_its_start(
    folder: Folder,
) -> None:
    folder.write(
        "tests/new.yaml",
        "version: 1\nrules:\n  - {id: new, levels: [{name: a, after: 1h, notify: [manager]}]}\n",
    )

    assert folder.holds(
        """
        at: +30m, restart: {down_for: 4h}
        at: +1h, reload: [new.yaml]
        """,
        "within: [+4h30m, +4h35m], told: manager, template: digest, rule: new",
    )


def test_at_one_instant_the_helpdesk_comes_first_and_then_the_order_of_the_file(
    folder: Folder,
) -> None:
    assert folder.holds(
        """
        at: +5h, acknowledge: ann
        at: +5h, set: {priority: high}
        at: +5h, set: {priority: low}
        """,
        f"{first(3)}\nat: +5h, ticket: {{priority: low}}",
    )


def test_several_tickets_live_side_by_side(folder: Folder) -> None:
    assert folder.holds(
        "at: +1h, ticket: A, set: {status: resolved}",
        """
        at: +3h, rule: late, level: reminder, ticket: B
        at: +30m, ticket: {id: A, subject: Ticket A}
        """,
        ticket="[{id: A}, {id: B, at: +1h, customer: bob, says: Help!}]",
        until="+4h",
    )
