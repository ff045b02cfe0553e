"""Fakes and factories, for our tests and for those of connector authors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from engine.domain.actions import Action
from engine.domain.history import History
from engine.domain.ticket import Event, Ticket, with_value
from engine.ports import Message
from engine.simulation.channel import MemoryChannel
from engine.simulation.helpdesk import ScriptedHelpdesk

__all__ = [
    "MONDAY",
    "FakeClock",
    "MemoryChannel",
    "PlainComposer",
    "ScriptedHelpdesk",
    "history",
    "instant",
    "moved",
    "ticket",
]

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""A Monday morning for tests to begin with."""


def instant(text: str) -> datetime:
    """An instant from ISO text; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(slots=True)
class FakeClock:
    """A clock that stands where it is put.

    Attributes:
        at: The present instant (aware UTC).
    """

    at: datetime = MONDAY

    def now(self) -> datetime:
        """The present instant."""
        return self.at

    def advance(self, by: timedelta) -> datetime:
        """Move forward; gives the new instant."""
        self.at += by
        return self.at


class PlainComposer:
    """Words without templates: enough to see who was told what."""

    def note(self, action: Action, ticket: Ticket) -> str:
        """Which rule acted."""
        return f"{action.episode.rule} on {ticket.id}: {action.details.get('reason')}"

    def staff(self, told: Sequence[tuple[Action, Ticket]], as_of: datetime | None) -> Message:
        """Which tickets are concerned."""
        del as_of
        action, ticket = told[0]
        text = ", ".join(about.id for _, about in told)
        facts = {"kind": action.kind.value, "rule": action.episode.rule, "level": action.level}
        return Message(
            action.key, action.to or "", action.episode.rule, text, None, ticket.id, facts
        )

    def customer(self, action: Action, ticket: Ticket, to: str) -> Message:
        """Which message it is."""
        facts = {"message": action.details.get("message"), "occurrence": action.occurrence}
        return Message(action.key, to, action.template or "", ticket.id, None, ticket.id, facts)


def ticket(name: str = "T1", created_at: datetime = MONDAY, **values: object) -> Ticket:
    """A ticket of helpdesk `desk`; ``customer__id="ann"`` stands for ``customer.id``."""
    made = Ticket(id=f"desk:{name}", created_at=created_at, subject=f"Ticket {name}")
    for key, value in values.items():
        made = with_value(made, key.replace("__", "."), value)
    return made


def history(opening: Ticket, *events: Event) -> History:
    """A ticket's story, in order of time."""
    return History(opening, tuple(sorted(events, key=lambda event: event.at)))


def moved(event: Event, by: timedelta) -> Event:
    """The same event at a corrected time."""
    return replace(event, at=event.at + by)
