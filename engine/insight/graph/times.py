"""A value of a rule for each priority that the rule concerns."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from engine.insight.graph.board import Times
from engine.insight.graph.concerns import concerned_priorities

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.domain.rule import PerPriority, Rule

T = TypeVar("T")


def times_of(rule: Rule, wanted: PerPriority[T], say: Callable[[T], str]) -> Times:
    """What holds for each priority, put into words by `say`."""
    found = {priority: wanted.get(priority) for priority in concerned_priorities(rule)}
    return Times(
        MappingProxyType({at: None if one is None else say(one) for at, one in found.items()})
    )


def in_a_row(times: Times) -> str:
    """The times one after the other: ``1h (urgent), 4h (high)``."""
    if times.common is not None:
        return times.common
    named = (f"{text} ({priority.value})" for priority, text in times.by_priority.items() if text)
    return ", ".join(named)
