"""Real helpdesks' shapes of tables, connected by configuration alone."""

from __future__ import annotations

import sqlite3
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from engine.domain.ticket import Actor, Event, Priority, Status, Ticket
from engine.helpdesks import open_helpdesk
from engine.helpdesks.sql.desk import SqlHelpdesk
from engine.ports import Helpdesk, Observation
from engine.settings import load_settings
from tests.helpdesks.desks import FAR, utc

SCHEMAS = Path(__file__).parent / "schemas"
Run = Callable[[str], None]
Connect = Callable[[str], Helpdesk]


@pytest.fixture
def connected(tmp_path: Path) -> Iterator[Connect]:
    """Opens the helpdesk that a configuration of `schemas` describes."""
    with ExitStack() as stack:

        def connect(schema: str) -> Helpdesk:
            text = (SCHEMAS / f"{schema}.yaml").read_text(encoding="utf-8")
            entry = textwrap.indent(text, "    ")
            config = tmp_path / "config.yaml"
            config.write_text(f"helpdesks:\n  desk:\n{entry}", encoding="utf-8")
            desk = open_helpdesk("desk", load_settings(config).helpdesks["desk"])
            assert isinstance(desk, SqlHelpdesk)
            stack.callback(desk.close)
            return desk

        yield connect


def told(desk: Helpdesk) -> dict[str, Observation]:
    """What there is, by the tickets' numbers."""
    batch = desk.changes(None, FAR)
    assert batch.rejected == ()
    return {each.ticket.id.removeprefix("desk:"): each for each in batch.observations}


def ticket(desk: Helpdesk, number: str) -> Ticket:
    return told(desk)[number].ticket


def said(events: tuple[Event, ...]) -> list[tuple[Actor, bool, str]]:
    return [(each.actor, each.is_public, each.text) for each in events if each.field is None]


@pytest.fixture
def sqlite(tmp_path: Path) -> Run:
    def run(script: str) -> None:
        with closing(sqlite3.connect(tmp_path / "helpdesk.sqlite3")) as connection:
            connection.executescript(script)

    return run


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A database whose URL is kept as a secret; what it is given is run."""
    if request.param == "sqlite":
        monkeypatch.setenv("DESK_URL", "sqlite:///helpdesk.sqlite3")
        yield request.getfixturevalue("sqlite")
        return
    url: str = request.getfixturevalue("postgres_url")
    monkeypatch.setenv("DESK_URL", url)
    with psycopg.connect(url, autocommit=True) as connection:

        def run(script: str) -> None:
            for statement in script.split(";"):
                connection.execute(statement.encode())

        yield run


DJANGO = """
CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150));
CREATE TABLE helpdesk_queue (id integer PRIMARY KEY, slug varchar(50));
CREATE TABLE helpdesk_ticket (id integer PRIMARY KEY, title varchar(200), status integer,
  priority integer, created datetime, modified datetime, due_date datetime NULL, on_hold bool,
  submitter_email varchar(254), queue_id integer, assigned_to_id integer NULL);
CREATE TABLE helpdesk_followup (id integer PRIMARY KEY, ticket_id integer, date datetime,
  comment text, public bool, user_id integer NULL);
INSERT INTO auth_user VALUES (7, 'bob');
INSERT INTO helpdesk_queue VALUES (1, 'support');
INSERT INTO helpdesk_ticket VALUES
  (1, 'Printer', 1, 2, '2026-01-12 08:00:00.123456', '2026-01-12 09:40:00.000001', NULL, 0,
   'ann@example.org', 1, NULL),
  (2, 'Mail', 3, 5, '2026-01-12 08:30:00', '2026-01-12 11:00:00', '2026-01-20 12:00:00', 1,
   'ben@example.org', 1, 7);
INSERT INTO helpdesk_followup VALUES
  (1, 1, '2026-01-12 09:00:00', 'It burns', 1, NULL),
  (2, 1, '2026-01-12 09:40:00.000001', 'Please wait', 1, 7),
  (3, 1, '2026-01-12 09:41:00', 'Looks odd', 0, 7),
  (4, 2, '2026-01-12 09:41:00', '', 1, 7);
"""


def test_a_desk_of_django_is_told_in_our_words(connected: Connect, sqlite: Run) -> None:
    sqlite(DJANGO)
    first, second = told(connected("django")).values()

    assert first.ticket.created_at == utc("2026-01-12 08:00")
    assert (first.ticket.status, first.ticket.priority) == (Status.OPEN, Priority.HIGH)
    assert first.ticket.group == "support"
    assert first.ticket.assignee is None
    assert first.ticket.customer.email == "ann@example.org"
    assert first.at == utc("2026-01-12 09:40")
    assert second.ticket.status is Status.RESOLVED
    assert second.ticket.due_at == utc("2026-01-20 12:00")
    assert second.ticket.assignee == "bob"


def test_a_desk_of_django_tells_who_wrote(connected: Connect, sqlite: Run) -> None:
    sqlite(DJANGO)
    first = told(connected("django"))["1"]

    assert said(first.messages) == [
        (Actor.CUSTOMER, True, "It burns"),
        (Actor.PERSON, True, "Please wait"),
        (Actor.PERSON, False, "Looks odd"),
    ]


THREADS = """
CREATE TABLE ost_ticket_status (id integer PRIMARY KEY, name text, state text);
CREATE TABLE ost_department (id integer PRIMARY KEY, name text);
CREATE TABLE ost_staff (staff_id integer PRIMARY KEY, username text);
CREATE TABLE ost_user (id integer PRIMARY KEY, name text);
CREATE TABLE ost_user_email (user_id integer, address text);
CREATE TABLE ost_ticket (ticket_id integer PRIMARY KEY, number text, status_id integer,
  priority_id integer, dept_id integer, staff_id integer, user_id integer, created timestamp,
  lastupdate timestamp NULL, duedate timestamp NULL);
CREATE TABLE ost_ticket_cdata (ticket_id integer PRIMARY KEY, subject text);
CREATE TABLE ost_thread (id integer PRIMARY KEY, object_id integer, object_type char(1));
CREATE TABLE ost_thread_entry (id integer PRIMARY KEY, thread_id integer, type char(1),
  created timestamp, body text, flags integer);
INSERT INTO ost_ticket_status VALUES (1, 'Offen', 'open'), (3, 'Geschlossen', 'closed');
INSERT INTO ost_department VALUES (1, 'Support');
INSERT INTO ost_staff VALUES (4, 'bob');
INSERT INTO ost_user VALUES (11, 'Ann'), (12, 'Ben');
INSERT INTO ost_user_email VALUES (11, 'ann@example.org'), (12, 'ben@example.org');
INSERT INTO ost_ticket VALUES
  (5, '738271', 1, 4, 1, 0, 11, '2026-07-01 10:00:00', '2026-07-01 12:00:00',
   '1970-01-01 00:00:00'),
  (6, '738272', 1, 2, 1, 4, 12, '2026-01-12 10:00:00', NULL, NULL);
INSERT INTO ost_ticket_cdata VALUES (5, 'Printer');
INSERT INTO ost_thread VALUES (50, 5, 'T'), (60, 6, 'T'), (70, 5, 'A');
INSERT INTO ost_thread_entry VALUES
  (500, 50, 'M', '2026-07-01 10:00:00', '<p>It burns</p>', 0),
  (501, 50, 'N', '2026-07-01 11:00:00', 'odd', 0),
  (502, 50, 'R', '2026-07-01 12:00:00', 'Please wait', 0),
  (503, 70, 'R', '2026-07-01 12:30:00', 'of a task', 0);
"""


def test_local_times_and_dates_that_mean_none_are_understood(
    connected: Connect, database: Run
) -> None:
    database(THREADS)
    first = ticket(connected("thread_tables"), "5")

    assert first.created_at == utc("2026-07-01 08:00")
    assert first.due_at is None
    assert first.priority is Priority.URGENT
    assert first.assignee is None
    assert first.fields == {"number": "738271"}


def test_a_ticket_that_was_never_updated_is_not_left_out(connected: Connect, database: Run) -> None:
    database(THREADS)
    desk = connected("thread_tables")
    first = desk.changes(None, FAR)
    names = {each.ticket.id for each in first.observations}

    assert names == {"desk:5", "desk:6"}
    assert desk.changes(first.watermark, FAR).observations == ()

    database("UPDATE ost_ticket SET priority_id = 3 WHERE ticket_id = 6")
    (again,) = desk.changes(first.watermark, FAR).observations
    assert again.ticket.priority is Priority.HIGH


def test_letters_of_entries_tell_who_wrote(connected: Connect, database: Run) -> None:
    database(THREADS)
    first = told(connected("thread_tables"))["5"]

    assert [(actor, public) for actor, public, _ in said(first.messages)] == [
        (Actor.CUSTOMER, True),
        (Actor.PERSON, False),
        (Actor.PERSON, True),
    ]
    assert first.messages[0].at == utc("2026-07-01 08:00")


JOURNALS = """
CREATE TABLE projects (id integer PRIMARY KEY, identifier text);
CREATE TABLE users (id integer PRIMARY KEY, login text);
CREATE TABLE email_addresses (user_id integer, address text, is_default boolean);
CREATE TABLE issues (id integer PRIMARY KEY, subject text, status_id integer, priority_id integer,
  project_id integer, assigned_to_id integer NULL, author_id integer, created_on timestamp,
  updated_on timestamp, due_date date NULL);
CREATE TABLE journals (id integer PRIMARY KEY, journalized_id integer, journalized_type text,
  user_id integer, notes text NULL, created_on timestamp, private_notes boolean);
CREATE TABLE journal_details (id integer PRIMARY KEY, journal_id integer, property text,
  prop_key text, old_value text NULL, value text NULL);
INSERT INTO projects VALUES (1, 'support');
INSERT INTO users VALUES (3, 'ann'), (4, 'bob');
INSERT INTO email_addresses VALUES (3, 'ann@example.org', true), (3, 'old@example.org', false);
INSERT INTO issues VALUES (9, 'Printer', 4, 3, 1, 4, 3, '2026-01-12 08:00:00',
  '2026-01-12 11:00:00', '2026-01-20');
INSERT INTO journals VALUES
  (1, 9, 'Issue', 4, '', '2026-01-12 09:00:00', false),
  (2, 9, 'Issue', 4, 'Which printer?', '2026-01-12 10:00:00', false),
  (3, 9, 'Issue', 3, 'The red one', '2026-01-12 11:00:00', false);
INSERT INTO journal_details VALUES
  (1, 1, 'attr', 'status_id', '1', '2'),
  (2, 1, 'attr', 'assigned_to_id', NULL, '4'),
  (3, 2, 'attr', 'status_id', '2', '4'),
  (4, 2, 'attr', 'done_ratio', '0', '50'),
  (5, 2, 'cf', '12', 'a', 'b');
"""


def test_a_journal_is_a_history(connected: Connect, database: Run) -> None:
    database(JOURNALS)
    seen = told(connected("journals"))["9"]

    assert seen.opening is not None
    assert seen.opening.status is Status.NEW
    assert seen.opening.assignee is None
    assert seen.ticket.status is Status.PENDING_CUSTOMER
    changes = [(e.at, e.field, e.before, e.after) for e in seen.events or () if e.field]
    assert changes == [
        (utc("2026-01-12 09:00"), "status", "new", "open"),
        (utc("2026-01-12 09:00"), "assignee", None, "4"),
        (utc("2026-01-12 10:00"), "status", "open", "pending_customer"),
    ]
    assert said(seen.events or ()) == [
        (Actor.PERSON, True, "Which printer?"),
        (Actor.CUSTOMER, True, "The red one"),
    ]


def test_a_note_that_leaves_the_ticket_alone_is_heard_of(connected: Connect, database: Run) -> None:
    database(JOURNALS)
    desk = connected("journals")
    first = desk.changes(None, FAR)
    database(
        "INSERT INTO journals VALUES (4, 9, 'Issue', 3, 'Hello?', '2026-01-12 12:00:00', false)"
    )
    (again,) = desk.changes(first.watermark, FAR).observations

    assert said(again.events or ())[-1] == (Actor.CUSTOMER, True, "Hello?")
    assert again.at == utc("2026-01-12 12:00")
