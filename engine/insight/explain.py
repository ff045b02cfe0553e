"""Why a rule did, or did not, act on a ticket."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from engine.domain.customer_updates import plan_messages
from engine.domain.decide import decide
from engine.domain.episode import CustomerMessage, Firing, Passing
from engine.domain.facts import Facts
from engine.domain.ladder import LevelStanding, LevelState
from engine.domain.look import findings
from engine.domain.matching import Finding, earliest
from engine.domain.reason import Reason
from engine.domain.rule import Level, Rule
from engine.domain.ruleset import Ruleset
from engine.domain.silence import Quiet
from engine.domain.standing import Standing
from engine.domain.ticket import utc_second
from engine.errors import UsageError
from engine.insight.contracts.documents import (
    Condition,
    ExplainDocument,
    LevelInfo,
    RuleExplanation,
    SilenceInForce,
)
from engine.pipeline.evaluate import Policy
from engine.pipeline.gather import Gathered, gather
from engine.pipeline.subjects import group_of, subjects_of
from engine.ports import Json, Store, Transaction

_CLOSED = frozenset({Reason.RESOLVED, Reason.GONE, Reason.MERGED})


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one rule stands to a ticket (or to the group that it belongs to).

    Attributes:
        subject: What the rule is held against.
        finding: The condition tree with what was found; None where it was not looked at.
        elapsed: What has been counted on the rule's clock; None without an anchor.
        paused: How long the clock stood still.
        target: What the clock counts towards, for the present priority.
        levels: Every level of the rule; where there is no episode, all of them wait.
        next_at: The earliest instant at which, by time alone, it could do something (aware UTC).
        decision: Id of the last decision of this rule on this subject, if one is written.
    """

    standing: Standing
    subject: str
    finding: Finding | None
    elapsed: timedelta | None
    paused: timedelta
    target: timedelta | None
    levels: tuple[LevelStanding, ...]
    next_at: datetime | None
    decision: str | None

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.standing.rule


def explain(
    store: Store, policy: Policy, asked: str, at: datetime, rule_id: str | None = None
) -> list[Explanation]:
    """How every rule (or one) stands to a ticket at an instant.

    The present and the future are computed by the very code that decides; nothing is written.

    Args:
        store: What is known.
        policy: What is in force.
        asked: ``HELPDESK:ID``; or a group as decisions name it, such as ``customer:ID``.
        at: Aware UTC; what happened later is not looked at.
        rule_id: Only this rule.

    Raises:
        UsageError: There is no such ticket, group or rule.
    """
    if rule_id is not None and policy.ruleset.generation.rule(rule_id) is None:
        raise UsageError(f"there is no rule '{rule_id}' in {_names(policy.ruleset)}")
    with store.read() as tx:
        subjects = _subjects(tx, policy, asked, at)
        gathered = gather(tx, subjects, policy.ruleset, policy.limits, policy.known, at)
        found: list[Explanation] = []
        for subject in subjects:
            _fill(tx, gathered, subject, asked)
            facts = upto(gathered.facts(subject), at)
            outcome = decide(facts, policy.ruleset, policy.receivers, at)
            decisions = _decisions(tx.view("v_decisions", {"ticket": subject}), at)
            _, spoken_at = plan_messages(outcome.standings, facts, at)
            found.extend(
                _explanation(standing, facts, at, spoken_at, decisions.get(standing.rule.id))
                for standing in outcome.standings
                if rule_id in (None, standing.rule.id)
            )
    return sorted(found, key=lambda one: one.rule.position)


def _subjects(tx: Transaction, policy: Policy, asked: str, at: datetime) -> list[str]:
    """The ticket and its groups, or the group that was asked for."""
    group = group_of(asked)
    if group is not None:
        if not tx.contacts(*group, None):
            raise UsageError(f"there is no contact of '{asked}' in the store")
        return [asked]
    record = tx.records([asked]).get(asked)
    if record is None:
        raise UsageError(f"there is no ticket '{asked}' in the store")
    opened_at = record.opening.created_at
    if at < opened_at:
        raise UsageError(f"there was no ticket '{asked}' yet: it came in {utc_second(opened_at)}")
    return subjects_of(record.source, policy.ruleset.group_kinds)


def _fill(tx: Transaction, gathered: Gathered, subject: str, asked: str) -> None:
    """A group without members is none to decide about, but its conditions are to be shown."""
    group = group_of(subject)
    if group is None or gathered.members.get(subject):
        return
    names = tx.open_tickets_of(*group) or [asked]
    gathered.histories.update(tx.histories(names))
    gathered.members[subject] = tuple(name for name in names if name in gathered.histories)


def _names(ruleset: Ruleset) -> str:
    return ", ".join(rule.id for rule in ruleset.generation.rules) or "the rules in force"


def upto(facts: Facts, at: datetime) -> Facts:
    """The facts with what was done after `at` left out."""
    episodes = tuple(
        replace(
            episode,
            firings=tuple(f for f in episode.firings if f.fired_at <= at and _is_own(f)),
            messages=tuple(m for m in episode.messages if _written_at(m) <= at),
            ended_at=episode.ended_at if episode.ended_at and episode.ended_at <= at else None,
        )
        for episode in facts.episodes
    )
    messages = tuple(message for message in facts.messages if _written_at(message) <= at)
    known = tuple(e for e in episodes if e.firings or e.messages)
    silences = facts.silences.known_at(at)
    return replace(facts, episodes=known, messages=messages, silences=silences)


def _written_at(message: CustomerMessage) -> datetime:
    """When a message was written down: at its delivery; a skipped one as soon as it was due."""
    return message.deliver_at if message.skipped is None else message.due_at


def _is_own(firing: Firing) -> bool:
    """What a survivor took over is derived again, from the merge on."""
    return firing.passing is not Passing.TAKEN_OVER


def _decisions(rows: list[Json], at: datetime) -> dict[str, str]:
    """The last decision of each rule, not later than `at`."""
    return {
        str(row["rule"]): str(row["decision"]) for row in rows if str(row["at"]) <= utc_second(at)
    }


def _explanation(
    standing: Standing,
    facts: Facts,
    at: datetime,
    spoken_at: Collection[datetime],
    decision: str | None,
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
    finding = findings(standing.compiled, facts, at, standing.look)
    # The ticket has one voice: only if it is this rule's do its messages come when it says.
    messages_at = (each for each in plan_messages((standing,), facts, at)[1] if each in spoken_at)
    return Explanation(
        standing=standing,
        subject=facts.subject,
        finding=None if finding is None else plainest(finding),
        elapsed=elapsed,
        paused=paused,
        target=target.get(standing.look.priority) if target else None,
        levels=standing.levels or _levels(standing, facts),
        next_at=earliest((standing.next_at, *messages_at)),
        decision=decision,
    )


def plainest(finding: Finding) -> Finding:
    """The same condition without what files only nest it in: an `all` or `any` of one part."""
    children: list[Finding] = []
    for child in map(plainest, finding.children):
        is_wrapping = len(child.children) == 1 and child.op in ("all", "any")
        is_same = child.op == finding.op == "all"
        children.extend(child.children if is_wrapping or is_same else (child,))
    return replace(finding, children=tuple(children))


def _levels(standing: Standing, facts: Facts) -> tuple[LevelStanding, ...]:
    """The levels of a rule that has no running clock: what fired stays fired."""
    episode = standing.episode
    if episode is None and standing.reason in _CLOSED:
        episodes = (each for each in facts.episodes if each.id.rule == standing.rule.id)
        episode = max(episodes, key=lambda each: each.anchor_at, default=None)
    firings = {
        firing.identity: firing
        for firing in (episode.firings if episode else ())
        if firing.occurrence == 1 and firing.passing is not Passing.SHADOW
    }
    return tuple(_level(level, firings.get(level.identity)) for level in standing.rule.levels)


def _level(level: Level, firing: Firing | None) -> LevelStanding:
    if firing is None:
        return LevelStanding(level, LevelState.WAITING, None)
    state = LevelState.FIRED if firing.has_fired else LevelState.SKIPPED
    return LevelStanding(level, state, firing.due_at, firing)


# --- the contract's JSON -------------------------------------------------------------------------


def as_json(
    explanations: list[Explanation], asked: str, at: datetime, generation: str
) -> ExplainDocument:
    """The document of ``explain --json``, format ``escalatord.explain/1``."""
    return {
        "format": "escalatord.explain/1",
        "ticket": asked,
        "at": utc_second(at),
        "generation": generation,
        "rules": [_rule_json(one) for one in explanations],
    }


def _rule_json(one: Explanation) -> RuleExplanation:
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
            "since": since_of(rule),
            "anchor_at": _text(standing.anchor.at if standing.anchor else None),
            "calendar": rule.clock.calendar.name,
            "elapsed_seconds": _seconds(one.elapsed),
            "paused_seconds": whole_seconds(one.paused),
            "target_seconds": _seconds(one.target),
        },
        "levels": [_level_json(level) for level in one.levels],
        "silence": _silence_json(standing.silenced),
        "next_at": _text(one.next_at),
        "decision": one.decision,
    }


def _silence_json(quiet: Quiet | None) -> SilenceInForce | None:
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


def finding_json(finding: Finding) -> Condition:
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
        return whole_seconds(value)
    if isinstance(value, datetime):
        return utc_second(value)
    if isinstance(value, (tuple, list, set, frozenset)):
        return [plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    return value


def _level_json(one: LevelStanding) -> LevelInfo:
    return {
        "level": one.level.number,
        "name": one.level.identity,
        "due_at": _text(one.due_at),
        "state": one.state.value,
        "fired_at": _text(_fired_at(one.firing)),
    }


def _fired_at(firing: Firing | None) -> datetime | None:
    return firing.fired_at if firing and firing.has_fired else None


def _text(at: datetime | None) -> str | None:
    return None if at is None else utc_second(at)


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else whole_seconds(length)


def whole_seconds(length: timedelta) -> int:
    """A duration as the contract has it."""
    return length // timedelta(seconds=1)
