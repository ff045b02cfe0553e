"""What a change of a ticket is in a mailbox: a thread is moved, flagged, and given keywords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.domain.actions import FieldChange
from engine.domain.ticket import Priority, Status, Ticket
from engine.helpdesks.base import shown
from engine.helpdesks.mailbox.connection import ImapConnection
from engine.helpdesks.mailbox.options import INBOX, MailboxOptions
from engine.helpdesks.mailbox.story import PRIORITY_MARKS, Reader, bears, marks_of
from engine.helpdesks.mailbox.threads import Copy, Role, Thread
from engine.helpdesks.mailbox.writing import is_keyword


@dataclass(frozen=True, slots=True)
class Changer:
    """Changes tickets of one mailbox."""

    options: MailboxOptions
    reader: Reader
    imap: ImapConnection

    def refusal(self, change: FieldChange, now: Ticket) -> str | None:
        """Why a change cannot be written down in a mailbox; None where it can."""
        if change.field in ("status", "group"):
            if self._target(change, now) is None:
                return f"no folder means {change.field} {shown(change.after)}; add one to `folders`"
        elif change.field == "tags":
            tags = change.after if isinstance(change.after, tuple) else ()
            bad = [tag for tag in tags if not is_keyword(tag)]
            if bad:
                return f"'{bad[0]}' cannot be a keyword: write a tag in ASCII, without blanks"
        elif change.field != "priority":
            return f"a mailbox has no {change.field}"
        return None

    def _target(self, change: FieldChange, now: Ticket) -> str | None:
        """The folder that a thread is moved to, to have another status or group."""
        find = self.options.folder_of
        if change.field == "status":
            status = Status(str(change.after))
            return find(status, now.group) or find(status)
        group = str(change.after) if change.after else None
        return find(now.status, group) or find(Status.OPEN, group)

    def make(self, change: FieldChange, thread: Thread, now: Ticket) -> None:
        """Make a change that is not refused.

        Args:
            change: What is to be changed.
            thread: The ticket's mails, as just read.
            now: The ticket, as just read.

        Raises:
            ImapError: It could not be made, or only in part.
        """
        copies = self.reader.copies(thread)
        if change.field in ("status", "group"):
            self._move(copies, self._target(change, now) or INBOX)
            return
        if change.field == "priority":
            wanted = marks_of(Priority(str(change.after)))
            unwanted = set(PRIORITY_MARKS) - wanted
        else:
            wanted = frozenset(change.after if isinstance(change.after, tuple) else ())
            unwanted = set(now.tags) - wanted
        newest = self.reader.copies_of(thread.of(Role.CUSTOMER)[-1])[0]
        for mark in sorted(wanted):
            self.imap.flag(newest.folder, [newest.uid], mark, on=True)
        for mark in sorted(unwanted):
            self._unflag([one for one in copies if bears(one, mark)], mark)

    def _unflag(self, copies: Sequence[Copy], mark: str) -> None:
        for folder in self.options.folders:
            numbers = [copy.uid for copy in copies if copy.folder == folder]
            if numbers:
                self.imap.flag(folder, numbers, mark, on=False)

    def _move(self, copies: Sequence[Copy], target: str) -> None:
        for folder in self.options.folders:
            numbers = [copy.uid for copy in copies if copy.folder == folder != target]
            if numbers:
                self.imap.move(folder, numbers, target)
