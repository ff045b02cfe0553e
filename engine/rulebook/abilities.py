"""Rules that ask a helpdesk for what it cannot do: said now, and not at night."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.domain.capability import Capabilities
from engine.domain.rule import Level, Mode
from engine.errors import Problem
from engine.rulebook.lints.possible import Reasoning, equals
from engine.rulebook.report import Report
from engine.rulebook.written import Step, Written, WrittenRule

Asked = tuple[tuple[Step, ...], str]
"""Where in a rule something is asked for, and which field it would change."""


def refuse_impossible(
    written: Written, helpdesks: Mapping[str, Capabilities]
) -> tuple[Problem, ...]:
    """An error for each thing that some helpdesk of a rule cannot do.

    A rule is about every helpdesk whose tickets can meet its `match`; what a `source` test leaves
    out is none of them.

    Args:
        written: Rules that were read without an error.
        helpdesks: The config file's helpdesks, by name; what goes by mail instead counts as done.
    """
    report, reasoning = Report(), Reasoning()
    for one in written.rules:
        if one.rule.mode is Mode.OFF:
            continue
        concerned = {
            name: can
            for name, can in helpdesks.items()
            if reasoning.can_hold(one.rule.match, equals("source", name))
        }
        with report.concerning(one.rule.id):
            _refuse_changes(one, concerned, report)
            _refuse_messages(one, concerned, report)
    return report.sorted()


def _refuse_changes(
    one: WrittenRule, concerned: Mapping[str, Capabilities], report: Report
) -> None:
    for position, level in enumerate(one.rule.levels):
        for path, field in _changes(level):
            unable = [name for name, can in concerned.items() if not can.can_set(field)]
            if unable:
                at = one.at("levels", position, *path)
                message = f"{_named(unable)} cannot change {field}"
                report.error(at, "helpdesk-cannot", message, _advice(unable, concerned, field))
        if level.note is not None:
            unable = [name for name, can in concerned.items() if not can.notes]
            if unable:
                at = one.at("levels", position, "note")
                message = f"{_named(unable)} takes no internal notes"
                report.error(at, "helpdesk-cannot", message, _advice(unable, concerned))


def _changes(level: Level) -> Iterator[Asked]:
    for name, _ in level.set_fields:
        yield ("set", name), name
    if level.raise_priority:
        yield ("raise_priority",), "priority"
    if level.tag:
        yield ("tag",), "tags"
    if level.untag:
        yield ("untag",), "tags"
    if level.assign_group is not None:
        yield ("assign", "group"), "group"
    if level.assign_assignee is not None:
        yield ("assign", "assignee"), "assignee"


def _refuse_messages(
    one: WrittenRule, concerned: Mapping[str, Capabilities], report: Report
) -> None:
    plan = one.rule.customer
    if plan is None:
        return
    unable = [name for name, can in concerned.items() if not can.replies]
    if unable:
        message = f"{_named(unable)} cannot write to customers"
        report.error(one.at("customer"), "helpdesk-cannot", message, _BY_MAIL)
    closed = [name for name, can in concerned.items() if not can.replies_when_resolved]
    if plan.follow_up is not None and closed and not unable:
        message = f"a reply of {_named(closed)} would open a resolved ticket again"
        report.error(one.at("customer", "follow_up"), "helpdesk-cannot", message, _BY_MAIL)


_BY_MAIL = "have its customers written to by mail: add replies_by to it in the config file"


def _advice(
    unable: Iterable[str], concerned: Mapping[str, Capabilities], field: str | None = None
) -> str:
    if set(unable) != set(concerned):
        return f"leave it out of this rule: add source: {{not: {next(iter(unable))}}} to its match"
    if field is None:
        return "remove it"
    return f"map {field}, or add write_back, in the config file; or remove this"


def _named(names: list[str]) -> str:
    return ("helpdesk " if len(names) == 1 else "helpdesks ") + ", ".join(names)
