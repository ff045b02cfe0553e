"""Tickets that somebody says have changed are read first, one by one, whatever polling would do."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from engine.domain.condition import ContactsBy
from engine.pipeline.ingest import Ingested, take
from engine.ports import Helpdesk, Store

MOST_AT_ONCE: Final = 50
"""Each costs a call; the others have their turn with the next reading."""


def take_nudged(
    store: Store, helpdesk: Helpdesk, now: datetime, kinds: tuple[ContactsBy, ...]
) -> Ingested:
    """Read the tickets of a helpdesk that are to be read at once.

    A nudge only makes sooner what polling would bring: one whose ticket cannot be read now is spent
    like any other. One that comes while its ticket is being read stays.

    Args:
        store: Where nudges are, and tickets go.
        helpdesk: What is read.
        now: Nothing later than this is taken (aware UTC).
        kinds: The kinds of group that rules read.

    Raises:
        StoreBusyError: Lost to another writer; reading again is safe.
    """
    with store.read() as reading:
        nudges = reading.nudges(helpdesk.name, MOST_AT_ONCE)
    if not nudges:
        return Ingested()
    readings = [helpdesk.read(nudge.ticket, now) for nudge in nudges]
    observations = sorted(
        (each.observation for each in readings if each.observation is not None),
        key=lambda one: one.at,
    )
    with store.write() as writing:
        events = take(writing, observations, kinds)
        writing.settle_nudges(nudges)
    return Ingested(frozenset(one.ticket.id for one in observations), events)
