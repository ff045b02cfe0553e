"""Tables that change while they are read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine.domain.ticket import Status
from engine.errors import HelpdeskError
from engine.helpdesks.sql import desk as sql_desk
from engine.helpdesks.sql import table
from engine.ports import Presence
from tests.helpdesks.desks import utc
from tests.helpdesks.sqldesk import COLUMNS, MESSAGES, NOW, TICKETS, SqlDesk, compared

MINUTE = timedelta(minutes=1)
FOLLOWED = SqlDesk.tickets
BOTH = pytest.mark.parametrize("tickets", [FOLLOWED, compared()], ids=["followed", "compared"])
OPEN_ONLY = f"{TICKETS} WHERE status = 'open'"
FIND_ANY = f", ticket: {{query: {TICKETS + ' WHERE id = :id'!r}}}"


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "PAGE", 3)
    monkeypatch.setattr(sql_desk, "_MOST_AT_ONCE", 3)


@BOTH
@pytest.mark.usefixtures("small_pages")
def test_rows_that_share_a_stamp_are_all_told(tmp_path: Path, tickets: str) -> None:
    desk = SqlDesk(tmp_path, tickets)
    for number in range(1, 11):
        desk.ticket(number)

    assert sorted(map(int, desk.told())) == list(range(1, 11))
    assert desk.told() == []


@BOTH
@pytest.mark.usefixtures("small_pages")
def test_a_ticket_that_changes_between_pages_is_not_lost(tmp_path: Path, tickets: str) -> None:
    desk = SqlDesk(tmp_path, tickets)
    for number in range(1, 11):
        desk.ticket(number, changed=f"10:{number:02}")
    seen: dict[str, Status] = {}
    batch = desk.helpdesk.changes(None, NOW)
    changes = iter(range(1, 11))
    while True:
        seen.update({each.ticket.id: each.ticket.status for each in batch.observations})
        if batch.is_complete:
            break
        number = next(changes)  # it moves from a page that is read to the end of the order
        desk.ticket(number, "resolved", changed=f"11:{number:02}")
        batch = desk.helpdesk.changes(batch.watermark, NOW)
    again = desk.helpdesk.changes(batch.watermark, NOW + MINUTE)
    seen.update({each.ticket.id: each.ticket.status for each in again.observations})

    assert seen.keys() == {f"desk:{number}" for number in range(1, 11)}
    assert [seen[f"desk:{number}"] for number in (1, 2)] == [Status.RESOLVED] * 2


@pytest.mark.usefixtures("small_pages")
def test_a_process_that_dies_between_pages_loses_nothing(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    for number in range(1, 8):
        desk.ticket(number, changed=f"10:{number:02}")
    first = desk.helpdesk.changes(None, NOW)
    desk.watermark = first.watermark
    desk.restart()
    names = {each.ticket.id.removeprefix("desk:") for each in first.observations}

    assert names | set(desk.told()) == {str(number) for number in range(1, 8)}


def test_a_row_that_comes_up_late_is_told(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.ticket(1, changed="11:59:30")
    desk.told()
    desk.ticket(2, changed="11:59:00")  # stamped when its transaction began

    assert desk.told() == ["2"]


def test_a_change_that_leaves_the_stamp_alone_is_found_by_looking_again(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.ticket(1)
    desk.told()
    desk.run("UPDATE ticket SET status = 'pending_customer'")

    assert desk.told(NOW + MINUTE) == []
    (seen,) = desk.tell(NOW + 5 * MINUTE).observations
    assert seen.ticket.status is Status.PENDING_CUSTOMER
    assert seen.at == NOW + 5 * MINUTE


def test_a_ticket_that_falls_out_of_the_query_is_asked_for(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, compared(OPEN_ONLY), FIND_ANY)
    desk.ticket(1)
    desk.ticket(2)
    desk.told()
    desk.ticket(1, "resolved")
    (seen,) = desk.tell().observations

    assert (seen.ticket.id, seen.ticket.status) == ("desk:1", Status.RESOLVED)
    assert desk.told() == []


def test_nothing_is_concluded_from_a_ticket_that_is_not_found(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, compared(OPEN_ONLY))
    desk.ticket(1)
    desk.ticket(2)
    desk.told()
    desk.ticket(1, "resolved")
    batch = desk.tell()

    assert batch.observations == ()
    ((code, message),) = [(each.code, each.message) for each in batch.rejected]
    assert code == "vanished"
    assert "ticket: {query:" in message
    assert desk.helpdesk.read("desk:1", NOW).presence is Presence.UNREADABLE
    assert desk.faults() == []


def test_a_ticket_that_was_deleted_is_gone(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, compared(), FIND_ANY)
    desk.ticket(1)
    desk.ticket(2)
    desk.told()
    desk.run("DELETE FROM ticket WHERE id = 1")

    assert [code for code, _ in desk.faults()] == ["vanished"]
    assert desk.helpdesk.read("desk:1", NOW).presence is Presence.GONE


@pytest.mark.parametrize("more", ["", FIND_ANY], ids=["alone", "with a query for one"])
@BOTH
def test_a_sudden_nothing_is_an_alarm_and_closes_nothing(
    tmp_path: Path, tickets: str, more: str
) -> None:
    desk = SqlDesk(tmp_path, tickets, more)
    for number in range(1, 7):
        desk.ticket(number)
    desk.told()
    desk.run("ALTER TABLE ticket RENAME TO away; CREATE TABLE ticket AS SELECT * FROM away LIMIT 0")

    with pytest.raises(HelpdeskError, match="6 of 6 open tickets are gone at once"):
        desk.tell(NOW + 6 * MINUTE)
    assert desk.helpdesk.read("desk:1", NOW).presence is Presence.UNREADABLE

    desk.run("DROP TABLE ticket; ALTER TABLE away RENAME TO ticket")
    assert desk.told(NOW + 12 * MINUTE) == []


def test_a_query_of_its_own_that_suddenly_finds_little_is_not_believed(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, compared(), FIND_ANY)
    for number in range(1, 7):
        desk.ticket(number)
    desk.told()
    desk.run("DELETE FROM ticket WHERE id <= 5")

    with pytest.raises(HelpdeskError, match="5 of 6 open tickets"):
        desk.tell()


def test_a_new_message_is_told_though_the_ticket_did_not_change(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, more=f", {MESSAGES}")
    desk.ticket(1)
    desk.told()
    desk.run("INSERT INTO message VALUES (1, 1, '2026-01-12 11:30', 'customer', 'Hello?')")
    (seen,) = desk.tell().observations

    assert [each.text for each in seen.messages] == ["Hello?"]
    assert desk.told() == []
    desk.restart()
    assert desk.told() == []


@pytest.mark.usefixtures("small_pages")
def test_a_message_during_a_first_reading_that_is_broken_off_is_not_lost(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, more=f", {MESSAGES}")
    for number in range(1, 8):
        desk.ticket(number, changed=f"10:{number:02}")
    desk.watermark = desk.helpdesk.changes(None, NOW).watermark  # tells of the first of them
    desk.run("INSERT INTO message VALUES (1, 1, '2026-01-12 11:30', 'customer', 'Hello?')")
    desk.restart()

    told = {each.ticket.id: each for each in desk.tell(NOW + MINUTE).observations}
    assert [each.text for each in told["desk:1"].messages] == ["Hello?"]


def test_ids_may_be_numbers_here_and_texts_there(tmp_path: Path) -> None:
    query = "SELECT id, substr('ticket-' || ticket, 8) AS ticket, at, who, body FROM message"
    desk = SqlDesk(tmp_path, more=f", {MESSAGES.replace('SELECT * FROM message', repr(query))}")
    desk.more = desk.more.replace(repr(query), f'"{query}"')
    desk.ticket(1)
    desk.run("INSERT INTO message VALUES (1, 1, '2026-01-12 09:00', 'customer', 'Hello?')")
    (first,) = desk.tell().observations
    desk.run("INSERT INTO message VALUES (2, 1, '2026-01-12 11:30', 'agent', 'Yes')")
    (second,) = desk.tell().observations

    assert [each.text for each in first.messages] == ["Hello?"]
    assert [each.text for each in second.messages] == ["Hello?", "Yes"]


def test_since_stands_for_the_stamp_that_was_reached(tmp_path: Path) -> None:
    query = f"{TICKETS} WHERE changed >= :since"
    desk = SqlDesk(tmp_path, f"{{query: {query!r}, updated: changed, {COLUMNS}}}")
    desk.ticket(1)
    desk.ticket(2, changed="10:30")
    assert desk.told() == ["1", "2"]
    desk.ticket(1, "resolved", changed="11:00")

    assert desk.told() == ["1"]
    assert desk.helpdesk.read("desk:2", NOW).presence is Presence.PRESENT


def test_stamps_of_whole_numbers_are_followed(tmp_path: Path) -> None:
    query = "SELECT id, opened, status, title, strftime('%s', changed) + 0 AS epoch FROM ticket"
    text = f"{{query: {query!r} , updated: epoch, {COLUMNS}}}".replace("''", "'")
    desk = SqlDesk(tmp_path, text.replace(repr(query), f'"{query}"'))
    desk.ticket(1)
    (first,) = desk.tell().observations
    desk.ticket(1, "resolved", changed="11:00")
    (second,) = desk.tell().observations

    assert (first.at, second.at) == (utc("2026-01-12 10:00"), utc("2026-01-12 11:00"))


def test_stamps_that_do_not_sort_by_time_are_refused(tmp_path: Path) -> None:
    query = "SELECT id, opened, status, title, changed FROM ticket"
    columns = COLUMNS.replace("{id", "{at: {column: changed, format: '%d.%m.%Y'}, id")
    stamp = "{column: changed, format: '%d.%m.%Y'}"
    desk = SqlDesk(tmp_path, f"{{query: {query!r}, updated: {stamp}, {columns}}}")
    for number, day in enumerate(("01.12.2025", "02.11.2025", "03.10.2025"), start=1):
        desk.run(f"INSERT INTO ticket VALUES ({number}, '2025-01-01', '{day}', 'open', '')")

    with pytest.raises(HelpdeskError, match="column 'changed' does not sort in order of time"):
        desk.tell()


def test_rows_of_a_time_to_come_wait_and_are_told_of(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.run("INSERT INTO ticket VALUES (1, '2090-01-12', '2090-01-12', 'open', '')")
    ((code, message),) = desk.faults()

    assert code == "future-date"
    assert "timezone" in message
    assert desk.told(utc("2090-01-12")) == ["1"]


def test_a_past_that_is_lived_through_is_not_puzzling(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.ticket(1, changed="13:00")

    assert desk.faults() == []
    assert desk.told(NOW + timedelta(hours=1)) == ["1"]


def test_a_changed_mapping_tells_everything_anew(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.ticket(1)
    desk.told()
    desk.tickets = desk.tickets.replace("status: status", "status: {value: resolved}")
    desk.restart()
    (seen,) = desk.tell().observations

    assert seen.ticket.status is Status.RESOLVED
