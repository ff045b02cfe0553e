"""When a message for a customer goes out, and which ones silences skip.

A message that falls due in a silence is skipped. One that was due before, and waits for its hours,
waits on for the silence's end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.domain.calendar import Calendar
from engine.domain.delivery_policy import deliver_at, heard_by
from engine.domain.facts import Facts
from engine.domain.hold import silenced
from engine.domain.reason import Reason
from engine.domain.rule import Rule
from engine.domain.silence import SilentHours

MOST_MOVES = 100
"""Where hours of silence cover all hours of delivery, no instant is found however far one looks."""

Delivery = Callable[[datetime], tuple[datetime, Reason | None]]
"""From when a message may go out → when it does, and what delays it; silences aside."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a message that is due.

    Attributes:
        deliver_at: When it goes out, or would have gone out (aware UTC).
        waits_for: Why it does not go out now; None when it does, or is skipped.
        skipped: Why it never goes out; None when it does.
    """

    deliver_at: datetime
    waits_for: Reason | None
    skipped: Reason | None = None


def fate_of(
    rule: Rule, facts: Facts, ticket: str, due_at: datetime, delivery: Delivery, now: datetime
) -> Fate:
    """What becomes at `now` of a rule's message on a ticket that fell due at `due_at`."""
    before = _skipped_before(facts, ticket, now) if facts.silences else None
    if is_skipped(rule, facts, ticket, due_at, before, now):
        return Fate(delivery(due_at)[0], None, Reason.SILENCED)
    at, reason = speaks_at(rule, facts, ticket, max(due_at, now), delivery, now)
    return Fate(at, reason if at > now else None)


def delivery_on(
    facts: Facts,
    ticket: str,
    calendar: Calendar,
    now: datetime,
    also_heard_at: Iterable[datetime] = (),
) -> Delivery:
    """When a message on a ticket may go out, by the delivery calendar and the limits."""
    view = facts.view(ticket, now)
    heard = [*heard_by(facts.messages, ticket, view.ticket.customer.id), *also_heard_at]
    return lambda not_before: deliver_at(
        not_before, calendar, view.last_customer_message_at, heard, facts.limits
    )


def is_skipped(
    rule: Rule,
    facts: Facts,
    ticket: str,
    due_at: datetime,
    skipped_before: datetime | None,
    now: datetime,
) -> bool:
    """Whether a message that falls due at `due_at` is skipped for a silence in force then.

    Silent hours come again and again, and could meet every single update. So they skip none if the
    one before was skipped in earlier hours of theirs: it waits for their end.

    Args:
        rule: Whose message it is.
        facts: What is known.
        ticket: On which it would go out.
        due_at: When it fell due (aware UTC).
        skipped_before: When the message before it fell due, if that one was skipped.
        now: Aware UTC.
    """
    quiet = silenced(rule, facts, (ticket,), due_at, now)
    if quiet is None:
        return False
    if skipped_before is None or not isinstance(quiet.silence, SilentHours):
        return True
    return quiet.silence.holds_until(skipped_before) in (None, quiet.until)


def speaks_at(
    rule: Rule, facts: Facts, ticket: str, not_before: datetime, delivery: Delivery, now: datetime
) -> tuple[datetime, Reason | None]:
    """When a message goes out that silences do not skip but delay, and what delays it."""
    at, reason = delivery(not_before)
    for _ in range(MOST_MOVES):
        quiet = silenced(rule, facts, (ticket,), at, now)
        if quiet is None:
            break
        at, why = delivery(quiet.until)
        reason = why or Reason.SILENCED
    return at, reason


def _skipped_before(facts: Facts, ticket: str, now: datetime) -> datetime | None:
    """When the last message fell due that was skipped after the customer last heard from us."""
    ours = [message for message in facts.messages if message.ticket == ticket]
    public = facts.view(ticket, now).last_public_update_at
    heard = [public, *(message.deliver_at for message in ours if message.skipped is None)]
    heard_at = max((at for at in heard if at is not None), default=None)
    skipped = (message.due_at for message in ours if message.skipped is not None)
    return max((at for at in skipped if heard_at is None or at > heard_at), default=None)
