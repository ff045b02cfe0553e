"""What levels that fire together ask to be done: fields first, then notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.episode import EpisodeId, Firing
from engine.domain.facts import Facts
from engine.domain.ladder import DueRepeat, LevelStanding
from engine.domain.reason import Reason
from engine.domain.rule import Level, Receiver, Rule, Target
from engine.domain.standing import Standing
from engine.domain.ticket import (
    Actor,
    EventKind,
    Priority,
    Status,
    Ticket,
    Value,
    utc_second,
    value_of,
)

DEFAULT_RECEIVER = "default"
ASSIGNEE = "assignee"
GROUP = "group"


@dataclass(frozen=True, slots=True)
class RefusedField:
    """A field that a firing level left alone, and why."""

    rule: str
    ticket: str
    field: str
    reason: Reason


@dataclass(slots=True)
class Tick:
    """What the rules of one subject have asked for so far at one instant.

    Attributes:
        taken: (ticket, field) → the rule that wrote it first in this tick.
    """

    actions: list[Action] = field(default_factory=list)
    refused: list[RefusedField] = field(default_factory=list)
    taken: dict[tuple[str, str], str] = field(default_factory=dict)


def act_on_levels(
    tick: Tick,
    standing: Standing,
    firings: Sequence[Firing],
    facts: Facts,
    receivers: Mapping[str, Receiver],
    now: datetime,
    *,
    over_budget: bool,
) -> None:
    """Add what the due levels of one rule ask for; levels due together act as one.

    `set`, `raise_priority` and tags apply in order; of `assign` and `notify` only the last happens.
    """
    levels = [one.level for one in standing.due]
    details = _details(standing, standing.due, firings, now)
    group_after: str | None = None
    for name in _affected(standing):
        ticket = facts.view(name, now).ticket
        changes = _changes(tick, standing, levels, facts, ticket, now)
        if name == standing.look.newest:
            group_after = _group_after(ticket, changes)
        if changes:
            tick.actions.append(_change(standing, levels[-1], name, changes, held=over_budget))
        tick.actions.append(_note(standing, levels[-1], name, details, changes))
    notifying = next((level for level in reversed(levels) if level.notify), None)
    if notifying is None and not over_budget:
        return
    told = notifying.notify if notifying else (DEFAULT_RECEIVER,)
    template = notifying.template if notifying else levels[-1].template
    kind = ActionKind.DIGEST if over_budget else ActionKind.NOTIFY
    if over_budget:
        details = {**details, "reason": Reason.BUDGET.value}
    last = replace(levels[-1], assign_group=group_after)
    tick.actions.extend(
        _notices(standing, last, 1, told, template, details, facts, receivers, now, kind)
    )


def repeat_notice(
    tick: Tick,
    standing: Standing,
    repeat: DueRepeat,
    firings: Sequence[Firing],
    facts: Facts,
    receivers: Mapping[str, Receiver],
    now: datetime,
) -> None:
    """Add a level's notice said again; nothing else happens."""
    one = LevelStanding(repeat.level, standing.levels[repeat.level.number - 1].state, repeat.due_at)
    details = {**_details(standing, (one,), firings, now), "occurrence": repeat.occurrence}
    level = repeat.level
    tick.actions.extend(
        _notices(
            standing,
            level,
            repeat.occurrence,
            level.notify,
            level.template,
            details,
            facts,
            receivers,
            now,
            ActionKind.NOTIFY,
        )
    )


def tell_of_passed(
    tick: Tick,
    standing: Standing,
    passed: Iterable[tuple[LevelStanding, Reason]],
    facts: Facts,
    receivers: Mapping[str, Receiver],
    now: datetime,
) -> None:
    """Name, in each receiver's digest, levels that are passed without acting."""
    for one, reason in passed:
        details = {**_details(standing, (one,), (), now), "reason": reason.value}
        told = one.level.notify or (DEFAULT_RECEIVER,)
        tick.actions.extend(
            _notices(
                standing,
                one.level,
                1,
                told,
                "digest",
                details,
                facts,
                receivers,
                now,
                ActionKind.DIGEST,
            )
        )


def tell_of_last_update(
    tick: Tick,
    standing: Standing,
    occurrence: int,
    facts: Facts,
    receivers: Mapping[str, Receiver],
    now: datetime,
) -> None:
    """Tell the assignee that the customer hears nothing more by itself."""
    details = {
        "rule": _rule_details(standing.rule),
        "level": {"number": 0, "name": "last customer update", "kind": None},
        "due_at": utc_second(now),
        "fired_at": utc_second(now),
        "passed_levels": [],
        "tickets": list(standing.look.matching),
        "occurrence": occurrence,
        "reason": "last_update",
    }
    tick.actions.extend(
        _notices(
            standing,
            None,
            occurrence,
            (ASSIGNEE,),
            "last-update",
            details,
            facts,
            receivers,
            now,
            ActionKind.NOTIFY,
        )
    )


def _group_after(ticket: Ticket, changes: Iterable[FieldChange]) -> str | None:
    """The group that has the ticket once all the levels that fire as one have acted."""
    found = [change.after for change in changes if change.field == "group"]
    return str(found[-1]) if found and found[-1] else ticket.group


def _affected(standing: Standing) -> tuple[str, ...]:
    return standing.look.matching


# --- fields --------------------------------------------------------------------------------------


def _changes(
    tick: Tick,
    standing: Standing,
    levels: Sequence[Level],
    facts: Facts,
    ticket: Ticket,
    now: datetime,
) -> tuple[FieldChange, ...]:
    """The absolute changes, less the fields that are taken or that a person has claimed."""
    wanted: dict[str, Value] = {}
    for level in levels:
        _apply(level, ticket, wanted)
    assigning = [level for level in levels if level.assign_group or level.assign_assignee]
    if assigning:
        wanted.update(_assignment(assigning[-1]))
    claimed = _claimed(standing, facts, ticket.id, now)
    if _refusal(tick, claimed, ticket.id, GROUP) and wanted.get(ASSIGNEE, ASSIGNEE) is None:
        del wanted[ASSIGNEE]  # clearing the assignee is a part of assigning the group
    changes = []
    for name, value in wanted.items():
        if value_of(ticket, name) == value:
            continue
        reason = _refusal(tick, claimed, ticket.id, name)
        if reason is not None:
            tick.refused.append(RefusedField(standing.rule.id, ticket.id, name, reason))
            continue
        tick.taken[ticket.id, name] = standing.rule.id
        changes.append(FieldChange(name, _plain(value_of(ticket, name)), value))
    return tuple(changes)


def _plain(value: object) -> Value:
    return value if isinstance(value, (str, tuple, datetime, bool)) else None


def _refusal(tick: Tick, claimed: frozenset[str], ticket: str, name: str) -> Reason | None:
    if (ticket, name) in tick.taken:
        return Reason.FIELD_TAKEN
    return Reason.CHANGED_BY_PERSON if name in claimed else None


def _apply(level: Level, ticket: Ticket, wanted: dict[str, Value]) -> None:
    for name, text in level.set_fields:
        wanted[name] = _typed(name, text)
    if level.raise_priority:
        present = wanted.get("priority", ticket.effective_priority)
        wanted["priority"] = Priority(str(present)).raised(level.raise_priority)
    if level.tag or level.untag:
        tags = wanted.get("tags", ticket.tags)
        borne = list(tags) if isinstance(tags, tuple) else []
        kept = [tag for tag in borne if tag not in level.untag]
        wanted["tags"] = (*kept, *(tag for tag in level.tag if tag not in kept))


def _typed(name: str, text: str) -> Value:
    if name == "priority":
        return Priority(text)
    return Status(text) if name == "status" else text


def _assignment(level: Level) -> dict[str, Value]:
    wanted: dict[str, Value] = {}
    if level.assign_group is not None:
        wanted = {"group": level.assign_group, "assignee": None}
    if level.assign_assignee is not None:
        wanted["assignee"] = level.assign_assignee
    return wanted


def _claimed(standing: Standing, facts: Facts, ticket: str, now: datetime) -> frozenset[str]:
    """Fields that a person changed after we set them in this episode, or a lowered priority."""
    episode, anchor = standing.episode, standing.anchor
    if episode is None or anchor is None:
        return frozenset()
    ours: set[str] = set()
    claimed: set[str] = set()
    for event in facts.members[ticket].events:
        if event.kind is not EventKind.CHANGED or event.at > now or event.field is None:
            continue
        if event.episode == episode.id.text:
            ours.add(event.field)
        elif event.actor is Actor.PERSON:
            lowered = event.at >= anchor.at and _is_lower(event.field, event.before, event.after)
            if event.field in ours or lowered:
                claimed.add(event.field)
    return frozenset(claimed)


def _is_lower(name: str, before: Value, after: Value) -> bool:
    if name != "priority" or after is None:
        return False
    return Priority(str(after)).rank < Priority(str(before or Priority.MEDIUM)).rank


# --- actions -------------------------------------------------------------------------------------


def _key(episode: EpisodeId, *parts: object) -> str:
    return "|".join((episode.text, *(str(part) for part in parts)))


def _change(
    standing: Standing,
    level: Level,
    ticket: str,
    changes: tuple[FieldChange, ...],
    *,
    held: bool,
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


def _note(
    standing: Standing,
    level: Level,
    ticket: str,
    details: Mapping[str, object],
    changes: Sequence[FieldChange],
) -> Action:
    episode = _episode_id(standing)
    shown = [
        {"field": c.field, "before": _shown(c.before), "after": _shown(c.after)} for c in changes
    ]
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
        details={**details, "changes": shown},
    )


def _shown(value: Value) -> object:
    if isinstance(value, tuple):
        return list(value)
    return utc_second(value) if isinstance(value, datetime) else value


def _notices(
    standing: Standing,
    level: Level | None,
    occurrence: int,
    names: Sequence[str],
    template: str,
    details: Mapping[str, object],
    facts: Facts,
    receivers: Mapping[str, Receiver],
    now: datetime,
    kind: ActionKind,
) -> list[Action]:
    """One notice for each way of each receiver; the same way is not used twice."""
    episode = _episode_id(standing)
    ticket = standing.look.newest or episode.subject
    identity = level.identity if level else "last-update"
    notices: dict[tuple[str, str], Action] = {}
    for name in names:
        found_as, targets = _resolve(name, level, facts, ticket, receivers, now)
        for target in targets:
            way = (target.channel, target.to)
            notices.setdefault(
                way,
                Action(
                    key=_key(episode, identity, occurrence, kind.value, *way),
                    kind=kind,
                    audience=Audience.STAFF,
                    ticket=ticket,
                    subject=episode.subject,
                    episode=episode,
                    level=level.number if level else None,
                    occurrence=occurrence,
                    receiver=found_as,
                    channel=target.channel,
                    to=target.to,
                    template=template,
                    details=details,
                ),
            )
    return list(notices.values())


def _resolve(
    name: str,
    level: Level | None,
    facts: Facts,
    ticket: str,
    receivers: Mapping[str, Receiver],
    now: datetime,
) -> tuple[str, tuple[Target, ...]]:
    """Who is meant by a receiver's name; who resolves to nobody falls back until somebody is told.

    `assignee` is the person before this level, `group` the group after it.
    """
    before = facts.view(ticket, now).ticket if ticket in facts.members else None
    group_after = (level.assign_group if level else None) or (before.group if before else None)
    meant = {ASSIGNEE: before.assignee if before else None, GROUP: group_after}
    fallbacks = {ASSIGNEE: (ASSIGNEE, GROUP, DEFAULT_RECEIVER), GROUP: (GROUP, DEFAULT_RECEIVER)}
    for candidate in fallbacks.get(name, (name, DEFAULT_RECEIVER)):
        found = receivers.get(meant.get(candidate, candidate) or "")
        targets = tuple(t for t in found.targets if t.is_used_at(now)) if found else ()
        if found and targets:
            return found.name, targets
    # Nobody is on duty at this hour: better everybody of the default than nobody.
    default = receivers.get(DEFAULT_RECEIVER)
    return DEFAULT_RECEIVER, default.targets if default else ()


def _episode_id(standing: Standing) -> EpisodeId:
    assert standing.episode is not None  # noqa: S101 - what fires has an episode
    return standing.episode.id


def _rule_details(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "description": rule.description,
        "reason": rule.reason or rule.description,
        "asked_by": rule.asked_by,
    }


def _details(
    standing: Standing,
    due: Sequence[LevelStanding],
    firings: Sequence[Firing],
    now: datetime,
) -> dict[str, object]:
    """What templates are told besides the ticket; JSON values only."""
    last = due[-1]
    assert last.due_at is not None  # noqa: S101 - it is due
    return {
        "rule": _rule_details(standing.rule),
        "level": {
            "number": last.level.number,
            "name": last.level.identity,
            "kind": last.level.kind.value if last.level.kind else None,
        },
        "due_at": utc_second(last.due_at),
        "fired_at": utc_second(now),
        "passed_levels": [one.level.identity for one in due[:-1]],
        "tickets": list(standing.look.matching),
        "occurrence": 1,
        "reason": firings[-1].reason.value if firings else Reason.LEVEL_DUE.value,
    }
