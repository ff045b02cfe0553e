"""`rules`: what to watch, when to act and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from engine.domain.calendar import ALWAYS, Calendar
from engine.domain.condition import All, ContactsBy
from engine.domain.rule import (
    Acknowledge,
    AcknowledgeBy,
    BacklogPolicy,
    Budget,
    CustomerPlan,
    Level,
    Mode,
    Place,
    Rule,
)
from engine.rulebook.budget import read_budget
from engine.rulebook.clock import clock_fields, read_clock, warn_of_priorities_left_out
from engine.rulebook.customer import read_customer
from engine.rulebook.durations import read_duration
from engine.rulebook.fields import Fields
from engine.rulebook.fingerprint import fingerprint_of
from engine.rulebook.inhibition import refuse_circles
from engine.rulebook.levels import read_levels
from engine.rulebook.match import group_of, read_match, reads
from engine.rulebook.names import Names, define
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode, Span
from engine.rulebook.report import Report
from engine.rulebook.scope import Scope
from engine.rulebook.values import clipped, read_choice, read_items, read_scalars, wrong_type

RULE_KEYS = {
    "id": "The key to all that is remembered of the rule. Do not change it later.",
    "description": "One sentence; staff read it in notices and notes.",
    "match": "Which tickets: all of these tests must hold. Without it, every unresolved one.",
    "clock": "From when, in which hours and towards which target the rule counts.",
    "levels": "What happens when, in the order in which it falls due.",
    "acknowledge": "What counts as taking an escalation, and for how long.",
    "customer": "What the customer hears because of this rule.",
    "mode": "`shadow` decides and records, but does nothing; `off` rests.",
    "backlog": "What new text does about levels that it puts in the past: one digest, or act.",
    "max_lateness": "Wall-clock time after which a missed level leaves ticket and customer alone.",
    "budget": "Escalations in a period. Beyond it a digest names the tickets.",
    "cooldown": "Wall-clock time without a new episode of the same ticket or group.",
    "inhibits": "Rules whose levels wait until this one's last level has fired.",
    "moved_from": "The id before a rename: what it fired goes on under the new one.",
    "asked_by": "Who asked for the rule; for the reports.",
    "reason": "Why there is such a rule; the description unless it is given.",
}
ACKNOWLEDGE_KEYS = {
    "by": "What counts: a link in the notice, a public reply, becoming assignee.",
    "expires": "How long it holds, in the rule's calendar; one day unless it is given.",
}
ASKED_BY = ("rule", "customer", "agent")
_ID_MARKS = "-_."
_LONGEST_ID = 100
_MAX_LATENESS = timedelta(days=3)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule whose id is known, but not yet what it says.

    Attributes:
        id: Empty when the rule has none that can be used.
        shown: What the file gives as the id, usable or not; how problems call the rule.
    """

    id: str
    shown: str | None
    node: MapNode
    fields: Fields


def draft_rules(node: Node, names: Names, report: Report) -> list[Draft]:
    """The rules of a file, their ids entered into `names`."""
    drafts = []
    for item in read_items(node, report, "'rules'"):
        if not isinstance(item, MapNode):
            wrong_type(report, item, "a rule", "a mapping", "begin it with '- id: some-name'")
            continue
        rule_id = item.get("id")
        shown = rule_id.text.strip() or None if isinstance(rule_id, ScalarNode) else None
        with report.concerning(shown):
            fields = Fields(item, RULE_KEYS, report)
            drafts.append(Draft(_read_id(fields, names, report) or "", shown, item, fields))
    return drafts


def read_rules(drafts: list[Draft], names: Names, report: Report) -> tuple[Rule, ...]:
    """All rules, in the order of the drafts, held against each other."""
    rules = []
    inhibitions: dict[str, dict[str, Span]] = {}
    renamed: dict[str, Span] = {}
    for position, draft in enumerate(drafts):
        with report.concerning(draft.shown):
            held = _read_inhibits(draft.fields, names, report)
            inhibitions.setdefault(draft.id, held)
            moved_from = _read_moved_from(draft.fields, names, renamed, report)
            rule = _read_rule(draft, names, report)
        rules.append(replace(rule, position=position, inhibits=tuple(held), moved_from=moved_from))
    refuse_circles(inhibitions, report)
    return tuple(replace(rule, fingerprint=fingerprint_of(rule)) for rule in rules)


def _read_id(fields: Fields, names: Names, report: Report) -> str | None:
    node = fields.required("id", "give it a short name that will not change")
    text = fields.text("id")
    if not isinstance(node, ScalarNode) or text is None:
        return None
    if len(text) > _LONGEST_ID or not all(one.isalnum() or one in _ID_MARKS for one in text):
        message = f"'{clipped(text)}' cannot be an id"
        hint = f"use letters, digits, '-', '_' and '.', at most {_LONGEST_ID}"
        report.error(node.span, "id", message, hint)
        return None
    return define(names.rules, node, "rule", report)


def _read_rule(draft: Draft, names: Names, report: Report) -> Rule:
    fields = draft.fields
    clock_part = clock_fields(fields)
    scope = read_clock(clock_part, names, report)
    match, group = _read_match(fields, clock_part, scope)
    warn_of_priorities_left_out(clock_part, match, scope)
    levels = read_levels(fields, scope)
    customer = _read_customer(fields, match, group, levels, scope)
    description = fields.text("description") or ""
    return Rule(
        id=draft.id,
        clock=scope.clock,
        place=Place(fields.span.file, fields.span.line),
        description=description,
        match=match,
        groups_by=group,
        levels=levels,
        acknowledge=_read_acknowledge(fields, scope),
        customer=customer,
        mode=_read_mode(fields),
        backlog=BacklogPolicy(fields.choice("backlog", BacklogPolicy, "backlog") or "digest"),
        max_lateness=_read_wall_clock(fields, "max_lateness", report) or _MAX_LATENESS,
        budget=_read_budget(fields, report),
        cooldown=_read_wall_clock(fields, "cooldown", report) or None,
        asked_by=fields.choice("asked_by", ASKED_BY, "asker") or "rule",
        reason=fields.text("reason") or description,
    )


def _read_match(
    fields: Fields, clock_part: Fields | None, scope: Scope
) -> tuple[All, ContactsBy | None]:
    node = fields.value("match")
    if node is None:
        return All(()), None
    match = read_match(node, scope)
    group = group_of(node, scope.report)
    if group is not None and clock_part is not None and "since" in clock_part:
        message = f"a rule about contacts by {group} counts from the contact that completed them"
        scope.report.error(clock_part.key("since"), "group-since", message, "remove 'since'")
    return match, group


def _read_customer(
    fields: Fields,
    match: All,
    group: ContactsBy | None,
    levels: tuple[Level, ...],
    scope: Scope,
) -> CustomerPlan | None:
    plan, part = read_customer(fields, levels, scope)
    if part is not None and group is not None and "follow_up" in part:
        message = f"a rule about contacts by {group} has no resolution to follow up"
        hint = "put 'follow_up' into a rule about single tickets"
        scope.report.warn(part.key("follow_up"), "never-resolved", message, hint)
    has_updates = part is not None and "updates" in part
    if part is not None and has_updates and reads(match, "since_public_update"):
        message = "updates to the customer beside a test on 'since_public_update' undo each other"
        hint = "our own updates count for it; use since_agent_reply"
        scope.report.error(part.key("updates"), "updates-undo-match", message, hint)
    if not has_updates and not _names_levels(fields):
        message = "this rule does nothing: it has neither levels nor customer updates"
        scope.report.error(fields.span, "no-levels", message, "give it 'levels'")
    return plan


def _names_levels(fields: Fields) -> bool:
    """Whether there are levels, sound or not; what is faulty has been reported."""
    node = fields.value("levels")
    return "levels" in fields and not (isinstance(node, ListNode) and not node.items)


def _read_acknowledge(fields: Fields, scope: Scope) -> Acknowledge:
    part = fields.fields("acknowledge", ACKNOWLEDGE_KEYS)
    by = None if part is None else part.value("by")
    expires = None if part is None else part.value("expires")
    length = None
    if expires is not None:
        length = read_duration(expires, scope.report, scope.clock.calendar, "'expires'")
    return Acknowledge(
        frozenset(AcknowledgeBy) if by is None else _read_ways(by, scope.report),
        length or _one_day_in(scope.clock.calendar),
    )


def _read_ways(node: Node, report: Report) -> frozenset[AcknowledgeBy]:
    scalars = read_scalars(node, report, "'by'")
    ways = (read_choice(one, report, "acknowledgement", AcknowledgeBy) for one in scalars)
    return frozenset(AcknowledgeBy(way) for way in ways if way is not None)


def _one_day_in(calendar: Calendar) -> timedelta:
    """The default of `expires`: the calendar's `day`, else an ordinary day of its week."""
    hours = calendar.hours
    if hours.day is not None:
        return hours.day
    lengths = [sum(closes - opens for opens, closes in day) for day in hours.weekly if day]
    return timedelta(minutes=max(lengths)) if lengths else _ONE_DAY


def _read_mode(fields: Fields) -> Mode:
    return Mode(fields.choice("mode", Mode, "mode") or Mode.ACTIVE)


def _read_wall_clock(fields: Fields, key: str, report: Report) -> timedelta | None:
    node = fields.value(key)
    return None if node is None else read_duration(node, report, ALWAYS, f"'{key}'")


def _read_budget(fields: Fields, report: Report) -> Budget:
    node = fields.value("budget")
    return (None if node is None else read_budget(node, report)) or Budget()


def _read_inhibits(fields: Fields, names: Names, report: Report) -> dict[str, Span]:
    node = fields.value("inhibits")
    scalars = () if node is None else read_scalars(node, report, "'inhibits'")
    held = {names.rule(scalar, report, "'inhibits'"): scalar.span for scalar in scalars}
    return {rule: span for rule, span in held.items() if rule is not None}


def _read_moved_from(
    fields: Fields, names: Names, renamed: dict[str, Span], report: Report
) -> str | None:
    node, text = fields.value("moved_from"), fields.text("moved_from")
    if node is None or text is None:
        return None
    if text in names.rules:
        message = f"rule '{clipped(text)}' still exists, so this one cannot have its past"
        report.error(node.span, "moved-from", message, "remove one of the two")
    first = renamed.setdefault(text, node.span)
    if first is not node.span:
        message = f"two rules say that they were '{clipped(text)}'; the first is at"
        place = f"{first.file}:{first.line}:{first.column}"
        report.error(node.span, "moved-from", f"{message} {place}", "keep one")
    return text
