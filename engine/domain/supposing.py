"""What would be told if a template went out now: for looking at a text before it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.customer_updates import PlannedMessage, promised_at
from engine.domain.decide import decide, reply_of
from engine.domain.episode import (
    CustomerMessage,
    Episode,
    EpisodeId,
    Firing,
    MessageKind,
    Passing,
)
from engine.domain.facts import Facts
from engine.domain.field_changes import Tick
from engine.domain.firing import act_on_levels, tell_of_last_update
from engine.domain.ladder import LevelStanding, LevelState
from engine.domain.reason import Reason
from engine.domain.rule import CustomerPlan, Level, Receiver
from engine.domain.ruleset import Ruleset
from engine.domain.standing import Standing

LAST_UPDATE = "last-update"


@dataclass(frozen=True, slots=True)
class Supposed:
    """An action that would go out.

    Attributes:
        is_live: Whether its rule holds for the ticket now; otherwise it could not go out at all.
    """

    action: Action
    is_live: bool


def suppose(
    facts: Facts,
    ruleset: Ruleset,
    receivers: Mapping[str, Receiver],
    now: datetime,
    audience: Audience,
    template: str,
) -> list[Supposed]:
    """The actions by which a template would reach people, were its moment now.

    A level is taken to fire, and an escalation to have begun, where that has not happened yet.

    Args:
        facts: What is known of the subject.
        ruleset: The rules.
        receivers: Who can be told, by name.
        now: Aware UTC.
        audience: `STAFF` or `CUSTOMER`.
        template: Its name.

    Returns:
        One for each rule that uses it: those that hold first, then those that have escalated.
    """
    standings = decide(facts, ruleset, receivers, now).standings
    tick = Tick(facts, receivers, now)
    found: list[tuple[tuple[bool, bool, int], Supposed]] = []
    for standing in standings:
        action = (
            _to_staff(tick, standing, template)
            if audience is Audience.STAFF
            else _to_customer(standings, standing, facts, now, template)
        )
        if action is not None:
            escalated = standing.episode is not None and standing.episode.escalated_at is not None
            # A follow-up comes when the rule holds no more.
            asks = action.details.get("message") == MessageKind.FOLLOW_UP.value
            is_live = standing.is_live or asks
            turn = (not is_live, not escalated, standing.rule.position)
            found.append((turn, Supposed(action, is_live)))
    return [supposed for _, supposed in sorted(found, key=lambda one: one[0])]


# --- to staff ------------------------------------------------------------------------------------


def _to_staff(tick: Tick, standing: Standing, template: str) -> Action | None:
    began = len(tick.actions)
    level = _level_with(standing, template)
    has_updates = standing.rule.customer is not None and standing.rule.customer.updates is not None
    present = replace(standing, episode=_episode(standing, tick.facts, tick.now))
    if level is not None:
        due = LevelStanding(level.level, LevelState.DUE, level.due_at or tick.now)
        act_on_levels(tick, replace(present, due=(due,)), (), over_budget=False)
    elif template == LAST_UPDATE and has_updates:
        tell_of_last_update(tick, present)
    told = [one for one in tick.actions[began:] if one.kind is ActionKind.NOTIFY]
    return told[0] if told else None


def _level_with(standing: Standing, template: str) -> LevelStanding | None:
    """The level that would say it next; where all have, the one that said it last."""
    known = {one.level.number: one for one in standing.levels}
    levels = [
        known.get(level.number) or LevelStanding(level, LevelState.WAITING, None)
        for level in standing.rule.levels
        if level.template == template and level.notify
    ]
    ahead = [one for one in levels if one.state in (LevelState.DUE, LevelState.WAITING)]
    return next(iter(ahead), levels[-1] if levels else None)


def _episode(standing: Standing, facts: Facts, now: datetime) -> Episode:
    """The present episode, or one that would begin now."""
    begun = Episode(EpisodeId(standing.rule.id, facts.subject, "now"), now)
    return standing.episode or begun


# --- to the customer -----------------------------------------------------------------------------


def _to_customer(
    standings: Sequence[Standing],
    standing: Standing,
    facts: Facts,
    now: datetime,
    template: str,
) -> Action | None:
    kind = next(_kinds(standing.rule.customer, template), None)
    if kind is None:
        return None
    episode = _escalated(standing, facts, now)
    present = replace(standing, episode=episode)
    message = CustomerMessage(
        episode=episode.id,
        ticket=standing.look.newest or facts.subject,
        customer=None,
        message=kind,
        occurrence=1 + sum(said.message is kind for said in episode.messages),
        template=template,
        due_at=now,
        deliver_at=now,
    )
    said = PlannedMessage(message, present, None)
    if kind is MessageKind.FOLLOW_UP or not standing.is_live:
        return reply_of(said, None, facts)
    others = [one for one in standings if one is not standing]
    return reply_of(said, promised_at([present, *others], said, facts, now), facts)


def _kinds(plan: CustomerPlan | None, template: str) -> Iterator[MessageKind]:
    """As what the template goes out."""
    if plan is None:
        return
    if plan.on_escalation == template:
        yield MessageKind.ON_ESCALATION
    if plan.updates is not None and plan.updates.template == template:
        yield MessageKind.UPDATE
    if plan.follow_up is not None and plan.follow_up.template == template:
        yield MessageKind.FOLLOW_UP


def _escalated(standing: Standing, facts: Facts, now: datetime) -> Episode:
    """The episode; where the rule would have to escalate first, it does so now."""
    episode = _episode(standing, facts, now)
    first = next((level for level in standing.rule.levels if level.kind), None)
    if first is None or episode.escalated_at is not None:
        return episode
    return replace(episode, firings=(*episode.firings, _fired(first, now)))


def _fired(level: Level, now: datetime) -> Firing:
    return Firing(
        level=level.number,
        identity=level.identity,
        occurrence=1,
        kind=level.kind,
        due_at=now,
        fired_at=now,
        reason=Reason.LEVEL_DUE,
        passing=Passing.FIRED,
        generation="",
    )
