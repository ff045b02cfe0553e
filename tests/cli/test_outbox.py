"""`outbox list|show|retry|drop|release`: what they say, what they do, and what they refuse."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from engine.ports import OutboxState
from engine.store import open_store
from tests.cli.desk import LATE, Desk, Document, conforming, day, row

HELD = LATE.replace("customer: {on_escalation: received}", "budget: 1/h")


def listed(desk: Desk, *arguments: str) -> list[Document]:
    ended = desk.run("outbox", "list", "--json", *arguments)
    assert ended.code == 0, ended.err
    rows: list[Document] = conforming("outbox", ended.document)["rows"]
    return rows


def shown(desk: Desk, row_id: int, *arguments: str) -> Document:
    ended = desk.run("outbox", "show", str(row_id), "--json", *arguments)
    assert ended.code == 0, ended.err
    return conforming("outbox-show", ended.document)


def changed(desk: Desk, *arguments: str, code: int = 0) -> Document:
    ended = desk.run("outbox", *arguments, "--by", "ann", "--json")
    assert ended.code == code, ended.err
    return conforming("outbox-change", ended.document)


def one(desk: Desk, audience: str, action: str) -> int:
    """The number of the first such row."""
    found = [r["id"] for r in listed(desk) if (r["audience"], r["action"]) == (audience, action)]
    return int(found[0])


def ended_as(desk: Desk, row_id: int, state: OutboxState, reason: str) -> int:
    """As if the row's last attempt had ended otherwise; gives its number."""
    store = open_store(f"sqlite:///{desk.folder}/store.db")
    values = {"id": row_id, "state": state.value, "reason": reason}
    with store.writing() as connection:
        for statement in (
            "UPDATE outbox SET state = :state, reason = :reason WHERE id = :id",
            "UPDATE attempts SET outcome = :state, reason = :reason WHERE outbox = :id",
        ):
            connection.execute(text(statement), values)
    store.close()
    return row_id


def states(desk: Desk, *row_ids: int) -> list[str]:
    found = {r["id"]: r["state"] for r in listed(desk)}
    return [found[row_id] for row_id in row_ids]


@pytest.fixture
def acted(desk: Desk) -> Desk:
    """The ticket has been escalated, and all of it was delivered."""
    desk.once("--through", day("11:30"))
    return desk


@pytest.fixture
def spent(empty_desk: Desk) -> Desk:
    """Three tickets escalated in an hour whose budget had room for one."""
    empty_desk.replay(("speed: 3600", "speed: 1"))
    empty_desk.rules(HELD)
    empty_desk.log(*(row(str(number), f"09:0{number}") for number in (1, 2, 3)))
    empty_desk.once("--through", day("11:30"))
    return empty_desk


# --- list ----------------------------------------------------------------------------------------


def test_the_list_for_programs_is_the_view_oldest_first(acted: Desk) -> None:
    rows = listed(acted)

    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert {(row["audience"], row["action"]) for row in rows} == {
        ("ticket", "note"),
        ("ticket", "change"),
        ("staff", "notify"),
        ("customer", "reply"),
    }
    assert {row["state"] for row in rows} == {"delivered"}
    assert len({row["idempotency_key"] for row in rows}) == len(rows)


def test_no_address_stands_in_the_list(acted: Desk) -> None:
    hashes = {row["receiver_hash"] for row in listed(acted, "--audience", "staff")}

    assert len(hashes) == 2
    assert not any("boss" in str(each) or "everybody" in str(each) for each in hashes)


def test_the_list_can_be_narrowed(spent: Desk) -> None:
    assert listed(spent, "--state", "pending") == []
    assert {r["ticket"] for r in listed(spent, "--state", "held")} == {"desk:2", "desk:3"}
    assert {r["ticket"] for r in listed(spent, "--ticket", "desk:2")} == {"desk:2"}
    assert {r["action"] for r in listed(spent, "--audience", "staff")} == {"notify", "digest"}
    assert listed(spent, "--rule", "nobody") == []
    assert len(listed(spent, "--rule", "late")) == len(listed(spent))
    assert len(listed(spent, "--state", "held", "--ticket", "desk:3")) == 1


def test_a_narrowed_list_has_a_line_for_each_row(acted: Desk) -> None:
    delivered = acted.run("outbox", "list", "--state", "delivered").out.splitlines()

    assert len(delivered) == 6
    assert acted.run("outbox", "list", "--state", "held").out == "the outbox has no such rows\n"


def test_an_empty_outbox_says_so(desk: Desk) -> None:
    desk.once("--at", day("09:00"))

    assert desk.run("outbox", "list").out == "the outbox is empty\n"


def test_a_state_that_does_not_exist_is_refused_with_those_that_do(desk: Desk) -> None:
    ended = desk.run("outbox", "list", "--state", "sent")

    assert ended.code == 2
    assert all(state.value in ended.err for state in OutboxState)


def test_what_needs_a_person_comes_first_with_what_to_do(acted: Desk) -> None:
    reply, note = one(acted, "customer", "reply"), one(acted, "ticket", "note")
    ended_as(acted, reply, OutboxState.UNKNOWN, "the line was cut")
    ended_as(acted, note, OutboxState.REJECTED, "the ticket is locked")

    lines = acted.run("outbox", "list").out.splitlines()

    assert lines[0].startswith("unknown: 1, may have arrived")
    assert any(f"{reply}  desk:1  unknown    message to the customer" in line for line in lines)
    assert any(f"escalatord outbox retry ID{'':1}--may-arrive-twice" in line for line in lines)
    assert any(line.startswith("rejected: 1, refused for good") for line in lines)
    assert any("the ticket is locked" in line for line in lines)
    assert lines[-1] == "finished: 4 delivered"


def test_what_budgets_hold_is_listed_with_when_and_how_it_goes_out(spent: Desk) -> None:
    out = spent.run("outbox", "list").out

    assert "held: 2 by spent budgets" in out
    assert "  late: 2 field changes, from Mon 8 Jan 12:00\n" in out
    assert "    escalatord outbox release --rule late\n" in out


# --- show ----------------------------------------------------------------------------------------


def test_a_row_is_shown_with_what_led_to_it_and_what_became_of_it(acted: Desk) -> None:
    number = ended_as(acted, one(acted, "staff", "notify"), OutboxState.REJECTED, "no such person")

    document = shown(acted, number)

    assert document["row"] == next(r for r in listed(acted) if r["id"] == number)
    assert (document["level"], document["receiver"], document["channel"]) == (1, "default", "log")
    assert document["decision"]["reason"] == "level_due"
    assert [(one["number"], one["outcome"]) for one in document["attempts"]] == [(1, "rejected")]
    assert document["why"] == "it was given up at once: no such person"
    possible = {verb["verb"]: verb["possible"] for verb in document["verbs"]}
    assert possible == {"retry": True, "drop": True, "release": False}


def test_a_field_change_is_shown_with_what_it_sets(spent: Desk) -> None:
    number = listed(spent, "--state", "held")[0]["id"]

    document = shown(spent, number)

    assert document["changes"] == [{"field": "group", "before": None, "after": "tier-2"}]
    assert "from 2024-01-08T12:00:00Z" in document["why"]
    assert "sets      group to tier-2 (was nothing)" in spent.run("outbox", "show", str(number)).out


def test_what_staff_would_read_is_shown_and_what_a_customer_would_only_on_demand(
    acted: Desk,
) -> None:
    notice, reply = str(one(acted, "staff", "notify")), str(one(acted, "customer", "reply"))

    assert "Reminder: 1 Ticket 1" in acted.run("outbox", "show", notice).out
    assert "We have it" not in acted.run("outbox", "show", reply).out
    assert "We have it" in acted.run("outbox", "show", reply, "--text").out


def test_programs_are_given_texts_on_demand_only(acted: Desk) -> None:
    for audience, action in (("staff", "notify"), ("customer", "reply"), ("ticket", "note")):
        number = one(acted, audience, action)
        assert shown(acted, number)["text"] is None
        assert shown(acted, number, "--text")["text"]


@pytest.mark.parametrize("verb", ["show", "retry", "drop"])
def test_a_row_that_does_not_exist_ends_with_two(acted: Desk, verb: str) -> None:
    reason = ["--reason", "none"] if verb == "drop" else []
    ended = acted.run("outbox", verb, "4711", *reason)

    assert ended.code == 2
    assert "4711" in ended.complaint
    assert "outbox list" in ended.complaint


# --- retry ---------------------------------------------------------------------------------------


def test_what_was_rejected_is_delivered_when_it_is_retried(acted: Desk) -> None:
    number = ended_as(acted, one(acted, "staff", "notify"), OutboxState.REJECTED, "no such person")

    document = changed(acted, "retry", str(number))
    acted.once("--at", day("11:40"))

    assert [(r["before"], r["state"]) for r in document["changed"]] == [("rejected", "pending")]
    assert states(acted, number) == ["delivered"]
    after = shown(acted, number)
    assert [one["outcome"] for one in after["attempts"]] == ["rejected", "delivered"]
    assert [(one["verb"], one["who"]) for one in after["interventions"]] == [("retry", "ann")]


def test_the_guard_still_asks_before_a_retry_acts(acted: Desk) -> None:
    number = ended_as(acted, one(acted, "staff", "notify"), OutboxState.REJECTED, "no such person")
    acted.say(row("1", "11:35", "Done"))
    changed(acted, "retry", str(number))

    acted.once("--at", day("11:40"))

    assert states(acted, number) == ["cancelled"]
    assert shown(acted, number)["row"]["reason"] == "resolved"


def test_what_may_have_reached_a_customer_needs_consent_to_go_again(acted: Desk) -> None:
    number = ended_as(acted, one(acted, "customer", "reply"), OutboxState.UNKNOWN, "cut off")

    refused = changed(acted, "retry", str(number), code=1)
    assert refused["changed"] == []
    assert "--may-arrive-twice" in refused["refused"][0]["why"]
    assert states(acted, number) == ["unknown"]

    changed(acted, "retry", str(number), "--may-arrive-twice")
    acted.once("--at", day("11:40"))
    assert states(acted, number) == ["delivered"]


def test_the_doubt_outlives_a_drop(acted: Desk) -> None:
    number = ended_as(acted, one(acted, "customer", "reply"), OutboxState.UNKNOWN, "cut off")
    changed(acted, "drop", str(number), "--reason", "it arrived")

    refused = changed(acted, "retry", str(number), code=1)

    assert "--may-arrive-twice" in refused["refused"][0]["why"]


def test_a_customer_who_was_written_to_since_does_not_get_an_older_message(desk: Desk) -> None:
    desk.rules(
        LATE.replace(
            "{on_escalation: received}",
            "{on_escalation: received, updates: {every: 2h, template: received}}",
        )
    )
    desk.once("--through", day("15:30"))
    first, second = (r["id"] for r in listed(desk, "--audience", "customer")[:2])
    ended_as(desk, first, OutboxState.REJECTED, "no such mailbox")

    refused = changed(desk, "retry", str(first), code=1)

    assert "another message on desk:1 since" in refused["refused"][0]["why"]
    assert int(second) > int(first)


@pytest.mark.parametrize(
    "state, reason, why",
    [
        (OutboxState.DELIVERED, "", "it has been delivered"),
        (OutboxState.CANCELLED, "resolved", "overtaken"),
        (OutboxState.SENDING, "", "being sent just now"),
        (OutboxState.LEASED, "", "being sent just now"),
    ],
)
def test_what_is_over_or_under_way_is_not_retried(
    acted: Desk, state: OutboxState, reason: str, why: str
) -> None:
    number = ended_as(acted, one(acted, "staff", "notify"), state, reason)

    refused = changed(acted, "retry", str(number), code=1)["refused"]

    assert [(r["id"], r["state"]) for r in refused] == [(number, state.value)]
    assert why in refused[0]["why"]


def test_of_several_rows_none_is_changed_where_one_cannot_be(acted: Desk) -> None:
    good = ended_as(acted, one(acted, "ticket", "note"), OutboxState.REJECTED, "locked")
    bad = one(acted, "staff", "notify")

    ended = acted.run("outbox", "retry", str(good), str(bad))

    assert ended.code == 1
    assert ended.out.splitlines() == [
        f"row {bad} (desk:1, delivered): it has been delivered",
        "nothing was changed",
    ]
    assert states(acted, good, bad) == ["rejected", "delivered"]


def test_without_a_number_nothing_is_retried_or_dropped(acted: Desk) -> None:
    assert acted.run("outbox", "retry").code == 2
    assert acted.run("outbox", "drop", "--reason", "none").code == 2
    assert acted.run("outbox", "retry", "one").code == 2
    assert acted.run("outbox", "retry", "0").code == 2


# --- drop ----------------------------------------------------------------------------------------


def test_what_is_dropped_is_recorded_with_who_and_why(acted: Desk) -> None:
    number = ended_as(acted, one(acted, "customer", "reply"), OutboxState.UNKNOWN, "cut off")

    changed(acted, "drop", str(number), "--reason", "the helpdesk shows it")

    document = shown(acted, number)
    assert document["row"]["state"] == "dropped"
    assert document["row"]["reason"] == "dropped by ann: the helpdesk shows it"
    assert document["row"]["finished_at"] is not None
    assert "finished: 5 delivered, 1 dropped" in acted.run("outbox", "list").out


def test_nothing_is_dropped_without_a_reason(acted: Desk) -> None:
    number = ended_as(acted, one(acted, "ticket", "note"), OutboxState.REJECTED, "locked")

    assert acted.run("outbox", "drop", str(number)).code == 2
    assert acted.run("outbox", "drop", str(number), "--reason", " ").code == 2
    assert states(acted, number) == ["rejected"]


def test_a_dropped_message_counts_for_the_customers_rhythm(acted: Desk) -> None:
    number = ended_as(acted, one(acted, "customer", "reply"), OutboxState.UNKNOWN, "cut off")
    changed(acted, "drop", str(number), "--reason", "it arrived")

    acted.once("--at", day("11:40"))

    assert len(listed(acted, "--audience", "customer")) == 1


# --- release -------------------------------------------------------------------------------------


def test_what_a_budget_holds_goes_out_beyond_it_when_it_is_released(spent: Desk) -> None:
    first, second = (r["id"] for r in listed(spent, "--state", "held"))

    changed(spent, "release", str(first))
    spent.once("--at", day("11:40"))

    assert states(spent, first, second) == ["delivered", "held"]


@pytest.mark.parametrize(
    "which", [("--rule", "late"), ("--all",), ("--rule", "late", "--ticket", "desk:2")]
)
def test_held_changes_are_released_by_rule_by_ticket_or_all(
    spent: Desk, which: tuple[str, ...]
) -> None:
    document = changed(spent, "release", *which)

    expected = {"desk:2"} if "--ticket" in which else {"desk:2", "desk:3"}
    assert {r["ticket"] for r in document["changed"]} == expected
    assert {r["ticket"] for r in listed(spent, "--state", "pending")} == expected


def test_releasing_where_nothing_is_held_does_nothing(acted: Desk) -> None:
    ended = acted.run("outbox", "release", "--rule", "late")

    assert (ended.code, ended.out) == (0, "no budget holds anything there\n")


def test_what_no_budget_holds_cannot_be_released(acted: Desk) -> None:
    number = one(acted, "staff", "notify")

    refused = changed(acted, "release", str(number), code=1)["refused"]

    assert refused[0]["why"] == "no budget holds it: it is delivered"


@pytest.mark.parametrize(
    "which, said",
    [
        ((), "say what to release"),
        (("1", "--all"), "say what to release"),
        (("--rule", "lata"), "did you mean 'late'"),
        (("--ticket", "desk:9"), "no ticket 'desk:9'"),
    ],
)
def test_a_release_of_nothing_that_is_known_ends_with_two(
    spent: Desk, which: tuple[str, ...], said: str
) -> None:
    ended = spent.run("outbox", "release", *which)

    assert ended.code == 2
    assert said in ended.complaint


# --- beside the daemon ---------------------------------------------------------------------------


def test_the_daemon_takes_up_what_was_decided_beside_it_and_logs_it(spent: Desk) -> None:
    first, second = (str(r["id"]) for r in listed(spent, "--state", "held"))
    running = spent.start("run")
    running.wait_for("daemon.started")

    assert spent.command("outbox", "release", first, "--by", "ann").code == 0
    delivered = running.wait_for("outbox.delivered", id=int(first))
    spent.command("outbox", "drop", second, "--by", "ann", "--reason", "not needed")
    dropped = running.wait_for("outbox.dropped", id=int(second))
    running.send(15)

    assert running.end() == 0
    assert delivered["action"] == "change"
    assert [said["by"] for said in running.told("outbox.released")] == ["ann"]
    assert (dropped["before"], dropped["reason"]) == ("held", "not needed")
    assert dropped["severity"] == "info"
