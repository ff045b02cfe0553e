"""People's decisions about rows of the outbox: carried out once, kept, and told once."""

from __future__ import annotations

import pytest

from engine.domain.actions import ActionKind
from engine.ports import Attempt, Intervention, OutboxState, OutboxVerb, Store, Transaction
from tests.store.factories import HOUR, MINUTE, NOON, action, reply

LATER = NOON + HOUR


def rejected(transaction: Transaction) -> int:
    """A message to a customer that was refused for good."""
    transaction.enqueue([reply("k")], NOON)
    (row,) = transaction.lease(NOON, 9, "t", LATER)
    transaction.begin_sending(row.id, "t", NOON, NOON)
    transaction.finish(row.id, "t", OutboxState.REJECTED, NOON + MINUTE, "no such mailbox")
    return row.id


def word(
    row_id: int, verb: OutboxVerb, before: OutboxState, why: str | None = None
) -> Intervention:
    return Intervention(row_id, verb, before, "ann", LATER, why)


def test_what_is_retried_waits_and_is_due_at_once(store: Store) -> None:
    with store.write() as transaction:
        row_id = rejected(transaction)
        assert transaction.intervene(word(row_id, OutboxVerb.RETRY, OutboxState.REJECTED))

        row = transaction.outbox_row(row_id)
        assert row is not None
        assert (row.state, row.reason) == (OutboxState.PENDING, "retried by ann")
        assert (row.attempts, row.next_attempt_at) == (1, LATER)
        assert transaction.view("v_outbox", {"id": row_id})[0]["finished_at"] is None
        assert [one.id for one in transaction.lease(LATER, 9, "u", LATER + HOUR)] == [row_id]


def test_what_is_dropped_is_over_and_says_who_wanted_it_and_why(store: Store) -> None:
    with store.write() as transaction:
        row_id = rejected(transaction)
        dropped = word(row_id, OutboxVerb.DROP, OutboxState.REJECTED, "they rang")
        assert transaction.intervene(dropped)

        (line,) = transaction.view("v_outbox", {"id": row_id})
        assert (line["state"], line["reason"]) == ("dropped", "dropped by ann: they rang")
        assert line["finished_at"] == "2026-03-02T13:00:00Z"
        assert transaction.next_delivery_at() is None


def test_what_is_released_is_no_longer_held(store: Store) -> None:
    with store.write() as transaction:
        transaction.enqueue([action("k", ActionKind.CHANGE, held=True, reason="budget")], NOON)
        assert transaction.intervene(word(1, OutboxVerb.RELEASE, OutboxState.HELD))

        row = transaction.outbox_row(1)
        assert row is not None
        assert (row.state, row.reason) == (OutboxState.PENDING, "released by ann")


@pytest.mark.parametrize("verb", list(OutboxVerb))
def test_a_row_that_is_not_as_it_was_seen_stays_as_it_is(store: Store, verb: OutboxVerb) -> None:
    with store.write() as transaction:
        transaction.enqueue([reply("k")], NOON)
        transaction.lease(NOON, 9, "t", LATER)
        before = transaction.outbox_row(1)

        assert not transaction.intervene(word(1, verb, OutboxState.PENDING, "because"))
        assert not transaction.intervene(word(7, verb, OutboxState.PENDING, "because"))

        assert transaction.outbox_row(1) == before
        assert transaction.interventions(1) == ()


def test_attempts_are_kept_beyond_a_retry(store: Store) -> None:
    with store.write() as transaction:
        row_id = rejected(transaction)
        transaction.intervene(word(row_id, OutboxVerb.RETRY, OutboxState.REJECTED))
        transaction.lease(LATER, 9, "u", LATER + HOUR)
        transaction.begin_sending(row_id, "u", LATER, LATER)

        assert transaction.attempts(row_id) == (
            Attempt(1, NOON, NOON + MINUTE, OutboxState.REJECTED, "no such mailbox"),
            Attempt(2, LATER),
        )
        assert transaction.attempts(99) == ()


def test_an_attempt_whose_process_died_has_an_outcome_and_no_end(store: Store) -> None:
    with store.write() as transaction:
        transaction.enqueue([reply("k")], NOON)
        transaction.lease(NOON, 9, "t", LATER)
        transaction.begin_sending(1, "t", NOON, NOON)
        transaction.snooze(1, "t", NOON, "it died", OutboxState.UNKNOWN)

        assert transaction.attempts(1) == (Attempt(1, NOON, None, OutboxState.UNKNOWN, "it died"),)


def test_each_decision_is_kept_in_order_and_told_once(store: Store) -> None:
    with store.write() as transaction:
        row_id = rejected(transaction)
        transaction.intervene(word(row_id, OutboxVerb.RETRY, OutboxState.REJECTED))
        transaction.intervene(word(row_id, OutboxVerb.DROP, OutboxState.PENDING, "enough"))

        untold = transaction.interventions_to_tell_of()
        assert untold == list(transaction.interventions(row_id))
        assert [(one.verb, one.why) for one in untold] == [("retry", None), ("drop", "enough")]
        assert [transaction.tell_of_intervention(one.id) for one in untold] == [True, True]
        assert not transaction.tell_of_intervention(untold[0].id)
        assert transaction.interventions_to_tell_of() == []
        assert transaction.interventions(row_id) == tuple(untold)
