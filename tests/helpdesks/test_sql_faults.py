"""Databases that refuse, are away, or hold what nobody understands: one clear line each."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from engine.errors import HelpdeskError
from engine.helpdesks import open_helpdesk
from engine.helpdesks.sql.desk import SqlHelpdesk
from tests.helpdesks.sqldesk import COLUMNS, MESSAGES, NOW, TICKETS, SqlDesk, compared
from tests.helpdesks.worlds import options_of


def fault_of(desk: SqlDesk) -> str:
    with pytest.raises(HelpdeskError) as raised:
        desk.tell()
    message = str(raised.value)
    assert message.startswith("helpdesk 'desk': ")
    assert "\n" not in message
    return message


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, compared().replace("status: status", "status: statu"))

    assert "tickets.query has no column 'statu' (did you mean 'status'?); it has: id," in fault_of(
        desk
    )


def test_names_of_columns_are_found_whatever_their_case(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, compared().replace("id: id", "id: ID"))
    desk.ticket(1)

    assert desk.told() == ["1"]


def test_a_column_that_was_removed_meanwhile_is_named(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, f"{{query: SELECT * FROM ticket, {COLUMNS}}}")
    desk.ticket(1)
    desk.told()
    desk.run("ALTER TABLE ticket RENAME COLUMN title TO caption")

    assert "subject" not in fault_of(desk)
    assert "has no column 'title'" in fault_of(desk)
    desk.run("ALTER TABLE ticket RENAME COLUMN caption TO title")
    assert desk.told() == []


def test_two_columns_of_one_name_are_told_apart_by_as(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "SELECT 1 AS id, now() AS opened, 'open' AS status, 'a' AS title, 2 AS id"
    monkeypatch.setenv("TWICE_URL", postgres_url)
    text = f"{{kind: sql, url_env: TWICE_URL, tickets: {compared(query)}}}"
    desk = open_helpdesk("desk", options_of(tmp_path, text))
    assert isinstance(desk, SqlHelpdesk)

    with pytest.raises(HelpdeskError, match="two columns 'id'; name them apart with AS"):
        desk.changes(None, NOW)
    desk.close()


def test_what_the_database_says_of_a_query_is_handed_on(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, compared("SELECT * FROM tickets"))

    assert fault_of(desk) == "helpdesk 'desk': tickets.query: no such table: tickets"


def test_a_file_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.path.unlink()

    assert f"there is no file {desk.path}" in fault_of(desk)
    assert not desk.path.exists()


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.path.write_text("no database at all, and longer than a header would be" * 9)

    assert "file is not a database" in fault_of(desk)


def test_a_query_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id, x AS"
        " opened, x AS status, x AS title FROM n ORDER BY x DESC"
    )
    desk = SqlDesk(tmp_path, compared(endless), ", timeout: 1s")

    assert "tickets.query takes longer than 1s" in fault_of(desk)


def test_a_server_that_is_away_is_named_without_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWAY_URL", "postgresql://reader7:secret@127.0.0.1:9/desk")
    text = f"{{kind: sql, url_env: AWAY_URL, tickets: {compared()}}}"
    desk = open_helpdesk("desk", options_of(tmp_path, text))

    with pytest.raises(
        HelpdeskError, match=r"cannot reach postgresql 127\.0\.0\.1:9/desk"
    ) as raised:
        desk.changes(None, NOW)
    assert "secret" not in str(raised.value)
    assert "reader7" not in str(raised.value)


def test_a_driver_that_is_missing_is_named(tmp_path: Path) -> None:
    text = f"{{kind: sql, url: 'firebird://host/desk', tickets: {compared()}}}"
    desk = open_helpdesk("desk", options_of(tmp_path, text))

    with pytest.raises(HelpdeskError, match="firebird"):
        desk.changes(None, NOW)


def test_a_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    text = f"{{kind: sql, url_file: nowhere, tickets: {compared()}}}"
    desk = open_helpdesk("desk", options_of(tmp_path, text))

    with pytest.raises(HelpdeskError, match=r"helpdesks\.desk\.url: cannot read the secret"):
        desk.changes(None, NOW)


# --- rows ----------------------------------------------------------------------------------------


def test_a_value_without_a_meaning_is_named_with_its_query_column_and_row(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.ticket(1)
    desk.ticket(2, "half open")
    batch = desk.tell()

    (told,), (fault,) = batch.observations, batch.rejected
    assert told.ticket.id == "desk:1"
    assert (fault.file, fault.line, fault.code) == ("desk tickets.query", 0, "unknown-status")
    assert fault.message.startswith("ticket 2: column 'status': 'half open' has no meaning")


def test_a_message_without_a_meaning_is_named_with_its_ticket(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, more=f", {MESSAGES}")
    desk.ticket(1)
    desk.run("INSERT INTO message VALUES (7, 1, '2026-01-12 09:00', 'visitor', '?')")

    ((code, message),) = desk.faults()
    assert code == "unknown-author"
    assert message.startswith("row 7 of ticket 1: column 'who': 'visitor' has no meaning")


def test_a_join_that_multiplies_rows_is_told_of(tmp_path: Path) -> None:
    query = "SELECT t.* FROM ticket t JOIN message m ON m.ticket = t.id"
    desk = SqlDesk(tmp_path, compared(query))
    desk.ticket(1)
    desk.run("INSERT INTO message (ticket) VALUES (1), (1)")
    batch = desk.tell()

    assert [each.ticket.id for each in batch.observations] == ["desk:1"]
    assert [each.code for each in batch.rejected] == ["doubled-ticket"]


def test_bytes_that_no_text_has_cost_nothing(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.ticket(1)
    desk.run("UPDATE ticket SET title = CAST(x'50ff51' AS TEXT)")
    (told,) = desk.tell().observations

    assert told.ticket.subject == "P\N{REPLACEMENT CHARACTER}Q"


# --- nothing is written --------------------------------------------------------------------------


def test_an_sqlite_file_is_opened_for_reading_only(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.ticket(1)
    before = desk.path.read_bytes()
    desk.path.chmod(0o444)
    desk.told()

    assert desk.path.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "desk.db"]


def test_a_writer_is_never_kept_waiting(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path)
    desk.ticket(1)
    batch = desk.helpdesk.changes(None, NOW)

    assert batch.observations
    with closing(sqlite3.connect(desk.path, timeout=0)) as connection, connection:
        connection.execute("DELETE FROM ticket")


def test_a_function_that_writes_is_refused_by_postgresql(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRITING_URL", postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (id int)")
        connection.execute(
            "CREATE FUNCTION sly() RETURNS text LANGUAGE sql AS"
            " $$ INSERT INTO t VALUES (1) RETURNING 'open' $$"
        )
    query = "SELECT 1 AS id, now() AS opened, sly() AS status, 'a' AS title"
    text = f"{{kind: sql, url_env: WRITING_URL, tickets: {compared(query)}}}"
    desk = open_helpdesk("desk", options_of(tmp_path, text))
    assert isinstance(desk, SqlHelpdesk)

    with pytest.raises(HelpdeskError, match="read-only transaction"):
        desk.changes(None, NOW)
    desk.close()


def test_a_query_without_a_mistake_is_asked_as_it_stands(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, compared(f"{TICKETS} -- a comment at the end"))
    desk.ticket(1)

    assert desk.told() == ["1"]
