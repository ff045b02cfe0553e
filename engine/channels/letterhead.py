"""What all mails of a channel have in common: sender, replies, tag, the way to end updates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.headerregistry import Address
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from engine.channels.mail_address import AddressError, address
from engine.channels.one_line import one_line

if TYPE_CHECKING:
    from engine.channels.options import Options
    from engine.ports import Message

_NUMBER: Final = "{number}"
_BRACES: Final = re.compile(r"\{[^{}]*\}|[{}]")
_HTTPS: Final = re.compile(r"https://[!#-;=?-~]{1,800}")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails of a channel have in common.

    Attributes:
        sender: Who they are from; the ids are in its domain.
        reply_to: Where replies go; None for the sender.
        subject_tag: Put before the subject of what customers get, with the ticket's number for
            ``{number}``: helpdesks that go by it put the reply on the ticket.
        unsubscribe: The URL by which customers end their updates (``mailto:``, ``https:``); None
            for a mail to where replies go.
    """

    sender: Address
    reply_to: Address | None = None
    subject_tag: str | None = None
    unsubscribe: str | None = None

    def subject(self, message: Message) -> str:
        """The subject of a mail, on one line.

        Only customers' mails bear the tag: a colleague's reply must not end up on the ticket, where
        the customer may read it.
        """
        subject = one_line(message.subject)
        if self.subject_tag is None or message.thread is None or not _is_for_customer(message):
            return subject
        number = message.thread.partition(":")[2] or message.thread
        return f"{one_line(self.subject_tag.replace(_NUMBER, number))} {subject}"

    def list_unsubscribe(self, message: Message) -> str | None:
        """The URL of ``List-Unsubscribe`` (RFC 2369); None where none is due.

        It is due on what customers get again and again. Nothing that answers a single event has it,
        and nothing to staff.
        """
        if not _is_for_customer(message) or message.facts.get("message") != "update":
            return None
        return self.unsubscribe or _mailto((self.reply_to or self.sender).addr_spec)


def _is_for_customer(message: Message) -> bool:
    return message.facts.get("audience") == "customer"


def _mailto(address: str) -> str:
    """The URL of a mail that asks for an end of messages (RFC 6068)."""
    return f"mailto:{quote(address, safe='@')}?subject=unsubscribe"


def letterhead(options: Options) -> Letterhead:
    """Read ``from``, ``reply_to``, ``subject_tag`` and ``unsubscribe``.

    Raises:
        ConfigError: The first is missing, or one cannot be used.
    """
    options.required_text("from")
    sender = _address(options, "from")
    assert sender is not None  # noqa: S101 - it was required
    tag = options.text("subject_tag")
    if tag is not None and _BRACES.findall(tag) != ["{number}"]:
        raise options.error("subject_tag", "must hold {number} once; write for example [#{number}]")
    return Letterhead(sender, _address(options, "reply_to"), tag, _unsubscribe(options))


def _address(options: Options, key: str) -> Address | None:
    text = options.text(key)
    try:
        return None if text is None else address(text)
    except AddressError as error:
        raise options.error(key, f"cannot be used: {error}") from None


def _unsubscribe(options: Options) -> str | None:
    text = options.text("unsubscribe")
    if text is None:
        return None
    if _HTTPS.fullmatch(text):
        return text
    try:
        return _mailto(address(text).addr_spec)
    except AddressError:
        help_ = "write a mail address, or the https:// address of a page of yours"
        raise options.error("unsubscribe", f"cannot be used; {help_}") from None
