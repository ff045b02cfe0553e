"""The decision log, and the budgets."""

from __future__ import annotations

from engine.domain.reason import Reason, Verdict
from engine.store import SqlStore
from tests.store.factories import HOUR, NOON, decision


def test_decisions_are_numbered_in_the_order_given(store: SqlStore) -> None:
    rules = [f"r{n}" for n in (3, 1, 2)]

    with store.write() as transaction:
        numbers = transaction.append_decisions([decision(rule=rule) for rule in rules])
        later = transaction.append_decisions([decision()])

        rows = transaction.view("v_decisions")

    assert numbers == sorted(numbers)
    assert later[0] > numbers[-1]
    assert [row["rule"] for row in rows] == [*rules, "late"]
    assert [row["decision"] for row in rows] == [*numbers, *later]


def test_more_decisions_than_fit_a_statement_keep_their_order(store: SqlStore) -> None:
    with store.write() as transaction:
        numbers = transaction.append_decisions([decision(rule=f"r{n}") for n in range(3_000)])
        rows = transaction.view("v_decisions")

    assert [row["decision"] for row in rows] == numbers
    assert [row["rule"] for row in rows] == [f"r{n}" for n in range(3_000)]


def test_appending_no_decisions_gives_no_numbers(store: SqlStore) -> None:
    with store.write() as transaction:
        assert transaction.append_decisions([]) == []


def test_the_last_decision_of_each_rule_on_each_subject_is_told(store: SqlStore) -> None:
    fired = {"verdict": Verdict.FIRED, "reason": Reason.LEVEL_DUE}

    with store.write() as transaction:
        transaction.append_decisions([decision("desk:1", "a"), decision("desk:2", "a")])
        transaction.append_decisions([decision("desk:1", "a", **fired), decision("desk:1", "b")])

        assert transaction.last_decisions(["desk:1", "desk:3"]) == {
            ("desk:1", "a"): (Verdict.FIRED, Reason.LEVEL_DUE),
            ("desk:1", "b"): (Verdict.WAITING, Reason.NOT_YET),
        }


def test_the_log_is_told_up_to_an_instant(store: SqlStore) -> None:
    first = decision("desk:1", "a", evidence={"anchor": "x"})
    second = decision("desk:1", "b", at=NOON + HOUR)
    with store.write() as transaction:
        numbers = transaction.append_decisions([first, decision("desk:2", "a"), second])

        assert transaction.decisions(["desk:1"], NOON) == {numbers[0]: first}
        assert list(transaction.decisions(["desk:1"], NOON + HOUR).values()) == [first, second]
        assert transaction.decisions(["desk:1"], NOON - HOUR) == {}


def test_a_budget_is_spent_by_rule_and_period(store: SqlStore) -> None:
    with store.write() as transaction:
        assert transaction.budget_used("late", NOON) == 0
        transaction.spend_budget("late", NOON, 2)
        transaction.spend_budget("late", NOON, 3)
        transaction.spend_budget("late", NOON + HOUR, 1)
        transaction.spend_budget("other", NOON, 1)

        assert transaction.budget_used("late", NOON) == 5
        assert transaction.budget_used("late", NOON + HOUR) == 1
