"""Answers at once, held against a naive reading of the same stories."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.domain.autoresponder import opened_at_once
from engine.domain.ticket import Actor, Event, EventKind, Status
from engine.testing import MONDAY, history, ticket

SECOND = timedelta(seconds=1)
KINDS = (Actor.CUSTOMER, Actor.CUSTOMER, Actor.OURSELVES, Actor.PERSON, Actor.ROBOT)


def message(number: int, seconds: int, actor: Actor) -> Event:
    return Event(f"e{number}", MONDAY + seconds * SECOND, EventKind.MESSAGE, actor)


def story(seed: int) -> list[Event]:
    """Some messages within four minutes; at one instant ours come last, as they are kept."""
    chance = random.Random(seed)
    each = [message(n, chance.randrange(1, 240), chance.choice(KINDS)) for n in range(12)]
    return sorted(each, key=lambda event: (event.at, event.actor is Actor.OURSELVES))


def is_machines(event: Event, events: list[Event]) -> bool:
    """Second by second: did we write in one of the thirty seconds before, or in the very one?"""
    ours = {one.at for one in events if one.actor is Actor.OURSELVES}
    return any(event.at - back * SECOND in ours for back in range(31))


def shows_a_machine(event: Event, events: list[Event]) -> bool:
    ours = {one.at for one in events if one.actor is Actor.OURSELVES}
    if event.actor is Actor.CUSTOMER:
        return is_machines(event, events)
    last = max((at for at in ours if at <= event.at), default=None)
    is_later = last is not None and SECOND <= event.at - last <= 30 * SECOND
    return event.actor is Actor.ROBOT and is_later


@pytest.mark.parametrize("seed", range(150))
def test_what_a_customer_said_is_what_a_naive_reader_finds(seed: int) -> None:
    events = story(seed)
    view = history(ticket(), *events).as_of(MONDAY + timedelta(hours=1))
    said = [e for e in events if e.actor is Actor.CUSTOMER and not is_machines(e, events)]
    assert [wrote.at for wrote in view.messages] == [event.at for event in said]
    assert view.last_customer_message_at == (said[-1].at if said else MONDAY)


@pytest.mark.parametrize("seed", range(150))
def test_whether_an_address_answers_by_itself_is_what_a_naive_reader_finds(seed: int) -> None:
    events = story(seed)
    found: datetime | None = None
    for event in events:
        if shows_a_machine(event, events):
            found = event.at
        elif event.actor in (Actor.CUSTOMER, Actor.PERSON):
            found = None
    view = history(ticket(), *events).as_of(MONDAY + timedelta(hours=1))
    assert view.answers_itself_at == found


@pytest.mark.parametrize("seed", range(30))
def test_a_story_looks_the_same_at_each_instant_whatever_comes_later(seed: int) -> None:
    events = story(seed)
    whole = history(ticket(), *events)
    for event in events:
        until = [one for one in events if one.at <= event.at]
        assert whole.as_of(event.at) == history(ticket(), *until).as_of(event.at)


def test_a_private_message_of_ours_is_answered_by_nobody() -> None:
    note = replace(message(1, 10, Actor.OURSELVES), is_public=False)
    view = history(ticket(), note, message(2, 12, Actor.CUSTOMER)).as_of(MONDAY + 60 * SECOND)
    assert (len(view.messages), view.answers_itself_at) == (1, None)


@pytest.mark.parametrize("seconds, reopens", [(4, 0), (30, 0), (31, 1)])
def test_a_return_counts_unless_an_answer_at_once_did_it(seconds: int, reopens: int) -> None:
    day = 86_400
    wrote = message(3, day + seconds, Actor.CUSTOMER)
    changes = [
        Event("r", MONDAY + 100 * SECOND, EventKind.CHANGED, field="status", after=Status.RESOLVED),
        replace(wrote, id="o", kind=EventKind.CHANGED, actor=Actor.PERSON, field="status",
                after=Status.OPEN),
    ]  # fmt: skip
    told = history(ticket(), *changes, message(1, day, Actor.OURSELVES), wrote)
    assert told.as_of(MONDAY + timedelta(days=2)).reopens == reopens


@pytest.mark.parametrize("later, is_answer", [(0, False), (1, True), (30, True), (31, False)])
def test_a_ticket_opened_at_once_after_a_message_on_another_one_is_an_answer(
    later: int, *, is_answer: bool
) -> None:
    opened = [("desk:T2", MONDAY + later * SECOND), ("desk:T1", MONDAY + 5 * SECOND)]
    found = opened_at_once(opened, [("desk:T1", MONDAY)])
    assert found == ([opened[0]] if is_answer else [])
