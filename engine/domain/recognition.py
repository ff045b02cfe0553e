"""Which episode a rule and a subject are in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from engine.domain.episode import Episode, EpisodeId
from engine.domain.facts import Facts
from engine.domain.look import Look, look
from engine.domain.rule import Rule, Since
from engine.domain.ruleset import CompiledRule
from engine.domain.ticket import utc_second


def recognise(compiled: CompiledRule, facts: Facts, at: datetime) -> tuple[Look, Episode | None]:
    """The present episode, and what the rule sees in it.

    1. The anchor's key names it: one that is remembered (also one that had ended, such as after a
       due date that moved back), or a new one.
    2. An episode that began at the end of a group's cooldown lasts while the anchor is no later.
    3. Where the anchor is told by the match and the match does not hold, it is the last live one.
    4. A group whose ladder has been passed to its end begins anew when its cooldown ends; and again
       after that, as long as its count never falls.
    """
    seen = look(compiled, facts, at)
    remembered = facts.episodes_of(compiled.rule.id)
    episode = _named(compiled.rule, facts, seen, remembered)
    if episode is None:
        return seen, None
    return seen, _after_cooldown(compiled.rule, seen, episode, remembered, at)


def _named(rule: Rule, facts: Facts, seen: Look, remembered: list[Episode]) -> Episode | None:
    anchor = seen.anchor
    if anchor is None:
        told_by_match = facts.by is not None or rule.clock.since is Since.MATCH
        if seen.matching or not told_by_match:
            return None
        return next((e for e in remembered if e.ended_at is None), None)
    for episode in remembered:
        begun_later = facts.by is not None and episode.anchor_at > anchor.at
        if episode.id.anchor == anchor.key or (begun_later and episode.ended_at is None):
            return episode
    return Episode(EpisodeId(rule.id, facts.subject, anchor.key), anchor.at)


def ready_at(rule: Rule, episode: Episode, remembered: Iterable[Episode]) -> datetime | None:
    """When the cooldown after the rule's earlier episodes on the subject ends (aware UTC)."""
    if rule.cooldown is None:
        return None
    began_at = min((firing.fired_at for firing in episode.firings), default=None)
    fired = [
        other.last_fired_at
        for other in remembered
        if other.id != episode.id
        and other.last_fired_at is not None
        and (began_at is None or other.last_fired_at < began_at)
    ]
    return max(fired) + rule.cooldown if fired else None


def _after_cooldown(
    rule: Rule, seen: Look, episode: Episode, remembered: Iterable[Episode], at: datetime
) -> Episode:
    """The episode that follows at the end of a cooldown, and after that the next, up to `at`.

    While a group's count never falls, its anchor stays: every round goes by the same contact.
    """
    known = {one.id: one for one in remembered}
    while seen.matching:
        begins_at = begins_anew_at(rule, episode)
        if begins_at is None or at < begins_at:
            break
        key = EpisodeId(rule.id, episode.id.subject, utc_second(begins_at))
        if key == episode.id:
            break
        episode = known.get(key) or Episode(key, begins_at)
    return episode


def begins_anew_at(rule: Rule, episode: Episode) -> datetime | None:
    """When a group whose ladder has been passed to its end begins anew, if it then holds."""
    fired_at = episode.last_fired_at
    if rule.groups_by is None or rule.cooldown is None or fired_at is None:
        return None
    return fired_at + rule.cooldown if _is_passed_to_its_end(rule, episode) else None


def _is_passed_to_its_end(rule: Rule, episode: Episode) -> bool:
    passed = {firing.identity for firing in episode.firings}
    return bool(rule.levels) and rule.levels[-1].identity in passed
