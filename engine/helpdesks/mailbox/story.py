"""From a thread to a ticket, and to what was said on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.domain.ticket import (
    Actor,
    Customer,
    Event,
    EventKind,
    Priority,
    Status,
    Ticket,
)
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.helpdesks.mailbox.threads import Copy, Mail, Role, Thread
from engine.helpdesks.nature import is_nobody
from engine.ports import Observation

FLAGGED: Final = "\\Flagged"
URGENT: Final = "urgent"
LOW: Final = "low"
"""Keywords, beside the flag, that mean a priority."""
_CHANNEL: Final = "email"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads threads of one mailbox as tickets.

    Attributes:
        name: The helpdesk's, as in ``HELPDESK:ID``.
    """

    name: str
    options: MailboxOptions

    def ticket(self, thread: Thread) -> Ticket:
        """A thread as it stands."""
        folder = self.deciding(thread)[1]
        marks = {flag for copy in self.copies(thread) for flag in copy.flags}
        return Ticket(
            id=f"{self.name}:{thread.number}",
            created_at=thread.opened_at,
            status=self.options.folders.get(folder, Status.OPEN),
            raw_status=folder,
            subject=thread.opener.letter.subject,
            priority=priority_of(marks),
            tags=tags_of(marks),
            group=self.options.groups.get(folder),
            channel=_CHANNEL,
            customer=self._customer(thread.opener),
        )

    def deciding(self, thread: Thread) -> tuple[Mail, str]:
        """The mail by which a thread's status is told, and the folder where it lies.

        It is the customer's last one: where the others lie does not matter. Of its copies, one that
        is not resolved counts.
        """
        last = thread.of(Role.CUSTOMER)[-1]
        folders = [copy.folder for copy in self.copies_of(last)]
        unresolved = (one for one in folders if not self.options.folders[one].is_resolved)
        return last, next(unresolved, folders[0])

    def copies(self, thread: Thread) -> list[Copy]:
        """Where the mails of a thread lie, in the order of the mails; sent ones aside."""
        return [copy for mail in thread.mails for copy in self.copies_of(mail)]

    def copies_of(self, mail: Mail) -> list[Copy]:
        """Where a mail lies, but for the folder of sent ones."""
        return [copy for copy in mail.copies if copy.folder in self.options.folders]

    def observation(self, thread: Thread, at: datetime) -> Observation:
        """A thread with all that was said in it.

        Args:
            thread: What is told.
            at: Since when it has stood as it stands (aware UTC).
        """
        said = [event for mail in thread.mails for event in self._events(mail, thread)]
        ours = frozenset(mail.key for mail in thread.of(Role.OURS))
        return Observation(self.ticket(thread), at, messages=tuple(said), by_our_account=ours)

    def _customer(self, opener: Mail) -> Customer:
        letter = opener.letter
        is_ours = self.options.is_of_the_desk(letter.answer_to)
        address = letter.sender if is_ours else letter.answer_to
        return Customer(
            id=address,
            name=letter.name or None,
            email=address,
            is_automatic=is_nobody(address),
        )

    def _events(self, mail: Mail, thread: Thread) -> Iterator[Event]:
        if mail.role is Role.NOTE:
            return
        letter = mail.letter
        yield Event(
            id=mail.key,
            at=max(mail.at, thread.opened_at),  # clocks of mail programs are wrong
            kind=EventKind.MESSAGE,
            actor=_ACTORS[mail.role],
            source_id=mail.key,
            is_public=mail.role is not Role.DESK or self._reaches_a_customer(mail),
            text=(letter.mark or "") if mail.role is Role.OURS else letter.text,
            channel=_CHANNEL,
            who=letter.name or letter.sender,
            is_bounce=letter.has_failed and self._is_about_ours(mail, thread),
        )

    def _reaches_a_customer(self, mail: Mail) -> bool:
        return any(not self.options.is_of_the_desk(one) for one in mail.letter.receivers)

    @staticmethod
    def _is_about_ours(mail: Mail, thread: Thread) -> bool:
        ours = {one.letter.id for one in thread.mails if one.role in (Role.OURS, Role.DESK)}
        return any(one in ours for one in mail.letter.references)


_ACTORS: Final = {
    Role.CUSTOMER: Actor.CUSTOMER,
    Role.DESK: Actor.PERSON,
    Role.ROBOT: Actor.ROBOT,
    Role.OURS: Actor.PERSON,  # whose it is, the pipeline finds out by the mark
}


def priority_of(marks: set[str]) -> Priority:
    """What flags and keywords say of how urgent a thread is."""
    small = {mark.lower() for mark in marks}
    if URGENT in small:
        return Priority.URGENT
    if FLAGGED.lower() in small:
        return Priority.HIGH
    return Priority.LOW if LOW in small else Priority.MEDIUM


def marks_of(priority: Priority) -> frozenset[str]:
    """The flags and keywords that say so."""
    return _MARKS[priority]


_MARKS: Final = {
    Priority.LOW: frozenset({LOW}),
    Priority.MEDIUM: frozenset[str](),
    Priority.HIGH: frozenset({FLAGGED}),
    Priority.URGENT: frozenset({FLAGGED, URGENT}),
}
PRIORITY_MARKS: Final = (FLAGGED, URGENT, LOW)


def tags_of(marks: set[str]) -> tuple[str, ...]:
    """The keywords that people gave: not those of the protocol, of programs, or of priorities."""
    by_word = {mark.lower(): mark for mark in sorted(marks)}
    return tuple(
        mark
        for word, mark in sorted(by_word.items())
        if not word.startswith(("\\", "$")) and word not in (URGENT, LOW, *_PROGRAMS)
    )


_PROGRAMS: Final = frozenset({"junk", "nonjunk", "notjunk", "forwarded", "mdnsent", "old"})
"""Keywords that mail programs set by themselves."""


def bears(copy: Copy, mark: str) -> bool:
    """Whether a mail bears a flag or keyword; their case does not matter."""
    return mark.lower() in {flag.lower() for flag in copy.flags}
