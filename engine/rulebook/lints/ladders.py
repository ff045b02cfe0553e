"""Levels that can never fire, and levels of which a part can never happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from engine.domain.condition import Operator, Test
from engine.domain.rule import Level, Rule, Since
from engine.domain.ticket import Priority
from engine.rulebook.dues import instant
from engine.rulebook.lints.possible import Reasoning, equals
from engine.rulebook.report import Report
from engine.rulebook.values import clipped
from engine.rulebook.written import Written, WrittenRule

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class _Ladder:
    """A rule's levels, and the priorities at which tickets reach them."""

    written: WrittenRule
    priorities: Sequence[Priority]
    reasoning: Reasoning

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.written.rule

    def dues(self, level: Level) -> dict[Priority, timedelta]:
        """When a level is due, from the anchor, at the priorities that reach it."""
        found = {one: instant(level.due, one, self.rule.clock) for one in self.priorities}
        return {priority: at for priority, at in found.items() if at is not None}


def lint_ladders(written: Written, reasoning: Reasoning, report: Report) -> None:
    """Report levels of no use."""
    for one in written.rules:
        match = one.rule.match
        if not reasoning.can_hold(match):
            continue
        priorities = [
            each for each in Priority if reasoning.can_hold(match, equals("priority", each))
        ]
        ladder = _Ladder(one, priorities, reasoning)
        with report.concerning(one.rule.id):
            _warn_of_unreachable(ladder, report)
            _warn_of_swallowed(ladder, report)


def _warn_of_unreachable(ladder: _Ladder, report: Report) -> None:
    for position, level in enumerate(ladder.rule.levels):
        dues = ladder.dues(level)
        reached = [one for one, at in dues.items() if _may_hold_at(ladder, one, at)]
        if reached:
            continue
        key = "before" if _is_before(level) else "after"
        message = f"level '{clipped(level.identity)}' can never fire"
        if dues:
            message = f"{message}: when it is due, 'match' has stopped holding"
            hint = "let 'match' hold for longer, or fire the level earlier"
        else:
            message = f"{message}: no ticket of this rule has a priority at which it is due"
            hint = "give it the priorities that 'match' and 'target' let through"
        at = ladder.written.at("levels", position, key)
        report.warn(at, "unreachable-level", message, hint)


def _may_hold_at(ladder: _Ladder, priority: Priority, due: timedelta) -> bool:
    """Whether `match` may hold when the clock has come to `due`."""
    rule = ladder.rule
    tests = [] if rule.groups_by is not None else list(_lengths_by_then(rule, due))
    return ladder.reasoning.can_hold(rule.match, equals("priority", priority), *tests)


def _lengths_by_then(rule: Rule, due: timedelta) -> Iterator[Test]:
    """What is sure of the duration fields when so much has counted since the anchor."""
    if rule.clock.since is Since.DUE:
        yield Test("time_to_due", Operator.AT_MOST, -due)
        return
    yield Test("age", Operator.AT_LEAST, due)
    if rule.clock.since is Since.STATUS_CHANGE:
        yield Test("in_status", Operator.AT_LEAST, due)


def _is_before(level: Level) -> bool:
    return any(offset.is_before for offset in level.due.by_priority.values())


# --- levels that are always due together ---------------------------------------------------------


def _warn_of_swallowed(ladder: _Ladder, report: Report) -> None:
    """Report a notice or an assignment that a later level, due at the same time, replaces."""
    levels = ladder.rule.levels
    for position, level in enumerate(levels):
        for key in _replaceable(level):
            later = next((one for one in levels[position + 1 :] if _has(one, key)), None)
            if later is None or not _is_always_together(ladder, level, later):
                continue
            message = f"level '{clipped(level.identity)}' and '{clipped(later.identity)}' below it"
            message = f"{message} are always due together, so this '{key}' never happens"
            hint = f"only the last '{key}' happens: write all of it there"
            report.warn(ladder.written.at("levels", position, key), "swallowed", message, hint)


def _replaceable(level: Level) -> Iterator[str]:
    if level.notify and level.repeat is None:
        yield "notify"
    if _has(level, "assign"):
        yield "assign"


def _has(level: Level, key: str) -> bool:
    if key == "notify":
        return bool(level.notify)
    return level.assign_group is not None or level.assign_assignee is not None


def _is_always_together(ladder: _Ladder, level: Level, later: Level) -> bool:
    first, second = ladder.dues(level), ladder.dues(later)
    return bool(first) and all(second.get(priority) == at for priority, at in first.items())
