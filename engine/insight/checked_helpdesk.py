"""What a helpdesk says of us: format ``escalatord.helpdesk-check/1``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from engine.domain.history import History
from engine.domain.ticket import utc_second
from engine.errors import HelpdeskError
from engine.pipeline.meeting import refuse_unusable
from engine.ports import Helpdesk, Introduction, Observation, RateLimit, Sampled

if TYPE_CHECKING:
    from engine.insight.contracts.documents import (
        CapabilitiesLine,
        HelpdeskCheckDocument,
        RateLimitLine,
        SampleTicket,
    )

SAMPLES: Final = 3


def check_helpdesk(helpdesk: Helpdesk, now: datetime) -> HelpdeskCheckDocument:
    """Ask a helpdesk who we are, and for a few tickets.

    Args:
        helpdesk: Whom to ask.
        now: Aware UTC.

    Raises:
        HelpdeskError: It cannot be reached, or does not know us.
    """
    told = helpdesk.introduce()
    problems = list(_problems(helpdesk.name, told))
    try:
        tickets = _samples(helpdesk, now)
    except HelpdeskError as error:
        tickets = []
        problems.append(str(error))
    if not tickets and not problems:
        problems.append(
            f"{helpdesk.name}: it shows us no ticket; if there are some, rights are missing"
        )
    skew = told.clock_skew
    return {
        "format": "escalatord.helpdesk-check/1",
        "helpdesk": helpdesk.name,
        "ok": not problems,
        "account": told.account,
        "server": told.server,
        "zone": told.zone,
        "clock_skew_seconds": None if skew is None else int(skew.total_seconds()),
        "rate_limit": _limit(told.rate_limit),
        "missing": [
            {"right": lack.right, "need": lack.need.value, "remedy": lack.remedy}
            for lack in told.missing
        ],
        "can": _can(helpdesk),
        "problems": problems,
        "tickets": [_ticket(seen, now) for seen in tickets],
    }


def _problems(name: str, told: Introduction) -> Iterator[str]:
    try:
        refuse_unusable(name, told)
    except HelpdeskError as error:
        yield str(error)
        return
    for lack in told.missing:
        yield f"{name}: the right {lack.right} is missing, to {lack.need}: {lack.remedy}"


def _samples(helpdesk: Helpdesk, now: datetime) -> Sequence[Observation]:
    if isinstance(helpdesk, Sampled):
        return helpdesk.sample(SAMPLES, now)
    told = helpdesk.changes(None, now).observations
    still_open = [seen for seen in told if not seen.ticket.status.is_resolved]
    return (still_open or list(told))[-SAMPLES:]


def _limit(limit: RateLimit | None) -> RateLimitLine | None:
    if limit is None:
        return None
    resets = limit.resets_after
    seconds = None if resets is None else int(resets.total_seconds())
    return {
        "requests": limit.requests,
        "remaining": limit.remaining,
        "resets_seconds": seconds,
    }


def _can(helpdesk: Helpdesk) -> CapabilitiesLine:
    can = helpdesk.can
    return {
        "fields": sorted(can.fields),
        "notes": can.notes,
        "replies": can.replies,
        "replies_when_resolved": can.replies_when_resolved,
        "history": can.history,
    }


def _ticket(seen: Observation, now: datetime) -> SampleTicket:
    ticket, customer = seen.ticket, seen.ticket.customer
    events = seen.events if seen.events is not None else seen.messages
    view = History(seen.opening or ticket, events).as_of(now)
    return {
        "ticket": ticket.id,
        "subject": ticket.subject,
        "created_at": utc_second(ticket.created_at),
        "status": ticket.status.value,
        "raw_status": ticket.raw_status,
        "priority": ticket.priority.value if ticket.priority else None,
        "type": ticket.type,
        "group": ticket.group,
        "assignee": ticket.assignee,
        "channel": ticket.channel,
        "language": ticket.language,
        "tags": list(ticket.tags),
        "due_at": utc_second(ticket.due_at) if ticket.due_at else None,
        "customer_id": customer.id,
        "has_email": bool(customer.email),
        "customer_tier": customer.tier,
        "customer_organization": customer.organization,
        "fields": dict(ticket.fields),
        "events": len(events),
        "last_customer_message_at": _maybe(view.last_customer_message_at),
        "last_agent_reply_at": _maybe(view.last_agent_reply_at),
    }


def _maybe(at: datetime | None) -> str | None:
    return utc_second(at) if at else None
