"""Tickets, events, contacts and subjects in the memory twin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engine.domain.condition import ContactsBy
from engine.domain.contact import Contact
from engine.domain.history import History
from engine.domain.merge import with_absorbed
from engine.domain.ticket import Actor, Event, EventKind, Ticket
from engine.ports import DueSubject, Json, TicketRecord
from engine.store.memory.merges import MemoryMerges, is_open
from engine.store.memory.tables import KeptEvent, KeptTicket


class MemoryTickets(MemoryMerges):
    """What ingest writes and everybody reads."""

    def watermark(self, helpdesk: str) -> Json | None:
        """Where reading that helpdesk goes on; None before the first time."""
        found = self._tables.watermarks.get(helpdesk)
        return None if found is None else dict(found)

    def set_watermark(self, helpdesk: str, watermark: Json, at: datetime) -> None:
        """Remember how far a helpdesk has been read."""
        del at
        self._tables.watermarks[helpdesk] = dict(watermark)

    def forget_what_was_read(self) -> None:
        """Be as if no helpdesk had ever been read; all of it can be read again."""
        tables = self._tables
        for table in (tables.watermarks, tables.contacts, tables.events, tables.subjects):
            table.clear()
        tables.tickets.clear()

    def records(self, ticket_ids: Iterable[str]) -> dict[str, TicketRecord]:
        """What is kept of these tickets; unknown ones are left out."""
        found = {name: self._tables.tickets.get(name) for name in ticket_ids}
        return {
            name: replace(kept.record, events=self._events(name))
            for name, kept in found.items()
            if kept is not None
        }

    def save_records(self, records: Sequence[tuple[TicketRecord, Ticket]]) -> None:
        """Keep tickets, each with its present state (our own writes included).

        Of a ticket's events those that came from its source are replaced by the record's; what we
        wrote ourselves and acknowledgements stay, whether the record names them or not.
        """
        for record, present in records:
            name = record.source.id
            self._tables.tickets[name] = KeptTicket(replace(record, events=()), present)
            before = self._tables.events.get(name, {})
            ours = {key: kept for key, kept in before.items() if not _is_of_the_source(kept.event)}
            new = {event.id: KeptEvent(event, seq) for seq, event in enumerate(record.events)}
            self._tables.events[name] = {**ours, **new}

    def append_events(self, subject: str, events: Sequence[Event]) -> None:
        """Add events to a ticket or a group; one that is known by its id is brought up to date."""
        kept = dict(self._tables.events.get(subject, {}))
        start = 1 + max((one.seq for one in kept.values()), default=-1)
        for number, event in enumerate(events):
            before = kept.get(event.id)
            stays = before is not None and before.event.at == event.at
            kept[event.id] = KeptEvent(event, before.seq if before and stays else start + number)
        self._tables.events[subject] = kept

    def histories(self, ticket_ids: Iterable[str]) -> dict[str, History]:
        """How these tickets were opened and all that happened since; unknown ones are left out.

        Each comes with the stories of those that were merged into it.
        """
        wanted = set(ticket_ids)
        into = self.absorbed_by(wanted)
        found = {name: self._tables.tickets.get(name) for name in wanted | into.keys()}
        histories = {
            name: History(kept.record.opening, self._events(name))
            for name, kept in found.items()
            if kept is not None
        }
        joined = with_absorbed(histories, into) if into else histories
        return {name: history for name, history in joined.items() if name in wanted}

    def group_events(self, subjects: Iterable[str]) -> dict[str, tuple[Event, ...]]:
        """What happened to groups as such, in order; groups without any are left out."""
        return {name: events for name in subjects if (events := self._events(name))}

    def _events(self, subject: str) -> tuple[Event, ...]:
        kept = self._tables.events.get(subject, {}).values()
        return tuple(one.event for one in sorted(kept, key=lambda one: one.place))

    def open_tickets(self) -> list[str]:
        """Ids of all tickets that are neither resolved nor merged nor gone, in order."""
        return self.open_tickets_of(ContactsBy.EVERYONE, None)

    def open_tickets_of(self, by: ContactsBy, key: str | None) -> list[str]:
        """Ids of the open tickets of one ticket, customer or organisation, or of everyone."""
        present = (kept.present for kept in self._tables.tickets.values())
        return sorted(one.id for one in present if is_open(one) and _is_of(one, by, key, one.id))

    def tickets_there_at(self, by: ContactsBy, key: str | None, at: datetime) -> list[str]:
        """Ids of the tickets of a customer, an organisation or everyone that existed at `at`.

        Those that were closed by then, and of which nothing happened since, are left out.
        """
        return sorted(
            name
            for name, kept in self._tables.tickets.items()
            if _is_of(kept.present, by, key, name) and kept.record.source.created_at <= at
            if is_open(kept.present) or any(event.at > at for event in self._events(name))
        )

    # --- contacts ---

    def save_contacts(self, contacts: Mapping[str, Sequence[Contact]]) -> None:
        """Ticket → exactly the contacts to keep of it."""
        self._tables.contacts.update((name, tuple(each)) for name, each in contacts.items())

    def contacts(
        self, by: ContactsBy, key: str | None, since: datetime | None
    ) -> tuple[Contact, ...]:
        """Contacts at or after `since` (None: all), in order of time, then of ticket.

        Each tells its ticket as it stands now: the survivor, where that was merged.
        """
        owners = self.survivors(self._tables.tickets)
        found = [
            (one.at, name, position, Contact(owner, one.key, one.at, one.channel, name))
            for name, kept in self._tables.tickets.items()
            if _is_of(owner := owners.get(name, kept.present), by, key, name)
            for position, one in enumerate(self._tables.contacts.get(name, ()))
            if since is None or one.at >= since
        ]
        return tuple(each[-1] for each in sorted(found, key=lambda each: each[:3]))

    # --- subjects ---

    def mark_due(self, subjects: Iterable[str], at: datetime) -> None:
        """See to it that these are checked at `at` at the latest; unknown ones are made."""
        for name in set(subjects):
            known = self._tables.subjects.get(name)
            self._tables.subjects[name] = at if known is None else min(known, at)

    def claim_due(self, now: datetime, limit: int) -> list[DueSubject]:
        """Subjects whose time has come, the longest due first."""
        due = sorted(
            (at, name) for name, at in self._tables.subjects.items() if at is not None and at <= now
        )
        return [DueSubject(name, at) for at, name in due[:limit]]

    def next_due_at(self) -> datetime | None:
        """The earliest next check, None when only a change could matter."""
        return min((at for at in self._tables.subjects.values() if at is not None), default=None)

    def timed_subjects(self) -> list[str]:
        """Subjects that have a next check, in order."""
        return sorted(name for name, at in self._tables.subjects.items() if at is not None)

    def next_checks(self, subjects: Iterable[str]) -> dict[str, datetime | None]:
        """Subject → when it must be looked at again, None when only a change could matter.

        Those that were never to be looked at are left out.
        """
        known = self._tables.subjects
        return {name: known[name] for name in subjects if name in known}

    def set_next_checks(self, checks: Mapping[str, datetime | None]) -> None:
        """Set the next checks of subjects, to whatever they were before."""
        self._tables.subjects.update(checks)


def _is_of(ticket: Ticket, by: ContactsBy, key: str | None, name: str) -> bool:
    """Whether what came in on the ticket `name`, which is now `ticket`, counts for a group."""
    match by:
        case ContactsBy.EVERYONE:
            return True
        case ContactsBy.TICKET:
            return name == key
        case ContactsBy.CUSTOMER:
            return key is not None and ticket.customer.id == key
        case ContactsBy.ORGANIZATION:
            return key is not None and ticket.customer.organization == key


def _is_of_the_source(event: Event) -> bool:
    return event.actor is not Actor.OURSELVES and event.kind is not EventKind.ACKNOWLEDGED
