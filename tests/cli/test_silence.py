"""`silence add|list|end`, beside the daemon and without; and what is said of wrong ones."""

from __future__ import annotations

import pytest

from tests.cli.desk import LATE, Desk, Document, conforming, day, row

ADD = ["silence", "add", "--by", "ann", "--reason", "the mail server is moved"]
NIGHTS = """\
calendars:
  nights: {timezone: UTC, open: {mon-sun: "22:00-06:00"}}
silences:
  at-night: {during: nights, groups: [facilities], author: bob, reason: nobody is there}
"""
UPDATED = LATE.replace(
    "{on_escalation: received}", "{updates: {every: 1h, template: received, deliver_in: always}}"
)


@pytest.fixture
def replayed(desk: Desk) -> Desk:
    """It is half past nine on the eighth of January; the ticket came in at nine."""
    desk.replay()
    desk.once("--through", day("09:30"))
    return desk


def listed(desk: Desk, *arguments: str) -> list[Document]:
    ended = desk.run("silence", "list", "--json", *arguments)
    assert ended.code == 0, ended.err
    lines: list[Document] = conforming("silence", ended.document)["silences"]
    return lines


# --- add -----------------------------------------------------------------------------------------


def test_a_silence_holds_levels_back_until_its_end(replayed: Desk) -> None:
    added = replayed.run(*ADD, "--ticket", "desk:1", "--for", "3h")
    held = replayed.once("--through", day("11:30"))
    after = replayed.once("--through", day("12:30"))

    assert added.code == 0
    assert added.out == (
        "silence 1: in force until 2024-01-08T12:30:00Z\n"
        "  over ticket desk:1\n"
        "  ann: the mail server is moved\n"
    )
    assert held["fired"] == []
    assert {(one["level"], one["reason"]) for one in held["skipped"]} == {
        (1, "silenced"),
        (2, "silenced"),
    }
    assert [(one["name"], one["fired_at"]) for one in after["fired"]] == [
        ("remind", day("12:30")),
        ("escalate", day("12:30")),
    ]


def test_a_customers_message_that_falls_due_is_told_as_cancelled(desk: Desk) -> None:
    desk.replay()
    desk.rules(UPDATED)
    desk.once("--through", day("11:00"))
    desk.run(*ADD, "--rule", "late", "--until", day("12:30"))

    document = desk.once("--through", day("13:00"))
    (told,) = (told for told in document["customer"] if told["state"] == "cancelled")
    rows = desk.run("outbox", "list", "--json", "--state", "cancelled").document["rows"]

    assert (told["message"], told["occurrence"], told["due_at"]) == ("update", 1, day("12:00"))
    assert [(one["audience"], one["reason"]) for one in rows] == [("customer", "silenced")]
    assert [one["state"] for one in document["customer"]] == ["cancelled", "delivered"]


def test_a_skipped_message_is_logged(desk: Desk) -> None:
    desk.replay()
    desk.rules(UPDATED)
    desk.once("--through", day("11:00"))
    desk.run(*ADD, "--rule", "late", "--until", day("12:30"))

    events = desk.run("once", "--through", day("12:15")).events

    (said,) = (event for event in events if event["event"] == "customer.skipped")
    assert (said["ticket"], said["rule"], said["reason"]) == ("desk:1", "late", "silenced")
    assert (said["message"], said["occurrence"], said["due_at"]) == ("update", 1, day("12:00"))


def test_a_dry_run_skips_it_too(desk: Desk) -> None:
    desk.replay()
    desk.rules(UPDATED)
    desk.once("--through", day("11:00"))
    desk.run(*ADD, "--rule", "late", "--until", day("12:30"))

    document = desk.once("--dry-run", "--through", day("12:15"))

    assert [one["state"] for one in document["customer"]] == ["cancelled"]


def test_what_is_added_can_be_told_to_a_program(replayed: Desk) -> None:
    ended = replayed.run(*ADD, "--rule", "late", "--until", day("12:00"), "--json")

    (line,) = conforming("silence", ended.document)["silences"]
    assert line == {
        "id": "1",
        "state": "in_force",
        "during": None,
        "begins_at": day("09:30"),
        "ends_at": day("12:00"),
        "rules": ["late"],
        "tickets": [],
        "customers": [],
        "groups": [],
        "author": "ann",
        "reason": "the mail server is moved",
    }


def test_a_silence_may_begin_later_and_name_several(replayed: Desk) -> None:
    replayed.say(row("2", "09:30"))
    replayed.once("--through", day("09:40"))
    several = ["--ticket", "desk:1", "--ticket", "desk:2", "--rule", "late"]
    replayed.run(*ADD, *several, "--from", day("11:00"), "--for", "2h")

    (line,) = listed(replayed)

    assert (line["state"], line["begins_at"], line["ends_at"]) == (
        "to_come",
        day("11:00"),
        day("13:00"),
    )
    assert line["tickets"] == ["desk:1", "desk:2"]
    assert replayed.run("silence", "list").out.splitlines()[:2] == [
        "silence 1: from 2024-01-08T11:00:00Z until 2024-01-08T13:00:00Z",
        "  over rule late, ticket desk:1 or desk:2",
    ]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--rule", "late"], "say when it ends, with either --for or --until"),
        (
            ["--rule", "late", "--for", "1h", "--until", day("12:00")],
            "say when it ends, with either --for or --until",
        ),
        (["--for", "1h"], "say what is silenced, with --rule, --ticket"),
        (["--all", "--rule", "late", "--for", "1h"], "--all means everything"),
        (["--rule", "late", "--for", "4"], "'4' has no unit; write 4m, 4h or 4d"),
        (["--rule", "late", "--for", "0s"], "'0s' is no time at all; write for example 4h"),
        (["--rule", "late", "--for", "soon"], "'soon' is not a duration; write for example"),
        (["--rule", "late", "--until", "tomorrow"], "'tomorrow' is no instant; write for example"),
        (["--rule", "late", "--until", day("09:00")], "cannot end at 2024-01-08T09:00:00Z: it is"),
        (["--rule", "late", "--for", "1h", "--from", day("09:00")], "cannot begin at 2024-01-08T"),
        (
            ["--rule", "late", "--from", day("12:00"), "--until", day("11:00")],
            "cannot end at 2024-01-08T11:00:00Z, as it begins at 2024-01-08T12:00:00Z",
        ),
        (["--rule", "lat", "--for", "1h"], "there is no rule 'lat'; did you mean 'late'?"),
        (["--ticket", "1", "--for", "1h"], "there is no ticket '1' in the store; did you mean"),
        (["--ticket", "desk:77", "--for", "1h"], "there is no ticket 'desk:77' in the store"),
        (["--group", " ", "--for", "1h"], "Invalid value for '--group': it is empty"),
        (["--group", "a\nb", "--for", "1h"], "'a\\nb' is more than one line of plain text"),
        (["--all", "--for", "1h", "--reason", "\x1b[2J"], "is more than one line of plain text"),
        (["--all", "--for", "1h", "--reason", "\udcff"], "is more than one line of plain text"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(
    replayed: Desk, arguments: list[str], words: str
) -> None:
    ended = replayed.run(*ADD, *arguments)

    assert ended.code == 2
    assert ended.out == ""
    assert words in ended.err.splitlines()[-1]
    assert listed(replayed, "--all") == []


@pytest.mark.parametrize("missing", ["--by", "--reason"])
def test_nobody_silences_without_a_name_and_a_reason(replayed: Desk, missing: str) -> None:
    at = ADD.index(missing)
    ended = replayed.run(*ADD[:at], *ADD[at + 2 :], "--all", "--for", "1h")

    assert ended.code == 2
    assert f"Missing option '{missing}'" in ended.err
    assert listed(replayed, "--all") == []


def test_a_name_that_no_open_ticket_has_is_pointed_out(replayed: Desk) -> None:
    ended = replayed.run(*ADD, "--customer", "ana", "--group", "tier-2", "--for", "1h")

    assert ended.code == 0
    assert ended.complaint.splitlines() == [
        "escalatord: no open ticket is of customer 'ana' now; did you mean 'anna'?",
        "escalatord: no open ticket is of group 'tier-2' now",
    ]
    assert len(listed(replayed)) == 1


def test_without_a_store_there_is_nothing_to_silence(desk: Desk) -> None:
    ended = desk.run(*ADD, "--rule", "late", "--for", "1h")

    assert ended.code == 2
    assert len(ended.complaint.splitlines()) == 1


# --- list and end --------------------------------------------------------------------------------


def test_the_list_has_what_recurs_too(desk: Desk) -> None:
    desk.replay()
    desk.rules(LATE, head=NIGHTS)
    desk.once("--through", day("09:30"))

    (line,) = listed(desk)

    assert (line["id"], line["state"], line["during"]) == ("at-night", "to_come", "nights")
    assert (line["begins_at"], line["ends_at"]) == (day("22:00"), "2024-01-09T06:00:00Z")
    assert desk.run("silence", "list").out == (
        "silence at-night: from 2024-01-08T22:00:00Z until 2024-01-09T06:00:00Z,"
        " recurring in nights\n  over group facilities\n  bob: nobody is there\n"
    )


def test_what_recurs_is_in_force_in_its_hours(desk: Desk) -> None:
    desk.replay()
    desk.rules(LATE, head=NIGHTS)
    desk.once("--through", day("23:00"))

    (line,) = listed(desk)

    assert (line["state"], line["begins_at"]) == ("in_force", None)


def test_what_is_over_is_listed_on_demand(replayed: Desk) -> None:
    replayed.run(*ADD, "--all", "--for", "1h")
    replayed.once("--through", day("10:30"))

    assert listed(replayed) == []
    assert replayed.run("silence", "list").out == "nothing is silenced\n"
    (line,) = listed(replayed, "--all")
    assert line["state"] == "over"
    assert "was in force from" in replayed.run("silence", "list", "--all").out


def test_ending_a_silence_lets_go_what_waited(replayed: Desk) -> None:
    replayed.run(*ADD, "--rule", "late", "--for", "8h")
    replayed.once("--through", day("11:30"))

    ended = replayed.run("silence", "end", "1")
    document = replayed.once("--through", day("11:31"))

    assert (ended.code, ended.out) == (0, "silence 1 has ended\n")
    assert [one["name"] for one in document["fired"]] == ["remind", "escalate"]


@pytest.mark.parametrize(
    "silence, words",
    [
        ("7", "there is no silence '7'; `silence list --all` has them"),
        ("one", "there is no silence 'one'"),
        ("at-night", "silence 'at-night' recurs: it stands in the rule files under 'silences'"),
    ],
)
def test_only_a_silence_that_somebody_asked_for_can_be_ended(
    desk: Desk, silence: str, words: str
) -> None:
    desk.replay()
    desk.rules(LATE, head=NIGHTS)
    desk.once("--through", day("09:30"))

    ended = desk.run("silence", "end", silence)

    assert ended.code == 2
    assert words in ended.complaint
    assert len(ended.complaint.splitlines()) == 1


# --- telling -------------------------------------------------------------------------------------


def test_explain_says_who_silenced_it_why_and_until_when(replayed: Desk) -> None:
    replayed.run(*ADD, "--ticket", "desk:1", "--for", "3h")
    replayed.once("--through", day("11:30"))

    explained = replayed.explain("desk:1")["late"]

    assert (explained["verdict"], explained["reason"]) == ("SUPPRESSED", "silenced")
    assert explained["silence"] == {
        "id": "1",
        "author": "ann",
        "reason": "the mail server is moved",
        "until": day("12:30"),
    }
    said = replayed.run("explain", "desk:1").out
    assert "  silence  1 until Mon 8 Jan 12:30, by ann: the mail server is moved\n" in said
    assert replayed.explain("desk:1", "--at", day("09:15"))["late"]["silence"] is None


def test_status_has_what_is_silenced(replayed: Desk) -> None:
    replayed.run(*ADD, "--rule", "late", "--for", "3h")

    (line,) = conforming("status", replayed.run("status", "--json").document)["silences"]

    assert (line["id"], line["rules"]) == ("1", ["late"])
    assert (
        "silence 1: in force until 2024-01-08T12:30:00Z, over rule late\n"
        in replayed.run("status").out
    )


def test_the_log_tells_of_a_silence_before_it_ends_and_when_it_has(replayed: Desk) -> None:
    replayed.run(*ADD, "--rule", "late", "--for", "2d")

    events = [
        event
        for until in ("2024-01-09T09:30:00Z", "2024-01-10T05:00:00Z", "2024-01-10T09:30:00Z")
        for event in replayed.run("once", "--through", until).events
        if event["event"].startswith("silence.")
    ]

    assert [(event["event"], event["severity"]) for event in events] == [
        ("silence.added", "info"),
        ("silence.ending", "warning"),
        ("silence.ended", "info"),
    ]
    assert (events[1]["id"], events[1]["author"], events[1]["rules"], events[1]["until"]) == (
        "1",
        "ann",
        ["late"],
        "2024-01-10T09:30:00Z",
    )


def test_a_silence_works_beside_the_daemon(desk: Desk) -> None:
    desk.config(more="every: 1s\n")
    desk.once("--at", day("08:00"))
    running = desk.start("run")
    running.wait_for("daemon.started")

    desk.command(*ADD, "--rule", "late", "--for", "1h")
    running.wait_for("silence.added", rules=["late"], author="ann")
    desk.command("silence", "end", "1")
    running.wait_for("silence.ended", id="1")
