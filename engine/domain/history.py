"""A ticket's life, and how it stood at any instant, as seen by one rule."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.autoresponder import answers_among
from engine.domain.fold import Fold, is_customer_message, opening_view, take, take_over
from engine.domain.ticket import Customer, Event, EventKind, Ticket, with_values
from engine.domain.view import CREATION, Mark, View

__all__ = ["CREATION", "Absorbed", "History", "Mark", "View"]

_ADDRESS = frozenset({"customer.id", "customer.email"})


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A ticket that was merged into another one.

    Attributes:
        at: From when on the survivor has its story (aware UTC).
        history: Its own story.
    """

    at: datetime
    history: History


@dataclass(frozen=True, slots=True)
class History:
    """How a ticket was opened, and everything that happened since, in order.

    Attributes:
        absorbed: The tickets that were merged into it, directly or by way of others, by time.
    """

    opening: Ticket
    events: tuple[Event, ...]
    absorbed: tuple[Absorbed, ...] = ()

    @property
    def ticket_id(self) -> str:
        """``HELPDESK:ID``."""
        return self.opening.id

    @property
    def writing_rules(self) -> frozenset[str]:
        """Ids of the rules that have changed a field of the ticket."""
        return frozenset(
            event.rule
            for event in self.events
            if event.kind is EventKind.CHANGED and event.rule is not None
        )

    def instants(self, until: datetime) -> list[datetime]:
        """When something happened, from the creation to `until`, each instant once."""
        seen = {self.opening.created_at: None}
        seen.update((event.at, None) for event in self.events if event.at <= until)
        seen.update((one.at, None) for one in self.absorbed if one.at <= until)
        return sorted(seen)

    def done_to_it(self) -> Iterable[Event]:
        """What happened to it, and to those merged into it until then."""
        if not self.absorbed:
            return self.events
        earlier = (e for one in self.absorbed for e in one.history.events if e.at <= one.at)
        return (*self.events, *earlier)

    def customer_at(self, at: datetime) -> str | None:
        """Id of the ticket's customer at `at` (aware UTC)."""
        for event in reversed(self.events):
            if event.field == "customer.id" and event.at <= at:
                return str(event.after) if event.after else None
        return self.opening.customer.id

    def addressee_at(self, at: datetime) -> Customer:
        """Whom a message on the ticket would go to at `at` (aware UTC): the id and the address."""
        found = self.opening.customer
        for event in self.events:
            if event.at > at or event.field not in _ADDRESS:
                continue
            value = str(event.after) if event.after else None
            is_id = event.field == "customer.id"
            found = replace(found, id=value) if is_id else replace(found, email=value)
        return found

    def as_of(self, at: datetime, without: frozenset[str] = frozenset()) -> View:
        """How the ticket stood at `at` (aware UTC), everything of that instant included.

        Args:
            at: The instant; events later than this are not looked at.
            without: Ids of a rule (its present and former ones) whose own writes are invisible.
        """
        happened = self.events[: bisect_right(self.events, at, key=_at)]
        fold = Fold(opening_view(self.opening), self.opening.status, self.opening.assignee)
        fold.answers = answers_among(happened)
        fold.wrote_at = [e.at for e in happened if is_customer_message(e, fold.answers)]
        start = 0
        for one in self.absorbed:
            if one.at > at:
                break
            end = bisect_left(happened, one.at, lo=start, key=_at)
            take(fold, happened[start:end], without)
            take_over(fold.view, one.history.as_of(one.at, without), one.at)
            start = end
        take(fold, happened[start:], without)
        fold.view.ticket = with_values(self.opening, fold.changes)
        return fold.view


def _at(event: Event) -> datetime:
    return event.at
