"""What is measured, and against what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from engine.domain.calendar import Calendar
from engine.domain.decide import decide
from engine.domain.facts import CustomerLimits
from engine.domain.matching import Situation
from engine.domain.ruleset import CompiledRule
from engine.pipeline.evaluate import Policy
from engine.pipeline.gather import gather
from engine.store import SqlStore
from tests.bench import hours
from tests.bench.baselines import ContactSql, LevelSql, RawDriver, WindowSql
from tests.bench.databases import Database
from tests.bench.handrules import DISPATCH, Count, TimeRule, dues
from tests.bench.measuring import Contender, Result, WrongAnswerError, difference, measure
from tests.bench.past import Sample, build, sample_of
from tests.bench.product import Fired, Product
from tests.bench.workload import START, STEP, Issue, epoch, history_of

PRODUCT: Final = "escalatord"
RAW: Final = "raw driver"
LEVEL: Final = "level SQL"
WINDOW: Final = "window SQL"

IDLE_CALLS: Final = 20
DECIDED: Final = 200
INSTANTS: Final = 2_000


def last_instant(rounds: int) -> datetime:
    """The instant of the last tick that so many rounds make."""
    return START + (rounds + 1) * STEP


# --- a desk: the product and its baselines on one database --------------------------------------


@dataclass(frozen=True)
class Desk:
    """The same tickets in the product's store and in each baseline's, as they stand at `START`."""

    database: Database
    issues: list[Issue]
    product: Product
    raw: RawDriver
    level: LevelSql
    window: WindowSql


@contextmanager
def desk(
    database: Database,
    policy: Policy,
    issues: list[Issue],
    rounds: int,
    source: SqlStore | None = None,
) -> Iterator[Desk]:
    """Set a desk up; by copying another store, where there is one.

    Raises:
        WrongAnswerError: The product's first look at the sample fired something else than the SQL.
    """
    store = database.open_store()
    if source is None:
        _build(store, database, policy, issues, rounds)
    else:
        source.copy_into(store)
    database.ready(store)
    fired = {(i.id, rule.id) for i in issues for rule, due_at in dues(i) if due_at <= epoch(START)}
    raw = RawDriver(database, issues, fired, START)
    level = LevelSql(database, issues, fired, START)
    window = WindowSql(database, issues, fired, START)
    try:
        yield Desk(database, issues, Product(store, policy), raw, level, window)
    finally:
        for one in (store, raw, level, window):
            one.close()


def _build(
    store: SqlStore, database: Database, policy: Policy, issues: list[Issue], rounds: int
) -> None:
    sample = sample_of(issues, last_instant(rounds))
    fired = build(store, policy, issues, sample, last_instant(rounds))
    expected = _first_look(database, issues, sample)
    if fired != expected:
        raise WrongAnswerError(
            f"first look: {PRODUCT} and {LEVEL} differ: {difference(fired, expected)}"
        )


def _first_look(database: Database, issues: list[Issue], sample: Sample) -> Fired:
    """What all twenty rules, as SQL, fire on the sample."""
    level = LevelSql(database, issues, set(), START)
    contact = ContactSql(database, issues, set(), START)
    try:
        return sample.of(level.tick(START) | contact.tick(START))
    finally:
        level.close()
        contact.close()


# --- ticks ---------------------------------------------------------------------------------------


def idle_tick(at: Desk, rounds: int) -> Result:
    """Nothing is due."""
    series, _ = measure(
        [
            Contender(PRODUCT, lambda _: at.product.tick(START), calls=IDLE_CALLS),
            Contender(
                RAW, lambda _: at.raw.probe(START), calls=IDLE_CALLS, answer=lambda _: set[object]()
            ),
            Contender(LEVEL, lambda _: at.level.tick(START)),
        ],
        rounds,
        at.database.settle,
    )
    return Result("idle tick", at.database.name, len(at.issues), "ms", series)


def due_tick(at: Desk, rounds: int) -> Result:
    """A thousandth of the tickets is due."""
    ticks = {PRODUCT: at.product.tick, RAW: at.raw.tick, LEVEL: at.level.tick,
             WINDOW: at.window.tick}  # fmt: skip

    def ticking(tick: Callable[[datetime], Fired]) -> Callable[[int], Fired]:
        return lambda number: tick(START + (number + 1) * STEP)

    series, fired = measure(
        [Contender(name, ticking(tick)) for name, tick in ticks.items()],
        rounds,
        at.database.settle,
    )
    count = sum(len(one) for one in fired if isinstance(one, set))
    did = f"{count} firings in {rounds} ticks, equal sets"
    return Result("tick, 0.1 % due", at.database.name, len(at.issues), "ms", series, did)


# --- the evaluator -------------------------------------------------------------------------------


def evaluator(at: Desk, rounds: int) -> Result:
    """Which rules match which tickets, with all facts at hand; then the product's decision."""
    issues = at.issues[-DECIDED:]
    policy = at.product.policy
    histories = {issue.id: history_of(issue) for issue in issues}
    situations = [Situation(history.as_of(START), START) for history in histories.values()]
    rules = policy.ruleset.of_tickets()
    matchers = _hand_matchers(epoch(START))
    with at.product.store.read() as tx:
        names = list(histories)
        gathered = gather(tx, names, policy.ruleset, CustomerLimits(), policy.known, START)

    def by_decision(_: int) -> Fired:
        found: Fired = set()
        for name in names:
            outcome = decide(gathered.facts(name), policy.ruleset, policy.receivers, START)
            found.update((name, one.rule.id) for one in outcome.standings if one.look.matching)
        return found

    series, matched = measure(
        [
            Contender(f"{PRODUCT}, closures", lambda _: _by_closures(situations, rules), DECIDED),
            Contender("by hand, closures", lambda _: _by_hand(issues, matchers), DECIDED),
            Contender(f"{PRODUCT}, whole decision", by_decision, DECIDED),
        ],
        rounds,
    )
    pairs = len(matched[0]) if isinstance(matched[0], set) else 0
    did = f"{pairs} matches on {DECIDED} tickets, equal sets"
    return Result("17 rules on a ticket", None, None, "µs", series, did)


def _by_closures(situations: list[Situation], rules: tuple[CompiledRule, ...]) -> Fired:
    return {
        (situation.view.ticket.id, one.rule.id)
        for situation in situations
        for one in rules
        if one.concerns(situation.view.ticket) and one.condition.holds(situation)
    }


Matcher = Callable[[Issue], bool]


def _hand_matchers(now: int) -> dict[tuple[str, str], tuple[tuple[str, Matcher], ...]]:
    return {
        key: tuple((rule.id, _hand_matcher(rule, now)) for rule in rules)
        for key, rules in DISPATCH.items()
    }


def _hand_matcher(rule: TimeRule, now: int) -> Matcher:
    """Whether the rule's `match` holds: type and priority have been seen to by the dispatch."""
    if rule.count is Count.UNANSWERED:
        return lambda issue: not issue.replies
    if rule.count is Count.IDLE:
        since = now - rule.seconds
        return lambda issue: bool(issue.replies) and issue.replies[-1] <= since
    return lambda _: True


def _by_hand(
    issues: list[Issue], matchers: dict[tuple[str, str], tuple[tuple[str, Matcher], ...]]
) -> Fired:
    return {
        (issue.id, rule)
        for issue in issues
        for rule, holds in matchers[issue.type, issue.priority]
        if holds(issue)
    }


# --- business time -------------------------------------------------------------------------------

FORTY_HOURS: Final = timedelta(hours=40)


def business_time(policy: Policy, rounds: int) -> list[Result]:
    """Deadlines and lengths in office hours, over a year with two clock changes."""
    calendar = _office_hours(policy)
    chance, begin = Random(1), epoch(datetime(2026, 1, 1, tzinfo=UTC))
    starts = [begin + chance.randrange(330 * 86_400) for _ in range(INSTANTS)]
    ends = [start + chance.randrange(28 * 86_400) for start in starts]
    starts_at, ends_at = ([datetime.fromtimestamp(at, UTC) for at in ats] for ats in (starts, ends))
    pairs, pairs_at = (
        list(zip(starts, ends, strict=True)),
        list(zip(starts_at, ends_at, strict=True)),
    )
    forty = int(FORTY_HOURS.total_seconds())
    adding, _ = measure(
        [
            Contender(
                PRODUCT,
                lambda _: [calendar.add(at, FORTY_HOURS) for at in starts_at],
                INSTANTS,
                answer=_plain,
            ),
            Contender(
                "day loop", lambda _: [hours.add_by_days(at, forty) for at in starts], INSTANTS
            ),
        ],
        rounds,
    )
    counting, _ = measure(
        [
            Contender(
                PRODUCT,
                lambda _: [calendar.elapsed(since, until) for since, until in pairs_at],
                INSTANTS,
                answer=_plain,
            ),
            Contender(
                "day loop", lambda _: [hours.elapsed_by_days(*pair) for pair in pairs], INSTANTS
            ),
        ],
        rounds,
    )
    did = f"{INSTANTS} instants of 2026, equal answers"
    return [
        Result("business time: add 40 h", None, None, "µs", adding, did),
        Result("business time: elapsed, 0–28 d", None, None, "µs", counting, did),
    ]


def _office_hours(policy: Policy) -> Calendar:
    clocks = (rule.clock.calendar for rule in policy.ruleset.generation.rules)
    return next(calendar for calendar in clocks if calendar.name == "office-hours")


def _plain(found: object) -> object:
    assert isinstance(found, list)
    return [
        int(one.total_seconds() if isinstance(one, timedelta) else one.timestamp()) for one in found
    ]
