"""Why a match does not hold, in one sentence: the first test that failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from engine.cli.wording import length_of, printable
from engine.domain.condition import Operator
from engine.domain.matching import Finding
from engine.insight.explained import plain

_WORDS: Final[Mapping[str, str]] = {
    Operator.EQUALS: "is",
    Operator.ANY_OF: "is one of",
    Operator.NOT: "is not",
    Operator.AT_LEAST: "at least",
    Operator.AT_MOST: "at most",
    Operator.MORE_THAN: "more than",
    Operator.LESS_THAN: "less than",
    Operator.CONTAINS: "contains",
    Operator.MATCHES: "matches",
    Operator.EXISTS: "is there:",
}
_CONTRASTS: Final[Mapping[str, str]] = {
    Operator.EQUALS: "not {}",
    Operator.ANY_OF: "none of {}",
    Operator.NOT: "and must not be {}",
    Operator.CONTAINS: "which does not contain {}",
    Operator.MATCHES: "which does not match {}",
}
"""How a value that was found differs from the one that is asked for."""
_MISSING: Final[tuple[object, ...]] = (None, "", [])


def near_miss(finding: Finding) -> str:
    """The first test for which a condition that does not hold fails, in words."""
    if finding.op == "test":
        return _failed(finding)
    if finding.op == "not":
        return _forbidden(finding.children[0])
    failed = [child for child in finding.children if not child.holds]
    if finding.op == "all" or len(failed) == 1:
        return near_miss(failed[0])
    return f"none of {len(failed)} alternatives holds; the first: {near_miss(failed[0])}"


def _failed(finding: Finding) -> str:
    name, found, wanted = finding.field, shown(finding.found), shown(finding.wanted)
    if finding.operator == "mentions":
        return f"no message mentions {wanted}"
    if finding.operator == Operator.EXISTS and not finding.wanted:
        return f"{name} is there: {found}"
    if plain(finding.found) in _MISSING:
        return f"there is no {name}"
    contrast = _CONTRASTS.get(finding.operator or "", f"not {operator_words(finding)} {{}}")
    return f"{name} is {found}, {contrast.format(wanted)}"


def _forbidden(finding: Finding) -> str:
    """What holds under a `not`."""
    if finding.op != "test":
        return "what stands under its `not` holds"
    return f"{finding.field} is {shown(finding.found)}, which its `not` rules out"


def operator_words(finding: Finding) -> str:
    """How a test compares, in words."""
    return _WORDS.get(finding.operator or "", finding.operator or "")


def shown(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, timedelta):
        return length_of(value)
    simple = plain(value)
    if isinstance(simple, list):
        return ", ".join(printable(str(one)) for one in simple) or "nothing"
    if isinstance(simple, bool):
        return "yes" if simple else "no"
    return "nothing" if simple in _MISSING else printable(str(simple))
