"""A command: somebody takes an escalation."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from engine.domain.condition import ContactsBy
from engine.domain.ticket import Actor, Event, EventKind
from engine.errors import UsageError
from engine.pipeline.subjects import subjects_of
from engine.ports import Store


def acknowledge(
    store: Store,
    ticket_id: str,
    rule: str | None,
    who: str,
    kinds: tuple[ContactsBy, ...],
    now: datetime,
) -> list[str]:
    """Take a ticket's escalations, and those of the groups that it belongs to.

    Args:
        store: Where it is written down.
        ticket_id: ``HELPDESK:ID``.
        rule: Only this rule's escalation; None for all.
        who: Name of the person, for the record.
        kinds: The kinds of group that rules read.
        now: Aware UTC.

    Returns:
        The ids of the rules whose escalations are now taken.

    Raises:
        UsageError: The ticket is unknown, or has no escalation to take.
    """
    with store.write() as tx:
        record = tx.records([ticket_id]).get(ticket_id)
        if record is None:
            raise UsageError(f"there is no ticket {ticket_id}; `status` names the helpdesks")
        subjects = subjects_of(record.source, kinds)
        escalated = {
            (episode.id.subject, episode.id.rule)
            for episodes in tx.episodes(subjects).values()
            for episode in episodes
            if episode.escalated_at is not None and episode.ended_at is None
            if rule in (None, episode.id.rule)
        }
        if not escalated:
            wanted = f"rule {rule}" if rule else "any rule"
            raise UsageError(f"{ticket_id} has no live escalation of {wanted} to acknowledge")
        for subject in sorted({subject for subject, _ in escalated}):
            tx.append_events(subject, [_event(rule, who, now)])
        tx.mark_due({subject for subject, _ in escalated}, now)
    return sorted(_rules(escalated))


def _rules(escalated: Iterable[tuple[str, str]]) -> set[str]:
    return {rule for _, rule in escalated}


def _event(rule: str | None, who: str, now: datetime) -> Event:
    return Event(
        id=f"acknowledged/{uuid.uuid4().hex}",
        at=now,
        kind=EventKind.ACKNOWLEDGED,
        actor=Actor.PERSON,
        rule=rule,
        who=who,
    )
