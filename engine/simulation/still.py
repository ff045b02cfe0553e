"""A helpdesk to which nothing happens any more: for looking ahead from what is known."""

from __future__ import annotations

from datetime import datetime

from engine.domain.capability import Capabilities
from engine.ports import Batch, Introduction, Json, Observation, Presence, Reading, Store
from engine.simulation.recorder import RecordedWrites, Recording


class StillHelpdesk(RecordedWrites):
    """Tells of each ticket what the store knows, and only records what would be written."""

    def __init__(self, name: str, store: Store, recording: Recording, can: Capabilities) -> None:
        super().__init__(recording)
        self.name = name
        self.can = can
        self._store = store

    def introduce(self) -> Introduction:
        """There is nobody to ask."""
        return Introduction(account="", server="what the store knows")

    def close(self) -> None:
        """Nothing to let go of."""

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
