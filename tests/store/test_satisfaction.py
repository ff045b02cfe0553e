"""Answers to the survey: one for each ticket, kept as it was given."""

from __future__ import annotations

from dataclasses import replace

from engine.ports import Answer
from engine.store import SqlStore
from tests.store.factories import HOUR, NOON, episode

ANSWER = Answer("desk:1", "late", "a1", 2, 5, "Zu spät 😞\nwirklich", NOON)


def test_an_answer_is_kept_as_it_was_given(store: SqlStore) -> None:
    with store.write() as tx:
        assert tx.answer("desk:1") is None
        assert tx.save_answer(ANSWER)

    with store.read() as tx:
        assert tx.answer("desk:1") == ANSWER
        assert tx.answer("desk:2") is None


def test_the_first_answer_of_a_ticket_stays(store: SqlStore) -> None:
    with store.write() as tx:
        tx.save_answer(ANSWER)

        assert not tx.save_answer(replace(ANSWER, score=5, answered_at=NOON + HOUR))
        assert tx.save_answer(replace(ANSWER, ticket="desk:2"))
        assert tx.answer("desk:1") == ANSWER


def test_an_answer_goes_with_a_rule_that_is_renamed(store: SqlStore) -> None:
    with store.write() as tx:
        tx.save_episodes([episode()])
        tx.save_answer(ANSWER)
        tx.rename_rule("late", "too-late")

        assert tx.answer("desk:1") == replace(ANSWER, rule="too-late")
