"""What only a server does: types of its own, connections that are cut, rights that are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from engine.errors import HelpdeskError
from engine.helpdesks import open_helpdesk
from engine.helpdesks.sql.desk import SqlHelpdesk
from engine.ports import Presence
from tests.helpdesks.desks import utc
from tests.helpdesks.worlds import options_of

NOW = utc("2026-01-12 12:00")
ANN, BEN = "0b0e3b8e-0000-4000-8000-000000000001", "0b0e3b8e-0000-4000-8000-000000000002"
COLUMNS = "columns: {id: id, opened: opened, status: status, tags: tags}"

Connect = Callable[[str], SqlHelpdesk]


@pytest.fixture
def server(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def connect(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connect]:
    monkeypatch.setenv("DESK_URL", postgres_url)
    desks: list[SqlHelpdesk] = []

    def opened(tickets: str) -> SqlHelpdesk:
        text = f"{{kind: sql, url_env: DESK_URL, timezone: Europe/Berlin, tickets: {tickets}}}"
        desk = open_helpdesk("desk", options_of(tmp_path, text))
        assert isinstance(desk, SqlHelpdesk)
        desks.append(desk)
        return desk

    yield opened
    for desk in desks:
        desk.close()


def table(server: psycopg.Connection, key: str, stamp: str) -> None:
    server.execute(
        f"CREATE TABLE ticket (id {key} PRIMARY KEY, opened timestamptz, changed {stamp},"
        " status text, tags text[])".encode()
    )


def row(server: psycopg.Connection, key: str, changed: str, status: str = "open") -> None:
    server.execute(
        "INSERT INTO ticket VALUES (%s, '2026-01-12 08:00+00', %s, %s, '{vip,late}') ON CONFLICT"
        " (id) DO UPDATE SET changed = excluded.changed, status = excluded.status",
        [key, changed, status],
    )


FOLLOWED = f"{{query: SELECT * FROM ticket, updated: changed, {COLUMNS}}}"


@pytest.mark.parametrize(
    "stamp, first, second",
    [
        ("timestamptz", "2026-01-12 10:00+00", "2026-01-12 11:00+00"),
        ("timestamp", "2026-01-12 11:00:00.25", "2026-01-12 12:00"),
        ("bigint", "1768212000", "1768215600"),
        ("numeric", "1768212000.5", "1768215600"),
        ("text", "2026-01-12 11:00:00", "2026-01-12 12:00:00"),
    ],
)
@pytest.mark.parametrize(
    "key, names", [("uuid", (ANN, BEN)), ("bigint", ("1", "2")), ("text", ("A-1", "A-2"))]
)
def test_keys_and_stamps_of_any_type_are_followed(
    server: psycopg.Connection, connect: Connect,
    key: str, names: tuple[str, str], stamp: str, first: str, second: str,
) -> None:  # fmt: skip
    one, two = names
    table(server, key, stamp)
    row(server, one, first)
    row(server, two, first)
    desk = connect(FOLLOWED)
    batch = desk.changes(None, NOW)
    assert {each.ticket.id for each in batch.observations} == {f"desk:{one}", f"desk:{two}"}
    assert {each.at for each in batch.observations} == {utc("2026-01-12 10:00")}
    assert {each.ticket.tags for each in batch.observations} == {("late", "vip")}

    row(server, one, second, "resolved")
    (told,) = desk.changes(batch.watermark, NOW).observations
    assert (told.ticket.id, told.at) == (f"desk:{one}", utc("2026-01-12 11:00"))
    assert desk.read(f"desk:{two}", NOW).presence is Presence.PRESENT
    assert desk.read("desk:none such", NOW).presence is Presence.UNREADABLE


@pytest.mark.parametrize(
    "stamp, first", [("timestamptz", "2026-01-12 10:00+00"), ("bigint", "1768212000")]
)
def test_since_has_a_beginning_whatever_the_type_of_the_stamp(
    server: psycopg.Connection, connect: Connect, stamp: str, first: str
) -> None:
    table(server, "bigint", stamp)
    row(server, "1", first)
    query = "SELECT * FROM ticket WHERE changed >= :since"
    desk = connect(f"{{query: '{query}', updated: changed, {COLUMNS}}}")

    assert len(desk.changes(None, NOW).observations) == 1


def test_a_connection_that_is_cut_costs_one_reading_at_most(
    server: psycopg.Connection, connect: Connect
) -> None:
    table(server, "bigint", "timestamptz")
    row(server, "1", "2026-01-12 10:00+00")
    desk = connect(FOLLOWED)
    batch = desk.changes(None, NOW)
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'escalatord'"
    )
    row(server, "1", "2026-01-12 11:00+00", "resolved")

    assert len(desk.changes(batch.watermark, NOW).observations) == 1


def test_rights_that_are_taken_are_told_and_close_nothing(
    server: psycopg.Connection, connect: Connect, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(server, "bigint", "timestamptz")
    row(server, "1", "2026-01-12 10:00+00")
    server.execute("DROP ROLE IF EXISTS reader")
    server.execute("CREATE ROLE reader LOGIN")
    server.execute("GRANT SELECT ON ticket TO reader")
    monkeypatch.setenv("DESK_URL", postgres_url.replace("//escalatord@", "//reader@"))
    desk = connect(FOLLOWED)
    batch = desk.changes(None, NOW)
    assert len(batch.observations) == 1

    server.execute("REVOKE SELECT ON ticket FROM reader")
    with pytest.raises(HelpdeskError, match=r"tickets\.query: permission denied for table ticket"):
        desk.changes(batch.watermark, NOW)
    assert desk.read("desk:1", NOW).presence is Presence.UNREADABLE

    server.execute("GRANT SELECT ON ticket TO reader")
    assert desk.changes(batch.watermark, NOW + timedelta(minutes=10)).observations == ()
    desk.close()
    server.execute("DROP OWNED BY reader; DROP ROLE reader")


def test_a_query_that_takes_too_long_is_broken_off(connect: Connect) -> None:
    query = "SELECT 1 AS id, now() AS opened, pg_sleep(60)::text AS status, NULL AS tags"
    desk = connect(f"{{query: '{query}', {COLUMNS}}}, timeout: 1s")

    with pytest.raises(HelpdeskError, match=r"tickets\.query takes longer than 1s"):
        desk.changes(None, NOW)
