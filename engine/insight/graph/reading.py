"""From rules to what a picture of them says."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from engine.domain.calendar import ALWAYS
from engine.domain.condition import ContactsBy
from engine.domain.rule import (
    AcknowledgeBy,
    Generation,
    Kind,
    Level,
    Mode,
    Offset,
    Percent,
    Rule,
    Since,
)
from engine.insight.graph.board import Board, RuleBoard, Shape, Step, Times
from engine.insight.graph.concerns import concerned_priorities, concerns
from engine.insight.graph.customer import words_of
from engine.insight.graph.hours import hours_in_words
from engine.insight.graph.lengths import length_in, wall_clock
from engine.insight.graph.phrases import listed
from engine.insight.graph.receivers import BUILT_IN, last_resort, told_of
from engine.insight.graph.times import in_a_row, times_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.domain.ticket import Priority

_SHAPES: Final = {
    None: Shape.REMINDER,
    Kind.TECHNICAL: Shape.TECHNICAL,
    Kind.HIERARCHICAL: Shape.HIERARCHICAL,
}
_ANCHORS: Final = {
    Since.OPENED: ("ticket opened", "when the ticket is opened, or reopened"),
    Since.CREATED: ("ticket created", "when the ticket is created"),
    Since.MATCH: ("rule applies", "when this begins to hold"),
    Since.WAITING: ("customer waits", "when the customer begins to wait for an answer"),
    Since.STATUS_CHANGE: ("status changes", "at the last change of status"),
    Since.ASSIGNMENT: ("assigned", "when somebody gets the ticket"),
    Since.DUE: ("due date", "at the ticket's due date"),
}
_GROUP_ANCHOR: Final = ("last contact", "at the contact that completes the number")
_MODES: Final = {
    Mode.ACTIVE: "",
    Mode.SHADOW: "shadow: it only records what it would do",
    Mode.OFF: "off: it does nothing",
}
_TAKEN_BY: Final = {
    AcknowledgeBy.LINK: "the link in the notice",
    AcknowledgeBy.REPLY: "a public reply",
    AcknowledgeBy.ASSIGNMENT: "becoming the assignee",
}
_AT_ONCE: Final = "at once"
_WHEN_DUE: Final = "when due"
_BEFORE: Final = " before"


def board_of(generation: Generation) -> Board:
    """What a picture of these rules says."""
    rules = tuple(_rule(rule, generation) for rule in generation.rules)
    told = {each for rule in rules for step in rule.steps for each in step.tells if each.ways}
    return Board(
        rules=rules,
        receivers=tuple(sorted(told, key=lambda each: each.who)),
        calendars=tuple(sorted({rule.hours for rule in rules} - {""})),
        generation=generation.id,
    )


def _rule(rule: Rule, generation: Generation) -> RuleBoard:
    anchor, starts = _GROUP_ANCHOR if rule.groups_by else _ANCHORS[rule.clock.since]
    calendar = rule.clock.calendar
    target = rule.clock.target
    return RuleBoard(
        id=rule.id,
        description=rule.description,
        mode=_MODES[rule.mode],
        concerns=concerns(rule),
        anchor=anchor,
        clock=_clock(rule, starts),
        hours=hours_in_words(calendar),
        target=None
        if target is None
        else times_of(rule, target, lambda found: length_in(calendar, found)),
        steps=tuple(_step(level, rule, generation) for level in rule.levels),
        words=tuple(words_of(rule, generation)),
        notes=tuple(_notes(rule, generation)),
        held_back=rule.inhibits,
        place=f"{rule.place.file}:{rule.place.line}",
    )


def _clock(rule: Rule, starts: str) -> str:
    calendar = rule.clock.calendar.name
    runs = "day and night" if calendar == ALWAYS.name else f"in {calendar}"
    parts = [f"starts {starts}", f"runs {runs}"]
    paused = sorted(status.value.replace("_", " ") for status in rule.clock.pause_while)
    if paused and rule.groups_by is None:
        parts.append(f"stands still while the ticket is {listed(paused, 'or')}")
    return "; ".join(parts)


# --- levels --------------------------------------------------------------------------------------


def _step(level: Level, rule: Rule, generation: Generation) -> Step:
    times = _step_times(level, rule)
    share = _share(level, rule)
    return Step(
        number=level.number,
        name=level.identity,
        shape=_SHAPES[level.kind],
        when=f"after {share}" if share else _when(times),
        share=share,
        times=times,
        changes=tuple(_changes(level)),
        tells=tuple(told_of(name, generation) for name in level.notify),
        again=_again(level, rule),
    )


def _share(level: Level, rule: Rule) -> str:
    """Which share of the target a level waits for; empty where it does not say so."""
    offsets = [level.due.get(priority) for priority in concerned_priorities(rule)]
    shares = {offset.amount if offset else None for offset in offsets} - {None}
    only = shares.pop() if len(shares) == 1 else None
    return f"{only.of_target} % of the target" if isinstance(only, Percent) else ""


def _when(times: Times) -> str:
    """The times of all priorities in a few words."""
    said = [text for text in times.by_priority.values() if text]
    if not said:
        return "never"
    first, last = said[0], said[-1]
    if first == last:
        return (
            first if first in (_AT_ONCE, _WHEN_DUE) or first.endswith(_BEFORE) else f"after {first}"
        )
    return f"{first} to {last}, by priority"


def _step_times(level: Level, rule: Rule) -> Times:
    found: dict[Priority, str | None] = {}
    for priority in concerned_priorities(rule):
        offset = level.due.get(priority)
        found[priority] = None if offset is None else _time(offset, priority, rule)
    return Times(MappingProxyType(found))


def _time(offset: Offset, priority: Priority, rule: Rule) -> str | None:
    amount = offset.amount
    if isinstance(amount, Percent):
        target = rule.clock.target.get(priority) if rule.clock.target else None
        if target is None:
            return None
        amount = amount.applied_to(target)
    if not amount:
        return _WHEN_DUE if rule.clock.since is Since.DUE else _AT_ONCE
    length = length_in(rule.clock.calendar, amount)
    return f"{length}{_BEFORE}" if offset.is_before else length


def _changes(level: Level) -> Iterator[str]:
    for name, value in level.set_fields:
        yield f"{name.removeprefix('fields.')} becomes {value.replace('_', ' ')}"
    if level.raise_priority:
        steps = "one step" if level.raise_priority == 1 else f"{level.raise_priority} steps"
        yield f"priority rises {steps}"
    if level.assign_group is not None:
        yield f"goes to the group {level.assign_group}"
    if level.assign_assignee is not None:
        yield f"is given to {level.assign_assignee}"
    if level.tag:
        yield f"gets the tag {listed(level.tag, 'and')}"
    if level.untag:
        yield f"loses the tag {listed(level.untag, 'and')}"


def _again(level: Level, rule: Rule) -> str:
    repeat = level.repeat
    if repeat is None:
        return ""
    times = "once more" if repeat.times == 1 else f"{repeat.times} more times"
    every = times_of(rule, repeat.every, lambda length: length_in(rule.clock.calendar, length))
    return f"said again every {in_a_row(every)}, {times}, until somebody takes it"


# --- notes ---------------------------------------------------------------------------------------


def _notes(rule: Rule, generation: Generation) -> Iterator[str]:
    if any(level.kind is not None for level in rule.levels):
        yield _taking(rule)
    if rule.inhibits:
        yield (
            f"Holds back the levels of {listed(rule.inhibits, 'and')}"
            " until its own last level has fired."
        )
    holders = [other.id for other in generation.rules if rule.id in other.inhibits]
    if holders:
        yield f"Its levels wait while {listed(holders, 'or')} is at work on the same ticket."
    if rule.cooldown is not None:
        yield f"After its last level it keeps quiet{_about(rule)} for {wall_clock(rule.cooldown)}."
    told = {name for level in rule.levels for name in level.notify}
    if told & BUILT_IN.keys():
        yield last_resort(generation)


def _about(rule: Rule) -> str:
    if rule.groups_by is None:
        return " about the same ticket"
    is_one = rule.groups_by is not ContactsBy.EVERYONE
    return f" about the same {rule.groups_by.value}" if is_one else ""


def _taking(rule: Rule) -> str:
    ways = [words for way, words in _TAKEN_BY.items() if way in rule.acknowledge.by]
    taken = f"An escalation is taken by {listed(ways, 'or')}. " if ways else ""
    length = length_in(rule.clock.calendar, rule.acknowledge.expires)
    return f"{taken}Once taken, nobody else is told for {length}."
