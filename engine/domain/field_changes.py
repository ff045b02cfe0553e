"""Which fields levels that fire together set: absolute, and never against a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.domain.actions import Action, FieldChange
from engine.domain.facts import Facts
from engine.domain.reason import Reason
from engine.domain.rule import Level, Receiver
from engine.domain.standing import Standing
from engine.domain.ticket import (
    Actor,
    EventKind,
    Priority,
    Status,
    Ticket,
    Value,
    value_of,
)


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
        facts: What is known of the subject.
        receivers: Who can be told, by name.
        now: The instant (aware UTC).
        taken: (ticket, field) that a rule wrote first in this tick, here or on another subject.
    """

    facts: Facts
    receivers: Mapping[str, Receiver]
    now: datetime
    actions: list[Action] = field(default_factory=list)
    refused: list[RefusedField] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with what other subjects' rules have written."""
        self.taken.update(self.facts.taken)


def changes_of(
    tick: Tick, standing: Standing, levels: Sequence[Level], ticket: Ticket
) -> tuple[FieldChange, ...]:
    """The absolute changes, less the fields that are taken or that a person has claimed."""
    wanted: dict[str, Value] = {}
    for level in levels:
        _apply(level, ticket, wanted)
    assigning = [level for level in levels if level.assign_group or level.assign_assignee]
    if assigning:
        wanted.update(_assignment(assigning[-1]))
    claimed = _claimed(tick, standing, ticket.id)
    if _refusal(tick, claimed, ticket.id, "group") and wanted.get("assignee", "assignee") is None:
        del wanted["assignee"]  # clearing the assignee is a part of assigning the group
    changes = []
    for name, value in wanted.items():
        if value_of(ticket, name) == value:
            continue
        reason = _refusal(tick, claimed, ticket.id, name)
        if reason is not None:
            tick.refused.append(RefusedField(standing.rule.id, ticket.id, name, reason))
            continue
        tick.taken.add((ticket.id, name))
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


def _claimed(tick: Tick, standing: Standing, ticket: str) -> frozenset[str]:
    """Fields that a person changed after we set them in this episode, or a lowered priority."""
    episode, anchor = standing.episode, standing.anchor
    if episode is None or anchor is None:
        return frozenset()
    ours: set[str] = set()
    claimed: set[str] = set()
    for event in tick.facts.members[ticket].events:
        if event.kind is not EventKind.CHANGED or event.at > tick.now or event.field is None:
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
