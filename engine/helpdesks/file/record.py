"""Bytes of a file as records: the wanted columns of each, with its line; CSV or JSON Lines.

A record that is wrong costs only itself:

1. Bytes that the encoding does not know are carried along (PEP 383) and spoil their record alone.
2. A quotation mark that is never closed would swallow the records below it. So a record of several
   lines with the wrong number of fields is given up in its first line alone if one of its other
   lines is a record by itself.
3. What follows the last line break may still be being written. It is taken if it is whole: all its
   fields and no open quotation, or a whole JSON object. Else it is told apart as unfinished, and
   whoever follows the file decides by looking again.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple, Protocol

from engine.helpdesks.options import nearest
from engine.helpdesks.rows.mapping import Values

_STRANGE: Final = re.compile("[\0\ud800-\udfff]")
# So many lines are no field of a record any more, but an open quotation.
_MOST_LINES: Final = 1000


class Record(NamedTuple):
    """A record that could be read.

    Attributes:
        line: Its first line, from 1.
    """

    line: int
    values: Values


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A record that could not be read.

    Attributes:
        line: Its first line, from 1.
        code: Stable name of the fault.
        message: What is wrong.
        content: What stands there, to tell it from others.
    """

    line: int
    code: str
    message: str
    content: str


@dataclass(slots=True)
class Parsed:
    """What a piece of a file holds.

    Attributes:
        records: Those that ended with a line break.
        spoiled: Those that ended with a line break and could not be read.
        size: Bytes of the piece that need not be read again.
        lines: Lines in them.
        last: A whole record that no line break ended.
        unfinished: What no line break ended, and is no whole record.
    """

    records: list[Record] = field(default_factory=list)
    spoiled: list[Spoiled] = field(default_factory=list)
    size: int = 0
    lines: int = 0
    last: Record | None = None
    unfinished: Spoiled | None = None


class ColumnsError(Exception):
    """The file has not the columns that the mapping names; the text says which it has."""


class Parser(Protocol):
    """Reads one file, piece by piece."""

    def parse(self, data: bytes, lines: int) -> Parsed:
        """Read the next piece.

        Args:
            data: From where the last piece needs not be read again, up to the end of the file.
            lines: Lines before it.

        Raises:
            ColumnsError: The file has not the columns that are wanted.
        """
        ...


class _Row(NamedTuple):
    """Lines that belong together.

    Attributes:
        start: Position of the first line.
        end: Position after the last one.
        fields: None if they cannot be told apart.
        is_open: A quotation is still open at the end of the file.
    """

    start: int
    end: int
    fields: list[str] | None
    is_open: bool = False


class CsvParser:
    """Comma separated values (RFC 4180) with a header."""

    def __init__(self, wanted: Sequence[str], encoding: str, delimiter: str) -> None:
        """Begin before the header.

        Args:
            wanted: Names of columns.
            encoding: Of a superset of ASCII.
            delimiter: One character.
        """
        self._wanted = wanted
        self._encoding = _without_mark(encoding)
        self._delimiter = delimiter
        self._width = 0
        self._pick: Callable[[list[str]], Values] | None = None

    def parse(self, data: bytes, lines: int) -> Parsed:
        """Read the next piece; see `Parser`."""
        text = data.decode(self._encoding, "surrogateescape")
        rows = list(io.StringIO(text if lines else text.removeprefix(_MARK), newline=""))
        parsed = Parsed()
        start = 0 if self._pick else self._read_header(rows)
        if self._pick is None:
            return parsed
        is_strange = _is_strange(text)
        tail = rows[len(rows) :]
        for row in self._rows(rows, start):
            found = self._judge(row, rows, lines, is_strange=is_strange)
            if row.is_open or (row.end == len(rows) and not text.endswith("\n")):
                tail = rows[row.start :]
                _keep_last(parsed, found, is_open=row.is_open)
            elif isinstance(found, Record):
                parsed.records.append(found)
            elif found is not None:
                parsed.spoiled.append(found)
        left = "".join(tail).encode(self._encoding, "surrogateescape")
        parsed.size, parsed.lines = len(data) - len(left), len(rows) - len(tail)
        return parsed

    def _read_header(self, rows: list[str]) -> int:
        """Learn the columns; gives the position after the header, 0 if it is not whole yet."""
        cursor = _Cursor(rows, 0)
        header = next((row for row in csv.reader(cursor, delimiter=self._delimiter) if row), [])
        if cursor.position == len(rows) and not (rows and rows[-1].endswith("\n")):
            return 0
        names = [name.strip() for name in header]
        self._refuse_header(names)
        self._width = len(names)
        self._pick = _picker([names.index(name) for name in self._wanted])
        return cursor.position

    def _refuse_header(self, names: list[str]) -> None:
        missing = [name for name in self._wanted if name not in names]
        doubled = [name for name in self._wanted if names.count(name) > 1]
        if doubled:
            raise ColumnsError(f"column '{doubled[0]}' stands twice in the header; rename one")
        if not missing:
            return
        near = ((name, nearest(name, names)) for name in missing)
        said = [f"'{name}'" + (f" (did you mean '{n}'?)" if n else "") for name, n in near]
        other = next((c for c in _DELIMITERS if c in "".join(names)), None)
        hint = f"; is the delimiter {other!r}?" if len(names) == 1 and other else ""
        raise ColumnsError(f"no column {', '.join(said)}; it has: {', '.join(names)}{hint}")

    def _rows(self, lines: list[str], start: int) -> Iterator[_Row]:
        while start < len(lines):
            cursor = _Cursor(lines, start)
            reader = csv.reader(cursor, delimiter=self._delimiter)
            while (row := self._next(reader, cursor, lines, start)) is not None:
                yield row
                start = row.end
                cursor.limit = start + _MOST_LINES
                if row.fields is None:
                    break

    def _next(
        self, reader: Iterator[list[str]], cursor: _Cursor, lines: list[str], start: int
    ) -> _Row | None:
        """The next row; None at the end of what the cursor gives."""
        try:
            fields = next(reader)
        except StopIteration:
            return None
        except csv.Error:
            return _Row(start, start + 1, None)
        end = cursor.position
        is_open = end in (cursor.limit, len(lines)) and self._is_open(lines[start:end])
        is_wrong = is_open or len(fields) != self._width
        if end - start > 1 and is_wrong and self._holds_a_record(lines[start + 1 : end]):
            return _Row(start, start + 1, None)
        if is_open and end < len(lines):
            return _Row(start, start + 1, None)
        return _Row(start, end, fields, is_open)

    def _is_open(self, lines: list[str]) -> bool:
        try:
            list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            return "unexpected end" in str(error)
        return False

    def _holds_a_record(self, lines: list[str]) -> bool:
        return any(
            len(fields) == self._width
            for line in lines
            for fields in csv.reader([line], delimiter=self._delimiter)
        )

    def _judge(
        self, row: _Row, rows: list[str], lines: int, *, is_strange: bool
    ) -> Record | Spoiled | None:
        """What a row is; None for one that is empty."""
        line, fields = lines + row.start + 1, row.fields
        if fields is not None and not any(fields):
            return None
        content = "".join(rows[row.start : row.end]) if is_strange else ""
        if content and (fault := _strangeness(content, self._encoding)):
            return Spoiled(line, *fault, content)
        if fields is not None and len(fields) == self._width and self._pick is not None:
            return Record(line, self._pick(fields))
        message = (
            "a quotation mark is opened here and never closed"
            if fields is None
            else f"{len(fields)} fields, and the header has {self._width}"
        )
        code = "open-quote" if fields is None else "field-count"
        return Spoiled(line, code, message, "".join(rows[row.start : row.end]))


class JsonLinesParser:
    """One JSON object a line; a column is a key, or a dotted path into nested objects."""

    def __init__(self, wanted: Sequence[str], encoding: str) -> None:
        """Begin at the first line.

        Args:
            wanted: Keys and dotted paths.
            encoding: Of a superset of ASCII.
        """
        self._paths = tuple((name, tuple(name.split("."))) for name in wanted)
        self._encoding = _without_mark(encoding)

    def parse(self, data: bytes, lines: int) -> Parsed:
        """Read the next piece; see `Parser`."""
        parsed = Parsed()
        *whole, rest = data.split(b"\n")
        for line, raw in enumerate(whole, start=lines + 1):
            found = self._judge(raw, line)
            if isinstance(found, Record):
                parsed.records.append(found)
            elif found is not None:
                parsed.spoiled.append(found)
        _keep_last(parsed, self._judge(rest, lines + len(whole) + 1), is_open=False)
        parsed.size, parsed.lines = len(data) - len(rest), len(whole)
        return parsed

    def _judge(self, raw: bytes, line: int) -> Record | Spoiled | None:
        text = raw.decode(self._encoding, "surrogateescape").removeprefix(_MARK).strip()
        if not text:
            return None
        if fault := _strangeness(text, self._encoding):
            return Spoiled(line, *fault, text)
        try:
            found = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError) as error:
            return Spoiled(line, "bad-json", f"this is not JSON: {error}", text)
        if not isinstance(found, dict):
            return Spoiled(line, "not-an-object", "this is JSON, and no object", text)
        values = tuple(_text(_at(found, name, path)) for name, path in self._paths)
        if fault := _strangeness("".join(value or "" for value in values), self._encoding):
            return Spoiled(line, *fault, text)
        return Record(line, values)


_MARK: Final = "\ufeff"
_DELIMITERS: Final = ";\t|,"


class _Cursor:
    """Lines for a CSV reader, which says how far it has read and stops at a limit."""

    def __init__(self, lines: list[str], position: int) -> None:
        self.position = position
        self.limit = position + _MOST_LINES
        self._lines = lines

    def __iter__(self) -> _Cursor:
        return self

    def __next__(self) -> str:
        if self.position >= min(self.limit, len(self._lines)):
            raise StopIteration
        self.position += 1
        return self._lines[self.position - 1]


def _keep_last(parsed: Parsed, found: Record | Spoiled | None, *, is_open: bool) -> None:
    if isinstance(found, Record) and not is_open:
        parsed.last = found
    elif isinstance(found, Record):
        message = "a quotation mark is opened here and never closed"
        parsed.unfinished = Spoiled(
            found.line, "open-quote", message, "\x1f".join(map(str, found.values))
        )
    else:
        parsed.unfinished = found


def _is_strange(text: str) -> bool:
    """Whether there is a character that no text has; fast where there is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\0" in text


def _strangeness(text: str, encoding: str) -> tuple[str, str] | None:
    """Code and message of the first character that no text has; None if all is well."""
    if not _is_strange(text):
        return None
    found = _STRANGE.search(text)
    if found and found[0] == "\0":
        return "nul-byte", "a NUL byte stands in this row"
    return "undecodable", f"bytes that are no {encoding} stand in this row"


def _without_mark(encoding: str) -> str:
    """The encoding itself where its name says that a byte order mark comes first."""
    return "utf-8" if codecs.lookup(encoding).name == "utf-8-sig" else encoding


def _picker(positions: list[int]) -> Callable[[list[str]], Values]:
    if len(positions) == 1:
        return lambda fields: (fields[positions[0]],)
    return itemgetter(*positions)


def _at(found: dict[str, object], name: str, path: tuple[str, ...]) -> object:
    if name in found or len(path) == 1:
        return found.get(name)
    value: object = found
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
