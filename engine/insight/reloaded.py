"""What a reading of the rule files came to: format ``escalatord.reload/1``, and the log's lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.domain.rule_changes import RuleChanges
from engine.errors import Problem
from engine.insight import checked
from engine.insight.telling import tell_of_problems

if TYPE_CHECKING:
    from engine.insight.contracts.documents import ReloadDocument
    from engine.logs import Logger


class ReloadResult(StrEnum):
    """What became of the rule files that were read."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reading of the rule files came to.

    Attributes:
        before: Id of the generation that was in force.
        generation: Id of the one that is in force now.
        rules: How many rules are in force now.
        degraded: The files are broken, and `generation` is the last good one.
        changes: How the two generations differ.
        live: Rule, as it was called before → its live episodes.
        files: The rule files that were read.
        problems: What is wrong with them, warnings included.
        shown: These faults as people are shown them, and their sum.
    """

    result: ReloadResult
    before: str
    generation: str
    rules: int
    degraded: bool
    changes: RuleChanges = field(default_factory=RuleChanges)
    live: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    shown: tuple[str, ...] = ()

    @property
    def ended(self) -> int:
        """Live episodes whose rule is no more."""
        return sum(self.live.get(rule, 0) for rule in self.changes.removed)

    @property
    def kept(self) -> int:
        """Live episodes that go on where they stood: what has fired in them stays fired."""
        return sum(self.live.values()) - self.ended


def as_json(reloaded: Reloaded) -> ReloadDocument:
    """The document of ``reload --json``."""
    changes = reloaded.changes
    judged = checked.as_json(reloaded.files, reloaded.problems)
    return {
        "format": "escalatord.reload/1",
        "result": reloaded.result.value,
        "before": reloaded.before,
        "generation": reloaded.generation,
        "rules": reloaded.rules,
        "degraded": reloaded.degraded,
        "added": list(changes.added),
        "removed": list(changes.removed),
        "renamed": [{"before": before, "now": now} for before, now in changes.renamed],
        "changed": list(changes.changed),
        "receivers_changed": changes.receivers,
        "templates_changed": changes.templates,
        "episodes_kept": reloaded.kept,
        "episodes_ended": reloaded.ended,
        "files": judged["files"],
        "problems": judged["problems"],
    }


def tell(log: Logger, reloaded: Reloaded) -> None:
    """Say which rules are in force, and what became of the files."""
    if reloaded.result is ReloadResult.REJECTED:
        tell_of_problems(log, reloaded.problems)
        return
    changes = reloaded.changes
    log.info(
        "rules.loaded",
        generation=reloaded.generation,
        rules=reloaded.rules,
        degraded=reloaded.degraded,
        before=reloaded.before,
        added=list(changes.added),
        removed=list(changes.removed),
        renamed=[f"{before} → {now}" for before, now in changes.renamed],
        changed=list(changes.changed),
        episodes_kept=reloaded.kept,
        episodes_ended=reloaded.ended,
    )
