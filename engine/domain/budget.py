"""How many escalations a rule may fire in a period."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.domain.rule import Budget

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def period_start(budget: Budget, at: datetime) -> datetime:
    """Beginning of the period that holds `at` (aware UTC); periods are aligned to the epoch."""
    return at - (at - EPOCH) % budget.per


def next_period(budget: Budget, at: datetime) -> datetime:
    """Beginning of the period after the one that holds `at` (aware UTC)."""
    return period_start(budget, at) + budget.per


def is_spent(budget: Budget, used: int) -> bool:
    """Whether a period in which `used` escalations have been fired has room for no other."""
    return used >= budget.count
