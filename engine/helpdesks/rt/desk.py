"""The helpdesk that is a Request Tracker 5."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import RLock

import httpx

from engine.domain.actions import FieldChange
from engine.errors import HelpdeskError
from engine.helpdesks.base import EVER
from engine.helpdesks.rt.client import RtClient
from engine.helpdesks.rt.following import Follower
from engine.helpdesks.rt.options import RtOptions
from engine.helpdesks.rt.rights import missing_rights
from engine.helpdesks.rt.sight import Sight
from engine.helpdesks.rt.writing import CALLS, Writer
from engine.ports import Batch, Introduction, Json, Message, Observation, Presence, Reading, Sent


class RtHelpdesk:
    """Reads tickets from a Request Tracker, and acts on them."""

    def __init__(
        self, name: str, options: RtOptions, transport: httpx.BaseTransport | None = None
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
        token = options.token(name)
        self._client = RtClient(name, options.url, options.timeout, token, transport)
        self._sight = Sight(name, options, self._client)
        self._follower = Follower(name, options, self._client, self._sight)
        self._writer = Writer(name, self._client, self._sight)
        self._lock = RLock()

    @property
    def longest_call(self) -> timedelta:
        """The longest that a write takes (real time)."""
        return CALLS * self._options.timeout

    # --- who we are ---

    def introduce(self) -> Introduction:
        """Ask who we are, and what we may do in the queues that are watched.

        Raises:
            HelpdeskError: It cannot be reached, or does not take our token.
        """
        with self._lock:
            self._client.forget()
            version = self._client.version()
            account = self._client.ourselves()
            queues = self._client.queues()
            self._sight.know_us(account)
            self._sight.expect_fields(queues)
            return Introduction(
                account=account.name,
                server=f"Request Tracker {version}",
                missing=tuple(missing_rights(self._client, self._options, queues)),
                zone=account.zone,
                clock_skew=self._client.http.clock_skew,
                rate_limit=self._client.http.rate_limit,
            )

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
        items, _ = self._follower.open(most)
        found = (self._sight.look(f"{self.name}:{item['id']}", until) for item in items)
        return [reading.observation for reading in found if reading.observation is not None]

    def next_change_at(self, after: datetime) -> datetime | None:
        """Nobody knows: it is asked again and again."""
        del after
        return None

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands; never raises."""
        del until
        try:
            return self._sight.look(ticket_id, EVER)
        except (HelpdeskError, KeyError, TypeError, ValueError):
            return Reading(Presence.UNREADABLE)

    # --- writing ---

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Set fields, and read them back; RT answers 200 to whatever it refuses."""
        del at
        return self._writer.change(ticket_id, changes, key)

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Leave a comment, whose subject is our mark; one that is there is not left again."""
        del at
        return self._writer.note(ticket_id, text, key)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Write to the requestor, with our mark as the last line."""
        del at
        return self._writer.reply(ticket_id, message)

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Whether a comment of ours bears the mark."""
        return self._writer.has_note(ticket_id, key)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Whether an answer of ours bears the mark."""
        return self._writer.has_reply(ticket_id, key)

    def close(self) -> None:
        """Let go of connections."""
        self._client.http.close()
