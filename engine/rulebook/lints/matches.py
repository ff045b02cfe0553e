"""Tests that no ticket can meet, and rules that only concern tickets whose clock stands still."""

from __future__ import annotations

from engine.domain.condition import All, Any, Condition
from engine.domain.rule import Rule
from engine.rulebook.lints.possible import LIVE, Reasoning, equals
from engine.rulebook.nodes import ListNode, MapNode, Node, Span
from engine.rulebook.report import Report
from engine.rulebook.written import Written, WrittenRule


def lint_matches(written: Written, reasoning: Reasoning, report: Report) -> None:
    """Report what keeps a rule from ever concerning a ticket, or from acting on one."""
    for one in written.rules:
        with report.concerning(one.rule.id):
            _Impossible(reasoning, report).look(one.find("match"), one.rule.match)
            _warn_of_standing_clock(one, reasoning, report)


class _Impossible:
    """Looks for the innermost, and first, test that makes a match impossible."""

    def __init__(self, reasoning: Reasoning, report: Report) -> None:
        self._can_hold = reasoning.can_hold
        self._report = report

    def look(self, node: Node | None, condition: Condition, *given: Condition) -> None:
        """Report what cannot hold in a mapping of tests, beside what is `given`."""
        if not isinstance(node, MapNode) or not isinstance(condition, All):
            return
        if self._look_at_alternatives(node, condition, *given):
            return
        if not self._can_hold(*given, condition):
            self._blame(node, condition, *given)
            return
        for (key, value), part in zip(node.entries, condition.parts, strict=True):
            if key.text == "all" and isinstance(value, ListNode) and isinstance(part, All):
                for item, inner in zip(value.items, part.parts, strict=True):
                    self.look(item, inner, *given)

    def _look_at_alternatives(self, node: MapNode, condition: All, *given: Condition) -> bool:
        """Report the items of each `any` that cannot hold; whether there is one."""
        found = False
        for (_, value), part in zip(node.entries, condition.parts, strict=True):
            if not isinstance(part, Any) or not isinstance(value, ListNode):
                continue
            beside = (*given, *(one for one in condition.parts if one is not part))
            if not self._can_hold(*beside):
                continue
            for item, inner in zip(value.items, part.parts, strict=True):
                if not self._can_hold(*beside, inner):
                    self._tell(_first_of(item), "", is_alone=not self._can_hold(inner))
                    found = True
        return found

    def _blame(self, node: MapNode, condition: All, *given: Condition) -> None:
        """Report the first test that cannot hold beside those above it."""
        before = list(given)
        for (key, _), part in zip(node.entries, condition.parts, strict=True):
            before.append(part)
            if not self._can_hold(*before):
                self._tell(key.span, key.text, is_alone=not self._can_hold(part))
                return

    def _tell(self, at: Span, name: str, *, is_alone: bool) -> None:
        subject = f"'{name}'" if name else "this alternative"
        message = f"no ticket can meet {subject} together with the tests beside it"
        if is_alone:
            message = f"no ticket can ever meet {subject}"
        hint = "lines under 'match' must all hold; write 'any: [{…}, {…}]' for either"
        if name == "" or is_alone:
            hint = "remove it, or mend the values that exclude each other"
        self._report.warn(at, "impossible-match", message, hint)


def _first_of(item: Node) -> Span:
    return item.entries[0][0].span if isinstance(item, MapNode) and item.entries else item.span


def _warn_of_standing_clock(one: WrittenRule, reasoning: Reasoning, report: Report) -> None:
    """Report a rule that holds only while its own clock is paused."""
    rule = one.rule
    if rule.groups_by is not None or not _needs_a_running_clock(rule):
        return
    if not reasoning.can_hold(rule.match):
        return
    seen = [status for status in LIVE if reasoning.can_hold(rule.match, equals("status", status))]
    if not set(seen) <= rule.clock.pause_while:
        return
    named = " or ".join(seen)
    message = f"this rule only holds while a ticket is {named}, and then its clock stands still"
    held = f"; nothing ever frees {', '.join(rule.inhibits)}" if rule.inhibits else ""
    hint = "write 'pause_while: []' under 'clock'"
    report.warn(one.at("match", "status"), "always-paused", f"{message}{held}", hint)


def _needs_a_running_clock(rule: Rule) -> bool:
    if rule.customer is not None and rule.customer.updates is not None:
        return True
    offsets = [offset for level in rule.levels for offset in level.due.by_priority.values()]
    return bool(offsets) and not all(offset.is_before for offset in offsets)
