"""The helpdesk that is a mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import RLock
from typing import Final

from engine.domain.actions import FieldChange
from engine.domain.marker import marker_of
from engine.domain.ticket import Ticket
from engine.errors import HelpdeskError
from engine.helpdesks.base import judged, left_to_do
from engine.helpdesks.mailbox.changing import Changer
from engine.helpdesks.mailbox.connection import ImapConnection, ImapError
from engine.helpdesks.mailbox.memory import Memory
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.helpdesks.mailbox.shelf import Shelf
from engine.helpdesks.mailbox.story import Reader
from engine.helpdesks.mailbox.telling import Telling
from engine.helpdesks.mailbox.threads import Mail, Role, Thread, Threads, threaded
from engine.helpdesks.mailbox.wire import Mark
from engine.helpdesks.mailbox.writing import answer_in, id_of, note_id, note_mail
from engine.ports import (
    Batch,
    Channel,
    Introduction,
    Json,
    Mailing,
    Message,
    MissingRight,
    Need,
    Observation,
    Presence,
    Reading,
    Sent,
    SentState,
)

_CALLS: Final = 4
"""So many time-outs a write takes at most, with what it reads before and after."""


class MailboxHelpdesk:
    """Reads threads from a mailbox, moves and flags them, and answers by mail.

    1. If no folder has changed since the watermark, nothing is read.
    2. Otherwise what is new in the folders is read, all mails that are held are put into threads,
       and each thread that does not read as it was told is told.
    """

    def __init__(self, name: str, options: MailboxOptions) -> None:
        """Contact nobody yet.

        Args:
            name: As in ``HELPDESK:ID``.
            options: What the config file says.
        """
        self.name = name
        self.can = options.can
        self._options = options
        self._reader = Reader(name, options)
        self._imap = ImapConnection(name, options)
        self._shelf = Shelf(options, self._imap)
        self._changer = Changer(options, self._reader, self._imap)
        self._memory = Memory()
        self._woven: tuple[Sequence[Mail], Memory, Threads] | None = None
        self._channel: Channel | None = None
        self._unkept: list[bytes] = []
        self._lock = RLock()

    def hand_on_by(self, channels: Mapping[str, Channel]) -> None:
        """Know the channels, by name: customers are written to by the one of `replies_by`."""
        self._channel = channels.get(self._options.replies_by or "")

    @property
    def longest_call(self) -> timedelta:
        """The longest that a write takes (real time)."""
        sending = self._channel.longest_call if self._channel else timedelta()
        return 2 * (self._limit + self._options.timeout) + sending

    @property
    def _limit(self) -> timedelta:
        return _CALLS * self._options.timeout

    # --- who we are ---

    def introduce(self) -> Introduction:
        """Log in, and look whether the folders are there and may be written to.

        Raises:
            HelpdeskError: It cannot be reached, or does not let us in.
        """
        with self._lock:
            self._shelf.forget_names()
            return Introduction(
                account=self._options.username,
                server=self._imap.greeting(),
                missing=tuple(self._missing()),
            )

    def _missing(self) -> Iterable[MissingRight]:
        for name in self._options.folders:
            lack = self._lacking(name, "make it, or take it from `folders`")
            yield from lack
            if not lack and not self._imap.takes_keywords(name):
                remedy = f"let {self._options.username} set keywords of its own in folder '{name}'"
                yield MissingRight("keywords", Need.CHANGE, remedy)
        yield from self._lacking(
            self._shelf.sent,
            "make it, and have mail programs keep there what they send; or name yours: `sent`",
        )

    def _lacking(self, folder: str, remedy: str) -> list[MissingRight]:
        try:
            self._imap.mark(folder)
        except ImapError as error:
            if not error.is_refusal:
                raise
            return [MissingRight(f"folder '{folder}'", Need.READ, remedy)]
        return []

    # --- reading ---

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        with self._lock:
            self._keep_what_was_sent(until)
            memory = Memory.of(watermark)
            if memory != self._memory:
                self._memory = memory
            marks = self._shelf.marks()
            if watermark is not None and memory.is_up_to_date(marks):
                return Batch((), watermark)
            marks = self._shelf.refresh()
            telling = self._look(until)
            telling.compare()
            gone = telling.gone()
            self._refuse_if_all_is_lost(marks, telling, gone)
            faults = self._shelf.faults()
            news = [fault for key, fault in faults.items() if key not in memory.faults]
            observations = sorted(telling.news(), key=lambda one: (one.at, one.ticket.created_at))
            self._memory = Memory(marks, telling.told, frozenset(faults), telling.is_withheld)
            return Batch(
                tuple(observations),
                self._memory.watermark(),
                tuple(news),
                gone=tuple(f"{self.name}:{number}" for number in gone),
            )

    def _refuse_if_all_is_lost(
        self, marks: dict[str, Mark], telling: Telling, gone: Sequence[str]
    ) -> None:
        """A mailbox that was made anew is not one whose threads were all deleted.

        Raises:
            HelpdeskError: Nothing that was known is there, and the server numbers mails anew.
        """
        if gone and telling.is_all_unknown and self._memory.is_renumbered(marks):
            raise HelpdeskError(
                f"{self.name}: the server numbers the mails anew, and none of the {len(gone)} open"
                " threads is there any more, so it may be another mailbox, or its disk may be away:"
                " nothing is taken for deleted; put at least one of the threads back"
            )

    def sample(self, most: int, until: datetime) -> list[Observation]:
        """The first open tickets, for people to look at.

        Raises:
            HelpdeskError: It cannot be read now.
        """
        with self._lock:
            self._shelf.refresh()
            telling = self._look(until)
            found = (telling.seen(thread) for thread in telling.threads.by_number.values())
            open_now = (one for one in found if not one.ticket.status.is_resolved)
            return sorted(open_now, key=lambda one: one.ticket.created_at)[:most]

    def next_change_at(self, after: datetime) -> datetime | None:
        """Nobody knows: it is asked again and again."""
        del after
        return None

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands; never raises."""
        number = self._number(ticket_id)
        try:
            with self._lock:
                marks = self._shelf.refresh()
                youngest = max((mail.at for mail in self._shelf.mails()), default=until)
                seen = self._look(max(until, youngest)).one(number)
                is_known = number in self._memory.tickets
                is_sure = is_known and not self._memory.is_renumbered(marks)
        except HelpdeskError:
            return Reading(Presence.UNREADABLE)
        if seen is not None:
            return Reading(Presence.PRESENT, seen)
        return Reading(Presence.GONE if is_sure else Presence.UNREADABLE)

    def _look(self, until: datetime | None = None) -> Telling:
        mails, memory = self._shelf.mails(), self._memory
        if self._woven is None or self._woven[0] is not mails or self._woven[1] is not memory:
            self._woven = (mails, memory, threaded(mails, memory.tickets))
        return Telling(self._reader, memory, mails, until, self._woven[2])

    def _number(self, ticket_id: str) -> str:
        return ticket_id.removeprefix(f"{self.name}:")

    # --- writing ---

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Move and flag a thread, and read back what came of it."""
        del at
        with self._lock, self._imap.within(self._limit):
            try:
                thread, before = self._present(ticket_id)
                left = left_to_do(changes, before)
                refused = [why for one in left if (why := self._changer.refusal(one, before))]
                if refused:
                    return Sent(SentState.REJECTED, reason=refused[0])
                after = before
                for one in left:
                    self._changer.make(one, thread, after)
                    thread, after = self._present(ticket_id)  # it may have moved
            except _GoneError as error:
                return Sent(SentState.REJECTED, reason=str(error))
            except HelpdeskError as error:
                return Sent(SentState.RETRY, reason=str(error))
            return judged(changes, before, after, "", key)

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Put a mail from us to ourselves into the thread, that goes nowhere."""
        address = self._options.addresses[0]
        with self._lock, self._imap.within(self._limit):
            try:
                thread, _ = self._present(ticket_id)
                receipt = note_id(key, address)
                if any(mail.key == receipt for mail in thread.mails):
                    return Sent(SentState.DELIVERED, receipt=receipt)
                raw = note_mail(thread, text, key, address, at)
                folder = self._reader.deciding(thread)[1]
                self._imap.append(folder, raw, at)
            except _GoneError as error:
                return Sent(SentState.REJECTED, reason=str(error))
            except ImapError as error:
                state = SentState.RETRY if error.is_refusal else SentState.UNKNOWN
                return Sent(state, reason=str(error))
            except HelpdeskError as error:
                return Sent(SentState.RETRY, reason=str(error))
            return Sent(SentState.DELIVERED, receipt=receipt)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Write to the customer in the thread, and keep a copy among the sent mails."""
        channel = self._channel
        if channel is None:
            reason = f"{self.name} has no channel to write by: add replies_by to it"
            return Sent(SentState.REJECTED, reason=reason)
        try:
            with self._lock, self._imap.within(self._limit):
                thread, ticket = self._present(ticket_id)
        except _GoneError as error:
            return Sent(SentState.REJECTED, reason=str(error))
        except HelpdeskError as error:
            return Sent(SentState.RETRY, reason=str(error))
        whole = answer_in(thread, ticket, message)
        sent = channel.send(whole)  # not under the lock: it may take its time
        if sent.state is not SentState.DELIVERED:
            return sent
        if not isinstance(channel, Mailing):
            return sent
        raw = channel.mail_of(whole)
        with self._lock, self._imap.within(self._limit):
            self._unkept.append(raw)
            self._keep_what_was_sent(at)
        return replace(sent, receipt=id_of(raw))

    def _keep_what_was_sent(self, at: datetime) -> None:
        """Put copies of our answers among the sent mails; what fails is tried at each reading."""
        while self._unkept:
            raw = self._unkept[0]
            try:
                if not self._imap.find(self._shelf.sent, [id_of(raw)]):
                    self._imap.append(self._shelf.sent, raw, at)
            except HelpdeskError:
                return
            self._unkept.pop(0)

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Whether a note of ours in the thread bears the mark."""
        return self._bears_mark(ticket_id, key, Role.NOTE)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Whether an answer of ours among the sent mails bears the mark."""
        return self._bears_mark(ticket_id, key, Role.OURS)

    def _bears_mark(self, ticket_id: str, key: str, role: Role) -> bool | None:
        try:
            with self._lock:
                self._shelf.refresh()
                threads = self._look().threads
        except HelpdeskError:
            return None
        number = self._number(ticket_id)
        thread = threads.by_number.get(threads.where.get(number, number))
        said = thread.of(role) if thread else ()
        return any(mail.letter.mark == marker_of(key) for mail in said)

    def _present(self, ticket_id: str) -> tuple[Thread, Ticket]:
        """A thread that is about to be written to, and the ticket that it is.

        Raises:
            HelpdeskError: It cannot be read, or is not there.
        """
        self._shelf.refresh()
        thread = self._look().threads.by_number.get(self._number(ticket_id))
        if thread is None:
            raise _GoneError(f"{self.name}: {ticket_id} is not there any more")
        return thread, self._reader.ticket(thread)

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._imap.close()


class _GoneError(HelpdeskError):
    """What was to be written to is not there any more."""
