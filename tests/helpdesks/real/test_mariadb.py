"""Tickets in a real MariaDB: its types, its zones, its rights, its connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.domain.ticket import Actor, Status
from engine.errors import HelpdeskError
from engine.helpdesks import open_helpdesk
from engine.helpdesks.sql.desk import SqlHelpdesk
from engine.ports import Presence
from tests.helpdesks.desks import utc
from tests.helpdesks.real.mariadb import MariaDb
from tests.helpdesks.worlds import options_of

pytestmark = pytest.mark.system("MariaDB")

NOW = utc("2026-01-12 12:00")
COLUMNS = "columns: {id: id, opened: opened, status: status, subject: subject}"
FOLLOWED = f"{{query: SELECT * FROM desk.ticket, updated: changed, {COLUMNS}}}"

Connect = Callable[[str], SqlHelpdesk]


@pytest.fixture
def connect(tmp_path: Path, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    monkeypatch.setenv("DESK_URL", mariadb.url)
    desks: list[SqlHelpdesk] = []

    def opened(rest: str) -> SqlHelpdesk:
        text = f"{{kind: sql, url_env: DESK_URL, timezone: Europe/Berlin, tickets: {rest}}}"
        desk = open_helpdesk("desk", options_of(tmp_path, text))
        assert isinstance(desk, SqlHelpdesk)
        desks.append(desk)
        return desk

    yield opened
    for desk in desks:
        desk.close()


def table(server: MariaDb, key: str, stamp: str) -> None:
    server.run(
        "DROP TABLE IF EXISTS desk.ticket",
        f"CREATE TABLE desk.ticket (id {key} PRIMARY KEY, opened DATETIME, changed {stamp} NULL,"
        " status VARCHAR(20), subject TEXT)",
    )


def row(server: MariaDb, key: str, changed: str, status: str = "open") -> None:
    server.run(
        f"REPLACE INTO desk.ticket VALUES ('{key}', '2026-01-12 09:00', '{changed}', '{status}',"
        " 'Žaluzie 漏水 🔥')"
    )


@pytest.mark.parametrize(
    "stamp, first, second",
    [
        ("DATETIME", "2026-01-12 11:00:00", "2026-01-12 12:00:00"),
        ("DATETIME(6)", "2026-01-12 11:00:00.250000", "2026-01-12 12:00:00"),
        ("TIMESTAMP", "2026-01-12 11:00:00", "2026-01-12 12:00:00"),
        ("BIGINT", "1768212000", "1768215600"),
        ("VARCHAR(30)", "2026-01-12 11:00:00", "2026-01-12 12:00:00"),
    ],
)
@pytest.mark.parametrize("key, names", [("BIGINT", ("1", "2")), ("VARCHAR(20)", ("A-1", "A-2"))])
def test_keys_and_stamps_of_any_type_are_followed(
    mariadb: MariaDb, connect: Connect,
    key: str, names: tuple[str, str], stamp: str, first: str, second: str,
) -> None:  # fmt: skip
    one, two = names
    table(mariadb, key, stamp)
    row(mariadb, one, first)
    row(mariadb, two, first)
    desk = connect(FOLLOWED)
    batch = desk.changes(None, NOW)
    assert batch.rejected == ()
    assert {each.ticket.id for each in batch.observations} == {f"desk:{one}", f"desk:{two}"}
    assert {each.at for each in batch.observations} == {utc("2026-01-12 10:00")}
    assert {each.ticket.subject for each in batch.observations} == {"Žaluzie 漏水 🔥"}

    row(mariadb, one, second, "resolved")
    (told,) = desk.changes(batch.watermark, NOW).observations
    assert (told.ticket.id, told.at) == (f"desk:{one}", utc("2026-01-12 11:00"))
    assert told.ticket.status is Status.RESOLVED
    assert desk.read(f"desk:{two}", NOW).presence is Presence.PRESENT


def test_messages_are_told_with_who_wrote_them(mariadb: MariaDb, connect: Connect) -> None:
    table(mariadb, "BIGINT", "DATETIME")
    row(mariadb, "1", "2026-01-12 11:00:00")
    mariadb.run(
        "DROP TABLE IF EXISTS desk.reply",
        "CREATE TABLE desk.reply (id INT PRIMARY KEY, ticket INT, at DATETIME,"
        " poster ENUM('M','R'), internal TINYINT(1), body LONGTEXT)",
        "INSERT INTO desk.reply VALUES (1, 1, '2026-01-12 10:00', 'R', 1, 'Ask accounting'),"
        " (2, 1, '2026-01-12 10:30', 'M', 0, 'Still broken')",
    )
    said = (
        "{ticket: ticket, id: id, at: at, from: {column: poster, values: {M: customer, R: agent}},"
        ' public: {column: internal, values: {"1": false, "0": true}}, text: body}'
    )
    desk = connect(f"{FOLLOWED}, messages: {{query: SELECT * FROM desk.reply, columns: {said}}}")

    (told,) = desk.changes(None, NOW).observations
    assert [(m.actor, m.is_public, m.text) for m in told.messages or told.events or ()] == [
        (Actor.PERSON, False, "Ask accounting"),
        (Actor.CUSTOMER, True, "Still broken"),
    ]


def test_a_date_of_zeros_is_no_date(mariadb: MariaDb, connect: Connect) -> None:
    table(mariadb, "BIGINT", "DATETIME")
    mariadb.run("ALTER TABLE desk.ticket ADD due DATETIME")
    row_with_zeros = (
        "INSERT INTO desk.ticket VALUES (1, '2026-01-12 09:00', '2026-01-12 11:00:00', 'open', 'x',"
        " '0000-00-00 00:00:00')"
    )
    mariadb.run("SET sql_mode = ''", row_with_zeros)
    columns = COLUMNS.replace("subject: subject", "due: due")
    desk = connect(f"{{query: SELECT * FROM desk.ticket, updated: changed, {columns}}}")

    batch = desk.changes(None, NOW)
    assert batch.rejected == ()
    assert [each.ticket.due_at for each in batch.observations] == [None]


def test_sessions_are_read_only_whatever_the_user_may_do(
    mariadb: MariaDb, connect: Connect
) -> None:
    query = (
        "SELECT 1 AS id, '2026-01-12 09:00' AS opened, NULL AS subject,"
        " IF(@@session.tx_read_only, 'pending', 'open') AS status"
    )
    columns = COLUMNS.replace("status: status", "status: {column: status, values: {pending: new}}")
    mariadb.run("GRANT ALL ON desk.* TO reader@'127.0.0.1'")
    try:
        desk = connect(f'{{query: "{query}", {columns}}}')
        introduced = desk.introduce()
        (told,) = desk.changes(None, NOW).observations
    finally:
        mariadb.run(
            "REVOKE ALL ON desk.* FROM reader@'127.0.0.1'",
            "GRANT SELECT ON desk.* TO reader@'127.0.0.1'",
        )
    assert told.ticket.status is Status.NEW
    assert "MariaDB" in introduced.server
    assert introduced.account.startswith("reader")


def test_a_connection_that_is_cut_costs_one_reading_at_most(
    mariadb: MariaDb, connect: Connect
) -> None:
    table(mariadb, "BIGINT", "DATETIME")
    row(mariadb, "1", "2026-01-12 11:00:00")
    desk = connect(FOLLOWED)
    batch = desk.changes(None, NOW)
    mariadb.run("KILL USER reader")
    row(mariadb, "1", "2026-01-12 12:00:00", "resolved")

    assert len(desk.changes(batch.watermark, NOW).observations) == 1


def test_rights_that_are_taken_are_told_and_close_nothing(
    mariadb: MariaDb, connect: Connect
) -> None:
    table(mariadb, "BIGINT", "DATETIME")
    row(mariadb, "1", "2026-01-12 11:00:00")
    desk = connect(FOLLOWED)
    batch = desk.changes(None, NOW)
    mariadb.run("REVOKE SELECT ON desk.* FROM reader@'127.0.0.1'", "KILL USER reader")
    try:
        with pytest.raises(HelpdeskError, match="denied"):
            desk.changes(batch.watermark, NOW)
        assert desk.read("desk:1", NOW).presence is Presence.UNREADABLE
    finally:
        mariadb.run("GRANT SELECT ON desk.* TO reader@'127.0.0.1'", "KILL USER reader")
    assert desk.changes(batch.watermark, NOW + timedelta(minutes=10)).observations == ()


def test_a_query_that_takes_too_long_is_broken_off(connect: Connect) -> None:
    query = "SELECT 1 AS id, NOW() AS opened, SLEEP(60) AS status, NULL AS subject"
    desk = connect(f"{{query: '{query}', {COLUMNS}}}, timeout: 1s")

    with pytest.raises(HelpdeskError, match=r"tickets\.query takes longer than 1s"):
        desk.changes(None, NOW)
