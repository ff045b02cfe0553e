"""Groups that are probably not called so, or that nobody would hear for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from engine.domain.rule import Level
from engine.rulebook.lints.possible import Reasoning
from engine.rulebook.nodes import ListNode, MapNode, ScalarNode, Span
from engine.rulebook.report import Report
from engine.rulebook.values import clipped
from engine.rulebook.written import Written, WrittenRule

_ALIKE = 0.8
"""A ratio of difflib: 'teir-2' is meant for 'tier-2', and 'billing' is not for 'buildings'."""

_STEPS_OF_A_LOOK = 5
"""What comparing two names takes, beside comparing a test with a value."""


def lint_groups(written: Written, reasoning: Reasoning, report: Report) -> None:
    """Report groups without a receiver that are told, and groups that look misspelt."""
    receivers = _Receivers(written)
    for one in written.rules:
        told = _told(one)
        with report.concerning(one.rule.id):
            for name, at in _named(one):
                meant = receivers.meant_by(name, reasoning)
                if meant is not None:
                    message = f"group '{clipped(name)}' has no receiver of its name"
                    report.warn(at, "unknown-group", message, f"did you mean '{meant}'?")
                elif at in told and name not in receivers.names:
                    message = f"no receiver is called '{clipped(name)}', so 'notify: [group]' goes"
                    hint = f"write '{clipped(name)}' under 'receivers', or notify a receiver"
                    report.warn(at, "unknown-group", f"{message} to 'default'", hint)


class _Receivers:
    """The receivers that a group may be called after."""

    def __init__(self, written: Written) -> None:
        self.names = {one.name for one in written.receivers}
        self._alike: dict[str, dict[str, str]] = {}
        for name in sorted(self.names):
            self._alike.setdefault(_digits(name), {})[name.casefold()] = name

    def meant_by(self, name: str, reasoning: Reasoning) -> str | None:
        """The receiver that looks much like a name, unless it is that or numbered otherwise."""
        known = self._alike.get(_digits(name), {})
        reasoning.spend(_STEPS_OF_A_LOOK * len(known))
        if name in self.names or reasoning.is_over:
            return None
        found = difflib.get_close_matches(name.casefold()[:100], known, n=1, cutoff=_ALIKE)
        return known[found[0]] if found else None


def _named(one: WrittenRule) -> Iterator[tuple[str, Span]]:
    """Each group that a rule names, by its spelling."""
    yield from _texts(one, "match", "group")
    for position, _ in enumerate(one.rule.levels):
        yield from _texts(one, "levels", position, "assign", "group")
        yield from _texts(one, "levels", position, "set", "group")


def _told(one: WrittenRule) -> set[Span]:
    """Where a level names the group that it notifies as `group`."""
    return {
        one.at("levels", position, *path)
        for position, level in enumerate(one.rule.levels)
        if "group" in level.notify
        for path in _group_of(level)
    }


def _group_of(level: Level) -> Iterator[tuple[str, str]]:
    if level.assign_group is not None:
        yield "assign", "group"
    elif any(name == "group" for name, _ in level.set_fields):
        yield "set", "group"


def _texts(one: WrittenRule, *path: str | int) -> Iterator[tuple[str, Span]]:
    node = one.find(*path)
    if isinstance(node, MapNode):
        node = node.get("not")
    for item in node.items if isinstance(node, ListNode) else (node,):
        if isinstance(item, ScalarNode):
            yield item.text.strip(), item.span


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isdigit())
