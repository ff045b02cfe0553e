"""Fields that two subjects would write at one instant: a group, and a ticket that belongs to it.

Rules on one subject see each other's writes while they are decided; rules on different subjects are
decided apart. In one tick the first writer of a field wins all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.domain.actions import ActionKind
from engine.domain.decide import Outcome, running_order
from engine.domain.facts import Facts
from engine.pipeline.subjects import group_of

Place = tuple[str, str]
"""A ticket's id, and one of its fields."""


@dataclass(slots=True)
class Written:
    """What has been written at one instant: ticket → field → the subject whose rule did it."""

    fields: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, subject: str, outcome: Outcome) -> None:
        """Remember what a decision writes."""
        for _, (ticket, name) in _writes(outcome):
            self.fields[ticket].setdefault(name, subject)

    def by_others(self, facts: Facts) -> frozenset[Place]:
        """What rules on other subjects have written to a subject's tickets."""
        return frozenset(
            (ticket, name)
            for ticket in facts.members
            if ticket in self.fields
            for name, subject in self.fields[ticket].items()
            if subject != facts.subject
        )


def losses(outcomes: Mapping[str, Outcome]) -> dict[str, frozenset[Place]]:
    """Subject → the fields that a rule on another subject, running earlier, writes before it.

    Args:
        outcomes: Decisions of one batch, by subject.
    """
    if all(group_of(subject) is None for subject in outcomes):
        return {}
    claims: defaultdict[Place, list[tuple[tuple[int, int], str]]] = defaultdict(list)
    for subject, outcome in outcomes.items():
        order = {one.rule.id: running_order(one) for one in outcome.standings}
        for rule, place in _writes(outcome):
            claims[place].append((order[rule], subject))
    lost: defaultdict[str, set[Place]] = defaultdict(set)
    for place, each in claims.items():
        for _, subject in sorted(each)[1:]:
            lost[subject].add(place)
    return {subject: frozenset(places) for subject, places in lost.items()}


def _writes(outcome: Outcome) -> Iterator[tuple[str, Place]]:
    """Each field that a decision writes, with the rule that does."""
    for action in outcome.actions:
        if action.kind is ActionKind.CHANGE:
            for change in action.changes:
                yield action.episode.rule, (action.ticket, change.field)
