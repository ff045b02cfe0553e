"""What holds of every story of edits: no level fires twice, and none is lost without a reason.

The first property knows a model: a desk that is always awake, and one ticket that just waits. At a
loading the levels below one that has been passed are passed on reload, and those that are due
before it are backlog; from then on each level fires at the very second at which it is due. The
second looks only when it happens to, and asks what must hold all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.testing import MONDAY
from tests.scenario.desk import Desk, rule, rules

NAMES = "abcdef"
HOURS = 60
"""Edits and looks happen in the first so many hours; by then every level is due."""
GENEROUS = {"max_lateness": "400d", "budget": "1000/h"}


@dataclass(frozen=True)
class Edit:
    """Another ladder is loaded: level's name → hours after the opening, in order."""

    hour: int
    ladder: tuple[tuple[str, int], ...]

    @property
    def text(self) -> str:
        """The rule's text."""
        levels = (
            f"{{name: {name}, after: {hours}h, notify: [manager], note: '{name}'}}"
            for name, hours in self.ladder
        )
        return rules(rule(levels=f"[{', '.join(levels)}]", **GENEROUS))


ladders = st.builds(
    lambda names, hours: tuple(zip(names, sorted(hours), strict=False)),
    st.permutations(NAMES),
    st.lists(st.integers(1, HOURS), min_size=1, max_size=len(NAMES), unique=True),
)
stories = st.lists(st.builds(Edit, st.integers(1, HOURS), ladders), min_size=1, max_size=5)


@dataclass
class Model:
    """What an always waking desk does: level → (how, at which hour)."""

    passed: dict[str, tuple[str, int]] = field(default_factory=dict)

    def load(self, edit: Edit) -> None:
        """New text: what is below or behind is passed."""
        over = self._passed_upto(edit)
        for number, (name, hours) in enumerate(edit.ladder):
            if name not in self.passed and (number < over or hours < edit.hour):
                reason = "passed_on_reload" if number < over else "backlog"
                self.passed[name] = (reason, edit.hour)

    def live(self, edit: Edit, until: int) -> None:
        """Up to `until`, itself included, each level fires when it is due."""
        for name, hours in edit.ladder:
            if name not in self.passed and hours <= until:
                self.passed[name] = ("level_due", max(hours, edit.hour))

    def _passed_upto(self, edit: Edit) -> int:
        numbers = [n for n, (name, _) in enumerate(edit.ladder) if name in self.passed]
        return max(numbers, default=-1)


def expected(first: Edit, edits: list[Edit]) -> dict[str, tuple[str, int]]:
    model = Model()
    present = first
    for edit in edits:
        model.live(present, edit.hour)
        model.load(edit)
        present = edit
    model.live(present, 2 * HOURS)
    return model.passed


def happened(desk: Desk) -> dict[str, tuple[str, int]]:
    return {
        str(r["name"]): (str(r["reason"]), _hour(str(r["fired_at"]))) for r in desk.recordings()
    }


def _hour(instant: str) -> int:
    return int((datetime.fromisoformat(instant) - MONDAY).total_seconds()) // 3600


def in_turn(edits: Iterable[Edit]) -> list[Edit]:
    """By time, one at an hour."""
    return sorted({edit.hour: edit for edit in edits}.values(), key=lambda edit: edit.hour)


def check_awake(first: Edit, edits: list[Edit]) -> None:
    desk = Desk()
    desk.rules(first.text)
    desk.open()
    for edit in in_turn(edits):
        desk.reload(f"{edit.hour}h", edit.text)
    desk.live(f"{2 * HOURS}h")
    assert happened(desk) == expected(first, in_turn(edits))
    desk.store.close()


def check_asleep(first: Edit, edits: list[Edit], looks: set[int]) -> None:
    """Nothing is told twice, nothing fires early, and the last ladder is passed to its end."""
    desk = Desk()
    desk.rules(first.text)
    desk.open()
    desk.live("0s")
    by_hour = {edit.hour: edit for edit in in_turn(edits)}
    present = first
    for hour in sorted({*by_hour, *looks}):
        if hour in looks:
            desk.sleep_until(f"{hour}h")
        if hour in by_hour:
            present = by_hour[hour]
            desk.rules(present.text, MONDAY + timedelta(hours=hour))
            desk.restart()
    desk.sleep_until(f"{2 * HOURS}h")
    desk.live(f"{3 * HOURS}h")
    told = Counter(f"{m.facts['level']} {m.key}" for m in desk.channel.sent)
    assert set(told.values()) <= {1}
    rows = desk.recordings()
    assert all(
        str(row["fired_at"]) >= str(row["due_at"]) for row in rows if row["passing"] == "fired"
    )
    assert {name for name, _ in present.ladder} <= {row["name"] for row in rows}
    assert {row["reason"] for row in rows} <= {"level_due", "backlog", "passed_on_reload"}
    desk.store.close()


few = settings(
    max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
many = settings(
    max_examples=400, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
firsts = st.builds(Edit, st.just(0), ladders)
hours_of_looks = st.sets(st.integers(1, HOURS), max_size=5)


@few
@given(firsts, stories)
def test_an_edited_ladder_does_what_the_language_says(first: Edit, edits: list[Edit]) -> None:
    check_awake(first, edits)


@few
@given(firsts, stories, hours_of_looks)
def test_however_ladders_are_edited_no_level_fires_twice_and_none_is_lost(
    first: Edit, edits: list[Edit], looks: set[int]
) -> None:
    check_asleep(first, edits, looks)


@pytest.mark.proof
@many
@given(firsts, stories, hours_of_looks)
def test_many_edited_ladders_do_what_the_language_says(
    first: Edit, edits: list[Edit], looks: set[int]
) -> None:
    check_awake(first, edits)
    check_asleep(first, edits, looks)
