"""Groups that are probably not called so, or that nobody would hear for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from engine.domain.rule import Level
from engine.rulebook.names import BUILT_IN_RECEIVERS
from engine.rulebook.nodes import ListNode, MapNode, ScalarNode, Span
from engine.rulebook.report import Report
from engine.rulebook.values import clipped
from engine.rulebook.written import Written, WrittenRule

_ALIKE = 0.8
"""A ratio of difflib: 'teir-2' is meant for 'tier-2', and 'billing' is not for 'buildings'."""


def lint_groups(written: Written, report: Report) -> None:
    """Report groups without a receiver that are told, and groups that look misspelt."""
    receivers = [one.name for one in written.receivers if one.name not in BUILT_IN_RECEIVERS]
    for one in written.rules:
        with report.concerning(one.rule.id):
            for name, at in _named(one):
                meant = _meant(name, receivers)
                if meant is not None:
                    message = f"group '{clipped(name)}' has no receiver of its name"
                    report.warn(at, "unknown-group", message, f"did you mean '{meant}'?")
                elif at in _told(one) and name not in receivers:
                    message = f"no receiver is called '{clipped(name)}', so 'notify: [group]' goes"
                    hint = f"write '{clipped(name)}' under 'receivers', or notify a receiver"
                    report.warn(at, "unknown-group", f"{message} to 'default'", hint)


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


def _meant(name: str, receivers: list[str]) -> str | None:
    """The receiver that looks much like a name, unless it is that name or has another number."""
    if name in receivers:
        return None
    folded = {one.casefold(): one for one in receivers if _digits(one) == _digits(name)}
    found = difflib.get_close_matches(name.casefold()[:100], folded, n=1, cutoff=_ALIKE)
    return folded[found[0]] if found else None


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isdigit())
