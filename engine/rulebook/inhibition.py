"""`inhibits`: which rules hold back which, and that none holds back itself in the end."""

from __future__ import annotations

from collections.abc import Mapping

from engine.rulebook.nodes import Span
from engine.rulebook.report import Report

Inhibitions = Mapping[str, Mapping[str, Span]]
"""Rule → each rule that it holds back, and where that is written."""


def refuse_circles(inhibitions: Inhibitions, report: Report) -> None:
    """Report each circle once, in the first of its rules.

    1. Drop the rules that hold back none of those left, until nothing changes: no circle passes
       through them.
    2. From the first rule left, follow any inhibition to one that is left too; a rule that comes
       up again closes a circle.
    3. Report it, drop its rules, and begin again.
    """
    left = {rule: dict(held) for rule, held in inhibitions.items()}
    order = {rule: number for number, rule in enumerate(inhibitions)}
    while _drop_loose_ends(left):
        circle = _walk(left)
        first = min(circle, key=order.__getitem__)
        at = circle.index(first)
        ordered = [*circle[at:], *circle[:at], first]
        place = inhibitions[first][ordered[1]]
        message = f"rules hold each other back: {' → '.join(ordered)}"
        if len(circle) == 1:
            message = f"rule '{first}' holds back itself"
        with report.concerning(first):
            report.error(place, "inhibits-circle", message, "remove one of these 'inhibits'")
        for rule in circle:
            del left[rule]


def _drop_loose_ends(left: dict[str, dict[str, Span]]) -> bool:
    """Drop what no circle passes through; say whether anything remains."""
    holders: dict[str, list[str]] = {}
    count = {}
    for rule, held in left.items():
        count[rule] = sum(other in left for other in held)
        for other in held:
            holders.setdefault(other, []).append(rule)
    loose = [rule for rule, live in count.items() if not live]
    while loose:
        gone = loose.pop()
        del left[gone]
        for holder in holders.get(gone, ()):
            count[holder] -= 1
            if not count[holder]:
                loose.append(holder)
    return bool(left)


def _walk(left: Mapping[str, Mapping[str, Span]]) -> list[str]:
    """A circle; every rule that is left holds back at least one that is left."""
    seen: dict[str, int] = {}
    path: list[str] = []
    rule = next(iter(left))
    while rule not in seen:
        seen[rule] = len(path)
        path.append(rule)
        rule = next(other for other in left[rule] if other in left)
    return path[seen[rule] :]
