"""A helpdesk to which nothing happens any more: for looking ahead from what is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from engine.domain.actions import FieldChange
from engine.ports import Batch, Json, Message, Observation, Presence, Reading, Sent, Store
from engine.simulation.recorder import Recording


class StillHelpdesk:
    """Tells of each ticket what the store knows, and only records what would be written."""

    def __init__(self, name: str, store: Store, recording: Recording, *, can_reply: bool) -> None:
        self.name = name
        self.can_reply = can_reply
        self._store = store
        self._recording = recording

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

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Recorded, not done."""
        del ticket_id, changes, at
        return self._recording.add("change", key)

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Recorded, not done."""
        del ticket_id, text, at
        return self._recording.add("note", key)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Recorded, not done."""
        del ticket_id, at
        return self._recording.add_message(message)
