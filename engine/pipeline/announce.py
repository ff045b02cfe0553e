"""What the log is to tell of what people did: of silences, and of rows of the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.domain.silence import Silence
from engine.ports import Intervention, OutboxRow, SilenceTold, Store, Transaction


@dataclass(frozen=True, slots=True)
class Announcement:
    """A turn of a silence that is to be told now; never `NOTHING`."""

    silence: Silence
    turn: SilenceTold


def announce(store: Store, now: datetime) -> list[Announcement]:
    """Find what has not been told of silences; each turn is given once, also among many daemons.

    Args:
        store: Where the silences are, and what has been told of each.
        now: Aware UTC.

    Returns:
        At most one turn of each silence, in the order in which they were asked for.
    """
    with store.read() as tx:
        open_ones = tx.silences_to_tell_of()
    turns = [
        (found, told, turn)
        for found, told in open_ones
        if (turn := _turn(found, told, now)) is not None
    ]
    if not turns:
        return []
    with store.write() as tx:
        return [
            Announcement(found, turn)
            for found, told, turn in turns
            if tx.tell_of_silence(found.id, told, turn)
        ]


def interventions(store: Store) -> list[tuple[Intervention, OutboxRow]]:
    """Find what people decided about rows of the outbox; each is given once, with its row."""
    with store.read() as tx:
        if not tx.interventions_to_tell_of():
            return []
    with store.write() as tx:
        untold = [one for one in tx.interventions_to_tell_of() if tx.tell_of_intervention(one.id)]
        rows = ((one, tx.outbox_row(one.row_id)) for one in untold)
        return [(one, row) for one, row in rows if row is not None]


def next_turn_at(tx: Transaction) -> datetime | None:
    """When there is something to tell of silences next (aware UTC)."""
    turns = []
    for silence, told in tx.silences_to_tell_of():
        if told is SilenceTold.NOTHING:
            turns.append(silence.added_at)
        elif told is SilenceTold.ADDED and silence.remind_at is not None:
            turns.append(min(silence.remind_at, silence.ends_at))
        else:
            turns.append(silence.ends_at)
    return min(turns, default=None)


def _turn(silence: Silence, told: SilenceTold, now: datetime) -> SilenceTold | None:
    if told is SilenceTold.NOTHING:
        return SilenceTold.ADDED
    if silence.ends_at <= now:
        return SilenceTold.ENDED
    remind_at = silence.remind_at
    if told is SilenceTold.ADDED and remind_at is not None and remind_at <= now:
        return SilenceTold.ENDING
    return None
