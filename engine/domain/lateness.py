"""Levels that are passed without acting: backlog of new text, and what comes too late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from engine.domain.backlog import due_by, is_backlog, is_passed_on_reload
from engine.domain.facts import Facts
from engine.domain.hold import silenced
from engine.domain.ladder import LevelStanding, LevelState
from engine.domain.look import look
from engine.domain.matching import ONE_SECOND
from engine.domain.reason import Reason
from engine.domain.recognition import recognise
from engine.domain.ruleset import CompiledRule
from engine.domain.ticket import Actor

if TYPE_CHECKING:
    from engine.domain.standing import Standing


def why_passed(
    standing: Standing,
    facts: Facts,
    now: datetime,
    others: Mapping[str, Standing],
    one: LevelStanding,
) -> Reason | None:
    """Why a level is passed now without acting; None when it fires, or is not due."""
    if is_passed_on_reload(standing, facts, one):
        return Reason.PASSED_ON_RELOAD
    if one.state is not LevelState.DUE or one.due_at is None:
        return None
    if is_backlog(standing, facts, one):
        return Reason.BACKLOG
    if now - one.due_at <= standing.rule.max_lateness:
        return None
    ready_at = _actionable_since(standing, facts, now, others, one)
    return Reason.TOO_LATE if now - ready_at > standing.rule.max_lateness else None


def _actionable_since(
    standing: Standing,
    facts: Facts,
    now: datetime,
    others: Mapping[str, Standing],
    one: LevelStanding,
) -> datetime:
    """From when on a due level could act: the latest of its due instant and what freed it."""
    assert one.due_at is not None  # noqa: S101 - it is due
    freed: list[datetime | None] = [one.due_at, standing.acknowledged_until]
    freed.extend(end for _, end in standing.pauses)
    freed.extend(
        _let_go_at(others[name].compiled, facts, one.due_at, now)
        for name in standing.compiled.inhibited_by
        if name in others
    )
    freed.append(_made_due_at(standing.compiled, facts, one, now))
    freed.append(_silent_until(standing, facts, one.due_at, now))
    return max(at for at in freed if at is not None and at <= now)


def _silent_until(
    standing: Standing, facts: Facts, due_at: datetime, now: datetime
) -> datetime | None:
    """When the last silence over the rule ended since the level was due, none following it."""
    since = max(due_at, now - standing.rule.max_lateness - ONE_SECOND)
    for end in facts.silences.ends_within(since, now):
        before = end - ONE_SECOND
        if silenced(standing.rule, facts, standing.look.matching, before, before) is not None:
            return end
    return None


def _turns(
    compiled: CompiledRule, facts: Facts, since: datetime, until: datetime
) -> Iterator[datetime]:
    """From `since` to `until`: when something happened, or time alone could change the match."""
    firings = (f.fired_at for e in facts.episodes_of(compiled.rule.id) for f in e.firings)
    events = (at for history in facts.members.values() for at in history.instants(until))
    pending = sorted({since, *(at for at in (*events, *firings) if since < at <= until)})
    while pending:
        at = pending.pop(0)
        yield at
        moves_at = look(compiled, facts, at).changes_at
        if moves_at is not None and moves_at <= until and (not pending or moves_at < pending[0]):
            pending.insert(0, moves_at)


def _made_due_at(
    compiled: CompiledRule, facts: Facts, one: LevelStanding, now: datetime
) -> datetime | None:
    """The last event, or beginning of the match, just before which the level was not due.

    What we wrote ourselves counts only where it let the match begin: a raise of ours that moves a
    due instant far into the past leaves it there.
    """
    assert one.due_at is not None  # noqa: S101 - it is due
    name = one.level.identity
    found: datetime | None = None
    for at in _turns(compiled, facts, one.due_at, now):
        if at > one.due_at and name in due_by(compiled, facts, at):
            before = at - ONE_SECOND
            is_moved_by_us = _is_only_ours(facts, at) and look(compiled, facts, before).matching
            if name not in due_by(compiled, facts, before) and not is_moved_by_us:
                found = at
    return found


def _is_only_ours(facts: Facts, at: datetime) -> bool:
    """Whether something happened at an instant, and all of it by our own hand."""
    histories = facts.members.values()
    if any(one.at == at for history in histories for one in history.absorbed):
        return False
    events = (event for history in histories for event in history.events)
    actors = {event.actor for event in events if event.at == at}
    return actors == {Actor.OURSELVES}


def _let_go_at(
    compiled: CompiledRule, facts: Facts, since: datetime, now: datetime
) -> datetime | None:
    """When a rule that inhibits no longer stopped doing so, if it did from `since` on."""
    found: datetime | None = None
    held = False
    for at in _turns(compiled, facts, since, now):
        holds = _holds_back(compiled, facts, at)
        if held and not holds:
            found = at
        held = holds
    return now if held else found  # its last level fires at this very instant


def _holds_back(compiled: CompiledRule, facts: Facts, at: datetime) -> bool:
    """Whether a rule had a match, an anchor and its last level before it at a past instant."""
    seen, episode = recognise(compiled, facts, at)
    if not seen.matching or seen.anchor is None or episode is None:
        return False
    concerned = [one for one in compiled.rule.levels if one.due.get(seen.priority) is not None]
    passed = {firing.identity for firing in episode.firings if firing.fired_at <= at}
    return bool(concerned) and concerned[-1].identity not in passed
