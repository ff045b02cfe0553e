"""What we write is told back to us by each helpdesk, and disturbs no clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.domain.ticket import Actor, EventKind
from engine.ports import TicketRecord
from tests.helpdesks.office import MINUTE, T0, Office
from tests.helpdesks.stub_worlds import STUB_WORLDS


@pytest.fixture(params=list(STUB_WORLDS))
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    world = STUB_WORLDS[request.param](tmp_path)
    yield Office(world)
    world.close()


def record(office: Office) -> TicketRecord:
    with office.store.read() as tx:
        return tx.records(["desk:1"])["desk:1"]


def test_our_changes_notes_and_replies_are_known_for_ours(office: Office) -> None:
    office.world.happen(T0, "1", status="open", priority="low")
    office.live(T0 + 60 * MINUTE)

    assert [what for _, what in office.world.done()] == ["change", "note", "reply"]
    assert {event.actor for event in record(office).events} == {Actor.OURSELVES}


def test_a_change_of_ours_that_a_person_takes_back_is_the_persons(office: Office) -> None:
    office.world.happen(T0, "1", status="open", priority="low")
    office.live(T0 + 30 * MINUTE)
    office.world.happen(office.now, "1", priority="low")
    office.live(T0 + 60 * MINUTE)

    told = [
        (event.before, event.after, event.actor)
        for event in record(office).events
        if event.kind is EventKind.CHANGED and event.field == "priority"
    ]
    assert told == [
        ("low", "urgent", Actor.OURSELVES),
        ("urgent", "low", Actor.PERSON),
    ]
    assert [what for _, what in office.world.done()] == ["change", "note", "reply"]
