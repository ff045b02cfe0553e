"""A message as a mail: MIME parts, and headers that nobody can inject into (RFC 5322, RFC 3834)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from engine.channels.header_text import HeaderText, HeaderToken, HeaderTokens
from engine.channels.letterhead import Letterhead
from engine.channels.mail_address import address
from engine.channels.one_line import one_line, tame

if TYPE_CHECKING:
    from engine.ports import Message

_FACTS: Final = ("ticket", "rule", "level", "message", "occurrence")
"""Facts that become headers: what filters sort by and people search for."""

# Seven bits, so that every server takes it.
_POLICY: Final = SMTP.clone(cte_type="7bit")
_FOLD_AT: Final = 78  # RFC 5322, 2.1.1


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready for the wire.

    Attributes:
        sender: Envelope sender.
        recipient: Envelope recipient.
        content: Headers and body, CRLF line ends, dots not yet doubled.
        id: The Message-ID, in its brackets.
        needs_smtputf8: An address has letters beyond ASCII before its @ (RFC 6531).
    """

    sender: str
    recipient: str
    content: bytes
    id: str
    needs_smtputf8: bool


def compose(message: Message, letterhead: Letterhead, at: datetime) -> Mail:
    """Build the mail for a message.

    The Message-ID follows from the idempotency key, so that a mail sent twice is known as one;
    mails of
    one thread refer to the mails that they answer, or to a root that follows from the thread.

    Args:
        message: What to send; `to` is a mail address.
        letterhead: What it has in common with all of its channel.
        at: The mail's date (aware).

    Raises:
        AddressError: The message's address is none.
    """
    sender, recipient = letterhead.sender, address(message.to)
    everybody = (sender, recipient, letterhead.reply_to or sender)
    beyond_ascii = not all(one.username.isascii() for one in everybody)
    message_id = _id_in(sender.domain, message.key)
    # The standard library encodes an address that does not fit on a line, which breaks it.
    longest = max(len(one.addr_spec) for one in everybody)
    policy = _POLICY.clone(utf8=beyond_ascii, max_line_length=max(_FOLD_AT, longest + 16))
    mail = EmailMessage(policy=policy)
    mail["From"] = sender
    mail["To"] = recipient
    if letterhead.reply_to is not None:
        mail["Reply-To"] = letterhead.reply_to
    mail["Subject"] = HeaderText("Subject", letterhead.subject(message))
    mail["Date"] = at
    mail["Message-ID"] = HeaderToken("Message-ID", message_id)
    for name, ids in _thread_headers(message, sender.domain):
        mail[name] = HeaderTokens(name, ids)
    if message.mark is not None:
        mail["X-Escalatord-Ref"] = HeaderToken("X-Escalatord-Ref", message.mark)
    mail["Auto-Submitted"] = "auto-generated"
    unsubscribe = letterhead.list_unsubscribe(message)
    if unsubscribe is not None:
        mail["List-Unsubscribe"] = HeaderToken("List-Unsubscribe", f"<{unsubscribe}>")
    mail["X-Auto-Response-Suppress"] = "All"  # what Exchange heeds in place of the line above
    for name, value in _fact_headers(message.facts):
        mail[name] = HeaderText(name, value)
    mail.set_content(tame(message.text))
    if message.html is not None:
        mail.add_alternative(tame(message.html), subtype="html")
    return Mail(sender.addr_spec, recipient.addr_spec, mail.as_bytes(), message_id, beyond_ascii)


def _thread_headers(message: Message, domain: str) -> list[tuple[str, str]]:
    """What it answers: mails that there are, else a root that stands for the thread."""
    if message.references:
        references = " ".join(f"<{one}>" for one in message.references)
        answered = message.answers or message.references[-1]
        return [("In-Reply-To", f"<{answered}>"), ("References", references)]
    if message.thread is None:
        return []
    root = _id_in(domain, f"thread:{message.thread}")
    return [("In-Reply-To", root), ("References", root)]


def _fact_headers(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    return [
        (f"X-Escalatord-{name.title()}", one_line(str(facts[name])))
        for name in _FACTS
        if facts.get(name) is not None
    ]


def _id_in(domain: str, key: str) -> str:
    return f"<{sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}@{domain}>"
