"""What `explain` tells, as programs outside are told: format ``escalatord.explain/1``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum

from engine.domain.episode import Firing
from engine.domain.matching import Finding
from engine.domain.ownership import Owner
from engine.domain.rule import Rule
from engine.domain.silence import Quiet
from engine.domain.ticket import utc_second
from engine.domain.withholding import Withholding
from engine.insight.contracts.documents import (
    ClockState,
    Condition,
    ExplainDocument,
    HeldBy,
    LevelInfo,
    NotDone,
    OwnedBy,
    RuleExplanation,
    SilenceInForce,
    WithheldFrom,
)
from engine.insight.explanation import Explained, Explanation, Rung
from engine.insight.holders import Holder
from engine.insight.unsent import Unsent


def as_json(explained: Explained) -> ExplainDocument:
    """The document of ``explain --json``."""
    return {
        "format": "escalatord.explain/1",
        "ticket": explained.asked,
        "at": utc_second(explained.at),
        "generation": explained.generation,
        "rules": [_rule(one, explained.generation) for one in explained.rules],
    }


def _rule(one: Explanation, in_force: str) -> RuleExplanation:
    rule, decision = one.rule, one.decision
    return {
        "rule": rule.id,
        "subject": one.subject,
        "verdict": one.verdict.value,
        "reason": one.reason.value,
        "file": rule.place.file,
        "line": rule.place.line,
        "conditions": None if one.finding is None else _condition(one.finding, one.actual),
        "clock": _clock(one),
        "levels": [_level(rung) for rung in one.levels],
        "silence": _silence(one.standing.silenced),
        "next_at": _text(one.next_at),
        "decision": None if decision is None else str(decision.number),
        "decided_at": None if decision is None else utc_second(decision.record.at),
        "generation": in_force if decision is None else decision.record.generation,
        "recorded": one.is_recorded,
        "held_by": [_holder(each) for each in one.held_by],
        "escalated_at": _text(one.escalated_at),
        "owner": None if one.owner is None else _owner(one.owner),
        "left_alone": [
            {"ticket": each["ticket"], "field": each["field"], "reason": each["reason"]}
            for each in one.left_alone
        ],
        "withheld": _withheld(one.withheld),
        "not_done": [_unsent(each) for each in one.unsent],
    }


def _withheld(why: Withholding | None) -> WithheldFrom | None:
    if why is None:
        return None
    return {
        "cause": why.cause.value,
        "since": _text(why.since),
        "ticket": why.ticket,
        "told": why.told,
    }


def _unsent(one: Unsent) -> NotDone:
    return {
        "outbox": one.number,
        "audience": one.audience,
        "action": one.action,
        "message": one.message,
        "state": one.state,
        "reason": one.reason,
        "decided_at": one.decided_at,
    }


def _clock(one: Explanation) -> ClockState:
    rule, clock, anchor = one.rule, one.clock, one.standing.anchor
    return {
        "since": since_of(rule),
        "anchor_at": _text(anchor.at if anchor else None),
        "calendar": rule.clock.calendar.name,
        "elapsed_seconds": _seconds(clock.elapsed),
        "paused_seconds": whole_seconds(clock.paused),
        "target_seconds": _seconds(clock.target),
        "pauses": [{"from": utc_second(begin), "to": _text(end)} for begin, end in clock.pauses],
    }


def _silence(quiet: Quiet | None) -> SilenceInForce | None:
    if quiet is None:
        return None
    return {
        "id": quiet.silence.id,
        "author": quiet.silence.author,
        "reason": quiet.silence.reason,
        "until": utc_second(quiet.until),
    }


def since_of(rule: Rule) -> str:
    """The event that anchors a rule's clock; of a rule about groups, a contact."""
    return "contact" if rule.groups_by else rule.clock.since.value


def _condition(finding: Finding, actual: Finding | None) -> Condition:
    """One node of the tree, beside the same node with what the rule itself wrote."""
    beside = actual or finding
    return {
        "op": finding.op,
        "field": finding.field,
        "operator": finding.operator,
        "wanted": plain(finding.wanted),
        "found": plain(finding.found),
        "actual": plain(beside.found),
        "holds": finding.holds,
        "children": [
            _condition(*each) for each in zip(finding.children, beside.children, strict=True)
        ],
    }


def _level(rung: Rung) -> LevelInfo:
    standing = rung.standing
    return {
        "level": rung.level.number,
        "name": rung.level.identity,
        "due_at": _text(standing.due_at),
        "state": standing.state.value,
        "fired_at": _text(_fired_at(standing.firing)),
        "reason": standing.firing.reason.value if standing.firing else None,
        "left_seconds": _seconds(rung.left),
    }


def _fired_at(firing: Firing | None) -> datetime | None:
    return firing.fired_at if firing and firing.has_fired else None


def _holder(one: Holder) -> HeldBy:
    return {
        "what": one.what,
        "name": one.name,
        "how": one.how,
        "since": _text(one.since),
        "until": _text(one.until),
    }


def _owner(one: Owner) -> OwnedBy:
    return {
        "name": one.name,
        "how": one.how,
        "receiver": one.receiver,
        "since": utc_second(one.since),
        "until": _text(one.until),
    }


def plain(value: object) -> object:
    """A value as JSON says it: durations in whole seconds, instants as text."""
    if isinstance(value, timedelta):
        return whole_seconds(value)
    if isinstance(value, datetime):
        return utc_second(value)
    if isinstance(value, (tuple, list, set, frozenset)):
        return _plain_all(value)
    if isinstance(value, Enum):
        return value.value
    return value


def _plain_all(values: Iterable[object]) -> list[object]:
    return [plain(one) for one in values]


def _text(at: datetime | None) -> str | None:
    return None if at is None else utc_second(at)


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else whole_seconds(length)


def whole_seconds(length: timedelta) -> int:
    """A duration as the contract has it."""
    return length // timedelta(seconds=1)
