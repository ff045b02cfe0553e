"""Telling staff that a customer does not hear from us, so that somebody calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.aftermath import Aftermath, staff_notices
from engine.domain.bounce import address_hash
from engine.domain.receivers import ASSIGNEE
from engine.domain.rule import Mode
from engine.domain.ticket import utc_second
from engine.domain.withholding import Cause, Withholding, withheld

if TYPE_CHECKING:
    from engine.domain.field_changes import Tick
    from engine.domain.standing import Standing
    from engine.domain.ticket import Ticket

UNREACHABLE: Final = "customer-unreachable"
_NEWS: Final = frozenset({Cause.BOUNCED, Cause.ANSWERS_ITSELF})
"""What staff cannot know; the other causes stand in the helpdesk."""


def tell_of_unreachable(tick: Tick, standings: Sequence[Standing]) -> None:
    """Ask for the notices that a customer to whom something is promised cannot be reached.

    Whoever has the ticket on which that showed is told: once for a bounce of an address, and once
    for a ticket on which an address answered by itself. The same keys come again as long as it
    lasts.
    """
    for standing in sorted(standings, key=lambda one: one.rule.position):
        rule, ticket_id, episode = standing.rule, standing.look.newest, standing.episode
        if rule.mode is not Mode.ACTIVE or rule.customer is None or not standing.is_live:
            continue
        if ticket_id is None or episode is None:
            continue
        why = withheld(tick.facts, ticket_id, tick.now)
        if why is None or why.cause not in _NEWS or why.ticket != ticket_id:
            continue
        ticket = tick.facts.view(ticket_id, tick.now).ticket
        about = Action(
            key=_key(why, ticket),
            kind=ActionKind.REPLY,
            audience=Audience.CUSTOMER,
            ticket=ticket_id,
            subject=episode.id.subject,
            episode=episode.id,
            details={
                "rule": {"id": rule.id, "description": rule.description, "reason": rule.reason},
                "tickets": [ticket_id],
            },
        )
        facts = {"cause": why.cause.value, "told": why.told}
        aftermath = Aftermath(UNREACHABLE, (ASSIGNEE,), facts)
        tick.actions += staff_notices(about, ticket, aftermath, tick.receivers, tick.now)
        return


def _key(why: Withholding, ticket: Ticket) -> str:
    if why.cause is Cause.BOUNCED and why.since is not None:
        return f"{why.cause.value}|{address_hash(ticket.customer)}|{utc_second(why.since)}"
    return f"{why.cause.value}|{why.ticket}"
