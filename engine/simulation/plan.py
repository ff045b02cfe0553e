"""What other rules would change for the tickets that are open now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from engine.domain.reason import Reason
from engine.domain.rule import Generation
from engine.domain.rule_changes import RuleChanges, changes_between
from engine.pipeline.cycle import Cycle
from engine.simulation.forecast import Forecast, Step, Told, due_later


class Fate(StrEnum):
    """What becomes of a level of one ticket's ladder when the rules change."""

    FIRES = "now fires"
    SOONER = "fires sooner"
    LATER = "fires later"
    NO_LONGER = "no longer fires"


@dataclass(frozen=True, slots=True)
class Change:
    """A level whose fate changes.

    Attributes:
        was_at: When it fires by the present rules; None if it does not.
        is_at: When it fires by the proposed rules; None if it does not (both aware UTC).
        passed: Why, by the proposed rules, it counts as passed without acting.
    """

    step: Step
    was_at: datetime | None
    is_at: datetime | None
    passed: Reason | None = None

    @property
    def fate(self) -> Fate:
        """In a word."""
        if self.is_at is None:
            return Fate.NO_LONGER
        if self.was_at is None:
            return Fate.FIRES
        return Fate.SOONER if self.is_at < self.was_at else Fate.LATER


@dataclass(frozen=True, slots=True)
class Traffic:
    """The messages of a forecast.

    Attributes:
        busiest: Beginning of the hour with most messages (aware UTC); None without any.
        in_busiest: How many these are.
        by_rule: Messages of each rule that sends any.
    """

    customers: int
    staff: int
    busiest: datetime | None
    in_busiest: int
    by_rule: Mapping[str, int]

    @property
    def total(self) -> int:
        """All messages."""
        return self.customers + self.staff


@dataclass(frozen=True, slots=True)
class Plan:
    """The present rules and the proposed ones, side by side, over the same stretch of time.

    Attributes:
        now: The first instant.
        until: The last one (both aware UTC).
        edited: How the rules themselves differ.
        changes: Levels whose fate changes, by rule, then ticket, then time.
        rules: Ids of the proposed rules in running order, then of those that are no more.
        over_budget: Rules that, by the proposed text, exceed their own budget.
    """

    now: datetime
    until: datetime
    present: Forecast
    proposed: Forecast
    edited: RuleChanges
    changes: tuple[Change, ...]
    rules: tuple[str, ...]
    over_budget: tuple[str, ...]

    @property
    def passed(self) -> Mapping[str, Mapping[Reason, int]]:
        """By proposed rule: how many levels pass without acting, by reason."""
        found: dict[str, Counter[Reason]] = {}
        for step, reason in sorted(self.proposed.passed.items()):
            found.setdefault(step.rule, Counter())[reason] += 1
        return found


def compare(
    present: tuple[Cycle, Forecast],
    proposed: tuple[Cycle, Forecast],
    now: datetime,
    until: datetime,
) -> Plan:
    """Hold two forecasts of the same stretch against each other.

    A level that one of them has not come to by `until` is asked for beyond it, so that `later` is
    not taken for `no longer`.

    Args:
        present: The pipeline as it stands at `until` by the present rules, and its forecast.
        proposed: The same by the proposed rules.
        now: The first instant.
        until: The last one (both aware UTC).
    """
    generation = proposed[0].policy.ruleset.generation
    before = present[0].policy.ruleset.generation
    renamed = _renamed(generation)
    was = _under(renamed, present[1].first_firings())
    becomes = proposed[1].first_firings()
    was |= _beyond(present[0], becomes.keys() - was.keys(), until, renamed)
    becomes |= _beyond(proposed[0], was.keys() - becomes.keys(), until, {})
    changes = (
        Change(step, was.get(step), becomes.get(step), proposed[1].passed.get(step))
        for step in was.keys() | becomes.keys()
        if was.get(step) != becomes.get(step)
    )
    over = {one.rule for one in proposed[1].fired if one.reason is Reason.BUDGET}
    return Plan(
        now=now,
        until=until,
        present=replace(present[1], told=_told_under(renamed, present[1].told)),
        proposed=proposed[1],
        edited=changes_between(before, generation),
        changes=tuple(sorted(changes, key=_place)),
        rules=_rules(generation, before, renamed),
        over_budget=tuple(sorted(over)),
    )


def traffic(told: Iterable[Told]) -> Traffic:
    """Count messages; an hour is one of the clock, in UTC."""
    messages = list(told)
    hours = Counter(one.at.replace(minute=0, second=0, microsecond=0) for one in messages)
    busiest = min(hours, key=lambda hour: (-hours[hour], hour), default=None)
    customers = sum(one.is_customer for one in messages)
    return Traffic(
        customers=customers,
        staff=len(messages) - customers,
        busiest=busiest,
        in_busiest=hours[busiest] if busiest else 0,
        by_rule=Counter(one.rule for one in messages),
    )


def _renamed(generation: Generation) -> dict[str, str]:
    return {rule.moved_from: rule.id for rule in generation.rules if rule.moved_from is not None}


def _rules(
    proposed: Generation, present: Generation, renamed: Mapping[str, str]
) -> tuple[str, ...]:
    before = (renamed.get(rule.id, rule.id) for rule in present.rules)
    return tuple(dict.fromkeys((*(rule.id for rule in proposed.rules), *before)))


def _under(renamed: Mapping[str, str], steps: Mapping[Step, datetime]) -> dict[Step, datetime]:
    """The same steps, by the names that the proposed rules give to rules."""
    return {replace(step, rule=renamed.get(step.rule, step.rule)): at for step, at in steps.items()}


def _told_under(renamed: Mapping[str, str], told: Iterable[Told]) -> tuple[Told, ...]:
    return tuple(replace(one, rule=renamed.get(one.rule, one.rule)) for one in told)


def _beyond(
    cycle: Cycle, steps: Iterable[Step], until: datetime, renamed: Mapping[str, str]
) -> dict[Step, datetime]:
    wanted = set(steps)
    ahead = due_later(cycle, (step.ticket for step in wanted), until) if wanted else {}
    return {step: at for step, at in _under(renamed, ahead).items() if step in wanted}


def _place(change: Change) -> tuple[str, str, datetime, str]:
    at = change.is_at or change.was_at
    assert at is not None  # noqa: S101 - a change has one side at least
    return change.step.rule, change.step.ticket, at, change.step.level
