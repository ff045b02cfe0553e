"""Merged tickets: found from the survivor, and their contacts with them."""

from __future__ import annotations

from sqlalchemy import text

from engine.domain.actions import ActionKind
from engine.domain.condition import ContactsBy
from engine.domain.ticket import EventKind
from engine.ports import OutboxState
from engine.store import SqlStore, SqlTransaction, migrate
from tests.store.factories import HOUR, NOON, contact, event, keep, notice, record, ticket


def save(transaction: SqlTransaction, number: int, customer: str, into: int | None = None) -> None:
    """A ticket of a customer with one contact; if it was merged, an hour after noon."""
    target = f"desk:{into}" if into else None
    present = ticket(number, customer=customer, merged_into=target)
    merge = event(
        f"m{number}", NOON + HOUR, kind=EventKind.CHANGED, field="merged_into", after=target
    )
    keep(transaction, record(present, *([merge] if into else [])), present)
    transaction.save_contacts({present.id: [contact(present, key=f"k{number}")]})


def keys(transaction: SqlTransaction, customer: str) -> list[str]:
    found = transaction.contacts(ContactsBy.CUSTOMER, customer, None)
    return [f"{one.key} for {one.ticket.id}" for one in found]


def test_a_survivors_story_comes_with_those_that_were_merged_into_it(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, "c1", into=2)
        save(transaction, 2, "c2", into=3)
        save(transaction, 3, "c3")
        found = transaction.histories(["desk:3"])

    assert list(found) == ["desk:3"]
    assert [(one.history.ticket_id, one.at) for one in found["desk:3"].absorbed] == [
        ("desk:1", NOON + HOUR),
        ("desk:2", NOON + HOUR),
    ]


def test_the_contacts_of_a_merged_ticket_count_for_the_customer_of_the_last_survivor(
    store: SqlStore,
) -> None:
    with store.write() as transaction:
        save(transaction, 2, "c2", into=3)
        save(transaction, 3, "c3")
        save(transaction, 1, "c1", into=2)

        assert keys(transaction, "c1") == keys(transaction, "c2") == []
        assert keys(transaction, "c3") == [f"k{n} for desk:3" for n in (1, 2, 3)]


def test_they_go_where_the_survivor_goes_even_if_it_is_known_later(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, "c1", into=2)
        assert keys(transaction, "c1") == ["k1 for desk:1"]
        save(transaction, 2, "c2")
        assert keys(transaction, "c2") == ["k1 for desk:2", "k2 for desk:2"]
        save(transaction, 2, "c3")
        assert keys(transaction, "c3") == ["k1 for desk:2", "k2 for desk:2"]


def test_they_come_back_when_a_merge_is_taken_back(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, "c1", into=2)
        save(transaction, 2, "c2")
        save(transaction, 1, "c1")

        assert keys(transaction, "c1") == ["k1 for desk:1"]
        assert keys(transaction, "c2") == ["k2 for desk:2"]


def test_tickets_that_were_merged_into_each_other_harm_nobody(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, "c1", into=2)
        save(transaction, 2, "c1", into=1)

        assert transaction.survivors(["desk:1", "desk:2"]) == {}
        found = transaction.histories(["desk:1", "desk:2"])
    assert [len(history.absorbed) for history in found.values()] == [1, 1]


def test_a_survivor_is_found_from_anywhere_in_its_chain(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, "c1", into=2)
        save(transaction, 2, "c2", into=3)
        save(transaction, 3, "c3")
        found = transaction.survivors(["desk:1", "desk:2", "desk:3", "desk:9"])

    assert {name: one.id for name, one in found.items()} == {
        "desk:1": "desk:3",
        "desk:2": "desk:3",
        "desk:3": "desk:3",
    }


def test_a_notice_is_unsent_until_it_left_or_when_a_merge_stopped_it(store: SqlStore) -> None:
    with store.write() as transaction:
        names = ("waits", "merged", "taken", "left")
        transaction.enqueue([notice(name, to=name, subject="desk:1") for name in names], NOON)
        for row in transaction.lease(NOON, 9, "t", NOON + HOUR)[1:]:
            name = row.action.key
            if name == "left":
                transaction.begin_sending(row.id, "t", NOON, NOON)
                transaction.finish(row.id, "t", OutboxState.DELIVERED, NOON)
                continue
            reason = "merged" if name == "merged" else "acknowledged"
            transaction.finish(row.id, "t", OutboxState.CANCELLED, NOON, reason)
        found = transaction.unsent_notices(["desk:1"])

    assert {one.kind for one in found} == {ActionKind.NOTIFY}
    assert [one.key for one in found] == ["waits", "merged"]


def test_a_store_from_before_learns_what_was_merged(sql_store: SqlStore) -> None:
    with sql_store.write() as transaction:
        save(transaction, 1, "c1", into=2)
        save(transaction, 2, "c2")
    with sql_store.writing() as connection:
        for statement in (
            "DROP TABLE inbox",
            "DROP TABLE inbox_stamps",
            "DROP TABLE nudges",
            "DROP INDEX outbox_heard",
            "DROP INDEX outbox_to_hear",
            "DROP TABLE satisfaction",
            "DROP TABLE interventions",
            "DROP TABLE bounces",
            "DROP TABLE activations",
            "DROP TABLE silences",
            "ALTER TABLE messages DROP COLUMN skipped",
            "DROP INDEX tickets_merged",
            "ALTER TABLE tickets DROP COLUMN merged_into",
            "UPDATE alembic_version SET version_num = '0002_exhausted'",
            "UPDATE meta SET value = '2' WHERE key = 'schema'",
        ):
            connection.execute(text(statement))

    migrate(sql_store)

    with sql_store.read() as transaction:
        assert transaction.absorbed_by(["desk:2"]) == {"desk:1": "desk:2"}
