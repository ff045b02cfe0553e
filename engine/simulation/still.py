"""A helpdesk to which nothing happens any more: for looking ahead from what is known."""

from __future__ import annotations

from datetime import datetime

from engine.ports import Batch, Json, Observation, Presence, Reading, Store
from engine.simulation.recorder import RecordedWrites, Recording


class StillHelpdesk(RecordedWrites):
    """Tells of each ticket what the store knows, and only records what would be written."""

    def __init__(self, name: str, store: Store, recording: Recording, *, can_reply: bool) -> None:
        super().__init__(recording)
        self.name = name
        self.can_reply = can_reply
        self._store = store

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """Nothing."""
        del until
        return Batch((), watermark or {})

    def next_change_at(self, after: datetime) -> datetime | None:
        """Never."""
        del after
        return None

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """The ticket as the helpdesk last told of it."""
        del until
        with self._store.read() as tx:
            record = tx.records([ticket_id]).get(ticket_id)
        if record is None:
            return Reading(Presence.UNREADABLE)
        return Reading(Presence.PRESENT, Observation(record.source, record.observed_at))
