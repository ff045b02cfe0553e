"""`next_check_at` is never later than the truth.

For random stories and rules: whoever looks only at events and at the instants that the decisions
themselves name does the same, at the same instants, as one who looks all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.domain.calendar import Calendar, OpeningHours
from engine.domain.decide import decide
from engine.domain.ruleset import Ruleset
from engine.domain.silence import AnySilence, Matchers, Silence, Silences, SilentHours
from engine.domain.ticket import Actor, Event, EventKind, Priority, Status, Value
from engine.testing import MONDAY, ticket
from tests.scenario.desk import OFFICE, generation_of, rule, rules
from tests.unit.domain.world import World

STEP = timedelta(minutes=10)
STORY = 120
"""Steps in which something can happen: twenty hours."""
END = MONDAY + timedelta(hours=26)
SECOND = timedelta(seconds=1)

UP = "[{name: a, after: 30m}, {name: b, after: 2h, kind: technical, notify: [group]}]"
ACTING = (
    "[{name: a, after: 20m, raise_priority: 1, tag: [x]},"
    " {name: b, after: 4h, kind: technical, assign: {group: tier-2}}]"
)
REPEATING = "[{name: a, after: 1h, kind: technical, repeat: {every: 50m, times: 5}, notify: [ann]}]"
IN_PERCENT = "[{name: a, after: 50%}, {name: b, after: 100%, kind: technical}]"
TOLD = (
    "{on_escalation: received, updates: {every: {urgent: 1h, high: 2h, medium: 3h},"
    " template: still-working, deliver_in: evening, max: 3}}"
)
POSTED = "{updates: {from: match, every: 100m, template: still-waiting}}"
DURATIONS = (
    "{age: {at_least: 3h}}",
    "{age: {less_than: 5h}}",
    "{age: {more_than: 2h}}",
    "{age: {at_most: 2h}}",
    "{in_status: {at_least: 90m}}",
    "{since_customer_message: {more_than: 2h}}",
    "{since_customer_message: {at_most: 1h}}",
    "{since_agent_reply: {at_least: 2h}}",
    "{since_agent_reply: {exists: false}}",
    "{unassigned_for: {at_least: 1h}}",
    "{time_to_due: {at_most: 3h}}",
    "{time_to_due: {less_than: 0s}}",
    "{time_to_due: {more_than: 2h}}",
    "{contacts: {by: ticket, at_least: 2, within: 3h}}",
    "{message: {mentions: [lawyer], within: 2h}}",
    "{any: [{age: {at_most: 1h}}, {in_status: {at_least: 4h}}]}",
    "{not: {age: {at_least: 6h}}}",
    "{priority: {at_least: high}}",
    "{escalations: {at_least: 1}}",
    "{unanswered_messages: {at_least: 2}, type: {not: billing}}",
)
SINCE = ("opened", "created", "match", "waiting", "status_change", "assignment", "due")
HOLDING: tuple[dict[str, str], ...] = (
    {},
    {"acknowledge": "{expires: 3h}"},
    {"cooldown": "4h"},
    {"max_lateness": "2h"},
    {"mode": "shadow"},
)


@st.composite
def one_rule(draw: st.DrawFn, number: int) -> str:
    since = draw(st.sampled_from(SINCE))
    calendar = draw(st.sampled_from(["always", "office"]))
    levels = draw(st.sampled_from([UP, ACTING, REPEATING, IN_PERCENT]))
    if since == "due":
        levels = "[{name: a, before: 2h}, {name: b, after: 30m, kind: hierarchical}]"
    target = ", target: {urgent: 1h, high: 2h, medium: 4h}" if levels == IN_PERCENT else ""
    keys = dict(draw(st.sampled_from(HOLDING)))
    if draw(st.booleans()):
        keys["match"] = draw(st.sampled_from(DURATIONS))
    if draw(st.booleans()):
        keys["customer"] = draw(st.sampled_from([TOLD, POSTED]))
    if number == 1 and draw(st.booleans()):
        keys["inhibits"] = "[r0]"
    clock = f"{{since: {since}, calendar: {calendar}{target}}}"
    return rule(f"r{number}", clock=clock, levels=levels, **keys)


GROUP = rule(
    "group",
    match="{contacts: {by: customer, at_least: 2, within: 5h}}",
    levels="[{name: a, after: 0s}, {name: b, after: 1h, kind: technical, tag: [often]}]",
    cooldown="2h",
    customer="{on_escalation: received}",
)


@st.composite
def rulesets(draw: st.DrawFn) -> str:
    count = draw(st.integers(1, 3))
    each = [draw(one_rule(number)) for number in range(count)]
    if count == 1:
        each = [one.replace("    inhibits: [r0]\n", "") for one in each]
    return rules(*each, *([GROUP] if draw(st.booleans()) else []), before=OFFICE)


def changed(at: datetime, name: str, after: Value, actor: Actor = Actor.PERSON) -> Event:
    return Event(f"{at}/{name}", at, EventKind.CHANGED, actor, field=name, after=after)


def said(at: datetime, actor: Actor, text: str = "", *, is_public: bool = True) -> Event:
    return Event(f"{at}/{actor}", at, EventKind.MESSAGE, actor, is_public=is_public, text=text)


@st.composite
def events(draw: st.DrawFn) -> Event:
    at = MONDAY + draw(st.integers(1, STORY)) * STEP
    return draw(
        st.sampled_from(
            [
                said(at, Actor.CUSTOMER),
                said(at, Actor.CUSTOMER, "my lawyer"),
                said(at, Actor.PERSON),
                said(at, Actor.PERSON, is_public=False),
                said(at, Actor.ROBOT),
                *(changed(at, "status", status) for status in Status),
                *(changed(at, "priority", priority) for priority in Priority),
                changed(at, "assignee", "ann"),
                changed(at, "assignee", None),
                changed(at, "type", "billing"),
                changed(at, "due_at", at + timedelta(hours=4)),
            ]
        )
    )


NOON_TILL_TWO = Calendar("noon", OpeningHours("UTC", (((720, 840),),) * 7))


@st.composite
def silences(draw: st.DrawFn) -> AnySilence:
    """A silence that was asked for before the story begins, or one that recurs."""
    matchers = draw(
        st.sampled_from(
            [
                Matchers(),
                Matchers(rules=("r0",)),
                Matchers(tickets=("desk:T0",)),
                Matchers(customers=("cora",)),
                Matchers(groups=("Tier-2",)),
            ]
        )
    )
    if draw(st.booleans()):
        return SilentHours("noon", matchers, NOON_TILL_TWO, "ann", "works")
    begins_at = MONDAY + draw(st.integers(0, STORY)) * STEP
    until = begins_at + draw(st.integers(1, STORY // 2)) * STEP
    return Silence("1", matchers, begins_at, until, "ann", "works", MONDAY)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    count = draw(st.integers(1, 2))
    openings = {
        f"desk:T{n}": ticket(
            f"T{n}",
            MONDAY + draw(st.integers(0, 20)) * STEP,
            customer__id="cora",
            due_at=MONDAY + timedelta(hours=6),
            status=Status.NEW,
        )
        for n in range(count)
    }
    stories = {}
    for name, opening in openings.items():
        told = draw(st.lists(events(), max_size=8))
        after = [event for event in told if event.at > opening.created_at]
        stories[name] = tuple(sorted(after, key=lambda event: event.at))
    return World(Ruleset(generation_of(draw(rulesets()))), openings, stories)


@st.composite
def silent_worlds(draw: st.DrawFn) -> World:
    world = draw(worlds())
    world.silences = Silences(tuple(draw(st.lists(silences(), min_size=1, max_size=3))))
    return world


def copy_of(world: World) -> World:
    return World(world.ruleset, world.openings, world.story, silences=world.silences)


def live_by_next_check(world: World) -> None:
    at = world.next_instant(MONDAY - SECOND)
    while at is not None and at <= END:
        world.look(at)
        following = world.next_instant(at)
        assert following is None or following > at
        at = following


def live_by_the_minute(world: World) -> None:
    for at in grid(world.event_instants):
        world.look_at_everything(at)


def grid(instants: Sequence[datetime]) -> list[datetime]:
    steps = range(int((END - MONDAY) / STEP) + 1)
    each = {MONDAY + number * STEP for number in steps} | {at for at in instants if at <= END}
    return sorted({*each, *(at + SECOND for at in each if at < END)})


def check(world: World) -> None:
    truth = copy_of(world)
    live_by_the_minute(truth)
    live_by_next_check(world)
    assert sorted(world.log) == sorted(truth.log)


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_who_waits_for_next_check_misses_nothing(world: World) -> None:
    check(world)


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(silent_worlds())
def test_who_waits_for_next_check_misses_nothing_where_silences_are(world: World) -> None:
    check(world)


@pytest.mark.proof
@settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(silent_worlds())
def test_who_waits_for_next_check_misses_nothing_in_many_silent_worlds(world: World) -> None:
    check(world)


@pytest.mark.proof
@settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(worlds())
def test_who_waits_for_next_check_misses_nothing_in_many_worlds(world: World) -> None:
    check(world)


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(), st.integers(0, 200))
def test_a_decision_is_the_same_for_the_same_arguments(world: World, step: int) -> None:
    now = MONDAY + step * STEP
    for subject in world.subjects:
        receivers = world.ruleset.generation.receivers
        first = decide(world.facts(subject, now), world.ruleset, receivers, now)
        assert decide(world.facts(subject, now), world.ruleset, receivers, now) == first
