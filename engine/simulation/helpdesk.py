"""A helpdesk whose story is written by a script: what the world outside does to tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from engine.domain.actions import FieldChange
from engine.domain.capability import EVERYTHING, Capabilities
from engine.domain.ticket import (
    Actor,
    Event,
    EventKind,
    Ticket,
    Value,
    utc_second,
    value_of,
    with_value,
)
from engine.errors import HelpdeskError
from engine.ports import (
    LOCAL_CALL,
    Batch,
    Introduction,
    Json,
    Message,
    Observation,
    Presence,
    Reading,
    Sent,
    SentState,
)

OURS: Final = Introduction(account="escalatord", server="a script")


@dataclass(slots=True)
class ScriptedHelpdesk:
    """A helpdesk whose whole story is written down beforehand; it keeps a history.

    Attributes:
        openings: The tickets as they were created.
        events: Ticket id → what happens to it, each with its time.
        done: What was written to it, in order: (kind, ticket id, payload, key).
        outcomes: Outcomes to give for the next writes, first come first served; then delivered.
        keeps_no_keys: It cannot prove that something arrived.
        introduction: Who we are there.
        troubles: Errors to raise when it is next asked who we are, first come first served.
        shown: How many open tickets it says it shows; None for as many as there are to see.
    """

    name: str = "desk"
    can: Capabilities = EVERYTHING
    openings: dict[str, Ticket] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)
    done: list[tuple[str, str, object, str]] = field(default_factory=list)
    outcomes: list[Sent] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    is_unreadable: bool = False
    keeps_no_keys: bool = False
    introduction: Introduction = OURS
    troubles: list[HelpdeskError] = field(default_factory=list)
    shown: int | None = None
    longest_call: timedelta = LOCAL_CALL

    # --- writing the story ---

    def open(self, ticket: Ticket) -> str:
        """A ticket is created, at its `created_at`; gives its id."""
        self.openings[ticket.id] = ticket
        self.events.setdefault(ticket.id, [])
        return ticket.id

    def change(
        self,
        ticket_id: str,
        changes: Sequence[FieldChange],
        key: str,
        at: datetime,
    ) -> Sent:
        """The port's write: set fields."""
        return self._write("change", ticket_id, tuple(changes), key, at)

    def set(
        self,
        ticket_id: str,
        at: datetime,
        actor: Actor = Actor.PERSON,
        **values: Value,
    ) -> None:
        """Somebody sets fields; ``customer__tier`` stands for ``customer.tier``."""
        for name, after in values.items():
            dotted = name.replace("__", ".")
            before = value_of(self.present(ticket_id, at), dotted)
            self._add(
                ticket_id,
                Event(
                    id=self._id(ticket_id, at, dotted),
                    at=at,
                    kind=EventKind.CHANGED,
                    actor=actor,
                    field=dotted,
                    before=before if isinstance(before, (str, tuple, datetime)) else None,
                    after=after,
                ),
            )

    def say(
        self,
        ticket_id: str,
        at: datetime,
        actor: Actor = Actor.CUSTOMER,
        text: str = "",
        *,
        is_public: bool = True,
        channel: str | None = None,
    ) -> None:
        """Somebody writes a message."""
        self._add(
            ticket_id,
            Event(
                id=self._id(ticket_id, at, "message"),
                at=at,
                kind=EventKind.MESSAGE,
                actor=actor,
                is_public=is_public,
                text=text,
                channel=channel,
            ),
        )

    def _id(self, ticket_id: str, at: datetime, what: str) -> str:
        number = sum(1 for event in self.events[ticket_id] if event.at == at)
        return f"{utc_second(at)}/{what}/{number}"

    def _add(self, ticket_id: str, event: Event) -> None:
        self.events[ticket_id].append(event)
        self.events[ticket_id].sort(key=lambda one: one.at)

    def present(self, ticket_id: str, at: datetime) -> Ticket:
        """How the helpdesk holds a ticket at an instant: what others did to it, not what we did."""
        ticket = self.openings[ticket_id]
        for event in self.events[ticket_id]:
            if event.kind is EventKind.CHANGED and event.at <= at and event.field:
                ticket = with_value(ticket, event.field, event.after)
        return ticket

    # --- the port ---

    def introduce(self) -> Introduction:
        """As the script says."""
        if self.troubles:
            raise self.troubles.pop(0)
        return self.introduction

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """Every ticket of which something happened since the last reading."""
        since = datetime.fromisoformat(str(watermark["until"])) if watermark else None
        observed = [
            self._observe(name, until)
            for name, opening in sorted(self.openings.items())
            if opening.created_at <= until and self._has_news(name, since, until)
        ]
        return Batch(tuple(observed), {"until": utc_second(until)}, open_tickets=self.shown)

    def _has_news(self, name: str, since: datetime | None, until: datetime) -> bool:
        instants = [self.openings[name].created_at, *(event.at for event in self.events[name])]
        return any((since is None or at > since) and at <= until for at in instants)

    def _observe(self, name: str, until: datetime) -> Observation:
        events = tuple(event for event in self.events[name] if event.at <= until)
        opening = self.openings[name]
        at = events[-1].at if events else opening.created_at
        return Observation(
            self.present(name, until),
            at,
            opening=opening,
            events=events,
            by_our_account=frozenset(),  # the story is what others do
        )

    def next_change_at(self, after: datetime) -> datetime | None:
        """The next instant of the story."""
        openings = (ticket.created_at for ticket in self.openings.values())
        events = (event.at for story in self.events.values() for event in story)
        return min((at for at in (*openings, *events) if at > after), default=None)

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """The ticket as the story has it."""
        if ticket_id in self.gone:
            return Reading(Presence.GONE)
        if self.is_unreadable or ticket_id not in self.openings:
            return Reading(Presence.UNREADABLE)
        return Reading(Presence.PRESENT, self._observe(ticket_id, until))

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """The port's write: an internal note."""
        return self._write("note", ticket_id, text, key, at)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """The port's write: a public reply."""
        return self._write("reply", ticket_id, message, message.key, at)

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Whether a note was written; as `has_reply`."""
        return self.has_reply(ticket_id, key)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Whether a reply was written; None where it `keeps_no_keys`."""
        if self.keeps_no_keys:
            return None
        return any((name, of) == (ticket_id, key) for _, name, _, of in self.done)

    def close(self) -> None:
        """Nothing to let go of."""

    def _write(self, kind: str, ticket_id: str, payload: object, key: str, at: datetime) -> Sent:
        del at
        sent = self.outcomes.pop(0) if self.outcomes else Sent(SentState.DELIVERED, receipt=key)
        if sent.state in (SentState.DELIVERED, SentState.UNKNOWN):
            self.done.append((kind, ticket_id, payload, key))
        return sent
