"""Commands: silence rules or tickets for a while, and end that before its time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.condition import ContactsBy
from engine.domain.reason import Reason
from engine.domain.silence import Matchers, Silence
from engine.domain.ticket import utc_second
from engine.errors import UsageError
from engine.pipeline.subjects import subjects_of
from engine.ports import Store, Transaction


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks to be silenced.

    Attributes:
        matchers: What it is about; none at all means every rule on every ticket.
        until: When it ends (aware UTC), exclusive.
        author: Who asks for it.
        reason: Why.
        begins_at: When it begins (aware UTC); None for now.
    """

    matchers: Matchers
    until: datetime
    author: str
    reason: str
    begins_at: datetime | None = None


def silence(store: Store, asked: Asked, kinds: tuple[ContactsBy, ...], now: datetime) -> Silence:
    """Silence rules on tickets, from now or from a later instant on.

    Levels wait meanwhile and fire as one at the end; messages to customers that fall due are
    skipped. All whom it may concern are looked at again.

    Args:
        store: Where it is written down.
        asked: What is to be silenced, until when, by whom and why.
        kinds: The kinds of group that rules read.
        now: Aware UTC.

    Returns:
        The silence, with its id.

    Raises:
        UsageError: It has no author or reason, begins in the past, ends before it begins, or is
            about a ticket that is unknown.
    """
    wanted = Silence(
        id="",
        matchers=asked.matchers,
        begins_at=asked.begins_at or now,
        until=asked.until,
        author=asked.author.strip(),
        reason=asked.reason.strip(),
        added_at=now,
    )
    _require_sense(wanted, now)
    with store.write() as tx:
        _require_tickets(tx, wanted.matchers)
        kept = tx.add_silence(wanted)
        _look_again(tx, wanted.matchers, kinds, now)
    return kept


def end(store: Store, silence_id: str, kinds: tuple[ContactsBy, ...], now: datetime) -> Silence:
    """End a silence now: what it held back is looked at again, and tried again.

    Args:
        store: Where it is written down.
        silence_id: What `silence` gave it.
        kinds: The kinds of group that rules read.
        now: Aware UTC.

    Returns:
        The silence as it has ended.

    Raises:
        UsageError: There is none of that id, or it is over already.
    """
    with store.write() as tx:
        found = tx.silence(silence_id)
        if found is None:
            raise UsageError(f"there is no silence '{silence_id}'; `silence list --all` has them")
        if not tx.end_silence(found.id, now):
            raise UsageError(f"silence {found.id} is over since {utc_second(found.ends_at)}")
        _look_again(tx, found.matchers, kinds, now)
        tx.wake(Reason.SILENCED.value, now)
    return replace(found, ended_at=now)


def _require_sense(wanted: Silence, now: datetime) -> None:
    begin, end_at = utc_second(wanted.begins_at), utc_second(wanted.until)
    if not wanted.author or not wanted.reason:
        missing = "reason" if wanted.author else "author"
        raise UsageError(f"a silence needs its {missing}: who asks for it, and why")
    if wanted.begins_at < now:
        raise UsageError(f"a silence cannot begin at {begin}: it is {utc_second(now)} already")
    if wanted.until <= now:
        raise UsageError(f"a silence cannot end at {end_at}: it is {utc_second(now)} already")
    if wanted.until <= wanted.begins_at:
        raise UsageError(f"a silence cannot end at {end_at}, as it begins at {begin}")


def _require_tickets(tx: Transaction, matchers: Matchers) -> None:
    known = tx.records(matchers.tickets)
    for name in matchers.tickets:
        if name not in known:
            raise UsageError(f"there is no ticket '{name}' in the store; write HELPDESK:ID")


def _look_again(
    tx: Transaction, matchers: Matchers, kinds: tuple[ContactsBy, ...], now: datetime
) -> None:
    """Mark due whom a silence concerns; without tickets, everybody whom time alone could change."""
    if not matchers.tickets:
        tx.look_again(now)
        return
    records = tx.records(matchers.tickets).values()
    tx.mark_due({name for record in records for name in subjects_of(record.source, kinds)}, now)
