"""What a template would be filled in with for a real ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.domain.actions import Action, Audience
from engine.domain.supposing import Supposed, suppose
from engine.domain.ticket import Ticket
from engine.errors import UsageError
from engine.insight.explain import unknown_ticket
from engine.pipeline.evaluate import Policy
from engine.pipeline.gather import gather
from engine.pipeline.subjects import subjects_of
from engine.ports import Store


@dataclass(frozen=True, slots=True)
class Preview:
    """What a template would be filled in with.

    Attributes:
        ticket: As it stands, our writes included.
        action: As it would go out now; None where no rule that uses the template is about the
            ticket, or none uses it.
        is_live: Whether the action's rule holds for the ticket now.
    """

    ticket: Ticket
    action: Action | None
    is_live: bool


def preview(
    store: Store, policy: Policy, audience: Audience, template: str, ticket: str, now: datetime
) -> Preview:
    """What a template would be filled in with if it went out now. Nothing is written.

    Args:
        store: What is known.
        policy: The rules.
        audience: `STAFF` or `CUSTOMER`.
        template: Its name.
        ticket: ``HELPDESK:ID``.
        now: Aware UTC.

    Raises:
        UsageError: There is no such ticket.
    """
    with store.read() as tx:
        history = tx.histories([ticket]).get(ticket)
        if history is None:
            raise UsageError(unknown_ticket(tx, ticket))
        present = history.as_of(now).ticket
        subjects = subjects_of(present, policy.ruleset.group_kinds)
        gathered = gather(tx, subjects, policy.ruleset, policy.limits, policy.known, now)
        found: list[Supposed] = []
        for subject in subjects:
            facts = gathered.facts(subject)
            found += suppose(facts, policy.ruleset, policy.receivers, now, audience, template)
    best = min(found, key=lambda one: not one.is_live, default=None)
    if best is None:
        return Preview(present, None, is_live=False)
    return Preview(present, best.action, best.is_live)
