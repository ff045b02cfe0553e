"""`once`: what it does at an instant or through a stretch of time, and what it tells of it."""

from __future__ import annotations

import pytest

from tests.cli.desk import LATE, Desk, Ended, day, row


def test_a_level_that_is_due_fires_and_is_told_to_the_letter(desk: Desk) -> None:
    desk.once("--at", day("09:00"))

    document = desk.once("--at", day("10:05"))

    assert document["format"] == "escalatord.once/1"
    assert document["now"] == day("10:05")
    assert document["fired"] == [
        {
            "ticket": "desk:1",
            "rule": "late",
            "episode": "created",
            "level": 1,
            "name": "remind",
            "occurrence": 1,
            "kind": None,
            "due_at": day("10:00"),
            "fired_at": day("10:05"),
            "reason": "level_due",
        }
    ]
    assert document["next_check_at"] == day("11:00")


def test_a_level_with_a_kind_brings_the_customers_message_along(desk: Desk) -> None:
    document = desk.once("--through", day("11:00"))

    assert [(each["name"], each["kind"]) for each in document["fired"]] == [
        ("remind", None),
        ("escalate", "technical"),
    ]
    assert document["customer"] == [
        {
            "ticket": "desk:1",
            "rule": "late",
            "episode": "created",
            "message": "on_escalation",
            "occurrence": 1,
            "template": "received",
            "due_at": day("11:00"),
            "deliver_at": day("11:00"),
            "state": "delivered",
        }
    ]


def test_through_plays_every_due_instant_in_order(desk: Desk) -> None:
    document = desk.once("--through", day("12:00"))

    assert [each["fired_at"] for each in document["fired"]] == [day("10:00"), day("11:00")]


def test_at_an_instant_nothing_later_is_seen(desk: Desk) -> None:
    desk.log(row("1", "09:00"), row("2", "09:30"))

    document = desk.once("--at", day("09:15"))

    assert document["ingested"] == {"tickets": 1, "events": 1, "rejected": [], "unread": []}


def test_a_second_run_adds_nothing(desk: Desk) -> None:
    desk.once("--through", day("12:00"))

    again = desk.once("--through", day("12:00"))

    assert (again["fired"], again["customer"], again["skipped"]) == ([], [], [])
    assert again["ingested"]["tickets"] == 0


def test_a_later_run_goes_on_where_the_last_one_ended(desk: Desk) -> None:
    desk.once("--through", day("10:30"))

    document = desk.once("--through", day("12:00"))

    assert [each["name"] for each in document["fired"]] == ["escalate"]


def test_what_was_only_imported_is_played_as_on_a_new_store(desk: Desk) -> None:
    rows = (
        row("1", "09:00"),
        row("2", "09:30"),
        row("2", "11:00", "Wait"),
        row("1", "12:00", "Done"),
    )
    desk.log(*rows)
    fresh = desk.once("--dry-run", "--through", day("13:00"))
    desk.run("import")

    played = desk.once("--through", day("13:00"))

    assert len(played["fired"]) == 3
    assert played["fired"] == fresh["fired"]
    assert played["ingested"] == fresh["ingested"]


def test_what_was_decided_upon_is_not_forgotten_for_a_play(desk: Desk) -> None:
    desk.once("--at", day("09:30"))

    played = desk.once("--through", day("13:00"))

    assert played["ingested"]["tickets"] == 0
    assert [row["name"] for row in played["fired"]] == ["remind", "escalate"]


def test_a_look_back_does_not_make_anything_happen_again(desk: Desk) -> None:
    desk.once("--through", day("12:00"))

    back = desk.once("--at", day("10:30"))
    on = desk.once("--through", day("13:00"))

    assert [back["fired"], back["customer"], on["fired"], on["customer"]] == [[], [], [], []]


def test_a_ticket_that_is_read_often_counts_once(desk: Desk) -> None:
    desk.log(row("1", "09:00"), row("1", "09:10", "Reply"), row("1", "09:20", "Wrote"))

    document = desk.once("--through", day("09:30"))

    assert document["ingested"]["tickets"] == 1


def test_what_fired_is_sorted_by_due_instant_ticket_rule_level_and_occurrence(desk: Desk) -> None:
    other = LATE.replace("id: late", "id: early").replace("after: 1h", "after: 30m")
    desk.rules(LATE, other)
    desk.log(row("2", "09:00", caller="ben"), row("1", "09:00"))
    desk.once("--at", day("09:00"))

    document = desk.once("--at", day("13:00"))

    places = [
        (each["due_at"], each["ticket"], each["rule"], each["level"], each["occurrence"])
        for each in document["fired"]
    ]
    assert len(places) == 8
    assert places == sorted(places)


def test_a_group_is_named_as_the_subject(desk: Desk) -> None:
    desk.rules(
        "  - id: again\n"
        "    match: {contacts: {by: customer, at_least: 2, within: 7d}}\n"
        "    levels: [{after: 0s, kind: hierarchical, notify: [boss]}]\n"
    )
    desk.log(row("1", "09:00"), row("2", "10:00"))

    document = desk.once("--through", day("10:00"))

    assert [each["ticket"] for each in document["fired"]] == ["customer:anna"]


def test_a_level_that_newly_loaded_text_puts_in_the_past_is_skipped_with_its_reason(
    desk: Desk,
) -> None:
    document = desk.once("--at", day("10:30"))

    assert document["fired"] == []
    assert document["skipped"] == [
        {
            "ticket": "desk:1",
            "rule": "late",
            "level": 1,
            "due_at": day("10:00"),
            "reason": "backlog",
        }
    ]


def test_a_message_that_waits_for_opening_hours_is_pending_and_later_told_once(desk: Desk) -> None:
    noon = 'calendars:\n  noon: {timezone: UTC, open: {mon-sun: "12:00-13:00"}, day: 1h}\n'
    updates = "{from: match, every: 1h, template: received, deliver_in: noon}"
    desk.rules(f"  - {{id: informed, customer: {{updates: {updates}}}}}\n", head=noon)

    waiting = desk.once("--through", day("10:30"))["customer"]
    sent = desk.once("--through", day("12:30"))["customer"]

    assert [(each["deliver_at"], each["state"]) for each in waiting] == [(day("12:00"), "pending")]
    assert [(each["deliver_at"], each["state"]) for each in sent] == [(day("12:00"), "delivered")]


def test_a_message_that_waited_and_went_out_in_one_play_is_told_once(desk: Desk) -> None:
    noon = 'calendars:\n  noon: {timezone: UTC, open: {mon-sun: "12:00-13:00"}, day: 1h}\n'
    updates = "{from: match, every: 1h, template: received, deliver_in: noon, max: 1}"
    desk.rules(f"  - {{id: informed, customer: {{updates: {updates}}}}}\n", head=noon)

    document = desk.once("--through", day("12:30"))

    assert [each["state"] for each in document["customer"]] == ["delivered"]


# --- dry run -------------------------------------------------------------------------------------


def test_a_dry_run_tells_what_would_fire_and_writes_nothing_anywhere(desk: Desk) -> None:
    desk.once("--at", day("09:00"))
    before = desk.files()

    document = desk.once("--dry-run", "--at", day("11:30"))

    assert [each["name"] for each in document["fired"]] == ["remind", "escalate"]
    assert [each["state"] for each in document["customer"]] == ["pending"]
    assert desk.files() == before


def test_a_dry_run_leaves_every_row_for_the_real_run(desk: Desk) -> None:
    desk.once("--at", day("09:00"))
    dry = desk.once("--dry-run", "--at", day("11:30"))

    real = desk.once("--at", day("11:30"))

    assert real["fired"] == dry["fired"]


def test_a_dry_run_needs_no_store_and_makes_none(desk: Desk) -> None:
    before = desk.files()

    document = desk.once("--dry-run", "--through", day("12:00"))

    assert len(document["fired"]) == 2
    assert desk.files() == before


def test_a_dry_run_goes_beside_a_daemon(desk: Desk) -> None:
    desk.replay()
    daemon = desk.start("run")
    daemon.wait_for("daemon.started")

    assert desk.once("--dry-run")["format"] == "escalatord.once/1"


# --- for people ----------------------------------------------------------------------------------


def test_without_json_a_person_reads_counts_and_rows(desk: Desk) -> None:
    ended = desk.run("once", "--through", day("12:00"))

    assert ended.code == 0
    assert f"{day('12:00')}: 1 tickets and 1 events read, 0 rows rejected" in ended.out
    assert f"  {day('11:00')}  desk:1  late  escalate  level_due" in ended.out
    assert f"  {day('11:00')}  desk:1  late  on_escalation  delivered" in ended.out
    assert ended.out.endswith("next check: only when something changes\n")


def test_more_rows_than_a_screen_holds_are_counted(desk: Desk) -> None:
    desk.log(*(row(str(number), "09:00", caller=f"c{number}") for number in range(30)))

    ended = desk.run("once", "--through", day("10:00"))

    assert "fired: 30" in ended.out
    assert "  … and 10 more; --json has them all" in ended.out


# --- what cannot be ------------------------------------------------------------------------------


def test_at_and_through_exclude_each_other(desk: Desk) -> None:
    ended = desk.run("once", "--at", day("09:00"), "--through", day("10:00"))

    assert ended.code == 2
    assert "--at and --through exclude each other" in ended.err


@pytest.mark.parametrize(
    "instant",
    ["yesterday", "2024-13-01", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59Z", ""],
)
def test_what_is_no_usable_instant_is_said_in_one_line(desk: Desk, instant: str) -> None:
    ended = desk.run("once", "--at", instant)

    assert ended.code == 2
    assert ended.err.splitlines()[-1].startswith(f"Error: Invalid value for '--at': '{instant}' is")


@pytest.mark.parametrize("instant", ["2024-01-08T10:00:00+01:00", "2024-01-08T09:00", day("09:00")])
def test_an_instant_is_read_in_any_zone_and_without_one_in_utc(desk: Desk, instant: str) -> None:
    assert desk.once("--at", instant)["now"] == day("09:00")


def assert_nothing_is_pretended(ended: Ended, words: str) -> None:
    """The exit code, the line and the document all say that a helpdesk was not read."""
    assert ended.code == 2
    assert ended.complaint.startswith("escalatord: helpdesk 'desk': ")
    assert words in ended.complaint
    assert len(ended.complaint.splitlines()) == 1
    (unread,) = ended.document["ingested"]["unread"]
    assert unread["helpdesk"] == "desk"
    assert words in unread["message"]


@pytest.mark.parametrize("when", [["--at", day("10:00")], ["--through", day("10:00")]])
def test_a_helpdesk_that_cannot_be_read_is_no_success(desk: Desk, when: list[str]) -> None:
    (desk.folder / "log.csv").unlink()

    ended = desk.run("once", "--json", *when)

    assert_nothing_is_pretended(ended, "cannot read log.csv: No such file or directory")


@pytest.mark.parametrize("when", [["--at", day("10:00")], ["--through", day("10:00")]])
def test_a_column_that_is_not_there_is_named_with_the_nearest(desk: Desk, when: list[str]) -> None:
    desk.config(("at: Time", "at: Tiem"))

    ended = desk.run("once", "--json", *when)

    assert_nothing_is_pretended(ended, "no column 'Tiem' (did you mean 'Time'?)")


def test_one_helpdesk_that_fails_does_not_stop_the_others(desk: Desk) -> None:
    part = desk.folder.joinpath("config.yaml").read_text().split("  desk:\n")[1]
    other = "  other:\n" + part.split("channels:")[0].replace("log.csv", "missing.csv")
    desk.config(("channels:\n", f"{other}channels:\n"))
    desk.run("once", "--at", day("09:00"))

    ended = desk.run("once", "--json", "--at", day("10:00"))

    assert ended.code == 2
    assert [each["ticket"] for each in ended.document["fired"]] == ["desk:1"]
    assert [each["helpdesk"] for each in ended.document["ingested"]["unread"]] == ["other"]
