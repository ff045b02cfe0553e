"""Rules that write different values into one field at the same instant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from engine.domain.rule import Kind, Level, Mode, Rule, Since
from engine.domain.ticket import Priority
from engine.rulebook.dues import instant
from engine.rulebook.lints.possible import Reasoning, equals
from engine.rulebook.report import Report
from engine.rulebook.values import clipped
from engine.rulebook.written import Written, WrittenRule

_Moment = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Write:
    """What one level writes into one field.

    Attributes:
        position: Of the level, from 0.
        key: The part of the level that says so: a path below it.
        value: As told to people.
    """

    written: WrittenRule
    position: int
    key: tuple[str, ...]
    field: str
    value: str

    @property
    def rule(self) -> Rule:
        """The rule that writes."""
        return self.written.rule

    @property
    def place(self) -> tuple[str, int, str]:
        """What tells it from every other write."""
        return self.rule.id, self.position, self.field

    @property
    def level(self) -> Level:
        """The level that writes."""
        return self.rule.levels[self.position]


def lint_conflicts(written: Written, reasoning: Reasoning, report: Report) -> None:
    """Report each write that loses, with the first one that wins over it.

    Only writes at one and the same instant count: the same clock and the same time on it, at a
    priority and on a ticket that both rules may concern.
    """
    at_once: dict[_Moment, dict[str, list[Write]]] = {}
    reported: set[tuple[str, int, str]] = set()
    for write in _writes(written):
        for priority in Priority:
            moment = _moment(write, priority)
            if moment is None:
                continue
            by_value = at_once.setdefault(moment, {})
            others = (one for value in by_value if value != write.value for one in by_value[value])
            for other in others:
                reasoning.spend(1)
                if reasoning.is_over:
                    return
                winner, loser = _in_order(other, write)
                if loser.place not in reported and _clash(other, write, priority, reasoning):
                    reported.add(loser.place)
                    _tell(winner, loser, report)
            by_value.setdefault(write.value, []).append(write)


def _writes(written: Written) -> Iterator[Write]:
    for one in written.rules:
        for position, level in enumerate(one.rule.levels if one.rule.mode is not Mode.OFF else ()):
            for name, value in level.set_fields:
                yield Write(one, position, ("set", name), name, value)
            if level.assign_group is not None:
                yield Write(one, position, ("assign", "group"), "group", level.assign_group)
            if level.assign_assignee is not None:
                yield Write(
                    one, position, ("assign", "assignee"), "assignee", level.assign_assignee
                )
            if level.tag or level.untag:
                key = "tag" if level.tag else "untag"
                signs = (*(f"+{tag}" for tag in level.tag), *(f"-{tag}" for tag in level.untag))
                yield Write(one, position, (key,), "tags", " ".join(signs))


def _moment(write: Write, priority: Priority) -> _Moment | None:
    """What two writes share that happen at one instant; None where that cannot be said."""
    rule = write.rule
    if rule.groups_by is not None:
        return None
    at: timedelta | None = instant(write.level.due, priority, rule.clock)
    if at is None:
        return None
    clock = rule.clock
    # Two rules begin to match at one instant for certain only if they match the same.
    begins = rule.match if clock.since is Since.MATCH else None
    return write.field, clock.since, clock.calendar, clock.pause_while, begins, priority, at


def _clash(first: Write, second: Write, priority: Priority, reasoning: Reasoning) -> bool:
    one, other = first.rule, second.rule
    if one is other or other.id in one.inhibits or one.id in other.inhibits:
        return False
    asked = [(rule.match, rule.clock) for rule in (one, other)]
    return reasoning.can_hold_together([*asked, (equals("priority", priority), one.clock)])


def _in_order(first: Write, second: Write) -> tuple[Write, Write]:
    """Of two writes at one instant the one that is done, and the one that is refused."""
    is_turned = second.level.kind is Kind.HIERARCHICAL and first.level.kind is not Kind.HIERARCHICAL
    return (second, first) if is_turned else (first, second)


def _tell(winner: Write, loser: Write, report: Report) -> None:
    place = winner.rule.place
    message = f"at the same instant rule '{winner.rule.id}' ({place.file}:{place.line}) writes"
    message = f"{message} {winner.field} '{clipped(winner.value)}', and wins"
    hint = "let one rule inhibit the other, or exclude its tickets"
    with report.concerning(loser.rule.id):
        at = loser.written.at("levels", loser.position, *loser.key)
        report.warn(at, "rules-contradict", message, hint)
