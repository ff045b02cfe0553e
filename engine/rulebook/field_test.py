"""One field under `match`, held against what is wanted of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from engine.domain.condition import FIELDS, All, Condition, FieldKind, Operator, Test
from engine.domain.ticket import Priority
from engine.rulebook.durations import read_duration
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode, is_nothing
from engine.rulebook.patterns import read_pattern
from engine.rulebook.report import Report
from engine.rulebook.scope import Scope
from engine.rulebook.statuses import read_live_status
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import (
    clipped,
    read_count,
    read_flag,
    read_scalar,
    wrong_type,
)

Plain = str | int | timedelta

_ORDERED = (Operator.AT_LEAST, Operator.AT_MOST, Operator.MORE_THAN, Operator.LESS_THAN)
_TEXTUAL = (Operator.CONTAINS, Operator.MATCHES)
_WRITTEN = (Operator.NOT, *_ORDERED, *_TEXTUAL, Operator.EXISTS)
"""The operators that a mapping may hold; equality and any-of are written as values."""

FITTING: Mapping[FieldKind, tuple[Operator, ...]] = {
    FieldKind.TEXT: (Operator.NOT, *_TEXTUAL, Operator.EXISTS),
    FieldKind.TAGS: (Operator.NOT, Operator.EXISTS),
    FieldKind.STATUS: (Operator.NOT, Operator.EXISTS),
    FieldKind.PRIORITY: (Operator.NOT, *_ORDERED, Operator.EXISTS),
    FieldKind.COUNT: (Operator.NOT, *_ORDERED, Operator.EXISTS),
    FieldKind.DURATION: (Operator.NOT, *_ORDERED, Operator.EXISTS),
}
_CALLED: Mapping[FieldKind, str] = {
    FieldKind.TEXT: "a text",
    FieldKind.TAGS: "a list of tags",
    FieldKind.STATUS: "a status",
    FieldKind.PRIORITY: "a priority",
    FieldKind.COUNT: "a count",
    FieldKind.DURATION: "a duration",
}


def read_test(key: ScalarNode, node: Node, scope: Scope) -> Condition | None:
    """A value (equals), a list (any of) or a mapping of operators, all of which must hold."""
    if is_nothing(node):
        message = f"'{_name(key)}' has no value to compare with"
        hint = f"write {_name(key)}: {{exists: false}} for tickets that lack it"
        scope.report.error(key.span, "empty-value", message, hint)
        return None
    if isinstance(node, MapNode):
        return _read_operators(key, node, scope)
    _warn_of_equal_durations(key, node, scope)
    if isinstance(node, ListNode):
        wanted = _read_list(key, node, scope)
        return _test(key, Operator.ANY_OF, wanted) if wanted else None
    value = _read_value(key, node, scope)
    return None if value is None else Test(key.text, Operator.EQUALS, value)


def _read_operators(key: ScalarNode, node: MapNode, scope: Scope) -> Condition | None:
    if not node.entries:
        message = f"'{_name(key)}' names no test"
        scope.report.error(key.span, "empty-value", message, "write a value")
    tests = [_read_operator(key, name, value, scope) for name, value in node.entries]
    sound = tuple(test for test in tests if test is not None)
    if len(sound) != len(tests) or not sound:
        return None
    return sound[0] if len(sound) == 1 else All(sound)


def _read_operator(key: ScalarNode, name: ScalarNode, node: Node, scope: Scope) -> Condition | None:
    fitting = FITTING[_kind(key)]
    if name.text not in _WRITTEN:
        message = f"unknown operator '{clipped(name.text)}'"
        hint = did_you_mean(name.text, fitting)
        scope.report.error(name.span, "unknown-operator", message, hint)
        return None
    operator = Operator(name.text)
    if operator not in fitting:
        message = f"'{operator}' does not fit '{_name(key)}', which is {_CALLED[_kind(key)]}"
        hint = f"write a value, a list, or one of: {', '.join(fitting)}"
        scope.report.error(name.span, "operator", message, hint)
        return None
    if is_nothing(node):
        message = f"'{operator}' has no value to compare with"
        hint = f"write {_name(key)}: {{exists: {str(operator is Operator.NOT).lower()}}}"
        scope.report.error(name.span, "empty-value", message, hint)
        return None
    return _read_wanted(key, operator, node, scope)


def _read_wanted(key: ScalarNode, operator: Operator, node: Node, scope: Scope) -> Test | None:
    if operator is Operator.EXISTS:
        flag = read_flag(node, scope.report, "'exists'")
        return None if flag is None else Test(key.text, operator, flag)
    if operator is Operator.NOT:
        unwanted = _read_list(key, node, scope)
        return _test(key, operator, unwanted) if unwanted else None
    if operator is Operator.MATCHES:
        return _read_matches(key, node, scope)
    value = _read_value(key, node, scope)
    return None if value is None else Test(key.text, operator, value)


def _read_matches(key: ScalarNode, node: Node, scope: Scope) -> Test | None:
    scalar = read_scalar(node, scope.report, "'matches'", "a pattern")
    pattern = None if scalar is None else read_pattern(scalar, scope.report)
    if scalar is None or pattern is None:
        return None
    return Test(key.text, Operator.MATCHES, scalar.text, pattern)


def _read_list(key: ScalarNode, node: Node, scope: Scope) -> tuple[Plain, ...]:
    """The values of a list, or a single one; empty, reported, when any is faulty."""
    items = node.items if isinstance(node, ListNode) else (node,)
    if not items:
        message = f"'{_name(key)}' lists no values"
        scope.report.error(key.span, "empty-value", message, "write at least one")
    values = [_read_value(key, item, scope) for item in items]
    sound = tuple(value for value in values if value is not None)
    return sound if len(sound) == len(values) else ()


def _test(key: ScalarNode, operator: Operator, values: tuple[Plain, ...]) -> Test:
    # All values of one field are of one kind, which the type of `values` cannot say.
    return Test(key.text, operator, values)  # type: ignore[arg-type]


def _read_value(key: ScalarNode, node: Node, scope: Scope) -> Plain | None:
    """One value of the kind that the field holds."""
    kind, what = _kind(key), f"'{_name(key)}'"
    if is_nothing(node):
        hint = f"write {_name(key)}: {{exists: false}} for tickets that lack it"
        scope.report.error(node.span, "empty-value", f"one value of {what} is missing", hint)
        return None
    if not isinstance(node, ScalarNode):
        wrong_type(scope.report, node, what, "a single value here")
        return None
    if kind is FieldKind.COUNT:
        return read_count(node, scope.report, what)
    if kind is FieldKind.DURATION:
        return read_duration(node, scope.report, scope.clock.calendar, what, zero_is_fine=True)
    scalar = read_scalar(node, scope.report, what)
    return None if scalar is None else _read_word(kind, scalar, scope.report)


def _read_word(kind: FieldKind, scalar: ScalarNode, report: Report) -> str | None:
    """A text, status or priority; case does not matter."""
    folded = scalar.text.strip().casefold()
    if kind is FieldKind.STATUS:
        hint = "remove it; 'customer.follow_up' is for what comes after the resolution"
        return read_live_status(scalar, report, "resolved-in-match", hint)
    if kind is FieldKind.PRIORITY and folded not in tuple(Priority):
        message = f"unknown priority '{clipped(scalar.text)}'"
        report.error(scalar.span, "unknown-priority", message, did_you_mean(folded, Priority))
        return None
    return folded


def _warn_of_equal_durations(key: ScalarNode, node: Node, scope: Scope) -> None:
    if _kind(key) is FieldKind.DURATION:
        message = f"'{_name(key)}' equals a duration for one second only"
        amount = node.text if isinstance(node, ScalarNode) else "4h"
        hint = f"write {_name(key)}: {{at_least: {clipped(amount)}}}"
        scope.report.warn(node.span, "equal-duration", message, hint)


def _name(key: ScalarNode) -> str:
    return clipped(key.text)


def _kind(key: ScalarNode) -> FieldKind:
    return FIELDS.get(key.text, FieldKind.TEXT)
