"""`match`: which tickets a rule concerns.

Keys AND, lists OR; `all`, `any` and `not` nest.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.domain.condition import (
    FIELDS,
    All,
    Any,
    Condition,
    ContactsBy,
    Not,
    Test,
)
from engine.rulebook.contacts import read_contacts, read_message
from engine.rulebook.field_test import read_test
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode
from engine.rulebook.report import Report
from engine.rulebook.scope import Scope
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped, wrong_type

_NESTING = ("all", "any", "not")
_ACROSS = ("contacts", "message")
_GROUPS = (ContactsBy.CUSTOMER, ContactsBy.ORGANIZATION, ContactsBy.EVERYONE)
_OWN_FIELDS = "fields."


def read_match(node: Node, scope: Scope) -> All:
    """The whole of `match`: a mapping, all of whose tests must hold."""
    if not isinstance(node, MapNode):
        wrong_type(scope.report, node, "'match'", "a mapping", "write for example type: billing")
        return All(())
    return _read_all(node, scope)


def group_of(match: Node, report: Report) -> ContactsBy | None:
    """Whose group a rule is about, given its `match`; a second group is reported."""
    words = [word for word in _grouping_words(match) if word.text in _GROUPS]
    first = words[0] if words else None
    other = next((word for word in words if first and word.text != first.text), None)
    if first is not None and other is not None:
        message = f"this rule is about contacts by {first.text} already, and can be about one group"
        report.error(other.span, "several-groups", message, "make two rules of it")
    return None if first is None else ContactsBy(first.text)


def reads(condition: Condition, field: str) -> bool:
    """Whether any test of a condition, however deep, looks at a field."""
    if isinstance(condition, All | Any):
        return any(reads(part, field) for part in condition.parts)
    if isinstance(condition, Not):
        return reads(condition.part, field)
    return isinstance(condition, Test) and condition.field == field


def _grouping_words(node: Node) -> Iterator[ScalarNode]:
    """What stands under `contacts: {by: …}`, anywhere in a match."""
    if isinstance(node, ListNode):
        for item in node.items:
            yield from _grouping_words(item)
    if not isinstance(node, MapNode):
        return
    for key, value in node.entries:
        if key.text in _NESTING:
            yield from _grouping_words(value)
        by = value.get("by") if key.text == "contacts" and isinstance(value, MapNode) else None
        if isinstance(by, ScalarNode):
            yield by


def _read_all(node: MapNode, scope: Scope) -> All:
    parts = (_read_entry(key, value, scope) for key, value in node.entries)
    return All(tuple(part for part in parts if part is not None))


def _read_entry(key: ScalarNode, value: Node, scope: Scope) -> Condition | None:
    name = key.text
    if name in _NESTING:
        return _read_nested(name, key, value, scope)
    if name == "contacts":
        return read_contacts(value, scope)
    if name == "message":
        return read_message(value, scope)
    if name in FIELDS or (name.startswith(_OWN_FIELDS) and len(name) > len(_OWN_FIELDS)):
        return read_test(key, value, scope)
    known = (*FIELDS, *_NESTING, *_ACROSS)
    hint = did_you_mean(name, known)
    if name in ("customer", "fields"):
        hint = f"write the whole name on one line: {name}.{_first_key(value)}"
    scope.report.error(key.span, "unknown-field", f"unknown field '{clipped(name)}'", hint)
    return None


def _first_key(node: Node) -> str:
    return node.entries[0][0].text if isinstance(node, MapNode) and node.entries else "tier"


def _read_nested(name: str, key: ScalarNode, value: Node, scope: Scope) -> Condition | None:
    if name == "not" and isinstance(value, MapNode):
        return Not(_read_item(name, value, scope))
    if not isinstance(value, ListNode):
        wanted = "a mapping or a list of tests" if name == "not" else "a list of tests"
        hint = f"write for example {name}: [{{priority: high}}, {{customer.tier: vip}}]"
        wrong_type(scope.report, value, f"'{name}'", wanted, hint)
        return None
    if not value.items:
        scope.report.error(key.span, "empty-value", f"'{name}' lists no tests")
    parts = tuple(_read_item(name, item, scope) for item in value.items)
    if name == "all":
        return All(parts)
    return Any(parts) if name == "any" else Not(Any(parts))


def _read_item(name: str, node: Node, scope: Scope) -> Condition:
    if isinstance(node, MapNode):
        if not node.entries:
            scope.report.error(node.span, "empty-value", f"no test stands here, below '{name}'")
        return _read_all(node, scope)
    wrong_type(scope.report, node, f"an item of '{name}'", "a mapping", "write {type: billing}")
    return All(())
