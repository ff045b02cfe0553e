"""What there is to tell of a mailbox, held against what was told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from engine.helpdesks.mailbox.memory import Memory, Told, digest
from engine.helpdesks.mailbox.story import Reader
from engine.helpdesks.mailbox.threads import Mail, Role, Thread, Threads, number_of, threaded
from engine.ports import Observation

_MERGED: Final = "merged"


class Telling:
    """One look at all mails.

    Attributes:
        threads: The tickets, as far as they go at the instant that is told.
        told: What will have been told of each.
        is_withheld: There are later mails than may be told.
    """

    def __init__(
        self,
        reader: Reader,
        memory: Memory,
        mails: Sequence[Mail],
        until: datetime | None,
        whole: Threads,
    ) -> None:
        """Look at all mails.

        Args:
            reader: Reads threads as tickets.
            memory: What was told.
            mails: All of them.
            until: Nothing later is told (aware UTC); None to tell all.
            whole: All mails, as threads.
        """
        self._reader = reader
        self._memory = memory
        self._mails = mails
        self._until = until or max((mail.at for mail in mails), default=None)
        shown = [mail for mail in mails if self._until is None or mail.at <= self._until]
        self.is_withheld = len(shown) < len(mails)
        self.threads = threaded(shown, memory.tickets) if self.is_withheld else whole
        self._whole = whole
        self.told: dict[str, Told] = {}
        self._news: list[str] = []

    def compare(self) -> None:
        """Hold everything against what was told; `told`, `news` and `gone` tell what came of it."""
        for number in dict.fromkeys([*self.threads.by_number, *self._memory.tickets]):
            self._look_at(number)

    def _look_at(self, number: str) -> None:
        held, thread = self._memory.tickets.get(number), self.threads.by_number.get(number)
        if held is not None and self._is_withheld(number):
            self.told[number] = held
            return
        if thread is not None:
            now = self._told(thread)
        elif number in self.threads.where:
            survivor = self.threads.where[number]
            now = Told(_MERGED, survivor, "-", is_resolved=True, since=self._until)
            if held is not None and (held.state, held.by) == (_MERGED, survivor):
                now = held
        else:
            return
        self.told[number] = now
        if now != held:
            self._news.append(number)

    def _is_withheld(self, number: str) -> bool:
        """Whether more belongs to a ticket than may be told: the clock has stepped back."""
        if not self.is_withheld:
            return False
        whole = self._whole.by_number.get(self._whole.where.get(number, number))
        return whole is not None and any(
            self._until is not None and mail.at > self._until for mail in whole.mails
        )

    def _told(self, thread: Thread) -> Told:
        ticket, decided = self._reader.ticket(thread), self._reader.deciding(thread)[0]
        held = self._memory.tickets.get(thread.number)
        by = digest(decided.key)
        state = digest(
            ticket.raw_status,
            ticket.status,
            ticket.group,
            ticket.priority,
            ticket.tags,
            ticket.subject,
        )
        if held is None:
            since = None
        elif held.state == state:
            since = held.since
        else:
            since = decided.at if held.by != by else self._until
        said = digest(*(mail.key for mail in thread.mails if mail.role is not Role.NOTE))
        return Told(state, by, said, ticket.status.is_resolved, since)

    # --- what there is to tell ---

    def news(self) -> Iterator[Observation]:
        """The tickets of which something is new."""
        for number in self._news:
            seen = self.one(number)
            if seen is not None:
                yield seen

    def gone(self) -> list[str]:
        """Numbers of the tickets that were open, and of which no mail is left.

        What was resolved long ago is not read any more, and is not gone for that.
        """
        return [
            number
            for number, held in self._memory.tickets.items()
            if number not in self.told and not held.is_resolved
        ]

    @property
    def is_all_unknown(self) -> bool:
        """Nothing of what was told is there."""
        return not any(number in self.told for number in self._memory.tickets)

    def one(self, number: str) -> Observation | None:
        """One ticket; None where it is not there."""
        thread = self.threads.by_number.get(number)
        if thread is not None:
            return self.seen(thread)
        survivor = self.threads.where.get(number)
        if survivor is None:
            return None
        if number not in self.told:
            self._look_at(number)
        opener = next(mail for mail in self._mails if number_of(mail.key) == number)
        alone = Thread(number, opener, [opener])
        ticket = replace(self._reader.ticket(alone), merged_into=f"{self._reader.name}:{survivor}")
        at = self.told[number].since if number in self.told else None
        return Observation(ticket, at or opener.at)

    def seen(self, thread: Thread) -> Observation:
        """A ticket as it stands, with all that was said on it."""
        said_at = max(mail.at for mail in thread.mails if mail.role is not Role.NOTE)
        if thread.number not in self.told:
            self._look_at(thread.number)
        told = self.told.get(thread.number)
        at = max(said_at, told.since or said_at) if told else said_at
        return self._reader.observation(thread, at)
