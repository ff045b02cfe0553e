"""Ready or not: told by a steady clock, three evaluations long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from engine.insight.health import Health


@dataclass
class Steady:
    """A clock that goes on only when it is told to."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Steady:
    return Steady()


@pytest.fixture
def health(clock: Steady) -> Health:
    """Of a daemon that evaluates each ten seconds, and has read its desk and ticked once."""
    health = Health(timedelta(seconds=10), ["desk"], clock)
    health.read(["desk"], [])
    health.ticked()
    return health


def test_a_daemon_that_has_not_evaluated_yet_is_not_ready(clock: Steady) -> None:
    told = Health(timedelta(seconds=10), ["desk"], clock).report()

    assert told["ready"] is False
    assert told["problems"] == ["the first evaluation has not come round yet"]
    assert told["last_tick_seconds"] is None


def test_it_is_ready_after_the_first_evaluation(health: Health) -> None:
    assert health.report()["ready"] is True
    assert health.report()["problems"] == []


@pytest.mark.parametrize(
    "passed, problems", [(30, []), (31, ["the last good evaluation was 31 seconds ago"])]
)
def test_it_may_miss_three_evaluations(
    health: Health, clock: Steady, passed: int, problems: list[str]
) -> None:
    clock.seconds += passed

    told = health.report()

    assert told["ready"] is (not problems)
    assert told["last_tick_seconds"] == passed
    assert told["problems"] == problems


def test_the_next_evaluation_makes_it_ready_again(health: Health, clock: Steady) -> None:
    clock.seconds += 100
    health.ticked()

    assert health.report()["ready"] is True


def test_a_helpdesk_that_cannot_be_read_for_three_evaluations_is_silent(
    health: Health, clock: Steady
) -> None:
    clock.seconds += 31
    health.read([], ["desk"])
    health.ticked()

    assert health.report()["problems"] == ["helpdesk desk has been silent for 31 seconds"]


def test_one_reading_that_fails_is_no_silence(health: Health, clock: Steady) -> None:
    clock.seconds += 10
    health.read([], ["desk"])
    health.ticked()

    assert health.report()["ready"] is True


def test_a_helpdesk_that_was_never_read_is_silent_after_a_while(clock: Steady) -> None:
    health = Health(timedelta(seconds=10), ["desk", "other"], clock)
    clock.seconds += 31
    health.read(["desk"], ["other"])
    health.ticked()

    told = health.report()

    assert told["problems"] == ["helpdesk other has been silent for 31 seconds"]
    assert told["helpdesks"] == [
        {"name": "desk", "last_read_seconds": 0},
        {"name": "other", "last_read_seconds": None},
    ]


def test_a_helpdesk_that_speaks_again_is_not_silent(health: Health, clock: Steady) -> None:
    clock.seconds += 31
    health.read([], ["desk"])
    health.read(["desk"], [])
    health.ticked()

    assert health.report()["ready"] is True


def test_a_quiet_replay_that_reads_nothing_anew_is_not_silent(
    health: Health, clock: Steady
) -> None:
    clock.seconds += 100
    health.ticked()

    assert health.report()["ready"] is True


def test_broken_rule_files_leave_it_ready_and_are_told(health: Health) -> None:
    health.runs("abc", degraded=True)

    told = health.report()

    assert (told["ready"], told["degraded"], told["generation"]) == (True, True, "abc")


def test_a_daemon_that_stops_is_not_ready(health: Health) -> None:
    health.stops()

    assert health.report()["problems"] == ["it is stopping"]
