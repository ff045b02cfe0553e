"""Field changes that a spent budget held go out in the next period that has room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from engine.domain.budget import next_period, period_start
from engine.domain.matching import earliest
from engine.domain.reason import Reason
from engine.domain.ruleset import Ruleset
from engine.ports import OutboxState, Store, Transaction

HELD_BY_BUDGETS = {"state": OutboxState.HELD.value, "reason": Reason.BUDGET.value}


def release_held(store: Store, ruleset: Ruleset, now: datetime) -> datetime | None:
    """Release what the budgets of this period have room for; oldest first.

    Returns:
        When there may be room for more of what is held (aware UTC); None if nothing is.
    """
    held: defaultdict[str, list[int]] = defaultdict(list)
    with store.write() as tx:
        for row in tx.view("v_outbox", HELD_BY_BUDGETS):
            held[str(row["rule"])].append(int(str(row["id"])))
        return earliest(_release(tx, ruleset, name, rows, now) for name, rows in held.items())


def next_release_at(store: Store, ruleset: Ruleset, now: datetime) -> datetime | None:
    """The earliest beginning of a period that may have room for something held (aware UTC)."""
    with store.read() as tx:
        rules = {str(row["rule"]) for row in tx.view("v_outbox", HELD_BY_BUDGETS)}
    budgets = (rule.budget for rule in ruleset.generation.rules if rule.id in rules)
    return earliest(next_period(budget, now) for budget in budgets)


def _release(
    tx: Transaction, ruleset: Ruleset, name: str, row_ids: Sequence[int], now: datetime
) -> datetime | None:
    rule = ruleset.generation.rule(name)
    if rule is None:
        for row_id in row_ids:
            tx.settle(row_id, OutboxState.CANCELLED, now, Reason.OFF.value)
        return None
    start = period_start(rule.budget, now)
    room = max(0, rule.budget.count - tx.budget_used(rule.id, start))
    released = sum(tx.settle(row_id, OutboxState.PENDING, now, None) for row_id in row_ids[:room])
    if released:
        tx.spend_budget(rule.id, start, released)
    return next_period(rule.budget, now) if len(row_ids) > room else None
