"""From what was sent to what is kept of it, and back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from pydantic import TypeAdapter

from engine.domain.ticket import utc_second
from engine.intake.vocabulary import Changed, Created, Event, Message, TicketSnapshot

FAST_CLOCK: Final = timedelta(minutes=5)
"""So far ahead of ours a sender's clock may be: what it says to happen then happens now."""

Item = TicketSnapshot | Created | Changed | Message

_TICKET: Final = "ticket"
_EVENT: Final = "event"
_SNAPSHOT: Final = TypeAdapter(TicketSnapshot)
_HAPPENED: Final[TypeAdapter[Created | Changed | Message]] = TypeAdapter(Event)


class FutureError(ValueError):
    """An item is said to happen later than any clock could err.

    Attributes:
        item: Its place in the batch, from 0.
    """

    def __init__(self, item: int, at: datetime) -> None:
        self.item = item
        super().__init__(f"{utc_second(at)} is still to come; set the sender's clock")


@dataclass(frozen=True, slots=True)
class Kept:
    """One item, as it is written down.

    Attributes:
        key: What it is known by; the same item gives the same.
        digest: Of its content.
        ticket: The ticket's id with the sender.
        at: When it happened (aware UTC).
        body: JSON text, from which `item_of` reads it again.
    """

    key: str
    digest: str
    ticket: str
    at: datetime
    body: str


def kept(items: Sequence[Item], now: datetime) -> list[Kept]:
    """What is to be written down, in order.

    Args:
        items: What was sent.
        now: When it came (aware UTC).

    Raises:
        FutureError: Something is still to happen.
    """
    return [_kept(number, item, now) for number, item in enumerate(items)]


def _kept(number: int, item: Item, now: datetime) -> Kept:
    at = item.at or now
    if at > now + FAST_CLOCK:
        raise FutureError(number, at)
    body = item.model_dump_json(exclude_unset=True, by_alias=True)
    digest = sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if not isinstance(item, TicketSnapshot):
        return Kept(f"{_EVENT}/{item.id}", digest, item.ticket, min(at, now), body)
    # Of when it is true may be the same for several: they differ by what they say. Without it,
    # each is of the instant at which it came, and none is the replay of another.
    said = digest if item.at else uuid.uuid4().hex
    key = f"{_TICKET}/{item.id}@{utc_second(at)}#{said}"
    return Kept(key, digest, item.id, min(at, now), body)


def item_of(key: str, body: str) -> Item:
    """What was sent, from what was kept of it."""
    if key.startswith(f"{_TICKET}/"):
        return _SNAPSHOT.validate_json(body)
    return _HAPPENED.validate_json(body)
