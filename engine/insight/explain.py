"""Why a rule did, or did not, act on a ticket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from engine.domain.decide import decide
from engine.domain.episode import Firing, Passing
from engine.domain.facts import Facts
from engine.domain.ladder import LevelStanding, LevelState
from engine.domain.look import findings
from engine.domain.matching import Finding
from engine.domain.rule import Rule
from engine.domain.ruleset import Ruleset
from engine.domain.standing import Standing
from engine.domain.ticket import utc_second
from engine.errors import UsageError
from engine.pipeline.evaluate import Policy
from engine.pipeline.gather import gather
from engine.pipeline.subjects import subjects_of
from engine.ports import Json, Store


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one rule stands to a ticket (or to the group that it belongs to).

    Attributes:
        subject: What the rule is held against.
        finding: The condition tree with what was found; None where it was not looked at.
        elapsed: What has been counted on the rule's clock; None without an anchor.
        paused: How long the clock stood still.
        target: What the clock counts towards, for the present priority.
        decision: Id of the last decision of this rule on this subject, if one is written.
    """

    standing: Standing
    subject: str
    finding: Finding | None
    elapsed: timedelta | None
    paused: timedelta
    target: timedelta | None
    decision: str | None

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.standing.rule


def explain(
    store: Store, policy: Policy, ticket_id: str, at: datetime, rule_id: str | None = None
) -> list[Explanation]:
    """How every rule (or one) stands to a ticket at an instant.

    The present and the future are computed by the very code that decides; nothing is written.

    Args:
        store: What is known.
        policy: What is in force.
        ticket_id: ``HELPDESK:ID``.
        at: Aware UTC; what happened later is not looked at.
        rule_id: Only this rule.

    Raises:
        UsageError: There is no such ticket or rule.
    """
    if rule_id is not None and policy.ruleset.generation.rule(rule_id) is None:
        raise UsageError(f"there is no rule '{rule_id}' in {_names(policy.ruleset)}")
    with store.read() as tx:
        record = tx.records([ticket_id]).get(ticket_id)
        if record is None:
            raise UsageError(f"there is no ticket '{ticket_id}' in the store")
        subjects = subjects_of(record.source, policy.ruleset.group_kinds)
        gathered = gather(tx, subjects, policy.ruleset, policy.limits, policy.known, at)
        found: list[Explanation] = []
        for subject in subjects:
            facts = upto(gathered.facts(subject), at)
            outcome = decide(facts, policy.ruleset, policy.receivers, at)
            decisions = _decisions(tx.view("v_decisions", {"ticket": subject}), at)
            found.extend(
                _explanation(standing, facts, at, decisions.get(standing.rule.id))
                for standing in outcome.standings
                if rule_id in (None, standing.rule.id)
            )
    return sorted(found, key=lambda one: one.rule.position)


def _names(ruleset: Ruleset) -> str:
    return ", ".join(rule.id for rule in ruleset.generation.rules) or "the rules in force"


def upto(facts: Facts, at: datetime) -> Facts:
    """The facts with what was done after `at` left out."""
    episodes = tuple(
        replace(
            episode,
            firings=tuple(f for f in episode.firings if f.fired_at <= at),
            messages=tuple(m for m in episode.messages if m.deliver_at <= at),
            ended_at=episode.ended_at if episode.ended_at and episode.ended_at <= at else None,
        )
        for episode in facts.episodes
    )
    messages = tuple(message for message in facts.messages if message.deliver_at <= at)
    known = tuple(e for e in episodes if e.firings or e.messages)
    return replace(facts, episodes=known, messages=messages)


def _decisions(rows: list[Json], at: datetime) -> dict[str, str]:
    """The last decision of each rule, not later than `at`."""
    return {
        str(row["rule"]): str(row["decision"]) for row in rows if str(row["at"]) <= utc_second(at)
    }


def _explanation(
    standing: Standing, facts: Facts, at: datetime, decision: str | None
) -> Explanation:
    rule, anchor = standing.rule, standing.anchor
    elapsed: timedelta | None = None
    paused = timedelta()
    if anchor is not None and anchor.at <= at:
        calendar = rule.clock.calendar
        elapsed = calendar.elapsed(anchor.at, at, standing.pauses)
        paused = calendar.elapsed(anchor.at, at) - elapsed
    elif anchor is not None:
        elapsed = rule.clock.calendar.elapsed(anchor.at, at)
    target = rule.clock.target
    return Explanation(
        standing=standing,
        subject=facts.subject,
        finding=findings(standing.compiled, facts, at, standing.look),
        elapsed=elapsed,
        paused=paused,
        target=target.get(standing.look.priority) if target else None,
        decision=decision,
    )


# --- the contract's JSON -------------------------------------------------------------------------


def as_json(explanations: list[Explanation], ticket_id: str, at: datetime, generation: str) -> Json:
    """The document of ``explain --json``, format ``escalatord.explain/1``."""
    return {
        "format": "escalatord.explain/1",
        "ticket": ticket_id,
        "at": utc_second(at),
        "generation": generation,
        "rules": [_rule_json(one) for one in explanations],
    }


def _rule_json(one: Explanation) -> Json:
    standing, rule = one.standing, one.rule
    return {
        "rule": rule.id,
        "subject": one.subject,
        "verdict": standing.verdict.value,
        "reason": standing.reason.value,
        "file": rule.place.file,
        "line": rule.place.line,
        "conditions": None if one.finding is None else finding_json(one.finding),
        "clock": {
            "since": "contact" if rule.groups_by else rule.clock.since.value,
            "anchor_at": _text(standing.anchor.at if standing.anchor else None),
            "calendar": rule.clock.calendar.name,
            "elapsed_seconds": _seconds(one.elapsed),
            "paused_seconds": _seconds(one.paused),
            "target_seconds": _seconds(one.target),
        },
        "levels": [_level_json(level) for level in shown_levels(one)],
        "next_at": _text(standing.next_at),
        "decision": one.decision,
    }


def shown_levels(one: Explanation) -> list[LevelStanding]:
    """Every level of the rule: where there is no episode, all of them wait."""
    if one.standing.levels:
        return list(one.standing.levels)
    return [LevelStanding(level, LevelState.WAITING, None) for level in one.rule.levels]


def finding_json(finding: Finding) -> Json:
    """One node of the condition tree."""
    return {
        "op": finding.op,
        "field": finding.field,
        "operator": finding.operator,
        "wanted": plain(finding.wanted),
        "found": plain(finding.found),
        "holds": finding.holds,
        "children": [finding_json(child) for child in finding.children],
    }


def plain(value: object) -> object:
    """A value as JSON says it: durations in whole seconds, instants as text."""
    if isinstance(value, timedelta):
        return _seconds(value)
    if isinstance(value, datetime):
        return utc_second(value)
    if isinstance(value, (tuple, list, set, frozenset)):
        return [plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    return value


def _level_json(one: LevelStanding) -> Json:
    return {
        "level": one.level.number,
        "name": one.level.identity,
        "due_at": _text(one.due_at),
        "state": one.state.value,
        "fired_at": _text(_fired_at(one.firing)),
    }


def _fired_at(firing: Firing | None) -> datetime | None:
    return firing.fired_at if firing and firing.passing is Passing.FIRED else None


def _text(at: datetime | None) -> str | None:
    return None if at is None else utc_second(at)


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())
