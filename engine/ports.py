"""What the core asks of the world: protocols, and the shapes that cross them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from engine.domain.actions import Action, FieldChange
    from engine.domain.bounce import Bounce
    from engine.domain.capability import Capabilities
    from engine.domain.condition import ContactsBy
    from engine.domain.contact import Contact
    from engine.domain.episode import CustomerMessage, Episode
    from engine.domain.history import History
    from engine.domain.reason import Reason, Verdict
    from engine.domain.silence import Silence
    from engine.domain.ticket import Event, Ticket

Json = dict[str, object]

LOCAL_CALL: Final = timedelta(seconds=30)
"""What a call may take that reaches nobody beyond this machine."""


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
        by_our_account: Ids of the events whose author is the account that we use. Others may use
            it too, so that this alone makes none of them ours; but what somebody else wrote is
            surely not. None where the source does not tell authors apart.
    """

    ticket: Ticket
    at: datetime
    opening: Ticket | None = None
    events: tuple[Event, ...] | None = None
    messages: tuple[Event, ...] = ()
    by_our_account: frozenset[str] | None = None


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
        open_tickets: How many open tickets it shows us at this moment, where it can count them
            cheaply; None where it cannot. If there are none, and there were some, it is asked
            who we are before that is believed.
        gone: Ids of tickets that it says are no more there.
        clock_skew: How far its clock was ahead of ours meanwhile (negative: behind); None where it
            told no time.
    """

    observations: tuple[Observation, ...]
    watermark: Json
    rejected: tuple[RejectedRow, ...] = ()
    is_complete: bool = True
    open_tickets: int | None = None
    gone: tuple[str, ...] = ()
    clock_skew: timedelta | None = None


class Need(StrEnum):
    """What a right at a helpdesk is needed for."""

    READ = "read"
    CHANGE = "change"
    NOTE = "note"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class MissingRight:
    """Something that our account may not do.

    Attributes:
        right: As the helpdesk's own people call it.
        need: What it is needed for; without one to read, nothing is read.
        remedy: What to do about it: one line.
    """

    right: str
    need: Need
    remedy: str


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests a helpdesk takes from us.

    Attributes:
        requests: In one period; None where it does not say.
        remaining: Of this period, as it last told.
        resets_after: Until the next period begins (real time), as it last told.
    """

    requests: int | None = None
    remaining: int | None = None
    resets_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who we are at a helpdesk, and what we may do there.

    Attributes:
        account: The account that we use, as the helpdesk names it; empty where it knows none.
        server: What it is, with its version: ``Request Tracker 5.0.3``.
        missing: The rights that we lack.
        zone: The time zone of our account, by IANA name, where it has one.
        clock_skew: How far its clock is ahead of ours (negative: behind); None where it tells no
            time, or tells it by our clock.
        rate_limit: None where it told none.
    """

    account: str
    server: str
    missing: tuple[MissingRight, ...] = ()
    zone: str | None = None
    clock_skew: timedelta | None = None
    rate_limit: RateLimit | None = None


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
    """A system that holds tickets.

    Threads share one: it is read and written to at the same time.
    """

    name: str

    @property
    def can(self) -> Capabilities:
        """What it can do, as it is configured; told without contacting it."""
        ...

    @property
    def longest_call(self) -> timedelta:
        """The longest that `change`, `note` or `reply` takes (real time), reading back included.

        An attempt begins only if its lease outlasts twice as much.
        """
        ...

    def introduce(self) -> Introduction:
        """Ask who we are and what we may do.

        It is asked before the first reading, now and then, and after all that is suspicious.

        Raises:
            HelpdeskError: It cannot be reached, or does not know us.
        """
        ...

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        What was told may be told again. Nothing is left out, whatever changes while it is read.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        ...

    def next_change_at(self, after: datetime) -> datetime | None:
        """The earliest instant later than `after` of which the source holds something (replay)."""
        ...

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands; never raises.

        What a helpdesk tells has happened, even if its clock puts it into the time to come: who is
        about to write to a customer must know. Only a record of the past is told up to `until`.

        `GONE` only where the helpdesk, knowing us, says that there is no such ticket.
        """
        ...

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Set fields, all or none where it can; never raises.

        Delivered only if the ticket, read back, holds the new values (where the source is shared
        with others): a good answer is no proof. What did not take is rejected, with the reason.
        """
        ...

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Leave an internal note; never raises.

        It bears `marker_of(key)`, or the key in another way that `has_note` finds again.
        """
        ...

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Write to the customer on the ticket, if it is still open; never raises.

        It bears `marker_of(message.key)`, or the key in another way that `has_reply` finds again.
        Rejected where the ticket is resolved: a reply would open it again at many a helpdesk.
        """
        ...

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Whether a note with this idempotency key stands on the ticket; as `has_reply`."""
        ...

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Whether a reply with this idempotency key stands on the ticket; never raises.

        True is proof that it arrived. False proves nothing: it may be on its way. None: this
        helpdesk cannot tell, now or ever.
        """
        ...

    def close(self) -> None:
        """Let go of connections; it may be used again."""
        ...


@runtime_checkable
class Sampled(Protocol):
    """A helpdesk that can tell of a few tickets without telling of all."""

    def sample(self, most: int, until: datetime) -> Sequence[Observation]:
        """At most so many open tickets, nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now.
        """
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
        facts: What happened, for machines: event name, audience, ticket, rule, episode, level,
            message, occurrence and the like (JSON values; no addresses, no text).
        answers: Id of the mail that it answers, without brackets, where a mailbox is the helpdesk.
        references: Ids of the mails of that thread, the first one first.
        mark: `marker_of` the key, where it is to be found again by that.
    """

    key: str
    to: str
    subject: str
    text: str
    html: str | None = None
    thread: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    answers: str | None = None
    references: tuple[str, ...] = ()
    mark: str | None = None


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
        bounced: The receiver's address takes no mail at all, for `REJECTED`.
        only_this: The other side works, and refuses this message alone for now (a full mailbox,
            say): such an attempt counts. One that failed because the other side as a whole is
            down does not count, and after some of them it is left alone for a while.
        took: Of a change that was not made as a whole: the fields that did change.
    """

    state: SentState
    receipt: str | None = None
    reason: str = ""
    retry_after: timedelta | None = None
    bounced: bool = False
    only_this: bool = False
    took: tuple[FieldChange, ...] = ()


class Channel(Protocol):
    """A way to reach people."""

    name: str

    @property
    def longest_call(self) -> timedelta:
        """The longest that `send` takes (real time).

        An attempt begins only if its lease outlasts twice as much.
        """
        ...

    def send(self, message: Message) -> Sent:
        """Send one message; never raises for what the other side does."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Mailing(Protocol):
    """A channel of mail that can show what it sends."""

    def mail_of(self, message: Message) -> bytes:
        """The mail that `send` hands over for a message that it took: headers and body."""
        ...


class Links(Protocol):
    """Gives the web addresses that messages hold."""

    def acknowledgement(self, action: Action) -> str | None:
        """Where the escalation of a staff notice can be taken; None where it cannot."""
        ...

    def survey(self, action: Action) -> str | None:
        """Where the customer can say how it went; None where the message does not ask for it."""
        ...


@runtime_checkable
class Prepared(Protocol):
    """A channel with something to do before it is used; not every one has."""

    def prepare(self) -> None:
        """Load what is large and look at what can be looked at without connecting; twice is fine.

        Raises:
            ConfigError: It can never send as it is configured.
        """
        ...


@runtime_checkable
class HandsOn(Protocol):
    """A helpdesk that hands on by channels what is to be done to tickets; not every one does."""

    def hand_on_by(self, channels: Mapping[str, Channel]) -> None:
        """Know the channels, by name, before anything is to be done."""
        ...


@runtime_checkable
class KeptHere(Protocol):
    """A helpdesk with no system behind it: what was sent to it is in the store."""

    def keep_in(self, store: Store) -> None:
        """Know the store, before anything is read."""
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
class Attempt:
    """One attempt at an action.

    Attributes:
        number: From 1.
        started_at: Aware UTC.
        finished_at: Aware UTC; None while it lasts, or where the process that made it died.
        outcome: The state that it led to; None while it lasts.
        reason: Why it led there, if that is no success.
    """

    number: int
    started_at: datetime
    finished_at: datetime | None = None
    outcome: OutboxState | None = None
    reason: str | None = None


class OutboxVerb(StrEnum):
    """What a person may ask to become of a row of the outbox."""

    RETRY = "retry"
    DROP = "drop"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Intervention:
    """A person decided what becomes of a row of the outbox.

    Attributes:
        before: The row's state until then.
        who: Who decided it.
        at: When (aware UTC).
        why: What they gave as the reason, if they had to.
        id: What it is known by once it is kept.
    """

    row_id: int
    verb: OutboxVerb
    before: OutboxState
    who: str
    at: datetime
    why: str | None = None
    id: int = 0


class SilenceTold(StrEnum):
    """What the log has told of a silence last."""

    NOTHING = "nothing"
    ADDED = "added"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class EarlierText:
    """A text that a rule had before.

    Attributes:
        generation: Id of a generation that has this text.
        rule: The rule's id in it.
        since: Since when it was in force (aware UTC); None where what it replaced is forgotten.
    """

    generation: str
    rule: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class RuleKnown:
    """Since when the present text of a rule is in force, and what it replaced, for `backlog`.

    Attributes:
        since: Aware UTC.
        earlier: The texts that it had before, the newest first; empty for a new rule.
    """

    fingerprint: str
    since: datetime
    earlier: tuple[EarlierText, ...] = ()


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


@dataclass(frozen=True, slots=True)
class ShadowFiring:
    """What a rule in shadow would have fired, and only recorded.

    Attributes:
        name: The level's identity.
        fired_at: When it would have (aware UTC).
    """

    subject: str
    rule: str
    episode: str
    level: int
    name: str
    occurrence: int
    kind: str | None
    fired_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a customer answered to the survey about a ticket.

    Attributes:
        rule: Id of the rule that asked.
        anchor: The anchor of the episode that was followed up.
        score: From 1, the worst, to `scale`.
        comment: The customer's own words; empty where there are none.
        answered_at: Aware UTC, whole seconds.
    """

    ticket: str
    rule: str
    anchor: str
    score: int
    scale: int
    comment: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """Something that was sent to us, as it is kept until it has been ingested.

    Attributes:
        helpdesk: Whose it is.
        key: What it is known by at the helpdesk: sent twice, it is taken once.
        digest: Of its content: another content under the same key is no replay.
        ticket: ``HELPDESK:ID``.
        at: When it happened (aware UTC).
        received_at: When it came (aware UTC).
        body: JSON text, in our own vocabulary.
        number: Its place in the order of arrival; 0 until it is kept.
    """

    helpdesk: str
    key: str
    digest: str
    ticket: str
    at: datetime
    received_at: datetime
    body: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Nudge:
    """A ticket that somebody says has changed: it is to be read at once.

    Attributes:
        ticket: ``HELPDESK:ID``.
        turn: Grows with each nudge of the ticket.
    """

    ticket: str
    turn: int


class Transaction(Protocol):
    """One transaction: everything in it commits together or not at all."""

    # ingest
    def watermark(self, helpdesk: str) -> Json | None:
        """Where reading a helpdesk goes on; None before the first time."""
        ...

    def set_watermark(self, helpdesk: str, watermark: Json, at: datetime) -> None:
        """Remember how far a helpdesk has been read."""
        ...

    def forget_what_was_read(self) -> None:
        """Be as if no helpdesk had ever been read; all of it can be read again."""
        ...

    def records(self, ticket_ids: Iterable[str]) -> dict[str, TicketRecord]:
        """What is kept of these tickets; unknown ones are left out."""
        ...

    def save_records(self, records: Sequence[tuple[TicketRecord, Ticket]]) -> None:
        """Keep tickets, each with its present state, our own writes included."""
        ...

    def append_events(self, subject: str, events: Sequence[Event]) -> None:
        """Add events to a ticket or a group; a known id is brought up to date."""
        ...

    def save_contacts(self, contacts: Mapping[str, Sequence[Contact]]) -> None:
        """Keep exactly these contacts of each ticket."""
        ...

    def mark_due(self, subjects: Iterable[str], at: datetime) -> None:
        """Let subjects be looked at no later than `at`."""
        ...

    # evaluate
    def claim_due(self, now: datetime, limit: int) -> list[DueSubject]:
        """Subjects whose time has come, the longest due first."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next subject is due; None when none is."""
        ...

    def timed_subjects(self) -> list[str]:
        """Subjects that are to be looked at some day even if nothing happens."""
        ...

    def histories(self, ticket_ids: Iterable[str]) -> dict[str, History]:
        """How these tickets were opened, and all that happened since, merged ones included."""
        ...

    def group_events(self, subjects: Iterable[str]) -> dict[str, tuple[Event, ...]]:
        """What happened to groups as such, in order."""
        ...

    def survivors(self, ticket_ids: Iterable[str]) -> dict[str, Ticket]:
        """Each of these tickets, or in the end the one that it was merged into, as it stands."""
        ...

    def unsent_notices(self, subjects: Iterable[str]) -> list[Action]:
        """Notices of which nobody heard: on their way, or stopped by a merge."""
        ...

    def open_tickets_of(self, by: ContactsBy, key: str | None) -> list[str]:
        """Ids of the open tickets of a group."""
        ...

    def closed_since(self, ticket_ids: Iterable[str], since: datetime) -> list[str]:
        """Those of the tickets that are not open, and of which we heard at or after `since`."""
        ...

    def tickets_there_at(self, by: ContactsBy, key: str | None, at: datetime) -> list[str]:
        """Ids of the tickets of a customer, an organisation or everyone that existed at `at`.

        Those that were closed by then, and of which nothing happened since, are left out.
        """
        ...

    def open_tickets(self) -> list[str]:
        """Ids of all open tickets."""
        ...

    def contacts(
        self, by: ContactsBy, key: str | None, since: datetime | None
    ) -> tuple[Contact, ...]:
        """Contacts at or after `since` (None: all), in order of time."""
        ...

    def episodes(self, subjects: Iterable[str]) -> dict[str, tuple[Episode, ...]]:
        """All episodes of these subjects, ended ones too."""
        ...

    def escalations_of_customers(self, customers: Iterable[str]) -> dict[str, tuple[datetime, ...]]:
        """When episodes of these customers became escalations, sorted."""
        ...

    def customer_messages(
        self, customers: Iterable[str], tickets: Iterable[str], since: datetime
    ) -> tuple[CustomerMessage, ...]:
        """Our messages to these customers or on these tickets, in order."""
        ...

    def message_arrived(self, action: Action, at: datetime) -> None:
        """Note when a customer's message really went out: what comes later counts from there."""
        ...

    def budget_used(self, rule: str, period_start: datetime) -> int:
        """How much of a rule's budget for a period is spent."""
        ...

    def spend_budget(self, rule: str, period_start: datetime, count: int) -> None:
        """Spend some of a rule's budget for a period."""
        ...

    def save_episodes(self, episodes: Sequence[Episode]) -> None:
        """Keep episodes with their firings and messages; known ones stay as they were."""
        ...

    def rename_rule(self, old: str, new: str) -> None:
        """Let all that is remembered of a rule belong to its new id."""
        ...

    def last_decisions(
        self, subjects: Iterable[str]
    ) -> dict[tuple[str, str], tuple[Verdict, Reason]]:
        """(subject, rule) → the last verdict and reason written down."""
        ...

    def decisions(self, subjects: Iterable[str], until: datetime) -> dict[int, DecisionRecord]:
        """Number → line of the log, not later than `until`, in the order of writing."""
        ...

    def append_decisions(self, decisions: Sequence[DecisionRecord]) -> list[int]:
        """Add to the log; gives the numbers of the new lines."""
        ...

    def enqueue(self, actions: Sequence[Action], now: datetime) -> None:
        """Put actions into the outbox; one whose key is known is passed over."""
        ...

    def next_checks(self, subjects: Iterable[str]) -> dict[str, datetime | None]:
        """Subject → when it must be looked at again, None when only a change could matter.

        Those that were never to be looked at are left out.
        """
        ...

    def set_next_checks(self, checks: Mapping[str, datetime | None]) -> None:
        """When each subject is to be looked at next; None for not by itself."""
        ...

    # deliver and rescue
    def lease(
        self,
        now: datetime,
        limit: int,
        token: str,
        until: datetime,
        digests_until: datetime | None = None,
    ) -> list[OutboxRow]:
        """Take rows whose time has come for the holder of `token`, in order per ticket.

        Digest rows written later than `digests_until` wait.
        """
        ...

    def lease_digests(
        self, like: Action, now: datetime, token: str, until: datetime, reason: str | None = None
    ) -> list[OutboxRow]:
        """Take all digests whose time has come that go to the address of `like`.

        With them go the rows for that address that wait for `reason`, however long they still had
        to wait.
        """
        ...

    def messages_to(self, like: Action, since: datetime) -> list[datetime]:
        """When the address of `like` was sent a message, later than `since`; in order."""
        ...

    def unknown_replies(self) -> list[OutboxRow]:
        """Replies to customers that may have arrived, in order of id."""
        ...

    def being_told(self, tickets: Iterable[str]) -> frozenset[str]:
        """Those of these tickets on which a message to the customer is on its way."""
        ...

    def begun_acts(self, ticket_ids: Iterable[str]) -> list[OutboxRow]:
        """Changes, notes and replies on these tickets that were attempted and are not settled.

        They may have arrived, and nobody has written it down yet. In order of id.
        """
        ...

    def is_overtaken(self, row_id: int) -> bool:
        """Whether a later row of the same lane is on its way, too."""
        ...

    def begin_sending(self, row_id: int, token: str, now: datetime, needed_until: datetime) -> bool:
        """Note that an attempt is about to be made; False if the lease was lost."""
        ...

    def finish(
        self,
        row_id: int,
        token: str,
        state: OutboxState,
        now: datetime,
        reason: str | None = None,
        receipt: str | None = None,
    ) -> bool:
        """Note how an attempt ended; False if the lease was lost."""
        ...

    def snooze(
        self,
        row_id: int,
        token: str,
        until: datetime,
        reason: str,
        state: OutboxState = OutboxState.SNOOZED,
    ) -> bool:
        """Put a row back, or aside; False if the lease was lost. A snooze burns no attempt."""
        ...

    def expired(self, now: datetime) -> list[OutboxRow]:
        """Rows, leased or sending, whose lease has run out."""
        ...

    def settle(
        self,
        row_id: int,
        state: OutboxState,
        now: datetime,
        reason: str | None = None,
        receipt: str | None = None,
    ) -> bool:
        """Decide what becomes of a row that waits for people."""
        ...

    def next_delivery_at(self) -> datetime | None:
        """The earliest next attempt; None when nothing waits."""
        ...

    def outbox_row(self, row_id: int) -> OutboxRow | None:
        """One row; None when there is none of that number."""
        ...

    def attempts(self, row_id: int) -> tuple[Attempt, ...]:
        """All attempts at a row's action, in order."""
        ...

    def intervene(self, intervention: Intervention) -> bool:
        """Let a person decide about a row; False if it is not as they saw it any more."""
        ...

    def interventions(self, row_id: int) -> tuple[Intervention, ...]:
        """What people decided about a row, in order."""
        ...

    def interventions_to_tell_of(self) -> list[Intervention]:
        """What people decided, and the log has not told yet, in order."""
        ...

    def tell_of_intervention(self, intervention_id: int) -> bool:
        """Note that the log tells of it; False if somebody else did."""
        ...

    # silences
    def add_silence(self, silence: Silence) -> Silence:
        """Keep a new silence; gives it with the id that it is known by from now on."""
        ...

    def silences(self, since: datetime | None) -> tuple[Silence, ...]:
        """The silences that end after `since` (None: all), in order."""
        ...

    def silence(self, silence_id: str) -> Silence | None:
        """One silence; None when there is none of that id."""
        ...

    def end_silence(self, silence_id: str, now: datetime) -> bool:
        """End a silence now; False, and nothing has changed, if it had ended."""
        ...

    def silences_to_tell_of(self) -> list[tuple[Silence, SilenceTold]]:
        """The silences of which the log has not told the end, with what it has told last."""
        ...

    def tell_of_silence(self, silence_id: str, before: SilenceTold, after: SilenceTold) -> bool:
        """Note what the log tells of a silence; False if somebody else told it first."""
        ...

    def look_again(self, now: datetime) -> None:
        """Let every subject that time alone could change be looked at by `now`."""
        ...

    def wake(self, reason: str, now: datetime) -> None:
        """Let rows of the outbox that were put off for a reason be tried again by `now`."""
        ...

    # bounces
    def bounces(self, addresses: Iterable[str]) -> dict[str, Bounce]:
        """What is known of these addresses, by hash; what was cleared since is told, too."""
        ...

    def add_bounces(self, bounces: Sequence[Bounce]) -> list[Bounce]:
        """Remember bounces; those that are news."""
        ...

    def clear_bounces(self, cleared: Mapping[str, datetime]) -> list[str]:
        """Believe from these instants on that mail arrives again; whose it is news."""
        ...

    # satisfaction
    def answer(self, ticket: str) -> Answer | None:
        """What the customer answered about a ticket; None while there is no answer."""
        ...

    def save_answer(self, answer: Answer) -> bool:
        """Keep an answer; False, and the first one stays, where the ticket has one."""
        ...

    # intake
    def known_posts(self, helpdesk: str, keys: Iterable[str]) -> dict[str, str]:
        """Key → digest of what was sent before.

        Nobody else keeps posts until the end of the transaction: their numbers are given in the
        order in which they can be seen.
        """
        ...

    def keep_posts(self, posts: Sequence[Post]) -> None:
        """Keep what was sent, in this order; none of the keys is known."""
        ...

    def posts(self, helpdesk: str, after: int, limit: int) -> list[Post]:
        """What was sent of a helpdesk beyond a number, in order of arrival."""
        ...

    def posts_of(self, ticket: str, after: int) -> list[Post]:
        """What was sent of a ticket beyond a number, in order of arrival."""
        ...

    def next_post_at(self, helpdesk: str, after: datetime) -> datetime | None:
        """The earliest instant later than `after` at which something happened that was sent."""
        ...

    def forget_posts(self, helpdesk: str, until: int, before: datetime) -> int:
        """Let go of posts up to a number that came before an instant; how many there were."""
        ...

    def admit(self, stamp: str, at: datetime) -> bool:
        """Let a signed request in; False if the same one was let in before."""
        ...

    def forget_stamps(self, before: datetime) -> None:
        """Let go of the stamps of requests that were let in before an instant."""
        ...

    def nudge(self, helpdesk: str, tickets: Iterable[str], at: datetime) -> None:
        """Have tickets of a helpdesk read at once."""
        ...

    def nudges(self, helpdesk: str, limit: int) -> list[Nudge]:
        """The tickets that are to be read at once, the longest waiting first."""
        ...

    def settle_nudges(self, nudges: Iterable[Nudge]) -> None:
        """These have been read; who was nudged again meanwhile stays."""
        ...

    # generations
    def active_generation(self) -> GenerationRecord | None:
        """The generation in force; None before the first."""
        ...

    def generation(self, generation_id: str) -> GenerationRecord | None:
        """A generation that is or was in force; None when it is not kept."""
        ...

    def generation_at(self, at: datetime) -> GenerationRecord | None:
        """The generation that was in force at an instant, None before the first."""
        ...

    def activate_generation(self, record: GenerationRecord) -> None:
        """Keep a generation and put it in force."""
        ...

    # telling
    def view(self, name: str, where: Mapping[str, object] | None = None) -> list[Json]:
        """The rows of one of the contract's views, filtered by equality."""
        ...

    def counts(self, now: datetime) -> Json:
        """How much there is of what people ask about first."""
        ...

    def live_escalations(self) -> list[str]:
        """The subjects of escalations that have not ended, each once, in order."""
        ...

    def live_episodes(self) -> dict[str, int]:
        """Rule → how many of its episodes have fired a level and are not ended."""
        ...

    def shadow_firings(self, since: datetime) -> list[ShadowFiring]:
        """What rules in shadow would have fired since then, in order."""
        ...

    def waiting_since(self) -> datetime | None:
        """When the oldest action that is on its way was decided (aware UTC); None without any."""
        ...

    def meta(self, key: str) -> str | None:
        """A small fact by name; None where nobody has set it."""
        ...

    def set_meta(self, key: str, value: str) -> None:
        """Keep a small fact by name."""
        ...


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
