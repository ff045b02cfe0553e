"""Where `now` comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

import pytest

from engine.clock import ReplayClock, SystemClock

FROM = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)


@dataclass
class Machine:
    """A machine on which processes come and go, and only a text survives them."""

    kept: str | None = None
    real: float = 1000.0
    saves: list[str] = field(default_factory=list)

    def save(self, text: str) -> None:
        self.kept = text
        self.saves.append(text)

    def process(self, speed: float = 600, from_: datetime = FROM) -> ReplayClock:
        return ReplayClock(from_, speed, lambda: self.kept, self.save, lambda: self.real)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_the_system_clock_tells_whole_seconds_of_utc() -> None:
    now = SystemClock().now()

    assert now.tzinfo is UTC
    assert now.microsecond == 0
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


def test_a_replay_that_never_ran_stands_at_its_beginning(machine: Machine) -> None:
    clock = machine.process()
    machine.real += 3600

    assert clock.now() == FROM
    assert machine.saves == []


def test_a_running_replay_is_its_beginning_plus_speed_times_running_time(
    machine: Machine,
) -> None:
    clock = machine.process(speed=600)
    clock.start()
    machine.real += 6.5

    assert clock.now() == FROM + timedelta(seconds=3900)


def test_a_replay_tells_whole_seconds(machine: Machine) -> None:
    clock = machine.process(speed=0.75)
    clock.start()
    machine.real += 2

    assert clock.now() == FROM + timedelta(seconds=1)


def test_starting_twice_changes_nothing(machine: Machine) -> None:
    clock = machine.process()
    clock.start()
    machine.real += 1
    clock.start()
    machine.real += 1

    assert clock.now() == FROM + timedelta(minutes=20)


def test_a_stopped_replay_stands_still_and_goes_on_where_it_stood(machine: Machine) -> None:
    first = machine.process()
    first.start()
    machine.real += 60
    first.stop()
    machine.real += 86400

    second = machine.process()
    assert second.now() == FROM + timedelta(hours=10)
    second.start()
    machine.real += 6
    assert second.now() == FROM + timedelta(hours=11)


def test_other_processes_see_the_instant_that_was_kept_last(machine: Machine) -> None:
    daemon, verb = machine.process(), machine.process()
    daemon.start()
    machine.real += 6
    assert daemon.keep() == FROM + timedelta(hours=1)
    machine.real += 3

    assert verb.now() == FROM + timedelta(hours=1)


def test_a_killed_replay_goes_on_from_what_was_kept_last(machine: Machine) -> None:
    killed = machine.process()
    killed.start()
    machine.real += 6
    killed.keep()
    machine.real += 3

    heir = machine.process()
    heir.start()

    assert heir.now() == FROM + timedelta(hours=1)


def test_keeping_the_same_instant_again_writes_nothing(machine: Machine) -> None:
    clock = machine.process()
    clock.start()
    clock.keep()
    clock.keep()

    assert machine.saves == ["2016-03-02T16:00:00Z"]


def test_a_beginning_that_is_moved_back_does_not_take_the_clock_back(machine: Machine) -> None:
    machine.kept = "2016-03-05T00:00:00Z"

    assert machine.process().now() == datetime(2016, 3, 5, tzinfo=UTC)


def test_a_beginning_that_is_moved_on_takes_the_clock_on(machine: Machine) -> None:
    machine.kept = "2016-03-01T00:00:00Z"

    assert machine.process().now() == FROM


def test_what_was_played_ahead_is_not_played_again(machine: Machine) -> None:
    clock = machine.process()
    later = FROM + timedelta(days=1)

    assert clock.advance_to(later) == later
    assert clock.advance_to(FROM) == later
    assert machine.process().now() == later


def test_another_speed_counts_from_where_the_clock_stands(machine: Machine) -> None:
    slow = machine.process(speed=60)
    slow.start()
    machine.real += 60
    slow.stop()

    fast = machine.process(speed=3600)
    fast.start()
    machine.real += 1

    assert fast.now() == FROM + timedelta(hours=2)


def test_a_beginning_in_another_zone_is_told_in_utc(machine: Machine) -> None:
    berlin = timezone(timedelta(hours=1))
    clock = machine.process(from_=datetime(2016, 3, 2, 17, 0, 0, 999, tzinfo=berlin))

    assert clock.now() == FROM
    assert clock.now().tzinfo is UTC


def test_a_replay_never_leaves_the_calendar(machine: Machine) -> None:
    clock = machine.process(speed=1_000_000)
    clock.start()
    machine.real += 1e9

    assert clock.now() == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "make",
    [
        lambda machine: machine.process(from_=FROM.replace(tzinfo=None)),
        lambda machine: machine.process(speed=0),
        lambda machine: machine.process(speed=-1),
    ],
    ids=["no-zone", "standing", "backwards"],
)
def test_a_replay_that_cannot_run_is_refused(
    machine: Machine, make: Callable[[Machine], ReplayClock]
) -> None:
    with pytest.raises(ValueError, match="replay"):
        make(machine)


def test_a_kept_text_that_is_no_instant_is_named(machine: Machine) -> None:
    machine.kept = "yesterday"

    with pytest.raises(ValueError, match="'yesterday'"):
        machine.process().now()
