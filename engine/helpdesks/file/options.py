"""What the config file says of a helpdesk of kind `file`."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator

from engine.domain.capability import Capabilities
from engine.helpdesks.options import (
    HelpdeskOptions,
    OptionFault,
    Options,
    PlaceOfFile,
    Zone,
    numeral,
    refuse,
    shown,
    suggestion,
)
from engine.helpdesks.rows.columns import Columns, MessageRule, Otherwise, Texts, value_columns
from engine.helpdesks.rows.mapping import Understanding
from engine.helpdesks.rows.stamp import Stamps

_WILDCARDS: Final = frozenset("*?[")
_TAB_NAMES: Final = frozenset({"tab", "\\t"})
_MOST_SPEED: Final = 1_000_000
# What decides how a record is understood: if it changes, every ticket is told anew.
_UNDERSTANDING: Final = {"layout", "missing", "timezone", "columns", "messages"}


class Layout(StrEnum):
    """What one row of the file is."""

    EVENT_LOG = "event_log"
    SNAPSHOT = "snapshot"


def _layout(value: object) -> object:
    words = [layout.value for layout in Layout]
    if value not in words:
        raise refuse("layout", f"{shown(value)} is no layout", suggestion(str(value), words))
    return Layout(str(value))


def _speed(value: object) -> object:
    speed = numeral(value, "600")
    if not 0 < speed <= _MOST_SPEED:
        message = f"a replay's speed is more than 0 and at most {_MOST_SPEED}"
        raise refuse("speed", message, "write for example 600")
    return speed


class ReplayOptions(Options):
    """A past that is lived through again.

    Attributes:
        begin: Where it begins (`from` in the file), as written: a stamp without a zone is local
            time of the helpdesk's zone.
        speed: Seconds of its time per second of real time.
    """

    begin: str = Field(alias="from")
    speed: Annotated[float, BeforeValidator(_speed)] = 1.0


class FileOptions(HelpdeskOptions):
    """A helpdesk that is a file: CSV, or JSON Lines if its name ends in `.jsonl` or `.ndjson`.

    Attributes:
        path: The file; wildcards name several, read as one.
        layout: Whether a row is an event or a ticket.
        missing: Texts that mean that there is no value; the empty text always does.
        timezone: Zone of stamps that name none.
        columns: Which column holds which field.
        messages: Which rows are messages; of several that fit, the first counts.
        replay: A past that is lived through again.
        write_back: Where our actions are written; by default beside the file.
    """

    reaches_out: ClassVar[bool] = False
    kind: Literal["file"]
    path: PlaceOfFile
    layout: Annotated[Layout, BeforeValidator(_layout)]
    encoding: str = "utf-8"
    delimiter: str = ","
    missing: Texts = ("",)
    timezone: Zone = ZoneInfo("UTC")
    columns: Columns
    messages: list[MessageRule] = Field(default_factory=list)
    replay: ReplayOptions | None = None
    write_back: PlaceOfFile | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            canonical = codecs.lookup(name).name
            in_bytes = "a,\n".encode(canonical)
        except (LookupError, ValueError):
            raise refuse(
                "encoding", f"there is no encoding '{name}'", "write for example utf-8 or cp1252"
            ) from None
        # `utf-8-sig` puts its mark in front; what it encodes to is plain otherwise.
        if in_bytes.removeprefix(codecs.BOM_UTF8) != b"a,\n":
            raise refuse(
                "encoding",
                f"files in '{name}' cannot be followed while they grow",
                "convert the file to utf-8",
            )
        return canonical

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, text: str) -> str:
        character = "\t" if text in _TAB_NAMES else text
        if len(character) != 1 or character in '"\r\n\0' or not character.isascii():
            raise refuse("delimiter", f"'{text}' separates no columns", 'write "," or ";" or tab')
        return character

    @property
    def can(self) -> Capabilities:
        """Everything: whoever reads what we write does it."""
        return Capabilities(history=self.layout is Layout.EVENT_LOG)

    @property
    def understanding(self) -> Understanding:
        """How its records are understood."""
        return Understanding(
            columns=self.columns,
            missing=self.missing,
            timezone=self.timezone,
            messages=tuple(self.messages),
            tells_opening=self.layout is Layout.SNAPSHOT,
            tells_time=True,
            identity=self.model_dump_json(include=_UNDERSTANDING, by_alias=True),
        )

    @property
    def replay_from(self) -> datetime | None:
        """Where the replay begins (aware UTC); None without one."""
        if self.replay is None:
            return None
        return Stamps(None, self.timezone).read(self.replay.begin)

    @property
    def has_wildcards(self) -> bool:
        """Whether the path may name several files."""
        return not _WILDCARDS.isdisjoint(self.path.text)

    def actions_path(self, helpdesk: str) -> Path:
        """Where our actions are written.

        Args:
            helpdesk: The helpdesk's name, after which they are named where several files are read.
        """
        if self.write_back:
            return self.write_back.path
        path = self.path.path
        if not self.has_wildcards:
            return path.with_name(f"{path.name}.actions.jsonl")
        fixed = takewhile(_WILDCARDS.isdisjoint, path.parts)
        return Path(*fixed) / f"{helpdesk}.actions.jsonl"

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        yield from self._faults_of_replay()
        yield from self._faults_of_layout()

    def _faults_of_replay(self) -> Iterator[OptionFault]:
        try:
            is_wrong = self.replay is not None and self.replay_from is None
        except (ValueError, OverflowError):
            is_wrong = True
        if is_wrong and self.replay is not None:
            yield OptionFault(
                ("replay", "from"),
                "date",
                f"'{self.replay.begin}' is no instant",
                "write for example 2016-03-02T16:00 or 2016-03-02T16:00:00Z",
            )

    def _faults_of_layout(self) -> Iterator[OptionFault]:
        columns = self.columns
        is_log = self.layout is Layout.EVENT_LOG
        if is_log and columns.at is None:
            yield OptionFault(
                ("columns",),
                "missing-key",
                "an event log needs the time of each row",
                "add at: COLUMN",
            )
        if is_log:
            return
        if columns.opened is None or (columns.opened.first and columns.at is None):
            yield OptionFault(
                ("columns", "opened"),
                "missing-key",
                "a snapshot does not tell when a ticket was opened",
                "add opened: COLUMN",
            )
        for name, column in value_columns(columns):
            if column.otherwise == Otherwise.KEEP_PREVIOUS:
                yield OptionFault(
                    ("columns", name, "otherwise"),
                    "otherwise",
                    "a snapshot has no previous row",
                    "write error, ignore_row, keep or a value",
                )
        if self.messages:
            yield OptionFault(
                ("messages",),
                "messages",
                "a snapshot has no rows that are messages",
                "leave messages out, or use layout: event_log",
            )
        if columns.event_id:
            yield OptionFault(
                ("columns", "event_id"),
                "event_id",
                "a snapshot has no rows that are events",
                "leave event_id out, or use layout: event_log",
            )
