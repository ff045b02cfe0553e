"""Just before a customer's message goes out: would it be decided again?

Between the decision and the act anything may have happened. What is asked is the very code that
decided, as if the message had not been written down yet. So every rule about who may hear what, and
when, holds at the instant of the act, too, and there is no second list of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.actions import Action
from engine.domain.customer_updates import plan_messages, promised_at
from engine.domain.decide import standings_of
from engine.domain.episode import CustomerMessage, MessageKind
from engine.domain.facts import Facts
from engine.domain.follow_up import plan_follow_up
from engine.domain.reason import Reason
from engine.domain.ruleset import Ruleset
from engine.domain.standing import Standing
from engine.domain.ticket import utc_second
from engine.domain.withholding import withheld

_ENDS = frozenset({Reason.RESOLVED, Reason.GONE, Reason.MERGED, Reason.OFF, Reason.SHADOW})
"""Reasons of a rule that is not live, and that say why better than `suspended`."""


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """What becomes of a message that is about to go out.

    Attributes:
        action: What is to be sent, with what it promises from now on; None if nothing is.
        stop: Why nothing is.
    """

    action: Action | None
    stop: Reason | None = None


def reconsider(
    action: Action, decided_at: datetime, facts: Facts, ruleset: Ruleset, now: datetime
) -> Reconsidered:
    """Whether a message to a customer is still to be sent at `now`.

    Args:
        action: The message.
        decided_at: When it was decided (aware UTC).
        facts: What is known of its subject now, this message included.
        ruleset: The rules in force.
        now: Aware UTC.
    """
    facts = _as_if_unsaid(facts, action)
    standings = tuple(standings_of(facts, ruleset, now).values())
    planned = [*plan_messages(standings, facts, now)[0], *plan_follow_up(standings, facts, now)[0]]
    again = next((one for one in planned if _is_same(one.message, action)), None)
    if again is None and planned:
        return Reconsidered(None, Reason.JOINED)  # what is said instead stands for it
    if again is None:
        return Reconsidered(None, _why_not(action, decided_at, facts, standings, now))
    if again.message.skipped is not None or again.waits_for is not None:
        return Reconsidered(None, again.message.skipped or again.waits_for)
    next_at = promised_at(standings, again, facts, now)
    promise = {"next_update_at": utc_second(next_at) if next_at else None}
    return Reconsidered(replace(action, details={**action.details, **promise}))


def _as_if_unsaid(facts: Facts, action: Action) -> Facts:
    """The facts without the message, and without what only its own earlier attempt told us."""
    episodes = tuple(
        replace(
            episode,
            messages=tuple(
                replace(one, withdrawn="") if _is_it(one, action) else one
                for one in episode.messages
            ),
        )
        for episode in facts.episodes
    )
    return replace(
        facts,
        episodes=episodes,
        messages=tuple(one for one in facts.messages if not _is_it(one, action)),
        being_told=frozenset(),  # it is on its way itself
        bounces={name: one for name, one in facts.bounces.items() if one.key != action.key},
    )


def _is_it(said: CustomerMessage, action: Action) -> bool:
    return _is_same(said, action) and said.occurrence == action.occurrence


def _is_same(said: CustomerMessage, action: Action) -> bool:
    """Whether it keeps the same promise, on the same ticket."""
    named = (said.episode, said.message.value, said.ticket)
    return named == (action.episode, action.details.get("message"), action.ticket)


def _why_not(
    action: Action,
    decided_at: datetime,
    facts: Facts,
    standings: Sequence[Standing],
    now: datetime,
) -> Reason:
    """Why a message would not be decided again, nor wait; the first cause that applies."""
    if action.ticket not in facts.members:
        return Reason.RESOLVED
    view = facts.view(action.ticket, now)
    if withheld(facts, action.ticket, now) is not None:
        return Reason.CUSTOMER_LIMIT
    if _kind(action) is MessageKind.FOLLOW_UP:
        return Reason.CHANGED_BY_PERSON if view.resolved_at is None else Reason.TOO_LATE
    if view.last_agent_reply_at is not None and view.last_agent_reply_at > decided_at:
        return Reason.REPLIED
    standing = next((one for one in standings if one.rule.id == action.episode.rule), None)
    return _why_still(action, standing) or _why_later(action, decided_at, facts)


def _why_later(action: Action, decided_at: datetime, facts: Facts) -> Reason:
    """Why what the rule still has to say is not to be said yet."""
    is_joined = _is_said_since(action, decided_at, facts)
    return Reason.JOINED if is_joined else Reason.CHANGED_BY_PERSON


def _is_said_since(action: Action, decided_at: datetime, facts: Facts) -> bool:
    """Whether another message of ours on the ticket is later than the decision."""
    return any(
        one.is_said and one.ticket == action.ticket and one.deliver_at > decided_at
        for one in facts.messages
    )


def _why_still(action: Action, standing: Standing | None) -> Reason | None:
    """Why a rule has nothing to say of what it had, though nobody answered; None if it may have."""
    if standing is None:
        return Reason.OFF
    if not standing.is_live:
        return standing.reason if standing.reason in _ENDS else Reason.SUSPENDED
    if standing.pauses and standing.pauses[-1][1] is None:
        return Reason.PAUSED
    return Reason.TOO_LATE if _kind(action) is MessageKind.ON_ESCALATION else None


def _kind(action: Action) -> MessageKind:
    return MessageKind(str(action.details.get("message")))
