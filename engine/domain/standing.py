"""How one rule stands to one subject at one instant.

1. `look`: which members match, and from which event the clock runs.
2. `recognise`: which episode that is.
3. `stand`: what is due in it, and what, if anything, holds it back.

Nothing here fires: `engine.domain.decide` does, knowing how all the rules stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.backlog import is_repeat_backlog
from engine.domain.episode import Episode, Passing
from engine.domain.facts import Facts
from engine.domain.history import Mark
from engine.domain.hold import acknowledged_until, hold_on, silence_changes_at, silenced
from engine.domain.ladder import (
    DueRepeat,
    LevelStanding,
    LevelState,
    due_repeats,
    exhausted,
    ladder,
)
from engine.domain.lateness import why_passed
from engine.domain.look import Look, Pauses, holds_since, pauses_of
from engine.domain.matching import earliest
from engine.domain.merge import with_passed_levels
from engine.domain.reason import Reason, Verdict
from engine.domain.recognition import begins_anew_at, ready_at, recognise
from engine.domain.rule import Level, Mode, Rule, Since
from engine.domain.ruleset import CompiledRule
from engine.domain.silence import Quiet
from engine.domain.ticket import Priority


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rule stands to a subject.

    Attributes:
        episode: The present episode; None when there is none.
        anchor: From where its clock runs, after a cooldown's end.
        pauses: The spells that do not count on its clock.
        due: Levels to fire now, in order; empty when something holds them back.
        late: Levels that are passed now without acting, with the reason.
        repeats: Notices to say again now.
        late_repeats: Notices that newly loaded text would have said again in the past.
        held_levels: Whether a due level or notice is held back.
        exhausted: The level of which the very last notice has now been said in vain.
        acknowledged_until: Aware UTC; None when nobody has taken the escalation.
        silenced: The silence that is in force over it.
        holds_since: When the rule began to hold, where its customer updates count from there.
        next_at: The earliest instant at which, if nothing happens, it could stand otherwise.
    """

    compiled: CompiledRule
    verdict: Verdict
    reason: Reason
    look: Look
    episode: Episode | None = None
    anchor: Mark | None = None
    pauses: Pauses = ()
    levels: tuple[LevelStanding, ...] = ()
    due: tuple[LevelStanding, ...] = ()
    late: tuple[tuple[LevelStanding, Reason], ...] = ()
    repeats: tuple[DueRepeat, ...] = ()
    late_repeats: tuple[DueRepeat, ...] = ()
    exhausted: Level | None = None
    acknowledged_until: datetime | None = None
    silenced: Quiet | None = None
    holds_since: datetime | None = None
    next_at: datetime | None = None

    @property
    def rule(self) -> Rule:
        """The rule that stands so."""
        return self.compiled.rule

    @property
    def is_live(self) -> bool:
        """Whether the rule holds, has an anchor and may act."""
        return self.verdict in (Verdict.FIRED, Verdict.WAITING) or self.reason in _LIVE_HOLDS

    @property
    def inhibits(self) -> bool:
        """Whether, after what fires now, it goes on holding back the rules that it names."""
        if self.rule.mode is not Mode.ACTIVE or not self.is_live or not self.levels:
            return False
        priority = self.look.priority
        concerned = [one for one in self.levels if one.level.due.get(priority) is not None]
        if not concerned:
            return False
        passed = {one.level.number for one in self.due} | {one.level.number for one, _ in self.late}
        last = concerned[-1]
        return last.state in (LevelState.DUE, LevelState.WAITING) and (
            last.level.number not in passed
        )


_LIVE_HOLDS = frozenset(
    {
        Reason.PAUSED,
        Reason.INHIBITED,
        Reason.SILENCED,
        Reason.ACKNOWLEDGED,
        Reason.SHADOW,
        Reason.TOO_LATE,
        Reason.BACKLOG,
    }
)


def stand(
    compiled: CompiledRule,
    facts: Facts,
    now: datetime,
    others: Mapping[str, Standing],
) -> Standing:
    """How a rule stands to the facts' subject at `now` (aware UTC).

    Args:
        compiled: The rule.
        facts: What is known; nothing later than `now` is looked at.
        now: The instant.
        others: How the rules stand that may inhibit this one.
    """
    rule = compiled.rule
    if rule.mode is Mode.OFF:
        return Standing(compiled, Verdict.OFF, Reason.OFF, Look({}, (), None, None))
    if _cannot_concern(compiled, facts, now):
        is_open = facts.view(facts.subject, now).is_open
        reason = Reason.NO_MATCH if is_open else _why_closed(facts, now)
        return Standing(compiled, Verdict.NO_MATCH, reason, Look({}, (), None, None))
    seen, episode = recognise(compiled, facts, now)
    if not seen.matching:
        return _without_match(compiled, facts, now, seen, episode)
    if seen.anchor is None:
        return Standing(compiled, Verdict.NO_MATCH, Reason.NO_ANCHOR, seen, next_at=seen.changes_at)
    if not _is_concerned(rule, seen.priority):
        return Standing(compiled, Verdict.NO_MATCH, Reason.NO_TARGET, seen, next_at=seen.changes_at)
    return _climb(compiled, facts, now, others, seen, episode)


def _cannot_concern(compiled: CompiledRule, facts: Facts, now: datetime) -> bool:
    """Whether plain values already say that the rule does not hold and never did here."""
    if facts.by is not None or facts.episodes_of(compiled.rule.id):
        return False
    history = facts.members.get(facts.subject)
    if history is None or not any(compiled.requires):
        return False
    return not compiled.concerns(facts.view(facts.subject, now).ticket)


def _without_match(
    compiled: CompiledRule, facts: Facts, now: datetime, seen: Look, episode: Episode | None
) -> Standing:
    fired = episode is not None and episode.last_fired_at is not None
    verdict, reason = Verdict.NO_MATCH, Reason.NO_MATCH
    if not seen.views and not facts.is_populated:
        reason = _why_closed(facts, now)
    elif fired:
        verdict, reason = Verdict.SUPPRESSED, Reason.SUSPENDED
    anchor = seen.anchor
    levels: tuple[LevelStanding, ...] = ()
    if episode is not None and anchor is not None and seen.views:
        pauses = pauses_of(compiled, facts, seen)
        levels = ladder(compiled.rule, seen.priority, anchor, pauses, episode, now)
    return Standing(
        compiled,
        verdict,
        reason,
        seen,
        episode=episode if fired else None,
        anchor=anchor,
        levels=levels,
        next_at=seen.changes_at,
    )


def _why_closed(facts: Facts, now: datetime) -> Reason:
    """Why a rule sees no ticket: of a group, none is open."""
    if facts.by is not None:
        return Reason.RESOLVED
    if facts.subject not in facts.members:
        return Reason.NO_MATCH
    ticket = facts.view(facts.subject, now).ticket
    if ticket.merged_into:
        return Reason.MERGED
    return Reason.GONE if ticket.is_gone else Reason.RESOLVED


def _is_concerned(rule: Rule, priority: Priority) -> bool:
    if rule.clock.target is not None and rule.clock.target.get(priority) is None:
        return False
    if rule.levels:
        return any(level.due.get(priority) is not None for level in rule.levels)
    return True


# --- climbing ------------------------------------------------------------------------------------


def _climb(
    compiled: CompiledRule,
    facts: Facts,
    now: datetime,
    others: Mapping[str, Standing],
    seen: Look,
    episode: Episode | None,
) -> Standing:
    rule = compiled.rule
    assert episode is not None  # noqa: S101 - a look with an anchor has an episode
    assert seen.anchor is not None  # noqa: S101 - the caller has looked
    episode = with_passed_levels(rule, facts, episode, seen.anchor, now)
    cooled_at = ready_at(rule, episode, facts.episodes_of(rule.id))
    anchor = _running_from(rule, seen, episode, cooled_at)
    pauses = pauses_of(compiled, facts, seen)
    levels = ladder(rule, seen.priority, anchor, pauses, episode, now)
    taken_until = acknowledged_until(rule, facts, episode, now)
    standing = Standing(
        compiled,
        Verdict.WAITING,
        Reason.NOT_YET,
        seen,
        episode=replace(episode, anchor_at=anchor.at, ended_at=None),
        anchor=anchor,
        pauses=pauses,
        levels=levels,
        acknowledged_until=taken_until,
        silenced=silenced(rule, facts, seen.matching, now, now),
        holds_since=holds_since(compiled, facts, seen, now),
    )
    repeats, repeat_next = due_repeats(rule, seen.priority, episode, now)
    due = tuple(one for one in levels if one.state is LevelState.DUE)
    waiting = (one.due_at for one in levels if one.state is LevelState.WAITING)
    anew_at = begins_anew_at(rule, episode)
    next_at = earliest((seen.changes_at, *waiting, repeat_next, anew_at))
    remains = bool(repeats) or any(
        one.state in (LevelState.DUE, LevelState.WAITING) for one in levels
    )
    if facts.silences and (remains or repeat_next is not None):
        next_at = earliest((next_at, silence_changes_at(rule, facts, seen.matching, now)))
    hold = hold_on(standing, others, cooled_at, now)
    if hold is None:
        return _open(standing, facts, now, others, due, repeats, next_at)
    ends_at = hold.ends_at
    speaks_only = not rule.levels and hold.reason is Reason.PAUSED
    is_held = remains or repeat_next is not None or speaks_only
    if not is_held and hold.reason is not Reason.COOLDOWN:
        asks_at = ends_at if _end(standing) else None  # who took it may let it go
        return replace(_told(standing), next_at=earliest((next_at, asks_at)))
    return replace(
        standing,
        verdict=Verdict.SUPPRESSED,
        reason=hold.reason,
        next_at=earliest((next_at, ends_at)),
    )


def _open(
    standing: Standing,
    facts: Facts,
    now: datetime,
    others: Mapping[str, Standing],
    due: tuple[LevelStanding, ...],
    repeats: tuple[DueRepeat, ...],
    next_at: datetime | None,
) -> Standing:
    """Nothing holds the ladder: what is due fires, but for what comes too late or is backlog."""
    late = tuple(
        (one, reason)
        for one in standing.levels
        if (reason := why_passed(standing, facts, now, others, one)) is not None
    )
    passed = {one.level.number for one, _ in late}
    firing = tuple(one for one in due if one.level.number not in passed)
    backlog = tuple(one for one in repeats if is_repeat_backlog(standing, facts, one))
    repeats = tuple(one for one in repeats if one not in backlog)
    told = replace(
        standing, due=firing, late=late, repeats=repeats, late_repeats=backlog, next_at=next_at
    )
    told = _exhausted(told, now)
    if (firing or late or repeats or backlog) and standing.rule.mode is Mode.SHADOW:
        return replace(told, verdict=Verdict.SUPPRESSED, reason=Reason.SHADOW)
    if firing or repeats:
        return replace(told, verdict=Verdict.FIRED, reason=Reason.LEVEL_DUE)
    if late or backlog:
        reason = Reason.BACKLOG if backlog else late[-1][1]
        return replace(told, verdict=Verdict.SUPPRESSED, reason=reason)
    return _told(told)


def _exhausted(standing: Standing, now: datetime) -> Standing:
    """Whether nobody took what was said last, or when that will be known."""
    end = _end(standing)
    if end is None or standing.episode is None:
        return standing
    if end.due_at > now:
        return replace(standing, next_at=earliest((standing.next_at, end.due_at)))
    episode = replace(standing.episode, exhausted_at=now)
    return replace(standing, exhausted=end.level, episode=episode)


def _end(standing: Standing) -> DueRepeat | None:
    """What would be said after the very last notice, if that is not known to have been in vain."""
    episode = standing.episode
    if episode is None or episode.exhausted_at or standing.rule.mode is Mode.SHADOW:
        return None
    passed = {one.level.number for one in standing.due} | {
        one.level.number for one, _ in standing.late
    }
    ahead = (one for one in standing.levels if one.level.number not in passed)
    return exhausted(standing.rule, standing.look.priority, ahead, episode)


def _told(standing: Standing) -> Standing:
    """An episode in which nothing happens now says what was passed in it last.

    So the verdict is the same whenever, and however often, we look.
    """
    is_shadow = standing.rule.mode is Mode.SHADOW
    firings = standing.episode.firings if standing.episode else ()
    passed = [one for one in firings if is_shadow or one.passing is not Passing.SHADOW]
    if not passed:
        return replace(standing, verdict=Verdict.WAITING, reason=Reason.NOT_YET)
    if is_shadow:
        return replace(standing, verdict=Verdict.SUPPRESSED, reason=Reason.SHADOW)
    last = max(reversed(passed), key=lambda one: one.fired_at)
    if last.passing is Passing.TAKEN_OVER:  # it fired, on a ticket that was merged into this one
        return replace(standing, verdict=Verdict.FIRED, reason=Reason.LEVEL_DUE)
    verdict = Verdict.FIRED if last.has_fired else Verdict.SUPPRESSED
    return replace(standing, verdict=verdict, reason=last.reason)


def _running_from(rule: Rule, seen: Look, episode: Episode, ready_at: datetime | None) -> Mark:
    """The anchor as the episode runs from it: moved by a correction, or by a cooldown's end."""
    anchor = seen.anchor
    assert anchor is not None  # noqa: S101 - the caller has looked
    if anchor.key != episode.id.anchor:
        return Mark(episode.id.anchor, episode.anchor_at)
    if ready_at is None or rule.clock.since is Since.DUE:
        return anchor
    return Mark(anchor.key, max(anchor.at, ready_at))


def next_after_firing(standing: Standing, now: datetime) -> datetime | None:
    """When a rule that has just fired could act again because of that (aware UTC)."""
    episode = standing.episode
    if episode is None:
        return None
    _, repeat_at = due_repeats(standing.rule, standing.look.priority, episode, now)
    end = _end(standing)
    return earliest(
        (repeat_at, begins_anew_at(standing.rule, episode), end.due_at if end else None)
    )
