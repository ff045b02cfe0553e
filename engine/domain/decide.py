"""What is to be done about one subject at one instant, by all the rules, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.budget import is_spent
from engine.domain.customer_updates import PlannedMessage, plan_messages, promised_at
from engine.domain.episode import CustomerMessage, Episode, Firing, Passing
from engine.domain.facts import Facts
from engine.domain.field_changes import RefusedField, Tick
from engine.domain.firing import (
    act_on_levels,
    repeat_notice,
    tell_of_last_update,
    tell_of_passed,
)
from engine.domain.follow_up import plan_follow_up
from engine.domain.ladder import DueRepeat, LevelStanding
from engine.domain.matching import ONE_SECOND, earliest
from engine.domain.reason import Reason, Verdict
from engine.domain.rule import Kind, Level, Mode, Receiver
from engine.domain.ruleset import CompiledRule, Ruleset
from engine.domain.standing import Standing, next_after_firing, stand
from engine.domain.ticket import utc_second
from engine.domain.unreachable import tell_of_unreachable


@dataclass(frozen=True, slots=True)
class NewFiring:
    """A level, or a repetition of its notice, that was passed at this instant."""

    standing: Standing
    firing: Firing


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `decide` says of a subject.

    Attributes:
        standings: How every rule stands; verdict and reason are its decision.
        episodes: The episodes that have changed.
        firings: What was passed at this instant, skipped and shadowed levels included.
        actions: What is to be done outside, in order.
        messages: Messages to the customer that go out now, and those that are now skipped.
        planned: Messages to the customer that are due and wait, with the reason.
        refused: Fields that were left alone, with the reason.
        budget_spent: Escalations by rule.
        next_check_at: The earliest instant at which, if nothing happens, any rule could decide
            otherwise (aware UTC); None when only an event could matter.
    """

    standings: tuple[Standing, ...]
    episodes: tuple[Episode, ...]
    firings: tuple[NewFiring, ...]
    actions: tuple[Action, ...]
    messages: tuple[CustomerMessage, ...]
    planned: tuple[PlannedMessage, ...]
    refused: tuple[RefusedField, ...]
    budget_spent: Mapping[str, int]
    next_check_at: datetime | None


def decide(
    facts: Facts, ruleset: Ruleset, receivers: Mapping[str, Receiver], now: datetime
) -> Outcome:
    """Decide about one subject.

    1. See how every rule stands, inhibiting rules first.
    2. Fire what is due: hierarchical levels first, then in the order of the rule files.
    3. Let the ticket's one voice speak to the customer.
    4. End the episodes whose anchor is gone.

    Args:
        facts: What is known of the subject; nothing later than `now` is looked at.
        ruleset: The rules in force.
        receivers: Who can be told, by name; `default` must be there if any rule notifies.
        now: Aware UTC.

    Returns:
        The same for the same arguments, always.
    """
    standings = standings_of(facts, ruleset, now)
    tick = Tick(facts, receivers, now)
    firings: list[NewFiring] = []
    spent: dict[str, int] = {}
    for standing in sorted(standings.values(), key=running_order):
        fired = _fire(tick, standing, ruleset.generation.id, spent)
        firings.extend(NewFiring(standing, firing) for firing in fired)
        if fired:
            standings[standing.rule.id] = _with_firings(standing, fired)
    after = tuple(standings.values())
    if facts.taken or any(action.kind is ActionKind.CHANGE for action in tick.actions):
        # What we write now may let other rules escalate at this very instant: the customer hears
        # what there is to say when that is decided.
        planned: list[PlannedMessage] = []
        later = [now + ONE_SECOND]
    else:
        planned, later = plan_messages(after, facts, now)
        owed, owed_at = plan_follow_up(after, facts, now)
        planned, later = [*planned, *owed], [*later, *owed_at]
    tell_of_unreachable(tick, after)
    written = [one for one in planned if one.waits_for is None]
    for one in written:
        is_said = one.message.skipped is None
        next_at = promised_at(after, one, facts, now) if is_said else None
        tick.actions.append(reply_of(one, next_at, facts))
        if is_said and one.is_last:
            tell_of_last_update(tick, one.standing)
    messages = tuple(one.message for one in written)
    fired_rules = {new.standing.rule.id for new in firings}
    return Outcome(
        standings=after,
        episodes=_changed_episodes(after, messages, facts, now),
        firings=tuple(firings),
        actions=tuple(tick.actions),
        messages=messages,
        planned=tuple(one for one in planned if one.waits_for is not None),
        refused=tuple(tick.refused),
        budget_spent=spent,
        next_check_at=now if messages else _next_check(after, fired_rules, ruleset, later, now),
    )


def rules_for(facts: Facts, ruleset: Ruleset) -> tuple[CompiledRule, ...]:
    """The rules whose subjects are of this subject's kind, inhibiting ones first."""
    return ruleset.of_tickets() if facts.by is None else ruleset.of_groups(facts.by)


def standings_of(facts: Facts, ruleset: Ruleset, now: datetime) -> dict[str, Standing]:
    """How every rule of the subject's kind stands, by id; inhibiting ones first."""
    standings: dict[str, Standing] = {}
    for compiled in rules_for(facts, ruleset):
        standings[compiled.rule.id] = stand(compiled, facts, now, standings)
    return standings


def running_order(standing: Standing) -> tuple[int, int]:
    """Where a rule stands among those that fire at one instant: the least comes first."""
    climbs = any(one.level.kind is Kind.HIERARCHICAL for one in standing.due)
    return (0 if climbs else 1, standing.rule.position)


# --- firing --------------------------------------------------------------------------------------


def _fire(tick: Tick, standing: Standing, generation: str, spent: dict[str, int]) -> list[Firing]:
    rule, facts, now = standing.rule, tick.facts, tick.now
    shadow = rule.mode is Mode.SHADOW
    costs = not shadow and any(one.level.kind for one in standing.due)
    over = costs and is_spent(rule.budget, facts.budget_used.get(rule.id, 0))
    if costs and not over:
        spent[rule.id] = spent.get(rule.id, 0) + 1
    acts = _Passed(now, generation, Passing.SHADOW if shadow else Passing.FIRED)
    rests = _Passed(now, generation, Passing.SHADOW if shadow else Passing.SKIPPED)
    reason = Reason.SHADOW if shadow else Reason.BUDGET if over else Reason.LEVEL_DUE
    said = Reason.SHADOW if shadow else Reason.LEVEL_DUE
    skipped = [
        *(rests.level(one, why) for one, why in standing.late),
        *(rests.repeat(one, Reason.BACKLOG) for one in standing.late_repeats),
    ]
    levels = [acts.level(one, reason) for one in standing.due]
    repeats = [acts.repeat(one, said) for one in standing.repeats]
    if not shadow:
        if skipped:
            tell_of_passed(tick, standing)
        if levels:
            act_on_levels(tick, standing, levels, over_budget=over)
        for repeat in standing.repeats:
            repeat_notice(tick, standing, repeat, repeats)
    return [*skipped, *levels, *repeats]


@dataclass(frozen=True, slots=True)
class _Passed:
    """What is passed at one instant, in one way, by one generation."""

    now: datetime
    generation: str
    passing: Passing

    def level(self, one: LevelStanding, reason: Reason) -> Firing:
        return self._firing(one.level, 1, one.due_at or self.now, reason)

    def repeat(self, one: DueRepeat, reason: Reason) -> Firing:
        return self._firing(one.level, one.occurrence, one.due_at, reason)

    def _firing(self, level: Level, occurrence: int, due_at: datetime, reason: Reason) -> Firing:
        return Firing(
            level=level.number,
            identity=level.identity,
            occurrence=occurrence,
            kind=level.kind,
            due_at=due_at,
            fired_at=self.now,
            reason=reason,
            passing=self.passing,
            generation=self.generation,
        )


def _with_firings(standing: Standing, fired: Sequence[Firing]) -> Standing:
    episode = standing.episode
    assert episode is not None  # noqa: S101 - what fires has an episode
    episode = replace(episode, firings=(*episode.firings, *fired))
    reason = fired[-1].reason if standing.verdict is Verdict.FIRED else standing.reason
    return replace(standing, episode=episode, reason=reason)


# --- customer messages ---------------------------------------------------------------------------


def reply_of(planned: PlannedMessage, next_at: datetime | None, facts: Facts) -> Action:
    """The message as an action, with the instant that it promises for the next one."""
    message = planned.message
    escalated_at = planned.standing.episode.escalated_at if planned.standing.episode else None
    return Action(
        key="|".join((message.episode.text, message.message.value, str(message.occurrence))),
        kind=ActionKind.REPLY,
        audience=Audience.CUSTOMER,
        ticket=message.ticket,
        subject=facts.subject,
        episode=message.episode,
        occurrence=message.occurrence,
        template=message.template,
        details={
            "message": message.message.value,
            "escalated_at": utc_second(escalated_at) if escalated_at else None,
            "next_update_at": utc_second(next_at) if next_at else None,
            "due_at": utc_second(message.due_at),
        },
        skipped=message.skipped is not None,
        reason=message.skipped and message.skipped.value,
    )


# --- episodes and the next look ------------------------------------------------------------------


def _changed_episodes(
    standings: Sequence[Standing],
    messages: Sequence[CustomerMessage],
    facts: Facts,
    now: datetime,
) -> tuple[Episode, ...]:
    remembered = {episode.id: episode for episode in facts.episodes}
    present = {
        standing.rule.id: standing.episode
        for standing in standings
        if standing.episode is not None and (standing.look.views or facts.is_populated)
    }
    living = {episode.id: episode for episode in present.values()}
    ended = {
        episode.id: episode if episode.ended_at else replace(episode, ended_at=now)
        for episode in facts.episodes
        if episode.id not in living
    }
    changed = []
    for episode in (*living.values(), *ended.values()):
        said = tuple(message for message in messages if message.episode == episode.id)
        told = replace(episode, messages=(*episode.messages, *said))
        is_worth_it = told.id in remembered or told.firings or told.messages
        if is_worth_it and remembered.get(told.id) != told:
            changed.append(told)
    return tuple(changed)


def _next_check(
    standings: Sequence[Standing],
    fired: Collection[str],
    ruleset: Ruleset,
    later: Sequence[datetime],
    now: datetime,
) -> datetime | None:
    """The earliest instant at which anything could be decided otherwise.

    Where a customer was written to, or a rule counts escalations, what follows is decided at once.
    """
    if fired and ruleset.reads_escalations:
        return now
    upcoming = (standing.next_at for standing in standings)
    after = (next_after_firing(s, now) for s in standings if s.rule.id in fired)
    return earliest((*upcoming, *after, *later))
