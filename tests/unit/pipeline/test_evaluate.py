"""One subject, or one helpdesk, that fails does not stop the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.domain.decide import Outcome, decide
from engine.domain.facts import Facts
from engine.pipeline.evaluate import PUT_OFF_BY, evaluate
from tests.scenario.desk import Desk, at, rule, rules


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.rules(rules(rule()))
    return desk


def test_a_subject_whose_decision_fails_is_put_off_and_the_batch_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(facts: Facts, *arguments: object) -> Outcome:
        if facts.subject == "desk:T1":
            raise ValueError("no such thing")
        return decide(facts, *arguments)  # type: ignore[arg-type]

    desk.open("T1")
    desk.open("T2")
    assert desk.cycle is not None
    desk.cycle.ingest(at("0s"))
    monkeypatch.setattr("engine.pipeline.evaluate.decide", failing)
    done = evaluate(desk.store, desk.cycle.policy, at("3h"))
    assert [failure.subject for failure in done.failures] == ["desk:T1"]
    assert desk.fires(ticket="desk:T2") == ["a@2h>3h"]
    assert desk.decision(rule="") == "error"
    with desk.store.read() as tx:
        assert tx.next_due_at() == at("3h") + PUT_OFF_BY
    monkeypatch.undo()
    evaluate(desk.store, desk.cycle.policy, at("3h") + PUT_OFF_BY)
    assert desk.fires(ticket="desk:T1") == ["a@2h>3h5m"]


def test_subjects_that_may_not_be_looked_at_yet_do_not_stand_in_the_way_of_others(
    desk: Desk,
) -> None:
    desk.open("T1")
    desk.open("T2", "1m")
    assert desk.cycle is not None
    desk.cycle.ingest(at("1h"))
    policy = replace(desk.cycle.policy, batch=1)
    evaluate(desk.store, policy, at("3h"), lambda subject: subject != "desk:T1")
    assert desk.fires(ticket="desk:T1") == []
    assert desk.fires(ticket="desk:T2") == ["a@2h1m>3h"]


def test_a_batch_of_any_size_decides_the_same(desk: Desk) -> None:
    for number in range(7):
        desk.open(f"T{number}")
    assert desk.cycle is not None
    desk.cycle.ingest(at("0s"))
    evaluate(desk.store, replace(desk.cycle.policy, batch=3), at("2h"))
    assert len(desk.fires()) == 7


def test_nothing_is_due_again_after_an_evaluation(desk: Desk) -> None:
    desk.open()
    assert desk.cycle is not None
    desk.cycle.ingest(at("0s"))
    evaluate(desk.store, desk.cycle.policy, at("3h"))
    again = evaluate(desk.store, desk.cycle.policy, at("3h") + timedelta(seconds=1))
    assert again.subjects == 0
