"""Levels that are passed without acting: backlog of new text, and what comes too late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from engine.domain.episode import Episode
from engine.domain.facts import Facts
from engine.domain.ladder import LevelStanding, LevelState, ladder
from engine.domain.look import pauses_of
from engine.domain.matching import ONE_SECOND
from engine.domain.reason import Reason
from engine.domain.recognition import recognise
from engine.domain.rule import BacklogPolicy, Mode
from engine.domain.ruleset import CompiledRule

if TYPE_CHECKING:
    from engine.domain.standing import Standing


def why_passed(
    standing: Standing,
    facts: Facts,
    now: datetime,
    others: Mapping[str, Standing],
    one: LevelStanding,
) -> Reason | None:
    """Why a due level is passed without acting; None when it fires."""
    assert one.due_at is not None  # noqa: S101 - it is due
    if _is_backlog(standing, facts, one):
        return Reason.BACKLOG
    if now - one.due_at <= standing.rule.max_lateness:
        return None
    ready_at = _actionable_since(standing, facts, now, others, one)
    return Reason.TOO_LATE if now - ready_at > standing.rule.max_lateness else None


def _is_backlog(standing: Standing, facts: Facts, one: LevelStanding) -> bool:
    known = facts.known.get(standing.rule.id)
    if known is None or standing.rule.backlog is BacklogPolicy.ACT or one.due_at is None:
        return False
    if one.due_at > known.since or one.level.identity not in _due_at(
        standing.compiled, facts, known.since
    ):
        return False
    before = known.before
    if before is None or before.rule.mode is not Mode.ACTIVE:
        return True
    return one.level.identity not in _due_at(before, facts, known.since)


def _due_at(compiled: CompiledRule, facts: Facts, at: datetime) -> set[str]:
    """Identities of the levels that a text of the rule put in the past of `at`."""
    seen, episode = recognise(compiled, facts, at)
    if not seen.matching or seen.anchor is None or episode is None:
        return set()
    pauses = pauses_of(compiled, facts, seen)
    blank = Episode(episode.id, episode.anchor_at)
    levels = ladder(compiled.rule, seen.priority, seen.anchor, pauses, blank, at)
    return {one.level.identity for one in levels if one.state is LevelState.DUE}


def _actionable_since(
    standing: Standing,
    facts: Facts,
    now: datetime,
    others: Mapping[str, Standing],
    one: LevelStanding,
) -> datetime:
    """From when on a due level could act: the latest of its due instant and what freed it."""
    assert one.due_at is not None  # noqa: S101 - it is due
    freed = [one.due_at]
    freed.extend(end for _, end in standing.pauses if end is not None)
    if standing.acknowledged_until is not None:
        freed.append(standing.acknowledged_until)
    for name in standing.compiled.inhibited_by:
        other = others[name].episode if name in others else None
        if other is not None and other.last_fired_at is not None:
            freed.append(other.last_fired_at)
    event_at = _made_due_at(standing, facts, now, one)
    if event_at is not None:
        freed.append(event_at)
    return max(at for at in freed if at <= now)


def _made_due_at(
    standing: Standing, facts: Facts, now: datetime, one: LevelStanding
) -> datetime | None:
    """The last event just before which the level was not due."""
    instants = {at for history in facts.members.values() for at in history.instants(now)}
    for at in sorted(instants, reverse=True):
        if one.due_at is not None and at <= one.due_at:
            return None
        if one.level.identity not in _due_at(standing.compiled, facts, at - ONE_SECOND):
            return at
    return None
