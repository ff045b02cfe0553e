"""The full example of the rule language, resolved."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from engine.domain.condition import (
    All,
    Any,
    ContactsBy,
    ContactsTest,
    Operator,
    Test,
)
from engine.domain.rule import (
    AcknowledgeBy,
    BacklogPolicy,
    Budget,
    Generation,
    Kind,
    Mode,
    Offset,
    Percent,
    PerPriority,
    Rule,
    Since,
    UpdatesFrom,
)
from engine.domain.ticket import Priority, Status
from engine.rulebook import load

EXAMPLE = Path(__file__).parent / "example"
HOUR = timedelta(hours=1)
DAY = timedelta(hours=7, minutes=30)


@pytest.fixture(scope="module")
def generation() -> Generation:
    loaded = load(EXAMPLE)
    assert loaded.problems == ()
    assert loaded.generation is not None
    return loaded.generation


@pytest.fixture
def unresolved(generation: Generation) -> Rule:
    return generation.rules[0]


def test_rules_keep_their_order_and_place(generation: Generation) -> None:
    assert [(rule.id, rule.position) for rule in generation.rules] == [
        ("unresolved-in-time", 0),
        ("keeps-coming-back", 1),
        ("vip-billing", 2),
    ]
    text = (EXAMPLE / "rules.yaml").read_text().splitlines()
    for rule in generation.rules:
        assert rule.place.file == str(EXAMPLE / "rules.yaml")
        assert text[rule.place.line - 1].startswith(f"  - id: {rule.id}")


def test_days_of_a_target_are_days_of_the_calendar(unresolved: Rule) -> None:
    target = unresolved.clock.target
    assert target is not None
    assert target.by_priority == {
        Priority.URGENT: 4 * HOUR,
        Priority.HIGH: 8 * HOUR,
        Priority.MEDIUM: 2 * DAY,
        Priority.LOW: 5 * DAY,
    }


def test_the_clock_has_its_calendar_anchor_and_pauses(unresolved: Rule) -> None:
    assert unresolved.clock.since is Since.OPENED
    assert unresolved.clock.pause_while == {Status.PENDING_CUSTOMER}
    hours = unresolved.clock.calendar.hours
    assert hours.timezone == "Europe/Berlin"
    assert hours.weekly[0] == ((9 * 60, 12 * 60 + 30), (13 * 60 + 30, 17 * 60 + 30))
    assert hours.weekly[4] == ((9 * 60, 15 * 60),)
    assert hours.weekly[5:] == ((), ())
    assert hours.days == {(12, 24): (), date(2026, 12, 31): ((9 * 60, 12 * 60),)}
    assert date(2026, 3, 8) in hours.holidays(2026)  # Women's Day: Berlin's own
    assert hours.day == DAY


def test_the_ladder_is_as_written(unresolved: Rule) -> None:
    first, second, third = unresolved.levels
    assert [level.identity for level in unresolved.levels] == ["nearly-late", "tier-2", "manager"]
    assert first.due == PerPriority.always(Offset(Percent(75)))
    assert (first.kind, first.notify, first.template) == (None, ("assignee",), "about-to-be-late")
    assert (second.kind, second.assign_group, second.raise_priority) == (
        Kind.TECHNICAL,
        "tier-2",
        1,
    )
    assert (second.tag, second.template) == (("escalated",), "escalation")
    assert third.kind is Kind.HIERARCHICAL
    assert third.repeat is not None
    assert third.repeat.times == 3
    assert third.repeat.every == PerPriority.always(4 * HOUR)


def test_a_day_of_acknowledgement_is_a_day_of_the_calendar(unresolved: Rule) -> None:
    assert unresolved.acknowledge.by == set(AcknowledgeBy)
    assert unresolved.acknowledge.expires == DAY


def test_the_customer_hears_what_is_written(unresolved: Rule) -> None:
    plan = unresolved.customer
    assert plan is not None
    assert plan.on_escalation == "escalation-received"
    assert plan.deliver_in is unresolved.clock.calendar
    assert plan.updates is not None
    assert plan.updates.starts is UpdatesFrom.ESCALATION
    assert plan.updates.every.get(Priority.HIGH) == DAY
    assert plan.updates.max == 10
    assert plan.follow_up is not None
    assert plan.follow_up.after == DAY
    assert (plan.follow_up.low_score_below, plan.follow_up.low_score_notify) == (
        4,
        ("support-manager",),
    )


def test_contacts_and_cooldown_are_wall_clock(generation: Generation) -> None:
    rule = generation.rules[1]
    assert rule.match == All((ContactsTest(ContactsBy.CUSTOMER, 3, timedelta(days=7)),))
    assert rule.groups_by is ContactsBy.CUSTOMER
    assert rule.cooldown == timedelta(days=7)
    assert rule.levels[0].due == PerPriority.always(Offset(timedelta(0)))
    assert rule.levels[0].identity == "0s"


def test_keys_and_and_lists_or(generation: Generation) -> None:
    rule = generation.rules[2]
    assert rule.match == All(
        (
            Test("type", Operator.ANY_OF, ("billing", "refund")),
            Any(
                (
                    All((Test("customer.tier", Operator.EQUALS, "vip"),)),
                    All((Test("priority", Operator.AT_LEAST, "high"),)),
                )
            ),
        )
    )
    assert rule.inhibits == ("unresolved-in-time",)
    assert rule.clock.calendar.name == "always"
    assert rule.levels[1].set_fields == (("priority", "urgent"),)


def test_what_is_left_out_has_its_default(generation: Generation) -> None:
    rule = generation.rules[2]
    assert rule.mode is Mode.ACTIVE
    assert rule.backlog is BacklogPolicy.DIGEST
    assert rule.max_lateness == timedelta(days=3)
    assert rule.budget == Budget(50, HOUR)
    assert rule.cooldown is None
    assert rule.moved_from is None
    assert (rule.asked_by, rule.reason) == ("rule", rule.description)
    assert rule.acknowledge.expires == timedelta(days=1)


def test_receivers_know_when_each_way_is_used(generation: Generation) -> None:
    email, phone = generation.receivers["support-manager"].targets
    assert email.during is not None
    assert phone.outside is email.during
    assert phone.to == "+49301234567"
    assert generation.receivers["tier-2"].targets[0].to == "#tier-2"


def test_templates_come_with_audience_and_language(generation: Generation) -> None:
    known = {(one.audience, one.name, one.language): one for one in generation.templates}
    assert set(known) == {
        ("staff", "about-to-be-late", None),
        ("customer", "escalation-received", None),
        ("customer", "escalation-received", "de"),
        ("customer", "still-working", None),
        ("customer", "satisfaction-survey", None),
    }
    still = known["customer", "still-working", None]
    assert still.subject == "We are still working on it: {{ ticket.subject }}"
    assert still.body == "You will hear from us again.\n"
    assert known["staff", "about-to-be-late", None].subject == "{{ ticket.id }} is nearly late"
