"""`levels`: the steps of a rule's ladder."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from engine.domain.rule import Kind, Level, Repeat
from engine.domain.ticket import Priority, Status
from engine.rulebook.dues import Due, read_due, refuse_disorder
from engine.rulebook.durations import read_duration, read_per_priority
from engine.rulebook.fields import Fields
from engine.rulebook.nodes import Node, ScalarNode, Span
from engine.rulebook.scope import Scope
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import (
    clipped,
    read_choice,
    read_mapping,
    read_scalar,
    read_scalars,
)

LEVEL_KEYS = {
    "name": "How the level is known in logs, and remembered; what `after` says unless it is given.",
    "after": "How long after the anchor: a duration or a percentage of the target.",
    "before": "How long before the due date; only with `since: due`.",
    "kind": "To those who know more, or to those who may decide more; none is a reminder.",
    "set": "Fields, and their new values.",
    "raise_priority": "So many steps up, at most to urgent.",
    "tag": "Tags to add.",
    "untag": "Tags to remove.",
    "assign": "Who gets the ticket; a new group clears the assignee.",
    "note": "A text of your own, above the internal note that every level leaves.",
    "notify": "Names of receivers; `assignee` and `group` are built in.",
    "template": "The staff template of the notice; `escalation` unless it is given.",
    "repeat": "Say the notice again until somebody takes it.",
}
ASSIGN_KEYS = {
    "group": "The group that gets it.",
    "assignee": "The person who gets it.",
}
REPEAT_KEYS = {
    "every": "How long after the level fired, in the rule's calendar; one, or by priority.",
    "times": "How many more times.",
}
SETTABLE = ("priority", "status", "type", "group", "assignee")
_OWN_FIELDS = "fields."


class _Step(NamedTuple):
    """A level, and what only its reader needs to know of it."""

    level: Level
    due: Due
    span: Span


def read_levels(fields: Fields, scope: Scope) -> tuple[Level, ...]:
    """The levels of a rule, in order."""
    steps: list[_Step] = []
    for node in fields.items("levels"):
        level = Fields.read(node, LEVEL_KEYS, scope.report, "a level")
        if level is not None:
            steps.append(_read_step(level, len(steps) + 1, scope))
    _refuse_doubles(steps, scope)
    if scope.is_calendar_known:
        names = [step.level.identity for step in steps]
        refuse_disorder([step.due for step in steps], names, scope.clock, scope.report)
    return tuple(step.level for step in steps)


def read_notify(node: Node, scope: Scope, what: str = "'notify'") -> tuple[str, ...]:
    """Names of receivers, each once."""
    scalars = read_scalars(node, scope.report, what)
    if scalars:
        scope.names.want_default(node.span)
    names = (scope.names.receiver(scalar, scope.report, what) for scalar in scalars)
    return tuple(name for name in names if name is not None)


def _read_step(fields: Fields, number: int, scope: Scope) -> _Step:
    due = read_due(fields, scope)
    name = fields.text("name")
    kind = fields.choice("kind", Kind, "kind")
    if kind is not None:
        scope.names.want_default(fields.key("kind"))
    group, assignee = _read_assign(fields)
    notify = fields.value("notify")
    template = fields.value("template")
    staff = None if template is None else scope.names.template(template, scope.report, "staff")
    level = Level(
        number=number,
        identity=name or due.written or f"level {number}",
        due=due.offsets,
        kind=None if kind is None else Kind(kind),
        set_fields=_read_set(fields, scope),
        raise_priority=fields.count("raise_priority", least=1) or 0,
        tag=fields.texts("tag"),
        untag=fields.texts("untag"),
        assign_group=group,
        assign_assignee=assignee,
        note=fields.text("note"),
        notify=() if notify is None else read_notify(notify, scope),
        template=staff or "escalation",
        repeat=_read_repeat(fields, scope),
    )
    named = fields.value("name")
    return _Step(level, due, due.span if named is None else named.span)


def _read_assign(fields: Fields) -> tuple[str | None, str | None]:
    assign = fields.fields("assign", ASSIGN_KEYS)
    if assign is None:
        return None, None
    if "group" not in assign and "assignee" not in assign:
        hint = "write for example assign: {group: tier-2}"
        fields.report.error(assign.span, "missing-key", "'assign' names nobody", hint)
    return assign.text("group"), assign.text("assignee")


def _read_set(fields: Fields, scope: Scope) -> tuple[tuple[str, str], ...]:
    node = fields.value("set")
    mapping = None if node is None else read_mapping(node, scope.report, "'set'")
    entries = () if mapping is None else mapping.entries
    pairs = ((key.text, _read_setting(key, value, scope)) for key, value in entries)
    return tuple((name, value) for name, value in pairs if value is not None)


def _read_setting(key: ScalarNode, node: Node, scope: Scope) -> str | None:
    name, report = key.text, scope.report
    if name not in SETTABLE and not (name.startswith(_OWN_FIELDS) and name != _OWN_FIELDS):
        hint = did_you_mean(name, SETTABLE)
        if name == "tags":
            hint = "write 'tag: [x]' or 'untag: [x]' in the level"
        report.error(key.span, "unknown-field", f"'{clipped(name)}' cannot be set", hint)
        return None
    if name == "priority":
        return read_choice(node, report, "priority", Priority)
    if name == "status":
        return _read_new_status(node, scope)
    scalar = read_scalar(node, report, f"'{clipped(name)}'")
    return None if scalar is None else scalar.text.strip()


def _read_new_status(node: Node, scope: Scope) -> str | None:
    status = read_choice(node, scope.report, "status", Status)
    if status is not None and Status(status).is_resolved:
        message = f"this level makes the ticket {status}, and so ends the episode"
        hint = "if that is what you want, no level after it will fire"
        scope.report.warn(node.span, "set-resolved", message, hint)
    return status


def _read_repeat(fields: Fields, scope: Scope) -> Repeat | None:
    repeat = fields.fields("repeat", REPEAT_KEYS)
    if repeat is None:
        return None
    if "notify" not in fields:
        message = "'repeat' says a notice again, and this level notifies nobody"
        fields.report.error(fields.key("repeat"), "repeat-without-notify", message, "add 'notify'")
    node = repeat.required("every", "write for example every: 4h")
    repeat.required("times", "write for example times: 3")
    times = repeat.count("times", least=1)

    def read(value: Node) -> timedelta | None:
        return read_duration(value, scope.report, scope.clock.calendar, "'every'")

    every = None if node is None else read_per_priority(node, scope.report, read)
    return None if every is None or times is None else Repeat(every, times)


def _refuse_doubles(steps: list[_Step], scope: Scope) -> None:
    first: dict[str, _Step] = {}
    for step in steps:
        known = first.setdefault(step.level.identity, step)
        if known is not step:
            identity = clipped(step.level.identity)
            message = f"a second level is known as '{identity}'; the first is on line"
            scope.report.error(
                step.span,
                "duplicate-level",
                f"{message} {known.span.line}",
                "give it a 'name' of its own",
            )
