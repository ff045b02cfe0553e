"""What lies in the folders, as last seen: so much of it as is needed is kept in memory.

A folder that stands as it did is not read again. Otherwise its numbers and flags are, and of the
mails only those that are new. When a server numbers a folder anew (UIDVALIDITY), all of it is read
again: mails are known by what they are, and not by their numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from engine.helpdesks.mailbox.connection import MOST_BYTES, ImapConnection, ImapError
from engine.helpdesks.mailbox.letter import Letter, UnreadableMailError, read_letter
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.helpdesks.mailbox.threads import Copy, Mail, role_of
from engine.helpdesks.mailbox.wire import Fetched, Mark
from engine.ports import RejectedRow

_SENT: Final = "Sent"
_MARKED_AS_SENT: Final = "\\sent"
_DRAFT: Final = "\\draft"
_TRIES: Final = 5
_ASKED_AT_ONCE: Final = 20
_AGES: Final = timedelta(days=36_500)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
UNREADABLE: Final = "mail"
CUT: Final = "mail-cut"


@dataclass(slots=True)
class _Folder:
    """A folder as last seen.

    Attributes:
        mark: How it stood.
        letters: UID → the mail; None for one that cannot be read.
        flags: UID → flags, of what is still there.
        faults: UID → what is wrong with a mail, under a key that follows from its content.
        named: UIDs of mails that were asked for by their id, however old they are.
    """

    mark: Mark
    letters: dict[int, Letter | None] = field(default_factory=dict)
    flags: dict[int, frozenset[str]] = field(default_factory=dict)
    faults: dict[int, tuple[str, RejectedRow]] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)


class Shelf:
    """The mails of one mailbox."""

    def __init__(self, options: MailboxOptions, connection: ImapConnection) -> None:
        """Hold nothing yet."""
        self._options = options
        self._imap = connection
        self._folders: dict[str, _Folder] = {}
        self._sent: str | None = options.sent
        self._asked_for: set[str] = set()
        self._is_whole = False
        self._mails: tuple[Mail, ...] | None = None

    @property
    def sent(self) -> str:
        """Where copies of what the desk sends are kept.

        Raises:
            ImapError: The server cannot be asked.
        """
        if self._sent is None:
            listed = self._imap.folders()
            marked = (one.name for one in listed if _MARKED_AS_SENT in one.marks)
            self._sent = next(marked, _SENT)
        return self._sent

    def forget_names(self) -> None:
        """Ask anew which folder is for what: people rename folders."""
        self._sent = self._options.sent

    def watched(self) -> list[str]:
        """All folders that are read."""
        return [*self._options.folders, self.sent]

    def marks(self) -> dict[str, Mark]:
        """How the folders stand now.

        Raises:
            ImapError: One of them cannot be asked for.
        """
        return {name: self._imap.mark(name) for name in self.watched()}

    def refresh(self) -> dict[str, Mark]:
        """Read what is new or has changed; how the folders stand now.

        What is moved from a folder that was not read yet to one that was would seem to be gone. So
        it is read until nothing moves meanwhile.

        Raises:
            ImapError: Something cannot be read; it is read the next time.
        """
        marks = self.marks()
        for _ in range(_TRIES):
            if self._holds(marks):
                return marks
            self._read_all(marks)
            before, marks = marks, self.marks()
            if marks == before:
                return marks
        name = self._imap.name
        raise ImapError(f"{name}: the folders change faster than they can be read; read again")

    def _holds(self, marks: dict[str, Mark]) -> bool:
        """Whether what is held is what there is, by how the folders stand."""
        return (
            self._is_whole
            and marks.keys() == self._folders.keys()
            and all(
                mark.modseq is not None and self._folders[name].mark == mark
                for name, mark in marks.items()
            )
        )

    def _read_all(self, marks: dict[str, Mark]) -> None:
        self._is_whole, self._mails = False, None
        since = datetime.now(UTC) - min(self._options.history, _AGES)
        for name in [name for name in self._folders if name not in marks]:
            del self._folders[name]
        for name, mark in marks.items():
            held = self._folders.get(name)
            if held is None or held.mark.validity != mark.validity:
                held = self._folders[name] = _Folder(replace(mark, mails=-1))
                self._asked_for.clear()
            if mark.modseq is None or held.mark != mark:
                self._read(name, held, self._since(name, since))
                held.mark = mark
        self._fetch_what_is_answered()
        self._is_whole = True
        self._mails = None

    def _since(self, folder: str, since: datetime) -> datetime | None:
        """Old mail is left out where it is settled."""
        status = self._options.folders.get(folder)
        return since if status is None or status.is_resolved else None

    def _read(self, name: str, held: _Folder, since: datetime | None) -> None:
        listed = self._imap.numbers(name, since)
        numbers = sorted({*listed, *held.named, *held.letters})
        flags = self._imap.flags(name, numbers)
        held.flags = {uid: marks for uid, marks in flags.items() if "\\Deleted" not in marks}
        held.letters = {uid: one for uid, one in held.letters.items() if uid in held.flags}
        held.faults = {uid: one for uid, one in held.faults.items() if uid in held.flags}
        self._take(name, held, [uid for uid in held.flags if uid not in held.letters])

    def _take(self, name: str, held: _Folder, numbers: Iterable[int]) -> None:
        for one in self._imap.mails(name, sorted(numbers)):
            held.flags[one.uid] = one.flags
            held.letters[one.uid] = self._letter(name, held, one)

    def _letter(self, name: str, held: _Folder, one: Fetched) -> Letter | None:
        try:
            letter = read_letter(one.raw, one.received_at or _now(), self._options.lists)
        except UnreadableMailError as error:
            message = f"mail {one.uid} of folder '{name}': {error}; it stays there: look at it"
            held.faults[one.uid] = _fault(one, name, UNREADABLE, message)
            return None
        if one.size > MOST_BYTES and not letter.text:
            message = (
                f"mail {one.uid} of folder '{name}' has {one.size} bytes, and no text among the"
                f" first {MOST_BYTES}: it counts, but rules that look for words see none"
            )
            held.faults[one.uid] = _fault(one, name, CUT, message)
        return letter

    def _fetch_what_is_answered(self) -> None:
        """Old mails that newer ones answer belong to the thread, however old they are."""
        while True:
            present = {one.id for one in self._letters()}
            wanted = {
                ref for one in self._letters() for ref in one.references[-1:] + one.references[:1]
            }
            wanted -= present | self._asked_for
            if not wanted:
                return
            self._find(sorted(wanted))
            self._asked_for |= wanted

    def _find(self, wanted: list[str]) -> None:
        settled = [name for name in self._folders if self._since(name, _LONG_AGO) is not None]
        for first in range(0, len(wanted), _ASKED_AT_ONCE):
            some = [one for one in wanted[first : first + _ASKED_AT_ONCE] if one.isascii()]
            for name in settled:
                held = self._folders[name]
                found = [uid for uid in self._imap.find(name, some) if uid not in held.letters]
                held.named.update(found)
                self._take(name, held, found)

    def _letters(self) -> Iterator[Letter]:
        for held in self._folders.values():
            yield from (one for one in held.letters.values() if one is not None)

    # --- what is held ---

    def mails(self) -> tuple[Mail, ...]:
        """Every mail once, with all its copies; the same object until something changes."""
        if self._mails is None:
            self._mails = tuple(self._gathered())
        return self._mails

    def _gathered(self) -> Iterator[Mail]:
        copies: defaultdict[tuple[str, str], list[tuple[Letter, Copy]]] = defaultdict(list)
        for name, held in self._folders.items():
            for uid, letter in held.letters.items():
                flags = held.flags.get(uid, frozenset())
                if letter is None or _DRAFT in {flag.lower() for flag in flags}:
                    continue
                copies[letter.id, letter.digest].append((letter, Copy(name, uid, flags)))
        yield from self._told_apart(copies.values())

    def _told_apart(self, groups: Iterable[list[tuple[Letter, Copy]]]) -> Iterator[Mail]:
        """Programs that give several mails one id must not make one mail of them."""
        known: set[str] = set()
        for group in sorted(groups, key=lambda one: min((x.at, x.digest) for x, _ in one)):
            letter = min((one for one, _ in group), key=lambda one: one.at)
            key = f"{letter.id}#{letter.digest}" if letter.id in known else letter.id
            known.add(letter.id)
            places = tuple(copy for _, copy in group)
            is_sent = any(copy.folder == self._sent for copy in places)
            yield Mail(key, letter, role_of(letter, self._options, is_sent=is_sent), places)

    def faults(self) -> dict[str, RejectedRow]:
        """What is wrong with single mails, by a key that stays wherever they lie."""
        return dict(fault for held in self._folders.values() for fault in held.faults.values())


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _fault(one: Fetched, folder: str, code: str, message: str) -> tuple[str, RejectedRow]:
    return sha256(one.raw).hexdigest()[:12], RejectedRow(folder, 0, code, message)
