"""Copies for dry runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from engine.domain.bounce import Bounce
from engine.ports import Intervention, OutboxState, OutboxVerb
from engine.store import SqlStore, open_store
from engine.store.schema import METADATA
from tests.store.factories import (
    HOUR,
    NOON,
    action,
    contact,
    decision,
    episode,
    episode_id,
    event,
    firing,
    keep,
    message,
    record,
    ticket,
)
from tests.store.test_generations import generation
from tests.store.test_inbox import FIRST as POST
from tests.store.test_satisfaction import ANSWER
from tests.store.test_silences import asked


@pytest.fixture
def full_store(sql_store: SqlStore) -> SqlStore:
    """A store with something in every table."""
    with sql_store.write() as transaction:
        keep(transaction, record(ticket(), event("e1")), ticket())
        transaction.save_contacts({"desk:1": [contact(ticket())]})
        transaction.set_watermark("desk", {"line": 1}, NOON)
        transaction.mark_due(["desk:1"], NOON)
        of = episode_id()
        transaction.save_episodes([episode(firings=(firing(),), messages=(message(of),))])
        transaction.append_decisions([decision()])
        transaction.spend_budget("late", NOON, 1)
        transaction.enqueue([action()], NOON)
        transaction.lease(NOON, 1, "t", NOON + HOUR)
        transaction.begin_sending(1, "t", NOON, NOON)
        transaction.enqueue([action("k2", ticket="desk:2")], NOON)
        transaction.intervene(Intervention(2, OutboxVerb.DROP, OutboxState.PENDING, "ann", NOON))
        transaction.activate_generation(generation("g1"))
        transaction.add_silence(asked())
        transaction.save_answer(ANSWER)
        transaction.keep_posts([POST])
        transaction.admit("msg_1.1700000000", NOON)
        transaction.nudge("desk", ["desk:1"], NOON)
        transaction.add_bounces([Bounce("dead", NOON, "desk:1", "550 no such user")])
    return sql_store


@pytest.fixture
def copy() -> Iterator[SqlStore]:
    store = open_store("sqlite://")
    yield store
    store.close()


def content(store: SqlStore) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in METADATA.tables.items()
        }


def test_a_copy_holds_all_that_the_store_holds(full_store: SqlStore, copy: SqlStore) -> None:
    full_store.copy_into(copy)

    found = content(copy)
    assert found == content(full_store)
    assert all(found.values()), "every table must have something to lose"


def test_a_copy_holds_nothing_else(full_store: SqlStore, copy: SqlStore) -> None:
    with copy.write() as transaction:
        transaction.mark_due(["desk:99"], NOON)

    full_store.copy_into(copy)

    assert content(copy) == content(full_store)


def test_what_happens_to_a_copy_does_not_happen_to_the_store(
    full_store: SqlStore, copy: SqlStore
) -> None:
    before = content(full_store)
    full_store.copy_into(copy)

    with copy.write() as transaction:
        transaction.enqueue([action("new")], NOON)
        transaction.append_decisions([decision()])
        transaction.set_next_checks({"desk:1": None})

    assert content(full_store) == before
    assert [row["id"] for row in transaction_view(copy, "v_outbox")] == [1, 2, 3]


def transaction_view(store: SqlStore, name: str) -> list[dict[str, object]]:
    with store.read() as transaction:
        return transaction.view(name)
