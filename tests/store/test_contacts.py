"""Contacts: whose, since when, in which order."""

from __future__ import annotations

from engine.domain.condition import ContactsBy
from engine.domain.ticket import Status
from engine.store import SqlStore, SqlTransaction
from tests.store.factories import HOUR, MINUTE, NOON, contact, keep, record, ticket


def save(transaction: SqlTransaction, number: int, *minutes: int, **rest: str) -> None:
    one = ticket(number, **rest)
    keep(transaction, record(one), one)
    transaction.save_contacts(
        {one.id: [contact(one, NOON + at * MINUTE, key=f"{number}-{at}") for at in minutes]}
    )


def keys(transaction: SqlTransaction, by: ContactsBy, key: str | None) -> list[str]:
    return [one.key for one in transaction.contacts(by, key, None)]


def test_contacts_are_found_by_whose_they_are(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, 0, 2, customer="c1", organization="o1")
        save(transaction, 2, 1, customer="c1", organization="o2")
        save(transaction, 3, 3, customer="c2", organization="o1")

        assert keys(transaction, ContactsBy.TICKET, "desk:1") == ["1-0", "1-2"]
        assert keys(transaction, ContactsBy.CUSTOMER, "c1") == ["1-0", "2-1", "1-2"]
        assert keys(transaction, ContactsBy.ORGANIZATION, "o1") == ["1-0", "1-2", "3-3"]
        assert keys(transaction, ContactsBy.EVERYONE, None) == ["1-0", "2-1", "1-2", "3-3"]


def test_contacts_of_one_instant_are_in_order_of_ticket(store: SqlStore) -> None:
    with store.write() as transaction:
        for number in (3, 1, 2):
            save(transaction, number, 0)

        assert keys(transaction, ContactsBy.EVERYONE, None) == ["1-0", "2-0", "3-0"]


def test_only_contacts_since_an_instant_are_told_that_instant_included(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, 0, 1, 2)

        found = transaction.contacts(ContactsBy.TICKET, "desk:1", NOON + MINUTE)

    assert [one.key for one in found] == ["1-1", "1-2"]


def test_replaced_contacts_are_gone(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, 0, 1)
        save(transaction, 2, 5)
        transaction.save_contacts({"desk:1": [contact(ticket(1), NOON + HOUR, key="new")]})

        assert keys(transaction, ContactsBy.EVERYONE, None) == ["2-5", "new"]


def test_a_contact_tells_the_ticket_as_it_stands_now(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, 0)
        now = ticket(1, status=Status.RESOLVED)
        keep(transaction, record(now), now)

        (found,) = transaction.contacts(ContactsBy.TICKET, "desk:1", None)

    assert found.ticket == now


def test_the_contacts_of_a_ticket_go_where_the_ticket_goes(store: SqlStore) -> None:
    with store.write() as transaction:
        save(transaction, 1, 0, customer="c1", organization="o1")
        moved = ticket(1, customer="c2", organization="o2")
        keep(transaction, record(moved), moved)

        assert keys(transaction, ContactsBy.CUSTOMER, "c1") == []
        assert keys(transaction, ContactsBy.CUSTOMER, "c2") == ["1-0"]
        assert keys(transaction, ContactsBy.ORGANIZATION, "o2") == ["1-0"]


def test_a_contact_on_a_ticket_that_nobody_knows_is_not_told(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.save_contacts({"desk:9": [contact(ticket(9))]})

        assert transaction.contacts(ContactsBy.EVERYONE, None, None) == ()


def test_saving_the_same_contacts_again_changes_nothing(store: SqlStore) -> None:
    with store.write() as transaction:
        for _ in range(2):
            save(transaction, 1, 0, 1)

        assert keys(transaction, ContactsBy.TICKET, "desk:1") == ["1-0", "1-1"]


def test_contacts_of_many_tickets_are_saved_together(store: SqlStore) -> None:
    tickets = [ticket(n) for n in range(1_201)]

    with store.write() as transaction:
        transaction.save_records([(record(one), one) for one in tickets])
        for key in ("old", "new"):
            transaction.save_contacts({one.id: [contact(one, key=key)] for one in tickets})
        transaction.save_contacts({tickets[0].id: []})

        found = transaction.contacts(ContactsBy.EVERYONE, None, NOON)

    assert [one.key for one in found] == ["new"] * 1_200
