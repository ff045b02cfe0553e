"""Customers to whom nothing goes out, whatever is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.domain.autoresponder import opened_at_once
from engine.domain.bounce import address_hash
from engine.domain.facts import Facts
from engine.domain.view import CREATION, View


class Cause(StrEnum):
    """Why nothing goes out to a customer; all are the reason `customer_limit`."""

    NO_UPDATES = "no_updates"
    AUTOMATIC = "automatic"
    BOUNCED = "bounced"
    ANSWERS_ITSELF = "answers_itself"


@dataclass(frozen=True, slots=True)
class Withholding:
    """That nothing goes out to the customer of a ticket.

    Attributes:
        since: Since when, where an event began it (aware UTC).
        told: What the other side said of it, if it said something.
    """

    cause: Cause
    since: datetime | None = None
    told: str = ""


def withheld(facts: Facts, ticket: str, now: datetime) -> Withholding | None:
    """Why the customer of a ticket is not written to at `now`; None where nothing is withheld.

    Args:
        facts: What is known; the ticket is a member of its subject.
        ticket: ``HELPDESK:ID``.
        now: Aware UTC.
    """
    view = facts.view(ticket, now)
    customer = view.ticket.customer
    if customer.no_updates:
        return Withholding(Cause.NO_UPDATES)
    if customer.is_automatic:
        return Withholding(Cause.AUTOMATIC)
    bounce = facts.bounces.get(address_hash(customer) or "")
    if bounce is not None and bounce.holds(now):
        return Withholding(Cause.BOUNCED, bounce.at, bounce.reason)
    answered_at = view.answers_itself_at or _answered_elsewhere_at(facts, view, now)
    return Withholding(Cause.ANSWERS_ITSELF, answered_at) if answered_at else None


def _answered_elsewhere_at(facts: Facts, view: View, now: datetime) -> datetime | None:
    """When a message of ours was last answered by a new ticket at once.

    That is over as soon as the customer turns to us at another pace, on whatever ticket, or a
    person writes to them on this one.
    """
    customer = view.ticket.customer.id
    turns = [one for one in facts.turns.get(customer or "", ()) if one.at <= now]
    spoke = [
        (said.ticket, said.deliver_at)
        for said in facts.messages
        if said.customer == customer and said.skipped is None
    ]
    opened = [(one.origin or one.ticket.id, one.at) for one in turns if one.key == CREATION]
    at_once = opened_at_once(opened, spoke)
    if not at_once:
        return None
    last = at_once[-1]
    people = (view.last_customer_message_at, view.last_agent_reply_at, *(one.at for one in turns))
    return None if any(at is not None and at > last for at in people) else last
