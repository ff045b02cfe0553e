"""What the customer is asked once an escalated ticket has been resolved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.backlog import put_in_the_past_at
from engine.domain.customer_updates import PlannedMessage
from engine.domain.episode import CustomerMessage, Episode, MessageKind
from engine.domain.facts import Facts
from engine.domain.history import View
from engine.domain.rule import CustomerPlan, FollowUp, Mode
from engine.domain.ruleset import CompiledRule
from engine.domain.skipping import delivery_on, fate_of
from engine.domain.standing import Standing
from engine.domain.withholding import withheld


@dataclass(frozen=True, slots=True)
class _Owed:
    """A follow-up that a rule owes the ticket, and when it is due."""

    standing: Standing
    episode: Episode
    plan: CustomerPlan
    wanted: FollowUp
    due_at: datetime


def plan_follow_up(
    standings: Iterable[Standing], facts: Facts, now: datetime
) -> tuple[list[PlannedMessage], list[datetime]]:
    """The follow-up due at `now` for the subject's ticket, and instants at which one may be.

    1. The ticket is resolved, and was escalated since it was opened or last reopened. So a
       reopening cancels what was owed, and the next resolution begins it anew.
    2. Of several rules the one that is due first asks, and it asks once in an opening.
    3. It goes out when the customer may hear from us, as any other message. One that falls due in a
       silence is skipped, and so said.

    Args:
        standings: How the rules stand.
        facts: What is known of the subject; a group has no resolution and owes nothing.
        now: Aware UTC.
    """
    view = _resolved(facts, now)
    if view is None or _is_said(facts, view):
        return [], []
    owed = (_owed(standing, facts, view, now) for standing in standings)
    first = min((one for one in owed if one is not None), key=_turn, default=None)
    if first is None:
        return [], []
    if first.due_at > now:
        return [], [first.due_at]
    planned = _planned(first, facts, view, now)
    return [planned], [] if planned.waits_for is None else [planned.message.deliver_at]


def _resolved(facts: Facts, now: datetime) -> View | None:
    """The subject's ticket, if it is resolved and its customer may hear from us."""
    if facts.by is not None or facts.subject not in facts.members:
        return None
    view = facts.view(facts.subject, now)
    ticket = view.ticket
    if view.resolved_at is None or ticket.merged_into or ticket.is_gone:
        return None
    return view if withheld(facts, facts.subject, now) is None else None


def _is_said(facts: Facts, view: View) -> bool:
    return any(
        said.message is MessageKind.FOLLOW_UP and said.deliver_at >= view.opened.at
        for said in facts.messages
        if said.ticket == facts.subject
    )


def _turn(owed: _Owed) -> tuple[datetime, int]:
    return owed.due_at, owed.standing.rule.position


def _owed(standing: Standing, facts: Facts, view: View, now: datetime) -> _Owed | None:
    rule, plan = standing.rule, standing.rule.customer
    episode = _escalation(facts, rule.id, view)
    due_at = _due_at(standing.compiled, view)
    if rule.mode is not Mode.ACTIVE or episode is None or due_at is None:
        return None
    assert plan is not None  # noqa: S101 - something is due by it
    assert plan.follow_up is not None  # noqa: S101 - as above
    if now - plan.deliver_in.next_open(due_at) > rule.max_lateness:
        return None
    if put_in_the_past_at(standing.compiled, facts, lambda text: _due_at(text, view)):
        return None
    return _Owed(standing, episode, plan, plan.follow_up, due_at)


def _escalation(facts: Facts, rule_id: str, view: View) -> Episode | None:
    """The rule's last episode that became an escalation in the present opening."""
    for episode in facts.episodes_of(rule_id):
        if episode.escalated_at is not None and episode.escalated_at >= view.opened.at:
            return episode
    return None


def _due_at(text: CompiledRule, view: View) -> datetime | None:
    """When a text of the rule wants the customer to be asked; None if it does not."""
    plan = text.rule.customer
    if plan is None or plan.follow_up is None or view.resolved_at is None:
        return None
    return text.rule.clock.calendar.add(view.resolved_at, plan.follow_up.after)


def _planned(owed: _Owed, facts: Facts, view: View, now: datetime) -> PlannedMessage:
    delivery = delivery_on(facts, facts.subject, owed.plan.deliver_in, now)
    fate = fate_of(owed.standing.rule, facts, facts.subject, owed.due_at, delivery, now)
    earlier = [one for one in owed.episode.messages if one.message is MessageKind.FOLLOW_UP]
    message = CustomerMessage(
        episode=owed.episode.id,
        ticket=facts.subject,
        customer=view.ticket.customer.id,
        message=MessageKind.FOLLOW_UP,
        occurrence=1 + len(earlier),
        template=owed.wanted.template,
        due_at=owed.due_at,
        deliver_at=fate.deliver_at,
        skipped=fate.skipped,
    )
    standing = replace(owed.standing, episode=owed.episode)
    return PlannedMessage(message, standing, fate.waits_for)
