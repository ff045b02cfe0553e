"""Names of what rules are held against."""

from __future__ import annotations

from engine.domain.condition import ContactsBy
from engine.domain.ticket import Ticket

EVERYONE = ContactsBy.EVERYONE.value
GROUP_PREFIXES = {
    ContactsBy.CUSTOMER.value: ContactsBy.CUSTOMER,
    ContactsBy.ORGANIZATION.value: ContactsBy.ORGANIZATION,
}


def group_of(subject: str) -> tuple[ContactsBy, str | None] | None:
    """Kind and key of a group's name; None when the subject is a ticket."""
    if subject == EVERYONE:
        return ContactsBy.EVERYONE, None
    head, _, key = subject.partition(":")
    by = GROUP_PREFIXES.get(head)
    return None if by is None else (by, key)


def group_subject(by: ContactsBy, ticket: Ticket) -> str | None:
    """The group of that kind that a ticket belongs to; None when it lacks the field."""
    if by is ContactsBy.EVERYONE:
        return EVERYONE
    key = ticket.customer.id if by is ContactsBy.CUSTOMER else ticket.customer.organization
    return f"{by.value}:{key}" if key else None


def subjects_of(ticket: Ticket, kinds: tuple[ContactsBy, ...]) -> list[str]:
    """The ticket and its groups of the kinds that rules read."""
    groups = (group_subject(by, ticket) for by in kinds)
    return [ticket.id, *(subject for subject in groups if subject is not None)]
