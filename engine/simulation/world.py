"""A scripted world: the real pipeline on a store in memory, with a set clock and nobody outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.domain.facts import CustomerLimits
from engine.domain.rate import Rate
from engine.domain.rule import Generation
from engine.domain.ruleset import Ruleset
from engine.domain.silence import Silence
from engine.domain.ticket import Ticket
from engine.errors import EscalatordError
from engine.pipeline.acknowledge import acknowledge
from engine.pipeline.activate import activate, known_texts
from engine.pipeline.cycle import Cycle, Work
from engine.pipeline.evaluate import Policy
from engine.pipeline.outside import Outside
from engine.pipeline.silence import Asked, silence
from engine.pipeline.traffic import Traffic
from engine.ports import Composer, Store
from engine.simulation.channel import MemoryChannel
from engine.simulation.helpdesk import ScriptedHelpdesk

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when the first rules are in force: before any story begins, so nothing is backlog."""


class DecisionFailedError(EscalatordError):
    """A decision raised; in a daemon the others go on, in a simulation nothing may."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the stages did at one instant (aware UTC)."""

    at: datetime
    work: Work


@dataclass
class World:
    """A support desk, and what it has lived through.

    The helpdesks' stories are written down beforehand or as time goes on, but never for an instant
    that has been lived through already.

    Attributes:
        store: The store; it begins empty.
        composer: Gives the words for a generation's messages.
        helpdesks: By name.
        channels: By name; those that receivers name come into being with the rules.
        limits: How often a customer may hear from us.
        staff_limit: How many messages one address of the staff gets; from the next rules on.
        traffic: What is known of the ways out.
        rulesets: All rules that were ever in force, by the id of their generation.
        moments: Everything that was done, in order of time.
        played: Up to which instant the world has lived (aware UTC); None before the beginning.
    """

    store: Store
    composer: Callable[[Generation], Composer]
    helpdesks: dict[str, ScriptedHelpdesk] = field(default_factory=dict)
    channels: dict[str, MemoryChannel] = field(default_factory=dict)
    limits: CustomerLimits = field(default_factory=CustomerLimits)
    staff_limit: Rate | None = None
    traffic: Traffic = field(default_factory=Traffic)
    moments: list[Moment] = field(default_factory=list)
    cycle: Cycle | None = None
    ruleset: Ruleset | None = None
    rulesets: dict[str, Ruleset] = field(default_factory=dict)
    played: datetime | None = None

    # --- rules ---

    def put_in_force(self, ruleset: Ruleset, now: datetime = LONG_AGO) -> None:
        """From now on every decision is made by these rules, as after a reload."""
        self.ruleset = ruleset
        record = activate(self.store, ruleset, {}, now)
        self.rulesets[record.id] = ruleset
        known = known_texts(record, self.rulesets.get)
        policy = Policy(ruleset, ruleset.generation.receivers, self.limits, known)
        before = self.cycle
        self._start(policy)
        if before is not None:
            self._cycle.read_once, self._cycle.has_decided = before.read_once, before.has_decided

    def restart(self) -> None:
        """The process begins anew over the same store, with the rules in force."""
        self._start(self._cycle.policy)

    def _start(self, policy: Policy) -> None:
        receivers = policy.receivers.values()
        for name in {target.channel for one in receivers for target in one.targets}:
            self.channels.setdefault(name, MemoryChannel(name))
        outside = Outside(
            helpdesks=self.helpdesks,
            channels=self.channels,
            reply_channels={},
            composer=self.composer(policy.ruleset.generation),
            ruleset=policy.ruleset,
            limits=policy.limits,
            known=policy.known,
            staff_limit=self.staff_limit,
            traffic=self.traffic,
            jitter=lambda: 0.5,
        )
        self.cycle = Cycle(self.store, self.helpdesks, policy, outside, lambda: LONG_AGO)

    @property
    def _cycle(self) -> Cycle:
        assert self.cycle is not None, "rules come first"  # noqa: S101 - a mistake of the caller
        return self.cycle

    # --- time ---

    def play(self, until: datetime) -> Work:
        """Live through every event and due instant in order, up to and with `until`."""
        at = self._cycle.next_instant(self.played)
        begun = len(self.moments)
        while at is not None and at <= until:
            self._run(at)
            at = self._cycle.next_instant(at)
        self.played = until if self.played is None else max(self.played, until)
        return _sum(moment.work for moment in self.moments[begun:])

    def tick(self, now: datetime) -> Work:
        """One cycle at one instant, whatever was due since the last."""
        self.played = now
        return self._run(now)

    def _run(self, now: datetime) -> Work:
        work = self._cycle.run(now)
        self.moments.append(Moment(now, work))
        for failure in work.evaluated.failures:
            message = f"the decision about {failure.subject} failed: {failure.error!r}"
            raise DecisionFailedError(message) from failure.error
        return work

    # --- commands, and what came of it ---

    def acknowledge(self, ticket: str, rule: str | None, who: str, now: datetime) -> list[str]:
        """Somebody takes a ticket's escalations.

        Returns:
            The ids of the rules whose escalations are now taken.

        Raises:
            UsageError: The ticket is unknown, or has no escalation to take.
        """
        kinds = self._cycle.policy.ruleset.group_kinds
        return acknowledge(self.store, ticket, rule, who, kinds, now)

    def silence(self, asked: Asked, now: datetime) -> Silence:
        """Somebody silences rules or tickets for a while.

        Raises:
            UsageError: It makes no sense, or is about a ticket that is unknown.
        """
        return silence(self.store, asked, self._cycle.policy.ruleset.group_kinds, now)

    def ticket(self, name: str, at: datetime) -> Ticket | None:
        """How a ticket stood at an instant, our own writes included; None if it was unknown."""
        with self.store.read() as tx:
            history = tx.histories([name]).get(name)
        if history is None or history.opening.created_at > at:
            return None
        return history.as_of(at).ticket


def _sum(works: Iterable[Work]) -> Work:
    total = Work()
    for work in works:
        total.add(work)
    return total
