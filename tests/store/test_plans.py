"""What each tick asks is answered from a narrow index, however many tickets there are."""

from __future__ import annotations

import pytest
from sqlalchemy import Select, text

from engine.store import SqlStore, outbox, subjects
from engine.store.schema import METADATA
from tests.store.factories import NOON, action

HAYSTACK = 2_000

IDLE_QUESTIONS = {
    "next_due_at": (subjects.NEXT_DUE, "subjects_due"),
    "claim_due": (subjects.DUE, "subjects_due"),
    "next_delivery_at": (outbox.NEXT_DELIVERY, "outbox_waiting"),
    "lease": (outbox.READY, "outbox_waiting"),
    "expired": (outbox.EXPIRED, "outbox_leased"),
}


def plan(store: SqlStore, question: Select[*tuple[object, ...]]) -> list[str]:
    """The steps by which the database would answer, with `now` long ago."""
    values = {name: 0 for name in ("now", "most") if name in question.compile().params}
    asked = question.params(values)
    with store.writing() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if not is_sqlite:
            for table in METADATA.tables:
                connection.execute(text(f"ANALYZE {table}"))
        spelt = asked.compile(connection, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
        return [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {spelt}")]


@pytest.mark.parametrize("question", IDLE_QUESTIONS)
def test_a_question_of_an_idle_tick_is_answered_from_its_index_in_order(
    store: SqlStore, question: str
) -> None:
    statement, index = IDLE_QUESTIONS[question]
    with store.write() as transaction:
        transaction.set_next_checks({f"desk:{n}": NOON for n in range(HAYSTACK)})
        transaction.enqueue([action(f"k{n}", ticket=f"desk:{n}") for n in range(HAYSTACK)], NOON)

    steps = plan(store, statement)

    assert any(index in step for step in steps), steps
    assert not any("TEMP B-TREE" in step or "Sort" in step for step in steps), steps
