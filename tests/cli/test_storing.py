"""`ack`, `import` and `migrate`: the verbs that change the store and nothing outside."""

from __future__ import annotations

from tests.cli.desk import LATE, Desk, conforming, day, row

# --- ack -----------------------------------------------------------------------------------------


def test_an_escalation_is_taken_and_its_levels_stop(desk: Desk) -> None:
    desk.replay()
    desk.rules(LATE.replace("    customer:", "      - {name: up, after: 3h}\n    customer:"))
    desk.once("--through", day("11:00"))

    ended = desk.run("ack", "desk:1", "--by", "ann")
    later = desk.once("--through", day("13:00"))

    assert (ended.code, ended.out) == (0, "desk:1: acknowledged for late\n")
    assert later["fired"] == []
    assert [(each["level"], each["reason"]) for each in later["skipped"]] == [(3, "acknowledged")]


def test_what_has_not_escalated_cannot_be_taken(desk: Desk) -> None:
    desk.once("--through", day("10:00"))

    ended = desk.run("ack", "desk:1")

    assert ended.code == 2
    assert ended.err == ("escalatord: desk:1 has no live escalation of any rule to acknowledge\n")


def test_an_unknown_ticket_cannot_be_taken(desk: Desk) -> None:
    desk.once("--through", day("10:00"))

    ended = desk.run("ack", "desk:9")

    assert ended.code == 2
    assert "there is no ticket desk:9" in ended.err


def test_another_rules_escalation_stays_as_it_is(desk: Desk) -> None:
    desk.rules(LATE, LATE.replace("id: late", "id: too"))
    desk.once("--through", day("11:00"))

    ended = desk.run("ack", "desk:1", "--rule", "too")

    assert ended.out == "desk:1: acknowledged for too\n"


# --- import --------------------------------------------------------------------------------------


def test_an_import_reads_and_decides_nothing(desk: Desk) -> None:
    desk.log(row("1", "09:00"), row("2", "09:00"), row("1", "09:10", "Wait"))

    ended = desk.run("import", "--json")

    assert ended.code == 0, ended.err
    document = conforming("import", ended.document)
    # Two tickets came in; one changed its status, in our word and in the helpdesk's own.
    assert document["helpdesks"] == {"desk": {"tickets": 2, "events": 4, "rejected": []}}
    assert document["unread"] == []
    assert not (desk.folder / "sent.jsonl").exists()


def test_an_import_again_brings_only_what_is_new(desk: Desk) -> None:
    desk.run("import")
    desk.say(row("2", "09:05"))

    assert desk.run("import").out == "desk: 1 tickets, 1 new events, 0 rejected\n"


def test_what_an_import_rejects_is_named_and_the_rest_is_taken(desk: Desk) -> None:
    desk.log(row("1", "09:00"), row("2", "2024-99-99T09:00"), row("3", "09:00", p="9"))

    ended = desk.run("import")

    assert ended.code == 1
    assert ended.out.splitlines() == [
        (
            "log.csv:3: error[bad-date] column 'Time': '2024-99-99T09:00' is no date with the year"
            " first"
        ),
        (
            "log.csv:4: error[unknown-priority] column 'P': '9' has no meaning as priority; list it"
            " under values, or say otherwise"
        ),
        "desk: 1 tickets, 1 new events, 2 rejected",
    ]


def test_one_helpdesk_of_several_can_be_imported(desk: Desk) -> None:
    ended = desk.run("import", "desk", "--json")
    unknown = desk.run("import", "dusk")

    assert list(ended.document["helpdesks"]) == ["desk"]
    assert unknown.code == 2
    assert unknown.err == "escalatord: there is no helpdesk 'dusk'; there are desk\n"


def test_a_helpdesk_that_cannot_be_imported_is_named(desk: Desk) -> None:
    (desk.folder / "log.csv").unlink()

    ended = desk.run("import", "--json")

    assert ended.code == 2
    assert ended.complaint.startswith("escalatord: helpdesk 'desk': cannot read log.csv")
    document = conforming("import", ended.document)
    assert document["helpdesks"] == {}
    assert [each["helpdesk"] for each in document["unread"]] == ["desk"]


# --- migrate -------------------------------------------------------------------------------------


def test_migrating_makes_a_store_and_then_finds_it_up_to_date(desk: Desk) -> None:
    first, second = desk.run("migrate"), desk.run("migrate")

    assert (first.code, second.code) == (0, 0)
    assert first.out.startswith(f"{desk.folder / 'store.db'}: applied ")
    assert second.out == f"{desk.folder / 'store.db'}: up to date\n"


def test_a_migrated_store_can_be_looked_at(desk: Desk) -> None:
    desk.run("migrate")

    assert desk.run("status").code == 0
    assert desk.run("outbox", "list").out == "the outbox is empty\n"
