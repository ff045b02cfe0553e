"""Contacts: a customer turning to us, and how many of them make a rule hold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.domain.condition import ContactsTest
from engine.domain.ticket import Ticket, value_of


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact, on one ticket.

    Attributes:
        ticket: The ticket as it stands now (for `same`).
        key: What identifies an episode anchored here (see `Event.anchor_key`).
        at: When the customer turned to us (aware UTC).
        channel: How, if known.
        origin: Id of the ticket on which it came in: `ticket` has taken it over if that is another
            one. None where it is the same.
    """

    ticket: Ticket
    key: str
    at: datetime
    channel: str | None
    origin: str | None = None

    @property
    def anchor_key(self) -> str:
        """What identifies a group's episode anchored here, whatever becomes of the ticket."""
        return f"{self.origin or self.ticket.id}#{self.key}"


class ContactLog:
    """Contacts in order of time, counted by what their tickets have in common.

    A group's rule asks the same of each of its members; what was counted once is remembered.
    """

    def __init__(self, contacts: Iterable[Contact] = ()) -> None:
        """Take the contacts, in order of time."""
        self.contacts = tuple(contacts)
        self._like: dict[tuple[object, ...], dict[tuple[str | None, ...], list[Contact]]] = {}

    def like(self, test: ContactsTest, ticket: Ticket) -> list[Contact]:
        """The contacts that a test counts for a ticket, of all times, in order."""
        kinds = self._like.get((test.same, test.channel))
        if kinds is None:
            kinds = self._like[test.same, test.channel] = self._sorted_out(test)
        return kinds.get(_shared(test, ticket), [])

    def _sorted_out(self, test: ContactsTest) -> dict[tuple[str | None, ...], list[Contact]]:
        kinds: dict[tuple[str | None, ...], list[Contact]] = {}
        for contact in self.contacts:
            if test.channel is None or _folded(contact.channel) == test.channel:
                kinds.setdefault(_shared(test, contact.ticket), []).append(contact)
        return kinds


def _shared(test: ContactsTest, ticket: Ticket) -> tuple[str | None, ...]:
    return tuple(_folded(value_of(ticket, name)) for name in test.same)


def _folded(value: object) -> str | None:
    return None if value is None else str(value).casefold()


def _at(contact: Contact) -> datetime:
    return contact.at


def within(test: ContactsTest, counted: list[Contact], at: datetime) -> list[Contact]:
    """Those of the counted contacts that lie in the window that ends at `at` (aware UTC)."""
    first = bisect_right(counted, at - test.within, key=_at)
    return counted[first : bisect_right(counted, at, key=_at)]


def completing_contact(test: ContactsTest, counted: list[Contact], at: datetime) -> Contact | None:
    """The contact that completed the count, and since which the count has not fallen below.

    1. None when the window that ends at `at` does not hold enough.
    2. Otherwise walk back from the last contact: it, too, stands in a window that holds enough.
       A contact before whose instant the count stood high enough did not complete it.
    3. The first one at which it had fallen below did.
    """
    last = bisect_right(counted, at, key=_at)
    needed = test.at_least
    if last < needed or at - counted[last - needed].at >= test.within:
        return None
    index = last - 1
    while index >= needed and counted[index].at - counted[index - needed].at <= test.within:
        index -= 1
    return _completing_in(test, counted, index)


def _completing_in(test: ContactsTest, counted: list[Contact], index: int) -> Contact | None:
    """From `index` on, the first contact whose own window holds enough."""
    needed = test.at_least
    for candidate in range(max(index, needed - 1), len(counted)):
        if counted[candidate].at - counted[candidate - needed + 1].at < test.within:
            return counted[candidate]
    return None
