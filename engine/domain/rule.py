"""Rules as `decide` reads them: checked, resolved and immutable.

`engine.rulebook` builds these from YAML. Every duration here is a `timedelta` already resolved in
the rule's calendar (so a `d` of 7h30m is 7.5 hours of business time).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from engine.domain.condition import All, ContactsBy
from engine.domain.ticket import Priority, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from engine.domain.calendar import Calendar
    from engine.domain.condition import Condition
    from engine.domain.silence import SilentHours

T = TypeVar("T")

SCALES: Final = (5, 10)
"""The best scores that a survey can offer."""
DEFAULT_SCALE: Final = 5


class Mode(StrEnum):
    """Whether a rule acts, only records, or rests."""

    ACTIVE = "active"
    SHADOW = "shadow"
    OFF = "off"


class Since(StrEnum):
    """The event that anchors a rule's clock."""

    OPENED = "opened"
    CREATED = "created"
    MATCH = "match"
    WAITING = "waiting"
    STATUS_CHANGE = "status_change"
    ASSIGNMENT = "assignment"
    DUE = "due"


class Kind(StrEnum):
    """What a level climbs to; a level without a kind is a reminder."""

    TECHNICAL = "technical"
    HIERARCHICAL = "hierarchical"


class BacklogPolicy(StrEnum):
    """What happens to levels that newly loaded text puts in the past."""

    DIGEST = "digest"
    ACT = "act"


class AcknowledgeBy(StrEnum):
    """What counts as taking an escalation."""

    LINK = "link"
    REPLY = "reply"
    ASSIGNMENT = "assignment"


@dataclass(frozen=True, slots=True)
class PerPriority(Generic[T]):
    """One value for all priorities, or one for each of some.

    Attributes:
        by_priority: What holds for each priority; a priority left out is not concerned.
    """

    by_priority: Mapping[Priority, T]

    @classmethod
    def always(cls, value: T) -> PerPriority[T]:
        """The same value whatever the priority."""
        return cls(MappingProxyType(dict.fromkeys(Priority, value)))

    def get(self, priority: Priority) -> T | None:
        """The value for a priority, None when it is left out."""
        return self.by_priority.get(priority)


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of the rule's target."""

    of_target: int

    def applied_to(self, target: timedelta) -> timedelta:
        """The share of `target`, cut to whole seconds."""
        return timedelta(seconds=int(target.total_seconds()) * self.of_target // 100)


@dataclass(frozen=True, slots=True)
class Offset:
    """When a level is due: so long after the anchor, or (with `since: due`) so long before it."""

    amount: timedelta | Percent
    is_before: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """From when, in which hours, and towards which target a rule counts."""

    calendar: Calendar
    since: Since = Since.OPENED
    pause_while: frozenset[Status] = frozenset({Status.PENDING_CUSTOMER})
    target: PerPriority[timedelta] | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """A notice said again: `times` more times, `every` in the rule's calendar from the firing."""

    every: PerPriority[timedelta]
    times: int


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a rule's ladder.

    Attributes:
        number: Position in the ladder, from 1.
        identity: What the level is known by across edits: its `name`, else its `after` as written.
        due: When it is due, by priority.
        set_fields: (field, value) pairs in the order written; values are domain values.
        raise_priority: Steps to raise the priority by; 0 for none.
        notify: Receiver names; `assignee` and `group` are resolved when the level fires.
        template: Name of the staff template.
    """

    number: int
    identity: str
    due: PerPriority[Offset]
    kind: Kind | None = None
    set_fields: tuple[tuple[str, str], ...] = ()
    raise_priority: int = 0
    tag: tuple[str, ...] = ()
    untag: tuple[str, ...] = ()
    assign_group: str | None = None
    assign_assignee: str | None = None
    note: str | None = None
    notify: tuple[str, ...] = ()
    template: str = "escalation"
    repeat: Repeat | None = None


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """How an escalation is taken, and for how long (in the rule's calendar)."""

    by: frozenset[AcknowledgeBy]
    expires: timedelta


class UpdatesFrom(StrEnum):
    """When a rule's stream of customer updates begins."""

    ESCALATION = "escalation"
    MATCH = "match"


@dataclass(frozen=True, slots=True)
class Updates:
    """Periodic messages to the customer while the ticket waits."""

    every: PerPriority[timedelta]
    template: str
    deliver_in: Calendar
    starts: UpdatesFrom = UpdatesFrom.ESCALATION
    max: int | None = None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One message after an escalated ticket is resolved.

    Attributes:
        after: How long after the resolution, in the rule's calendar.
        low_score_below: Scores lower than this are low; None where nobody is told.
        scale: The best score that the survey offers; the worst is 1.
    """

    after: timedelta
    template: str
    low_score_below: int | None = None
    low_score_notify: tuple[str, ...] = ()
    scale: int = DEFAULT_SCALE


@dataclass(frozen=True, slots=True)
class CustomerPlan:
    """What the customer hears because of this rule.

    `deliver_in` is the delivery calendar of all of it (the updates' own, else the clock's).
    """

    deliver_in: Calendar
    on_escalation: str | None = None
    updates: Updates | None = None
    follow_up: FollowUp | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """How many escalations a rule may fire in one period (aligned to the UTC epoch)."""

    count: int = 50
    per: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the rule files something stands; lines from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """`match` + `clock` + `levels` + `customer`.

    Attributes:
        id: Stable key of all state.
        position: Order over the whole folder (file path, then place in the file), from 0.
        groups_by: Whose group is the subject; None when the subject is the ticket.
        fingerprint: Hash of everything in the rule's text that can change what it decides.
    """

    id: str
    clock: Clock
    place: Place
    position: int = 0
    description: str = ""
    match: Condition = field(default_factory=lambda: All(()))
    groups_by: ContactsBy | None = None
    levels: tuple[Level, ...] = ()
    acknowledge: Acknowledge = field(
        default_factory=lambda: Acknowledge(frozenset(AcknowledgeBy), timedelta(days=1))
    )
    customer: CustomerPlan | None = None
    mode: Mode = Mode.ACTIVE
    backlog: BacklogPolicy = BacklogPolicy.DIGEST
    max_lateness: timedelta = timedelta(days=3)
    budget: Budget = field(default_factory=Budget)
    cooldown: timedelta | None = None
    inhibits: tuple[str, ...] = ()
    moved_from: str | None = None
    asked_by: str = "rule"
    reason: str = ""
    fingerprint: str = ""

    @property
    def ids(self) -> frozenset[str]:
        """The rule's id, and the one that it had before a rename."""
        return frozenset((self.id,) if self.moved_from is None else (self.id, self.moved_from))


@dataclass(frozen=True, slots=True)
class Target:
    """One way to reach a receiver, at certain hours or at all times.

    Attributes:
        channel: Name of a channel of the config file.
        to: Address in that channel's own form.
    """

    channel: str
    to: str
    during: Calendar | None = None
    outside: Calendar | None = None

    def is_used_at(self, at: datetime) -> bool:
        """Whether this way is used at that instant (aware UTC)."""
        if self.during is not None and not self.during.is_open(at):
            return False
        return self.outside is None or not self.outside.is_open(at)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told: a name, and the ways to reach it."""

    name: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A message's text as it stands in the templates folder.

    Attributes:
        audience: ``staff`` or ``customer``.
        language: Two-letter code, None for the default text.
        subject: Jinja2 source of the subject line.
        body: Jinja2 source of the Markdown body.
    """

    audience: str
    name: str
    language: str | None
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Generation:
    """One immutable, validated set of rules, calendars, receivers and templates, with its hash.

    Attributes:
        id: Hash over all the files, hexadecimal; what logs and decisions name.
        rules: In running order (file path, then position).
        silences: The recurring silences.
    """

    id: str
    rules: tuple[Rule, ...]
    receivers: Mapping[str, Receiver]
    templates: tuple[MessageTemplate, ...] = ()
    silences: tuple[SilentHours, ...] = ()

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of that id, if this generation has it."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def rule_once_called(self, rule_id: str) -> Rule | None:
        """The rule of that id, or the one that bore it before a rename."""
        former = (rule for rule in self.rules if rule.moved_from == rule_id)
        return self.rule(rule_id) or next(former, None)

    def takes_links(self, rule_id: str) -> bool:
        """Whether escalations of a rule can be taken by a link."""
        rule = self.rule_once_called(rule_id)
        return rule is not None and AcknowledgeBy.LINK in rule.acknowledge.by
