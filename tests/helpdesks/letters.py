"""Mails for tests of the mailbox, written as they arrive."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from engine.helpdesks.mailbox.letter import Letter, read_letter
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.helpdesks.mailbox.threads import Copy, Mail, Threads, role_of, threaded

T0 = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OURS = "support@desk.example"
EVE = "eve@customer.example"
OPTIONS = MailboxOptions(
    kind="mailbox",
    host="imap.desk.example",
    username="support",
    password_env="PASSWORD",
    addresses=(OURS,),
    agents=("alice@desk.example", "@partner.example"),
)


def raw(text: str = "Please help", **headers: str) -> bytes:
    """A mail; headers are named with underscores, and one that is empty is left out."""
    given = {"From": f"Eve <{EVE}>", "To": OURS, "Subject": "Printer", "Message_ID": "<a@x>"}
    lines = [
        f"{name.replace('_', '-')}: {value}"
        for name, value in {**given, **headers}.items()
        if value
    ]
    return "\r\n".join([*lines, "", text]).encode()


def letter(text: str = "Please help", **headers: str) -> Letter:
    """The same, read."""
    return read_letter(raw(text, **headers), T0)


@dataclass
class Post:
    """A mailbox without a server: mails come in one after the other."""

    mails: list[Mail] = field(default_factory=list)
    minutes: Iterator[int] = field(default_factory=itertools.count)

    def comes(
        self,
        name: str,
        *answers: str,
        at: datetime | None = None,
        folder: str = "INBOX",
        **headers: str,
    ) -> None:
        """A mail with this id arrives, in answer to others (the nearest last)."""
        if answers:
            references = " ".join(f"<{one}>" for one in answers)
            headers = {"In_Reply_To": f"<{answers[-1]}>", "References": references, **headers}
        minute = next(self.minutes)
        text = raw("Hello", Message_ID=f"<{name}>", **headers)
        made = read_letter(text, at or T0 + minute * MINUTE)
        role = role_of(made, OPTIONS, is_sent=folder == "Sent")
        self.mails.append(Mail(name, made, role, (Copy(folder, minute, frozenset()),)))

    def goes(self, name: str, *answers: str, at: datetime | None = None, to: str = EVE) -> None:
        """The desk sends a mail."""
        self.comes(name, *answers, at=at, folder="Sent", From=OURS, To=to, Subject="Re: Printer")

    def threads(self, known: tuple[str, ...] = ()) -> Threads:
        return threaded(self.mails, known)

    def tickets(self, known: tuple[str, ...] = ()) -> list[list[str]]:
        """The mails of each ticket, by their ids."""
        return [[mail.key for mail in one.mails] for one in self.threads(known).by_number.values()]
