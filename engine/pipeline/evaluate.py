"""Second stage: decide about every subject whose time has come, and write what was decided.

State, decisions and outbox rows commit together, in a transaction that touches no network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from engine.domain.budget import period_start
from engine.domain.condition import ContactsBy
from engine.domain.customer_updates import PlannedMessage
from engine.domain.decide import NewFiring, Outcome, decide
from engine.domain.episode import CustomerMessage, Passing
from engine.domain.facts import CustomerLimits, Facts, Known
from engine.domain.ladder import LevelState
from engine.domain.reason import Reason, Verdict
from engine.domain.rule import Receiver
from engine.domain.ruleset import Ruleset
from engine.domain.standing import Standing
from engine.domain.ticket import utc_second
from engine.pipeline.contest import Written, losses
from engine.pipeline.gather import Gathered, gather
from engine.ports import DecisionRecord, DueSubject, Json, Store, Transaction

BATCH = 500
"""Subjects to one transaction: large enough that commits do not dominate."""
MOST_LOOKS = 20
"""A subject that is due again at once so often waits for the next tick: two rules may be undoing
each other, and the others must have their turn."""
PUT_OFF_BY = timedelta(minutes=5)
"""When a subject whose decision failed is looked at again."""
_SILENT = frozenset({Reason.NO_MATCH, Reason.RESOLVED, Reason.MERGED, Reason.GONE})
"""Why a rule of which nothing is written down does not match."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A level, or a repetition of its notice, that fired; as programs outside are told."""

    ticket: str
    rule: str
    episode: str
    level: int
    name: str
    occurrence: int
    kind: str | None
    due_at: datetime
    fired_at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Skipped:
    """A level that was due and did not fire, and why."""

    ticket: str
    rule: str
    level: int
    due_at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Exhausted:
    """An escalation of which the last notice was said, and which nobody has taken."""

    ticket: str
    rule: str
    episode: str
    level: int
    name: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A subject whose decision raised."""

    subject: str
    error: Exception


@dataclass(slots=True)
class Evaluated:
    """What one evaluation did.

    Attributes:
        subjects: Subjects looked at, each look counted.
        shadowed: What rules in shadow would have fired.
        planned: By subject: the customer message that is due and waits; None where, at the last
            look, none did.
    """

    subjects: int = 0
    matched: int = 0
    fired: list[Fired] = field(default_factory=list)
    shadowed: list[Fired] = field(default_factory=list)
    skipped: dict[Skipped, None] = field(default_factory=dict)
    messages: list[CustomerMessage] = field(default_factory=list)
    planned: dict[str, PlannedMessage | None] = field(default_factory=dict)
    exhausted: list[Exhausted] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    suppressed: int = 0
    deferred: int = 0

    def add(self, other: Evaluated) -> None:
        """Count another evaluation's work with this one's."""
        self.subjects += other.subjects
        self.matched += other.matched
        self.fired.extend(other.fired)
        self.shadowed.extend(other.shadowed)
        self.skipped.update(other.skipped)
        self.messages.extend(other.messages)
        self.planned.update(other.planned)
        self.exhausted.extend(other.exhausted)
        self.failures.extend(other.failures)
        self.suppressed += other.suppressed
        self.deferred += other.deferred


@dataclass(frozen=True, slots=True)
class Policy:
    """What is in force: the rules, who can be told, and how often a customer may hear.

    Attributes:
        known: Since when each rule's text is in force.
        batch: Subjects to one transaction.
    """

    ruleset: Ruleset
    receivers: Mapping[str, Receiver]
    limits: CustomerLimits
    known: Mapping[str, Known]
    batch: int = BATCH


def evaluate(
    store: Store,
    policy: Policy,
    now: datetime,
    may_look: Callable[[str], bool] = lambda _: True,
) -> Evaluated:
    """Decide about everything that is due at `now`, batch by batch, until nothing is.

    Args:
        store: Where subjects are claimed, and decisions written.
        policy: What is in force.
        now: Aware UTC.
        may_look: Says of a subject whether it may be decided yet (its helpdesk has been read).

    Raises:
        StoreBusyError: Lost to another writer; evaluating again is safe.
    """
    total = Evaluated()
    looks: dict[str, int] = {}
    written = Written()
    waiting: set[str] = set()  # due, but not to be looked at now: they are not in others' way
    while _is_due(store, now):
        known = len(waiting)
        with store.write() as tx:
            claimed = tx.claim_due(now, policy.batch + known)
            fresh = [due for due in claimed if due.subject not in waiting]
            ready = [due for due in fresh if may_look(due.subject) and _has_a_turn(due, looks)]
            waiting.update({due.subject for due in fresh} - {due.subject for due in ready})
            done = _decide_batch(tx, ready, policy, now, written) if ready else Evaluated()
        if not ready and len(waiting) == known:
            break
        total.add(done)
    return total


def _is_due(store: Store, now: datetime) -> bool:
    """One index probe, so that an idle tick takes no writer's lock."""
    with store.read() as tx:
        due_at = tx.next_due_at()
    return due_at is not None and due_at <= now


def _has_a_turn(due: DueSubject, looks: dict[str, int]) -> bool:
    looks[due.subject] = looks.get(due.subject, 0) + 1
    return looks[due.subject] <= MOST_LOOKS


def _decide_batch(
    tx: Transaction, claimed: list[DueSubject], policy: Policy, now: datetime, written: Written
) -> Evaluated:
    done = Evaluated(subjects=len(claimed))
    subjects = [due.subject for due in claimed]
    gathered = gather(tx, subjects, policy.ruleset, policy.limits, policy.known, now)
    said = tx.last_decisions(subjects)
    checks: dict[str, datetime | None] = {}
    records: list[DecisionRecord] = []
    decided = _decide_each(gathered, subjects, policy, now, written)
    outcomes = [outcome for outcome in decided.values() if isinstance(outcome, Outcome)]
    for subject, outcome in decided.items():
        if isinstance(outcome, Failure):
            done.failures.append(outcome)
            records.append(_failed(subject, outcome.error, policy, now))
            checks[subject] = now + PUT_OFF_BY
            continue
        written.add(subject, outcome)
        checks[subject] = outcome.next_check_at
        records.extend(_changed_decisions(subject, outcome, said, policy, now))
        _tell(done, subject, outcome)
    tx.save_episodes([episode for outcome in outcomes for episode in outcome.episodes])
    tx.append_decisions(records)
    tx.enqueue([action for outcome in outcomes for action in outcome.actions], now)
    _spend(tx, outcomes, policy, now)
    tx.set_next_checks(checks)
    _wake(tx, outcomes, gathered, policy, now)
    return done


def _decide_each(
    gathered: Gathered, subjects: list[str], policy: Policy, now: datetime, written: Written
) -> dict[str, Outcome | Failure]:
    """Decide about each subject, knowing what the ones before it did.

    Who loses a field to a rule on another subject is decided once more without it.
    """
    known: dict[str, Facts] = {}
    decided: dict[str, Outcome | Failure] = {}
    for subject in subjects:
        facts = gathered.facts(subject)
        if taken := written.by_others(facts):
            facts = replace(facts, taken=taken)
        known[subject] = facts
        outcome = decided[subject] = _decide(facts, policy, now)
        if isinstance(outcome, Outcome):
            gathered.add(outcome.messages, outcome.budget_spent)
    outcomes = {name: one for name, one in decided.items() if isinstance(one, Outcome)}
    for subject, lost in losses(outcomes).items():
        facts = known[subject]
        decided[subject] = _decide(replace(facts, taken=facts.taken | lost), policy, now)
    return decided


def _decide(facts: Facts, policy: Policy, now: datetime) -> Outcome | Failure:
    try:
        return decide(facts, policy.ruleset, policy.receivers, now)
    except Exception as error:  # noqa: BLE001 - one subject must not stop the others
        return Failure(facts.subject, error)


def _spend(tx: Transaction, outcomes: list[Outcome], policy: Policy, now: datetime) -> None:
    for compiled in policy.ruleset.rules:
        rule = compiled.rule
        count = sum(outcome.budget_spent.get(rule.id, 0) for outcome in outcomes)
        if count:
            tx.spend_budget(rule.id, period_start(rule.budget, now), count)


def _wake(
    tx: Transaction, outcomes: list[Outcome], gathered: Gathered, policy: Policy, now: datetime
) -> None:
    """Where rules count a customer's escalations, a new one concerns all the customer's tickets."""
    if not policy.ruleset.reads_customer_escalations:
        return
    escalated = {
        name
        for outcome in outcomes
        for new in outcome.firings
        if new.firing.kind is not None and new.firing.passing is Passing.FIRED
        for name in new.standing.look.matching
    }
    customers = {gathered.histories[name].customer_at(now) for name in escalated}
    for customer in sorted(name for name in customers if name):
        tx.mark_due(tx.open_tickets_of(ContactsBy.CUSTOMER, customer), now)


# --- the record ----------------------------------------------------------------------------------


def _changed_decisions(
    subject: str,
    outcome: Outcome,
    said: Mapping[tuple[str, str], tuple[Verdict, Reason]],
    policy: Policy,
    now: datetime,
) -> list[DecisionRecord]:
    """A line for each rule that says something else than before; silence stands for no match.

    Of a rule that never held, nothing is written either when its ticket is closed.
    """
    fired = {new.standing.rule.id for new in outcome.firings}
    records = []
    for standing in outcome.standings:
        before = said.get((subject, standing.rule.id))
        is_silent = before is None and standing.verdict is Verdict.NO_MATCH
        is_said = before == (standing.verdict, standing.reason) or (
            is_silent and standing.reason in _SILENT
        )
        if is_said and standing.rule.id not in fired:
            continue
        records.append(
            DecisionRecord(
                subject=subject,
                rule=standing.rule.id,
                at=now,
                verdict=standing.verdict,
                reason=standing.reason,
                generation=policy.ruleset.generation.id,
                evidence=_evidence(standing, outcome),
            )
        )
    return records


def _evidence(standing: Standing, outcome: Outcome) -> Json:
    silenced = standing.silenced
    return {
        "anchor": standing.anchor.key if standing.anchor else None,
        "anchor_at": _text(standing.anchor.at if standing.anchor else None),
        "matching": list(standing.look.matching),
        "levels": [
            {
                "level": one.level.number,
                "name": one.level.identity,
                "state": one.state.value,
                "due_at": _text(one.due_at),
            }
            for one in standing.levels
        ],
        "fired": [
            {
                "level": new.firing.level,
                "occurrence": new.firing.occurrence,
                "reason": new.firing.reason.value,
            }
            for new in outcome.firings
            if new.standing.rule.id == standing.rule.id
        ],
        "left_alone": [
            {"ticket": one.ticket, "field": one.field, "reason": one.reason.value}
            for one in outcome.refused
            if one.rule == standing.rule.id
        ],
        "next_at": _text(standing.next_at),
        **(
            {"silenced": {"id": silenced.silence.id, "until": utc_second(silenced.until)}}
            if silenced
            else {}
        ),
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else utc_second(at)


def _failed(subject: str, error: Exception, policy: Policy, now: datetime) -> DecisionRecord:
    return DecisionRecord(
        subject=subject,
        rule="",
        at=now,
        verdict=Verdict.SUPPRESSED,
        reason=Reason.ERROR,
        generation=policy.ruleset.generation.id,
        evidence={"error": f"{type(error).__name__}: {error}"},
    )


# --- telling -------------------------------------------------------------------------------------


def _tell(done: Evaluated, subject: str, outcome: Outcome) -> None:
    for new in outcome.firings:
        firing = new.firing
        if firing.passing is Passing.FIRED:
            done.fired.append(_fired(subject, new))
            continue
        if firing.reason is Reason.SHADOW:
            done.shadowed.append(_fired(subject, new))
        _skip(done, new.standing.rule.id, subject, firing.level, firing.due_at, firing.reason)
    for standing in outcome.standings:
        _tell_of_the_end(done, subject, standing)
        done.matched += standing.verdict in (Verdict.FIRED, Verdict.WAITING)
        if standing.verdict is not Verdict.SUPPRESSED:
            continue
        done.suppressed += 1
        for one in standing.levels:
            if one.state is LevelState.DUE and one.due_at is not None:
                _skip(
                    done, standing.rule.id, subject, one.level.number, one.due_at, standing.reason
                )
    done.messages.extend(outcome.messages)
    done.deferred += len(outcome.planned)
    done.planned[subject] = next(iter(outcome.planned), None)


def _tell_of_the_end(done: Evaluated, subject: str, standing: Standing) -> None:
    level, episode = standing.exhausted, standing.episode
    if level is None or episode is None:
        return
    anchor = episode.id.anchor
    done.exhausted.append(
        Exhausted(subject, standing.rule.id, anchor, level.number, level.identity)
    )


def _skip(
    done: Evaluated, rule: str, subject: str, level: int, due_at: datetime, reason: Reason
) -> None:
    done.skipped[Skipped(subject, rule, level, due_at, reason)] = None


def _fired(subject: str, new: NewFiring) -> Fired:
    firing = new.firing
    episode = new.standing.episode
    anchor = episode.id.anchor if episode else ""
    return Fired(
        ticket=subject,
        rule=new.standing.rule.id,
        episode=anchor,
        level=firing.level,
        name=firing.identity,
        occurrence=firing.occurrence,
        kind=firing.kind.value if firing.kind else None,
        due_at=firing.due_at,
        fired_at=firing.fired_at,
        reason=firing.reason,
    )
