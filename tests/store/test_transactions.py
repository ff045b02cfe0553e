"""What a transaction is: all or nothing, one writer after the other, and readers beside them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.errors import StoreBusyError, StoreError
from engine.ports import Store, Transaction
from engine.store import SqlStore, open_store
from tests.store.factories import NOON, action, decision, episode, firing


class Mishap(Exception):  # noqa: N818  (what happens to the caller, not to the store)
    pass


def test_a_store_is_what_the_core_asks_for(store: SqlStore) -> None:
    asked_for: Store = store  # mypy holds every method against the protocol

    with asked_for.read() as transaction:
        missing = {
            name
            for name in vars(Transaction)
            if not name.startswith("_") and not hasattr(transaction, name)
        }

    assert missing == set()


def test_what_is_written_can_be_read_afterwards(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.set_meta("colour", "red")

    with store.read() as transaction:
        assert transaction.meta("colour") == "red"


def test_an_error_in_a_writing_transaction_leaves_nothing_behind(store: SqlStore) -> None:
    def decide_and_fail() -> None:
        with store.write() as transaction:
            transaction.mark_due(["desk:1"], NOON)
            transaction.save_episodes([episode(firings=(firing(),))])
            transaction.append_decisions([decision()])
            transaction.enqueue([action()], NOON)
            raise Mishap

    with pytest.raises(Mishap):
        decide_and_fail()

    with store.read() as transaction:
        assert transaction.next_due_at() is None
        assert transaction.episodes(["desk:1"]) == {}
        assert transaction.view("v_firings") == []
        assert transaction.view("v_decisions") == []
        assert transaction.view("v_outbox") == []


def test_an_error_of_the_database_leaves_nothing_behind(sql_store: SqlStore) -> None:
    def write_and_fail() -> None:
        with sql_store.writing() as connection:
            connection.execute(text("INSERT INTO meta (key, value) VALUES ('colour', 'red')"))
            connection.execute(text("INSERT INTO meta (key, value) VALUES ('colour', 'blue')"))

    with pytest.raises(StoreError):
        write_and_fail()

    with sql_store.read() as transaction:
        assert transaction.meta("colour") is None


def test_after_an_error_the_store_goes_on(store: SqlStore) -> None:
    for one in (store.write, store.read):
        with pytest.raises(Mishap), one():
            raise Mishap

    with store.write() as transaction:
        transaction.set_meta("colour", "red")


def test_writing_in_a_reading_transaction_is_an_error(sql_store: SqlStore) -> None:
    words = "was written to in a reading transaction"
    with pytest.raises(StoreError, match=words), sql_store.read() as transaction:
        transaction.set_meta("colour", "red")

    with sql_store.write() as transaction:
        assert transaction.meta("colour") is None
        transaction.set_meta("colour", "blue")


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_a_reader_sees_one_instant_while_others_write(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    store: SqlStore = (
        open_store(f"sqlite:///{tmp_path}/s.db")
        if kind == "file"
        else request.getfixturevalue("postgres_store")
    )

    with store.read() as reader:
        before = reader.meta("colour")
        with store.write() as writer:
            writer.set_meta("colour", "red")
        after = reader.meta("colour")

    assert (before, after) == (None, None)
    with store.read() as reader:
        assert reader.meta("colour") == "red"
    store.close()


def test_two_programs_on_one_file_take_turns(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    one, other = open_store(url), open_store(url, wait=0.01)

    with one.write(), pytest.raises(StoreBusyError, match="trying again is safe"), other.write():
        pass

    with other.write() as transaction:
        transaction.set_meta("colour", "red")
    one.close()
    other.close()


@pytest.mark.parametrize("place", ["sqlite://", "sqlite:///{}/s.db"])
def test_threads_of_one_program_take_turns(place: str, tmp_path: Path) -> None:
    store = open_store(place.format(tmp_path))

    def count_on() -> None:
        for _ in range(10):
            with store.write() as transaction:
                found = int(transaction.meta("count") or 0)
                transaction.set_meta("count", str(found + 1))

    threads = [threading.Thread(target=count_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.read() as transaction:
        assert transaction.meta("count") == "40"
    store.close()


def test_a_thread_that_waits_too_long_for_its_turn_is_told_so(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/s.db", wait=0.01)
    found: list[Exception] = []

    def write() -> None:
        try:
            with store.write():
                pass
        except StoreBusyError as error:
            found.append(error)

    with store.write():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()

    assert [str(error) for error in found] == [f"store {tmp_path}/s.db is busy: no turn in 0.01 s"]
    store.close()


def test_a_transaction_within_a_transaction_is_an_error_and_no_deadlock(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/s.db")

    words = "a transaction inside another"
    with store.write(), pytest.raises(StoreError, match=words), store.write():
        pass
    store.close()


def test_a_lock_that_is_held_too_long_makes_postgres_busy(postgres_url: str) -> None:
    patient, hasty = open_store(postgres_url), open_store(postgres_url, wait=0.05)
    with patient.write() as transaction:
        transaction.set_meta("colour", "red")

    with patient.write() as transaction:
        transaction.set_meta("colour", "blue")
        with pytest.raises(StoreBusyError, match="trying again is safe"), hasty.write() as other:
            other.set_meta("colour", "green")

    patient.close()
    hasty.close()


def test_a_deadlock_on_postgres_is_a_busy_store(postgres_url: str) -> None:
    store = open_store(postgres_url)
    with store.write() as transaction:
        transaction.set_meta("a", "0")
        transaction.set_meta("b", "0")
    both_have_one = threading.Barrier(2)
    ends: list[str] = []

    def lock_both(first: str, second: str) -> None:
        try:
            with store.write() as transaction:
                transaction.set_meta(first, "1")
                both_have_one.wait()
                transaction.set_meta(second, "1")
        except StoreBusyError:
            ends.append("busy")
        else:
            ends.append("done")

    threads = [threading.Thread(target=lock_both, args=pair) for pair in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["busy", "done"]
    store.close()
