"""What Request Tracker does in its own way, on its stub; `real` holds the same to a real one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.actions import FieldChange
from engine.domain.ticket import Actor, Priority, Status
from engine.errors import HelpdeskError
from engine.ports import Helpdesk, Message, Presence, SentState
from tests.helpdesks.stubs.rt import ANN, EVE, OURSELVES, RtStub
from tests.helpdesks.tracker_worlds import RtWorld

T0 = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = T0 + timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RtWorld]:
    made = RtWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stub(world: RtWorld) -> RtStub:
    return world.rt


@pytest.fixture
def desk(world: RtWorld) -> Helpdesk:
    return world.open()


def test_names_become_the_words_that_rules_use(stub: RtStub, desk: Helpdesk) -> None:
    stub.open_ticket(1, T0, Status="stalled", Priority="120", Owner=ANN, Tags=["vip", "late"])
    observation = desk.read("desk:1", LATER).observation

    assert observation is not None
    seen = observation.ticket
    assert (seen.status, seen.raw_status) == (Status.PENDING_CUSTOMER, "stalled")
    assert (seen.priority, seen.group, seen.assignee) == (Priority.HIGH, "General", ANN)
    assert seen.tags == ("vip", "late")
    assert (seen.customer.id, seen.customer.name) == (EVE, "Eve")


def test_a_status_of_its_history_is_one_of_ours(stub: RtStub, desk: Helpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.update(1, T0 + HOUR, Status="stalled")
    observation = desk.read("desk:1", LATER).observation

    assert observation is not None
    (changed,) = [one for one in observation.events or () if one.field == "status"]
    assert (changed.before, changed.after) == (Status.NEW, Status.PENDING_CUSTOMER)
    assert isinstance(changed.after, Status)


def test_it_is_told_who_speaks(stub: RtStub, desk: Helpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.say(1, T0 + HOUR, EVE, "Correspond", "It burns", "No Subject")
    stub.say(1, T0 + 2 * HOUR, ANN, "Correspond", "We look at it", "No Subject")
    stub.say(1, T0 + 3 * HOUR, ANN, "Comment", "Take water", "No Subject")
    observation = desk.read("desk:1", LATER).observation

    assert observation is not None
    assert [(one.actor, one.is_public) for one in observation.events or ()] == [
        (Actor.CUSTOMER, True),
        (Actor.PERSON, True),
        (Actor.PERSON, False),
    ]


def test_what_is_denied_with_200_waits_for_the_right(stub: RtStub, desk: Helpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.denied = {"Queue"}
    sent = desk.change("desk:1", (FieldChange("group", "General", "Second"),), "k", T0)

    assert sent.state is SentState.RETRY
    assert "ModifyTicket" in (sent.reason or "")
    assert stub.tickets[1]["Queue"] == "General"


def test_a_resolved_ticket_is_not_opened_by_an_answer(stub: RtStub, desk: Helpdesk) -> None:
    stub.open_ticket(1, T0, Status="resolved")
    message = Message(key="k", to=EVE, subject="s", text="t")

    assert desk.reply("desk:1", message, T0).state is SentState.REJECTED
    assert stub.tickets[1]["Status"] == "resolved"


def test_a_clock_of_its_own_loses_nothing(world: RtWorld, stub: RtStub, desk: Helpdesk) -> None:
    present = datetime.now(UTC).replace(microsecond=0)
    world.now = present - 3 * HOUR
    first = desk.changes(None, present)
    stub.open_ticket(1, world.now + timedelta(minutes=1))
    world.now += timedelta(minutes=2)

    (told,) = world.open().changes(first.watermark, present).observations
    assert told.ticket.id == "desk:1"


def test_a_token_that_is_none_of_its_is_refused_in_words(
    world: RtWorld, stub: RtStub, desk: Helpdesk
) -> None:
    stub.open_ticket(1, T0)
    stub.token = "abc"
    (world.folder / "token").write_text("abc")

    with pytest.raises(HelpdeskError, match="look like 1-34-0123abcd"):
        desk.introduce()


def test_a_deleted_ticket_is_gone(stub: RtStub, desk: Helpdesk) -> None:
    stub.open_ticket(1, T0)
    del stub.tickets[1]

    assert desk.read("desk:1", LATER).presence is Presence.GONE


def test_our_own_messages_are_marked_as_ours(stub: RtStub, desk: Helpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.say(1, T0 + HOUR, OURSELVES, "Comment", "why", "No Subject")
    observation = desk.read("desk:1", LATER).observation

    assert observation is not None
    assert len(observation.by_our_account or ()) == 1
