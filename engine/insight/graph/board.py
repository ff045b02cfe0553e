"""What a picture of the rules says, before anybody has drawn it: texts and shapes, no places."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.ticket import Priority


class Shape(StrEnum):
    """What a step is, told by colour and by form alike."""

    REMINDER = "Reminder"
    TECHNICAL = "Escalation to those who know more"
    HIERARCHICAL = "Escalation to those who decide"
    CUSTOMER = "Message to the customer"


@dataclass(frozen=True, slots=True)
class Times:
    """A time for each priority that a rule concerns.

    Attributes:
        by_priority: Most urgent first; None where this step leaves a priority out.
    """

    by_priority: Mapping[Priority, str | None]

    @property
    def common(self) -> str | None:
        """The one time that holds for all priorities; None if they differ."""
        several = set(self.by_priority.values())
        return several.pop() if len(several) == 1 else None


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who is told.

    Attributes:
        who: As a person would say it.
        ways: How they are reached, each with its hours; empty where that depends on the ticket.
    """

    who: str
    ways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One level of a rule.

    Attributes:
        when: In words: ``after 75 % of the target``.
        share: The share of the target, where that is how it is written: ``75 % of the target``.
        times: When, for each priority: ``3h``.
        changes: What happens to the ticket.
        again: How the notice is repeated; empty where it is not.
    """

    number: int
    name: str
    shape: Shape
    when: str
    share: str
    times: Times
    changes: tuple[str, ...]
    tells: tuple[Told, ...]
    again: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """Something that the customer hears.

    Attributes:
        when: In words.
        times: How often or when, for each priority; None where that does not depend on it.
        template: Name of the customer template.
        subject: Its subject line, with `…` for what is filled in.
        remarks: In which hours, how often at most.
    """

    when: str
    times: Times | None
    template: str
    subject: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleBoard:
    """One rule.

    Attributes:
        mode: Why it does not act (``off``, ``shadow``); empty where it does.
        concerns: Which tickets.
        anchor: What starts the clock, short: ``ticket opened``.
        clock: What starts it, in which calendar it runs, when it stands still.
        hours: When that calendar is open; empty where it is `always`.
        target: The promised time; None where there is none.
        notes: How it is taken, what it holds back, and the like.
        held_back: Ids of the rules that wait for this one.
        place: Where it stands: ``rules/unresolved.yaml:14``.
    """

    id: str
    description: str
    mode: str
    concerns: str
    anchor: str
    clock: str
    hours: str
    target: Times | None
    steps: tuple[Step, ...]
    words: tuple[Word, ...]
    notes: tuple[str, ...]
    held_back: tuple[str, ...]
    place: str

    @property
    def first_escalation(self) -> int | None:
        """Index of the first step that is an escalation; None without one."""
        kinds = (Shape.TECHNICAL, Shape.HIERARCHICAL)
        return next((at for at, step in enumerate(self.steps) if step.shape in kinds), None)


@dataclass(frozen=True, slots=True)
class Board:
    """All rules, in running order.

    Attributes:
        receivers: Everybody whom a rule tells, with the ways to reach them; by name.
        calendars: The opening hours that clocks run in, each once.
        generation: Hash of the files, so that a print on the wall says which rules it shows.
    """

    rules: tuple[RuleBoard, ...]
    receivers: tuple[Told, ...]
    calendars: tuple[str, ...]
    generation: str
