"""One file, followed while it grows, is rewritten or replaced.

1. A look costs one `stat` while nothing changes. A file that was just read is read once more at the
   next look, since a second write within one tick of the file system's clock leaves no trace.
2. When something changed, what was read before is compared by its hash; if it is still there, only
   what follows it is parsed. Otherwise the file is read anew.
3. A last line without line break is taken if it is whole and faultless and the file did not change
   while it was read; it is read again when the file grows. Any other waits: should the file be the
   same at the next look, the line is what it is.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from engine.errors import HelpdeskError
from engine.helpdesks.file.record import ColumnsError, Parsed, Parser, Record, Spoiled
from engine.helpdesks.rows.cell import RowError
from engine.helpdesks.rows.mapping import Row, RowReader
from engine.helpdesks.rows.told import fingerprint
from engine.ports import RejectedRow

_BLOCK: Final = 1 << 20

Signature = tuple[int, int, int, int]
"""Device, inode, size and time of change in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not taken.

    Attributes:
        row: What is told of it.
        at: Its time (aware UTC), where that could be read.
        key: Tells it from others by its content, wherever it stands.
        fingerprint: Of the key.
    """

    row: RejectedRow
    at: datetime | None
    key: str
    fingerprint: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a look found.

    Attributes:
        is_anew: Everything was read again: what was known of the file is void.
        added: Rows that came.
        dropped: A row that was taken provisionally, and is now void.
    """

    is_anew: bool
    added: tuple[Row, ...]
    dropped: Row | None = None


@dataclass(slots=True)
class _Content:
    """What is known of the file's content."""

    parser: Parser
    rows: list[Row] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    repeats: Counter[str] = field(default_factory=Counter)
    size: int = 0
    lines: int = 0
    digest: bytes = hashlib.sha256().digest()
    tail: bytes | None = None
    last: Row | None = None
    unfinished: Rejection | None = None


class FollowedFile:
    """A file of rows.

    Attributes:
        shown: Its name for people.
    """

    def __init__(
        self, path: Path, shown: str, reader: RowReader, new_parser: Callable[[], Parser]
    ) -> None:
        """Know nothing of it yet.

        Args:
            path: Where it is.
            shown: Its name for people.
            reader: Understands its records.
            new_parser: Makes a parser that stands before the first byte.
        """
        self.shown = shown
        self._path = path
        self._reader = reader
        self._new_parser = new_parser
        self._signature: Signature | None = None
        self._is_confirmed = False
        self._content = _Content(new_parser())

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows that were taken."""
        last = self._content.last
        return (*self._content.rows, *([last] if last else []))

    @property
    def rejections(self) -> Sequence[Rejection]:
        """All rows that were not taken; an unfinished last line is none of them."""
        return self._content.rejections

    @property
    def unfinished(self) -> Rejection | None:
        """A last line that may still be being written."""
        return self._content.unfinished

    @property
    def seen_as(self) -> list[int] | None:
        """Size and time of change when the unfinished line was seen; None without such a line."""
        if self._content.unfinished is None or self._signature is None:
            return None
        return list(self._signature[2:])

    def look(self) -> Change | None:
        """Read what is new; None if nothing is.

        Raises:
            OSError: It cannot be read.
            HelpdeskError: It is no file of such rows.
        """
        status = self._path.stat()
        if self._is_confirmed and _signature(status) == self._signature:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise HelpdeskError(f"{self.shown} is no ordinary file; name one in `path`")
        with self._path.open("rb") as stream:
            return self._read(stream)

    def _read(self, stream: BinaryIO) -> Change | None:
        before = _signature(os.fstat(stream.fileno()))
        hasher = _hash(stream, self._content.size)
        is_anew = hasher.digest() != self._content.digest
        if is_anew:
            hasher = hashlib.sha256()
            stream.seek(0)
        data = stream.read()
        after = _signature(os.fstat(stream.fileno()))
        is_resting = before == after
        if is_resting and not is_anew and data == self._content.tail:
            self._is_confirmed = self._signature == after
            self._signature = after
            return None
        content = _Content(self._new_parser()) if is_anew else self._content
        change = self._take(content, data, is_anew=is_anew, is_resting=is_resting)
        hasher.update(data[: len(data) - len(content.tail or b"")])
        content.digest = hasher.digest()
        if not is_resting:
            content.tail = None
        self._content = content
        self._signature = after if is_resting else None
        self._is_confirmed = False
        return change

    def _take(self, content: _Content, data: bytes, *, is_anew: bool, is_resting: bool) -> Change:
        """Add what was read to what is known."""
        try:
            parsed = content.parser.parse(data, content.lines)
        except ColumnsError as error:
            raise HelpdeskError(f"{self.shown}: {error}; correct `columns`") from None
        dropped, added = content.last, []
        for spoiled in parsed.spoiled:
            content.rejections.append(self._rejection(content.repeats, spoiled))
        for record in parsed.records:
            found = self._understand(content.repeats, record)
            if isinstance(found, Row):
                added.append(found)
            elif found is not None:
                content.rejections.append(found)
        content.rows.extend(added)
        content.size += parsed.size
        content.lines += parsed.lines
        content.tail = data[parsed.size :]
        self._take_last(content, parsed, is_resting=is_resting)
        last = (content.last,) if content.last else ()
        return Change(is_anew, (*added, *last), dropped)

    def _take_last(self, content: _Content, parsed: Parsed, *, is_resting: bool) -> None:
        repeats = content.repeats.copy()
        content.last = content.unfinished = None
        if parsed.unfinished:
            content.unfinished = self._rejection(repeats, parsed.unfinished)
        elif parsed.last and is_resting:
            found = self._understand(repeats, parsed.last)
            content.last = found if isinstance(found, Row) else None
            content.unfinished = found if isinstance(found, Rejection) else None

    def _understand(self, repeats: Counter[str], record: Record) -> Row | Rejection | None:
        try:
            return self._reader.read(record.values, self.shown, record.line)
        except RowError as error:
            content = "\x1f".join(value or "" for value in record.values)
            spoiled = Spoiled(record.line, error.code, str(error), content)
            return self._rejection(repeats, spoiled, error.at)

    def _rejection(
        self, repeats: Counter[str], spoiled: Spoiled, at: datetime | None = None
    ) -> Rejection:
        content = f"{spoiled.code}\x1f{spoiled.content.strip()}".encode("utf-8", "surrogatepass")
        base = f"{self.shown}:{fingerprint(content):x}"
        repeats[base] += 1
        key = f"{base}:{repeats[base]}"
        row = RejectedRow(self.shown, spoiled.line, spoiled.code, spoiled.message)
        return Rejection(row, at, key, fingerprint(key.encode("utf-8", "surrogateescape")))


def _signature(status: os.stat_result) -> Signature:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _hash(stream: BinaryIO, size: int) -> hashlib._Hash:
    """Hash of the next `size` bytes, or of as many as there are."""
    hasher = hashlib.sha256()
    while size and (block := stream.read(min(size, _BLOCK))):
        hasher.update(block)
        size -= len(block)
    return hasher
