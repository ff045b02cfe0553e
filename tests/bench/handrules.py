"""The twenty rules again, as somebody would write them who has only these twenty.

The numbers are written down a second time on purpose: nothing here reads the rule files, so that an
equal set of firings says something about both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tests.bench import hours
from tests.bench.workload import PRIORITIES, TYPES, Issue

HOUR: Final = 60 * 60
DAY: Final = 24 * HOUR

LOW, MEDIUM, HIGH, URGENT = PRIORITIES
ANY: Final = PRIORITIES


class Count(Enum):
    """From when, and in which hours, a rule counts."""

    AGE = "age"
    OFFICE_AGE = "office age"
    IDLE = "idle"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class TimeRule:
    """A rule that comes true by the passing of time."""

    id: str
    count: Count
    seconds: int
    priorities: tuple[str, ...] = ANY
    types: tuple[str, ...] = TYPES

    def concerns(self, issue: Issue) -> bool:
        """Whether type and priority are the rule's."""
        return issue.priority in self.priorities and issue.type in self.types

    def due_at(self, issue: Issue) -> int | None:
        """When the rule fires, if nothing happens; None when it will not."""
        return self.reckon(issue.created_at, issue.replies[-1] if issue.replies else None)

    def reckon(self, created_at: int, replied_at: int | None) -> int | None:
        """When the rule fires on a ticket of these instants."""
        match self.count:
            case Count.AGE:
                return created_at + self.seconds
            case Count.OFFICE_AGE:
                return hours.add(created_at, self.seconds)
            case Count.IDLE:
                return None if replied_at is None else replied_at + self.seconds
            case Count.UNANSWERED:
                return created_at + self.seconds if replied_at is None else None


@dataclass(frozen=True, slots=True)
class ContactRule:
    """A rule that comes true by a contact: at least so many of a customer within so long."""

    id: str
    at_least: int
    seconds: int


TIME_RULES: Final = (
    TimeRule("age-urgent-12h", Count.AGE, 12 * HOUR, (URGENT,)),
    TimeRule("age-important-2d", Count.AGE, 2 * DAY, (HIGH, URGENT)),
    TimeRule("age-money-3d", Count.AGE, 3 * DAY, types=("billing", "refund")),
    TimeRule("age-outage-1d", Count.AGE, DAY, (MEDIUM, HIGH, URGENT), ("outage", "security")),
    TimeRule("age-medium-7d", Count.AGE, 7 * DAY, (MEDIUM,)),
    TimeRule("age-question-14d", Count.AGE, 14 * DAY, types=("question", "feature")),
    TimeRule("age-any-30d", Count.AGE, 30 * DAY),
    TimeRule(
        "age-access-10d", Count.AGE, 10 * DAY, (LOW, MEDIUM), ("login", "account", "delivery")
    ),
    TimeRule("office-technical-16h", Count.OFFICE_AGE, 16 * HOUR, (HIGH,),
             ("bug", "outage", "security", "login", "account")),
    TimeRule("office-billing-24h", Count.OFFICE_AGE, 24 * HOUR, types=("billing",)),
    TimeRule("office-urgent-8h", Count.OFFICE_AGE, 8 * HOUR, (URGENT,)),
    TimeRule("office-low-40h", Count.OFFICE_AGE, 40 * HOUR, (LOW,),
             ("question", "feature", "delivery")),
    TimeRule("idle-important-2d", Count.IDLE, 2 * DAY, (HIGH, URGENT)),
    TimeRule("idle-technical-5d", Count.IDLE, 5 * DAY, types=("bug", "outage", "security")),
    TimeRule("idle-medium-10d", Count.IDLE, 10 * DAY, (MEDIUM,)),
    TimeRule("unanswered-important-12h", Count.UNANSWERED, 12 * HOUR, (HIGH, URGENT)),
    TimeRule("unanswered-2d", Count.UNANSWERED, 2 * DAY),
)  # fmt: skip
CONTACT_RULES: Final = (
    ContactRule("contacts-4-in-7d", 4, 7 * DAY),
    ContactRule("contacts-6-in-14d", 6, 14 * DAY),
    ContactRule("contacts-9-in-30d", 9, 30 * DAY),
)

DISPATCH: Final = {
    (kind, priority): tuple(
        rule for rule in TIME_RULES if kind in rule.types and priority in rule.priorities
    )
    for kind in TYPES
    for priority in PRIORITIES
}
"""(type, priority) → the rules that can concern such a ticket."""

Matches = Callable[[Issue, int], bool]


def dues(issue: Issue) -> Iterator[tuple[TimeRule, int]]:
    """The rules that fire on a ticket sooner or later, with the instant."""
    for rule in DISPATCH[issue.type, issue.priority]:
        due_at = rule.due_at(issue)
        if due_at is not None:
            yield rule, due_at


def contacts(issue: Issue) -> list[int]:
    """When the customer turned to us: within an hour it is the same contact, and a message within a
    day of our answer is conversation.
    """
    found = [issue.created_at]
    for at in issue.messages:
        answers = [reply for reply in issue.replies if reply < at]
        if at - found[-1] >= HOUR and (not answers or at - answers[-1] > DAY):
            found.append(at)
    return found


def lapses_at(rule: ContactRule, found: list[int], now: int) -> int | None:
    """When a contact rule that holds ceases to; None when it does not hold. `found` is sorted."""
    if len(found) < rule.at_least or found[-rule.at_least] <= now - rule.seconds:
        return None
    return found[-rule.at_least] + rule.seconds
