"""What rules would do from now on, if nothing happened to any ticket any more.

It is lived through: the pipeline runs over a copy of the store, instant by instant, with everything
outside swapped for a recorder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.domain.decide import decide
from engine.domain.ladder import LevelState
from engine.domain.reason import Reason
from engine.pipeline.cycle import Cycle
from engine.pipeline.evaluate import Fired
from engine.pipeline.gather import gather
from engine.simulation.recorder import Recording

PASSES = frozenset({Reason.BACKLOG, Reason.TOO_LATE, Reason.SHADOW})
"""Why a level counts as passed, or is only recorded, without acting."""


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """A level of a rule's ladder on one subject.

    Attributes:
        level: The level's identity: its name, else its `after` as written.
    """

    ticket: str
    rule: str
    level: str


@dataclass(frozen=True, slots=True)
class Told:
    """A message that would go out.

    Attributes:
        at: Aware UTC.
        is_customer: To the customer; otherwise to staff. A digest is one message.
    """

    at: datetime
    rule: str
    is_customer: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a set of rules would do in a stretch of time.

    Attributes:
        fired: Levels and repetitions of notices that fire, in order.
        passed: Levels that count as passed without acting, and why.
        told: The messages, in order.
        failures: Subjects that could not be decided, and what was wrong.
    """

    fired: tuple[Fired, ...]
    passed: Mapping[Step, Reason]
    told: tuple[Told, ...]
    failures: Mapping[str, str]

    def first_firings(self) -> dict[Step, datetime]:
        """When each level fires for the first time (aware UTC)."""
        found: dict[Step, datetime] = {}
        for one in self.fired:
            if one.occurrence == 1:
                found.setdefault(Step(one.ticket, one.rule, one.name), one.fired_at)
        return found


def forecast(
    cycle: Cycle,
    recording: Recording,
    now: datetime,
    until: datetime,
    heard: Callable[[datetime], None] = lambda _: None,
) -> Forecast:
    """Live on from `now` up to and with `until`; what is due already comes a second after `now`.

    Args:
        cycle: The pipeline, over a store that may be written to, and nothing that reaches outside.
        recording: Where the cycle's stand-ins record messages.
        now: The instant before the first (aware UTC).
        until: The last one.
        heard: Told of each instant that has been lived through.
    """
    fired: list[Fired] = []
    passed: dict[Step, Reason] = {}
    told: list[Told] = []
    failures: dict[str, str] = {}
    names = _level_names(cycle)
    at = cycle.next_instant(now)
    while at is not None and at <= until:
        said = len(recording.messages)
        done = cycle.run(at).evaluated
        fired += done.fired
        for one in done.skipped:
            if one.reason in PASSES:
                passed.setdefault(
                    Step(one.ticket, one.rule, names[one.rule, one.level]), one.reason
                )
        told += [_told(message.facts, at) for message in recording.messages[said:]]
        failures |= {one.subject: str(one.error) for one in done.failures}
        heard(at)
        at = cycle.next_instant(at)
    return Forecast(tuple(fired), passed, tuple(told), failures)


def due_later(cycle: Cycle, subjects: Iterable[str], at: datetime) -> dict[Step, datetime]:
    """Levels that, as things stand at `at`, still wait for a later instant; and for which."""
    policy, found = cycle.policy, dict[Step, datetime]()
    wanted = sorted(set(subjects))
    with cycle.store.read() as tx:
        gathered = gather(tx, wanted, policy.ruleset, policy.limits, policy.known, at)
    for subject in wanted:
        outcome = decide(gathered.facts(subject), policy.ruleset, policy.receivers, at)
        for standing in outcome.standings:
            for level in standing.levels:
                if level.state is LevelState.WAITING and level.due_at is not None:
                    step = Step(subject, standing.rule.id, level.level.identity)
                    found[step] = level.due_at
    return found


def _level_names(cycle: Cycle) -> dict[tuple[str, int], str]:
    rules = cycle.policy.ruleset.generation.rules
    return {(rule.id, level.number): level.identity for rule in rules for level in rule.levels}


def _told(facts: Mapping[str, object], at: datetime) -> Told:
    return Told(at, str(facts["rule"]), is_customer=facts["message"] is not None)
