"""What levels that fire together ask to be done: fields first, then notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.budget import next_period
from engine.domain.episode import EpisodeId, Firing
from engine.domain.field_changes import Tick, changes_of
from engine.domain.ladder import DueRepeat, LevelStanding
from engine.domain.ownership import last_owner
from engine.domain.reason import Reason
from engine.domain.receivers import ASSIGNEE, DEFAULT_RECEIVER, targets_of
from engine.domain.rule import Level, Rule, Target
from engine.domain.standing import Standing
from engine.domain.ticket import Ticket, Value, utc_second


def act_on_levels(
    tick: Tick, standing: Standing, firings: Sequence[Firing], *, over_budget: bool
) -> None:
    """Add what the due levels of one rule ask for; levels due together act as one.

    `set`, `raise_priority` and tags apply in order; of `assign` and `notify` only the last happens.
    Beyond the budget the notice is a digest, and the field changes are held.
    """
    levels = [one.level for one in standing.due]
    last = levels[-1]
    details = _details(tick, standing, standing.due, firings)
    group_after: str | None = None
    changed: list[dict[str, object]] = []
    held: dict[str, object] = {}
    for name in standing.look.matching:
        ticket = tick.facts.view(name, tick.now).ticket
        changes = changes_of(tick, standing, levels, ticket)
        if changes and over_budget:
            held = {"room_from": utc_second(next_period(standing.rule.budget, tick.now))}
        if changes:
            tick.actions.append(_change(standing, last, name, changes, held=over_budget))
        shown = [_shown_change(change) for change in changes]
        waiting = held if changes else {}
        told = {**details, **waiting, "changes": shown}
        tick.actions.append(_note(standing, last, name, told))
        if name == standing.look.newest:
            group_after, changed = _group_after(ticket, changes), shown
    notifying = next((level for level in reversed(levels) if level.notify), None)
    if notifying is None and not over_budget:
        return
    reason = {"reason": Reason.BUDGET.value} if over_budget else {}
    _say(
        tick,
        standing,
        _Notice(
            names=notifying.notify if notifying else (DEFAULT_RECEIVER,),
            about=last.identity,
            number=last.number,
            occurrence=1,
            template=notifying.template if notifying else last.template,
            details={**details, **reason, **held, "changes": changed},
            kind=ActionKind.DIGEST if over_budget else ActionKind.NOTIFY,
            group_after=group_after,
        ),
    )


def repeat_notice(
    tick: Tick, standing: Standing, repeat: DueRepeat, firings: Sequence[Firing]
) -> None:
    """Add a level's notice said again; nothing else happens."""
    level = repeat.level
    details = _details(tick, standing, (_as_due(standing, repeat),), firings)
    _say(
        tick,
        standing,
        _Notice(
            names=level.notify,
            about=level.identity,
            number=level.number,
            occurrence=repeat.occurrence,
            template=level.template,
            details={**details, "occurrence": repeat.occurrence},
            group_after=level.assign_group,
        ),
    )


def tell_of_passed(tick: Tick, standing: Standing) -> None:
    """Name, in each receiver's digest, levels and repetitions that are passed without acting."""
    for one, reason in standing.late:
        _tell_of_one(tick, standing, one, 1, reason)
    for repeat in standing.late_repeats:
        _tell_of_one(tick, standing, _as_due(standing, repeat), repeat.occurrence, Reason.BACKLOG)


def _tell_of_one(
    tick: Tick, standing: Standing, one: LevelStanding, occurrence: int, reason: Reason
) -> None:
    details = _details(tick, standing, (one,), ())
    _say(
        tick,
        standing,
        _Notice(
            names=one.level.notify or (DEFAULT_RECEIVER,),
            about=one.level.identity,
            number=one.level.number,
            occurrence=occurrence,
            template="digest",
            details={**details, "occurrence": occurrence, "reason": reason.value},
            kind=ActionKind.DIGEST,
        ),
    )


def _as_due(standing: Standing, repeat: DueRepeat) -> LevelStanding:
    """A repetition as its level, due when the repetition is."""
    level = repeat.level
    return LevelStanding(level, standing.levels[level.number - 1].state, repeat.due_at)


def tell_of_last_update(tick: Tick, standing: Standing) -> None:
    """Tell the assignee that the customer hears nothing more by itself.

    Once for each number of updates that the rule allows, however often the last had to be decided.
    """
    plan = standing.rule.customer
    occurrence = (plan.updates.max if plan and plan.updates else None) or 1
    details = {
        "rule": rule_details(standing.rule),
        "level": {"number": 0, "name": "last customer update", "kind": None},
        "due_at": utc_second(tick.now),
        "fired_at": utc_second(tick.now),
        "passed_levels": [],
        "tickets": list(standing.look.matching),
        "occurrence": occurrence,
        "reason": "last_update",
    }
    _say(
        tick,
        standing,
        _Notice((ASSIGNEE,), "last-update", None, occurrence, "last-update", details),
    )


def _group_after(ticket: Ticket, changes: Iterable[FieldChange]) -> str | None:
    """The group that has the ticket once all the levels that fire as one have acted."""
    found = [change.after for change in changes if change.field == "group"]
    return str(found[-1]) if found and found[-1] else ticket.group


# --- actions -------------------------------------------------------------------------------------


def _key(episode: EpisodeId, *parts: object) -> str:
    return "|".join((episode.text, *(str(part) for part in parts)))


def _change(
    standing: Standing, level: Level, ticket: str, changes: tuple[FieldChange, ...], *, held: bool
) -> Action:
    episode = _episode_id(standing)
    return Action(
        key=_key(episode, level.identity, "change", ticket),
        kind=ActionKind.CHANGE,
        audience=Audience.TICKET,
        ticket=ticket,
        subject=episode.subject,
        episode=episode,
        level=level.number,
        occurrence=1,
        changes=changes,
        held=held,
        reason=Reason.BUDGET.value if held else None,
    )


def _note(standing: Standing, level: Level, ticket: str, details: Mapping[str, object]) -> Action:
    episode = _episode_id(standing)
    return Action(
        key=_key(episode, level.identity, "note", ticket),
        kind=ActionKind.NOTE,
        audience=Audience.TICKET,
        ticket=ticket,
        subject=episode.subject,
        episode=episode,
        level=level.number,
        occurrence=1,
        text=level.note,
        details=details,
    )


def _shown_change(change: FieldChange) -> dict[str, object]:
    return {
        "field": change.field,
        "before": _shown(change.before),
        "after": _shown(change.after),
    }


def _shown(value: Value) -> object:
    if isinstance(value, tuple):
        return list(value)
    return utc_second(value) if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class _Notice:
    """Something to tell people.

    Attributes:
        about: Identity of the level; what the key is made of.
        number: The level's number; None where no level is meant.
        group_after: The group that has the ticket after this level.
    """

    names: Sequence[str]
    about: str
    number: int | None
    occurrence: int
    template: str
    details: Mapping[str, object]
    kind: ActionKind = ActionKind.NOTIFY
    group_after: str | None = None


def _say(tick: Tick, standing: Standing, notice: _Notice) -> None:
    """One action for each way of each receiver; the same way is not used twice."""
    episode = _episode_id(standing)
    ticket = standing.look.newest or episode.subject
    actions: dict[tuple[str, str], Action] = {}
    for name in notice.names:
        found_as, targets = _resolve(tick, name, ticket, notice.group_after)
        for target in targets:
            way = (target.channel, target.to)
            actions.setdefault(
                way,
                Action(
                    key=_key(episode, notice.about, notice.occurrence, notice.kind.value, *way),
                    kind=notice.kind,
                    audience=Audience.STAFF,
                    ticket=ticket,
                    subject=episode.subject,
                    episode=episode,
                    level=notice.number,
                    occurrence=notice.occurrence,
                    receiver=found_as,
                    channel=target.channel,
                    to=target.to,
                    template=notice.template,
                    details=notice.details,
                ),
            )
    tick.actions.extend(actions.values())


def _resolve(
    tick: Tick, name: str, ticket: str, group_after: str | None
) -> tuple[str, tuple[Target, ...]]:
    """Who is meant: `assignee` is the person before this level, `group` the group after it."""
    before = tick.facts.view(ticket, tick.now).ticket if ticket in tick.facts.members else None
    return targets_of(
        name,
        tick.receivers,
        tick.now,
        assignee=before.assignee if before else None,
        group=group_after or (before.group if before else None),
    )


def _episode_id(standing: Standing) -> EpisodeId:
    assert standing.episode is not None  # noqa: S101 - what fires has an episode
    return standing.episode.id


def rule_details(rule: Rule) -> dict[str, object]:
    """What templates are told of a rule; JSON values only."""
    return {
        "id": rule.id,
        "description": rule.description,
        "reason": rule.reason or rule.description,
        "asked_by": rule.asked_by,
    }


def _details(
    tick: Tick,
    standing: Standing,
    due: Sequence[LevelStanding],
    firings: Sequence[Firing],
) -> dict[str, object]:
    """What templates are told besides the ticket; JSON values only."""
    last = due[-1]
    assert last.due_at is not None  # noqa: S101 - it is due
    escalates = bool(firings) and any(one.level.kind for one in due)
    was_escalated = standing.episode is not None and standing.episode.escalated_at is not None
    return {
        "rule": rule_details(standing.rule),
        "level": {
            "number": last.level.number,
            "name": last.level.identity,
            "kind": last.level.kind.value if last.level.kind else None,
        },
        "due_at": utc_second(last.due_at),
        "fired_at": utc_second(tick.now),
        "escalated": escalates or was_escalated,
        "last_owner": _last_owner(tick, standing),
        "passed_levels": [one.level.identity for one in due[:-1]],
        "tickets": list(standing.look.matching),
        "occurrence": 1,
        "reason": firings[-1].reason.value if firings else Reason.LEVEL_DUE.value,
    }


def _last_owner(tick: Tick, standing: Standing) -> dict[str, object] | None:
    """Who had taken the escalation until it ran out; None where nobody ever had."""
    assert standing.episode is not None  # noqa: S101 - what fires has an episode
    owner = last_owner(standing.rule, tick.facts, standing.episode, tick.now)
    if owner is None or owner.until is None:
        return None
    return {"name": owner.name, "until": utc_second(owner.until)}
