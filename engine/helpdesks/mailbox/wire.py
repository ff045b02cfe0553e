"""How IMAP writes things (RFC 3501): folder names, quoted texts, instants, answers to FETCH."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_PLAIN: Final = re.compile(r"[\x20-\x25\x27-\x7e]+|&|[^\x20-\x7e]+")
_SHIFTED: Final = re.compile(r"&([^-]*)-")
_UID: Final = re.compile(rb"\bUID (\d+)")
_FLAGS: Final = re.compile(rb"\bFLAGS \(([^)]*)\)")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d+)")
_RECEIVED: Final = re.compile(rb'\bINTERNALDATE "([^"]*)"')
_LISTED: Final = re.compile(
    rb'\((?P<marks>[^)]*)\) (?:"(?:\\.|[^"])*"|NIL) (?P<name>.*)', re.DOTALL
)
_COUNT: Final = re.compile(rb"(MESSAGES|UIDNEXT|UIDVALIDITY|HIGHESTMODSEQ) (\d+)")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server told of one mail.

    Attributes:
        received_at: When the server took it (aware UTC, whole seconds); None where it was not
            asked for.
        raw: The mail's beginning.
        size: Of the whole mail, in bytes.
    """

    uid: int
    flags: frozenset[str]
    received_at: datetime | None = None
    raw: bytes = b""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder that the server lists.

    Attributes:
        name: As people write it.
        marks: What the server says of it (RFC 6154), in small letters.
    """

    name: str
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """How a folder stands: what is the same has not changed, if there is a `modseq`.

    Attributes:
        validity: While it is the same, a number (UID) stands for the same mail.
        next_uid: The number that the next mail will get.
        mails: How many there are.
        modseq: Rises with every change of a flag; None where the server does not count them
            (CONDSTORE, RFC 7162).
    """

    validity: int
    next_uid: int
    mails: int
    modseq: int | None = None


def folder_name(name: str) -> bytes:
    """A folder's name as a quoted text, in the alphabet of RFC 3501, 5.1.3."""
    return quoted("".join(_shifted(piece) for piece in _PLAIN.findall(name)))


def _shifted(piece: str) -> str:
    if piece == "&":
        return "&-"
    if piece.isascii() and piece.isprintable():
        return piece
    encoded = base64.b64encode(piece.encode("utf-16-be")).decode().rstrip("=")
    return f"&{encoded.replace('/', ',')}-"


def readable(name: str) -> str:
    """A folder's name as people write it."""
    return _SHIFTED.sub(_unshifted, name)


def _unshifted(found: re.Match[str]) -> str:
    encoded = found[1].replace(",", "/")
    if not encoded:
        return "&"
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        return base64.b64decode(padded, validate=True).decode("utf-16-be")
    except ValueError:
        return found[0]


def quoted(text: str) -> bytes:
    """An ASCII text in quotation marks."""
    return b'"' + re.sub(r'(["\\])', r"\\\1", text).encode("ascii") + b'"'


def day(at: datetime) -> str:
    """A day as SEARCH takes it."""
    return f"{at.day}-{_MONTHS[at.month - 1]}-{at.year}"


def internal_date(at: datetime) -> str:
    """An instant (aware) as APPEND takes it."""
    utc = at.astimezone(UTC)
    return f'"{utc.day:2d}-{_MONTHS[utc.month - 1]}-{utc:%Y %H:%M:%S} +0000"'


def mark_in(answer: bytes) -> Mark | None:
    """How a folder stands, from an answer to STATUS; None where it says too little."""
    told = {
        name.decode(): int(number) for name, number in _COUNT.findall(answer.rpartition(b"(")[2])
    }
    if not {"MESSAGES", "UIDNEXT", "UIDVALIDITY"} <= told.keys():
        return None
    modseq = told.get("HIGHESTMODSEQ")
    return Mark(told["UIDVALIDITY"], told["UIDNEXT"], told["MESSAGES"], modseq or None)


def listed(answers: Iterable[object]) -> Iterator[Listed]:
    """The folders that LIST names; one whose name is a literal comes in two pieces."""
    for answer in answers:
        line, literal = answer if isinstance(answer, tuple) else (answer, None)
        found = _LISTED.match(line) if isinstance(line, bytes) else None
        if found is None:
            continue
        name = literal if isinstance(literal, bytes) else _bare(found["name"])
        marks = frozenset(found["marks"].decode("ascii", "replace").lower().split())
        yield Listed(readable(name.decode("utf-8", "replace")), marks)


def _bare(name: bytes) -> bytes:
    name = name.strip()
    return re.sub(rb"\\(.)", rb"\1", name[1:-1]) if name.startswith(b'"') else name


def fetched(answers: Iterable[object]) -> Iterator[Fetched]:
    """What FETCH told, mail by mail.

    What stands behind the literal of a mail comes as a piece of its own, and belongs to it.
    """
    pieces: list[tuple[bytes, bytes]] = []
    for answer in answers:
        if isinstance(answer, tuple):
            pieces.append((answer[0], answer[1]))
        elif isinstance(answer, bytes) and pieces and not _begins_one(answer):
            pieces[-1] = (pieces[-1][0] + answer, pieces[-1][1])
        elif isinstance(answer, bytes):
            pieces.append((answer, b""))
    for said, raw in pieces:
        uid = _UID.search(said)
        if uid is not None:
            yield Fetched(int(uid[1]), _flags(said), _received(said), raw, _size(said))


def _begins_one(answer: bytes) -> bool:
    return re.match(rb"\d+ \(", answer) is not None


def _flags(said: bytes) -> frozenset[str]:
    found = _FLAGS.search(said)
    return frozenset(found[1].decode("ascii", "replace").split()) if found else frozenset()


def _size(said: bytes) -> int:
    found = _SIZE.search(said)
    return int(found[1]) if found else 0


def _received(said: bytes) -> datetime | None:
    found = _RECEIVED.search(said)
    if found is None:
        return None
    try:
        at = parsedate_to_datetime(found[1].decode("ascii", "replace").replace("-", " ", 2))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
