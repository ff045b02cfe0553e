"""What goes wrong on the way to a Redmine or a Request Tracker, on their stubs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.actions import FieldChange
from engine.errors import HelpdeskError
from engine.ports import Helpdesk, Message, Presence, Sent, SentState
from tests.helpdesks.stub_worlds import StubWorld
from tests.helpdesks.stubs.server import Answer, Call, Fault, Request
from tests.helpdesks.tracker_worlds import TRACKER_WORLDS

T0 = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = T0 + timedelta(days=1)
CHANGE = (FieldChange("priority", "medium", "high"),)
MESSAGE = Message(key="k", to="eve@example.com", subject="Still working", text="Dear Eve, …")
WRITES = [Call.CHANGE, Call.NOTE, Call.REPLY]


@pytest.fixture(params=list(TRACKER_WORLDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StubWorld]:
    made: StubWorld = TRACKER_WORLDS[request.param](tmp_path)
    made.happen(T0, "1", status="open", priority="medium")
    yield made
    made.close()


def write(desk: Helpdesk, call: Call) -> Sent:
    """One write of a kind, always the same."""
    if call is Call.CHANGE:
        return desk.change("desk:1", CHANGE, "k", T0)
    if call is Call.NOTE:
        return desk.note("desk:1", "why", "k", T0)
    return desk.reply("desk:1", MESSAGE, T0)


def is_proved(desk: Helpdesk, call: Call) -> bool | None:
    return desk.has_note("desk:1", "k") if call is Call.NOTE else desk.has_reply("desk:1", "k")


@pytest.mark.parametrize("call", WRITES)
def test_what_arrived_though_its_answer_was_lost_is_not_done_again(
    world: StubWorld, call: Call
) -> None:
    desk = world.open()
    world.stub.loses = {call}
    lost = write(desk, call)
    world.stub.loses = set()
    if call is Call.CHANGE:
        assert lost.state is SentState.RETRY
        assert write(desk, call).state is SentState.DELIVERED
    else:
        assert lost.state is SentState.UNKNOWN
        assert is_proved(world.open(), call) is True

    assert world.done() == [("desk:1", str(call))]


@pytest.mark.parametrize("call", [Call.NOTE, Call.REPLY])
@pytest.mark.parametrize("fault", [500, Fault.CUT])
def test_a_message_that_broke_off_may_have_arrived(
    world: StubWorld, call: Call, fault: int | Fault
) -> None:
    desk = world.open()
    world.stub.faults = {call: fault}

    assert write(desk, call).state is SentState.UNKNOWN
    assert is_proved(desk, call) is False


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_what_time_or_people_mend_is_tried_again(world: StubWorld, call: Call, status: int) -> None:
    desk = world.open()
    world.stub.faults = {call: status}
    refused = write(desk, call)
    world.stub.faults = {}

    assert refused.state is SentState.RETRY
    assert str(status) in (refused.reason or "")
    assert write(world.open(), call).state is SentState.DELIVERED
    assert world.done() == [("desk:1", str(call))]


@pytest.mark.parametrize("fault", [401, 429, 500, Fault.CUT, Fault.HTML, Fault.BROKEN])
def test_a_reading_that_fails_loses_nothing(world: StubWorld, fault: int | Fault) -> None:
    world.open().changes(None, LATER)
    asked = {world.stub.call_of(request) for request in world.stub.log} - {Call.NAMES}
    assert len(asked) > 1
    for call in sorted(asked):
        world.stub.faults = {call: fault}
        desk = world.open()
        with pytest.raises(HelpdeskError, match="desk"):
            desk.changes(None, LATER)
        assert desk.read("desk:1", LATER).presence is not Presence.GONE
        world.stub.faults = {}

        (told,) = world.open().changes(None, LATER).observations
        assert told.ticket.id == "desk:1"


def test_none_is_lost_while_tickets_change_between_two_pages(world: StubWorld) -> None:
    for number in range(2, 251):
        world.happen(T0, str(number), status="open")
    desk = world.open()
    batch = desk.changes(None, LATER)
    seen = {one.ticket.id for one in batch.observations}
    for number in range(1, 10):
        if batch.is_complete:
            break
        world.happen(T0 + HOUR, str(number), subject="Changed meanwhile")
        batch = desk.changes(batch.watermark, LATER)
        seen |= {one.ticket.id for one in batch.observations}

    assert batch.is_complete
    assert len(seen) == 250


def test_a_wrong_key_is_no_empty_helpdesk(world: StubWorld) -> None:
    desk = world.open()
    first = desk.changes(None, LATER)
    world.stub.token = "another"

    with pytest.raises(HelpdeskError, match=r"401.*make a new one"):
        desk.changes(first.watermark, LATER)
    assert desk.read("desk:1", LATER).presence is Presence.UNREADABLE


def test_what_was_read_before_a_reading_broke_off_is_read_again(
    world: StubWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = world.open()
    batch = desk.changes(None, LATER)
    while not batch.is_complete:
        batch = desk.changes(batch.watermark, LATER)
    world.happen(T0 + HOUR, "2", status="open")
    world.happen(T0 + HOUR, "3", status="open")
    desk.introduce()  # each answer tells the time there
    answer = world.stub.answer

    def break_off(request: Request) -> Answer | Fault:
        is_about_the_third = re.search(r"/(issues|ticket)/3\b", request.path)
        return Fault.CUT if is_about_the_third else answer(request)

    monkeypatch.setattr(world.stub, "answer", break_off)
    with pytest.raises(HelpdeskError):
        desk.changes(batch.watermark, LATER)
    monkeypatch.undo()

    told = desk.changes(batch.watermark, LATER).observations
    assert [one.ticket.id for one in told] == ["desk:2", "desk:3"]
