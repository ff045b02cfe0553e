"""Machines that answer what we write, whether they say that they are machines or not.

Nobody reads a message and answers it within seconds. So what comes that soon after a public message
of ours is a machine's, though it may look like a customer's.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.domain.ticket import Actor, Event, EventKind

AT_ONCE = timedelta(seconds=30)
"""At most so long after a message of ours an answer is no person's."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What answered our messages on a ticket at once.

    Attributes:
        spoke_at: When we wrote publicly on it, in order (aware UTC).
        spells: From each message that looks like a customer's and is none, to the end of its 30 s:
            what happens to the ticket meanwhile is the answer's doing.
    """

    spoke_at: Sequence[datetime] = ()
    spells: Sequence[tuple[datetime, datetime]] = ()

    def is_machines(self, event: Event) -> bool:
        """Whether a customer's message, or a change, is the doing of such an answer."""
        if event.kind is EventKind.MESSAGE:
            return event.actor is Actor.CUSTOMER and self.asked_at(event.at) is not None
        return any(begin <= event.at <= end for begin, end in self.spells)

    def is_at_once(self, event: Event) -> bool:
        """Whether a message shows that the address answers by itself, marked or not.

        What is marked must be later than ours: at the very same second it may have come before.
        """
        asked_at = self.asked_at(event.at)
        if asked_at is None:
            return False
        return event.actor is Actor.CUSTOMER or event.at > asked_at

    def asked_at(self, at: datetime) -> datetime | None:
        """The message of ours that something at `at` would answer at once; None where none is."""
        index = bisect_right(self.spoke_at, at)
        if index == 0 or at - self.spoke_at[index - 1] > AT_ONCE:
            return None
        return self.spoke_at[index - 1]


def answers_among(events: Iterable[Event]) -> Answers:
    """What answered us at once, among what happened to a ticket, in order of time."""
    messages = [event for event in events if event.kind is EventKind.MESSAGE]
    ours = (event for event in messages if event.actor is Actor.OURSELVES and event.is_public)
    spoke_at = tuple(event.at for event in ours)
    if not spoke_at:
        return NO_ANSWERS
    silent = Answers(spoke_at)
    spells = tuple(
        (event.at, asked_at + AT_ONCE)
        for event in messages
        if event.actor is Actor.CUSTOMER
        if (asked_at := silent.asked_at(event.at)) is not None
    )
    return Answers(spoke_at, spells)


def opened_at_once(
    opened: Iterable[tuple[str, datetime]], spoke: Iterable[tuple[str, datetime]]
) -> list[tuple[str, datetime]]:
    """The tickets that are themselves answers to what we wrote on another one, in order of time.

    A second is as fine as sources tell: what was opened in the very second of our message was not
    opened because of it.

    Args:
        opened: Tickets of one customer, each with its creation (aware UTC).
        spoke: Tickets on which this customer heard from us, with the instant of each message.
    """
    said = sorted((at, ticket) for ticket, at in spoke)
    found = ((at, ticket) for ticket, at in opened if _is_answer(ticket, at, said))
    return [(ticket, at) for at, ticket in sorted(found)]


def _is_answer(ticket: str, at: datetime, said: Sequence[tuple[datetime, str]]) -> bool:
    first = bisect_left(said, (at - AT_ONCE, ""))
    return any(one != ticket for spoke_at, one in said[first:] if spoke_at < at)


NO_ANSWERS = Answers()
