"""What each tick asks is answered from an index, however many tickets there are."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, event, text

from engine.domain.actions import Action
from engine.domain.condition import ContactsBy
from engine.domain.episode import CustomerMessage
from engine.domain.ticket import Ticket
from engine.store import SqlStore, SqlTransaction
from engine.store.schema import METADATA
from tests.store.factories import (
    HOUR,
    MINUTE,
    NOON,
    contact,
    decision,
    episode,
    episode_id,
    firing,
    keep,
    message,
    notice,
    record,
    reply,
    ticket,
)
from tests.store.factories import event as ticket_event

Given = tuple[object, ...] | dict[str, object]
"""What a driver is given with a statement; a list of them where it is run many times."""

HAYSTACK = 2_000
SOME = ["desk:1", "desk:2"]

QUESTIONS: dict[str, Callable[[SqlTransaction], object]] = {
    "next_due_at": lambda tx: tx.next_due_at(),
    "claim_due": lambda tx: tx.claim_due(NOON, 500),
    "next_delivery_at": lambda tx: tx.next_delivery_at(),
    "lease": lambda tx: tx.lease(NOON, 1, "t", NOON + HOUR),
    "expired": lambda tx: tx.expired(NOON),
    "outbox_row": lambda tx: tx.outbox_row(7),
    "lease_digests": lambda tx: tx.lease_digests(
        notice("k", "lead@example.com"), NOON, "t", NOON + HOUR, "crowded"
    ),
    "messages_to": lambda tx: tx.messages_to(notice("k", "lead@example.com"), NOON),
    "unknown_replies": lambda tx: tx.unknown_replies(),
    "being_told": lambda tx: tx.being_told(SOME),
    "is_overtaken": lambda tx: tx.is_overtaken(7),
    "records": lambda tx: tx.records(SOME),
    "save_records": lambda tx: keep(tx, record(ticket(1), ticket_event("new")), ticket(1)),
    "append_events": lambda tx: tx.append_events("desk:1", [ticket_event("newer")]),
    "save_contacts": lambda tx: tx.save_contacts({"desk:1": []}),
    "histories": lambda tx: tx.histories(SOME),
    "absorbed_by": lambda tx: tx.absorbed_by(SOME),
    "survivors": lambda tx: tx.survivors(SOME),
    "unsent_notices": lambda tx: tx.unsent_notices(SOME),
    "group_events": lambda tx: tx.group_events(SOME),
    "open_tickets_of": lambda tx: tx.open_tickets_of(ContactsBy.CUSTOMER, "c1"),
    "closed_since": lambda tx: tx.closed_since(SOME, NOON),
    "open tickets of an organisation": lambda tx: tx.open_tickets_of(ContactsBy.ORGANIZATION, "o1"),
    "contacts": lambda tx: tx.contacts(ContactsBy.CUSTOMER, "c1", NOON),
    "contacts of everyone": lambda tx: tx.contacts(
        ContactsBy.EVERYONE, None, NOON + (HAYSTACK - 2) * MINUTE
    ),
    "episodes": lambda tx: tx.episodes(SOME),
    "escalations_of_customers": lambda tx: tx.escalations_of_customers(["c1", "c2"]),
    "customer_messages": lambda tx: tx.customer_messages(["c1"], SOME, NOON),
    "decisions": lambda tx: tx.decisions(SOME, NOON),
    "next_checks": lambda tx: tx.next_checks(SOME),
    "tickets_there_at": lambda tx: tx.tickets_there_at(ContactsBy.CUSTOMER, "c1", NOON),
    "last_decisions": lambda tx: tx.last_decisions(SOME),
    "view": lambda tx: tx.view("v_decisions", {"ticket": "desk:1"}),
}


@pytest.fixture
def full_store(sql_store: SqlStore) -> SqlStore:
    """A store with so much in every table that reading all of it would be foolish."""
    tickets = [ticket(n, customer=f"c{n}", organization=f"o{n}") for n in range(HAYSTACK)]
    with sql_store.write() as transaction:
        transaction.save_records([(record(one, ticket_event("e1")), one) for one in tickets])
        transaction.save_contacts(
            {one.id: [contact(one, NOON + n * MINUTE)] for n, one in enumerate(tickets)}
        )
        transaction.set_next_checks({one.id: NOON + HOUR for one in tickets})
        transaction.append_decisions([decision(one.id) for one in tickets])
        transaction.enqueue([answer(one.id) for one in tickets], NOON + HOUR)
        transaction.save_episodes(
            [episode(one.id, firings=(firing(),), messages=(promise(one),)) for one in tickets]
        )
    with sql_store.writing() as connection:
        if connection.dialect.name == "postgresql":
            for table in METADATA.tables:
                connection.execute(text(f"ANALYZE {table}"))
    return sql_store


def answer(subject: str) -> Action:
    return reply(subject, ticket=subject, subject=subject, episode=episode_id(subject))


def promise(of: Ticket) -> CustomerMessage:
    return message(episode_id(of.id), ticket=of.id, customer=of.customer.id)


def steps(connection: Connection, question: Callable[[SqlTransaction], object]) -> list[str]:
    """How the database goes about the statements that a question amounts to."""
    asked: list[tuple[str, Given]] = []

    def listen(
        _c: object, _u: object, statement: str, given: Given | list[Given], *_rest: object
    ) -> None:
        asked.append((statement, given[0] if isinstance(given, list) else given))

    event.listen(connection, "before_cursor_execute", listen)
    question(SqlTransaction(connection))
    event.remove(connection, "before_cursor_execute", listen)
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return [
        str(row[-1])
        for statement, given in asked
        for row in connection.exec_driver_sql(f"{explain} {statement}", given)
    ]


def is_of_a_whole_table(step: str) -> bool:
    tables = "|".join(METADATA.tables)
    return bool(re.search(rf"^SCAN ({tables})(?! USING)|Seq Scan on ({tables})\b", step))


def test_no_question_of_a_tick_reads_a_whole_table(full_store: SqlStore) -> None:
    with full_store.writing() as connection:
        found = {name: steps(connection, question) for name, question in QUESTIONS.items()}

    assert all(found.values())
    assert {
        name: told for name, told in found.items() if any(map(is_of_a_whole_table, told))
    } == {}  # fmt: skip


@pytest.mark.parametrize("question", ["next_due_at", "claim_due", "next_delivery_at", "expired"])
def test_what_is_due_comes_out_of_its_index_in_order(full_store: SqlStore, question: str) -> None:
    with full_store.writing() as connection:
        found = steps(connection, QUESTIONS[question])

    assert not [step for step in found if "TEMP B-TREE" in step or "Sort" in step]
