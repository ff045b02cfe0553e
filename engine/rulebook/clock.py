"""`clock`: from when, in which hours and towards which target a rule counts."""

from __future__ import annotations

from datetime import timedelta

from engine.domain.calendar import ALWAYS, Calendar
from engine.domain.condition import All, Condition, Operator, Test
from engine.domain.rule import Clock, PerPriority, Since
from engine.domain.ticket import Priority, Status
from engine.rulebook.durations import read_duration, read_per_priority
from engine.rulebook.fields import Fields
from engine.rulebook.names import Names
from engine.rulebook.nodes import MapNode, Node
from engine.rulebook.report import Report
from engine.rulebook.scope import Scope
from engine.rulebook.statuses import read_live_status
from engine.rulebook.values import read_scalars

CLOCK_KEYS = {
    "since": "The event that starts the clock, the anchor.",
    "calendar": "The hours in which time counts.",
    "pause_while": "Statuses in which the clock stands still; [] for none.",
    "target": "The promised time, of which percentages are a share; one, or by priority.",
}
_RANKS = {
    Operator.AT_LEAST: lambda rank, wanted: rank >= wanted,
    Operator.AT_MOST: lambda rank, wanted: rank <= wanted,
    Operator.MORE_THAN: lambda rank, wanted: rank > wanted,
    Operator.LESS_THAN: lambda rank, wanted: rank < wanted,
}


def clock_fields(rule: Fields) -> Fields | None:
    """The fields under a rule's `clock`."""
    return rule.fields("clock", CLOCK_KEYS)


def read_clock(fields: Fields | None, names: Names, report: Report) -> Scope:
    """The clock of a rule, with the defaults for what it leaves out or gets wrong."""
    if fields is None:
        return Scope(report, names, Clock(ALWAYS))
    node = fields.value("calendar")
    known = None if node is None else names.calendar(node, report, "'calendar'")
    calendar = known or ALWAYS
    since = fields.choice("since", Since, "anchor")
    target = fields.value("target")
    clock = Clock(
        calendar,
        Since.OPENED if since is None else Since(since),
        _read_pauses(fields, report),
        None if target is None else _read_target(target, calendar, report),
    )
    return Scope(
        report,
        names,
        clock,
        has_target="target" in fields,
        is_calendar_known=known is not None or "calendar" not in fields,
        is_anchor_known=since is not None or "since" not in fields,
    )


def warn_of_priorities_left_out(fields: Fields | None, match: All, scope: Scope) -> None:
    """Report a target that forgets tickets which the match lets through."""
    target = scope.clock.target
    node = None if fields is None else fields.value("target")
    if fields is None or target is None or not isinstance(node, MapNode):
        return
    if len(node.entries) > len(target.by_priority):
        return  # which of them is meant by the faulty entry is not known
    missing = [one for one in Priority if target.get(one) is None and _lets_through(match, one)]
    if missing:
        named = " and ".join(missing)
        message = f"'target' leaves out {named}: the rule does not concern such tickets"
        hint = f"add {missing[0]}, or say so with 'priority' under 'match'"
        scope.report.warn(fields.key("target"), "priority-left-out", message, hint)


def _read_pauses(fields: Fields, report: Report) -> frozenset[Status]:
    node = fields.value("pause_while")
    if node is None:
        return frozenset({Status.PENDING_CUSTOMER})
    hint = "remove it: the resolution ends the episode"
    scalars = read_scalars(node, report, "'pause_while'")
    statuses = (read_live_status(one, report, "resolved-in-pause", hint) for one in scalars)
    return frozenset(status for status in statuses if status is not None)


def _read_target(node: Node, calendar: Calendar, report: Report) -> PerPriority[timedelta] | None:
    def read(value: Node) -> timedelta | None:
        return read_duration(value, report, calendar, "'target'")

    return read_per_priority(node, report, read)


def _lets_through(match: All, priority: Priority) -> bool:
    """Whether the tests that stand directly under `match` allow a priority."""
    return all(_allows(part, priority) for part in match.parts)


def _allows(condition: Condition, priority: Priority) -> bool:
    if isinstance(condition, All):
        return _lets_through(condition, priority)
    if not isinstance(condition, Test) or condition.field != "priority":
        return True
    wanted = condition.wanted
    if isinstance(wanted, tuple):
        return (priority in wanted) is (condition.operator is Operator.ANY_OF)
    if condition.operator is Operator.EQUALS:
        return priority == wanted
    compare = _RANKS.get(condition.operator)
    return compare is None or compare(priority.rank, Priority(str(wanted)).rank)
