"""The real pipeline beside a helpdesk of a stub server, in simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from engine.domain.facts import CustomerLimits
from engine.domain.ruleset import Ruleset
from engine.pipeline.activate import activate, known_texts
from engine.pipeline.cycle import Cycle
from engine.pipeline.evaluate import Policy
from engine.pipeline.outside import Outside
from engine.store import SqlStore, open_store
from engine.testing import MemoryChannel, PlainComposer
from tests.helpdesks.stub_worlds import StubWorld
from tests.helpdesks.stubs.server import StubTransport
from tests.scenario.desk import generation_of, rule, rules

T0: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
STEP: Final = timedelta(seconds=10)
MINUTE: Final = timedelta(minutes=1)
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
