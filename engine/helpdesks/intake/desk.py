"""The helpdesk whose tickets other systems send us.

Nothing stands behind it: what was sent is kept in the store's inbox, and what was ingested, in the
store itself. A ticket is what the store knows of it, and what was sent of it since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from engine.domain.actions import FieldChange
from engine.errors import HelpdeskError, StoreBusyError, StoreError
from engine.helpdesks.intake.options import IntakeOptions
from engine.helpdesks.intake.story import Story
from engine.helpdesks.intake.writing import WriteBackWebhook
from engine.ports import (
    Batch,
    Channel,
    Introduction,
    Json,
    Message,
    Post,
    Presence,
    Reading,
    Sent,
    SentState,
    Store,
    Transaction,
)

_FORMAT: Final = "intake/1"
_MOST_AT_ONCE: Final = 4000
"""Posts in one batch: what one transaction of the store takes in at a time."""


class IntakeHelpdesk:
    """Tells what was sent to us, in order of arrival.

    Attributes:
        name: As in ``HELPDESK:ID``.
        can: Customers are written to by mail: nobody here could pass a reply on.
    """

    def __init__(self, name: str, options: IntakeOptions) -> None:
        """Read nothing yet.

        Args:
            name: The helpdesk's name.
            options: What the config file says of it.
        """
        self.name = name
        self.can = options.can
        self._writing = WriteBackWebhook(options)
        self._kept_in: Store | None = None

    @property
    def longest_call(self) -> timedelta:
        """The longest that a write takes."""
        return self._writing.longest_call

    def hand_on_by(self, channels: Mapping[str, Channel]) -> None:
        """Know the channels, one of which may post what is to be done."""
        self._writing.hand_on_by(channels)

    def keep_in(self, store: Store) -> None:
        """Know where what was sent is kept."""
        self._kept_in = store

    def introduce(self) -> Introduction:
        """Nobody has to know us: whoever has the token sends.

        Raises:
            HelpdeskError: What was sent cannot be read.
        """
        self._posts(0, 1)
        return Introduction(account="", server="what others send to escalatord")

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What was sent since `watermark` (None: all that is kept), nothing later than `until`.

        What is later waits, and all that was sent after it.

        Raises:
            HelpdeskError: The store cannot be read now.
        """
        after = _number(watermark)
        found = self._posts(after, _MOST_AT_ONCE)
        posts = _until(found, until)
        with self._reading() as tx:
            stories = self._stories(tx, posts)
        rejected = [row for story in stories for row in story.rejected]
        told = sorted(filter(None, (story.told() for story in stories)), key=lambda one: one.at)
        number = posts[-1].number if posts else after
        return Batch(
            tuple(told),
            {"format": _FORMAT, "number": number},
            tuple(sorted(rejected, key=lambda row: row.line)),
            is_complete=len(posts) < len(found) or len(found) < _MOST_AT_ONCE,
        )

    def next_change_at(self, after: datetime) -> datetime | None:
        """The earliest instant later than `after` of which something was sent."""
        with self._store.read() as tx:
            return tx.next_post_at(self.name, after)

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands, nothing later than `until`; never raises.

        A ticket of which nobody has sent anything is unreadable, and not gone.
        """
        try:
            with self._store.read() as tx:
                after = _number(tx.watermark(self.name))
                record = tx.records([ticket_id]).get(ticket_id)
                posts = _until(tx.posts_of(ticket_id, after), until)
                story = Story.of(ticket_id, record)
                story.take(posts, partial(_is_ours, tx, ticket_id))
        except StoreError:
            return Reading(Presence.UNREADABLE)
        seen = story.told()
        if seen is None:
            return Reading(Presence.UNREADABLE)
        if seen.ticket.is_gone:
            return Reading(Presence.GONE)
        return Reading(Presence.PRESENT, seen)

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Post that fields are to be set."""
        return self._writing.change(ticket_id, changes, key, at)

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Post an internal note."""
        return self._writing.note(ticket_id, text, key, at)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Refuse: there is nobody who could pass it on."""
        del ticket_id, message, at
        reason = f"{self.name} cannot reply: name a channel by replies_by"
        return Sent(SentState.REJECTED, reason=reason)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Nobody can tell."""
        del ticket_id, key
        return None

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Nobody can tell."""
        del ticket_id, key
        return None

    def close(self) -> None:
        """There is nothing to let go of."""

    @property
    def _store(self) -> Store:
        if self._kept_in is None:
            raise HelpdeskError(f"{self.name}: what was sent to it is in no store yet")
        return self._kept_in

    def _posts(self, after: int, most: int) -> Sequence[Post]:
        with self._reading() as tx:
            return tx.posts(self.name, after, most)

    @contextmanager
    def _reading(self) -> Iterator[Transaction]:
        """The store, whose faults are this helpdesk's; but not that it is busy."""
        try:
            with self._store.read() as tx:
                yield tx
        except StoreBusyError:
            raise
        except StoreError as error:
            raise HelpdeskError(f"{self.name}: the inbox cannot be read: {error}") from error

    def _stories(self, tx: Transaction, posts: Sequence[Post]) -> list[Story]:
        by_ticket: dict[str, list[Post]] = {}
        for post in posts:
            by_ticket.setdefault(post.ticket, []).append(post)
        records = tx.records(by_ticket)
        stories = [Story.of(ticket, records.get(ticket)) for ticket in by_ticket]
        for story in stories:
            story.take(by_ticket[story.ticket], partial(_is_ours, tx, story.ticket))
        return stories


def _is_ours(tx: Transaction, ticket: str, key: str) -> bool:
    """Whether a change of the ticket bears the key of one that we asked for."""
    return bool(tx.view("v_outbox", {"idempotency_key": key, "ticket": ticket}))


def _number(watermark: Json | None) -> int:
    number = (watermark or {}).get("number")
    return number if isinstance(number, int) else 0


def _until(posts: Sequence[Post], until: datetime) -> list[Post]:
    """Those before the first that is later."""
    end = next((place for place, post in enumerate(posts) if post.at > until), len(posts))
    return list(posts[:end])
