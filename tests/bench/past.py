"""What lies behind a store at `START`: tickets, what has fired on them, when each is due again.

A first pass of the product over everything would leave the same, and take its time. So:

1. What fired long ago is written down in bulk, through the store's own transaction.
2. Whatever can fall due while we measure, and a sample of tickets and customers without a past, is
   due at `START`, and the product itself looks at it: those next checks are its own.
3. Every other subject waits for its next instant, which lies beyond what we measure.

Should a next check be wrong, or the product not recognise a firing of the past, the fired sets of
the first look or of a tick differ from the baselines', and the benchmark fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.episode import Episode, EpisodeId, Firing, Passing
from engine.domain.history import CREATION
from engine.domain.reason import Reason, Verdict
from engine.domain.rule import Kind
from engine.domain.ticket import utc_second
from engine.pipeline.activate import activate
from engine.pipeline.evaluate import Policy
from engine.ports import DecisionRecord
from engine.store import SqlStore
from tests.bench.handrules import CONTACT_RULES, Count, TimeRule, contacts, dues, lapses_at
from tests.bench.product import Fired, Product
from tests.bench.workload import START, Issue, epoch, fill

SAMPLE: Final = 100
"""So many tickets, and so many customers, have no past at all."""
MARGIN: Final = timedelta(hours=1)
"""What falls due so soon after the last tick is treated as if it fell due before."""
_CHUNK: Final = 2_000
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """Subjects that have no past: the product looks at them for the first time at `START`."""

    tickets: frozenset[str]
    customers: frozenset[str]

    def of(self, fired: Fired) -> Fired:
        """What of a set of firings concerns the sample."""
        known = self.tickets | self.customers
        return {(subject, rule) for subject, rule in fired if subject in known}


def sample_of(issues: list[Issue], until: datetime) -> Sample:
    """The first tickets and customers, and every customer whose count can change until then."""
    upcoming = _next_of_groups(issues)
    near = {name for name, at in upcoming.items() if at is not None and at <= epoch(until + MARGIN)}
    return Sample(
        frozenset(issue.id for issue in issues[:SAMPLE]),
        frozenset({*sorted(upcoming)[:SAMPLE], *near}),
    )


def build(
    store: SqlStore, policy: Policy, issues: list[Issue], sample: Sample, until: datetime
) -> Fired:
    """Bring a new store to where it stands at `START`; what the product fired on the sample.

    Args:
        store: New and empty.
        policy: The rules.
        issues: The tickets.
        sample: Who has no past.
        until: The last instant that will be measured.
    """
    activate(store, policy.ruleset, {}, _LONG_AGO)
    fill(store, issues)
    _remember(store, policy, [issue for issue in issues if issue.id not in sample.tickets])
    _schedule(store, issues, sample, until + MARGIN)
    fired = Product(store, policy).tick(START)
    _deliver_everything(store)
    return fired


# --- what fired long ago -------------------------------------------------------------------------


def _remember(store: SqlStore, policy: Policy, issues: list[Issue]) -> None:
    now = epoch(START)
    identities = {rule.id: rule.levels[0].identity for rule in policy.ruleset.generation.rules}
    generation = policy.ruleset.generation.id
    for start in range(0, len(issues), _CHUNK):
        episodes = [
            _episode(issue, rule, due_at, identities[rule.id], generation)
            for issue in issues[start : start + _CHUNK]
            for rule, due_at in dues(issue)
            if due_at <= now
        ]
        with store.write() as tx:
            tx.save_episodes(episodes)
            tx.append_decisions([_decision(episode) for episode in episodes])
            tx.enqueue([action for episode in episodes for action in _actions(episode)], START)


def _episode(issue: Issue, rule: TimeRule, due_at: int, identity: str, generation: str) -> Episode:
    at = datetime.fromtimestamp(due_at, UTC)
    began_at = at if rule.count is Count.IDLE else datetime.fromtimestamp(issue.created_at, UTC)
    anchor = utc_second(at) if rule.count is Count.IDLE else CREATION
    firing = Firing(
        level=1,
        identity=identity,
        occurrence=1,
        kind=Kind.TECHNICAL,
        due_at=at,
        fired_at=at,
        reason=Reason.LEVEL_DUE,
        passing=Passing.FIRED,
        generation=generation,
    )
    return Episode(EpisodeId(rule.id, issue.id, anchor), began_at, (firing,))


def _decision(episode: Episode) -> DecisionRecord:
    (firing,) = episode.firings
    evidence: dict[str, object] = {
        "anchor": episode.id.anchor,
        "anchor_at": utc_second(episode.anchor_at),
        "matching": [episode.id.subject],
        "levels": [{"level": 1, "name": firing.identity, "state": "due",
                    "due_at": utc_second(firing.due_at)}],
        "fired": [{"level": 1, "occurrence": 1, "reason": firing.reason.value}],
        "left_alone": [],
        "next_at": None,
    }  # fmt: skip
    return DecisionRecord(
        subject=episode.id.subject,
        rule=episode.id.rule,
        at=firing.fired_at,
        verdict=Verdict.FIRED,
        reason=Reason.LEVEL_DUE,
        generation=firing.generation,
        evidence=evidence,
    )


def _actions(episode: Episode) -> Iterator[Action]:
    """The note and the notice of a firing, as long as the product's own."""
    (firing,) = episode.firings
    level = {"number": 1, "name": firing.identity, "kind": firing.kind}
    details = {
        "rule": {"id": episode.id.rule, "description": "x" * 40, "reason": "x" * 40,
                 "asked_by": "rule"},
        "level": level,
        "due_at": utc_second(firing.due_at),
        "fired_at": utc_second(firing.fired_at),
        "passed_levels": [],
        "tickets": [episode.id.subject],
        "occurrence": 1,
        "reason": firing.reason.value,
    }  # fmt: skip
    for kind, channel in ((ActionKind.NOTE, None), (ActionKind.NOTIFY, "log")):
        yield Action(
            key=f"{episode.id.text}|{firing.identity}|{kind}",
            kind=kind,
            audience=Audience.STAFF if channel else Audience.TICKET,
            ticket=episode.id.subject,
            subject=episode.id.subject,
            episode=episode.id,
            level=1,
            occurrence=1,
            channel=channel,
            to=channel and "second-line",
            receiver=channel and "second-line",
            template=channel and "escalation",
            details=details,
        )


def _deliver_everything(store: SqlStore) -> None:
    """What was written so far has gone out by now."""
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = 'delivered', attempts = 1")


# --- when each is due again ----------------------------------------------------------------------


def _schedule(store: SqlStore, issues: list[Issue], sample: Sample, until: datetime) -> None:
    checks: dict[str, datetime | None] = {}
    for subject, at in {**_next_of_tickets(issues), **_next_of_groups(issues)}.items():
        is_near = at is not None and at <= epoch(until)
        is_new = subject in sample.tickets or subject in sample.customers
        checks[subject] = START if is_near or is_new else _maybe_instant(at)
    names = list(checks)
    for start in range(0, len(names), _CHUNK):
        with store.write() as tx:
            tx.set_next_checks({name: checks[name] for name in names[start : start + _CHUNK]})


def _next_of_tickets(issues: Iterable[Issue]) -> dict[str, int | None]:
    now = epoch(START)
    return {
        issue.id: min((at for _, at in dues(issue) if at > now), default=None) for issue in issues
    }


def _next_of_groups(issues: Iterable[Issue]) -> dict[str, int | None]:
    """When the count of each customer's contacts falls below what a rule asks for."""
    now = epoch(START)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for issue in issues:
        found[issue.customer].extend(contacts(issue))
    return {
        f"customer:{customer}": min(
            (at for rule in CONTACT_RULES if (at := lapses_at(rule, sorted(times), now))),
            default=None,
        )
        for customer, times in found.items()
    }


def _maybe_instant(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
