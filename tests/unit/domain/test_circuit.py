"""When the other side is left alone, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.domain.circuit import FIRST_COOL_DOWN, LONGEST_COOL_DOWN, Circuit, Failure
from engine.testing import MONDAY

SECOND = timedelta(seconds=1)


def failure(at: datetime = MONDAY, took: timedelta = timedelta(), **more: timedelta) -> Failure:
    return Failure(at - took, at, "connection refused", **more)


def opened(at: datetime = MONDAY) -> Circuit:
    circuit = Circuit()
    for _ in range(3):
        circuit = circuit.failed(failure(at))
    return circuit


def test_a_new_circuit_lets_everything_through() -> None:
    assert Circuit().closed_until(MONDAY) is None
    assert not Circuit().is_open


def test_two_failures_in_a_row_open_nothing() -> None:
    circuit = Circuit().failed(failure()).failed(failure())
    assert not circuit.is_open
    assert circuit.closed_until(MONDAY) is None


def test_the_third_failure_in_a_row_opens_it() -> None:
    circuit = opened()
    assert circuit.opened_at == MONDAY
    assert circuit.closed_until(MONDAY) == MONDAY + FIRST_COOL_DOWN


def test_an_answer_between_failures_lets_the_count_begin_anew() -> None:
    circuit = Circuit().failed(failure()).failed(failure()).answered().failed(failure())
    assert not circuit.is_open


def test_failures_that_cost_ten_seconds_of_waiting_open_it_before_the_third() -> None:
    assert Circuit().failed(failure(took=15 * SECOND)).is_open
    assert not Circuit().failed(failure(took=6 * SECOND)).is_open
    assert Circuit().failed(failure(took=6 * SECOND)).failed(failure(took=6 * SECOND)).is_open


def test_after_the_cool_down_a_probe_may_go() -> None:
    circuit = opened()
    assert circuit.closed_until(MONDAY + FIRST_COOL_DOWN - SECOND) is not None
    assert circuit.closed_until(MONDAY + FIRST_COOL_DOWN) is None
    assert circuit.is_open


def test_each_probe_that_fails_doubles_the_cool_down_up_to_a_limit() -> None:
    circuit, cool_downs = opened(), []
    for minute in range(8):
        circuit = circuit.failed(failure(MONDAY + timedelta(minutes=minute)))
        cool_downs.append(circuit.cool_down)
    assert cool_downs[:3] == [2 * FIRST_COOL_DOWN, 4 * FIRST_COOL_DOWN, 8 * FIRST_COOL_DOWN]
    assert cool_downs[-1] == LONGEST_COOL_DOWN
    assert circuit.opened_at == MONDAY


def test_a_probe_that_is_answered_closes_it() -> None:
    assert opened().answered() == Circuit()


def test_who_asks_for_more_time_gets_it() -> None:
    hour = timedelta(hours=1)
    circuit = Circuit().failed(failure()).failed(failure()).failed(failure(asked=hour))
    assert circuit.closed_until(MONDAY) == MONDAY + hour


def test_a_clock_that_was_set_back_does_not_keep_it_shut() -> None:
    assert opened().closed_until(MONDAY - timedelta(hours=3)) is None
