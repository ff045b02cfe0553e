"""Rules that undo each other, or that start each other again and again.

A rule's own writes are invisible to it, so one rule alone cannot go in a circle; two or more can.

1. Take rules that read a field which another of them writes.
2. Play them on a made-up ticket that has only the fields which they read and write: a state is one
   value for each. A step is a level whose rule may match there, whose write changes something, and
   after which the rule, to others, no longer matches.
3. Steps that lead back to a state are a circle: each rule ends by its own write, and another's
   write begins it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from engine.domain.condition import All, Any, Condition, Not, Operator, Test
from engine.domain.matching import accepts
from engine.domain.rule import Level, Mode, Rule
from engine.domain.ticket import Priority, Status
from engine.rulebook.lints.possible import ANOTHER, Reasoning, wanted_values
from engine.rulebook.report import Report
from engine.rulebook.values import clipped
from engine.rulebook.written import Written, WrittenRule

_MOST_STATES = 1_000
_STEPS_OF_A_STATE = 10
_STEPS_OF_A_PAIR = 4
"""What playing a rule in a state, and looking at two rules, take beside comparing two values."""

_MOST_RULES = 6
"""Of one circle. Longer ones would take longer to play than `check` may."""

_State = tuple[object, ...]
_Field = tuple[str, str]
"""A field's name; for tags also the tag, whose value is whether the ticket bears it."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A level that fires in a state, and the state after it."""

    rule: int
    position: int
    before: _State
    after: _State


def lint_loops(written: Written, reasoning: Reasoning, report: Report) -> None:
    """Report each circle of rules once, at the first one's write."""
    rules = [one for one in written.rules if one.rule.mode is not Mode.OFF and _may_end(one.rule)]
    starts = _starts([one.rule for one in rules], reasoning)
    found: list[frozenset[int]] = []
    for one, others in enumerate(starts):
        for other in sorted(number for number in others if number > one and one in starts[number]):
            if reasoning.is_over:
                return
            found += _play(rules, (one, other), reasoning, report)
    for several in _circles(starts):
        if len(several) <= _MOST_RULES and not any(pair <= several for pair in found):
            found += _play(rules, sorted(several), reasoning, report)


def _starts(rules: Sequence[Rule], reasoning: Reasoning) -> list[set[int]]:
    """For each rule, those that read a field which it writes, and may hold by what it writes."""
    readers: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        for name in _fields_read(rule.match):
            readers.setdefault(name, []).append(number)
    starts: list[set[int]] = [set() for _ in rules]
    accepting: dict[tuple[_Field, object], set[int]] = {}
    for number, rule in enumerate(rules):
        for written in {one for level in rule.levels for one in _values_written(level)}:
            if reasoning.is_over:
                return [set() for _ in rules]
            if written not in accepting:
                field, value = written
                asked = readers.get(field[0], [])
                reasoning.spend(len(asked))
                ticket = {} if value is ANOTHER else {field: value}
                accepting[written] = {
                    one for one in asked if _holds(rules[one].match, ticket) is not False
                }
            reasoning.spend(_STEPS_OF_A_PAIR * len(accepting[written]))
            starts[number] |= accepting[written] - {number}
    return starts


def _may_end(rule: Rule) -> bool:
    """Whether a rule's own write may end its match; without that it is part of no circle."""
    return not _fields_read(rule.match).isdisjoint(_fields_written(rule))


def _values_written(level: Level) -> Iterator[tuple[_Field, object]]:
    """Each field that a level writes, and the value: `ANOTHER` where the ticket decides it."""
    for name, value in _plain_writes(level):
        yield (name, ""), None if value is None else value.casefold()
    if level.raise_priority:
        yield ("priority", ""), ANOTHER
    for tag in (*level.tag, *level.untag):
        yield ("tags", tag.casefold()), ANOTHER


def _circles(starts: Sequence[set[int]]) -> Iterator[frozenset[int]]:
    """Sets of three or more rules each of which leads to each other one (Kosaraju's algorithm)."""
    order: list[int] = []
    seen: set[int] = set()
    for number in range(len(starts)):
        order += _finished(starts, number, seen)
    back: list[set[int]] = [set() for _ in starts]
    for number, others in enumerate(starts):
        for other in others:
            back[other].add(number)
    seen = set()
    for number in reversed(order):
        together = frozenset(_finished(back, number, seen))
        if len(together) > 2:  # noqa: PLR2004 - pairs were played before
            yield together


def _finished(edges: Sequence[set[int]], first: int, seen: set[int]) -> list[int]:
    """What can be reached and was not seen yet, each after all that it leads to."""
    finished: list[int] = []
    path = [] if first in seen else [(first, iter(sorted(edges[first])))]
    seen.add(first)
    while path:
        number, others = path[-1]
        other = next((one for one in others if one not in seen), None)
        if other is None:
            finished.append(number)
            path.pop()
        else:
            seen.add(other)
            path.append((other, iter(sorted(edges[other]))))
    return finished


# --- playing -------------------------------------------------------------------------------------


def _play(
    rules: Sequence[WrittenRule], numbers: Sequence[int], reasoning: Reasoning, report: Report
) -> list[frozenset[int]]:
    """Play some rules; report the first circle and give the rules in it."""
    chosen = [rules[number].rule for number in numbers]
    fields = _common_fields(chosen)
    values = [_values(name, chosen) for name in fields]
    states = 1
    for one in values:
        states *= len(one)
    if not fields or states > _MOST_STATES or reasoning.is_over:
        return []
    if not _may_meet(chosen, fields, reasoning):
        return []
    reasoning.spend(_STEPS_OF_A_STATE * states * len(chosen))
    steps: dict[_State, list[_Step]] = {}
    for state in product(*values):
        steps[state] = list(_steps(chosen, fields, state))
    circle = _shortest_circle(steps)
    if circle is None:
        return []
    _tell([rules[number] for number in numbers], fields, circle, report)
    return [frozenset(numbers[step.rule] for step in circle)]


def _steps(rules: Sequence[Rule], fields: Sequence[_Field], state: _State) -> Iterator[_Step]:
    ticket = dict(zip(fields, state, strict=True))
    for number, rule in enumerate(rules):
        if _holds(rule.match, ticket) is False:
            continue
        for position, level in enumerate(rule.levels):
            after = _written_by(level, ticket)
            changed = tuple(after[name] for name in fields)
            if changed != state and _holds(rule.match, after) is False:
                yield _Step(number, position, state, changed)


def _shortest_circle(steps: Mapping[_State, Sequence[_Step]]) -> list[_Step] | None:
    """The shortest walk that comes back to where it began; of equals, the first."""
    best: list[_Step] | None = None
    for start in steps:
        walk = _walk_back(steps, start)
        if walk is not None and (best is None or len(walk) < len(best)):
            best = walk
        if best is not None and len(best) == 2:  # noqa: PLR2004 - there and back: none is shorter
            break
    return best


def _walk_back(steps: Mapping[_State, Sequence[_Step]], start: _State) -> list[_Step] | None:
    came_by: dict[_State, _Step] = {}
    ahead = [start]
    while ahead:
        state = ahead.pop(0)
        for step in steps[state]:
            if step.after == start:
                walk = [step]
                while walk[0].before != start:
                    walk.insert(0, came_by[walk[0].before])
                return walk
            if step.after not in came_by and step.after in steps:
                came_by[step.after] = step
                ahead.append(step.after)
    return None


# --- a made-up ticket ----------------------------------------------------------------------------


def _common_fields(rules: Sequence[Rule]) -> list[_Field]:
    """What the rules both read and write."""
    read = {name for rule in rules for name in _fields_read(rule.match)}
    both = sorted(read & {name for rule in rules for name in _fields_written(rule)})
    plain = [(name, "") for name in both if name != "tags"]
    tags = sorted({tag.casefold() for rule in rules for one in rule.levels
                   for tag in (*one.tag, *one.untag)})  # fmt: skip
    return plain + [("tags", tag) for tag in tags if "tags" in both]


def _values(field: _Field, rules: Sequence[Rule]) -> list[object]:
    name = field[0]
    if name == "tags":
        return [False, True]
    if name == "priority":
        return list(Priority)
    if name == "status":
        return [status.value for status in Status if not status.is_resolved]
    read = [test for rule in rules for test in _tests(rule.match) if test.field == name]
    valued = [test for test in read if test.operator is not Operator.EXISTS]
    named = {str(one) for test in valued for one in wanted_values(test)}
    written = {
        str(value).casefold()
        for rule in rules
        for level in rule.levels
        for key, value in _plain_writes(level)
        if key == name and value is not None
    }
    return [None, ANOTHER, *sorted(named | written)]


def _holds(condition: Condition, ticket: Mapping[_Field, object]) -> bool | None:
    """Whether a condition holds; None where that is not known."""
    if isinstance(condition, All | Any):
        parts = [_holds(part, ticket) for part in condition.parts]
        decides = isinstance(condition, Any)
        if decides in parts:
            return decides
        return None if None in parts else not decides
    if isinstance(condition, Not):
        part = _holds(condition.part, ticket)
        return None if part is None else not part
    return _test_holds(condition, ticket) if isinstance(condition, Test) else None


def _test_holds(test: Test, ticket: Mapping[_Field, object]) -> bool | None:
    if test.field == "tags":
        return _tags_hold(test, ticket)
    if (test.field, "") not in ticket:
        return None
    value = ticket[test.field, ""]
    is_searched = test.operator in (Operator.CONTAINS, Operator.MATCHES)
    return None if is_searched and value == ANOTHER else accepts(test)(value)


def _tags_hold(test: Test, ticket: Mapping[_Field, object]) -> bool | None:
    known = {tag for name, tag in ticket if name == "tags"}
    if test.operator is Operator.EXISTS or not {str(one) for one in wanted_values(test)} <= known:
        return None
    borne = tuple(tag for (name, tag), bears in ticket.items() if name == "tags" and bears is True)
    return accepts(test)(borne)


def _written_by(level: Level, ticket: Mapping[_Field, object]) -> dict[_Field, object]:
    after = dict(ticket)
    for name, value in _plain_writes(level):
        if (name, "") in after:
            after[name, ""] = None if value is None else value.casefold()
    if level.raise_priority and ("priority", "") in after:
        present = Priority(str(after["priority", ""]))
        after["priority", ""] = present.raised(level.raise_priority)
    for sign, tags in ((False, level.untag), (True, level.tag)):
        for tag in tags:
            if ("tags", tag.casefold()) in after:
                after["tags", tag.casefold()] = sign
    return after


def _plain_writes(level: Level) -> Iterator[tuple[str, str | None]]:
    yield from level.set_fields
    if level.assign_group is not None:
        yield "group", level.assign_group
        yield "assignee", None
    if level.assign_assignee is not None:
        yield "assignee", level.assign_assignee


def _fields_written(rule: Rule) -> set[str]:
    names = {name for level in rule.levels for name, _ in _plain_writes(level)}
    if any(level.raise_priority for level in rule.levels):
        names.add("priority")
    if any(level.tag or level.untag for level in rule.levels):
        names.add("tags")
    return names


def _fields_read(condition: Condition) -> set[str]:
    return {test.field for test in _tests(condition)}


def _tests(condition: Condition) -> Iterator[Test]:
    if isinstance(condition, All | Any):
        for part in condition.parts:
            yield from _tests(part)
    elif isinstance(condition, Not):
        yield from _tests(condition.part)
    elif isinstance(condition, Test):
        yield condition


def _may_meet(rules: Sequence[Rule], fields: Iterable[_Field], reasoning: Reasoning) -> bool:
    """Whether one ticket may meet all that the rules ask beside the fields that are played."""
    played = {name for name, _ in fields}
    return reasoning.can_hold_together(
        (
            All(tuple(part for part in rule.match.parts if not _fields_read(part) & played)),
            rule.clock,
        )
        for rule in rules
        if isinstance(rule.match, All)
    )


# --- telling -------------------------------------------------------------------------------------


def _tell(
    rules: Sequence[WrittenRule],
    fields: Sequence[_Field],
    circle: Sequence[_Step],
    report: Report,
) -> None:
    """Report a circle at the step of its first rule."""
    at = min(range(len(circle)), key=lambda number: rules[circle[number].rule].rule.position)
    turned = [*circle[at:], *circle[:at]]
    first = rules[turned[0].rule]
    changes = [_change(fields, step) for step in turned]
    others = [
        f"rule '{rules[step.rule].rule.id}' ({_place(rules[step.rule].rule)}) {change}"
        for step, change in zip(turned[1:], changes[1:], strict=True)
    ]
    changed = {name for step in turned for name, _ in _moved(fields, step)}
    hint = "let one rule leave such tickets alone, with a test under its 'match'"
    with report.concerning(first.rule.id):
        span = first.at("levels", turned[0].position, *_key(first.rule.levels[turned[0].position]))
        if len(turned) == 2 and len(changed) == 1:  # noqa: PLR2004 - there and back
            message = f"this {changes[0]}, and {others[0]} again"
            report.warn(span, "rules-undo", message, hint)
        else:
            message = f"this {changes[0]}; then {', then '.join(others)}, and it begins anew"
            report.warn(span, "rules-feed", message, hint)


def _moved(fields: Sequence[_Field], step: _Step) -> Iterator[tuple[str, str]]:
    for (name, tag), before, after in zip(fields, step.before, step.after, strict=True):
        if before != after:
            word = f"{'adds' if after else 'removes'} tag '{clipped(tag)}'"
            yield name, word if tag else f"sets {name} to '{clipped(str(after))}'"


def _change(fields: Sequence[_Field], step: _Step) -> str:
    return " and ".join(words for _, words in _moved(fields, step))


def _key(level: Level) -> tuple[str, ...]:
    """The part of a level that writes."""
    if level.assign_group is not None or level.assign_assignee is not None:
        return ("assign",)
    if level.set_fields:
        return ("set",)
    if level.raise_priority:
        return ("raise_priority",)
    return ("tag",) if level.tag else ("untag",)


def _place(rule: Rule) -> str:
    return f"{rule.place.file}:{rule.place.line}"
