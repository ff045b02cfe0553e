"""Rules that do nothing which another rule does not do already."""

from __future__ import annotations

from datetime import timedelta

from engine.domain.rule import Level, Mode, Rule, Since
from engine.domain.ticket import Priority
from engine.rulebook.dues import instant
from engine.rulebook.lints.possible import Reasoning
from engine.rulebook.report import Report
from engine.rulebook.written import Written


def lint_shadows(written: Written, reasoning: Reasoning, report: Report) -> None:
    """Report each rule of which another, in force, does all, on all its tickets, and as early."""
    rules = [one for one in written.rules if one.rule.mode is not Mode.OFF]
    able: dict[object, list[Rule]] = {}
    for one in rules:
        for deed in dict.fromkeys(_deeds(one.rule)):
            able.setdefault(deed, []).append(one.rule)
    for one in rules:
        others = able[_deeds(one.rule)[0]]
        shadow = next((other for other in others if _covers(other, one.rule, reasoning)), None)
        if reasoning.is_over:
            return
        if shadow is not None:
            place = shadow.place
            message = f"rule '{shadow.id}' ({place.file}:{place.line}) already does all of this"
            message = f"{message}, for the same tickets and no later"
            hint = "remove this rule, or give it something of its own to do"
            with report.concerning(one.rule.id):
                report.warn(one.at("id"), "rule-shadowed", message, hint)


def _deeds(rule: Rule) -> tuple[object, ...]:
    """What a rule does, on its clock: each level's effects; without levels, what customers hear."""
    clock = rule.clock
    on = clock.since, clock.calendar, clock.pause_while, rule.groups_by, rule.cooldown
    return tuple((on, _effects(level)) for level in rule.levels) or ((on, rule.customer is None),)


def _covers(wide: Rule, narrow: Rule, reasoning: Reasoning) -> bool:
    """Whether `narrow` adds nothing to `wide`; of two that do the same, the later adds nothing."""
    reasoning.spend(1)
    if wide is narrow or wide.mode is not narrow.mode or narrow.inhibits:
        return False
    if not _does_all(wide, narrow):
        return False
    if not reasoning.can_hold(narrow.match) or not reasoning.contains(wide.match, narrow.match):
        return False
    is_same = reasoning.contains(narrow.match, wide.match)
    if wide.clock.since is Since.MATCH and not is_same:
        return False
    is_mutual = is_same and not wide.inhibits and _does_all(narrow, wide)
    return not is_mutual or wide.position < narrow.position


def _does_all(wide: Rule, narrow: Rule) -> bool:
    """Whether one rule does all that another does."""
    repeats = (_repeats(wide, narrow, level) for level in narrow.levels)
    return _says_no_more(wide, narrow) and all(repeats)


def _says_no_more(wide: Rule, narrow: Rule) -> bool:
    """Whether customers hear nothing of one rule that they do not hear of the other."""
    return narrow.customer is None or narrow.customer == wide.customer


def _repeats(wide: Rule, narrow: Rule, level: Level) -> bool:
    """Whether a level of one rule only does what some level of another does in its place."""
    return any(_is_same(wide, other, narrow, level) for other in wide.levels)


def _is_same(wide: Rule, other: Level, narrow: Rule, level: Level) -> bool:
    if level.raise_priority or _effects(other) != _effects(level):
        return False
    for priority in Priority:
        due = instant(level.due, priority, narrow.clock)
        if due is not None and not _is_as_early(
            instant(other.due, priority, wide.clock), due, only_sets=_only_sets(level)
        ):
            return False
    return wide.acknowledge == narrow.acknowledge or level.kind is None


def _is_as_early(at: timedelta | None, due: timedelta, *, only_sets: bool) -> bool:
    # A notice that comes later is a second notice; a field that is set again is not set twice.
    return at is not None and (at <= due if only_sets else at == due)


def _only_sets(level: Level) -> bool:
    sets = level.set_fields or level.tag or level.untag or level.assign_group
    speaks = level.notify or level.note or level.kind
    return bool(sets or level.assign_assignee) and not speaks


def _repetition(level: Level) -> object:
    repeat = level.repeat
    return None if repeat is None else (repeat.times, frozenset(repeat.every.by_priority.items()))


def _effects(level: Level) -> object:
    return (
        level.kind,
        level.set_fields,
        level.tag,
        level.untag,
        level.assign_group,
        level.assign_assignee,
        level.note,
        level.notify,
        level.template,
        _repetition(level),
        level.raise_priority,
    )
