"""Field changes that a spent budget held go out in the next period that has room."""

from __future__ import annotations

from datetime import datetime

from engine.domain.budget import is_spent, next_period, period_start
from engine.domain.matching import earliest
from engine.domain.reason import Reason
from engine.domain.ruleset import Ruleset
from engine.ports import OutboxState, Store, Transaction

_HELD = {"state": OutboxState.HELD.value, "reason": Reason.BUDGET.value}


def release_held(store: Store, ruleset: Ruleset, now: datetime) -> int:
    """Release what the budgets of this period have room for; oldest first.

    Returns:
        How many rows are still held.
    """
    with store.write() as tx:
        return sum(not _release(tx, ruleset, row, now) for row in tx.view("v_outbox", _HELD))


def _release(tx: Transaction, ruleset: Ruleset, row: dict[str, object], now: datetime) -> bool:
    rule = ruleset.generation.rule(str(row["rule"]))
    if rule is None:
        return tx.settle(int(str(row["id"])), OutboxState.CANCELLED, now, Reason.OFF.value)
    start = period_start(rule.budget, now)
    if is_spent(rule.budget, tx.budget_used(rule.id, start)):
        return False
    tx.spend_budget(rule.id, start, 1)
    return tx.settle(int(str(row["id"])), OutboxState.PENDING, now, None)


def next_release_at(store: Store, ruleset: Ruleset, now: datetime) -> datetime | None:
    """The earliest beginning of a period that may have room for something held (aware UTC)."""
    with store.read() as tx:
        rules = {str(row["rule"]) for row in tx.view("v_outbox", _HELD)}
    budgets = (rule.budget for rule in ruleset.generation.rules if rule.id in rules)
    return earliest(next_period(budget, now) for budget in budgets)
