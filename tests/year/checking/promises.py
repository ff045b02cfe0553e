"""What the rules promise, written down by hand from their YAML: nothing here reads a rule file.

The starter rules (`rules/`) and those of the year (`tests/year/rules/`), in the order in which they
speak: by file, then by place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from tests.year.checking.hours import HOUR, Hours, around_the_clock, weekly

GAP = HOUR
PER_DAY = 4
AFTER_THEIR_OWN = HOUR
AT_ONCE = 30
"""So soon after a message of ours, in seconds, an answer may be a machine's."""
DAY = 24 * HOUR
MAX_LATENESS = 3 * DAY
MATCH_GAP = HOUR // 4
CONTACTS, CONTACTS_WITHIN, COOLDOWN = 3, 7 * DAY, 7 * DAY

ENGLAND = (
    date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25),
    date(2026, 8, 31), date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1),
    date(2027, 3, 26), date(2027, 3, 29),
)  # fmt: skip
BERLIN = (
    date(2026, 1, 1), date(2026, 3, 8), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1),
    date(2026, 5, 14), date(2026, 5, 25), date(2026, 10, 3), date(2026, 12, 25),
    date(2026, 12, 26), date(2027, 1, 1), date(2027, 3, 8), date(2027, 3, 26), date(2027, 3, 29),
)  # fmt: skip

SUPPORT = weekly(
    "Europe/London",
    dict.fromkeys(range(5), "08:00-18:00"),
    ENGLAND,
    {(12, 24): "08:00-13:00", (12, 31): "08:00-13:00"},
    day=10,
)
OFFICE = weekly(
    "Europe/Berlin",
    {**dict.fromkeys(range(4), "09:00-12:30 13:30-17:30"), 4: "09:00-15:00"},
    BERLIN,
    {},
    day=7.5,
)
DAYTIME = weekly(
    "Europe/Paris",
    dict.fromkeys(range(6), "07:00-21:00"),
    (),
    {(12, 25): "", (1, 1): ""},
    day=14,
)
ALWAYS = around_the_clock()

RANKS = ("low", "medium", "high", "urgent")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule sees of a ticket."""

    status: str
    priority: str
    type: str
    tier: str

    def is_at_least(self, priority: str) -> bool:
        return RANKS.index(self.priority) >= RANKS.index(priority)


@dataclass(frozen=True, slots=True)
class Level:
    """A step; `after` in seconds of the rule's hours, by priority."""

    name: str
    after: Mapping[str, int]
    is_escalation: bool


@dataclass(frozen=True, slots=True)
class Updates:
    """A rhythm: in seconds of the rule's hours, by priority."""

    template: str
    starts_with_match: bool
    every: Mapping[str, int]
    most: int | None


@dataclass(frozen=True, slots=True)
class Promise:
    """One rule.

    Attributes:
        since: From what its clock runs: opened, created, waiting, match or contacts.
        matches: Whether it concerns an open ticket that looks so.
        delivers: When its messages may arrive.
        on_escalation: The text that is sent at once when it escalates.
        follow_up: (seconds of its hours after the resolution, text).
    """

    rule: str
    position: int
    hours: Hours
    since: str
    matches: Callable[[Seen], bool]
    delivers: Hours
    levels: tuple[Level, ...] = ()
    on_escalation: str | None = None
    updates: Updates | None = None
    follow_up: tuple[int, str] | None = None
    inhibited_by: str | None = None


def _each(urgent: float, high: float, medium: float, low: float) -> dict[str, int]:
    hours = {"urgent": urgent, "high": high, "medium": medium, "low": low}
    return {priority: round(each * HOUR) for priority, each in hours.items()}


def _all(hours: float) -> dict[str, int]:
    return _each(hours, hours, hours, hours)


PROMISES = (
    Promise(
        "keep-customers-informed", 0, SUPPORT, "opened",
        lambda seen: seen.status in {"new", "open", "pending_internal"},
        SUPPORT,
        updates=Updates("still-working", True, _each(4, 10, 20, 50), 10),
    ),
    Promise(
        "specialist-topics", 1, SUPPORT, "opened",
        lambda seen: seen.type in {"Category 19", "Category 42", "Category 44"}
        and seen.status in {"new", "open"} and not seen.is_at_least("urgent"),
        SUPPORT,
        levels=(Level("specialists", _all(4), True), Level("manager", _all(20), True)),
        on_escalation="with-specialists",
    ),
    Promise(
        "high-priority-first", 2, SUPPORT, "match",
        lambda seen: seen.is_at_least("high"),
        SUPPORT,
        levels=(
            Level("look-now", {"urgent": HOUR // 2, "high": 3 * HOUR}, False),
            Level("second-line", {"urgent": HOUR, "high": 6 * HOUR}, True),
            Level("manager", {"urgent": 2 * HOUR, "high": 10 * HOUR}, True),
        ),
        on_escalation="escalation-received",
    ),
    Promise(
        "keeps-coming-back", 3, SUPPORT, "contacts",
        lambda _: True,
        SUPPORT,
        levels=(Level("one-person", _all(4), False), Level("manager", _all(10), True)),
        on_escalation="several-requests",
    ),
    Promise(
        "unresolved-in-time", 4, SUPPORT, "opened",
        lambda seen: seen.type != "Category 9",
        SUPPORT,
        levels=(
            Level("nearly-late", _each(3, 7.5, 22.5, 37.5), False),
            Level("second-line", _each(4, 10, 30, 50), True),
            Level("manager", _each(6, 15, 45, 75), True),
        ),
        on_escalation="escalation-received",
        updates=Updates("still-working", False, _each(2, 4, 10, 20), 10),
        follow_up=(SUPPORT.day, "satisfaction-survey"),
        inhibited_by="high-priority-first",
    ),
    Promise(
        "premium-care", 5, DAYTIME, "opened",
        lambda seen: seen.tier == "premium"
        and seen.status in {"new", "open", "pending_internal"},
        DAYTIME,
        updates=Updates("premium-update", True, _each(2, 4, 12, 14), 4),
    ),
    Promise(
        "billing-answered", 6, OFFICE, "waiting",
        lambda seen: seen.type == "billing",
        OFFICE,
        levels=(Level("remind", _all(3), False), Level("lead", _all(6), True)),
        on_escalation="billing-received",
        updates=Updates("billing-update", False, _each(2, 3, 7.5, 15), 3),
        follow_up=(OFFICE.day, "satisfaction-survey"),
    ),
    Promise(
        "outage-watch", 7, ALWAYS, "created",
        lambda seen: seen.type == "outage" and seen.is_at_least("high"),
        ALWAYS,
        levels=(Level("on-call", _all(0.75), True),),
        on_escalation="outage-received",
        updates=Updates("outage-update", False, {"urgent": 90 * 60, "high": 3 * HOUR}, None),
        follow_up=(4 * HOUR, "satisfaction-survey"),
    ),
)  # fmt: skip

BY_RULE = {promise.rule: promise for promise in PROMISES}
OF_TICKETS = tuple(promise for promise in PROMISES if promise.since != "contacts")
OF_CUSTOMERS = BY_RULE["keeps-coming-back"]
