"""Why a row of the outbox is in its state, and what each verb would do to it: in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from engine.domain.actions import ActionKind, Audience
from engine.domain.budget import next_period
from engine.domain.reason import Reason
from engine.domain.ruleset import Ruleset
from engine.domain.ticket import utc_second
from engine.insight.contracts.documents import VerbLine
from engine.insight.contracts.reasons import MEANINGS
from engine.pipeline.intervene import objection
from engine.ports import Intervention, OutboxRow, OutboxState, OutboxVerb, Transaction

UNSENT_BY_ITSELF: Final = "a message to a customer is not sent again by itself"


def in_words(reason: str | None) -> str:
    """A reason as a person reads it: the closed list's meaning, or the text that it is."""
    known = {one.value: meaning for one, meaning in MEANINGS.items()}
    return known.get(reason or "", reason or "no reason was given")


def why(
    row: OutboxRow, interventions: Sequence[Intervention], ruleset: Ruleset, now: datetime
) -> str:
    """Why a row is in its state, as one sentence without its full stop.

    Args:
        row: The row.
        interventions: What people decided about it, in order.
        ruleset: The rules in force.
        now: Aware UTC.
    """
    said = in_words(row.reason)
    tried = f"after {row.attempts} attempts" if row.attempts > 1 else "at once"
    by_hand = bool(interventions) and interventions[-1].verb is OutboxVerb.DROP
    words = {
        OutboxState.LEASED: "it is being sent just now",
        OutboxState.SENDING: "it is being sent just now",
        OutboxState.DELIVERED: "it arrived",
        OutboxState.CANCELLED: f"it was overtaken: {said}",
        OutboxState.REJECTED: f"it was given up {tried}: {said}",
        OutboxState.DROPPED: said if by_hand else f"it could not be put into words: {said}",
        OutboxState.UNKNOWN: f"{said}; {UNSENT_BY_ITSELF}",
    }
    if row.state is OutboxState.HELD:
        return _held(row, ruleset, now)
    return words.get(row.state) or _waits(row, said, now)


def _waits(row: OutboxRow, said: str, now: datetime) -> str:
    if row.next_attempt_at <= now:
        return f"it is due ({said})" if row.reason else "it is due, and waits for its turn"
    until = f"until {utc_second(row.next_attempt_at)}"
    return f"it waits {until}: {said}" if row.reason else f"it waits {until}"


def _held(row: OutboxRow, ruleset: Ruleset, now: datetime) -> str:
    rule = ruleset.generation.rule(row.action.episode.rule)
    if row.reason != Reason.BUDGET.value:
        return f"it is held: {in_words(row.reason)}"
    if rule is None:
        return "the budget of a rule that is no more held it; it is cancelled at the next look"
    at = utc_second(next_period(rule.budget, now))
    return f"{in_words(row.reason)}; it goes out by itself in the next one with room, from {at}"


def effects(tx: Transaction, row: OutboxRow) -> list[VerbLine]:
    """What each verb would do to a row, or why it can do nothing."""
    lines: list[VerbLine] = []
    for verb in OutboxVerb:
        against = objection(tx, row, verb)
        effect = _EFFECT[verb](row) if against is None else against
        lines.append({"verb": verb.value, "possible": against is None, "effect": effect})
    return lines


def _retried(row: OutboxRow) -> str:
    doubt = row.action.audience is not Audience.CUSTOMER and row.attempts > 0
    again = ", perhaps a second time" if doubt else ""
    return f"try it at once{again}; just before, the ticket is read again"


def _released(row: OutboxRow) -> str:
    del row
    return "make the change at once, beyond the budget; just before, the ticket is read again"


def _dropped(row: OutboxRow) -> str:
    if row.action.audience is Audience.CUSTOMER:
        return "never send it; the customer's next message comes in its usual rhythm"
    if row.action.kind is ActionKind.CHANGE:
        return "never make the change"
    return "never send it; nobody is told instead"


_EFFECT: Final = {
    OutboxVerb.RETRY: _retried,
    OutboxVerb.DROP: _dropped,
    OutboxVerb.RELEASE: _released,
}
