"""What is learnt of customers' addresses: that mail comes back from one, or arrives again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from engine.domain.actions import Action
from engine.domain.bounce import Bounce, address_hash
from engine.domain.condition import ContactsBy
from engine.domain.history import History
from engine.domain.ticket import Ticket
from engine.ports import TicketRecord, Transaction

TOLD_BY_THE_HELPDESK = "the helpdesk says that our message came back"


def heard_of_addresses(
    tx: Transaction, records: Iterable[TicketRecord]
) -> Iterator[tuple[Ticket, datetime]]:
    """Take in what tickets tell of their customers' addresses.

    1. A bounce that the helpdesk put on a ticket: nothing more goes to the address.
    2. A customer who writes, on whatever ticket: mail is tried again.

    Args:
        tx: Where it is kept.
        records: Tickets as they were just read.

    Yields:
        The tickets of customers about whom this is news, each with the instant (aware UTC).
    """
    at_address: defaultdict[str, list[TicketRecord]] = defaultdict(list)
    for record in records:
        address = address_hash(record.source.customer)
        if address is not None:
            at_address[address].append(record)
    bounced = (_bounces(address, record) for address, each in at_address.items() for record in each)
    for bounce in tx.add_bounces(sorted(chain.from_iterable(bounced), key=_at)):
        for ticket in _tickets_of(tx, at_address[bounce.address]):
            yield ticket, bounce.at
    known = tx.bounces(at_address)
    wrote = {address: max(map(_wrote_at, at_address[address])) for address in known}
    for address in tx.clear_bounces(wrote):
        for ticket in _tickets_of(tx, at_address[address]):
            yield ticket, wrote[address]


def came_back(
    tx: Transaction, action: Action, ticket: Ticket, reason: str, at: datetime
) -> list[Ticket]:
    """A channel says that a customer's address takes no mail; whom that is news about.

    Args:
        tx: Where it is kept.
        action: The message that was refused.
        ticket: Its ticket.
        reason: What the other side said.
        at: Aware UTC.
    """
    address = address_hash(ticket.customer)
    if address is None:
        return []
    bounce = Bounce(address, at, ticket.id, reason, action.key)
    news = tx.add_bounces([bounce])
    return list(_tickets_of(tx, tx.records([ticket.id]).values())) if news else []


def arrived(tx: Transaction, ticket: Ticket, at: datetime) -> None:
    """A message to a customer was taken: what was held against the address is over."""
    address = address_hash(ticket.customer)
    if address is not None:
        tx.clear_bounces({address: at})


def _bounces(address: str, record: TicketRecord) -> Iterator[Bounce]:
    for event in record.events:
        if event.is_bounce:
            yield Bounce(address, event.at, record.source.id, TOLD_BY_THE_HELPDESK)


def _at(bounce: Bounce) -> datetime:
    return bounce.at


def _wrote_at(record: TicketRecord) -> datetime:
    """When the customer last wrote; a machine of theirs writes nothing, the creation counts."""
    opened_at = record.opening.created_at
    last = record.events[-1].at if record.events else opened_at
    wrote_at = History(record.opening, record.events).as_of(last).last_customer_message_at
    return wrote_at or opened_at


def _tickets_of(tx: Transaction, records: Iterable[TicketRecord]) -> Iterator[Ticket]:
    """These tickets, and the others on which their customers would be written to."""
    found = {record.source.id: record.source for record in records}
    for customer in {ticket.customer.id for ticket in found.values()} - {None}:
        others = tx.records(tx.open_tickets_of(ContactsBy.CUSTOMER, customer))
        found.update((name, record.source) for name, record in others.items())
    yield from found.values()
