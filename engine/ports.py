"""What the core asks of the world: protocols, and the shapes that cross them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from engine.domain.actions import Action, FieldChange
    from engine.domain.condition import ContactsBy
    from engine.domain.contact import Contact
    from engine.domain.episode import CustomerMessage, Episode
    from engine.domain.history import History
    from engine.domain.reason import Reason, Verdict
    from engine.domain.ticket import Event, Ticket

Json = dict[str, object]


class Clock(Protocol):
    """A source of `now`."""

    def now(self) -> datetime:
        """The present instant of the domain, aware UTC, whole seconds."""
        ...


# --- helpdesks -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Observation:
    """What a helpdesk says of one ticket.

    Attributes:
        ticket: The ticket as the helpdesk holds it at `at`. Its id is ``HELPDESK:ID``.
        at: The instant of this state (aware UTC).
        opening: Its state when it was created, where the source keeps a history.
        events: Where the source keeps a history: everything that it knows to have happened to the
            ticket up to `at`, in its own order, with stable ids; the creation aside. None where it
            keeps none: the pipeline then compares with the last observation.
        messages: Where it keeps no history: messages seen since the last observation.
    """

    ticket: Ticket
    at: datetime
    opening: Ticket | None = None
    events: tuple[Event, ...] | None = None
    messages: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """Something that a helpdesk said and that could not be understood; the rest was taken.

    Attributes:
        file: The file (or resource) as configured.
        line: From 1; 0 when the whole file is meant.
        code: Stable name of the fault.
    """

    file: str
    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What changed at a helpdesk since a watermark.

    Attributes:
        observations: In time order, then in the source's order.
        watermark: Where to go on next time; committed together with the observations.
        rejected: What could not be understood.
        is_complete: Everything up to `until` has been read; otherwise ask again at once.
    """

    observations: tuple[Observation, ...]
    watermark: Json
    rejected: tuple[RejectedRow, ...] = ()
    is_complete: bool = True


class Presence(StrEnum):
    """What a helpdesk says of a ticket that is asked for by id."""

    PRESENT = "present"
    GONE = "gone"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Reading:
    """One ticket, read again just before acting on it. `observation` is None unless present."""

    presence: Presence
    observation: Observation | None = None


class Helpdesk(Protocol):
    """A system that holds tickets."""

    name: str
    can_reply: bool
    """Whether `reply` reaches the customer; otherwise the message goes by mail."""

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        ...

    def next_change_at(self, after: datetime) -> datetime | None:
        """The earliest instant later than `after` of which the source holds something (replay)."""
        ...

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands, nothing later than `until`; never raises."""
        ...

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Set fields; verified by reading back where the source is shared with others."""
        ...

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Leave an internal note."""
        ...

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Write to the customer on the ticket."""
        ...


# --- channels ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered message.

    Attributes:
        key: Idempotency key; mail derives its Message-ID from it.
        to: Address in the channel's own form.
        subject: One line, no control characters.
        text: Plain text part.
        html: HTML part, escaped; None where there is none.
        thread: What the message belongs to (a ticket id), for threading headers.
        facts: What happened, for machines: event name, ticket, rule, episode, level, message,
            occurrence and the like (JSON values; no addresses, no text).
    """

    key: str
    to: str
    subject: str
    text: str
    html: str | None = None
    thread: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


class SentState(StrEnum):
    """How an attempt ended."""

    DELIVERED = "delivered"
    RETRY = "retry"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sent:
    """Outcome of one attempt to act.

    Attributes:
        receipt: The other side's id of what it took, when delivered.
        reason: One clear line when it was not delivered.
        retry_after: How long the other side asks us to wait, for `RETRY`.
    """

    state: SentState
    receipt: str | None = None
    reason: str = ""
    retry_after: timedelta | None = None


class Channel(Protocol):
    """A way to reach people."""

    name: str

    def send(self, message: Message) -> Sent:
        """Send one message; never raises for what the other side does."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Composer(Protocol):
    """Puts what is to be done into words."""

    def note(self, action: Action, ticket: Ticket) -> str:
        """The internal note that a level leaves: what was done, and why."""
        ...

    def staff(self, told: Sequence[tuple[Action, Ticket]], as_of: datetime | None) -> Message:
        """What a receiver is told: one notice, or several that share a digest.

        `as_of` says how old the facts are where the ticket cannot be read now (aware UTC).

        Never raises: a template that fails is replaced by a plain text, so that nobody goes untold.
        """
        ...

    def customer(self, action: Action, ticket: Ticket, to: str) -> Message:
        """What the customer is told.

        Raises:
            MessageError: The template fails; a broken text is never sent.
        """
        ...


# --- store ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """What the store keeps of a ticket.

    Attributes:
        opening: Its state when it was created.
        source: The last state that the helpdesk told us (our own writes are not in it unless the
            helpdesk repeated them).
        events: Everything that happened since, in order (time, then the source's order).
        observed_at: Instant of the last observation (aware UTC).
    """

    opening: Ticket
    source: Ticket
    events: tuple[Event, ...]
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class DueSubject:
    """A subject whose time has come.

    Attributes:
        subject: ``HELPDESK:ID``, ``customer:ID``, ``organization:ID`` or ``everyone``.
        next_check_at: The instant it was due (aware UTC).
    """

    subject: str
    next_check_at: datetime


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One line of the decision log; written when a decision changes.

    Attributes:
        evidence: JSON values that say what was seen (anchor, due instants, holds).
    """

    subject: str
    rule: str
    at: datetime
    verdict: Verdict
    reason: Reason
    generation: str
    evidence: Json


class OutboxState(StrEnum):
    """Where an action stands on its way out."""

    PENDING = "pending"
    LEASED = "leased"
    SENDING = "sending"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SNOOZED = "snoozed"
    HELD = "held"
    CANCELLED = "cancelled"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An action with its place in the queue.

    Attributes:
        attempts: Attempts that reached `sending`.
        token: The lease's fencing token, None when it is not leased.
        next_attempt_at: Earliest next lease (aware UTC).
    """

    id: int
    action: Action
    state: OutboxState
    attempts: int
    token: str | None
    next_attempt_at: datetime
    created_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RuleKnown:
    """Since when the present text of a rule is in force, for `backlog`.

    Attributes:
        since: Aware UTC.
        levels_before: Whether an older text of this rule was in force until then.
    """

    fingerprint: str
    since: datetime


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """A generation as the store remembers it.

    Attributes:
        loaded_at: When it became active (aware UTC).
        rules: Rule id → since when its present text is in force.
        sources: Path → text of every rule and template file: enough to build it again.
    """

    id: str
    loaded_at: datetime
    rules: Mapping[str, RuleKnown]
    sources: Mapping[str, str]


class Transaction(Protocol):
    """One transaction: everything in it commits together or not at all."""

    # ingest
    def watermark(self, helpdesk: str) -> Json | None: ...
    def set_watermark(self, helpdesk: str, watermark: Json, at: datetime) -> None: ...
    def records(self, ticket_ids: Iterable[str]) -> dict[str, TicketRecord]: ...
    def save_record(self, record: TicketRecord, present: Ticket) -> None: ...
    def save_records(self, records: Sequence[tuple[TicketRecord, Ticket]]) -> None: ...
    def append_events(self, subject: str, events: Sequence[Event]) -> None: ...
    def replace_contacts(self, ticket_id: str, contacts: Sequence[Contact]) -> None: ...
    def save_contacts(self, contacts: Mapping[str, Sequence[Contact]]) -> None: ...
    def mark_due(self, subjects: Iterable[str], at: datetime) -> None: ...

    # evaluate
    def claim_due(self, now: datetime, limit: int) -> list[DueSubject]: ...
    def next_due_at(self) -> datetime | None: ...
    def histories(self, ticket_ids: Iterable[str]) -> dict[str, History]: ...
    def group_events(self, subjects: Iterable[str]) -> dict[str, tuple[Event, ...]]: ...
    def open_tickets_of(self, by: ContactsBy, key: str | None) -> list[str]: ...
    def open_tickets(self) -> list[str]: ...
    def contacts(
        self, by: ContactsBy, key: str | None, since: datetime | None
    ) -> tuple[Contact, ...]: ...
    def episodes(self, subjects: Iterable[str]) -> dict[str, tuple[Episode, ...]]: ...
    def escalations_of_customers(
        self, customers: Iterable[str]
    ) -> dict[str, tuple[datetime, ...]]: ...
    def customer_messages(
        self, customers: Iterable[str], tickets: Iterable[str], since: datetime
    ) -> tuple[CustomerMessage, ...]: ...
    def budget_used(self, rule: str, period_start: datetime) -> int: ...
    def spend_budget(self, rule: str, period_start: datetime, count: int) -> None: ...
    def save_episodes(self, episodes: Sequence[Episode]) -> None: ...
    def last_decisions(
        self, subjects: Iterable[str]
    ) -> dict[tuple[str, str], tuple[Verdict, Reason]]: ...
    def append_decisions(self, decisions: Sequence[DecisionRecord]) -> list[int]: ...
    def enqueue(self, actions: Sequence[Action], now: datetime) -> None: ...
    def set_next_checks(self, checks: Mapping[str, datetime | None]) -> None: ...

    # deliver and rescue
    def lease(self, now: datetime, limit: int, token: str, until: datetime) -> list[OutboxRow]: ...
    def begin_sending(
        self, row_id: int, token: str, now: datetime, needed_until: datetime
    ) -> bool: ...
    def finish(
        self,
        row_id: int,
        token: str,
        state: OutboxState,
        now: datetime,
        reason: str | None = None,
        receipt: str | None = None,
    ) -> bool: ...
    def snooze(
        self,
        row_id: int,
        token: str,
        until: datetime,
        reason: str,
        state: OutboxState = OutboxState.SNOOZED,
    ) -> bool: ...
    def expired(self, now: datetime) -> list[OutboxRow]: ...
    def resolve_expired(
        self, row_id: int, state: OutboxState, now: datetime, reason: str | None
    ) -> bool: ...
    def settle(
        self,
        row_id: int,
        state: OutboxState,
        now: datetime,
        reason: str | None = None,
        receipt: str | None = None,
    ) -> bool: ...
    def next_delivery_at(self) -> datetime | None: ...
    def outbox_row(self, row_id: int) -> OutboxRow | None: ...

    # generations
    def active_generation(self) -> GenerationRecord | None: ...
    def activate_generation(self, record: GenerationRecord) -> None: ...

    # telling
    def view(self, name: str, where: Mapping[str, object] | None = None) -> list[Json]: ...
    def counts(self, now: datetime) -> Json: ...
    def meta(self, key: str) -> str | None: ...
    def set_meta(self, key: str, value: str) -> None: ...


class Store(Protocol):
    """Where everything is kept."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A writing transaction; commits at the end, rolls back when an error passes.

        Raises:
            StoreBusyError: Lost to another writer; the same batch may be tried again.
        """
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent reading; what is written in it is an error."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
