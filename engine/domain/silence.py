"""Silences: spells in which levels wait, and in which customers hear nothing.

A silence is in force on `[begins_at, ends_at)`. It concerns a rule and a ticket where everything
that it names holds: one of its rules, one of its tickets, one of its customers, one of its groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.domain.calendar import Calendar
from engine.domain.matching import earliest
from engine.domain.ticket import Ticket

LONG = timedelta(hours=24)
"""Who silences for longer may have forgotten it when it ends: such a silence is told of before."""
_MOST_NOTICE = timedelta(hours=24)
_NO_CHANGE_FOR = timedelta(days=3650)
"""How far a calendar looks ahead for its next opening or closing."""


@dataclass(frozen=True, slots=True)
class Matchers:
    """What a silence is about: all that is given must hold, of each kind any one.

    Attributes:
        rules: Ids.
        tickets: ``HELPDESK:ID``.
        customers: Ids of customers.
        groups: Names of the groups that tickets are assigned to, compared without case.
    """

    rules: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def are_given(self) -> bool:
        """Whether anything is named; otherwise all rules on all tickets are meant."""
        return bool(self.rules or self.tickets or self.customers or self.groups)

    def meet(self, rule_ids: frozenset[str], ticket: Ticket) -> bool:
        """Whether they concern a rule, by any id that it has or had, on a ticket."""
        return (
            (not self.rules or not rule_ids.isdisjoint(self.rules))
            and (not self.tickets or ticket.id in self.tickets)
            and (not self.customers or ticket.customer.id in self.customers)
            and (not self.groups or _folded(ticket.group) in map(_folded, self.groups))
        )


def _folded(name: str | None) -> str | None:
    return None if name is None else name.casefold()


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence that somebody asked for.

    Attributes:
        id: What the store calls it.
        begins_at: From when it holds (aware UTC).
        until: Until when it was asked for (aware UTC).
        added_at: When it was asked for (aware UTC).
        ended_at: When somebody ended it before its time (aware UTC).
    """

    id: str
    matchers: Matchers
    begins_at: datetime
    until: datetime
    author: str
    reason: str
    added_at: datetime
    ended_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """Until when it holds (aware UTC), exclusive."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    @property
    def remind_at(self) -> datetime | None:
        """When a long one is told to end soon: a tenth of its length before, at most a day."""
        length = self.until - self.begins_at
        if length <= LONG:
            return None
        return self.until - min(length / 10, _MOST_NOTICE)

    def holds_until(self, at: datetime) -> datetime | None:
        """Until when it holds that is in force at `at`; None when it is not (aware UTC)."""
        return self.ends_at if self.begins_at <= at < self.ends_at else None

    def edge_after(self, at: datetime) -> datetime | None:
        """When it next begins or ends after `at` (aware UTC)."""
        return earliest(edge for edge in (self.begins_at, self.ends_at) if edge > at)

    def ends_within(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """When it ended in `(since, until]` (aware UTC)."""
        if since < self.ends_at <= until:
            yield self.ends_at


@dataclass(frozen=True, slots=True)
class SilentHours:
    """A recurring silence of the rule files: in force while a calendar is open.

    Attributes:
        id: Its name.
        calendar: Whose open hours are the silent ones.
    """

    id: str
    matchers: Matchers
    calendar: Calendar
    author: str
    reason: str

    def holds_until(self, at: datetime) -> datetime | None:
        """Until when they last that hold at `at`; None when they do not (aware UTC)."""
        if not self.calendar.is_open(at):
            return None
        return self.calendar.next_edge(at) or at + _NO_CHANGE_FOR

    def edge_after(self, at: datetime) -> datetime | None:
        """When they next begin or end after `at` (aware UTC)."""
        return self.calendar.next_edge(at)

    def ends_within(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """When they ended in `(since, until]`, in order (aware UTC)."""
        edge = self.calendar.next_edge(since)
        while edge is not None and edge <= until:
            if not self.calendar.is_open(edge):
                yield edge
            edge = self.calendar.next_edge(edge)


AnySilence = Silence | SilentHours


@dataclass(frozen=True, slots=True)
class Quiet:
    """That a silence is in force, and until when (aware UTC)."""

    silence: AnySilence
    until: datetime


@dataclass(frozen=True, slots=True)
class Silences:
    """All silences that may matter, asked for or recurring."""

    all: tuple[AnySilence, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any: without them nothing needs to be asked."""
        return bool(self.all)

    def over(self, rule_ids: frozenset[str], ticket: Ticket, at: datetime) -> Quiet | None:
        """The silence over a rule on a ticket at `at`; of several, the one that ends last."""
        found = [
            Quiet(one, until)
            for one in self.all
            if (until := one.holds_until(at)) is not None and one.matchers.meet(rule_ids, ticket)
        ]
        return max(found, key=lambda quiet: quiet.until, default=None)

    def edge_after(
        self, rule_ids: frozenset[str], tickets: Iterable[Ticket], at: datetime
    ) -> datetime | None:
        """When a silence over the rule on any of the tickets next begins or ends (aware UTC)."""
        meant = list(tickets)
        return earliest(
            one.edge_after(at)
            for one in self.all
            if any(one.matchers.meet(rule_ids, ticket) for ticket in meant)
        )

    def ends_within(self, since: datetime, until: datetime) -> list[datetime]:
        """When any of them ended in `(since, until]`, the latest first (aware UTC)."""
        return sorted({end for one in self.all for end in one.ends_within(since, until)})[::-1]

    def known_at(self, at: datetime) -> Silences:
        """What of this was known at `at`: later additions and endings are left out."""
        return Silences(
            tuple(
                replace(one, ended_at=None)
                if isinstance(one, Silence) and one.ended_at is not None and one.ended_at > at
                else one
                for one in self.all
                if isinstance(one, SilentHours) or one.added_at <= at
            )
        )


NO_SILENCES = Silences()
