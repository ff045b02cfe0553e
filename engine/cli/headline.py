"""One line that says how a rule stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

from engine.cli.near_miss import near_miss
from engine.cli.wording import local_day
from engine.domain.episode import Firing
from engine.domain.ladder import LevelState
from engine.domain.reason import Reason, Verdict
from engine.insight.contracts.reasons import MEANINGS
from engine.insight.explanation import Explanation
from engine.insight.holders import Holder

Day = Callable[[datetime], str]
"""Puts an instant into words."""


def in_short(one: Explanation, zone: tzinfo, at: datetime) -> str:
    """What a rule did, waits for, or is held back by.

    Args:
        one: How it stands.
        zone: Local times are of this zone.
        at: The instant of which it is told (aware UTC).
    """

    def day(instant: datetime) -> str:
        return local_day(instant, zone, at)

    match one.verdict:
        case Verdict.FIRED:
            return _what_fired(one, day)
        case Verdict.WAITING:
            return _what_comes(one, day) or "nothing comes by time alone"
        case Verdict.SUPPRESSED:
            return _what_holds(one, day)
        case Verdict.OFF:
            return "the rule is off"
        case Verdict.NO_MATCH:
            return _why_not(one)


def _what_fired(one: Explanation, day: Day) -> str:
    latest = max(_fired(one), key=lambda firing: firing.fired_at, default=None)
    said = f"{latest.identity} fired on {day(latest.fired_at)}" if latest else None
    parts = filter(None, (said, _what_comes(one, day)))
    return "; ".join(parts) or MEANINGS[one.reason]


def _fired(one: Explanation) -> list[Firing]:
    """The firings of the levels that fired, in the order of the levels."""
    fired = (rung.standing for rung in one.levels if rung.standing.state is LevelState.FIRED)
    return [standing.firing for standing in fired if standing.firing is not None]


def _what_comes(one: Explanation, day: Day) -> str | None:
    for rung in one.levels:
        if rung.standing.state is LevelState.WAITING and rung.standing.due_at is not None:
            return f"next: {rung.level.identity} on {day(rung.standing.due_at)}"
    if one.rule.levels or one.next_at is None:
        return None
    return f"next look on {day(one.next_at)}"


def _what_holds(one: Explanation, day: Day) -> str:
    if one.held_by:
        return "; ".join(_holder(each, day) for each in one.held_by)
    if one.reason is Reason.SUSPENDED and one.finding and not one.finding.holds:
        return f"its match stopped holding: {near_miss(one.finding)}"
    return MEANINGS[one.reason]


def _holder(one: Holder, day: Day) -> str:
    since = f" {day(one.since)}" if one.since else ""
    until = f" until {day(one.until)}" if one.until else ""
    match one.what:
        case "status":
            return f"paused while the status is {one.name}, since{since}"
        case "rule":
            return f"held back by rule {one.name}"
        case "silence":
            return f"silence {one.name} holds it back{until}"
        case "person":
            return f"taken by {one.name or 'a person'} ({one.how}) on{since}, left alone{until}"
        case _:
            return f"it fired on{since}, and is quiet{until}"


def _why_not(one: Explanation) -> str:
    if one.reason is Reason.NO_MATCH and one.finding and not one.finding.holds:
        return near_miss(one.finding)
    return MEANINGS[one.reason]
