"""The levels of a rule in one episode: when each is due, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engine.domain.episode import Episode, Firing, Passing
from engine.domain.history import Mark
from engine.domain.look import Pauses
from engine.domain.matching import earliest
from engine.domain.rule import Level, Mode, Percent, Rule
from engine.domain.ticket import Priority


class LevelState(StrEnum):
    """Where a level of the ladder stands."""

    FIRED = "fired"
    DUE = "due"
    WAITING = "waiting"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class LevelStanding:
    """One level of the ladder, in one episode.

    Attributes:
        due_at: None while the clock stands still before it, or the level has none here.
    """

    level: Level
    state: LevelState
    due_at: datetime | None
    firing: Firing | None = None


@dataclass(frozen=True, slots=True)
class DueRepeat:
    """The last repetition of a level's notice that has fallen due and was not said."""

    level: Level
    occurrence: int
    due_at: datetime


def ladder(
    rule: Rule,
    priority: Priority,
    anchor: Mark,
    pauses: Pauses,
    episode: Episode,
    now: datetime,
) -> tuple[LevelStanding, ...]:
    """Every level of a rule with its due instant and what became of it in this episode."""
    counted = _counted(rule, episode)
    passed_upto = max(
        (level.number for level in rule.levels if level.identity in counted), default=0
    )
    return tuple(
        _level_standing(
            level,
            level_due_at(rule, level, priority, anchor, pauses),
            counted.get(level.identity),
            passed_upto,
            now,
        )
        for level in rule.levels
    )


def _counted(rule: Rule, episode: Episode) -> dict[str, Firing]:
    """The first occurrences that count: what a shadow recorded never counts as fired."""
    shadow = rule.mode is Mode.SHADOW
    return {
        firing.identity: firing
        for firing in episode.firings
        if firing.occurrence == 1 and (shadow or firing.passing is not Passing.SHADOW)
    }


def _level_standing(
    level: Level,
    due_at: datetime | None,
    firing: Firing | None,
    passed_upto: int,
    now: datetime,
) -> LevelStanding:
    if firing is not None:
        state = LevelState.SKIPPED if firing.passing is Passing.SKIPPED else LevelState.FIRED
        return LevelStanding(level, state, firing.due_at, firing)
    if level.number < passed_upto:
        return LevelStanding(level, LevelState.SKIPPED, due_at)
    is_due = due_at is not None and due_at <= now
    return LevelStanding(level, LevelState.DUE if is_due else LevelState.WAITING, due_at)


def level_due_at(
    rule: Rule, level: Level, priority: Priority, anchor: Mark, pauses: Pauses
) -> datetime | None:
    """When a level is due (aware UTC); None where this priority has none, or not yet."""
    offset, amount = level.due.get(priority), amount_of(rule, level, priority)
    if offset is None or amount is None:
        return None
    if offset.is_before:
        return rule.clock.calendar.subtract(anchor.at, amount)
    return rule.clock.calendar.add(anchor.at, amount, pauses)


def amount_of(rule: Rule, level: Level, priority: Priority) -> timedelta | None:
    """How much opening time a level asks for; None where this priority has none."""
    offset = level.due.get(priority)
    if offset is None:
        return None
    if not isinstance(offset.amount, Percent):
        return offset.amount
    target = rule.clock.target.get(priority) if rule.clock.target else None
    return None if target is None else offset.amount.applied_to(target)


def due_repeats(
    rule: Rule, priority: Priority, episode: Episode, now: datetime
) -> tuple[tuple[DueRepeat, ...], datetime | None]:
    """The repetitions due at `now`, the last of each level, and when the next one is due."""
    due: list[DueRepeat] = []
    upcoming: list[datetime] = []
    for level in rule.levels:
        every = level.repeat.every.get(priority) if level.repeat else None
        first = _passed_occurrences(rule, level, episode).get(1)
        if level.repeat is None or every is None or first is None:
            continue
        said = max(_passed_occurrences(rule, level, episode))
        latest: DueRepeat | None = None
        for occurrence in range(said + 1, level.repeat.times + 2):
            at = rule.clock.calendar.add(first.fired_at, every * (occurrence - 1))
            if at is None or at > now:
                upcoming.extend(() if at is None else (at,))
                break
            latest = DueRepeat(level, occurrence, at)
        due.extend(() if latest is None else (latest,))
    return tuple(due), earliest(upcoming)


def exhausted(
    rule: Rule, priority: Priority, levels: Iterable[LevelStanding], episode: Episode
) -> DueRepeat | None:
    """The repetition that would follow the very last notice of an escalation, were there one more.

    By then that one has been said in vain. None while a level or a notice is still to come, and for
    a ladder that repeats nothing.
    """
    is_climbing = any(one.state in (LevelState.DUE, LevelState.WAITING) for one in levels)
    if episode.escalated_at is None or is_climbing:
        return None
    ends: list[DueRepeat] = []
    for level in rule.levels:
        every = level.repeat.every.get(priority) if level.repeat else None
        said = _passed_occurrences(rule, level, episode)
        if level.repeat is None or every is None or 1 not in said:
            continue
        if max(said) <= level.repeat.times:
            return None
        at = rule.clock.calendar.add(said[max(said)].fired_at, every)
        ends.extend(() if at is None else (DueRepeat(level, level.repeat.times + 2, at),))
    return max(ends, key=lambda one: (one.due_at, one.level.number), default=None)


def _passed_occurrences(rule: Rule, level: Level, episode: Episode) -> dict[int, Firing]:
    """The firing of a level that acted, and the repetitions that were said or passed."""
    shadow = rule.mode is Mode.SHADOW
    return {
        firing.occurrence: firing
        for firing in episode.firings
        if firing.identity == level.identity
        if (firing.passing is Passing.SHADOW if shadow else firing.has_fired)
        or (firing.occurrence > 1 and firing.passing is Passing.SKIPPED)
    }
