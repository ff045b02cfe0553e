"""The helpdesk that is a Redmine 5."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import RLock
from typing import Final

import httpx

from engine.domain.actions import FieldChange
from engine.errors import HelpdeskError
from engine.helpdesks.base import EVER
from engine.helpdesks.redmine.client import RedmineClient
from engine.helpdesks.redmine.following import Follower
from engine.helpdesks.redmine.mapping import instant
from engine.helpdesks.redmine.options import RedmineOptions
from engine.helpdesks.redmine.rights import Access, lost_fields, missing_rights
from engine.helpdesks.redmine.sight import Sight
from engine.helpdesks.redmine.writing import CALLS, Said, Writer, number_of
from engine.helpdesks.rest.http import CallError
from engine.ports import (
    Batch,
    Introduction,
    Json,
    Message,
    Need,
    Observation,
    Presence,
    Reading,
    Sent,
)

_FOLLOW_UP: Final = "follow_up"


class RedmineHelpdesk:
    """Reads tickets from a Redmine, and acts on them."""

    def __init__(
        self, name: str, options: RedmineOptions, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Contact nobody yet.

        Args:
            name: As in ``HELPDESK:ID``.
            options: What the config file says.
            transport: In place of the network.
        """
        self.name = name
        self.can = options.can
        self._options = options
        key = options.token(name)
        self._client = RedmineClient(name, options.url, options.timeout, key, transport)
        self._sight = Sight(name, options, self._client)
        self._follower = Follower(name, options, self._client, self._sight)
        self._writer = Writer(name, self._client, self._sight.words)
        self._lock = RLock()
        self._youngest: str | None = None

    @property
    def longest_call(self) -> timedelta:
        """The longest that a write takes (real time)."""
        return CALLS * self._options.timeout

    # --- who we are ---

    def introduce(self) -> Introduction:
        """Ask who we are, and what we may do in the projects that are watched.

        Raises:
            HelpdeskError: It cannot be reached, or does not take our key.
        """
        with self._lock:
            self._client.forget()
            access = Access.of(self._client)
            self._sight.know_us(access.account.id)
            lacks = [*missing_rights(self._client, self._options, access)]
            if not any(lack.need is Need.READ for lack in lacks):
                youngest, _ = self._client.search(status_id="*", sort="id:desc")
                watched = [issue for issue in youngest if self._sight.is_watched(issue)]
                self._sight.expect_fields_of(watched)
                lacks.extend(lost_fields(self._options, watched))
            return Introduction(
                account=access.account.login,
                server="Redmine",
                missing=tuple(lacks),
                clock_skew=self._clock_skew(),
                rate_limit=self._client.http.rate_limit,
            )

    def _clock_skew(self) -> timedelta | None:
        """How far its clock is ahead; by its youngest change, if it does not tell the time.

        Redmine's own server tells no time. A change that comes from the future does, once: the next
        time the clock may be right, and what it stamped while it was wrong stays the youngest.
        """
        told = self._client.http.clock_skew
        youngest = self._client.last_changed() if told is None else None
        if youngest is None or youngest == self._youngest:
            return told
        self._youngest = youngest
        ahead = instant(youngest) - datetime.now(UTC).replace(microsecond=0)
        return ahead if ahead > timedelta() else None

    # --- reading ---

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """What changed since `watermark` (None: everything), nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read now; the watermark stays.
        """
        with self._lock:
            return self._follower.batch(watermark, until)

    def sample(self, most: int, until: datetime) -> list[Observation]:
        """The first open tickets, for people to look at.

        Raises:
            HelpdeskError: It cannot be read now.
        """
        listed = (item for items, _ in self._follower.open(most) for item in items)
        found = (self._sight.see(str(item["id"]), until) for item in islice(listed, most))
        return [seen for seen in found if seen is not None]

    def next_change_at(self, after: datetime) -> datetime | None:
        """Nobody knows: it is asked again and again."""
        del after
        return None

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands; never raises."""
        del until
        try:
            seen = self._sight.see(number_of(self.name, ticket_id), EVER)
        except CallError as error:
            is_gone = error.status == httpx.codes.NOT_FOUND and self._knows_us()
            return Reading(Presence.GONE if is_gone else Presence.UNREADABLE)
        except (HelpdeskError, KeyError, TypeError, ValueError):
            return Reading(Presence.UNREADABLE)
        if seen is None:
            return Reading(Presence.UNREADABLE)
        return Reading(Presence.GONE if seen.ticket.is_gone else Presence.PRESENT, seen)

    def _knows_us(self) -> bool:
        try:
            self._client.account()
        except HelpdeskError:
            return False
        return True

    # --- writing ---

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Set fields, and read them back; Redmine answers 204 to much that it leaves undone."""
        del at
        return self._writer.change(ticket_id, changes, key)

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Leave a private note, with our mark as the last line."""
        del at
        return self._writer.say(ticket_id, text, key, Said.PRIVATELY)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Leave a public note, which Redmine mails to the author, with our mark as the last line.

        It leaves a resolved ticket resolved; yet only what is meant for one is written there.
        """
        del at
        is_follow_up = message.facts.get("message") == _FOLLOW_UP
        how = Said.AFTERWARDS if is_follow_up else Said.PUBLICLY
        return self._writer.say(ticket_id, message.text, message.key, how)

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Whether a private note of ours bears the mark."""
        return self._writer.has(ticket_id, key, is_private=True)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Whether a public note of ours bears the mark."""
        return self._writer.has(ticket_id, key, is_private=False)

    def close(self) -> None:
        """Let go of connections."""
        self._client.http.close()
