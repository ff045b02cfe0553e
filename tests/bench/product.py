"""The product as it is wired for the benchmark: real rules, real store, nothing delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from engine.domain.facts import CustomerLimits, Known
from engine.domain.ruleset import Ruleset
from engine.pipeline.evaluate import Policy, evaluate
from engine.rulebook import load, render_problem
from engine.store import SqlStore

Fired = set[tuple[str, str]]
"""(subject, rule) of everything that fired."""

RULES: Final = Path(__file__).with_name("rules")
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Product:
    """A store that stands as a daemon would have left it, and the rules in force."""

    store: SqlStore
    policy: Policy

    def tick(self, now: datetime) -> Fired:
        """One evaluation, as the daemon makes it; what fired.

        Raises:
            AssertionError: A decision failed.
        """
        done = evaluate(self.store, self.policy, now)
        assert not done.failures, done.failures[0]
        return {(one.ticket, one.rule) for one in done.fired}


def read_rules() -> Policy:
    """The twenty rules of the folder `rules`.

    Raises:
        AssertionError: They have an error.
    """
    loaded = load(RULES)
    shown = [render_problem(p, loaded.sources.get(p.file, "")) for p in loaded.problems]
    assert loaded.generation is not None, "\n".join(shown)
    ruleset = Ruleset(loaded.generation)
    known = {compiled.rule.id: Known(_LONG_AGO) for compiled in ruleset.rules}
    return Policy(ruleset, ruleset.generation.receivers, CustomerLimits(), known)
