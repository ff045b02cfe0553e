"""Why a rule did, or did not, act on a ticket.

1. Of an instant that the store has lived through, verdict and reason are told from the log of
   decisions, and what fired from the record of firings. Nothing of that is computed again.
2. Where nothing was decided by then, and for the present and the future, the very code that decides
   says what it would.
3. Conditions and clocks are read from what is known to have happened by that instant, under the
   rules that were in force.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from types import MappingProxyType

from engine.domain.customer_updates import plan_messages
from engine.domain.decide import decide
from engine.domain.episode import Firing, Passing
from engine.domain.facts import Facts
from engine.domain.ladder import LevelStanding, LevelState, amount_of
from engine.domain.look import Pauses, findings, pauses_of
from engine.domain.matching import Finding, earliest
from engine.domain.ownership import Owner, last_owner
from engine.domain.reason import Reason
from engine.domain.rule import Level
from engine.domain.ruleset import Ruleset
from engine.domain.standing import Standing
from engine.domain.ticket import Priority, utc_second
from engine.domain.withholding import Withholding, withheld
from engine.errors import UsageError
from engine.insight.explanation import Arithmetic, Explained, Explanation, Rung
from engine.insight.holders import holders
from engine.insight.record import Log, log_of
from engine.insight.then import recall, under_former_names, upto
from engine.insight.unsent import unsent
from engine.pipeline.evaluate import Policy
from engine.pipeline.gather import Gathered, gather
from engine.pipeline.subjects import group_of, subjects_of
from engine.ports import Store, Transaction

_CLOSED = frozenset({Reason.RESOLVED, Reason.GONE, Reason.MERGED})


def explain(
    store: Store,
    policy: Policy,
    asked: str,
    at: datetime,
    lived_until: datetime,
    rule_id: str | None = None,
    former: Mapping[str, str] = MappingProxyType({}),
) -> Explained:
    """How every rule (or one) stands to a ticket at an instant. Nothing is written.

    Args:
        store: What is known.
        policy: What is, or was, in force at that instant.
        asked: ``HELPDESK:ID``; or a group as decisions name it, such as ``customer:ID``.
        at: Aware UTC; what happened later is not looked at.
        lived_until: Up to when the store has lived: no later instant is told from the record.
        rule_id: Only this rule.
        former: Of rules renamed since: present id → the id in `policy`.

    Raises:
        UsageError: There is no such ticket, group or rule.
    """
    generation = policy.ruleset.generation
    if rule_id is not None and generation.rule(rule_id) is None:
        raise UsageError(f"there is no rule '{rule_id}' in {_names(policy.ruleset)}")
    with store.read() as tx:
        subjects = _subjects(tx, policy, asked, at, rule_id)
        gathered = gather(tx, subjects, policy.ruleset, policy.limits, policy.known, at)
        found: list[Explanation] = []
        for subject in subjects:
            if at < lived_until:
                recall(tx, gathered, subject, at)
            _fill(tx, gathered, subject, asked)
            facts = upto(under_former_names(gathered.facts(subject), former), at)
            log = log_of(tx, subject, at, lived_until)
            found += [
                replace(one, unsent=unsent(tx, {asked, *facts.members}, one.rule, at))
                for one in _explain_subject(facts, log, policy, at, rule_id)
            ]
        history = tx.histories([asked]).get(asked)
    return Explained(
        asked=asked,
        ticket=history.as_of(at).ticket if history else None,
        at=at,
        generation=generation.id,
        rules=tuple(sorted(found, key=lambda one: one.rule.position)),
    )


def _explain_subject(
    facts: Facts, log: Log, policy: Policy, at: datetime, rule_id: str | None
) -> list[Explanation]:
    outcome = decide(facts, policy.ruleset, policy.receivers, at)
    _, spoken_at = plan_messages(outcome.standings, facts, at)
    standings = {standing.rule.id: standing for standing in outcome.standings}
    return [
        _explanation(standing, standings, facts, log, at, spoken_at)
        for standing in outcome.standings
        if rule_id in (None, standing.rule.id)
    ]


# --- who is concerned ----------------------------------------------------------------------------


def _subjects(
    tx: Transaction, policy: Policy, asked: str, at: datetime, rule_id: str | None
) -> list[str]:
    """The ticket and its groups, or the group that was asked for; of one rule only its subject."""
    group = group_of(asked)
    if group is not None:
        if not tx.contacts(*group, None):
            raise UsageError(f"there is no contact of '{asked}' in the store")
        return [asked]
    history = tx.histories([asked]).get(asked)
    if history is None:
        raise UsageError(unknown_ticket(tx, asked))
    opened_at = history.opening.created_at
    if at < opened_at:
        raise UsageError(f"there was no ticket '{asked}' yet: it came in {utc_second(opened_at)}")
    subjects = subjects_of(history.as_of(at).ticket, policy.ruleset.group_kinds)
    rule = policy.ruleset.generation.rule(rule_id) if rule_id else None
    if rule is None:
        return subjects
    group_by = rule.groups_by
    return [one for one in subjects if (group_of(one) or (None,))[0] == group_by]


def unknown_ticket(tx: Transaction, asked: str) -> str:
    """That there is no such ticket, and which one may be meant."""
    known = [str(row["ticket"]) for row in tx.view("v_tickets")]
    number = asked.rpartition(":")[2].casefold()
    same = [ticket for ticket in known if ticket.partition(":")[2].casefold() == number]
    near = sorted((same or get_close_matches(asked, known, n=3, cutoff=0.75))[:3])
    advice = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"there is no ticket '{asked}' in the store{advice}"


def _names(ruleset: Ruleset) -> str:
    return ", ".join(rule.id for rule in ruleset.generation.rules) or "the rules in force"


def _fill(tx: Transaction, gathered: Gathered, subject: str, asked: str) -> None:
    """A group without members is none to decide about, but its conditions are to be shown."""
    group = group_of(subject)
    if group is None or gathered.members.get(subject):
        return
    names = tx.open_tickets_of(*group) or [asked]
    gathered.histories.update(tx.histories(names))
    gathered.members[subject] = tuple(name for name in names if name in gathered.histories)


# --- one rule ------------------------------------------------------------------------------------


def _explanation(
    standing: Standing,
    others: Mapping[str, Standing],
    facts: Facts,
    log: Log,
    at: datetime,
    spoken_at: Collection[datetime],
) -> Explanation:
    rule, anchor = standing.rule, standing.anchor
    told = log.told_of(rule, at)
    verdict, reason = standing.verdict, standing.reason
    if told is not None:
        verdict, reason = told.record.verdict, told.record.reason
    clock = _arithmetic(standing, facts, at)
    # The ticket has one voice: only if it is this rule's do its messages come when it says.
    messages_at = (each for each in plan_messages((standing,), facts, at)[1] if each in spoken_at)
    return Explanation(
        standing=standing,
        subject=facts.subject,
        verdict=verdict,
        reason=reason,
        is_recorded=told is not None,
        decision=told or log.last_of(rule),
        finding=_tree(standing, facts, at, with_own=False),
        actual=_tree(standing, facts, at, with_own=True),
        clock=clock,
        levels=tuple(
            Rung(one, _left(standing, one, clock, at))
            for one in standing.levels or _levels(standing, facts)
        ),
        next_at=earliest((standing.next_at, *messages_at)),
        held_by=holders(standing, others, facts, at) if reason is standing.reason else (),
        escalated_at=_escalated_at(standing),
        owner=_owner(standing, facts, at),
        left_alone=log.left_alone(rule, anchor.key) if anchor else (),
        withheld=_withheld(standing, facts, at),
    )


def _withheld(standing: Standing, facts: Facts, at: datetime) -> Withholding | None:
    """Why the customer whom the rule would write to hears nothing."""
    ticket = standing.look.newest or facts.subject
    if standing.rule.customer is None or ticket not in facts.members:
        return None
    return withheld(facts, ticket, at)


def _escalated_at(standing: Standing) -> datetime | None:
    return standing.episode.escalated_at if standing.episode and standing.is_live else None


def _owner(standing: Standing, facts: Facts, at: datetime) -> Owner | None:
    if standing.episode is None or _escalated_at(standing) is None:
        return None
    owner = last_owner(standing.rule, facts, standing.episode, at)
    return owner if owner and owner.owns_at(at) else None


def _tree(standing: Standing, facts: Facts, at: datetime, *, with_own: bool) -> Finding | None:
    found = findings(standing.compiled, facts, at, standing.look, with_own=with_own)
    return None if found is None else plainest(found)


def plainest(finding: Finding) -> Finding:
    """The same condition without what files only nest it in: an `all` or `any` of one part."""
    children: list[Finding] = []
    for child in map(plainest, finding.children):
        is_wrapping = len(child.children) == 1 and child.op in ("all", "any")
        is_same = child.op == finding.op == "all"
        children.extend(child.children if is_wrapping or is_same else (child,))
    return replace(finding, children=tuple(children))


def _arithmetic(standing: Standing, facts: Facts, at: datetime) -> Arithmetic:
    rule, anchor, seen = standing.rule, standing.anchor, standing.look
    calendar, target = rule.clock.calendar, rule.clock.target
    elapsed: timedelta | None = None
    paused = timedelta()
    pauses: Pauses = ()
    if anchor is not None:
        pauses = _pauses_since(standing, facts, anchor.at, at)
        elapsed = calendar.elapsed(anchor.at, at, pauses)
        paused = calendar.elapsed(anchor.at, at) - elapsed
    priority = actual = _priority(standing, facts, at)
    if facts.by is None and facts.subject in facts.members:
        actual = facts.view(facts.subject, at).ticket.effective_priority
    return Arithmetic(
        elapsed=elapsed,
        paused=paused,
        pauses=pauses,
        target=target.get(priority) if target else None,
        priority=priority,
        actual_priority=actual if seen.views else priority,
    )


def _priority(standing: Standing, facts: Facts, at: datetime) -> Priority:
    """The priority that the rule goes by; of a ticket that it does not look at, its own."""
    if standing.look.views or facts.by is not None or facts.subject not in facts.members:
        return standing.look.priority
    return facts.view(facts.subject, at, standing.rule.ids).ticket.effective_priority


def _pauses_since(standing: Standing, facts: Facts, since: datetime, at: datetime) -> Pauses:
    """The spells from `since` to `at` in which the clock stood still."""
    if since > at:
        return ()
    seen = standing.look
    pauses = standing.pauses
    if not pauses and facts.subject in seen.views:
        pauses = pauses_of(standing.compiled, facts, seen)
    return tuple((max(begin, since), end) for begin, end in pauses if end is None or end > since)


def _left(
    standing: Standing, one: LevelStanding, clock: Arithmetic, at: datetime
) -> timedelta | None:
    """What is still to be counted until a level is due."""
    if one.state is not LevelState.WAITING or clock.elapsed is None:
        return None
    rule, offset = standing.rule, one.level.due.get(clock.priority)
    if offset is not None and offset.is_before:
        return rule.clock.calendar.elapsed(at, one.due_at) if one.due_at else None
    amount = amount_of(rule, one.level, clock.priority)
    return None if amount is None else amount - clock.elapsed


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
