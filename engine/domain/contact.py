"""Contacts: a customer turning to us, and how many of them make a rule hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact, on one ticket.

    Attributes:
        ticket: The ticket as it stands now (for `same`).
        key: What identifies an episode anchored here (see `Event.anchor_key`).
        at: When the customer turned to us (aware UTC).
        channel: How, if known.
    """

    ticket: Ticket
    key: str
    at: datetime
    channel: str | None
