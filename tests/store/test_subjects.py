"""When a subject must be looked at again, and who does."""

from __future__ import annotations

import threading

from engine.store import SqlStore, SqlTransaction, open_store
from tests.store.factories import HOUR, MINUTE, NOON


def due(transaction: SqlTransaction, limit: int = 100) -> list[str]:
    return [one.subject for one in transaction.claim_due(NOON, limit)]


def test_nothing_is_due_in_an_empty_store(store: SqlStore) -> None:
    with store.write() as transaction:
        assert transaction.next_due_at() is None
        assert due(transaction) == []


def test_what_is_due_comes_the_longest_due_first_then_by_subject(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.mark_due(["desk:2", "desk:1"], NOON)
        transaction.mark_due(["desk:9"], NOON - HOUR)
        transaction.mark_due(["desk:5"], NOON + MINUTE)

        assert due(transaction) == ["desk:9", "desk:1", "desk:2"]
        assert due(transaction, limit=2) == ["desk:9", "desk:1"]
        assert transaction.claim_due(NOON, 1)[0].next_check_at == NOON - HOUR
        assert transaction.next_due_at() == NOON - HOUR


def test_the_next_check_of_a_subject_may_be_asked_for(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.set_next_checks({"desk:1": NOON, "desk:2": None})

        found = transaction.next_checks(["desk:1", "desk:2", "desk:3"])

    assert found == {"desk:1": NOON, "desk:2": None}


def test_marking_due_never_puts_off(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.mark_due(["desk:1"], NOON)
        transaction.mark_due(["desk:1"], NOON + HOUR)
        assert transaction.next_due_at() == NOON

        transaction.mark_due(["desk:1", "desk:1"], NOON - HOUR)
        assert transaction.next_due_at() == NOON - HOUR


def test_marking_due_wakes_what_waited_for_a_change(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.set_next_checks({"desk:1": None})
        assert transaction.next_due_at() is None

        transaction.mark_due(["desk:1"], NOON)
        assert transaction.next_due_at() == NOON


def test_a_next_check_replaces_the_one_before(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.mark_due(["desk:1", "desk:2", "desk:3"], NOON)
        transaction.set_next_checks(
            {"desk:1": NOON + HOUR, "desk:2": None, "desk:4": NOON + MINUTE}
        )

        assert due(transaction) == ["desk:3"]
        transaction.set_next_checks({"desk:3": None})
        assert transaction.next_due_at() == NOON + MINUTE


def test_the_timed_subjects_are_those_with_a_next_check(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.mark_due(["desk:2", "desk:1", "desk:3"], NOON)
        transaction.set_next_checks({"desk:2": None, "desk:1": NOON + HOUR})
        assert transaction.timed_subjects() == ["desk:1", "desk:3"]


def test_two_workers_on_postgres_claim_different_subjects(postgres_store: SqlStore) -> None:
    subjects = {f"desk:{n}" for n in range(10)}
    with postgres_store.write() as transaction:
        transaction.mark_due(subjects, NOON)

    with postgres_store.write() as one, postgres_store.write() as other:
        of_one, of_other = due(one, limit=6), due(other, limit=6)

    assert len(of_one) == 6
    assert len(of_other) == 4
    assert {*of_one, *of_other} == subjects


def test_a_change_during_an_evaluation_on_postgres_is_not_lost(postgres_url: str) -> None:
    """What ingest marks due while a worker holds the claim is due after the worker's commit."""
    store = open_store(postgres_url)
    with store.write() as transaction:
        transaction.mark_due(["desk:1"], NOON)

    def mark() -> None:
        with store.write() as transaction:
            transaction.mark_due(["desk:1"], NOON + MINUTE)

    ingest = threading.Thread(target=mark)
    with store.write() as worker:
        assert due(worker) == ["desk:1"]
        ingest.start()
        worker.set_next_checks({"desk:1": NOON + HOUR})
    ingest.join()

    with store.read() as transaction:
        assert transaction.next_due_at() == NOON + MINUTE
    store.close()
