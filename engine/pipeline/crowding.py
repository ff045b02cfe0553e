"""An address of the staff that has heard enough for now hears the rest later, in one message.

Nothing is dropped, and nothing waits longer than the stretch of time in which messages are counted.
"""

from __future__ import annotations

from datetime import datetime

from engine.domain.actions import Action, Audience
from engine.domain.rate import Rate
from engine.ports import Transaction

CROWDED = "the receiver has had as many messages as staff_limits allow; it goes out with others"
"""The reason of rows that wait for it, by which they are found again."""


def crowded_until(
    tx: Transaction, action: Action, limit: Rate | None, now: datetime
) -> datetime | None:
    """When the address of a notice may hear more (aware UTC); None if it may at `now`.

    Messages are counted in the store, so that a restart forgets none.

    Args:
        tx: A reading of the store.
        action: What is to be told.
        limit: How many messages an address gets; None for any number.
        now: Aware UTC, by the clock that rows are finished by.
    """
    if limit is None or action.audience is not Audience.STAFF:
        return None
    return limit.room_at(tx.messages_to(action, now - limit.per), now)
