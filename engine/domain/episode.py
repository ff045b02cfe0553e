"""Episodes: a rule, a subject and the event that anchors its clock, with what has been done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engine.domain.reason import Reason
from engine.domain.rule import Kind


@dataclass(frozen=True, slots=True, order=True)
class EpisodeId:
    """Key of an episode: never the run, the date or the process.

    Attributes:
        subject: ``HELPDESK:ID``, ``customer:ID``, ``organization:ID`` or ``everyone``.
        anchor: Id of the anchoring event, or its UTC second where the source has no ids.
    """

    rule: str
    subject: str
    anchor: str

    @property
    def text(self) -> str:
        """The three parts as one text; what our own events name as their origin."""
        return f"{self.rule}|{self.subject}|{self.anchor}"


class Passing(StrEnum):
    """How a level was passed; `TAKEN_OVER`: it fired on a ticket that was merged into this one."""

    FIRED = "fired"
    TAKEN_OVER = "taken_over"
    SKIPPED = "skipped"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Firing:
    """One level (occurrence 1) or one repetition of its notice (from 2) that has been passed.

    Attributes:
        level: Position in the ladder at that time, from 1.
        identity: The level's identity: what survives edits of the ladder.
        passing: `FIRED` or `TAKEN_OVER`; or `SKIPPED` (backlog, too late); or `SHADOW` (recorded
            only).
        due_at: What the clock said (aware UTC).
        fired_at: When it was passed (aware UTC).
        generation: Id of the generation that decided.
    """

    level: int
    identity: str
    occurrence: int
    kind: Kind | None
    due_at: datetime
    fired_at: datetime
    reason: Reason
    passing: Passing
    generation: str

    @property
    def has_fired(self) -> bool:
        """Whether somebody was told, here or on a ticket that was merged into this one."""
        return self.passing in (Passing.FIRED, Passing.TAKEN_OVER)


class MessageKind(StrEnum):
    """What a customer can hear of an episode."""

    ON_ESCALATION = "on_escalation"
    UPDATE = "update"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """One message to a customer that has been written down: for delivery, or as skipped.

    Attributes:
        ticket: The ticket that it goes out on.
        due_at: When the promise fell due (aware UTC).
        deliver_at: When it may go out, or would have gone out (aware UTC).
        skipped: Why it never goes out; None when it may.
        withdrawn: Why the guard stopped it just before it went out; None when it did not. It counts
            for nothing then, and what it promised is decided anew.
    """

    episode: EpisodeId
    ticket: str
    customer: str | None
    message: MessageKind
    occurrence: int
    template: str
    due_at: datetime
    deliver_at: datetime
    skipped: Reason | None = None
    withdrawn: str | None = None

    @property
    def is_said(self) -> bool:
        """Whether it went out, or is on its way."""
        return self.skipped is None and self.withdrawn is None


@dataclass(frozen=True, slots=True)
class Episode:
    """What is remembered of an episode; everything else is derived from the events.

    Attributes:
        anchor_at: The anchor's time when last decided (aware UTC); a corrected time moves it.
        firings: In the order in which they were passed.
        messages: Messages to customers, in order.
        ended_at: When it ended, None while it may go on (aware UTC).
        exhausted_at: When its last notice had been said in vain (aware UTC); None before that.
        continues: The episodes of merged tickets whose ladders it goes on with; derived.
    """

    id: EpisodeId
    anchor_at: datetime
    firings: tuple[Firing, ...] = ()
    messages: tuple[CustomerMessage, ...] = ()
    ended_at: datetime | None = None
    exhausted_at: datetime | None = None
    continues: tuple[EpisodeId, ...] = field(default=(), compare=False)

    @property
    def escalated_at(self) -> datetime | None:
        """Firing of the first level with `kind`: from here on the episode is an escalation."""
        return min(
            (f.fired_at for f in self.firings if f.kind and f.has_fired),
            default=None,
        )

    @property
    def last_fired_at(self) -> datetime | None:
        """The last firing of a level, repetitions and skipped levels aside."""
        return max(
            (f.fired_at for f in self.firings if f.has_fired and f.occurrence == 1),
            default=None,
        )
