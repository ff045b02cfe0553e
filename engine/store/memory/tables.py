"""What the memory twin holds: dictionaries of immutable values."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Self

from engine.domain.actions import Action
from engine.domain.bounce import Bounce
from engine.domain.contact import Contact
from engine.domain.episode import Episode, EpisodeId
from engine.domain.silence import Silence
from engine.domain.ticket import Event, Ticket
from engine.ports import (
    Answer,
    Attempt,
    DecisionRecord,
    GenerationRecord,
    Intervention,
    Json,
    Nudge,
    OutboxRow,
    Post,
    SilenceTold,
    TicketRecord,
)


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event with its place among those of its instant."""

    event: Event
    seq: int

    @property
    def place(self) -> tuple[datetime, int, str]:
        """What events are ordered by."""
        return self.event.at, self.seq, self.event.id


@dataclass(frozen=True, slots=True)
class KeptTicket:
    """What is kept of a ticket; its events stand apart, as those of groups do."""

    record: TicketRecord
    present: Ticket


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row of the outbox with what only the queue itself reads.

    Attributes:
        lane: What goes out in order.
        lease_until: When its lease runs out (aware UTC); None while it has none.
        finished_at: When it came to its end (aware UTC).
        receipt: The other side's id of the message that it arrived with.
    """

    row: OutboxRow
    lane: str
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    receipt: str | None = None

    @property
    def action(self) -> Action:
        """What is to be done."""
        return self.row.action


@dataclass(slots=True)
class Tables:
    """Everything, by key."""

    watermarks: dict[str, Json] = field(default_factory=dict)
    tickets: dict[str, KeptTicket] = field(default_factory=dict)
    events: dict[str, dict[str, KeptEvent]] = field(default_factory=dict)
    contacts: dict[str, tuple[Contact, ...]] = field(default_factory=dict)
    subjects: dict[str, datetime | None] = field(default_factory=dict)
    episodes: dict[str, dict[EpisodeId, Episode]] = field(default_factory=dict)
    decisions: dict[int, DecisionRecord] = field(default_factory=dict)
    last_decisions: dict[str, dict[str, DecisionRecord]] = field(default_factory=dict)
    budgets: dict[tuple[str, datetime], int] = field(default_factory=dict)
    outbox: dict[int, KeptRow] = field(default_factory=dict)
    on_their_way: dict[int, None] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    attempts: dict[int, tuple[Attempt, ...]] = field(default_factory=dict)
    interventions: dict[int, Intervention] = field(default_factory=dict)
    untold: dict[int, None] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    told_of: dict[str, SilenceTold] = field(default_factory=dict)
    bounces: dict[str, Bounce] = field(default_factory=dict)
    withdrawn: dict[tuple[object, ...], str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    posts: dict[int, Post] = field(default_factory=dict)
    last_numbers: dict[str, int] = field(default_factory=dict)
    post_numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    stamps: dict[str, datetime] = field(default_factory=dict)
    nudges: dict[str, dict[str, Nudge]] = field(default_factory=dict)
    generations: dict[str, GenerationRecord] = field(default_factory=dict)
    activations: dict[int, tuple[datetime, str]] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)

    def copy(self) -> Self:
        """The same, to go back to; what is in the dictionaries is never changed in place."""
        return type(self)(**{one.name: dict(getattr(self, one.name)) for one in fields(self)})


class MemoryPart:
    """One concern of a transaction, on the twin's tables."""

    def __init__(self, tables: Tables) -> None:
        """Work on tables of which somebody else keeps a copy to go back to."""
        self._tables = tables
