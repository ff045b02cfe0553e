"""The daemon in numbers, as Prometheus scrapes them; the only import of its client.

Names are in base units. Labels are of closed sets (reasons, states, kinds) or of what the
configuration and the rules name (helpdesks, rules); never of tickets or customers. Each series is
there from the start, with zero.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final, TypedDict, cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from engine import __version__
from engine.domain.actions import Audience
from engine.domain.episode import MessageKind
from engine.domain.reason import Reason
from engine.domain.rule import Generation, Kind, Mode
from engine.errors import StoreError
from engine.insight.reloaded import ReloadResult
from engine.pipeline.cycle import Work
from engine.pipeline.intake import IntakeAnswer
from engine.pipeline.settling import Finished
from engine.ports import OutboxState, Store

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
TICK_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds; an idle tick falls into the first, one that reads a whole helpdesk into the last."""

FAILURES: Final[dict[OutboxState, str]] = {
    OutboxState.PENDING: "retried",
    OutboxState.SNOOZED: "put_off",
    OutboxState.REJECTED: "rejected",
    OutboxState.DROPPED: "dropped",
    OutboxState.UNKNOWN: "unknown",
}
"""How a delivery ended that did not arrive → the word for it."""

disable_created_metrics()  # type: ignore[no-untyped-call]


class _Counts(TypedDict):
    open_tickets: int
    live_episodes: int
    overdue: int
    held: int
    outbox: dict[str, int]


class Metrics:
    """Every number of one daemon, in a registry of its own. Threads may share one."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        helpdesks: Iterable[str],
        channels: Iterable[str],
        stages: Iterable[str],
        unowned: Callable[[], int] = lambda: 0,
    ) -> None:
        """All numbers at zero.

        Args:
            store: What is asked at each scrape for how much there is.
            now: The domain's instant (aware UTC).
            helpdesks: The names of those that are read.
            channels: The names of the ways to reach people.
            stages: The names of what ticks.
            unowned: Counts the live escalations that nobody has taken.
        """
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(_FromTheStore(store, now, unowned))
        self._gauge("build_info", "Always 1; the version that runs", "version").labels(
            __version__
        ).set(1)
        self._count_firings()
        self._count_messages()
        self._count_stages(list(stages))
        self._count_reading(list(helpdesks))
        self._count_ways(helpdesks, channels)
        self._count_intake()
        self._count_rules()

    def exposed(self) -> bytes:
        """All of it in the text format."""
        return generate_latest(self.registry)

    # --- making ---

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"escalatord_{name}", says, labels, registry=self.registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"escalatord_{name}", says, labels, registry=self.registry)

    def _count_firings(self) -> None:
        self._escalations = self._counter(
            "escalations", "Levels with a kind that fired, repetitions aside", "rule", "kind"
        )
        self._reminders = self._counter(
            "reminders", "Levels without a kind that fired, repetitions aside", "rule"
        )
        self._repeats = self._counter("repeats", "Notices that were said again", "rule")
        self._exhausted = self._counter(
            "ladders_exhausted", "Ladders that ended, and nobody took the escalation", "rule"
        )
        self._shadows = self._counter(
            "shadow_firings", "What rules in shadow would have fired", "rule"
        )
        self._suppressed = self._counter(
            "suppressed", "Due levels that did not fire, at each look, by reason", "reason"
        )
        for reason in Reason:
            self._suppressed.labels(reason.value)

    def _count_messages(self) -> None:
        self._customer_messages = self._counter(
            "customer_messages", "Messages that were delivered to customers", "message"
        )
        for message in MessageKind:
            self._customer_messages.labels(message.value)
        self._deliveries = self._counter(
            "deliveries", "Actions that arrived, by whom they are for", "audience"
        )
        for audience in Audience:
            self._deliveries.labels(audience.value)
        self._failures = self._counter(
            "delivery_failures", "Attempts that did not arrive, by what became of them", "reason"
        )
        for word in FAILURES.values():
            self._failures.labels(word)
        self._lost = self._counter(
            "notices_lost", "Ends of which staff should have been told, and nobody could be"
        )
        self._cancelled = self._counter(
            "deliveries_cancelled", "Actions that were overtaken before they were done", "reason"
        )
        for reason in Reason:
            self._cancelled.labels(reason.value)

    def _count_ways(self, helpdesks: Iterable[str], channels: Iterable[str]) -> None:
        self._circuit_open = self._gauge(
            "circuit_open", "1 while the other side does not answer, and is left alone",
            "kind", "name",
        )  # fmt: skip
        self._circuits_opened = self._counter(
            "circuits_opened", "Times that the other side stopped answering", "kind", "name"
        )
        for kind, names in (("helpdesk", helpdesks), ("channel", channels)):
            for name in names:
                self._circuit_open.labels(kind, name)
                self._circuits_opened.labels(kind, name)

    def _count_stages(self, stages: list[str]) -> None:
        self._tick = Histogram(
            "escalatord_tick_duration_seconds",
            "How long an evaluation took, reading included",
            registry=self.registry,
            buckets=TICK_BUCKETS,
        )
        self._ticked_at = self._gauge(
            "last_tick_timestamp_seconds", "When the last good evaluation ended; 0 before the first"
        )
        self._stage_failures = self._counter(
            "stage_failures", "Ticks that ended in an error, by what ticked", "stage"
        )
        for stage in stages:
            self._stage_failures.labels(stage)
        self._decision_failures = self._counter(
            "decision_failures", "Tickets and groups that could not be decided"
        )
        self._jumps = self._counter("clock_jumps", "Times that the machine's clock was set")

    def _count_reading(self, helpdesks: list[str]) -> None:
        self._read = {
            what: self._counter(f"ingest_{what}", says, "helpdesk")
            for what, says in (
                ("tickets", "Tickets of which something new was told"),
                ("events", "Events that were new"),
                ("rejected", "Rows that could not be understood"),
                ("failures", "Readings that failed"),
            )
        }
        self._read_at = self._gauge(
            "ingest_last_success_timestamp_seconds",
            "When a helpdesk was last read; 0 before the first time",
            "helpdesk",
        )
        for name in helpdesks:
            self._read_at.labels(name)
            for counter in self._read.values():
                counter.labels(name)

    def _count_intake(self) -> None:
        self._asked = self._counter(
            "intake_requests", "Requests to the intake, by what became of them", "answer"
        )
        for answer in IntakeAnswer:
            self._asked.labels(answer.value)

    def _count_rules(self) -> None:
        self._rules = self._gauge("rules", "Rules in force, by mode", "mode")
        self._degraded = self._gauge(
            "rules_degraded", "1 while the rule files are broken and the last good rules run"
        )
        self._loaded_at = self._gauge(
            "rules_loaded_timestamp_seconds", "When the rules in force were put in force"
        )
        self._reloads = self._counter(
            "reloads", "Times that changed rule files were judged", "result"
        )
        for result in ReloadResult:
            self._reloads.labels(result.value)
        self._generation = ""
        self._known: frozenset[tuple[Counter, tuple[str, ...]]] = frozenset()

    # --- counting ---

    def did(self, work: Work) -> None:
        """A stage did this."""
        for name, ingested in work.ingested.items():
            self._read["tickets"].labels(name).inc(ingested.tickets)
            self._read["events"].labels(name).inc(ingested.events)
            self._read["rejected"].labels(name).inc(len(ingested.rejected))
            self._read_at.labels(name).set(time.time())
        for name in work.unread:
            self._read["failures"].labels(name).inc()
        self._decided(work)
        for finished in work.delivered.finished:
            self._finished(finished)
        self._lost.inc(sum(one.is_lost for one in (*work.rescued, *work.delivered.finished)))
        for turn in work.delivered.turns:
            self._circuit_open.labels(turn.way.kind, turn.way.name).set(turn.circuit.is_open)
            if turn.circuit.is_open:
                self._circuits_opened.labels(turn.way.kind, turn.way.name).inc()

    def _decided(self, work: Work) -> None:
        evaluated = work.evaluated
        for fired in evaluated.fired:
            if fired.occurrence > 1:
                self._repeats.labels(fired.rule).inc()
            elif fired.kind:
                self._escalations.labels(fired.rule, fired.kind).inc()
            else:
                self._reminders.labels(fired.rule).inc()
        for shadowed in evaluated.shadowed:
            self._shadows.labels(shadowed.rule).inc()
        for end in evaluated.exhausted:
            self._exhausted.labels(end.rule).inc()
        for skipped in evaluated.skipped:
            self._suppressed.labels(skipped.reason.value).inc()
        self._decision_failures.inc(len(evaluated.failures))

    def _finished(self, finished: Finished) -> None:
        action = finished.row.action
        if finished.state is OutboxState.DELIVERED:
            self._deliveries.labels(action.audience.value).inc()
            if message := action.details.get("message"):
                self._customer_messages.labels(str(message)).inc()
        elif finished.state is OutboxState.CANCELLED:
            is_reason = finished.reason in set(Reason)
            self._cancelled.labels(finished.reason if is_reason else Reason.GONE.value).inc()
        elif finished.state in FAILURES:
            self._failures.labels(FAILURES[finished.state]).inc()

    def ticked(self, seconds: float) -> None:
        """An evaluation came round well, and took so many seconds."""
        self._tick.observe(seconds)
        self._ticked_at.set(time.time())

    def failed(self, stage: str) -> None:
        """A tick ended in an error."""
        self._stage_failures.labels(stage).inc()

    def jumped(self) -> None:
        """The machine's clock was set."""
        self._jumps.inc()

    def answered(self, answer: IntakeAnswer) -> None:
        """The intake answered a request so."""
        self._asked.labels(answer.value).inc()

    def judged(self, result: ReloadResult) -> None:
        """Rule files were read again."""
        self._reloads.labels(result.value).inc()

    def runs(self, generation: Generation, *, degraded: bool) -> None:
        """These rules are in force; the series of rules that are no more go."""
        self._degraded.set(degraded)
        if generation.id == self._generation:
            return
        self._generation = generation.id
        self._loaded_at.set(time.time())
        for mode in Mode:
            self._rules.labels(mode.value).set(sum(r.mode is mode for r in generation.rules))
        wanted = frozenset(self._series(generation))
        for counter, labels in self._known - wanted:
            counter.remove(*labels)
        for counter, labels in wanted:
            counter.labels(*labels)
        self._known = wanted

    def _series(self, generation: Generation) -> Iterator[tuple[Counter, tuple[str, ...]]]:
        for rule in generation.rules:
            yield from ((self._escalations, (rule.id, kind.value)) for kind in Kind)
            for counter in (self._reminders, self._repeats, self._exhausted, self._shadows):
                yield counter, (rule.id,)


class _FromTheStore(Collector):
    """How much there is, asked at each scrape; so it is right after a restart, too."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], unowned: Callable[[], int]
    ) -> None:
        self._store = store
        self._now = now
        self._unowned = unowned

    def describe(self) -> list[Metric]:
        """Nothing is asked before the first scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The present counts; where the store cannot be read, only that."""
        readable = GaugeMetricFamily("escalatord_store_readable", "1 where the store could be read")
        now = self._now()
        try:
            with self._store.read() as tx:
                counts = cast("_Counts", tx.counts(now))
                oldest = tx.waiting_since()
            nobodys = self._unowned()
        except StoreError:
            readable.add_metric([], 0)
            yield readable
            return
        readable.add_metric([], 1)
        yield readable
        for name, says, value in (
            ("open_tickets", "Open tickets", counts["open_tickets"]),
            ("live_episodes", "Episodes that fired and are not ended", counts["live_episodes"]),
            ("escalations_unowned", "Live escalations that nobody has taken, as of late", nobodys),
            ("subjects_overdue", "Tickets and groups whose look is due", counts["overdue"]),
            ("outbox_held", "Actions that wait for people", counts["held"]),
            (
                "outbox_oldest_pending_seconds",
                "Age of the oldest action that is still on its way; 0 without any",
                (now - oldest).total_seconds() if oldest else 0.0,
            ),
        ):
            yield GaugeMetricFamily(f"escalatord_{name}", says, value=value)
        rows = GaugeMetricFamily("escalatord_outbox_rows", "Actions, by state", labels=["state"])
        for state, count in counts["outbox"].items():
            rows.add_metric([state], count)
        yield rows
