"""`explain --at`: what was decided is told from the record, by the rules of its time."""

from __future__ import annotations

import sqlite3

from tests.cli.desk import LATE, Desk, day, row

SOONER = LATE.replace("after: 1h", "after: 30m").replace("  - id", "  # sooner\n  - id")


def why(explanation: dict[str, object]) -> tuple[object, object]:
    return explanation["verdict"], explanation["reason"]


def decisions(desk: Desk) -> list[tuple[int, str, str, str]]:
    """Number, instant, verdict and generation of every decision, from the store's view."""
    with sqlite3.connect(desk.folder / "store.db") as connection:
        statement = "SELECT decision, at, verdict, generation FROM v_decisions ORDER BY decision"
        return list(connection.execute(statement))


def test_a_past_decision_is_told_by_its_number_its_instant_and_its_generation(desk: Desk) -> None:
    desk.once("--through", day("11:30"))
    (waiting, fired, *_) = decisions(desk)

    before = desk.explain("desk:1", "--at", day("09:59"))["late"]
    after = desk.explain("desk:1", "--at", day("10:00"))["late"]

    assert (before["decision"], before["decided_at"]) == (str(waiting[0]), day("09:00"))
    assert (after["decision"], after["decided_at"]) == (str(fired[0]), day("10:00"))
    assert why(before) == ("WAITING", "not_yet")
    assert why(after) == ("FIRED", "level_due")
    assert (before["recorded"], before["generation"]) == (True, waiting[3])


def test_the_past_is_told_by_the_rules_that_were_in_force(desk: Desk) -> None:
    desk.once("--through", day("09:20"))
    desk.rules(SOONER)
    desk.once("--through", day("09:45"))

    then = desk.run("explain", "desk:1", "--json", "--at", day("09:15")).document
    now = desk.run("explain", "desk:1", "--json", "--at", day("09:40")).document

    assert then["generation"] != now["generation"]
    assert (then["rules"][0]["line"], now["rules"][0]["line"]) == (6, 7)
    assert then["rules"][0]["levels"][0]["due_at"] == day("10:00")
    assert now["rules"][0]["levels"][0]["due_at"] == day("09:30")


def test_a_rule_that_is_gone_is_still_told_of_the_past(desk: Desk) -> None:
    desk.once("--through", day("10:30"))
    desk.rules(LATE.replace("id: late", "id: later"))
    desk.once("--through", day("10:45"))

    assert list(desk.explain("desk:1", "--at", day("10:29"))) == ["late"]
    assert list(desk.explain("desk:1", "--at", day("10:45"))) == ["later"]


def test_a_rule_that_was_renamed_is_told_by_its_name_of_then(desk: Desk) -> None:
    desk.once("--through", day("10:30"))
    desk.rules(LATE.replace("id: late\n", "id: later\n    moved_from: late\n"))
    desk.once("--through", day("10:45"))

    late = desk.explain("desk:1", "--at", day("10:29"))["late"]
    later = desk.explain("desk:1", "--at", day("10:45"))["later"]

    assert (why(late), why(later)) == (("FIRED", "level_due"), ("FIRED", "level_due"))
    assert late["levels"][0]["fired_at"] == later["levels"][0]["fired_at"] == day("10:00")
    assert late["decision"] != later["decision"]


def test_what_was_learnt_later_does_not_change_what_was_decided(desk: Desk) -> None:
    desk.once("--through", day("10:30"))
    desk.log(row("1", "09:00"), row("1", "09:30", "Wait"), row("1", "11:00"))
    desk.once("--through", day("11:30"))

    late = desk.explain("desk:1", "--at", day("10:30"))["late"]
    text = desk.run("explain", "desk:1", "--at", day("09:45")).out

    assert why(late) == ("FIRED", "level_due")
    assert late["recorded"]
    assert late["held_by"] == []
    assert late["clock"]["pauses"] == [{"from": day("09:30"), "to": None}]
    assert "by what is known today it would have been SUPPRESSED (paused)" in text


def test_where_nothing_was_decided_by_then_it_says_so(desk: Desk) -> None:
    desk.once("--at", day("10:30"))

    late = desk.explain("desk:1", "--at", day("09:30"))["late"]
    text = desk.run("explain", "desk:1", "--at", day("09:30")).out

    assert (why(late), late["decision"], late["recorded"]) == (("WAITING", "not_yet"), None, False)
    assert "none was written by then; this is computed from what is known" in text


def test_beyond_the_next_look_it_is_computed(desk: Desk) -> None:
    desk.once("--through", day("09:30"))

    held = desk.explain("desk:1", "--at", day("09:59"))["late"]
    overdue = desk.explain("desk:1", "--at", day("10:00"))["late"]

    assert (held["recorded"], overdue["recorded"]) == (True, False)
    assert why(overdue) == ("FIRED", "level_due")
    assert overdue["levels"][0]["state"] == "due"


def test_a_rule_that_never_held_leaves_no_record(desk: Desk) -> None:
    desk.rules(LATE.replace("    levels:", "    match: {priority: urgent}\n    levels:"))
    desk.log(row("1", "09:00"), row("1", "09:30", "Done"))
    desk.once("--through", day("10:30"))

    found = [desk.explain("desk:1", "--at", day(time))["late"] for time in ("09:15", "10:00")]

    assert decisions(desk) == []
    assert [why(each) for each in found] == [("NO_MATCH", "no_match"), ("NO_MATCH", "resolved")]
    assert [each["decision"] for each in found] == [None, None]


def test_a_group_is_told_by_the_tickets_that_it_had_then(desk: Desk) -> None:
    desk.rules(
        "  - id: again\n"
        "    match: {contacts: {by: customer, at_least: 2, within: 7d}}\n"
        "    levels: [{after: 0s, kind: technical, notify: [boss]}]\n"
    )
    desk.log(
        *(
            row("1", "09:00"),
            row("2", "10:00"),
            row("1", "11:00", "Done"),
            row("2", "11:00", "Done"),
        )
    )
    desk.once("--through", day("12:00"))

    then = desk.explain("desk:1", "--at", day("10:30"))["again"]
    now = desk.explain("customer:anna", "--at", day("11:30"))["again"]

    assert (why(then), then["recorded"]) == (("FIRED", "level_due"), True)
    assert then["conditions"]["children"][0]["found"] == 2
    assert why(now) == ("NO_MATCH", "resolved")


def test_a_decision_that_failed_is_told_until_the_next_look(desk: Desk) -> None:
    desk.once("--through", day("09:30"))
    with sqlite3.connect(desk.folder / "store.db") as connection:
        columns = "subject, rule, at, verdict, reason, generation, evidence"
        connection.execute(
            f"INSERT INTO decisions ({columns}) VALUES"  # noqa: S608 - the columns stand above
            " ('desk:1', '', strftime('%s', '2024-01-08T09:20:00Z'), 'SUPPRESSED', 'error', 'g',"
            """ '{"error": "ValueError: no"}')"""
        )

    failed = desk.explain("desk:1", "--at", day("09:24"))["late"]
    recovered = desk.explain("desk:1", "--at", day("09:26"))["late"]

    assert why(failed) == ("SUPPRESSED", "error")
    assert why(recovered) == ("WAITING", "not_yet")


def test_a_replay_tells_its_own_past_from_the_record(desk: Desk) -> None:
    desk.replay()
    desk.once("--through", day("10:30"))

    past = desk.explain("desk:1", "--at", day("10:15"))["late"]
    present = desk.explain("desk:1")["late"]

    assert (past["recorded"], past["decision"]) == (True, present["decision"])
    assert why(past) == why(present) == ("FIRED", "level_due")
