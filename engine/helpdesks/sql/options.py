"""What the config file says of a helpdesk of kind `sql`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import PrivateAttr, model_validator

from engine.domain.capability import Capabilities
from engine.domain.ticket import CHANGEABLE
from engine.helpdesks.lengths import PositiveLength, TimeOut
from engine.helpdesks.options import (
    HelpdeskOptions,
    OptionFault,
    Options,
    PlaceOfFile,
    Zone,
    refuse,
    suggestion,
)
from engine.helpdesks.rows.columns import (
    Columns,
    DateColumn,
    Otherwise,
    Text,
    Texts,
    value_columns,
)
from engine.helpdesks.rows.mapping import Understanding
from engine.helpdesks.sql.command import PLACE, PLACES
from engine.helpdesks.sql.query_options import Query, SingleQuery
from engine.helpdesks.sql.story_options import EventsOptions, MessagesOptions
from engine.helpdesks.sql.write_back_options import WriteBackOptions
from engine.secret import Secret

_URL: Final = re.compile(r"[a-z][a-z0-9]*(\+[a-z0-9_]+)?:(//.*)?", re.DOTALL)
_OPEN_PASSWORD: Final = re.compile(r"[^:/]+://[^/@]*:[^/]+@")
_RELATIVE_SQLITE: Final = re.compile(r"(?P<scheme>sqlite(?:\+\w+)?):///(?P<path>(?!/|:memory:).+)")


class TicketsOptions(Options):
    """The query for tickets, and what its columns mean.

    Attributes:
        updated: The column that moves whenever a ticket changes; without one, all are compared.
    """

    query: Query
    updated: DateColumn | None = None
    columns: Columns

    @property
    def at(self) -> DateColumn | None:
        """The column that says when a ticket last changed."""
        return self.columns.at or self.updated


class TicketOptions(Options):
    """The query that finds one ticket by its id, closed or not."""

    query: SingleQuery


class SqlOptions(HelpdeskOptions):
    """A helpdesk whose tables are read.

    Attributes:
        url: The database, as SQLAlchemy names it; or the place where that secret is kept.
        timezone: Zone of stamps that name none.
        missing: Texts that mean that there is no value; the empty text and NULL always do.
        timeout: How long the database may take over one query.
        overlap: How long after its stamp a row may still come up; until then it is looked for.
        recheck: How often open tickets are looked at though nothing told that they changed.
        ticket: Finds closed tickets, too, where `tickets` leaves them out.
    """

    kind: Literal["sql"]
    url: str | None = None
    url_file: PlaceOfFile | None = None
    url_env: Text | None = None
    credential: Text | None = None
    timezone: Zone = ZoneInfo("UTC")
    missing: Texts = ("",)
    timeout: TimeOut = timedelta(seconds=30)
    overlap: PositiveLength = timedelta(minutes=2)
    recheck: PositiveLength = timedelta(minutes=5)
    tickets: TicketsOptions
    ticket: TicketOptions | None = None
    messages: MessagesOptions | None = None
    events: EventsOptions | None = None
    write_back: WriteBackOptions | None = None
    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401  pydantic's own signature
        """Learn the config file's folder, where relative paths begin."""
        if isinstance(context, dict) and "folder" in context:
            object.__setattr__(self, "_folder", context["folder"])

    @model_validator(mode="after")
    def _one_place(self) -> SqlOptions:
        if sum(bool(x) for x in (self.url, self.url_file, self.url_env, self.credential)) != 1:
            raise refuse(
                "url",
                "it needs exactly one URL of a database",
                "write url, or one of url_file, url_env and credential",
            )
        if self.url is not None and not _URL.fullmatch(self.url):
            raise refuse(
                "url",
                "the URL names no database",
                "write for example sqlite:////srv/desk.db or postgresql://user@host/database",
            )
        if self.url is not None and _OPEN_PASSWORD.match(self.url):
            raise refuse(
                "open-secret",
                "the URL holds a password, and this file is no place for it",
                "put the whole URL where url_file, url_env or credential says",
            )
        return self

    def url_of(self, name: str) -> str:
        """The database's URL, with SQLite's file made absolute; it may hold a password.

        Args:
            name: The helpdesk's name.

        Raises:
            ConfigError: It is kept as a secret, and missing.
        """
        file = self.url_file.path if self.url_file else None
        secret = Secret(f"helpdesks.{name}.url", file, self.url_env, self.credential)
        url = self.url or secret.read().strip()
        relative = _RELATIVE_SQLITE.fullmatch(url)
        if relative is None:
            return url
        return f"{relative['scheme']}:///{self._folder / relative['path']}"

    @property
    def can(self) -> Capabilities:
        """Nothing but to be read, without a way back; only a program can answer customers."""
        history = self.events is not None
        if self.write_back is None:
            return Capabilities(frozenset(), notes=False, replies=False, history=history)
        return Capabilities(replies=self.write_back.command is not None, history=history)

    @property
    def understanding(self) -> Understanding:
        """How rows of the query for tickets are understood."""
        at = self.tickets.at
        columns = self.tickets.columns.model_copy(update={"at": at})
        return Understanding(
            columns=columns,
            missing=self.missing,
            timezone=self.timezone,
            messages=(),
            tells_opening=True,
            tells_time=False,
            identity=self.model_dump_json(include=_UNDERSTANDING, by_alias=True),
        )

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        columns = self.tickets.columns
        if columns.opened is None or columns.opened.first:
            yield OptionFault(
                ("tickets", "columns", "opened"),
                "missing-key",
                "nothing tells when a ticket was opened",
                "add opened: COLUMN",
            )
        if columns.event_id:
            yield OptionFault(
                ("tickets", "columns", "event_id"),
                "event_id",
                "a row of this query is a ticket, and no event",
                "leave event_id out; histories go into events",
            )
        for name, column in value_columns(columns):
            if column.otherwise == Otherwise.KEEP_PREVIOUS:
                yield OptionFault(
                    ("tickets", "columns", name, "otherwise"),
                    "otherwise",
                    "a ticket has no previous row",
                    "write error, ignore_row, keep or a value",
                )
        if "since" in self.tickets.query.binds and self.tickets.updated is None:
            yield OptionFault(
                ("tickets", "query"),
                "since",
                ":since stands in the query, and no column tells what it means",
                "add updated: COLUMN, the column that :since is compared with",
            )
        if self.events is not None:
            yield from self.events.faults_with(self.tickets.columns)
        yield from self._faults_of_command()

    def _faults_of_command(self) -> Iterator[OptionFault]:
        command = (self.write_back and self.write_back.command) or ()
        known = {*PLACES, *CHANGEABLE}
        for number, argument in enumerate(command):
            for name in PLACE.findall(argument):
                if name not in known and not name.startswith("fields."):
                    yield OptionFault(
                        ("write_back", "command", number),
                        "command",
                        f"nothing stands for {{{name}}}",
                        suggestion(name, sorted(known)),
                    )

    def channels_used(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The channels by which changes go back."""
        back = self.write_back
        if back is not None and back.mail is not None:
            yield ("write_back", "mail", "channel"), back.mail.channel
        if back is not None and back.webhook is not None:
            yield ("write_back", "webhook"), back.webhook


# What decides how a row is understood: if it changes, every ticket is told anew.
_UNDERSTANDING: Final = {"missing", "timezone", "tickets", "messages", "events"}
