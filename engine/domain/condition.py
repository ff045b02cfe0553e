"""What a rule's `match` asks of a ticket: a tree of tests.

The tree is data (`All`, `Any`, `Not`, `Test`, `ContactsTest`, `MessageTest`), built and checked for
types when rules are loaded. `engine.domain.matching` holds it against a ticket.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Operator(StrEnum):
    """How a test compares what is found with what is wanted."""

    EQUALS = "equals"
    ANY_OF = "any_of"
    NOT = "not"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    CONTAINS = "contains"
    MATCHES = "matches"
    EXISTS = "exists"


class FieldKind(StrEnum):
    """What a field holds, and so which operators make sense."""

    TEXT = "text"
    TAGS = "tags"
    PRIORITY = "priority"
    STATUS = "status"
    COUNT = "count"
    DURATION = "duration"


FIELDS: dict[str, FieldKind] = {
    **dict.fromkeys(
        (
            "id",
            "source",
            "subject",
            "type",
            "raw_status",
            "group",
            "assignee",
            "channel",
            "language",
            "customer.id",
            "customer.tier",
            "customer.organization",
            "customer.language",
        ),
        FieldKind.TEXT,
    ),
    "status": FieldKind.STATUS,
    "priority": FieldKind.PRIORITY,
    "tags": FieldKind.TAGS,
    **dict.fromkeys(
        ("reopens", "reassignments", "escalations", "unanswered_messages", "customer.escalations"),
        FieldKind.COUNT,
    ),
    **dict.fromkeys(
        (
            "age",
            "in_status",
            "since_customer_message",
            "since_agent_reply",
            "since_public_update",
            "unassigned_for",
            "time_to_due",
        ),
        FieldKind.DURATION,
    ),
}
"""Every field that `match` knows, `fields.NAME` (text) aside."""

ESCALATION_COUNTS = ("escalations", "customer.escalations")

Wanted = str | int | timedelta | bool | tuple[str, ...] | tuple[int, ...] | tuple[timedelta, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """One field held against one wanted value.

    Attributes:
        field: A name of `FIELDS`, or ``fields.NAME``.
        operator: How to compare.
        wanted: Text is case-folded; a priority is its word; durations are already resolved in the
            rule's calendar; ``EXISTS`` wants a bool; ``ANY_OF`` and ``NOT`` want a tuple;
            ``MATCHES`` keeps the pattern's text.
        search: For ``MATCHES``: says whether the pattern is found in a text.
    """

    __test__ = False  # not a test case, whatever its name suggests to a collector

    field: str
    operator: Operator
    wanted: Wanted
    search: Callable[[str], bool] | None = None


class ContactsBy(StrEnum):
    """Whose contacts are counted together."""

    TICKET = "ticket"
    CUSTOMER = "customer"
    ORGANIZATION = "organization"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class ContactsTest:
    """At least so many contacts in the last `within` (wall-clock, half-open: (now - within, now]).

    Attributes:
        same: Only contacts on tickets that equal the ticket at hand in these fields (``type`` …).
        channel: Only contacts that came in by this channel (case-folded).
    """

    by: ContactsBy
    at_least: int
    within: timedelta
    same: tuple[str, ...] = ()
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class MessageTest:
    """The customer wrote one of these words in the last `within` (wall-clock; None: ever).

    Attributes:
        mentions: The words and phrases as written in the rule.
        found_in: Says whether any of them stands in a text as whole words.
    """

    mentions: tuple[str, ...]
    within: timedelta | None
    found_in: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class All:
    """Holds when every part holds (and so when there is none)."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Holds when at least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its part does not."""

    part: Condition


Condition = All | Any | Not | Test | ContactsTest | MessageTest


def reads(condition: Condition, name: str) -> bool:
    """Whether any test of a condition is of the field of that name."""
    match condition:
        case Test(field=found):
            return found == name
        case All(parts) | Any(parts):
            return any(reads(part, name) for part in parts)
        case Not(part):
            return reads(part, name)
        case _:
            return False
