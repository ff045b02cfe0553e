"""Tickets, what happened to them, and how far each helpdesk has been read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, case, delete, exists, func, or_, select, text, update

from engine.domain.condition import ContactsBy
from engine.domain.history import History
from engine.domain.merge import with_absorbed
from engine.domain.ticket import Actor, EventKind
from engine.ports import TicketRecord
from engine.store.among import among
from engine.store.bulk import BulkInsert, overwrite
from engine.store.codec import (
    decode_event,
    decode_ticket,
    dumps,
    encode_event,
    encode_ticket,
    instant,
    loads,
    seconds,
)
from engine.store.merges import MergePart
from engine.store.schema import CONTACTS, IS_OPEN, SUBJECTS, TICKET_EVENTS, TICKETS, WATERMARKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from engine.domain.ticket import Event, Ticket
    from engine.ports import Json
    from engine.store.bulk import Insert

    EventRow = tuple[str, str, int, int, str, str, str]
    """subject, id, at, seq, kind, actor, body"""

_T, _E, _C = TICKETS.c, TICKET_EVENTS.c, CONTACTS.c

_WATERMARK = select(WATERMARKS.c.watermark).where(WATERMARKS.c.helpdesk == bindparam("helpdesk"))
_SET_WATERMARK = BulkInsert(WATERMARKS, conflict=overwrite("watermark", "at", key=["helpdesk"]))

_RECORDS = select(_T.id, _T.opening, _T.source, _T.observed_at).where(among(_T.id, "ids"))
_OPENINGS = select(_T.id, _T.opening).where(among(_T.id, "ids"))
_EVENTS = select(*TICKET_EVENTS.c).where(among(_E.subject, "ids")).order_by(_E.at, _E.seq, _E.id)
_LAST_SEQ = select(func.coalesce(func.max(_E.seq), -1)).where(_E.subject == bindparam("subject"))

_SAVE_TICKETS = BulkInsert(
    TICKETS, conflict=overwrite(*(column.name for column in _T if column is not _T.id), key=["id"])
)
_REPLACE_EVENTS = BulkInsert(
    TICKET_EVENTS,
    conflict=overwrite("at", "seq", "kind", "actor", "body", key=["subject", "id"]),
)
_FORGET_EVENTS = delete(TICKET_EVENTS).where(
    _E.subject == bindparam("of_subject"), _E.id == bindparam("of_id")
)
_WENT_ELSEWHERE = exists().where(
    _T.id == _C.ticket,
    _T.customer_id.is_distinct_from(_C.customer_id)
    | _T.organization.is_distinct_from(_C.organization),
)
_MOVE_CONTACTS = (
    update(CONTACTS)
    .where(among(_C.ticket, "ids"), _WENT_ELSEWHERE)
    .values(
        customer_id=select(_T.customer_id).where(_T.id == _C.ticket).scalar_subquery(),
        organization=select(_T.organization).where(_T.id == _C.ticket).scalar_subquery(),
    )
)

_CLOSED = (
    select(_T.id)
    .where(among(_T.id, "ids"), ~_T.is_open, _T.observed_at >= bindparam("since"))
    .order_by(_T.id)
)
_OPEN = select(_T.id).where(text(IS_OPEN)).order_by(_T.id)
_OPEN_OF = {
    ContactsBy.TICKET: _OPEN.where(_T.id == bindparam("key")),
    ContactsBy.CUSTOMER: _OPEN.where(_T.customer_id == bindparam("key")),
    ContactsBy.ORGANIZATION: _OPEN.where(_T.organization == bindparam("key")),
}
_HAPPENED_LATER = exists().where(_E.subject == _T.id, _E.at > bindparam("at"))
_THERE_AT = (
    select(_T.id)
    .where(_T.created_at <= bindparam("at"), or_(text(IS_OPEN), _HAPPENED_LATER))
    .order_by(_T.id)
)
_THERE_AT_OF = {
    ContactsBy.CUSTOMER: _THERE_AT.where(_T.customer_id == bindparam("key")),
    ContactsBy.ORGANIZATION: _THERE_AT.where(_T.organization == bindparam("key")),
}


def _move_if_corrected(insert: Insert) -> Insert:
    """An event that is told again keeps its place, unless its time was corrected."""
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["subject", "id"],
        set_={
            "at": new.at,
            "seq": case((_E.at == new.at, _E.seq), else_=new.seq),
            "kind": new.kind,
            "actor": new.actor,
            "body": new.body,
        },
    )


_APPEND_EVENTS = BulkInsert(TICKET_EVENTS, conflict=_move_if_corrected)


class TicketPart(MergePart):
    """What ingest writes and everybody reads."""

    def watermark(self, helpdesk: str) -> Json | None:
        """Where reading that helpdesk goes on; None before the first time."""
        found = self._value(_WATERMARK, helpdesk=helpdesk)
        return None if found is None else loads(found)

    def set_watermark(self, helpdesk: str, watermark: Json, at: datetime) -> None:
        """Remember how far a helpdesk has been read, and when."""
        _SET_WATERMARK.run(self._connection, [(helpdesk, dumps(watermark), seconds(at))])

    def forget_what_was_read(self) -> None:
        """Be as if no helpdesk had ever been read; all of it can be read again."""
        for table in (WATERMARKS, CONTACTS, TICKET_EVENTS, SUBJECTS, TICKETS):
            self._connection.execute(delete(table))

    def records(self, ticket_ids: Iterable[str]) -> dict[str, TicketRecord]:
        """What is kept of these tickets; unknown ones are left out."""
        wanted = list(ticket_ids)
        events = self._events(wanted)
        return {
            ticket_id: TicketRecord(
                opening=decode_ticket(opening),
                source=decode_ticket(source),
                events=events.get(ticket_id, ()),
                observed_at=instant(observed_at),
            )
            for ticket_id, opening, source, observed_at in self._rows_of(_RECORDS, wanted)
        }

    def save_records(self, records: Sequence[tuple[TicketRecord, Ticket]]) -> None:
        """Keep tickets, each with its present state (our own writes included).

        Of a ticket's events those that came from its source are replaced by the record's; what we
        wrote ourselves and acknowledgements stay, whether the record names them or not.
        """
        if not records:
            return
        each = {record.source.id: (record, present) for record, present in records}
        _SAVE_TICKETS.run(self._connection, [_ticket_row(*each[key]) for key in sorted(each)])
        self._save_events({key: record.events for key, (record, _) in each.items()})
        self._do_for(_MOVE_CONTACTS, each)

    def _save_events(self, wanted: dict[str, tuple[Event, ...]]) -> None:
        """Write only what differs: most of a long history stays as it is."""
        kept: dict[tuple[str, str], EventRow] = {
            (row.subject, row.id): tuple(row) for row in self._rows_of(_EVENTS, wanted)
        }
        new = {
            (subject, event.id): _event_row(subject, event, seq)
            for subject, events in wanted.items()
            for seq, event in enumerate(events)
        }
        changed = [row for key, row in sorted(new.items()) if kept.get(key) != row]
        gone = [key for key in sorted(kept.keys() - new.keys()) if _is_of_the_source(kept[key])]
        _REPLACE_EVENTS.run(self._connection, changed)
        if gone:
            self._connection.execute(
                _FORGET_EVENTS, [{"of_subject": subject, "of_id": key} for subject, key in gone]
            )

    def append_events(self, subject: str, events: Sequence[Event]) -> None:
        """Add events to a ticket or a group; one that is known by its id is brought up to date."""
        start = self._value(_LAST_SEQ, subject=subject) + 1
        rows = {event.id: _event_row(subject, event, start + i) for i, event in enumerate(events)}
        _APPEND_EVENTS.run(self._connection, list(rows.values()))

    def histories(self, ticket_ids: Iterable[str]) -> dict[str, History]:
        """How these tickets were opened and all that happened since; unknown ones are left out.

        Each comes with the stories of those that were merged into it.
        """
        wanted = set(ticket_ids)
        into = self.absorbed_by(wanted)
        histories = self._own_histories(wanted | into.keys())
        if not into:
            return histories
        joined = with_absorbed(histories, into)
        return {name: history for name, history in joined.items() if name in wanted}

    def _own_histories(self, ticket_ids: set[str]) -> dict[str, History]:
        events = self._events(ticket_ids)
        return {
            ticket_id: History(decode_ticket(opening), events.get(ticket_id, ()))
            for ticket_id, opening in self._rows_of(_OPENINGS, ticket_ids)
        }

    def group_events(self, subjects: Iterable[str]) -> dict[str, tuple[Event, ...]]:
        """What happened to groups as such, in order; groups without any are left out."""
        return self._events(subjects)

    def _events(self, subjects: Iterable[str]) -> dict[str, tuple[Event, ...]]:
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for subject, event_id, at, _, kind, actor, body in self._rows_of(_EVENTS, subjects):
            found[subject].append(decode_event(event_id, at, kind, actor, body))
        return {subject: tuple(events) for subject, events in found.items()}

    def open_tickets(self) -> list[str]:
        """Ids of all tickets that are neither resolved nor merged nor gone, in order."""
        return list(self._connection.execute(_OPEN).scalars())

    def closed_since(self, ticket_ids: Iterable[str], since: datetime) -> list[str]:
        """Those of these tickets that are not open, and were last observed at or after `since`."""
        return [row.id for row in self._rows_of(_CLOSED, ticket_ids, since=seconds(since))]

    def open_tickets_of(self, by: ContactsBy, key: str | None) -> list[str]:
        """Ids of the open tickets of one ticket, customer or organisation, or of everyone."""
        if by is ContactsBy.EVERYONE:
            return self.open_tickets()
        return list(self._connection.execute(_OPEN_OF[by], {"key": key}).scalars())

    def tickets_there_at(self, by: ContactsBy, key: str | None, at: datetime) -> list[str]:
        """Ids of the tickets of a customer, an organisation or everyone that existed at `at`.

        Those that were closed by then, and of which nothing happened since, are left out.
        """
        if by is ContactsBy.EVERYONE:
            found = self._rows(_THERE_AT, at=seconds(at))
        else:
            found = self._rows(_THERE_AT_OF[by], at=seconds(at), key=key)
        return [row.id for row in found]


def _ticket_row(record: TicketRecord, present: Ticket) -> tuple[object, ...]:
    source = encode_ticket(record.source)
    return (
        record.source.id,
        record.source.source,
        source if record.opening == record.source else encode_ticket(record.opening),
        source,
        source if present == record.source else encode_ticket(present),
        present.status.value,
        is_open(present),
        present.customer.id,
        present.customer.organization,
        seconds(record.source.created_at),
        seconds(record.observed_at),
        present.merged_into,
    )


def is_open(ticket: Ticket) -> bool:
    """Whether rules see the ticket: neither resolved nor merged nor gone."""
    return not (ticket.status.is_resolved or ticket.merged_into or ticket.is_gone)


def _event_row(subject: str, event: Event, seq: int) -> EventRow:
    return (
        subject,
        event.id,
        seconds(event.at),
        seq,
        event.kind.value,
        event.actor.value,
        encode_event(event),
    )


def _is_of_the_source(row: EventRow) -> bool:
    kind, actor = row[4], row[5]
    return actor != Actor.OURSELVES and kind != EventKind.ACKNOWLEDGED
