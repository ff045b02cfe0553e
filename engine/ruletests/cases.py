"""One case: when it begins and ends, its tickets, what happens, and what is expected."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from engine.domain.ruleset import Ruleset
from engine.rulebook.fields import Fields
from engine.rulebook.nodes import Node, ScalarNode
from engine.ruletests.case import Case, Reloads, Step
from engine.ruletests.expectations import read_expected
from engine.ruletests.scope import Scope
from engine.ruletests.stamps import LONGEST, Stamps
from engine.ruletests.steps import read_step
from engine.ruletests.tickets import read_openings

_KEYS = ("name", "start", "ticket", "tickets", "timeline", "until", "expect")


def read_case(node: Node, scope: Scope) -> Case | None:
    """A case; None, reported, when it is faulty."""
    report = scope.report
    errors = report.error_count
    fields = Fields.read(node, _KEYS, report, "a case")
    if fields is None:
        return None
    fields.required("name", "say in a few words what the case shows")
    stamps = _started(fields, scope.stamps)
    until = _until(fields, stamps)
    openings = read_openings(fields, stamps)
    tickets = {one.ticket.id: one.ticket.created_at for one in openings}
    scope = replace(scope, stamps=stamps, until=until, tickets=tickets)
    steps = [step for each in _items(fields, "timeline") if (step := read_step(each, scope))]
    scope = replace(scope, rulesets=(*scope.rulesets, *_reloaded(steps)))
    fields.required("expect", "write expect: [] if nothing may happen")
    expected = [one for each in _items(fields, "expect") if (one := read_expected(each, scope))]
    if report.error_count == errors and "until" not in fields:
        until = _last(fields, [*(one.at for one in steps), *(one.last for one in expected)])
    if report.error_count > errors or stamps.start is None or until is None:
        return None
    return Case(
        name=fields.text("name") or "",
        line=fields.span.line,
        start=stamps.start,
        until=until,
        openings=openings,
        steps=tuple(steps),
        expected=tuple(expected),
    )


def _started(fields: Fields, stamps: Stamps) -> Stamps:
    node = fields.required("start", "write for example start: 2026-01-09 16:30")
    if isinstance(node, ScalarNode) and node.text.startswith("+"):
        message = "the start cannot be an offset: offsets count from it"
        stamps.report.error(node.span, "instant", message, "write a day and a time")
        return stamps
    return replace(stamps, start=None if node is None else stamps.read(node, "'start'"))


def _until(fields: Fields, stamps: Stamps) -> datetime | None:
    node = fields.value("until")
    until = None if node is None else stamps.read(node, "'until'")
    if node is None or until is None or stamps.start is None:
        return until
    if until < stamps.start:
        stamps.report.error(node.span, "instant", "'until' lies before 'start'")
    elif until - stamps.start > LONGEST:
        message = "'until' lies more than ten years after 'start'"
        stamps.report.error(node.span, "instant", message)
    return until


def _last(fields: Fields, instants: list[datetime]) -> datetime | None:
    """Without `until` a case is lived through to the last instant that it names."""
    if not instants:
        hint = "say how long nothing may happen, for example until: +5d"
        fields.report.error(fields.span, "missing-key", "'until' is missing", hint)
    return max(instants, default=None)


def _items(fields: Fields, key: str) -> tuple[Node, ...]:
    return fields.items(key) if fields.value(key) is not None else ()


def _reloaded(steps: list[Step]) -> tuple[Ruleset, ...]:
    return tuple(step.ruleset for step in steps if isinstance(step, Reloads))
