"""`expect`: what must come of a case."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from engine.rulebook.fields import Fields
from engine.rulebook.nodes import ListNode, MapNode, Node
from engine.rulebook.values import read_scalar
from engine.ruletests.case import (
    Expected,
    ExpectedLevel,
    ExpectedMessage,
    ExpectedNotice,
    ExpectedState,
)
from engine.ruletests.scope import Scope
from engine.ruletests.stamps import LATEST
from engine.ruletests.ticket_fields import read_checks

_LEVEL: Final = ("rule", "level", "occurrence", "notify", "template", "kind", "ticket")
_KEYS_OF: Final = {
    "customer": ("customer", "rule", "ticket"),
    "told": ("told", "template", "rule", "ticket"),
    "level": _LEVEL,
    "ticket": ("ticket",),
}
"""What kind of thing is expected, by the key that tells it → the keys that go with it."""
_ALL: Final = tuple(dict.fromkeys(key for keys in _KEYS_OF.values() for key in keys))
_KINDS: Final = ("technical", "hierarchical", "reminder")

_Span = tuple[datetime, datetime]


def read_expected(node: Node, scope: Scope) -> Expected | None:
    """One thing that is expected; None, reported, when it is faulty."""
    fields = Fields.read(node, ("at", "within", *_ALL), scope.report, "an expectation")
    if fields is None:
        return None
    errors = scope.report.error_count
    if not any(key in fields for key in _ALL):
        message = "nothing is expected here"
        hint = "write rule and level, or customer, or ticket, or told"
        scope.report.error(fields.span, "missing-key", message, hint)
        return None
    kind = _kind(fields)
    for key in _ALL:
        if key in fields and key not in _KEYS_OF[kind]:
            message = f"'{key}' does not go with '{_called(kind)}'"
            scope.report.error(fields.key(key), "exclusive", message, "remove it")
    span = _span(fields, scope)
    # A faulty instant must not hide what else is wrong.
    expected = _READ[kind](fields, span or (LATEST, LATEST), scope)
    return expected if span is not None and scope.report.error_count == errors else None


def _kind(fields: Fields) -> str:
    if "customer" in fields or "told" in fields:
        return "customer" if "customer" in fields else "told"
    is_state = isinstance(fields.value("ticket"), MapNode)
    return "ticket" if is_state and "rule" not in fields else "level"


def _called(kind: str) -> str:
    return "rule" if kind == "level" else kind


def _span(fields: Fields, scope: Scope) -> _Span | None:
    """The first and the last instant that are right."""
    if "at" in fields and "within" in fields:
        message = "an expectation has either 'at' or 'within'"
        scope.report.error(fields.key("within"), "exclusive", message, "remove one")
    if "within" not in fields:
        when = fields.required("at", "write for example at: +4h, or within: [+3h, +4h]")
        at = None if when is None else scope.instant(when, "'at'")
        return None if at is None else (at, at)
    node = fields.value("within")
    if node is None:
        return None
    if not isinstance(node, ListNode) or len(node.items) != 2:  # noqa: PLR2004 - from, to
        message = "'within' must be two instants, the first and the last that are right"
        scope.report.error(node.span, "wrong-type", message, "write for example [+3h, +4h]")
        return None
    first, last = (scope.instant(one, "'within'") for one in node.items)
    if first is None or last is None:
        return None
    if last < first:
        scope.report.error(node.span, "instant", "'within' ends before it begins")
    return first, last


def _level(fields: Fields, span: _Span, scope: Scope) -> Expected | None:
    rule_node = fields.required("rule", "say whose level it is")
    rule = None if rule_node is None else scope.rule(rule_node)
    level_node = fields.required("level", "its name or number")
    level = None if level_node is None or rule is None else scope.level(level_node, rule)
    occurrence = fields.count("occurrence", 1) if "occurrence" in fields else 1
    notify = fields.value("notify")
    receivers = None if notify is None else scope.receivers(notify)
    template = fields.text("template")
    kind = fields.choice("kind", _KINDS, "kind")
    ticket = _subject(fields, scope)
    if rule is None or level is None or occurrence is None:
        return None
    return ExpectedLevel(
        *span,
        fields.span.line,
        ticket,
        rule,
        level,
        occurrence,
        receivers,
        template,
        kind,
    )


def _message(fields: Fields, span: _Span, scope: Scope) -> Expected | None:
    node = fields.value("customer")
    template = None if node is None else scope.template(node)
    rule = _rule(fields, scope)
    ticket = _subject(fields, scope)
    if template is None:
        return None
    return ExpectedMessage(*span, fields.span.line, ticket, template, rule)


def _notice(fields: Fields, span: _Span, scope: Scope) -> Expected | None:
    node = fields.value("told")
    told = () if node is None else scope.receivers(node)
    template = fields.text("template")
    rule = _rule(fields, scope)
    ticket = _subject(fields, scope)
    return ExpectedNotice(*span, fields.span.line, ticket, told, template, rule)


def _state(fields: Fields, span: _Span, scope: Scope) -> Expected | None:
    if "within" in fields:
        message = "a ticket's state is looked at one instant"
        scope.report.error(fields.key("within"), "exclusive", message, "write 'at'")
    node = fields.value("ticket")
    if not isinstance(node, MapNode):
        return None
    if all(key.text == "id" for key, _ in node.entries):
        message = "nothing is said of the ticket"
        scope.report.error(node.span, "empty-value", message, "write for example {group: tier-2}")
    checks = read_checks(node, scope.stamps, ("id",))
    named = node.get("id")
    ticket = _only_ticket(node, scope) if named is None else scope.ticket(named, "'id'")
    if ticket is None:
        return None
    return ExpectedState(*span, fields.span.line, ticket, checks)


def _only_ticket(node: MapNode, scope: Scope) -> str | None:
    if len(scope.tickets) > 1:
        message = "which of the tickets is meant?"
        scope.report.error(node.span, "missing-key", message, scope.which("id"))
    return scope.only_ticket


def _rule(fields: Fields, scope: Scope) -> str | None:
    node = fields.value("rule")
    return None if node is None else scope.rule(node)


def _subject(fields: Fields, scope: Scope) -> str | None:
    """The ticket, or the group, that a firing must concern."""
    node = fields.value("ticket")
    if node is None:
        return None
    scalar = read_scalar(node, scope.report, "'ticket'", "the id of a ticket")
    if scalar is None:
        return None
    name = scalar.text.strip()
    is_group = name == "everyone" or name.startswith(("customer:", "organization:"))
    return name if is_group else scope.ticket(node)


_READ: Final = {"level": _level, "customer": _message, "told": _notice, "ticket": _state}
