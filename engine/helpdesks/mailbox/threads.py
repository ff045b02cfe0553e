"""Which mails belong together: threads become tickets.

1. Mails are taken in the order in which the server took them; what one answers is taken before
   it, since clocks of mail programs are wrong. What belonged together stays so, whatever arrives
   later.
2. A mail joins the ticket of the nearest mail that it answers; else, of one that answers the same
   mail, which we never saw, for the same customer; else the one whose number its subject bears.
3. A customer's mail that joins none opens one. Its number follows from the mail's id, and so is the
   same wherever the mail lies and however the server numbers it. If an answered mail that is not
   there any more had opened a ticket, this is still that one.
4. What machines and the desk write opens nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from engine.helpdesks.mailbox.letter import Letter
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.helpdesks.nature import Nature

_DIGITS: Final = 12
"""Forty-eight bits: short enough for a subject, long enough not to be guessed."""


class Role(StrEnum):
    """Who wrote a mail, to us.

    Attributes:
        OURS: We did; it is a copy of an answer.
        NOTE: We did, for the desk's eyes.
    """

    CUSTOMER = "customer"
    DESK = "desk"
    ROBOT = "robot"
    OURS = "ours"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Copy:
    """Where a mail lies."""

    folder: str
    uid: int
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail with all its copies.

    Attributes:
        key: Its id, or, if another mail bears the same, what tells it from that one.
        copies: Where it lies; at least once.
    """

    key: str
    letter: Letter
    role: Role
    copies: tuple[Copy, ...]

    @property
    def at(self) -> datetime:
        """When the server took it (aware UTC)."""
        return self.letter.at


@dataclass(slots=True)
class Thread:
    """A ticket, as mails.

    Attributes:
        mails: In the order in which the server took them.
        opener: The customer's mail that opened it.
    """

    number: str
    opener: Mail
    mails: list[Mail] = field(default_factory=list)

    @property
    def opened_at(self) -> datetime:
        """When the customer first wrote (aware UTC)."""
        return min(mail.at for mail in self.of(Role.CUSTOMER))

    def of(self, role: Role) -> list[Mail]:
        """The mails that somebody wrote."""
        return [mail for mail in self.mails if mail.role is role]


@dataclass(frozen=True, slots=True)
class Threads:
    """All tickets of a mailbox.

    Attributes:
        by_number: The tickets.
        where: Number of the ticket that a mail would have opened → of the one that it is in.
    """

    by_number: dict[str, Thread]
    where: dict[str, str]


def number_of(key: str) -> str:
    """The number of the ticket that a mail opens."""
    return sha256(key.encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def threaded(mails: Iterable[Mail], known: Collection[str] = ()) -> Threads:
    """Put mails into threads.

    Args:
        mails: In any order.
        known: Numbers of tickets that were told before.
    """
    weaver = _Weaver(known)
    for mail in _answered_first(sorted(mails, key=lambda one: (one.at, one.key))):
        weaver.take(mail)
    for thread in weaver.threads.values():
        thread.mails.sort(key=lambda one: one.at)
    return Threads(weaver.threads, weaver.where)


def _answered_first(mails: Sequence[Mail]) -> Iterator[Mail]:
    """Mails in order, but for those that are answered: they come before what answers them."""
    by_id = {mail.letter.id: mail for mail in reversed(mails)}
    begun: set[str] = set()
    for mail in mails:
        waiting = [mail] if mail.key not in begun else []
        while waiting:
            begun.add(waiting[-1].key)
            answered = (by_id.get(one) for one in waiting[-1].letter.references)
            first = next((one for one in answered if one and one.key not in begun), None)
            if first is None:
                yield waiting.pop()
            else:
                waiting.append(first)


def role_of(letter: Letter, options: MailboxOptions, *, is_sent: bool) -> Role:
    """Who wrote a mail.

    Only what lies among the sent mails is an answer of ours: anybody may write our mark into a mail
    and send it to us.
    """
    if letter.mark is not None and is_sent:
        return Role.OURS
    if letter.mark is not None and letter.sender in options.addresses:
        return Role.NOTE
    if letter.nature is not Nature.PERSONAL:
        return Role.ROBOT
    return Role.DESK if is_sent or options.is_of_the_desk(letter.sender) else Role.CUSTOMER


@dataclass(slots=True)
class _Weaver:
    """Puts mails into threads, one after the other.

    Attributes:
        home: Id of a mail → number of its ticket.
        awaited: Id of a mail that was never seen → by customer: number of the ticket in which it is
            answered.
    """

    known: Collection[str]
    threads: dict[str, Thread] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    home: dict[str, str] = field(default_factory=dict)
    awaited: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def take(self, mail: Mail) -> None:
        number = self._home_of(mail)
        if number is None and mail.role is Role.CUSTOMER:
            number = self._open(mail)
        if number is None:
            return
        self.threads[number].mails.append(mail)
        self.where[number_of(mail.key)] = number
        self.home.setdefault(mail.letter.id, number)
        for one in mail.letter.references:
            if one not in self.home:
                self.awaited[one].setdefault(mail.letter.sender, number)

    def _home_of(self, mail: Mail) -> str | None:
        letter = mail.letter
        for one in letter.references:
            if one in self.home:
                return self.home[one]
        for one in (letter.id, *letter.references):
            number = self._awaiting(one, mail)
            if number is not None:
                return number
        return letter.tag if letter.tag in self.threads else None

    def _awaiting(self, one: str, mail: Mail) -> str | None:
        """Whose answers to a mail that was never seen this belongs to.

        A mail of the desk may have gone to many, and each answer opened a ticket.
        """
        by_customer = self.awaited.get(one, {})
        if mail.role is Role.CUSTOMER:
            return by_customer.get(mail.letter.sender)
        numbers = {number for who, number in by_customer.items() if self._concerns(who, mail)}
        return numbers.pop() if len(numbers) == 1 else None

    @staticmethod
    def _concerns(customer: str, mail: Mail) -> bool:
        return mail.role is Role.ROBOT or customer in mail.letter.receivers

    def _open(self, mail: Mail) -> str:
        earlier = (number_of(one) for one in reversed(mail.letter.references))
        free = (one for one in earlier if one in self.known and one not in self.threads)
        number = next(free, number_of(mail.key))
        self.threads[number] = Thread(number, mail)
        return number
