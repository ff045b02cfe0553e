"""What a message is rendered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from engine.domain.ticket import Ticket

_NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StaffNotice:
    """One thing that staff are told.

    Attributes:
        ticket: The ticket as it stands (for a group: its newest).
        details: The action's `details`; every key may be missing. Read are ``rule`` (``id``,
            ``description``, ``reason``), ``level`` (``name``, ``number``, ``kind``), ``due_at``,
            ``fired_at``, ``passed_levels``, ``tickets`` (ids), ``changes`` (``field``, ``before``,
            ``after``), ``room_from``, ``occurrence``, ``reason``, ``notify`` (names), ``facts``,
            ``escalated``, ``last_owner`` (``name``, ``until``).
        receiver: Who is told.
        members: Snapshots of ``tickets``, as far as they are known.
        ack_url: Where the escalation can be taken.
        as_of: When `ticket` was read, if it cannot be read now (aware UTC).
    """

    ticket: Ticket
    details: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    receiver: str = ""
    members: tuple[Ticket, ...] = ()
    ack_url: str | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class CustomerNotice:
    """One thing that a customer is told.

    Attributes:
        ticket: The ticket as it stands; most of it stays hidden from the template.
        details: The action's `details`; every key may be missing. Read are ``escalated_at`` and
            ``next_update_at``, and nothing else.
        survey_url: Where the customer can say how it went.
    """

    ticket: Ticket
    details: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    survey_url: str | None = None
