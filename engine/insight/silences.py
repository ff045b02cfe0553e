"""What is, was or will be silenced: format ``escalatord.silence/1``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from engine.domain.ruleset import Ruleset
from engine.domain.silence import AnySilence, Matchers, Silence, SilentHours
from engine.domain.ticket import Ticket, utc_second
from engine.insight.contracts.documents import SilenceDocument, SilenceLine
from engine.ports import Store

_CHUNK = 500


def as_json(silences: Sequence[AnySilence], now: datetime) -> SilenceDocument:
    """The document of ``silence list --json``."""
    lines = [silence_line(one, now) for one in silences]
    return {"format": "escalatord.silence/1", "now": utc_second(now), "silences": lines}


def silences(
    store: Store, ruleset: Ruleset, now: datetime, *, past_too: bool = False
) -> list[AnySilence]:
    """The silences in the order in which they were asked for, then the recurring ones.

    Args:
        store: What was asked for.
        ruleset: The rules in force, with their recurring silences.
        now: The domain's instant (aware UTC).
        past_too: Also those that are over.
    """
    with store.read() as tx:
        asked = tx.silences(None if past_too else now)
    return [*asked, *ruleset.generation.silences]


def silence_line(silence: AnySilence, now: datetime) -> SilenceLine:
    """One silence, as programs are told."""
    begins_at, ends_at = _spell(silence, now)
    matchers = silence.matchers
    return {
        "id": silence.id,
        "state": _state(silence, now),
        "during": silence.calendar.name if isinstance(silence, SilentHours) else None,
        "begins_at": None if begins_at is None else utc_second(begins_at),
        "ends_at": None if ends_at is None else utc_second(ends_at),
        "rules": list(matchers.rules),
        "tickets": list(matchers.tickets),
        "customers": list(matchers.customers),
        "groups": list(matchers.groups),
        "author": silence.author,
        "reason": silence.reason,
    }


def _state(silence: AnySilence, now: datetime) -> Literal["in_force", "to_come", "over"]:
    if silence.holds_until(now) is not None:
        return "in_force"
    is_over = isinstance(silence, Silence) and silence.ends_at <= now
    return "over" if is_over else "to_come"


def _spell(silence: AnySilence, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When it began or begins, and ends; of recurring hours that last now, only the end."""
    if isinstance(silence, Silence):
        return silence.begins_at, silence.ends_at
    until = silence.holds_until(now)
    if until is not None:
        return None, until
    begins_at = silence.edge_after(now)
    return begins_at, begins_at and silence.edge_after(begins_at)


def strangers(store: Store, matchers: Matchers) -> list[tuple[str, str, list[str]]]:
    """The customers and groups of which no open ticket is, perhaps misspelt.

    Returns:
        ``customer`` or ``group``, the name, and the names that open tickets do have.
    """
    if not (matchers.customers or matchers.groups):
        return []
    customers: set[str] = set()
    groups: set[str] = set()
    for ticket in _open_tickets(store):
        customers |= {ticket.customer.id} if ticket.customer.id else set()
        groups |= {ticket.group} if ticket.group else set()
    folded = {group.casefold() for group in groups}
    return [
        *(
            ("customer", one, sorted(customers))
            for one in matchers.customers
            if one not in customers
        ),
        *(
            ("group", one, sorted(groups))
            for one in matchers.groups
            if one.casefold() not in folded
        ),
    ]


def _open_tickets(store: Store) -> Iterator[Ticket]:
    with store.read() as tx:
        names = tx.open_tickets()
        for start in range(0, len(names), _CHUNK):
            records = tx.records(names[start : start + _CHUNK])
            yield from (record.source for record in records.values())
