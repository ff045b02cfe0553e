"""What the guard learns is known to everybody, and a customer's message is decided once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from engine.domain.condition import ContactsBy
from engine.domain.facts import CustomerLimits, Known
from engine.domain.reconsider import Reconsidered, reconsider
from engine.domain.ruleset import Ruleset
from engine.domain.ticket import Actor, EventKind
from engine.pipeline.gather import gather
from engine.pipeline.ingest import take
from engine.ports import Observation, OutboxRow, Presence, Reading, Store, TicketRecord


def second_look(
    store: Store,
    row: OutboxRow,
    ruleset: Ruleset,
    limits: CustomerLimits,
    known: Mapping[str, Known],
    now: datetime,
) -> Reconsidered:
    """Whether a message to a customer would be decided again at `now`, and what it then promises.

    Args:
        store: What is known, with what the guard has just read.
        row: The message.
        ruleset: The rules in force.
        limits: How often a customer may hear from us.
        known: Since when each rule's text is in force.
        now: Aware UTC; a clock that was set back since the decision does not undo it.
    """
    subject, now = row.action.subject, max(now, row.created_at)
    with store.read() as tx:
        facts = gather(tx, [subject], ruleset, limits, known, now).facts(subject)
    return reconsider(row.action, row.created_at, facts, ruleset, now)


def take_in(
    store: Store,
    reading: Reading,
    record: TicketRecord | None,
    kinds: tuple[ContactsBy, ...],
    now: datetime,
) -> None:
    """Let what the guard has read be known to the next decision, where it is news.

    Otherwise what the guard stopped would be decided again, and stopped again, until the helpdesk
    is read in full.

    Args:
        store: Where it is kept.
        reading: The ticket as it was just read.
        record: The ticket as the store holds it; an unknown one is left to the next full reading.
        kinds: The kinds of group that rules read.
        now: Aware UTC.
    """
    if record is None:
        return
    seen = reading.observation
    if reading.presence is Presence.GONE and not record.source.is_gone:
        seen = Observation(replace(record.source, is_gone=True), now)
    if seen is None or not _is_news(seen, record):
        return
    with store.write() as tx:
        take(tx, [seen], kinds)


def _is_news(seen: Observation, record: TicketRecord) -> bool:
    if seen.ticket != record.source or seen.messages:
        return True
    told = {event.id for event in record.events if event.actor is not Actor.OURSELVES}
    told -= {event.id for event in record.events if event.kind is EventKind.ACKNOWLEDGED}
    if seen.events is None:
        return False
    return {event.id for event in seen.events if event.actor is not Actor.OURSELVES} != told
