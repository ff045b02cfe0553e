"""What rules in shadow would have done, from what they recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from engine.domain.rule import Generation, Mode, Rule
from engine.insight.contracts.documents import ShadowStatus
from engine.ports import ShadowFiring, Store


def shadows(store: Store, generation: Generation, since: datetime) -> list[ShadowStatus]:
    """Each rule in shadow with what it would have done since an instant (aware UTC)."""
    rules = [rule for rule in generation.rules if rule.mode is Mode.SHADOW]
    if not rules:
        return []
    by_rule: defaultdict[str, list[ShadowFiring]] = defaultdict(list)
    with store.read() as tx:
        for firing in tx.shadow_firings(since):
            by_rule[firing.rule].append(firing)
    return [_told(rule, by_rule[rule.id]) for rule in rules]


def _told(rule: Rule, firings: list[ShadowFiring]) -> ShadowStatus:
    levels = [one for one in firings if one.occurrence == 1]
    return {
        "rule": rule.id,
        "escalations": sum(one.kind is not None for one in levels),
        "reminders": sum(one.kind is None for one in levels),
        "notices": sum(_notices(rule, one) for one in _that_speak(firings)),
    }


def _that_speak(firings: Iterable[ShadowFiring]) -> list[ShadowFiring]:
    """Levels that are due together speak once, by the last of them; each repetition speaks."""
    last: dict[tuple[str, str, datetime], ShadowFiring] = {}
    repeats = []
    for one in sorted(firings, key=lambda firing: firing.level):
        if one.occurrence > 1:
            repeats.append(one)
        else:
            last[one.subject, one.episode, one.fired_at] = one
    return [*last.values(), *repeats]


def _notices(rule: Rule, firing: ShadowFiring) -> int:
    """How many receivers the level names, as the rule is written now."""
    named = (level.notify for level in rule.levels if level.identity == firing.name)
    return len(next(named, ()))
