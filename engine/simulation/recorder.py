"""Stand-ins for the outside that write nothing: for dry runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.domain.actions import FieldChange
from engine.ports import (
    LOCAL_CALL,
    Batch,
    Helpdesk,
    Introduction,
    Json,
    Message,
    Reading,
    Sent,
    SentState,
)


@dataclass(slots=True)
class Recording:
    """What would have been done outside, in order.

    Attributes:
        acts: Changes and notes: (what, key).
        messages: Messages to staff and to customers; a digest is one.
    """

    acts: list[tuple[str, str]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def add(self, what: str, key: str) -> Sent:
        """Record an act as if it had arrived."""
        self.acts.append((what, key))
        return Sent(SentState.DELIVERED, receipt="dry run")

    def add_message(self, message: Message) -> Sent:
        """Record a message as if it had arrived."""
        self.messages.append(message)
        return Sent(SentState.DELIVERED, receipt="dry run")


class RecordedWrites:
    """The writing side of a helpdesk: everything is recorded, and nothing done."""

    longest_call = LOCAL_CALL

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

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

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Nobody can tell: nothing was ever written."""
        return self.has_reply(ticket_id, key)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Nobody can tell: nothing was ever sent."""
        del ticket_id, key
        return None


class RecordingHelpdesk(RecordedWrites):
    """Reads a real helpdesk, and only records what would be written to it."""

    def __init__(self, helpdesk: Helpdesk, recording: Recording) -> None:
        super().__init__(recording)
        self._helpdesk = helpdesk
        self.name = helpdesk.name
        self.can = helpdesk.can

    def introduce(self) -> Introduction:
        """As the real one."""
        return self._helpdesk.introduce()

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        """As the real one."""
        return self._helpdesk.changes(watermark, until)

    def next_change_at(self, after: datetime) -> datetime | None:
        """As the real one."""
        return self._helpdesk.next_change_at(after)

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """As the real one."""
        return self._helpdesk.read(ticket_id, until)

    def close(self) -> None:
        """As the real one."""
        self._helpdesk.close()


class RecordingChannel:
    """Takes messages and sends none."""

    longest_call = LOCAL_CALL

    def __init__(self, name: str, recording: Recording) -> None:
        self.name = name
        self._recording = recording

    def send(self, message: Message) -> Sent:
        """Recorded, not sent."""
        return self._recording.add_message(message)

    def close(self) -> None:
        """Nothing to let go of."""
