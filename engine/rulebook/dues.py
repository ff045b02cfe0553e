"""When the levels of a rule are due, and that each comes after the one before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from engine.domain.rule import Clock, Offset, Percent, PerPriority, Since
from engine.domain.ticket import Priority
from engine.rulebook.durations import read_duration, read_per_priority
from engine.rulebook.fields import Fields
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode, Span
from engine.rulebook.report import Report
from engine.rulebook.scope import Scope
from engine.rulebook.values import clipped

PERCENT = re.compile(r"([0-9]{1,6})\s*%")
_MOST_PERCENT = 100_000
_NEVER_DUE: PerPriority[Offset] = PerPriority({})


@dataclass(frozen=True, slots=True)
class Due:
    """When a level is due.

    Attributes:
        offsets: By priority; empty when what is written is faulty.
        written: `after` or `before` as the file has it: the identity of a level without a name.
        span: Where it stands.
    """

    offsets: PerPriority[Offset]
    written: str
    span: Span


def read_due(fields: Fields, scope: Scope) -> Due:
    """`after` or `before` of a level; exactly one of them must be there."""
    report = scope.report
    after, before = fields.value("after"), fields.value("before")
    if "after" in fields and "before" in fields:
        message = "a level is due either 'after' or 'before', not both"
        report.error(fields.key("before"), "after-and-before", message, "remove one")
    elif "after" not in fields and "before" not in fields:
        hint = "write for example after: 4h"
        report.error(fields.span, "missing-key", "this level does not say when: no 'after'", hint)
    if before is not None and scope.is_anchor_known and scope.clock.since is not Since.DUE:
        message = "'before' needs a due date to count from"
        hint = "write 'since: due' under 'clock', or use 'after'"
        report.error(fields.key("before"), "before-without-due", message, hint)
    if after is not None:
        offsets = _read_offsets(after, scope, is_before=False)
        return Due(offsets, _as_written(after), after.span)
    if before is not None:
        offsets = _read_offsets(before, scope, is_before=True)
        return Due(offsets, f"before {_as_written(before)}", before.span)
    return Due(_NEVER_DUE, "", fields.span)


def refuse_disorder(
    dues: Sequence[Due], names: Sequence[str], clock: Clock, report: Report
) -> None:
    """Report each level that is due, at any one priority, before one that stands above it."""
    latest: dict[Priority, tuple[timedelta, int]] = {}
    for number, due in enumerate(dues):
        reported = False
        for priority in Priority:
            at = instant(due.offsets, priority, clock)
            if at is None:
                continue
            last = latest.get(priority)
            if last is None or at >= last[0]:
                latest[priority] = at, number
            elif not reported:
                _report_disorder(due, names[number], names[last[1]], priority, report)
                reported = True


def _report_disorder(
    due: Due, later: str, earlier: str, priority: Priority, report: Report
) -> None:
    message = f"level '{clipped(later)}' is due before level '{clipped(earlier)}' above it"
    if len(set(due.offsets.by_priority.values())) > 1:
        message = f"{message}, at priority {priority}"
    report.error(
        due.span, "level-order", message, "put the levels in the order in which they are due"
    )


def _read_offsets(node: Node, scope: Scope, *, is_before: bool) -> PerPriority[Offset]:
    what = "'before'" if is_before else "'after'"

    def read(value: Node) -> Offset | None:
        amount: timedelta | Percent | None
        if isinstance(value, ScalarNode) and value.text.rstrip().endswith("%"):
            amount = _read_percent(value, scope, is_before=is_before)
        else:
            amount = read_duration(
                value, scope.report, scope.clock.calendar, what, zero_is_fine=True
            )
        return None if amount is None else Offset(amount, is_before)

    return read_per_priority(node, scope.report, read) or _NEVER_DUE


def _read_percent(scalar: ScalarNode, scope: Scope, *, is_before: bool) -> Percent | None:
    if is_before or scope.clock.since is Since.DUE:
        message = "a percentage has no meaning with 'since: due'"
        hint = "write a duration, for example before: 4h"
        scope.report.error(scalar.span, "percent-with-due", message, hint)
        return None
    found = PERCENT.fullmatch(scalar.text.strip())
    if found is None or int(found[1]) > _MOST_PERCENT:
        message = f"'{clipped(scalar.text)}' is not a whole percentage"
        scope.report.error(scalar.span, "percent", message, "write for example 75%")
        return None
    if not scope.has_target:
        message = f"'{scalar.text.strip()}' needs a target to be a share of"
        hint = "write 'target: 8h' under 'clock', or a duration here"
        scope.report.error(scalar.span, "percent-without-target", message, hint)
        return None
    return Percent(int(found[1]))


def _as_written(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return node.text.strip()
    if isinstance(node, MapNode):
        pairs = (f"{key.text}: {_as_written(value)}" for key, value in node.entries)
        return f"{{{', '.join(pairs)}}}"
    assert isinstance(node, ListNode)  # noqa: S101 - there is no fourth kind
    return f"[{', '.join(map(_as_written, node.items))}]"


def instant(due: PerPriority[Offset], priority: Priority, clock: Clock) -> timedelta | None:
    """How long after the anchor (or, negative, before it) a level is due; None for never."""
    offset = due.get(priority)
    if offset is None:
        return None
    if isinstance(offset.amount, timedelta):
        return -offset.amount if offset.is_before else offset.amount
    target = None if clock.target is None else clock.target.get(priority)
    return None if target is None else offset.amount.applied_to(target)
