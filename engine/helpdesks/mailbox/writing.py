"""What we write into a mailbox: answers in the thread, and notes that go nowhere."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from typing import Final

from engine.domain.marker import marked, marker_of
from engine.domain.ticket import Ticket
from engine.helpdesks.mailbox.letter import MARK_HEADER, tagless
from engine.helpdesks.mailbox.threads import Role, Thread
from engine.ports import Message

_KEYWORD: Final = re.compile(r"[^\x00-\x20\x7f-\U0010ffff(){%*\"\\\]]{1,100}")
_ANSWER: Final = re.compile(r"^(re|aw|sv|antw|rif|ref)\s*:", re.IGNORECASE)
_MOST_REFERENCES: Final = 20
_SIMPLE_ID: Final = re.compile(r"[\x21-\x7e]{1,400}")
_POLICY: Final = SMTP.clone(cte_type="7bit", max_line_length=998)


def is_keyword(tag: str) -> bool:
    """Whether a tag can be a keyword of IMAP (RFC 3501: an atom)."""
    return _KEYWORD.fullmatch(tag) is not None and not tag.startswith("$")


def answer_in(thread: Thread, ticket: Ticket, message: Message) -> Message:
    """A message as an answer in a thread.

    It bears the thread's subject: mail programs that show threads go by that, too.
    """
    said = [mail.letter for mail in thread.mails if mail.role is not Role.NOTE]
    answered = [one for one in thread.of(Role.CUSTOMER) if _SIMPLE_ID.fullmatch(one.letter.id)]
    ids = [one.id for one in said if _SIMPLE_ID.fullmatch(one.id)]
    subject = tagless(ticket.subject) or message.subject
    return replace(
        message,
        subject=subject if _ANSWER.match(subject) else f"Re: {subject}",
        thread=ticket.id,
        answers=answered[-1].letter.id if answered else None,
        references=(*ids[:1], *ids[1:][-_MOST_REFERENCES:]),
        mark=marker_of(message.key),
    )


def note_id(key: str, address: str) -> str:
    """The id of the note that has this idempotency key."""
    digest = sha256(f"note:{key}".encode("utf-8", "replace")).hexdigest()[:32]
    return f"{digest}@{address.rpartition('@')[2]}"


def note_mail(thread: Thread, text: str, key: str, address: str, at: datetime) -> bytes:
    """A note as a mail from us to ourselves.

    Args:
        thread: Where it belongs.
        text: Plain text.
        key: Idempotency key.
        address: Ours.
        at: Its date (aware).
    """
    last = thread.mails[-1].letter
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = mail["To"] = address
    mail["Subject"] = f"Note: {tagless(thread.opener.letter.subject)}"[:200]
    mail["Date"] = at
    mail["Message-ID"] = f"<{note_id(key, address)}>"
    if _SIMPLE_ID.fullmatch(last.id):
        mail["In-Reply-To"] = mail["References"] = f"<{last.id}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail[MARK_HEADER] = marker_of(key)
    mail.set_content(marked(text, key))
    return mail.as_bytes()


def id_of(raw: bytes) -> str:
    """The id of a mail of ours, without brackets."""
    return str(message_from_bytes(raw)["Message-ID"] or "").strip().strip("<>")
