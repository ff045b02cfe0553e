"""A channel that reaches nobody: it keeps what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from engine.ports import LOCAL_CALL, Message, Sent, SentState


@dataclass(slots=True)
class MemoryChannel:
    """Keeps what it is given.

    Attributes:
        outcomes: Outcomes to give for the next messages; then delivered.
    """

    name: str = "log"
    sent: list[Message] = field(default_factory=list)
    outcomes: list[Sent] = field(default_factory=list)
    longest_call: timedelta = LOCAL_CALL

    def send(self, message: Message) -> Sent:
        """Keep a message."""
        sent = self.outcomes.pop(0) if self.outcomes else Sent(SentState.DELIVERED, message.key)
        if sent.state in (SentState.DELIVERED, SentState.UNKNOWN):
            self.sent.append(message)
        return sent

    def close(self) -> None:
        """Nothing to let go of."""
