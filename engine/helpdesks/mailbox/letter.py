"""A mail as it was read: who wrote what to whom, in answer to what.

Mails come from anybody, and many are broken. What can be read is read; what cannot is replaced,
and nothing in a mail can stop the reading of others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from hashlib import sha256
from html.parser import HTMLParser
from typing import Final

from engine.domain.marker import marker_in
from engine.helpdesks.nature import Nature, nature_of, says_failed
from engine.helpdesks.quotation import unquoted

MARK_HEADER: Final = "X-Escalatord-Ref"
"""Bears the mark of what we write: `marker_of` the action's key."""
_ID: Final = re.compile(r"<([^<>\s]{1,500})>")
_RETURNED_ID: Final = re.compile(r"^Message-ID:\s*<([^<>\s]+)>", re.IGNORECASE | re.MULTILINE)
_MOST_REFERENCES: Final = 200
_MOST_TEXT: Final = 20_000
_TAG: Final = re.compile(r"\[#([0-9a-f]{12})\]")
_BREAKS: Final = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4"})
_UNREAD: Final = frozenset({"head", "script", "style", "blockquote"})
_REST_IS_QUOTED: Final = re.compile(
    r"^(?:-{2,}\s?(?:original message|ursprüngliche nachricht|message d'origine)\s?-{2,}|_{20,})"
    r"\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


class UnreadableMailError(ValueError):
    """A mail of which nobody can say who wrote it; the text says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail.

    Attributes:
        id: Its Message-ID, without brackets; of a mail that has none, one that follows from its
            content.
        at: When the server took it (aware UTC): what the mail itself says is not to be trusted.
        sender: Address in small letters.
        name: Of the sender; empty where it says none.
        answer_to: Where answers are to go: address in small letters.
        receivers: Addresses in small letters.
        subject: One line.
        references: Ids of mails that it answers, the nearest first.
        tag: The ticket's number that its subject bears.
        text: What was written, quotations removed.
        nature: A person's, or what kind of machine's.
        has_failed: It says that one of the mails that it refers to was not delivered.
        mark: Ours, where it bears one.
        digest: Tells it from another mail with the same id.
    """

    id: str
    at: datetime
    sender: str
    name: str
    answer_to: str
    receivers: frozenset[str]
    subject: str
    references: tuple[str, ...]
    tag: str | None
    text: str
    nature: Nature
    has_failed: bool
    mark: str | None
    digest: str


def read_letter(raw: bytes, at: datetime, lists: Collection[str] = ()) -> Letter:
    """Read a mail, or its beginning.

    Args:
        raw: As the server keeps it.
        at: When the server took it (aware UTC).
        lists: Ids of the mailing lists by which customers write to the desk.

    Raises:
        UnreadableMailError: Nobody can say who wrote it.
    """
    try:
        return _read(raw, at, lists)
    except UnreadableMailError:
        raise
    except Exception as error:  # noqa: BLE001 - mail is made to break readers in ways nobody lists
        raise UnreadableMailError(f"it cannot be parsed ({type(error).__name__})") from None


def _read(raw: bytes, at: datetime, lists: Collection[str]) -> Letter:
    mail = message_from_bytes(raw)
    from_whom = _people(mail, "From") or _people(mail, "Sender")
    if not from_whom:
        raise UnreadableMailError("it does not say who sent it")
    name, sender = from_whom[0]
    answers = [address for _, address in _people(mail, "Reply-To")]
    subject = _header(mail, "Subject")
    nature = nature_of(mail, sender, lists)
    tag = _TAG.search(subject)
    return Letter(
        id=_own_id(mail, raw),
        at=at,
        sender=sender,
        name=name,
        answer_to=answers[0] if len(answers) == 1 else sender,
        receivers=frozenset(
            address for header in ("To", "Cc") for _, address in _people(mail, header)
        ),
        subject=subject,
        references=tuple(_references(mail, nature)),
        tag=tag[1] if tag else None,
        text=_written(mail),
        nature=nature,
        has_failed=nature is Nature.BOUNCE and says_failed(mail),
        mark=marker_in(_header(mail, MARK_HEADER)),
        digest=_digest(sender, str(mail.get("Date") or "")),
    )


def tagless(subject: str) -> str:
    """A subject without a ticket's number."""
    return " ".join(_TAG.sub(" ", subject).split())


def _own_id(mail: Message, raw: bytes) -> str:
    found = _ID.search(str(mail.get("Message-ID") or ""))
    return found[1] if found else f"{sha256(raw).hexdigest()[:32]}@without-id.invalid"


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _references(mail: Message, nature: Nature) -> Iterator[str]:
    """Ids of mails before it, the nearest first; a bounce holds the mail that it is about."""
    told = [str(mail.get("In-Reply-To") or ""), str(mail.get("References") or "")]
    answered, earlier = (_ID.findall(text)[-_MOST_REFERENCES:] for text in told)
    found = [*answered, *reversed(earlier)]
    if nature is Nature.BOUNCE:
        found += [one for part in mail.walk() for one in _returned(part)]
    yield from dict.fromkeys(found)


def _returned(part: Message) -> list[str]:
    """The id of a mail that a bounce sends back, whole or its headers only."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        inner = part.get_payload()
        mail = inner[0] if isinstance(inner, list) and inner else None
        return _ID.findall(str(mail.get("Message-ID") or "")) if isinstance(mail, Message) else []
    if kind == "text/rfc822-headers":
        return _RETURNED_ID.findall(_decoded(part))[:1]
    return []


# --- headers -------------------------------------------------------------------------------------


def _header(mail: Message, name: str) -> str:
    """A header on one line, encoded words decoded."""
    return _decoded_words(str(mail.get(name) or ""))


def _decoded_words(text: str) -> str:
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        pieces = [(text, None)]
    told = "".join(
        piece if isinstance(piece, str) else _as_text(piece, charset) for piece, charset in pieces
    )
    return " ".join(_UNPRINTABLE.sub(" ", told).split())


def _people(mail: Message, header: str) -> list[tuple[str, str]]:
    """(name, address in small letters) of those whom a header names."""
    told = [" ".join(str(value).split()) for value in mail.get_all(header, ())]
    return [
        (_decoded_words(name), address.lower())
        for name, address in getaddresses(told)
        if re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", address)
    ]


# --- text ----------------------------------------------------------------------------------------


def _written(mail: Message) -> str:
    """The first text, quotations removed; of mails that have only HTML, that without its markup."""
    parts = [part for part in mail.walk() if _is_text(part)]
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    if plain is not None:
        text = _decoded(plain)
    else:
        text = next((_without_markup(_decoded(part)) for part in parts), "")
    text = _REST_IS_QUOTED.split(text, maxsplit=1)[0]
    return unquoted(_UNPRINTABLE.sub(" ", text))[:_MOST_TEXT].strip()


def _is_text(part: Message) -> bool:
    is_attached = part.get_content_disposition() == "attachment"
    return part.get_content_maintype() == "text" and not is_attached


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return _as_text(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""


def _as_text(data: bytes, charset: str | None) -> str:
    """Text in whatever charset it is said to be; what it has no letter for is replaced."""
    try:
        return data.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


class _Reader(HTMLParser):
    """Takes the text out of HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag in _UNREAD:
            self._unread.append(tag)
        elif tag in _BREAKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._unread and self._unread[-1] == tag:
            self._unread.pop()
        elif tag in _BREAKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.pieces.append(" ".join(data.split()) if "\n" in data else data)


def _without_markup(markup: str) -> str:
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return "".join(reader.pieces)
