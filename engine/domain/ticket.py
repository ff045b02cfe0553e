"""Tickets and what happened to them, in our own vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | tuple[str, ...] | datetime | bool | None
"""What a ticket's field can hold; `Status` and `Priority` are texts too."""


class Status(StrEnum):
    """Where a ticket stands, whatever the helpdesk calls it."""

    NEW = "new"
    OPEN = "open"
    PENDING_CUSTOMER = "pending_customer"
    PENDING_INTERNAL = "pending_internal"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_resolved(self) -> bool:
        """Whether nobody works on the ticket any more."""
        return self in (Status.RESOLVED, Status.CLOSED)


class Priority(StrEnum):
    """How urgent a ticket is, from low to urgent."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"

    @property
    def rank(self) -> int:
        """Position in the order low < medium < high < urgent, from 0."""
        return _RANKS[self]

    def raised(self, steps: int) -> Priority:
        """The priority `steps` higher (lower when negative), never beyond the ends."""
        return _ORDER[max(0, min(len(_ORDER) - 1, self.rank + steps))]


_ORDER = tuple(Priority)
_RANKS = {priority: rank for rank, priority in enumerate(_ORDER)}
DEFAULT_PRIORITY = Priority.MEDIUM
"""What a ticket without a priority counts as."""


@dataclass(frozen=True, slots=True)
class Customer:
    """The person who waits.

    Attributes:
        id: Identity over all tickets; None when the helpdesk does not say.
        name: How to address the person.
        email: Where to write when the helpdesk has no public reply.
        no_updates: The person asked us to stay silent.
        is_automatic: The address is a robot's or has bounced.
    """

    id: str | None = None
    name: str | None = None
    email: str | None = None
    tier: str | None = None
    organization: str | None = None
    language: str | None = None
    no_updates: bool = False
    is_automatic: bool = False


NOBODY = Customer()


@dataclass(frozen=True, slots=True)
class Ticket:
    """One customer issue, as a frozen snapshot.

    Attributes:
        id: ``HELPDESK:ID``.
        created_at: When the customer first turned to us (aware UTC).
        status: Our word for the state; `raw_status` is the helpdesk's.
        due_at: The helpdesk's own deadline, if any (aware UTC).
        fields: Further fields by name, as text.
        merged_into: Id of the surviving ticket after a merge.
        is_gone: The helpdesk said, by id, that the ticket no longer exists.
    """

    id: str
    created_at: datetime
    status: Status = Status.NEW
    raw_status: str | None = None
    subject: str = ""
    type: str | None = None
    priority: Priority | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None
    assignee: str | None = None
    channel: str | None = None
    language: str | None = None
    due_at: datetime | None = None
    customer: Customer = NOBODY
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    merged_into: str | None = None
    is_gone: bool = False

    @property
    def source(self) -> str:
        """Name of the helpdesk that holds the ticket."""
        return self.id.partition(":")[0]

    @property
    def effective_priority(self) -> Priority:
        """The priority that rules reckon with: none counts as medium."""
        return self.priority or DEFAULT_PRIORITY


CHANGEABLE = (
    "subject",
    "type",
    "status",
    "raw_status",
    "priority",
    "tags",
    "group",
    "assignee",
    "channel",
    "language",
    "due_at",
    "merged_into",
    "is_gone",
)
"""Plain fields whose changes are events, in the order in which one observation reports them."""

CUSTOMER_FIELDS = (
    "id",
    "name",
    "email",
    "tier",
    "organization",
    "language",
    "no_updates",
    "is_automatic",
)


class EventKind(StrEnum):
    """What can happen to a ticket."""

    CREATED = "created"
    CHANGED = "changed"
    MESSAGE = "message"
    ACKNOWLEDGED = "acknowledged"


class Actor(StrEnum):
    """Who did it."""

    CUSTOMER = "customer"
    PERSON = "person"
    ROBOT = "robot"
    OURSELVES = "ourselves"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a ticket (or, for acknowledgements, to a group).

    Attributes:
        id: Unique within its subject and stable however often the source is read.
        at: When it happened (aware UTC).
        kind: What happened.
        actor: Who did it; `OURSELVES` only where the write is proved to be ours.
        source_id: The source's own id of the event, None where it keeps none.
        episode: Key (`EpisodeId.text`) of the episode that wrote it, when it is ours; for
            `ACKNOWLEDGED`: of the only one that is taken, None for those of `rule`.
        rule: Id of the rule that wrote it, when it is ours; for `ACKNOWLEDGED`: the rule whose
            escalation is taken, None for all of them.
        field: For `CHANGED`: the field, dotted for ``customer.`` and ``fields.``.
        before: For `CHANGED`: the value that was there.
        after: For `CHANGED`: the value that is there now; for `ACKNOWLEDGED`: the name of the
            receiver whose link was used.
        is_public: For `MESSAGE`: the customer can read it.
        text: For `MESSAGE`: what was written, quotations removed.
        channel: For `MESSAGE`: how it came in, if known.
        who: Name of the person, where known; for the record only.
        is_bounce: For `MESSAGE`: it says that one of ours did not reach the customer's address.
    """

    id: str
    at: datetime
    kind: EventKind
    actor: Actor = Actor.PERSON
    source_id: str | None = None
    episode: str | None = None
    field: str | None = None
    before: Value = None
    after: Value = None
    is_public: bool = True
    text: str = ""
    channel: str | None = None
    rule: str | None = None
    who: str | None = None
    is_bounce: bool = False

    @property
    def anchor_key(self) -> str:
        """What identifies an episode anchored here: the source's id, else the UTC second."""
        return self.source_id or utc_second(self.at)


def utc_second(at: datetime) -> str:
    """An instant as ``2016-03-02T16:00:00Z``: the key of events whose source has no ids."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def value_of(ticket: Ticket, name: str) -> object:
    """Read a field by its (possibly dotted) name; None when the ticket lacks it."""
    head, _, rest = name.partition(".")
    if head == "fields":
        return ticket.fields.get(rest)
    if head == "customer":
        return getattr(ticket.customer, rest)
    return getattr(ticket, name)


def with_value(ticket: Ticket, name: str, value: object) -> Ticket:
    """The same ticket with one field set, by its (possibly dotted) name."""
    head, _, rest = name.partition(".")
    if head == "fields":
        kept = {key: text for key, text in ticket.fields.items() if key != rest}
        return replace(ticket, fields=kept if value is None else {**kept, rest: str(value)})
    if head == "customer":
        return replace(ticket, customer=replace(ticket.customer, **{rest: value}))  # type: ignore[arg-type]
    return replace(ticket, **{name: value})  # type: ignore[arg-type]


def with_values(ticket: Ticket, values: Mapping[str, object]) -> Ticket:
    """The same ticket with several fields set at once, by their (possibly dotted) names."""
    plain = {name: value for name, value in values.items() if "." not in name}
    if plain:
        ticket = replace(ticket, **plain)  # type: ignore[arg-type]
    for name, value in values.items():
        if "." in name:
            ticket = with_value(ticket, name, value)
    return ticket
