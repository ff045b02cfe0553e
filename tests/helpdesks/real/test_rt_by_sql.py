"""The same tickets of a real Request Tracker, by its REST interface and from its own tables.

ESCALATORD_RT_TICKETS says how many; 10,000 of them are read by REST for some minutes.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from engine.app import App, open_app
from engine.domain.ticket import Ticket
from engine.pipeline.ingest import ingest
from tests.helpdesks.real.rt import RequestTracker

pytestmark = pytest.mark.system("Request Tracker")

TICKETS: Final = int(os.environ.get("ESCALATORD_RT_TICKETS", "200"))
SEED: Final = Path(__file__).with_name("rt-seed.pl")

CONFIG = """\
store: {{url: sqlite:///store.db}}
rules: rules
helpdesks:
  rest:
    kind: rt
    url: {url}
    token_file: token
    queues: [{queue}]
    custom_fields: {{tags: Tags, customer.tier: Tier}}
  tables:
    kind: sql
    url: sqlite:///{folder}/rt.sqlite3
    timezone: UTC
    tickets:
      updated: LastUpdated
      columns:
        id: id
        opened: Created
        subject: Subject
        status:
          column: Status
          values:
            new: new
            open: open
            stalled: pending_customer
            resolved: resolved
            rejected: closed
        priority: priority
        group: queue
        assignee: owner
        due: Due
        tags: tags
        merged_into: survivor
        customer.id: Name
        customer.name: RealName
        customer.email: EmailAddress
        customer.tier: tier
        customer.organization: Organization
        customer.language: Lang
      query: |
        SELECT t.id, t.Subject, t.Status, t.Created, t.LastUpdated, t.Due, q.Name AS queue,
               CASE WHEN t.Priority >= 150 THEN 'urgent' WHEN t.Priority >= 100 THEN 'high'
                    WHEN t.Priority >= 50 THEN 'medium' ELSE 'low' END AS priority,
               CASE WHEN o.Name <> 'Nobody' THEN o.Name END AS owner,
               CASE WHEN t.EffectiveId <> t.id THEN t.EffectiveId END AS survivor,
               r.Name, r.RealName, r.EmailAddress, r.Organization, r.Lang,
               (SELECT GROUP_CONCAT(v.Content) FROM ObjectCustomFieldValues v
                JOIN CustomFields f ON f.id = v.CustomField AND f.Name = 'Tags'
                WHERE v.ObjectType = 'RT::Ticket' AND v.ObjectId = t.id AND v.Disabled = 0) AS tags,
               (SELECT v.Content FROM ObjectCustomFieldValues v
                JOIN CustomFields f ON f.id = v.CustomField AND f.Name = 'Tier'
                WHERE v.ObjectType = 'RT::Ticket' AND v.ObjectId = t.id AND v.Disabled = 0) AS tier
        FROM Tickets t
        JOIN Queues q ON q.id = t.Queue AND q.Name = '{queue}'
        LEFT JOIN Users o ON o.id = t.Owner
        LEFT JOIN (SELECT g.Instance AS ticket, MIN(m.id) AS first
                   FROM Groups g JOIN GroupMembers m ON m.GroupId = g.id
                   WHERE g.Domain = 'RT::Ticket-Role' AND g.Name = 'Requestor'
                   GROUP BY g.Instance) p ON p.ticket = t.id
        LEFT JOIN GroupMembers m ON m.id = p.first
        LEFT JOIN Users r ON r.id = m.MemberId
"""


@pytest.fixture(scope="module")
def queue(rt: RequestTracker) -> str:
    name = rt.queue("Tables")
    rt.run(SEED, name, str(TICKETS))
    return name


@pytest.fixture
def app(rt: RequestTracker, queue: str, tmp_path: Path) -> Iterator[App]:
    (tmp_path / "rules").mkdir()
    (tmp_path / "token").write_text(rt.token)
    text = CONFIG.format(url=rt.url, queue=queue, folder=rt.folder)
    (tmp_path / "config.yaml").write_text(text)
    made = open_app(tmp_path / "config.yaml", stream=io.StringIO())
    yield made
    made.close()


def read(app: App, helpdesk: str) -> None:
    """Read all that there is, until nothing new comes."""
    now = datetime.now(UTC).replace(microsecond=0)
    assert ingest(app.store, app.helpdesks[helpdesk], now, ()).rejected == ()


def tickets(app: App, helpdesk: str, numbers: list[str]) -> dict[str, dict[str, object]]:
    """Number → the ticket's fields, without the name of the helpdesk."""
    with app.store.read() as tx:
        records = tx.records([f"{helpdesk}:{number}" for number in numbers])
    return {name.partition(":")[2]: fields(record.source) for name, record in records.items()}


def fields(ticket: Ticket) -> dict[str, object]:
    told = {name: getattr(ticket, name) for name in ticket.__slots__}
    survivor = ticket.merged_into and ticket.merged_into.partition(":")[2]
    own = {"id": ticket.id.partition(":")[2], "tags": set(ticket.tags), "merged_into": survivor}
    return {**told, **own}


def assert_both_tell_the_same(app: App, numbers: list[str]) -> None:
    """RT's searches leave out what was merged before we came: its table still tells of it."""
    by_rest, by_tables = tickets(app, "rest", numbers), tickets(app, "tables", numbers)
    assert sorted(by_tables, key=int) == numbers
    merged = {number for number, told in by_tables.items() if told["merged_into"]}
    assert by_tables.keys() - merged <= by_rest.keys()
    differing = [
        (number, field, value, by_tables[number][field])
        for number, told in by_rest.items()
        for field, value in told.items()
        if by_tables[number][field] != value
    ]
    assert differing == []


def test_the_tables_and_rest_tell_the_same_of_every_ticket(
    rt: RequestTracker, queue: str, app: App
) -> None:
    read(app, "rest")
    read(app, "tables")

    numbers = rt.numbers(queue)
    assert len(numbers) == TICKETS
    assert_both_tell_the_same(app, numbers)


@contextmanager
def busy(rt: RequestTracker, queue: str) -> Iterator[list[str]]:
    """The desk goes on working meanwhile: tickets change, are resolved, and come in."""
    found = rt.numbers(queue)
    opened: list[str] = []
    over = threading.Event()

    def work() -> None:
        turn = 0
        while not over.is_set():
            number = found[(turn * 37) % len(found)]
            rt.set(
                number, Subject=f"Changed {turn}", **({} if turn % 3 else {"Status": "resolved"})
            )
            if turn % 5 == 0:
                opened.append(rt.open(queue))
            turn += 1

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield opened
    finally:
        over.set()
        worker.join()


def test_paging_while_tickets_change_loses_none(rt: RequestTracker, queue: str, app: App) -> None:
    with busy(rt, queue) as opened:
        read(app, "rest")
        read(app, "tables")
    read(app, "rest")
    read(app, "tables")

    numbers = rt.numbers(queue)
    assert opened
    assert len(numbers) == TICKETS + len(opened)
    assert_both_tell_the_same(app, numbers)
