"""Updates promised to customers more often than they may be written to."""

from __future__ import annotations

from datetime import timedelta

from engine.domain.calendar import Calendar
from engine.domain.facts import CustomerLimits
from engine.domain.rule import Updates
from engine.domain.ticket import Priority
from engine.rulebook.nodes import Span
from engine.rulebook.report import Report
from engine.rulebook.written import Written, WrittenRule

_DAY = timedelta(days=1)


def lint_cadence(written: Written, limits: CustomerLimits, report: Report) -> None:
    """Report each `every` that `customer_limits` cannot keep."""
    for one in written.rules:
        plan = one.rule.customer
        if plan is None or plan.updates is None:
            continue
        with report.concerning(one.rule.id):
            for priority, every in plan.updates.every.by_priority.items():
                _warn(one, plan.updates, priority, every, limits, report)


def _warn(
    one: WrittenRule,
    updates: Updates,
    priority: Priority,
    every: timedelta,
    limits: CustomerLimits,
    report: Report,
) -> None:
    at = _place(one, priority)
    if every < limits.gap:
        message = f"an update every {_words(every)}, but 'customer_limits' leave a gap of"
        hint = f"write {_words(limits.gap)} or more, or change 'gap' in the config file"
        report.warn(at, "every-beyond-limits", f"{message} {_words(limits.gap)}", hint)
        return
    wanted = _most_in_a_day(one.rule.clock.calendar, updates, every)
    if wanted > limits.per_day:
        message = f"this can be {wanted} updates in 24 hours, but 'customer_limits' allow"
        hint = "write a longer time, or change 'per_day' in the config file"
        report.warn(at, "every-beyond-limits", f"{message} {limits.per_day}", hint)


def _place(one: WrittenRule, priority: Priority) -> Span:
    return one.at("customer", "updates", "every", priority.value)


def _most_in_a_day(clock: Calendar, updates: Updates, every: timedelta) -> int:
    """How many updates fall due in the longest day on which they also go out."""
    open_for = min(_longest_day(clock), _longest_day(updates.deliver_in))
    if updates.max is not None:
        return min(open_for // every, updates.max)
    return open_for // every


def _longest_day(calendar: Calendar) -> timedelta:
    minutes = [sum(closes - opens for opens, closes in day) for day in calendar.hours.weekly]
    return min(timedelta(minutes=max(minutes)), _DAY)


def _words(length: timedelta) -> str:
    """A length as rule files write it: `1h30m`."""
    hours, seconds = divmod(int(length.total_seconds()), 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
