"""First stage: what changed at a helpdesk goes into the store, and marks whom it concerns due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.condition import ContactsBy
from engine.domain.contact import Contact
from engine.domain.history import History
from engine.domain.ticket import (
    CHANGEABLE,
    CUSTOMER_FIELDS,
    Actor,
    Event,
    EventKind,
    Ticket,
    Value,
    utc_second,
    value_of,
)
from engine.errors import HelpdeskError
from engine.pipeline.echoes import is_echo, recognised
from engine.pipeline.meeting import refuse_wrong_clock
from engine.pipeline.reachability import heard_of_addresses
from engine.pipeline.subjects import subjects_of
from engine.ports import (
    Batch,
    Helpdesk,
    Observation,
    OutboxRow,
    Presence,
    RejectedRow,
    Store,
    TicketRecord,
    Transaction,
)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one reading of a helpdesk brought.

    Attributes:
        ids: The tickets that were observed.
        events: Events that were new.
        rejected: What could not be understood; everything else was taken.
        is_complete: Everything was read; otherwise the next reading goes on.
    """

    ids: frozenset[str] = frozenset()
    events: int = 0
    rejected: tuple[RejectedRow, ...] = ()
    is_complete: bool = True

    @property
    def tickets(self) -> int:
        """How many tickets were observed."""
        return len(self.ids)

    def __add__(self, other: Ingested) -> Ingested:
        """Two readings as one: a ticket that both observed counts once."""
        ids = self.ids if other.ids <= self.ids else self.ids | other.ids
        return Ingested(
            ids,
            self.events + other.events,
            self.rejected + other.rejected,
            self.is_complete and other.is_complete,
        )


def ingest(
    store: Store,
    helpdesk: Helpdesk,
    now: datetime,
    kinds: tuple[ContactsBy, ...],
    may_go_on: Callable[[], bool] = lambda: True,
) -> Ingested:
    """Read a helpdesk up to `now`.

    Everything that a batch brings, the watermark included, commits together; so a reading that is
    interrupted is simply made again.

    Args:
        store: Where it goes.
        helpdesk: What is read.
        now: Nothing later than this is taken (aware UTC).
        kinds: The kinds of group that rules read; their members' changes make them due.
        may_go_on: Whether there is time for another batch.

    Raises:
        HelpdeskError: The helpdesk cannot be read now, or says what cannot be believed.
        StoreBusyError: Lost to another writer; reading again is safe.
    """
    tickets, events = set[str](), 0
    rejected: list[RejectedRow] = []
    while True:
        with store.read() as reading:
            watermark = reading.watermark(helpdesk.name)
        batch = helpdesk.changes(watermark, now)
        refuse_wrong_clock(helpdesk.name, batch.clock_skew)
        told = (
            *batch.observations,
            *_gone(store, batch, now),
            *_vanished(store, helpdesk, batch, now),
        )
        if told or batch.watermark != watermark:
            with store.write() as writing:
                events += take(writing, told, kinds)
                writing.set_watermark(helpdesk.name, batch.watermark, now)
        tickets.update(observation.ticket.id for observation in told)
        rejected.extend(batch.rejected)
        if batch.is_complete or not may_go_on():
            return Ingested(frozenset(tickets), events, tuple(rejected), batch.is_complete)


def _gone(store: Store, batch: Batch, now: datetime) -> list[Observation]:
    """The tickets that a helpdesk says are no more there, as they were when last seen."""
    if not batch.gone:
        return []
    with store.read() as tx:
        records = tx.records(batch.gone)
    return [
        Observation(replace(record.source, is_gone=True), now)
        for _, record in sorted(records.items())
    ]


def _vanished(store: Store, helpdesk: Helpdesk, batch: Batch, now: datetime) -> list[Observation]:
    """What became of open tickets, when a helpdesk says that it has none.

    An empty answer is what a key without rights gets, too. So each ticket is asked for by its id:
    gone is what the helpdesk says is gone.

    Raises:
        HelpdeskError: One of them is neither there nor gone.
    """
    if batch.open_tickets != 0 or not batch.is_complete:
        return []
    with store.read() as tx:
        open_here = [one for one in tx.open_tickets() if one.startswith(f"{helpdesk.name}:")]
        told = {observation.ticket.id for observation in batch.observations}
        records = tx.records(set(open_here) - told)
    found = []
    for name, record in sorted(records.items()):
        reading = helpdesk.read(name, now)
        if reading.presence is Presence.UNREADABLE:
            raise HelpdeskError(
                f"{helpdesk.name}: it shows no open ticket any more, and {len(records)} were open;"
                f" {name} cannot be read, so rights may be lost: nothing is taken for resolved"
            )
        gone = Observation(replace(record.source, is_gone=True), now)
        found.append(reading.observation or gone)
    return found


def take(
    tx: Transaction, observations: Iterable[Observation], kinds: tuple[ContactsBy, ...]
) -> int:
    """Keep what was observed and mark whom it concerns due; how many events are new.

    Args:
        tx: Where it is kept.
        observations: In time order.
        kinds: The kinds of group that rules read.
    """
    observed = list(observations)
    names = {observation.ticket.id for observation in observed}
    records, begun = tx.records(names), begun_acts(tx, names)
    known = {name: len(record.events) for name, record in records.items()}
    due: dict[str, datetime] = {}
    merges: dict[str, datetime] = {}
    for observation in observed:
        before = records.get(observation.ticket.id)
        records[observation.ticket.id] = _merged(
            before, observation, begun.get(observation.ticket.id, [])
        )
        for ticket in (observation.ticket, *([before.source] if before else [])):
            if ticket.merged_into:
                merges.setdefault(ticket.merged_into, observation.at)
            for subject in subjects_of(ticket, kinds):
                due.setdefault(subject, observation.at)
    save(tx, [records[name] for name in sorted(records)])
    for ticket, at in heard_of_addresses(tx, records.values()):
        for subject in subjects_of(ticket, kinds):
            due.setdefault(subject, at)
    for subject, at in _survivors_due(tx, merges, kinds):
        due.setdefault(subject, at)
    for at in sorted(set(due.values())):
        tx.mark_due((subject for subject, when in due.items() if when == at), at)
    return sum(len(records[name].events) - known.get(name, -1) for name in records)


def _survivors_due(
    tx: Transaction, merges: Mapping[str, datetime], kinds: tuple[ContactsBy, ...]
) -> Iterator[tuple[str, datetime]]:
    """What becomes of a merged ticket concerns its survivor, and the groups of that."""
    if not merges:
        return
    for name, survivor in tx.survivors(merges).items():
        for subject in subjects_of(survivor, kinds):
            yield subject, merges[name]


def save(tx: Transaction, records: Iterable[TicketRecord]) -> list[Ticket]:
    """Keep tickets, each with its present state and its contacts; gives the present states."""
    present: list[tuple[TicketRecord, Ticket]] = []
    contacts: dict[str, tuple[Contact, ...]] = {}
    for record in records:
        history = History(record.opening, record.events)
        last = record.events[-1].at if record.events else record.opening.created_at
        view = history.as_of(last)
        present.append((record, view.ticket))
        contacts[view.ticket.id] = view.contacts
    tx.save_records(present)
    tx.save_contacts(contacts)
    return [ticket for _, ticket in present]


def begun_acts(tx: Transaction, names: Iterable[str]) -> dict[str, list[OutboxRow]]:
    """Ticket → our acts on it that were attempted, and of which the end is not written down."""
    begun: dict[str, list[OutboxRow]] = {}
    for row in tx.begun_acts(names):
        begun.setdefault(row.action.ticket, []).append(row)
    return begun


def _merged(
    before: TicketRecord | None, seen: Observation, begun: Sequence[OutboxRow]
) -> TicketRecord:
    """What is kept of a ticket after an observation."""
    kept = before.events if before else ()
    seen = recognised(seen, kept, begun)
    if seen.events is not None:
        opening = seen.opening or seen.ticket
        ours = [event for event in kept if _is_ours(event)]
        held = {event.id for event in ours}
        told = [event for event in seen.events if event.id not in held]
        return TicketRecord(opening, seen.ticket, in_order((*told, *ours)), seen.at)
    if before is None:
        return TicketRecord(seen.ticket, seen.ticket, in_order(seen.messages), seen.at)
    changes = [
        change
        for change in difference(before.source, seen.ticket, seen.at)
        if not is_echo(change, kept, begun)
    ]
    held = {event.id for event in kept}
    messages = [event for event in seen.messages if event.id not in held]
    events = in_order((*kept, *messages, *changes))
    return TicketRecord(before.opening, seen.ticket, events, seen.at)


def in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """By time; at one instant what the helpdesk told, in its own order, then what we wrote."""
    return tuple(sorted(events, key=lambda event: (event.at, _is_ours(event))))


def _is_ours(event: Event) -> bool:
    return event.actor is Actor.OURSELVES or event.kind is EventKind.ACKNOWLEDGED


def difference(before: Ticket, after: Ticket, at: datetime) -> tuple[Event, ...]:
    """The changes between two observations of a source that keeps no history, as a person's."""
    names = (
        *CHANGEABLE,
        *(f"customer.{name}" for name in CUSTOMER_FIELDS),
        *(f"fields.{name}" for name in sorted({*before.fields, *after.fields})),
    )
    return tuple(
        Event(
            id=f"{utc_second(at)}/{name}",
            at=at,
            kind=EventKind.CHANGED,
            actor=Actor.PERSON,
            field=name,
            before=_value(was),
            after=_value(now),
        )
        for name in names
        if (was := value_of(before, name)) != (now := value_of(after, name))
    )


def _value(value: object) -> Value:
    if value is None or isinstance(value, (str, tuple, bool, datetime)):
        return value
    return str(value)
