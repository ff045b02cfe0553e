"""A helpdesk that takes few requests, or none for a while: nothing is lost, nobody is hurried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from engine.domain.facts import CustomerLimits
from engine.domain.ruleset import Ruleset
from engine.pipeline.activate import activate, known_texts
from engine.pipeline.cycle import Cycle
from engine.pipeline.evaluate import Policy
from engine.pipeline.outside import Outside
from engine.store import SqlStore, open_store
from engine.testing import MemoryChannel, PlainComposer
from tests.helpdesks.stub_worlds import STUB_WORLDS, StubWorld
from tests.helpdesks.stubs.server import StubTransport
from tests.scenario.desk import generation_of, rule, rules

T0: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
STEP: Final = timedelta(seconds=10)
MINUTE: Final = timedelta(minutes=1)
TICKETS: Final = 30
MANY: Final = CustomerLimits(gap=timedelta(), per_day=1000)
"""All tickets of a stub may be of one customer."""
RULE: Final = rules(
    rule(
        levels="[{name: a, after: 5m, kind: technical, set: {priority: urgent}}]",
        customer="{on_escalation: received}",
    )
)


@dataclass
class Office:
    """The real pipeline beside a stub, in simulated time."""

    world: StubWorld
    now: datetime = T0
    store: SqlStore = field(default_factory=lambda: open_store("sqlite://"))
    unread: int = 0

    def __post_init__(self) -> None:
        self.world.stub.clock = self.clock
        helpdesks = {"desk": self.world.simulated(StubTransport(self.world.stub), self.clock)}
        ruleset = Ruleset(generation_of(RULE))
        record = activate(self.store, ruleset, {}, T0 - timedelta(days=1))
        known = known_texts(record, {record.id: ruleset}.get)
        policy = Policy(ruleset, ruleset.generation.receivers, MANY, known)
        outside = Outside(
            helpdesks=helpdesks,
            channels={"log": MemoryChannel("log")},
            reply_channels={},
            composer=PlainComposer(),
            ruleset=ruleset,
            limits=MANY,
            known=known,
        )
        self.cycle = Cycle(self.store, helpdesks, policy, outside, self.clock)

    def clock(self) -> datetime:
        return self.now

    def live(self, until: datetime) -> None:
        """A cycle every ten seconds."""
        while self.now < until:
            self.now += STEP
            self.unread += len(self.cycle.run(self.now).unread)
            self.cycle.rescue(self.now, self.now)


@pytest.fixture(params=list(STUB_WORLDS))
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    world = STUB_WORLDS[request.param](tmp_path)
    yield Office(world)
    world.close()


def open_tickets(office: Office, count: int, at: datetime, first: int = 1) -> None:
    for number in range(first, first + count):
        office.world.happen(at, str(number), status="open", priority="low")


def done_once_each(count: int) -> Counter[tuple[str, str]]:
    return Counter(
        (f"desk:{number}", what)
        for number in range(1, count + 1)
        for what in ("change", "note", "reply")
    )


def test_a_storm_of_ten_minutes_loses_nothing_and_is_waited_out(office: Office) -> None:
    half = TICKETS // 2
    open_tickets(office, half, T0)
    office.live(T0 + 4 * MINUTE)
    office.world.stub.storms_until = T0 + 14 * MINUTE
    open_tickets(office, TICKETS - half, office.now, half + 1)
    office.live(T0 + 14 * MINUTE - STEP)
    assert office.world.done() == []
    office.live(T0 + 90 * MINUTE)

    assert Counter(office.world.done()) == done_once_each(TICKETS)
    assert sum(limit.ignored for limit in office.world.limits) == 0


def test_a_narrow_limit_is_kept_and_everything_is_done(office: Office) -> None:
    office.world.narrow()
    open_tickets(office, TICKETS, T0)
    office.live(T0 + 90 * MINUTE)

    assert Counter(office.world.done()) == done_once_each(TICKETS)
    assert sum(limit.refused for limit in office.world.limits) == 0
