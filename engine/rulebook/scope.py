"""What the parts of a rule need to know of the rest while they are read."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.rule import Clock
from engine.rulebook.names import Names
from engine.rulebook.report import Report


@dataclass(frozen=True, slots=True)
class Scope:
    """The surroundings of one part of a rule.

    Attributes:
        report: Takes the problems.
        names: What all the files define.
        clock: The rule's clock; where that is faulty, something to go on with.
        has_target: The clock names a target, sound or not.
        is_calendar_known: Durations of days mean what they will mean.
        is_anchor_known: `since` is what it will be.
    """

    report: Report
    names: Names
    clock: Clock
    has_target: bool = False
    is_calendar_known: bool = True
    is_anchor_known: bool = True
