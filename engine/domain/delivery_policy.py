"""When a customer may hear from us: one voice, at humane hours, not too often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from engine.domain.calendar import Calendar
from engine.domain.episode import CustomerMessage
from engine.domain.facts import CustomerLimits
from engine.domain.reason import Reason

AFTER_THEIR_OWN = timedelta(hours=1)
"""Who has just written is not answered by a machine."""
A_DAY = timedelta(hours=24)


def deliver_at(
    not_before: datetime,
    calendar: Calendar,
    customer_wrote_at: datetime | None,
    heard_at: Sequence[datetime],
    limits: CustomerLimits,
) -> tuple[datetime, Reason | None]:
    """The earliest instant from `not_before` on at which the customer may hear, and what delays it.

    1. Move to the next opening of the delivery calendar.
    2. Move to an hour after the customer's own last message.
    3. Move to `gap` after our last message, and to where fewer than `per_day` lie in 24 hours.
    4. Begin again until nothing moves.

    Args:
        not_before: When the message is due, or now if that is later (aware UTC).
        calendar: The delivery calendar.
        customer_wrote_at: The customer's last message on the ticket.
        heard_at: Our messages to this ticket or customer so far, sorted.
        limits: How often a customer may hear from us.

    Returns:
        The instant, and the last reason for which it moved (None: it did not).
    """
    at = not_before
    reason: Reason | None = None
    while True:
        moved, why = _moved(at, calendar, customer_wrote_at, heard_at, limits)
        if moved <= at:
            return at, reason
        at, reason = moved, why


def _moved(
    at: datetime,
    calendar: Calendar,
    customer_wrote_at: datetime | None,
    heard_at: Sequence[datetime],
    limits: CustomerLimits,
) -> tuple[datetime, Reason | None]:
    opens_at = calendar.next_open(at)
    if opens_at > at:
        return opens_at, Reason.OUTSIDE_HOURS
    if customer_wrote_at is not None and customer_wrote_at + AFTER_THEIR_OWN > at:
        return customer_wrote_at + AFTER_THEIR_OWN, Reason.REPLIED
    return _limited(at, heard_at, limits), Reason.CUSTOMER_LIMIT


def _limited(at: datetime, heard_at: Sequence[datetime], limits: CustomerLimits) -> datetime:
    if heard_at and heard_at[-1] + limits.gap > at:
        return heard_at[-1] + limits.gap
    lately = [instant for instant in heard_at if instant > at - A_DAY]
    if len(lately) >= limits.per_day:
        return lately[-limits.per_day] + A_DAY
    return at


def heard_by(
    messages: Sequence[CustomerMessage], ticket: str, customer: str | None
) -> list[datetime]:
    """When this ticket or this customer heard from us, sorted."""
    return sorted(
        message.deliver_at
        for message in messages
        if message.skipped is None
        if message.ticket == ticket or (customer is not None and message.customer == customer)
    )
