"""The numbers: named by Prometheus' rules, there from the start, true, and of no ticket."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.domain.reason import Reason
from engine.insight.metrics import Metrics
from engine.insight.ownership import PatientCount, unowned
from engine.insight.reloaded import ReloadResult
from engine.pipeline.intake import IntakeAnswer
from engine.ports import OutboxState, Sent, SentState
from engine.testing import MONDAY
from tests.scenario.desk import Desk, generation_of, rule, rules

LADDER = "[{name: a, after: 1h}, {name: b, after: 2h, kind: technical, notify: [manager]}]"
REPEATED = "[{name: a, after: 1h, notify: [manager], repeat: {every: 1h, times: 2}}]"

Now = Callable[[], datetime]


def metrics_of(desk: Desk, now: Now = lambda: MONDAY) -> Metrics:
    """The numbers of a desk, which hear of all that it does."""
    metrics = Metrics(desk.store, now, ["desk"], ["log"], ["evaluate", "deliver"])
    assert desk.cycle is not None
    desk.cycle.heard = metrics.did
    metrics.runs(desk.cycle.policy.ruleset.generation, degraded=False)
    return metrics


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """(name, values of its labels) → value."""
    families = text_string_to_metric_families(metrics.exposed().decode())
    return {
        (one.name.removeprefix("escalatord_"), *one.labels.values()): one.value
        for family in families
        for one in family.samples
    }


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.rules(rules(rule(levels=LADDER)))
    return desk


def test_what_fired_is_counted_by_rule(desk: Desk) -> None:
    metrics = metrics_of(desk)
    desk.open("T1")
    desk.open("T2")
    desk.live("3h")

    found = samples(metrics)

    assert found["escalations_total", "technical", "r"] == 2
    assert found["escalations_total", "hierarchical", "r"] == 0
    assert found["reminders_total", "r"] == 2
    assert found["deliveries_total", "staff"] == 2
    assert found["ingest_tickets_total", "desk"] == 2
    assert found["open_tickets",] == 2
    assert found["live_episodes",] == 2


def test_what_is_said_again_counts_as_repetition_only() -> None:
    desk = Desk()
    desk.rules(rules(rule(levels=REPEATED)))
    metrics = metrics_of(desk)
    desk.open()
    desk.live("4h")

    found = samples(metrics)

    assert (found["reminders_total", "r"], found["repeats_total", "r"]) == (1, 2)


def test_what_a_shadow_would_have_fired_is_counted_apart() -> None:
    desk = Desk()
    desk.rules(rules(rule(levels=LADDER, mode="shadow")))
    metrics = metrics_of(desk)
    desk.open()
    desk.live("3h")

    found = samples(metrics)

    assert found["shadow_firings_total", "r"] == 2
    assert found["suppressed_total", "shadow"] == 2
    assert found["escalations_total", "technical", "r"] == 0
    assert found["rules", "shadow"] == 1


def test_customers_messages_are_counted_by_kind() -> None:
    desk = Desk()
    desk.rules(rules(rule(levels=LADDER, customer="{on_escalation: received}")))
    metrics = metrics_of(desk)
    desk.open()
    desk.live("3h")

    assert samples(metrics)["customer_messages_total", "on_escalation"] == 1


def test_a_delivery_that_fails_is_counted_by_what_became_of_it(desk: Desk) -> None:
    metrics = metrics_of(desk)
    desk.channel.outcomes = [Sent(SentState.REJECTED, reason="no such room")]
    desk.open()
    desk.live("3h")

    found = samples(metrics)

    assert found["delivery_failures_total", "rejected"] == 1
    assert found["outbox_rows", "rejected"] == 1


def test_what_was_overtaken_is_counted_by_reason(desk: Desk) -> None:
    metrics = metrics_of(desk)
    desk.open()
    desk.live("1h")
    desk.evaluate_only("2h")
    desk.resolve("2h1m")
    desk.live("3h")

    assert samples(metrics)["deliveries_cancelled_total", "resolved"] >= 1


def test_what_is_held_back_is_counted_by_reason(desk: Desk) -> None:
    metrics = metrics_of(desk)
    desk.open()
    desk.sleep_until("5d")

    assert samples(metrics)["suppressed_total", "too_late"] == 2


def test_the_oldest_action_on_its_way_tells_its_age(desk: Desk) -> None:
    metrics = metrics_of(desk, lambda: MONDAY + timedelta(hours=3))
    desk.open()
    desk.live("1h30m")
    assert samples(metrics)["outbox_oldest_pending_seconds",] == 0

    desk.evaluate_only("2h")

    assert samples(metrics)["outbox_oldest_pending_seconds",] == 3600


def test_every_series_is_there_before_anything_happens(desk: Desk) -> None:
    found = samples(metrics_of(desk))

    assert {key[1] for key in found if key[0] == "suppressed_total"} == set(Reason)
    assert {key[1] for key in found if key[0] == "deliveries_cancelled_total"} == set(Reason)
    assert {key[1] for key in found if key[0] == "outbox_rows"} == set(OutboxState)
    assert {key[1] for key in found if key[0] == "reloads_total"} == set(ReloadResult)
    assert {key[1] for key in found if key[0] == "intake_requests_total"} == set(IntakeAnswer)
    assert found["ingest_failures_total", "desk"] == 0
    assert found["stage_failures_total", "deliver"] == 0
    assert found["last_tick_timestamp_seconds",] == 0


def test_no_label_names_a_ticket_or_a_customer(desk: Desk) -> None:
    metrics = metrics_of(desk)
    desk.open("T1")
    desk.live("3h")

    text = metrics.exposed().decode()

    assert "T1" not in text
    assert "cora" not in text.casefold()


def test_names_are_in_base_units_and_say_what_they_are(desk: Desk) -> None:
    families = list(text_string_to_metric_families(metrics_of(desk).exposed().decode()))

    for family in families:
        assert re.fullmatch(r"(escalatord|process)_[a-z_]+", family.name)
        assert family.documentation
        assert not re.search(r"_(minutes|hours|ms|milliseconds|percent)\b", family.name)
        if family.type == "counter":
            assert all(one.name.endswith("_total") for one in family.samples)


def test_the_series_of_a_rule_go_with_it(desk: Desk) -> None:
    metrics = metrics_of(desk)
    metrics.runs(generation_of(rules(rule("other", levels=LADDER))), degraded=True)

    found = samples(metrics)

    assert ("reminders_total", "r") not in found
    assert found["reminders_total", "other"] == 0
    assert found["rules_degraded",] == 1
    assert found["rules", "active"] == 1


def test_a_store_that_cannot_be_read_is_told_and_the_rest_is_served(desk: Desk) -> None:
    metrics = metrics_of(desk)
    metrics.jumped()
    with desk.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE tickets RENAME TO gone")

    found = samples(metrics)

    assert found["store_readable",] == 0
    assert ("open_tickets",) not in found
    assert found["clock_jumps_total",] == 1


def test_escalations_that_nobody_has_are_counted_again_only_after_a_while(desk: Desk) -> None:
    steady = 0.0
    asked: list[float] = []

    def count() -> int:
        asked.append(steady)
        assert desk.cycle is not None
        return len(unowned(desk.store, desk.cycle.policy, desk.now()))

    metrics = Metrics(
        desk.store, desk.now, ["desk"], ["log"], ["evaluate"], PatientCount(count, lambda: steady)
    )
    desk.open()
    desk.live("3h")
    first = samples(metrics)["escalations_unowned",]
    desk.acknowledge("4h")
    steady = 29.0
    soon = samples(metrics)["escalations_unowned",]
    steady = 30.0
    later = samples(metrics)["escalations_unowned",]

    assert (first, soon, later) == (1, 1, 0)
    assert asked == [0.0, 30.0]
