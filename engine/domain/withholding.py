"""Customers to whom nothing goes out, whatever is due."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.domain.autoresponder import opened_at_once
from engine.domain.bounce import address_hash
from engine.domain.contact import Contact
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
        ticket: On which ticket that event was, where there is one.
        told: What the other side said of it, if it said something.
    """

    cause: Cause
    since: datetime | None = None
    ticket: str | None = None
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
        return Withholding(Cause.BOUNCED, bounce.at, bounce.ticket, bounce.reason)
    answer = _answer_at_once(facts, view, now)
    return None if answer is None else Withholding(Cause.ANSWERS_ITSELF, answer.at, answer.ticket)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What answered a message of ours at once, on which ticket."""

    at: datetime
    ticket: str


def _answer_at_once(facts: Facts, view: View, now: datetime) -> _Answer | None:
    """The answer that shows that the customer's address answers by itself; None without any.

    It may have come in on this ticket, on the one on which the customer last heard from us, or as
    a new one. Elsewhere it counts until the customer turns to us at another pace on whatever
    ticket, or a person writes to them on this one.
    """
    if view.answers_itself_at is not None:
        return _Answer(view.answers_itself_at, view.ticket.id)
    customer = view.ticket.customer.id or ""
    turns = facts.turns.get(customer, ())
    turns = turns[: bisect_right(turns, now, key=_at)]
    answers = [*_on_another_ticket(facts, customer, now), *_new_ticket(facts, customer, turns)]
    last = max(answers, key=_at, default=None)
    people = (view.last_customer_message_at, view.last_agent_reply_at, *map(_at, turns[-1:]))
    if last is None or any(at is not None and at > last.at for at in people):
        return None
    return last


def _on_another_ticket(facts: Facts, customer: str, now: datetime) -> Iterator[_Answer]:
    view = facts.view_where_heard(customer, now)
    if view is not None and view.answers_itself_at is not None:
        yield _Answer(view.answers_itself_at, view.ticket.id)


def _new_ticket(facts: Facts, customer: str, turns: Sequence[Contact]) -> Iterator[_Answer]:
    """The customer's last turn to us, if it opened a ticket: an earlier one counts no more."""
    last = turns[bisect_left(turns, turns[-1].at, key=_at) :] if turns else ()
    opened = [(one.origin or one.ticket.id, one.at) for one in last if one.key == CREATION]
    if not opened:
        return
    spoke = [
        (said.ticket, said.deliver_at)
        for said in facts.messages
        if said.customer == customer and said.skipped is None
    ]
    for ticket, at in opened_at_once(opened, spoke):
        yield _Answer(at, ticket)


def _at(one: Contact | _Answer) -> datetime:
    return one.at
