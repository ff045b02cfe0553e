"""Which rules are in force, and small facts by name."""

from __future__ import annotations

from dataclasses import replace

from engine.ports import EarlierText, GenerationRecord, RuleKnown
from engine.store import SqlStore
from tests.store.factories import HOUR, NOON


def generation(name: str) -> GenerationRecord:
    return GenerationRecord(
        id=name,
        loaded_at=NOON,
        rules={"late": RuleKnown(fingerprint=f"f-{name}", since=NOON - HOUR)},
        sources={"rules/late.yaml": "version: 1\n# ünï\n"},
    )


def test_at_first_no_generation_is_in_force(store: SqlStore) -> None:
    with store.read() as transaction:
        assert transaction.active_generation() is None


def test_the_generation_in_force_is_the_last_activated(store: SqlStore) -> None:
    with store.write() as transaction:
        for name in ("a", "b", "a"):
            transaction.activate_generation(generation(name))

        assert transaction.active_generation() == generation("a")


def test_a_generation_that_was_in_force_is_kept(store: SqlStore) -> None:
    earlier = EarlierText("a", "late", None)
    known = RuleKnown("f-b", NOON, (EarlierText("x", "slow", NOON - HOUR), earlier))
    with store.write() as transaction:
        transaction.activate_generation(generation("a"))
        transaction.activate_generation(replace(generation("b"), rules={"late": known}))

        assert transaction.generation("a") == generation("a")
        assert transaction.generation("c") is None
        active = transaction.active_generation()

    assert active is not None
    assert active.rules == {"late": known}


def test_the_generation_of_a_past_instant_is_the_last_put_in_force_by_then(
    store: SqlStore,
) -> None:
    with store.write() as transaction:
        for hours, name in enumerate(("a", "b", "a", "c")):
            record = replace(generation(name), loaded_at=NOON + hours * HOUR)
            transaction.activate_generation(record)

        found = [transaction.generation_at(NOON + hours * HOUR) for hours in (-1, 0, 1, 2, 3, 9)]

    assert [one and one.id for one in found] == [None, "a", "b", "a", "c", "c"]


def test_a_fact_is_the_last_one_set(store: SqlStore) -> None:
    with store.write() as transaction:
        assert transaction.meta("colour") is None
        transaction.set_meta("colour", "red")
        transaction.set_meta("colour", "blue")

        assert transaction.meta("colour") == "blue"
