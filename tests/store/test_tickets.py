"""Tickets, their events and the helpdesks' watermarks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.domain.condition import ContactsBy
from engine.domain.history import History
from engine.domain.ticket import Actor, EventKind, Priority, Status
from engine.ports import TicketRecord
from engine.store import SqlStore
from tests.store.factories import HOUR, MINUTE, NOON, event, keep, our_event, record, ticket


def test_a_helpdesk_that_was_never_read_has_no_watermark(store: SqlStore) -> None:
    with store.read() as transaction:
        assert transaction.watermark("desk") is None


def test_a_watermark_is_the_last_one_set(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.set_watermark("desk", {"line": 1}, NOON)
        transaction.set_watermark("desk", {"line": 2, "seen": ["a"]}, NOON)
        transaction.set_watermark("other", {}, NOON)

        assert transaction.watermark("desk") == {"line": 2, "seen": ["a"]}
        assert transaction.watermark("other") == {}


def test_a_record_comes_back_as_it_was_saved(store: SqlStore) -> None:
    opening = ticket(priority=Priority.LOW)
    source = ticket(priority=Priority.HIGH, status=Status.OPEN)
    kept = TicketRecord(opening, source, (event("e1"), event("e2", NOON + MINUTE)), NOON + HOUR)

    with store.write() as transaction:
        keep(transaction, kept, source)

        assert transaction.records([source.id, "desk:9"]) == {source.id: kept}


def test_a_history_is_the_opening_and_all_events_in_order(store: SqlStore) -> None:
    opening = ticket()
    late, early = event("a", NOON + HOUR), event("b", NOON)

    with store.write() as transaction:
        keep(transaction, record(opening, late, early), opening)

        assert transaction.histories([opening.id]) == {
            opening.id: History(opening, (early, late)),
        }


def test_events_of_one_instant_keep_the_order_of_the_source(store: SqlStore) -> None:
    same = [event(name) for name in "zmab"]

    with store.write() as transaction:
        keep(transaction, record(ticket(), *same), ticket())

        assert transaction.histories(["desk:1"])["desk:1"].events == tuple(same)


def test_an_event_whose_time_was_corrected_moves(store: SqlStore) -> None:
    first, second = event("e1", NOON), event("e2", NOON + MINUTE)
    moved = replace(first, at=NOON + HOUR)

    with store.write() as transaction:
        keep(transaction, record(ticket(), first, second), ticket())
        keep(transaction, record(ticket(), second, moved), ticket())

        assert transaction.records(["desk:1"])["desk:1"].events == (second, moved)


def test_an_event_that_the_source_takes_back_goes(store: SqlStore) -> None:
    with store.write() as transaction:
        keep(transaction, record(ticket(), event("e1"), event("e2")), ticket())
        keep(transaction, record(ticket(), event("e2")), ticket())

        assert transaction.records(["desk:1"])["desk:1"].events == (event("e2"),)


@pytest.mark.parametrize(
    "ours",
    [our_event("ours"), event("ours", kind=EventKind.ACKNOWLEDGED, actor=Actor.PERSON)],
    ids=["our own write", "an acknowledgement"],
)
def test_what_the_source_does_not_know_stays(store: SqlStore, ours: object) -> None:
    with store.write() as transaction:
        keep(transaction, record(ticket(), event("e1")), ticket())
        transaction.append_events("desk:1", [ours])  # type: ignore[list-item]
        keep(transaction, record(ticket(), event("e1"), event("e2")), ticket())

        names = {one.id for one in transaction.records(["desk:1"])["desk:1"].events}

    assert names == {"e1", "e2", "ours"}


def test_an_appended_event_comes_after_those_of_its_instant(store: SqlStore) -> None:
    with store.write() as transaction:
        keep(transaction, record(ticket(), event("z"), event("y")), ticket())
        transaction.append_events("desk:1", [our_event("b"), our_event("a")])

        names = [one.id for one in transaction.histories(["desk:1"])["desk:1"].events]

    assert names == ["z", "y", "b", "a"]


def test_an_appended_event_that_is_known_is_brought_up_to_date(store: SqlStore) -> None:
    first, second = our_event("a"), our_event("b")
    told_again = replace(first, who="ann")

    with store.write() as transaction:
        transaction.append_events("desk:1", [first, second])
        transaction.append_events("desk:1", [told_again])

        assert transaction.group_events(["desk:1"])["desk:1"] == (told_again, second)


def test_an_appended_event_whose_time_was_corrected_moves(store: SqlStore) -> None:
    first, second = our_event("a", NOON), our_event("b", NOON + MINUTE)
    moved = replace(first, at=NOON + MINUTE)

    with store.write() as transaction:
        transaction.append_events("desk:1", [first, second])
        transaction.append_events("desk:1", [moved])

        assert transaction.group_events(["desk:1"])["desk:1"] == (second, moved)


def test_appending_no_events_changes_nothing(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.append_events("desk:1", [])

        assert transaction.group_events(["desk:1"]) == {}


def test_groups_have_events_without_a_ticket(store: SqlStore) -> None:
    taken = event("ack", kind=EventKind.ACKNOWLEDGED, rule="late", who="ann")

    with store.write() as transaction:
        transaction.append_events("customer:c1", [taken])

        assert transaction.group_events(["customer:c1", "everyone"]) == {"customer:c1": (taken,)}


def test_the_same_ids_on_two_tickets_are_two_events(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.save_records(
            [(record(ticket(n), event("e1", NOON + n * MINUTE)), ticket(n)) for n in (1, 2)]
        )
        found = transaction.histories(["desk:1", "desk:2"])

    assert [found[f"desk:{n}"].events[0].at for n in (1, 2)] == [NOON + MINUTE, NOON + 2 * MINUTE]


def test_more_tickets_than_fit_a_statement_are_saved_and_found(store: SqlStore) -> None:
    tickets = [ticket(n, created_at=NOON + timedelta(seconds=n)) for n in range(1_201)]

    with store.write() as transaction:
        transaction.save_records([(record(one, event("e1")), one) for one in tickets])
        found = transaction.histories(one.id for one in tickets)

    assert {one.id for one in tickets} == found.keys()
    assert all(history.events == (event("e1"),) for history in found.values())


@pytest.mark.parametrize(
    "closed",
    [{"status": Status.RESOLVED}, {"status": Status.CLOSED}, {"merged_into": "desk:2"},
     {"is_gone": True}],
)  # fmt: skip
def test_a_ticket_that_is_resolved_merged_or_gone_is_not_open(
    store: SqlStore, closed: dict[str, Any]
) -> None:
    with store.write() as transaction:
        keep(transaction, record(ticket(1)), ticket(1))
        keep(transaction, record(ticket(2)), ticket(2, **closed))

        assert transaction.open_tickets() == ["desk:1"]


def test_closed_since_are_those_not_open_and_heard_of_since_then(store: SqlStore) -> None:
    late = replace(record(ticket(1)), observed_at=NOON + HOUR)
    with store.write() as transaction:
        keep(transaction, late, ticket(1, status=Status.RESOLVED))
        keep(transaction, record(ticket(2)), ticket(2, status=Status.RESOLVED))
        keep(transaction, replace(late, source=ticket(3)), ticket(3))
        names = ["desk:1", "desk:2", "desk:3"]

        assert transaction.closed_since(names, NOON + MINUTE) == ["desk:1"]
        assert transaction.closed_since(names, NOON) == ["desk:1", "desk:2"]


def test_a_ticket_that_is_reopened_is_open_again(store: SqlStore) -> None:
    with store.write() as transaction:
        for status in (Status.OPEN, Status.RESOLVED, Status.OPEN):
            keep(transaction, record(ticket()), ticket(status=status))

        assert transaction.open_tickets() == ["desk:1"]


def test_the_present_state_says_whose_a_ticket_is(store: SqlStore) -> None:
    told = ticket(1, customer="c1", organization="o1")
    present = ticket(1, customer="c2", organization="o2")

    with store.write() as transaction:
        keep(transaction, record(told), present)

        assert transaction.open_tickets_of(ContactsBy.CUSTOMER, "c1") == []
        assert transaction.open_tickets_of(ContactsBy.CUSTOMER, "c2") == ["desk:1"]
        assert transaction.open_tickets_of(ContactsBy.ORGANIZATION, "o2") == ["desk:1"]


def test_open_tickets_are_found_by_whose_they_are(store: SqlStore) -> None:
    present = [
        ticket(1, customer="c1", organization="o1"),
        ticket(2, customer="c1"),
        ticket(3, customer="c2", organization="o1"),
        ticket(4, customer=None),
        ticket(5, customer="c1", organization="o1", status=Status.CLOSED),
    ]

    with store.write() as transaction:
        transaction.save_records([(record(one), one) for one in present])
        find = transaction.open_tickets_of

        assert find(ContactsBy.TICKET, "desk:3") == ["desk:3"]
        assert find(ContactsBy.TICKET, "desk:5") == []
        assert find(ContactsBy.CUSTOMER, "c1") == ["desk:1", "desk:2"]
        assert find(ContactsBy.ORGANIZATION, "o1") == ["desk:1", "desk:3"]
        assert find(ContactsBy.EVERYONE, None) == ["desk:1", "desk:2", "desk:3", "desk:4"]


def test_the_tickets_of_a_past_instant_are_those_that_may_have_been_open(store: SqlStore) -> None:
    closed = {"customer": "c1", "organization": "o1", "status": Status.CLOSED}
    early, late = event("e", NOON + HOUR), event("e", NOON + 3 * HOUR)
    records = [
        record(ticket(1, customer="c1")),
        record(ticket(2, **closed), early),
        record(ticket(3, **closed), late),
        record(ticket(4, customer="c1", created_at=NOON + 3 * HOUR)),
        record(ticket(5, customer="c2", organization="o1")),
    ]

    with store.write() as transaction:
        transaction.save_records([(one, one.source) for one in records])
        at = NOON + 2 * HOUR
        find = transaction.tickets_there_at

        assert find(ContactsBy.CUSTOMER, "c1", at) == ["desk:1", "desk:3"]
        assert find(ContactsBy.ORGANIZATION, "o1", at) == ["desk:3", "desk:5"]
        assert find(ContactsBy.EVERYONE, None, at) == ["desk:1", "desk:3", "desk:5"]


def test_what_was_read_can_be_forgotten_and_read_again(store: SqlStore) -> None:
    one = record(ticket(1), event("e1"))
    with store.write() as transaction:
        transaction.save_records([(one, one.source)])
        transaction.set_watermark("desk", {"line": 1}, NOON)
        transaction.mark_due(["desk:1"], NOON)

        transaction.forget_what_was_read()

        assert transaction.records(["desk:1"]) == {}
        assert transaction.watermark("desk") is None
        assert transaction.next_due_at() is None
        transaction.save_records([(one, one.source)])
        assert transaction.records(["desk:1"]) == {"desk:1": one}


def test_half_an_emoji_and_a_null_byte_in_a_mail_do_no_harm(store: SqlStore) -> None:
    nasty = event("e1", text="broken \ud83d and \x00 and ünïcode")

    with store.write() as transaction:
        keep(transaction, record(ticket(subject="\udc80"), nasty), ticket(subject="\udc80"))
        found = transaction.histories(["desk:1"])["desk:1"]

    assert found.events == (nasty,)
    assert found.opening.subject == "\udc80"


def test_saving_nothing_is_allowed(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.save_records([])

        assert transaction.records([]) == {}
