"""Addresses that take no mail from us, told apart without naming them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.domain.ticket import Customer

_HASH_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Bounce:
    """A message to a customer came back.

    Attributes:
        address: The address, as `address_hash` tells it.
        at: When we learnt of it (aware UTC).
        ticket: On which ticket.
        reason: What the other side said, in one line.
        key: Idempotency key of the message that came back, where that is known: a person may have
            this very one tried again.
        cleared_at: Since when the address is believed to work again (aware UTC); None while not.
    """

    address: str
    at: datetime
    ticket: str
    reason: str
    key: str | None = None
    cleared_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether nothing may go to the address at `at` (aware UTC)."""
        return self.at <= at and (self.cleared_at is None or at < self.cleared_at)


def address_hash(customer: Customer) -> str | None:
    """What tells a customer's address from others; None where the customer has none that we know.

    Where the helpdesk does the writing, and keeps the address to itself, the customer's id stands
    for it.
    """
    if customer.email:
        named = f"mail:{customer.email.strip().casefold()}"
    elif customer.id:
        named = f"customer:{customer.id}"
    else:
        return None
    return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:_HASH_LENGTH]
