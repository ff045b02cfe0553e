"""What a decision asks to be done outside: the rows of the outbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.domain.ticket import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.episode import EpisodeId


class ActionKind(StrEnum):
    """The ways to act."""

    CHANGE = "change"
    NOTE = "note"
    NOTIFY = "notify"
    DIGEST = "digest"
    REPLY = "reply"


class Audience(StrEnum):
    """Who is concerned: crash policy and guard differ."""

    TICKET = "ticket"
    STAFF = "staff"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """An absolute change: the value that we saw, and the one that we want."""

    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do, for one receiver.

    Attributes:
        key: Idempotency key, unique for ever.
        ticket: The ticket to act on (for a group's notice: its newest ticket).
        subject: What the rule was held against.
        changes: For `CHANGE`: what to set, in order.
        receiver: For `NOTIFY` and `DIGEST`: the receiver's name.
        channel: For `NOTIFY` and `DIGEST`: name of the channel.
        to: For `NOTIFY` and `DIGEST`: the address in that channel's form.
        template: Name of the template (staff or customer, by audience).
        text: For `NOTE`: what to write.
        details: What the template is told besides the ticket; JSON values only.
        not_before: Earliest delivery (aware UTC); None for at once.
        held: Not to be delivered until released (a budget ran out).
        skipped: Never to be delivered: it is written down so that people can see what was not sent.
        reason: Why it is held or skipped, if it is.
    """

    key: str
    kind: ActionKind
    audience: Audience
    ticket: str
    subject: str
    episode: EpisodeId
    level: int | None = None
    occurrence: int | None = None
    changes: tuple[FieldChange, ...] = ()
    receiver: str | None = None
    channel: str | None = None
    to: str | None = None
    template: str | None = None
    text: str | None = None
    details: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    not_before: datetime | None = None
    held: bool = False
    skipped: bool = False
    reason: str | None = None
