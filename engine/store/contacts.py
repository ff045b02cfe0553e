"""Contacts: when which customer turned to us, on which ticket."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from engine.domain.condition import ContactsBy
from engine.domain.contact import Contact
from engine.store.among import among
from engine.store.bulk import BulkInsert
from engine.store.codec import decode_ticket, instant, seconds
from engine.store.merges import MergePart
from engine.store.schema import CONTACTS, TICKETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from engine.domain.ticket import Ticket

_C: Final = CONTACTS.c
_SINCE_EVER: Final = -(2**62)

_KEPT = select(*CONTACTS.c).where(among(_C.ticket, "ids"))
_FORGET = delete(CONTACTS).where(among(_C.ticket, "ids"))
_INSERT = BulkInsert(CONTACTS)
_SELECT = (
    select(_C.ticket, _C.key, _C.at, _C.channel)
    .where(_C.at >= bindparam("since"))
    .order_by(_C.at, _C.ticket, _C.position)
)
_CONTACTS = {
    ContactsBy.TICKET: _SELECT.where(_C.ticket == bindparam("key")),
    ContactsBy.CUSTOMER: _SELECT.where(_C.customer_id == bindparam("key")),
    ContactsBy.ORGANIZATION: _SELECT.where(_C.organization == bindparam("key")),
    ContactsBy.EVERYONE: _SELECT,
}
_PRESENT = select(TICKETS.c.id, TICKETS.c.present).where(among(TICKETS.c.id, "ids"))


class ContactPart(MergePart):
    """What repeat-contact rules count."""

    def save_contacts(self, contacts: Mapping[str, Sequence[Contact]]) -> None:
        """Ticket → exactly the contacts to keep of it. Most changes of a ticket change none.

        Those of a merged ticket count for the customer of its survivor.
        """
        new = {
            ticket_id: [_row(ticket_id, *numbered) for numbered in enumerate(contacts[ticket_id])]
            for ticket_id in sorted(contacts)
        }
        kept: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
        for row in self._rows_of(_KEPT, new):
            kept[row.ticket].append(tuple(row))
        changed = {key: rows for key, rows in new.items() if sorted(kept[key]) != rows}
        self._do_for(_FORGET, (key for key in changed if kept[key]))
        _INSERT.run(self._connection, list(chain.from_iterable(changed.values())))
        merged = {key for key, each in contacts.items() if each and each[0].ticket.merged_into}
        self._move_contacts(merged | self.absorbed_by(contacts).keys())

    def contacts(
        self, by: ContactsBy, key: str | None, since: datetime | None
    ) -> tuple[Contact, ...]:
        """Contacts at or after `since` (None: all), in order of time, then of ticket.

        Each tells its ticket as it stands now: the survivor, where that was merged.

        Args:
            by: Whose contacts.
            key: The ticket, customer or organisation; None for everyone.
            since: Aware UTC.
        """
        bound = _SINCE_EVER if since is None else seconds(since)
        values = {"since": bound} if by is ContactsBy.EVERYONE else {"since": bound, "key": key}
        rows = self._rows(_CONTACTS[by], **values)
        present = self._present({ticket for ticket, *_ in rows})
        return tuple(
            Contact(present[ticket], key, instant(at), channel, ticket)
            for ticket, key, at, channel in rows
            if ticket in present
        )

    def _present(self, ticket_ids: set[str]) -> dict[str, Ticket]:
        found = {
            ticket_id: decode_ticket(present)
            for ticket_id, present in self._rows_of(_PRESENT, ticket_ids)
        }
        merged = {ticket_id for ticket_id, ticket in found.items() if ticket.merged_into}
        return {**found, **self.survivors(merged)} if merged else found


def _row(ticket_id: str, position: int, contact: Contact) -> tuple[object, ...]:
    customer = contact.ticket.customer
    return (
        ticket_id,
        position,
        contact.key,
        seconds(contact.at),
        contact.channel,
        customer.id,
        customer.organization,
    )
