"""A ticket's life, and how it stood at any instant, as seen by one rule."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from engine.domain.autoresponder import Answers, answers_among
from engine.domain.fold import Fold, is_customer_message, opening_view, take, take_over
from engine.domain.ticket import Actor, Customer, Event, EventKind, Ticket, with_values
from engine.domain.view import CREATION, Mark, View

__all__ = ["CREATION", "Absorbed", "History", "Mark", "View", "Walk"]

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


@dataclass(frozen=True)
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

    @cached_property
    def writing_rules(self) -> frozenset[str]:
        """Ids of the rules that have changed a field of the ticket."""
        return frozenset(
            event.rule
            for event in self.events
            if event.kind is EventKind.CHANGED and event.rule is not None
        )

    @cached_property
    def answers(self) -> Answers:
        """What answered our messages on it at once."""
        return answers_among(self.events)

    @cached_property
    def customer_wrote_at(self) -> list[datetime]:
        """When its customer wrote, and no machine of theirs, in order (aware UTC)."""
        return [event.at for event in self.events if is_customer_message(event, self.answers)]

    def instants(self, until: datetime, *, with_ours: bool = True) -> list[datetime]:
        """When something happened, from the creation to `until`, each instant once.

        Args:
            until: The last instant (aware UTC).
            with_ours: Count what we wrote to the customer as something.
        """
        events = self.events[: bisect_right(self.events, until, key=_at)]
        seen = {self.opening.created_at}
        seen.update(event.at for event in events if with_ours or not _is_our_message(event))
        seen.update(one.at for one in self.absorbed if one.at <= until)
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
        return Walk(self, without).to(at)


class Walk:
    """A ticket's story, gone through from its creation on, without beginning anew at each instant.

    There is one view, and it changes with each step: look at it before the next.
    """

    def __init__(self, history: History, without: frozenset[str] = frozenset()) -> None:
        """Stand before everything.

        Args:
            history: The story.
            without: Ids of a rule (its present and former ones) whose own writes are invisible.
        """
        opening = history.opening
        self._history = history
        self._without = without
        self._absorbed = deque(history.absorbed)
        self._next = 0
        self._fold = Fold(opening_view(opening), opening.status, opening.assignee)
        # Both are asked about what came before an instant: later messages are as good as not there.
        self._fold.answers = history.answers
        self._fold.wrote_at = history.customer_wrote_at

    def to(self, at: datetime) -> View:
        """Go on to `at`, never back: how the ticket stood, everything of that instant included."""
        while self._absorbed and self._absorbed[0].at <= at:
            one = self._absorbed.popleft()
            self._take(bisect_left(self._history.events, one.at, lo=self._next, key=_at))
            take_over(self._fold.view, one.history.as_of(one.at, self._without), one.at)
        self._take(bisect_right(self._history.events, at, lo=self._next, key=_at))
        return self._fold.view

    def _take(self, end: int) -> None:
        events = self._history.events[self._next : end]
        if not events:
            return
        take(self._fold, events, self._without)
        if any(event.kind is EventKind.CHANGED for event in events):
            self._fold.view.ticket = with_values(self._history.opening, self._fold.changes)
        self._next = end


def _at(event: Event) -> datetime:
    return event.at


def _is_our_message(event: Event) -> bool:
    return event.kind is EventKind.MESSAGE and event.actor is Actor.OURSELVES
