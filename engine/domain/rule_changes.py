"""What became of the rules from one generation to the next."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.rule import Generation


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """How two generations differ, rule by rule.

    Attributes:
        added: Ids of rules that are new.
        removed: Ids of rules that are no more.
        renamed: (id before, id now) of rules that say so by `moved_from`.
        changed: Present ids of rules that now decide otherwise; a renamed rule may be among them.
        receivers: Whether who is told, or where, has changed.
        templates: Whether any message's words have changed.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    changed: tuple[str, ...] = ()
    receivers: bool = False
    templates: bool = False


def changes_between(before: Generation, after: Generation) -> RuleChanges:
    """What became of the rules, each list in the order in which rules run."""
    old = {rule.id: rule.fingerprint for rule in before.rules}
    new = {rule.id for rule in after.rules}
    renamed = tuple(
        (rule.moved_from, rule.id)
        for rule in after.rules
        if rule.moved_from in old and rule.id not in old and rule.moved_from not in new
    )
    came_from = {now: earlier for earlier, now in renamed}
    moved = set(came_from.values())
    known = {rule.id: old.get(came_from.get(rule.id, rule.id)) for rule in after.rules}
    return RuleChanges(
        added=tuple(rule.id for rule in after.rules if known[rule.id] is None),
        removed=tuple(name for name in old if name not in new and name not in moved),
        renamed=tuple((str(earlier), now) for earlier, now in renamed),
        changed=tuple(
            rule.id
            for rule in after.rules
            if known[rule.id] is not None and known[rule.id] != rule.fingerprint
        ),
        receivers=before.receivers != after.receivers,
        templates=before.templates != after.templates,
    )
