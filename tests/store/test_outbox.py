"""The outbox: order, leases, tokens, attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from engine.domain.actions import Action, ActionKind, FieldChange
from engine.domain.ticket import Priority
from engine.ports import OutboxRow, OutboxState
from engine.store import SqlStore, SqlTransaction
from tests.store.factories import HOUR, MINUTE, NOON, action, notice, reply

UNTIL = NOON + 5 * MINUTE
SOON = timedelta(seconds=30)


def queue(transaction: SqlTransaction, *actions: Action) -> None:
    transaction.enqueue(actions, NOON)


def lease(transaction: SqlTransaction, holder: str = "t", limit: int = 100) -> Sequence[OutboxRow]:
    return transaction.lease(NOON, limit, holder, UNTIL)


def keys(rows: Sequence[OutboxRow]) -> list[str]:
    return [row.action.key for row in rows]


def sending(transaction: SqlTransaction, one: Action) -> int:
    """Put an action in the queue and bring it to the brink of being sent."""
    queue(transaction, one)
    (row,) = lease(transaction)
    assert transaction.begin_sending(row.id, "t", NOON, NOON + SOON)
    return row.id


def state(transaction: SqlTransaction, row_id: int) -> OutboxState:
    row = transaction.outbox_row(row_id)
    assert row is not None
    return row.state


def test_an_action_comes_out_as_it_went_in(store: SqlStore) -> None:
    changes = (
        FieldChange("priority", Priority.LOW, Priority.HIGH),
        FieldChange("tags", (), ("a",)),
    )
    one = action("k", ActionKind.CHANGE, changes=changes, level=2, details={"passed": ["a"]})

    with store.write() as transaction:
        queue(transaction, one)

        assert lease(transaction) == [
            OutboxRow(1, one, OutboxState.LEASED, 0, "t", NOON, NOON),
        ]


def test_an_action_whose_key_is_known_is_passed_over(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, action("k", text="first"))
        queue(transaction, action("k", text="again"), action("other", ticket="desk:2"))

        assert [row.action.text for row in lease(transaction)] == ["first", None]


def test_one_of_two_actions_with_the_same_key_is_passed_over(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, action("k", text="first"), action("k", text="second"))

        assert [row.action.text for row in lease(transaction)] == ["first"]


def test_the_key_of_a_finished_action_is_never_free_again(store: SqlStore) -> None:
    with store.write() as transaction:
        row_id = sending(transaction, action("k"))
        transaction.finish(row_id, "t", OutboxState.DELIVERED, NOON)
        queue(transaction, action("k"))

        assert lease(transaction) == []


def test_an_action_waits_for_its_time(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, action("k", not_before=NOON + MINUTE))

        assert lease(transaction) == []
        assert transaction.next_delivery_at() == NOON + MINUTE
        assert keys(transaction.lease(NOON + MINUTE, 9, "t", UNTIL)) == ["k"]
        assert transaction.next_delivery_at() is None


def test_a_held_action_is_never_leased_until_it_is_released(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, action("k", held=True, reason="budget"))
        assert lease(transaction) == []
        assert transaction.next_delivery_at() is None
        assert [row["reason"] for row in transaction.view("v_outbox")] == ["budget"]

        assert transaction.settle(1, OutboxState.PENDING, NOON)

        assert keys(lease(transaction)) == ["k"]


def test_no_more_rows_are_leased_than_asked_for_and_none_twice(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, *(action(f"k{n}", ticket=f"desk:{n}") for n in range(5)))

        assert keys(lease(transaction, limit=3)) == ["k0", "k1", "k2"]
        assert keys(lease(transaction, "other")) == ["k3", "k4"]


@pytest.mark.parametrize(
    "first, second",
    [
        (action("a", ActionKind.CHANGE), action("b", ActionKind.NOTE)),
        (reply("a"), reply("b")),
        (notice("a", "lead@example.com"), notice("b", "lead@example.com")),
    ],
    ids=["the ticket", "the customer", "one address"],
)
def test_rows_for_the_same_target_go_out_one_after_the_other(
    store: SqlStore, first: Action, second: Action
) -> None:
    with store.write() as transaction:
        queue(transaction, first, second)

        (row,) = lease(transaction)
        assert row.action.key == "a"
        assert lease(transaction) == []
        transaction.begin_sending(row.id, "t", NOON, NOON + SOON)
        assert lease(transaction) == []
        transaction.finish(row.id, "t", OutboxState.DELIVERED, NOON)

        assert keys(lease(transaction)) == ["b"]


@pytest.mark.parametrize(
    "first, second",
    [
        (action("a"), action("b", ticket="desk:2")),
        (action("a"), reply("b")),
        (action("a"), notice("b", "lead@example.com")),
        (notice("a", "lead@example.com"), notice("b", "other@example.com")),
    ],
    ids=["tickets", "ticket and customer", "ticket and staff", "addresses"],
)
def test_rows_for_different_targets_do_not_wait_for_each_other(
    store: SqlStore, first: Action, second: Action
) -> None:
    with store.write() as transaction:
        queue(transaction, first, second)

        assert keys(lease(transaction)) == ["a", "b"]


def test_a_change_that_is_to_be_tried_again_holds_back_the_next(store: SqlStore) -> None:
    with store.write() as transaction:
        row_id = sending(transaction, action("a"))
        queue(transaction, action("b"))
        transaction.snooze(row_id, "t", NOON + HOUR, "HTTP 503", OutboxState.PENDING)

        assert lease(transaction) == []
        assert keys(transaction.lease(NOON + HOUR, 9, "t", UNTIL + HOUR)) == ["a"]


def test_a_snoozed_customer_message_holds_back_nothing(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, reply("a"))
        (row,) = lease(transaction)
        assert transaction.snooze(row.id, "t", NOON + HOUR, "outside_hours")
        queue(transaction, reply("b"))

        assert keys(lease(transaction)) == ["b"]
        assert transaction.next_delivery_at() == NOON + HOUR


@pytest.mark.parametrize("aside", ["held", "unknown"])
def test_what_waits_for_people_holds_back_nothing(store: SqlStore, aside: str) -> None:
    with store.write() as transaction:
        row_id = sending(transaction, reply("a"))
        if aside == "unknown":
            transaction.finish(row_id, "t", OutboxState.UNKNOWN, NOON)
        else:
            transaction.snooze(row_id, "t", NOON, "", OutboxState.HELD)
        queue(transaction, reply("b"))

        assert keys(lease(transaction)) == ["b"]


def test_sending_begins_only_with_the_token_of_the_lease(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, action())
        (row,) = lease(transaction, "mine")

        assert not transaction.begin_sending(row.id, "yours", NOON, NOON + SOON)
        assert transaction.begin_sending(row.id, "mine", NOON, NOON + SOON)
        assert not transaction.begin_sending(row.id, "mine", NOON, NOON + SOON)


def test_sending_begins_only_if_the_lease_lasts_long_enough(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, action())
        (row,) = lease(transaction)

        assert not transaction.begin_sending(row.id, "t", NOON, UNTIL + SOON)
        assert transaction.begin_sending(row.id, "t", NOON, UNTIL)


def test_an_attempt_counts_from_the_moment_sending_begins(store: SqlStore) -> None:
    with store.write() as transaction:
        row_id = sending(transaction, action())
        before = transaction.outbox_row(row_id)
        transaction.snooze(row_id, "t", NOON, "HTTP 503", OutboxState.PENDING)
        lease(transaction, "t2")
        transaction.begin_sending(row_id, "t2", NOON, NOON + SOON)
        after = transaction.outbox_row(row_id)

    assert before is not None
    assert after is not None
    assert (before.attempts, after.attempts) == (1, 2)


def test_snoozing_a_lease_burns_no_attempt(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, action())
        (row,) = lease(transaction)
        transaction.snooze(row.id, "t", NOON + HOUR, "unreadable")
        again = transaction.outbox_row(row.id)

    assert again is not None
    assert (again.state, again.attempts, again.token) == (OutboxState.SNOOZED, 0, None)
    assert (again.reason, again.next_attempt_at) == ("unreadable", NOON + HOUR)


@pytest.mark.parametrize("end", [OutboxState.DELIVERED, OutboxState.REJECTED, OutboxState.UNKNOWN])
def test_an_attempt_ends_once(store: SqlStore, end: OutboxState) -> None:
    with store.write() as transaction:
        row_id = sending(transaction, action())

        assert not transaction.finish(row_id, "stale", end, NOON)
        assert state(transaction, row_id) is OutboxState.SENDING
        assert transaction.finish(row_id, "t", end, NOON, reason="r", receipt="id-1")
        assert state(transaction, row_id) is end
        assert not transaction.finish(row_id, "t", OutboxState.DELIVERED, NOON)


def test_what_was_never_sent_cannot_be_delivered_but_can_be_given_up(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, action())
        (row,) = lease(transaction)

        assert not transaction.finish(row.id, "t", OutboxState.DELIVERED, NOON)
        assert transaction.finish(row.id, "t", OutboxState.CANCELLED, NOON, reason="resolved")
        (shown,) = transaction.view("v_outbox")

    assert (shown["state"], shown["reason"], shown["attempts"]) == ("cancelled", "resolved", 0)
    assert shown["finished_at"] == "2026-03-02T12:00:00Z"


def test_only_leases_that_ran_out_are_expired(store: SqlStore) -> None:
    with store.write() as transaction:
        on_the_way = sending(transaction, action("a"))
        queue(transaction, action("b", ticket="desk:2"), action("c", ticket="desk:3"))
        transaction.lease(NOON, 1, "t", UNTIL + HOUR)
        lease(transaction)

        assert transaction.expired(UNTIL - SOON) == []
        rows = transaction.expired(UNTIL)

    assert keys(rows) == ["a", "c"]  # b is leased for an hour
    assert [row.state for row in rows] == [OutboxState.SENDING, OutboxState.LEASED]
    assert rows[0].id == on_the_way


def test_who_lost_the_lease_to_the_rescue_can_do_nothing_more(store: SqlStore) -> None:
    with store.write() as transaction:
        row_id = sending(transaction, action())
        assert transaction.snooze(row_id, "t", UNTIL, "lease expired", OutboxState.PENDING)

        assert not transaction.finish(row_id, "t", OutboxState.DELIVERED, UNTIL)
        assert not transaction.snooze(row_id, "t", UNTIL, "again")
        assert not transaction.begin_sending(row_id, "t", UNTIL, UNTIL)
        assert transaction.next_delivery_at() == UNTIL


def test_an_attempt_that_finished_is_not_resolved_again(store: SqlStore) -> None:
    with store.write() as transaction:
        row_id = sending(transaction, action())
        transaction.finish(row_id, "t", OutboxState.DELIVERED, UNTIL)

        assert not transaction.snooze(row_id, "t", UNTIL, "late", OutboxState.UNKNOWN)
        assert state(transaction, row_id) is OutboxState.DELIVERED


def test_an_unknown_message_is_never_sent_again_but_can_be_proved(store: SqlStore) -> None:
    with store.write() as transaction:
        row_id = sending(transaction, reply("a"))
        transaction.snooze(row_id, "t", UNTIL, "crashed", OutboxState.UNKNOWN)

        assert transaction.lease(UNTIL, 9, "t", UNTIL + HOUR) == []
        assert not transaction.settle(row_id, OutboxState.PENDING, UNTIL)
        assert transaction.settle(row_id, OutboxState.DELIVERED, UNTIL, receipt="id-1")
        assert not transaction.settle(row_id, OutboxState.DELIVERED, UNTIL)


def test_every_attempt_leaves_a_line(sql_store: SqlStore) -> None:
    from sqlalchemy import select

    from engine.store.schema import ATTEMPTS

    with sql_store.write() as transaction:
        row_id = sending(transaction, action())
        transaction.snooze(row_id, "t", NOON, "HTTP 503", OutboxState.PENDING)
        lease(transaction, "t2")
        transaction.begin_sending(row_id, "t2", NOON, NOON + SOON)
        transaction.finish(row_id, "t2", OutboxState.DELIVERED, NOON + SOON, receipt="id-1")

    with sql_store.reading() as connection:
        columns = (ATTEMPTS.c.number, ATTEMPTS.c.outcome, ATTEMPTS.c.reason, ATTEMPTS.c.receipt)
        lines = connection.execute(select(*columns).order_by(ATTEMPTS.c.number)).all()
    assert [tuple(line) for line in lines] == [
        (1, "pending", "HTTP 503", None),
        (2, "delivered", None, "id-1"),
    ]


def test_a_row_that_does_not_exist_is_none(store: SqlStore) -> None:
    with store.write() as transaction:
        assert transaction.outbox_row(7) is None
        assert not transaction.finish(7, "t", OutboxState.DELIVERED, NOON)


def test_two_workers_on_postgres_lease_different_rows(postgres_store: SqlStore) -> None:
    everything = [f"k{n}" for n in range(10)]
    with postgres_store.write() as transaction:
        queue(transaction, *(action(key, ticket=f"desk:{key}") for key in everything))

    with postgres_store.write() as one, postgres_store.write() as other:
        of_one, of_other = keys(lease(one, "1", limit=6)), keys(lease(other, "2", limit=6))

    assert len(of_one) == 6
    assert sorted([*of_one, *of_other]) == everything


def test_a_worker_on_postgres_does_not_overtake_another_on_a_ticket(
    postgres_store: SqlStore,
) -> None:
    with postgres_store.write() as transaction:
        queue(transaction, action("a"), action("b"))

    with postgres_store.write() as one, postgres_store.write() as other:
        assert keys(lease(one, "1")) == ["a"]
        assert lease(other, "2") == []


# --- waiting -------------------------------------------------------------------------------------

LEAD = "lead@example.com"
CROWDED = "the receiver has heard enough"


def test_a_snooze_gives_the_attempt_back(store: SqlStore) -> None:
    with store.write() as transaction:
        row_id = sending(transaction, action("k"))
        transaction.snooze(row_id, "t", NOON, "it is down")
        (row,) = lease(transaction)
        assert row.attempts == 0
        assert transaction.begin_sending(row_id, "t", NOON, NOON + SOON)
        transaction.snooze(row_id, "t", NOON, "not now", OutboxState.PENDING)
        (row,) = lease(transaction)
        assert row.attempts == 1


def test_a_snooze_of_what_was_not_begun_takes_no_attempt_away(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(transaction, action("k"))
        (row,) = lease(transaction)
        transaction.snooze(row.id, "t", NOON, "it is down")
        (row,) = lease(transaction)
        assert row.attempts == 0


def test_what_waits_for_a_reason_goes_with_the_digests_of_its_address(store: SqlStore) -> None:
    with store.write() as transaction:
        queue(
            transaction,
            notice("first", LEAD),
            notice("crowded", LEAD, ticket="desk:2"),
            notice("another", LEAD, ticket="desk:3"),
            notice("elsewhere", "other@example.com", ticket="desk:4"),
        )
        rows = lease(transaction)
        for row in rows:
            reason = CROWDED if row.action.key in ("crowded", "elsewhere") else "down"
            transaction.snooze(row.id, "t", NOON + HOUR, reason)
        later = NOON + 2 * MINUTE
        taken = transaction.lease_digests(rows[0].action, later, "u", later + HOUR, CROWDED)
        assert keys(taken) == ["crowded"]


def deliver(transaction: SqlTransaction, one: Action, receipt: str, minutes: int) -> None:
    row_id = sending(transaction, one)
    at = NOON + minutes * MINUTE
    assert transaction.finish(row_id, "t", OutboxState.DELIVERED, at, None, receipt)


def test_messages_to_an_address_are_counted_by_their_receipts(store: SqlStore) -> None:
    with store.write() as transaction:
        deliver(transaction, notice("a", LEAD, ticket="desk:1"), "m1", 1)
        deliver(transaction, notice("b", LEAD, ticket="desk:2"), "m2", 3)
        deliver(transaction, notice("c", LEAD, ticket="desk:3"), "m2", 3)
        deliver(transaction, notice("d", "other@example.com", ticket="desk:4"), "m3", 4)
        like = notice("x", LEAD)
        assert transaction.messages_to(like, NOON) == [NOON + MINUTE, NOON + 3 * MINUTE]
        assert transaction.messages_to(like, NOON + MINUTE) == [NOON + 3 * MINUTE]


def test_a_message_is_overtaken_by_a_later_one_of_its_lane_that_is_on_its_way(
    store: SqlStore,
) -> None:
    with store.write() as transaction:
        queue(transaction, reply("a"), reply("b", occurrence=2), reply("c", ticket="desk:2"))
        assert [transaction.is_overtaken(number) for number in (1, 2, 3)] == [True, False, False]
        (first, *_) = lease(transaction)
        transaction.finish(first.id, "t", OutboxState.CANCELLED, NOON)
        transaction.lease(NOON, 9, "u", UNTIL)
        transaction.finish(2, "u", OutboxState.CANCELLED, NOON)
        assert not transaction.is_overtaken(1)


def test_a_ticket_is_being_told_of_while_a_message_to_its_customer_is_on_its_way(
    store: SqlStore,
) -> None:
    tickets = {"desk:1", "desk:2", "desk:3"}
    with store.write() as transaction:
        queue(transaction, reply("a"), action("b", ticket="desk:2"), reply("c", ticket="desk:4"))
        assert transaction.being_told(tickets) == {"desk:1"}
        lease(transaction)
        assert transaction.being_told(tickets) == {"desk:1"}
        transaction.finish(1, "t", OutboxState.CANCELLED, NOON)
        assert transaction.being_told(tickets) == set()


def test_replies_that_may_have_arrived_are_found(store: SqlStore) -> None:
    with store.write() as transaction:
        for key, ticket in (("a", "desk:1"), ("b", "desk:2")):
            row_id = sending(transaction, reply(key, ticket=ticket))
            if key == "a":
                transaction.finish(row_id, "t", OutboxState.UNKNOWN, NOON, "the line was cut")
        assert keys(transaction.unknown_replies()) == ["a"]


def test_acts_that_were_begun_and_are_not_settled_are_known(store: SqlStore) -> None:
    change = action("c", ActionKind.CHANGE, changes=(FieldChange("type", None, "x"),))
    with store.write() as transaction:
        number = sending(transaction, change)
        queue(transaction, action("waits", ActionKind.NOTE), notice("n", "ann"))

        assert keys(transaction.begun_acts([change.ticket])) == ["c"]
        assert transaction.begun_acts(["desk:another"]) == []

        transaction.snooze(number, "t", NOON, "again", OutboxState.SNOOZED)
        assert keys(transaction.begun_acts([change.ticket])) == ["c"]

        (row,) = [one for one in lease(transaction, "u") if one.id == number]
        assert transaction.begin_sending(row.id, "u", NOON, NOON + SOON)
        assert transaction.finish(row.id, "u", OutboxState.DELIVERED, NOON)
        assert transaction.begun_acts([change.ticket]) == []
