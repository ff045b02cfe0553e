"""How a ticket stood at an instant, as seen by one rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.domain.contact import Contact
from engine.domain.ticket import Status, Ticket

CREATION = "created"
"""Key of what is anchored at a creation: a corrected time moves it and mints nothing new."""
REOPENING_COUNTS_AFTER = timedelta(hours=1)
"""A return after so long counts as a reopening even if the customer did not write."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An event that a clock can be anchored to: its key and its instant (aware UTC)."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wrote:
    """A message of the customer."""

    at: datetime
    text: str
    channel: str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A contact on the ticket: the customer turned to us.

    Attributes:
        ticket: Id of the ticket on which it came in.
    """

    ticket: str
    key: str
    at: datetime
    channel: str | None


@dataclass(slots=True)
class View:
    """How a ticket stood at an instant, with what its past says of its clocks.

    Built by `History.as_of`, and not changed afterwards.

    Attributes:
        ticket: Its fields at that instant.
        spans: (since, status), in order: the statuses that it went through.
        created: The creation.
        opened: The creation, or the last reopening that counts.
        status_changed: The last change of status by somebody else than us.
        assigned: Since when the present assignee has it; None when nobody has, or by our own hand.
        waiting: The first turn of the customer that no person has publicly answered.
        resolved_at: Since when it is resolved; None while it is not.
        answers_itself_at: When the customer's address last answered us at once, as no person does;
            None where it never did, or a person has written publicly since.
        turns: The contacts on it, in order.
        uncounted_gaps: Spells of resolution that were taken back and do not count.
    """

    ticket: Ticket
    created: Mark
    opened: Mark
    status_changed: Mark
    waiting: Mark | None
    assigned: Mark | None
    unassigned_at: datetime | None
    spans: list[tuple[datetime, Status]]
    resolved_at: datetime | None = None
    last_customer_message_at: datetime | None = None
    last_agent_reply_at: datetime | None = None
    last_public_update_at: datetime | None = None
    answers_itself_at: datetime | None = None
    unanswered_messages: int = 1
    reopens: int = 0
    reassignments: int = 0
    messages: list[Wrote] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    uncounted_gaps: list[tuple[datetime, datetime]] = field(default_factory=list)

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """The contacts on the ticket, each with the ticket as it stands."""
        return tuple(
            Contact(self.ticket, turn.key, turn.at, turn.channel, turn.ticket)
            for turn in self.turns
        )

    @property
    def is_open(self) -> bool:
        """Whether rules see the ticket at all."""
        ticket = self.ticket
        return not (ticket.status.is_resolved or ticket.is_gone or ticket.merged_into)

    def was_over(self, at: datetime) -> bool:
        """Whether the ticket had been resolved for so long that a return would open it anew."""
        return self.resolved_at is not None and at - self.resolved_at >= REOPENING_COUNTS_AFTER

    def pauses(self, statuses: frozenset[Status]) -> tuple[tuple[datetime, datetime | None], ...]:
        """The spells in one of `statuses`, half-open; the last ends with None while it lasts."""
        found: list[tuple[datetime, datetime | None]] = []
        for index, (since, status) in enumerate(self.spans):
            if status not in statuses:
                continue
            until = self.spans[index + 1][0] if index + 1 < len(self.spans) else None
            if found and found[-1][1] == since:
                found[-1] = (found[-1][0], until)
            elif until != since:
                found.append((since, until))
        return tuple(found)
