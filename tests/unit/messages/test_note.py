from __future__ import annotations

from datetime import UTC, datetime

from engine.domain.ticket import Ticket
from engine.messages import StaffNotice, render_note

TICKET = Ticket(id="desk:1", created_at=datetime(2016, 3, 1, tzinfo=UTC))
DETAILS: dict[str, object] = {
    "rule": {"id": "unresolved", "description": "Late work climbs."},
    "level": {"number": 2, "name": "second-line", "kind": "technical"},
    "due_at": "2016-03-02T15:30:00Z",
    "passed_levels": ["nearly-late", "late"],
    "changes": [
        {"field": "group", "before": "Group 70", "after": "second-line"},
        {"field": "assignee", "before": "Kim", "after": None},
        {"field": "tags", "before": [], "after": ["escalated"]},
    ],
    "notify": ["second-line", "default"],
}


def test_a_note_says_which_rule_why_since_when_and_what_is_done() -> None:
    assert render_note(StaffNotice(TICKET, DETAILS), "Europe/Berlin") == (
        "Escalated by rule unresolved: Late work climbs. Level second-line (technical) was due "
        "Wed 2 Mar 2016, 16:30 and stands also for nearly-late, late. Done: group set to "
        "second-line (was Group 70); assignee cleared (was Kim); tags set to escalated; "
        "second-line, default told."
    )


def test_a_reminder_is_called_one() -> None:
    details = {"rule": {"id": "r"}, "level": {"number": 1, "name": "1h", "kind": None}}
    assert render_note(StaffNotice(TICKET, details)) == "Reminder by rule r. Level 1h was due."


def test_the_level_s_own_note_comes_first() -> None:
    note = render_note(StaffNotice(TICKET, DETAILS), text="Call the site before you drive.\n")
    assert note.startswith("Call the site before you drive.\n\nEscalated by rule unresolved")


def test_line_ends_in_values_do_not_make_new_paragraphs() -> None:
    changes = [{"field": "group", "before": "a\n\nb", "after": "c\r\nd"}]
    note = render_note(StaffNotice(TICKET, DETAILS | {"changes": changes}))
    assert "\n" not in note
    assert "group set to c d (was a b)" in note


def test_a_note_speaks_the_desks_language() -> None:
    details = {**DETAILS, "changes": [{"field": "priority", "before": "medium", "after": "high"}]}

    assert render_note(StaffNotice(TICKET, details), "Europe/Berlin", language="de") == (
        "Eskaliert durch die Regel unresolved: Late work climbs. Stufe second-line (fachlich) war "
        "fällig: Mi, 2. März 2016, 16:30; sie steht auch für nearly-late, late. Getan: Priorität "
        "auf hoch gesetzt (vorher mittel); benachrichtigt: second-line, default."
    )


def test_a_note_tells_what_waits_for_the_budget_from_what_is_done() -> None:
    details = DETAILS | {"room_from": "2016-03-02T16:00:00Z", "notify": ["second-line"]}
    details["changes"] = [{"field": "group", "before": "Group 70", "after": "second-line"}]
    assert render_note(StaffNotice(TICKET, details), "Europe/Berlin").endswith(
        " Done: second-line told. Waits until the rule's budget has room, not before "
        "Wed 2 Mar 2016, 17:00: group set to second-line (was Group 70)."
    )
