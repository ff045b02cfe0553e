"""Which escalations are nobody's: what `status` lists and `/metrics` counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from engine.domain.decide import decide
from engine.domain.standing import Standing
from engine.insight.then import upto
from engine.pipeline.evaluate import Policy
from engine.pipeline.gather import gather
from engine.ports import Store

_AT_LEAST: Final = 30.0
"""Seconds between two counts, however often somebody asks."""
_SHARE: Final = 20
"""A count takes no more than this part of the time, however many there are."""


def unowned(store: Store, policy: Policy, now: datetime) -> list[Standing]:
    """Live escalations that nobody has taken, by subject, then as the rules run.

    Args:
        store: What is known.
        policy: What is in force.
        now: Aware UTC.
    """
    with store.read() as tx:
        names = set(tx.live_escalations())
        survivors = {ticket.id for ticket in tx.survivors(names).values()}
        escalated = sorted(names | survivors)
        gathered = gather(tx, escalated, policy.ruleset, policy.limits, policy.known, now)
    found: list[Standing] = []
    for subject in escalated:
        outcome = decide(upto(gathered.facts(subject), now), policy.ruleset, policy.receivers, now)
        found.extend(one for one in outcome.standings if is_unowned(one, now))
    return found


def is_unowned(standing: Standing, now: datetime) -> bool:
    """Whether a rule has escalated, and nobody has it at that instant (aware UTC)."""
    until = standing.acknowledged_until
    escalated_at = standing.episode.escalated_at if standing.episode else None
    return standing.is_live and escalated_at is not None and (until is None or until <= now)


class PatientCount:
    """A count that is made anew only after a while. Threads may share one."""

    def __init__(self, count: Callable[[], int], monotonic: Callable[[], float]) -> None:
        """Nothing is counted yet.

        Args:
            count: Counts.
            monotonic: Real seconds since some fixed point; never steps.
        """
        self._count = count
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._found = 0
        self._again_at: float | None = None

    def __call__(self) -> int:
        """How many there were lately.

        Raises:
            StoreError: They cannot be counted now.
        """
        with self._lock:
            began = self._monotonic()
            if self._again_at is None or began >= self._again_at:
                self._found = self._count()
                ended = self._monotonic()
                self._again_at = ended + max(_AT_LEAST, _SHARE * (ended - began))
            return self._found
