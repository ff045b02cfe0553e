"""What holds of every story: nothing is done twice, and nothing is lost by being late.

The model, where a late look is promised to make no difference in the end:

- A level is lost by being looked at too late only where its episode ended before the look, or was
  held back until it ended. So in a story with resolutions the desk always looks a second before a
  resolution, a pause or a suspension; otherwise it looks whenever it likes.
- What fired late is told with the same `due_at`: so nobody changes a priority on which due instants
  depend, and nothing comes later than `max_lateness`.
- What acknowledges must be later than the firing, so a late firing is acknowledged otherwise: rules
  that a reply acknowledges are asked only where nothing is resolved meanwhile.
- Pauses, acknowledgements, suspensions and silences may make it late; every story ends with none of
  them, and is then lived on for long enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.domain.silence import Matchers
from engine.domain.ticket import Status
from engine.errors import UsageError
from engine.pipeline.silence import Asked, silence
from engine.testing import MONDAY
from tests.scenario.desk import OFFICE, Desk, rule, rules

TICKETS = ("T1", "T2")
STEP = timedelta(minutes=7)
STEPS = 200
"""The story lasts so many steps: nearly a day."""
AFTERWARDS = timedelta(days=12)
GENEROUS = {"max_lateness": "400d", "budget": "1000/h", "acknowledge": "{by: [link]}"}

LADDER = (
    "[{name: a, after: 30m, notify: [manager], tag: [late]},"
    " {name: b, after: 2h, kind: technical, notify: [tier-2]},"
    " {name: c, after: 5h, kind: hierarchical, notify: [assignee]}]"
)
RULES = (
    rule("opened", levels=LADDER, **GENEROUS),
    rule("office", levels=LADDER, clock="{calendar: office}", **GENEROUS),
    rule("created", levels=LADDER, clock="{since: created, pause_while: []}", **GENEROUS),
    rule("typed", match="{type: billing}", levels=LADDER, **GENEROUS),
    rule("held", levels=LADDER, **GENEROUS),
    rule(
        "percent",
        levels="[{name: half, after: 50%, kind: technical}, {name: whole, after: 100%}]",
        clock="{target: 6h}",
        inhibits="[held]",
        **GENEROUS,
    ),
    rule("answered", levels=LADDER, **{**GENEROUS, "acknowledge": "{expires: 3h}"}),
    rule("aged", match="{age: {more_than: 3h}}", clock="{since: match}", **GENEROUS),
)


@dataclass(frozen=True)
class Happening:
    """Something in a ticket's life; `step` says when."""

    step: int
    ticket: str
    what: str


@dataclass(frozen=True)
class Interruption:
    """Something in the daemon's life; it looks at that step and the two before it are skipped."""

    step: int
    what: str


happenings = st.builds(
    Happening,
    st.integers(1, STEPS),
    st.sampled_from(TICKETS),
    st.sampled_from(
        ["writes", "replies", "remarks", "pauses", "opens", "billing", "other", "resolves", "ann"]
    ),
)
interruptions = st.builds(
    Interruption,
    st.integers(1, STEPS),
    st.sampled_from(["look", "restart", "reload", "edit", "crash", "silence"]),
)
some_rules = st.sets(st.sampled_from(RULES), min_size=1, max_size=3).map(
    lambda chosen: [one for one in RULES if one in chosen or "id: held" in one]
)


def tell(desk: Desk, story: Iterable[Happening]) -> None:
    """Write the story down; every ticket ends open and about billing."""
    for number, name in enumerate(TICKETS):
        desk.open(name, f"{number * 20}m", type="billing", customer__id=name)
    for one in story:
        _tell_one(desk, f"{one.step * 7}m", one.ticket, one.what)
    for name in TICKETS:
        desk.set(f"{(STEPS + 1) * 7}m", name, type="billing")
        desk.reopen(f"{(STEPS + 1) * 7}m", name)


def _tell_one(desk: Desk, when: str, name: str, what: str) -> None:
    said = {"writes": desk.writes, "replies": desk.reply, "remarks": desk.remark}
    statuses = {
        "pauses": Status.PENDING_CUSTOMER,
        "opens": Status.OPEN,
        "resolves": Status.RESOLVED,
    }
    if what in said:
        said[what](when, name)
    elif what in statuses:
        desk.set(when, name, status=statuses[what])
    elif what == "ann":
        desk.set(when, name, assignee="ann")
    else:
        desk.set(when, name, type=what)


def begin(chosen: Iterable[str], story: Iterable[Happening]) -> Desk:
    desk = Desk()
    desk.rules(rules(*chosen, before=OFFICE))
    tell(desk, story)
    return desk


def interrupt(desk: Desk, chosen: list[str], one: Interruption, number: int) -> None:
    """Let something happen to the daemon at the instant at which it looks."""
    now = MONDAY + one.step * STEP
    unrelated = rule(f"unrelated-{number}", match="{type: none}")
    match one.what:
        case "restart":
            desk.restart()
        case "reload":
            desk.rules(rules(*chosen, before=OFFICE), now)
        case "edit":
            desk.rules(rules(*chosen, unrelated, before=OFFICE), now)
        case "silence":
            silence_for_a_while(desk, now, number)
        case "crash":
            assert desk.cycle is not None
            desk.cycle.ingest(now)
            desk.cycle.evaluate(now)
            desk.restart()
        case _:
            pass


def silence_for_a_while(desk: Desk, now: datetime, number: int) -> None:
    """Every rule on a ticket, or one rule on all, for a third of the story."""
    assert desk.ruleset is not None
    matchers = (Matchers(tickets=("desk:T1",)), Matchers(rules=("opened",)), Matchers())
    asked = Asked(matchers[number % 3], now + STEPS // 3 * STEP, "ann", "works")
    with suppress(UsageError):  # the ticket is not there yet
        silence(desk.store, asked, desk.ruleset.group_kinds, now)


def live_through(
    desk: Desk, chosen: list[str], story: list[Happening], fate: list[Interruption]
) -> None:
    """Look only when the daemon happens to, and a second before what could lose a level."""
    endings = losing(story)
    looks = sorted({one.step for one in fate} | endings)
    for step in looks:
        now = MONDAY + step * STEP
        if step in endings:
            look_twice(desk, now - timedelta(seconds=1))
        for number, one in enumerate(each for each in fate if each.step == step):
            interrupt(desk, chosen, one, number)
            look_twice(desk, now)
    desk.play(MONDAY + STEPS * STEP + AFTERWARDS)


def look_twice(desk: Desk, now: datetime) -> None:
    """The second look at the same instant must find nothing to do."""
    desk.tick(now)
    before = desk.everything()
    desk.tick(now)
    assert desk.everything() == before


def check(chosen: list[str], story: list[Happening], fate: list[Interruption]) -> None:
    if any(one.what == "resolves" for one in story):
        fate = [one for one in fate if one.what != "silence"]
        chosen = [one for one in chosen if "id: answered" not in one]
    plain = begin(chosen, story)
    plain.play(MONDAY + STEPS * STEP + AFTERWARDS)
    disturbed = begin(chosen, story)
    live_through(disturbed, chosen, story, fate)
    assert sorted(disturbed.fired()) == sorted(plain.fired())
    plain.store.close()
    disturbed.store.close()


def losing(story: list[Happening]) -> set[int]:
    """The steps before which a level must be looked at, or it may be lost."""
    ends = any(one.what == "resolves" for one in story)
    return {one.step for one in story if ends and one.what in ("resolves", "pauses", "other")}


stories = st.lists(happenings, max_size=8)
fates = st.lists(interruptions, max_size=5)
few = settings(
    max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
many = settings(
    max_examples=80, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


@few
@given(some_rules, stories, fates)
def test_however_late_we_look_every_level_fires_once(
    chosen: list[str], story: list[Happening], fate: list[Interruption]
) -> None:
    check(chosen, story, fate)


@pytest.mark.proof
@many
@given(some_rules, stories, fates)
def test_however_late_we_look_every_level_fires_once_in_many_stories(
    chosen: list[str], story: list[Happening], fate: list[Interruption]
) -> None:
    check(chosen, story, fate)
