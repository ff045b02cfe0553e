"""What every helpdesk promises; a new one joins by a line in `WORLDS`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.actions import FieldChange
from engine.domain.ticket import Event, EventKind, Priority, Status
from engine.errors import HelpdeskError
from engine.ports import Batch, Helpdesk, Json, Message, Observation, Presence, SentState
from tests.helpdesks.real.mailbox_world import SYSTEM_WORLDS
from tests.helpdesks.stub_worlds import STUB_WORLDS
from tests.helpdesks.tracker_worlds import TRACKER_WORLDS
from tests.helpdesks.worlds import WORLDS, World

T0 = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = T0 + timedelta(days=1)


QUICK = {**WORLDS, **STUB_WORLDS, **TRACKER_WORLDS}


SYSTEM = [pytest.param(name, marks=pytest.mark.system("Dovecot")) for name in SYSTEM_WORLDS]


@pytest.fixture(params=[*QUICK, *SYSTEM])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made: World = {**QUICK, **SYSTEM_WORLDS}[request.param](tmp_path)
    yield made
    made.close()


def everything(desk: Helpdesk, watermark: Json | None, until: datetime) -> Batch:
    """All that there is to tell now, as one batch."""
    batches = [desk.changes(watermark, until)]
    while not batches[-1].is_complete:
        batches.append(desk.changes(batches[-1].watermark, until))
    return Batch(
        tuple(each for batch in batches for each in batch.observations),
        batches[-1].watermark,
        tuple(each for batch in batches for each in batch.rejected),
    )


def tickets(batch: Batch) -> list[str]:
    return [observation.ticket.id for observation in batch.observations]


def stored(watermark: Json) -> Json:
    """A watermark that has been to the store and back."""
    back: Json = json.loads(json.dumps(watermark))
    return back


def test_an_empty_helpdesk_tells_nothing(world: World) -> None:
    batch = everything(world.open(), None, LATER)

    assert batch.observations == ()
    assert batch.rejected == ()


def test_the_first_reading_tells_every_ticket_as_it_stands(world: World) -> None:
    world.happen(T0, "1", status="open", priority="high", group="tier-1", subject="Printer")
    world.happen(T0 + HOUR, "2", status="pending_customer")

    first, second = everything(world.open(), None, LATER).observations

    assert first.ticket.id == "desk:1"
    assert first.ticket.created_at == T0
    assert first.ticket.status is Status.OPEN
    assert first.ticket.priority is Priority.HIGH
    assert first.ticket.group == "tier-1"
    assert first.ticket.subject == "Printer"
    assert first.at == T0
    assert second.ticket.id == "desk:2"
    assert second.ticket.status is Status.PENDING_CUSTOMER


def test_the_second_reading_tells_nothing(world: World) -> None:
    world.happen(T0, "1", status="open")
    desk = world.open()
    first = everything(desk, None, LATER)
    second = everything(desk, stored(first.watermark), LATER)

    assert second.observations == ()
    assert second.watermark == first.watermark


def test_another_process_goes_on_from_the_watermark(world: World) -> None:
    world.happen(T0, "1", status="open")
    first = everything(world.open(), None, LATER)
    world.happen(T0 + HOUR, "2", status="open")

    assert tickets(everything(world.open(), stored(first.watermark), LATER)) == ["desk:2"]


def test_a_batch_that_was_not_committed_is_told_again(world: World) -> None:
    desk = world.open()
    empty = everything(desk, None, LATER)
    world.happen(T0, "1", status="open")
    lost = everything(desk, empty.watermark, LATER)
    again = everything(desk, empty.watermark, LATER)

    assert tickets(lost) == ["desk:1"]
    assert again.observations == lost.observations


def test_nothing_later_than_until_is_told(world: World) -> None:
    world.happen(T0, "1", status="open")
    world.happen(T0 + 2 * HOUR, "2", status="open")
    desk = world.open()

    first = everything(desk, None, T0 + HOUR)
    second = everything(desk, first.watermark, T0 + 2 * HOUR)

    assert tickets(first) == ["desk:1"]
    assert tickets(second) == ["desk:2"]


def test_a_ticket_is_read_as_it_stands_whatever_the_clock_of_the_helpdesk_says(
    world: World,
) -> None:
    world.happen(T0, "1", status="open")
    world.happen(T0 + HOUR, "1", status="resolved")
    desk = world.open()
    desk.introduce()
    seen = desk.read("desk:1", T0 + HOUR / 2).observation

    is_resolved = seen is not None and seen.ticket.status.is_resolved
    assert is_resolved is not world.foretells, "only a record of the past is told up to an instant"


def test_a_clock_that_steps_back_takes_nothing_back(world: World) -> None:
    world.happen(T0, "1", status="open")
    world.happen(T0 + HOUR, "1", status="resolved")
    desk = world.open()
    first = everything(desk, None, LATER)

    assert everything(desk, first.watermark, T0).observations == ()
    assert everything(world.open(), first.watermark, T0).observations == ()
    assert everything(desk, first.watermark, LATER).observations == ()


def test_only_what_changed_is_told(world: World) -> None:
    for ticket in "123":
        world.happen(T0, ticket, status="open")
    desk = world.open()
    first = everything(desk, None, LATER)
    world.happen(T0 + HOUR, "2", status="resolved")
    (told,) = everything(desk, first.watermark, LATER).observations

    assert told.ticket.id == "desk:2"
    assert told.ticket.status is Status.RESOLVED
    assert told.at == (T0 + HOUR if world.dates_changes else LATER)


def test_tickets_are_told_in_the_order_of_time(world: World) -> None:
    for hour, ticket in enumerate("3142"):
        world.happen(T0 + hour * HOUR, ticket, status="open")

    assert tickets(everything(world.open(), None, LATER)) == [f"desk:{i}" for i in "3142"]


def test_what_cannot_be_understood_is_named_once_and_costs_nothing_else(world: World) -> None:
    world.happen(T0, "1", status="open")
    world.garble()
    desk = world.open()

    first = everything(desk, None, LATER)
    second = everything(desk, first.watermark, LATER)
    third = everything(world.open(), stored(first.watermark), LATER)

    assert tickets(first) == ["desk:1"]
    assert len(first.rejected) == 1
    assert first.rejected[0].message
    assert second.rejected == ()
    assert third.rejected == ()


def test_a_helpdesk_that_cannot_be_reached_says_so_and_goes_on_later(world: World) -> None:
    world.happen(T0, "1", status="open")
    desk = world.open()
    first = everything(desk, None, LATER)
    world.sever()

    with pytest.raises(HelpdeskError, match="desk"):
        desk.changes(first.watermark, LATER)
    assert desk.read("desk:1", LATER).presence is Presence.UNREADABLE

    world.mend()
    world.happen(T0 + HOUR, "2", status="open")
    assert tickets(everything(desk, first.watermark, LATER)) == ["desk:2"]


def test_a_ticket_that_is_read_is_as_it_was_told(world: World) -> None:
    world.happen(T0, "1", status="open", priority="low")
    world.happen(T0 + HOUR, "1", status="resolved")
    desk = world.open()
    (told,) = everything(desk, None, LATER).observations
    read = desk.read("desk:1", LATER)

    assert read.presence is Presence.PRESENT
    assert read.observation == told


def test_a_ticket_is_read_without_having_been_told(world: World) -> None:
    world.happen(T0, "1", status="open")

    assert world.open().read("desk:1", LATER).presence is Presence.PRESENT


def test_a_ticket_that_nobody_knows_is_not_present(world: World) -> None:
    world.happen(T0, "1", status="open")
    reading = world.open().read("desk:2", LATER)

    assert reading.presence is not Presence.PRESENT
    assert reading.observation is None


def test_the_next_change_is_later_than_asked_for(world: World) -> None:
    world.happen(T0, "1", status="open")
    world.happen(T0 + HOUR, "2", status="open")
    desk = world.open()

    if not world.foretells:
        assert desk.next_change_at(T0 - HOUR) is None
        return
    assert desk.next_change_at(T0 - HOUR) == T0
    assert desk.next_change_at(T0) == T0 + HOUR
    assert desk.next_change_at(T0 + HOUR) is None


# --- who we are ----------------------------------------------------------------------------------


def test_what_it_can_do_is_told_without_asking_it(world: World) -> None:
    world.happen(T0, "1", status="open")
    desk = world.open()
    world.sever()
    can = desk.can

    assert can.fields
    assert can.history is world.keeps_history


def test_it_says_who_we_are_before_anything_is_read(world: World) -> None:
    world.happen(T0, "1", status="open")
    introduction = world.open().introduce()

    assert introduction.server
    assert introduction.missing == ()


def test_one_that_cannot_be_reached_does_not_say_who_we_are(world: World) -> None:
    world.happen(T0, "1", status="open")
    desk = world.open()
    world.sever()

    with pytest.raises(HelpdeskError, match="desk"):
        desk.introduce()
    world.mend()
    assert desk.introduce().server


def test_one_that_was_closed_can_be_used_again(world: World) -> None:
    world.happen(T0, "1", status="open")
    desk = world.open()
    desk.introduce()
    desk.close()

    assert tickets(everything(desk, None, LATER)) == ["desk:1"]


# --- sources that keep a history -----------------------------------------------------------------


def history(world: World) -> Observation:
    """One ticket to which all sorts of things happened."""
    world.happen(T0, "1", status="open", priority="low", group="tier-1")
    world.happen(T0 + HOUR, "1", status="pending_customer", group="tier-2")
    world.happen(T0 + 2 * HOUR, "1", status="open")
    (told,) = everything(world.open(), None, LATER).observations
    return told


def test_a_history_is_whole_where_there_is_one(world: World) -> None:
    told = history(world)
    if not world.keeps_history:
        assert told.events is None
        assert told.opening is None
        return

    assert told.opening is not None
    assert told.opening.status is Status.OPEN
    assert told.opening.group == "tier-1"
    changes = [(e.at, e.field, e.before, e.after) for e in told.events or ()]
    assert [each for each in changes if each[1] != "raw_status"] == [
        (T0 + HOUR, "status", "open", "pending_customer"),
        (T0 + HOUR, "group", "tier-1", "tier-2"),
        (T0 + 2 * HOUR, "status", "pending_customer", "open"),
    ]
    assert all(event.kind is EventKind.CHANGED for event in told.events or ())


def test_the_ids_of_events_are_unique_and_stay(world: World) -> None:
    told = history(world)
    reading = world.open().read("desk:1", LATER)
    again = reading.observation
    events: tuple[Event, ...] = told.events or ()

    assert len({event.id for event in events}) == len(events)
    assert again is not None
    assert again.events == told.events


def test_a_history_is_told_again_from_its_beginning(world: World) -> None:
    if not world.keeps_history:
        pytest.skip("keeps no history")
    desk = world.open()
    world.happen(T0, "1", status="open")
    first = everything(desk, None, LATER)
    world.commit(first)
    world.happen(T0 + HOUR, "1", status="resolved")
    second = everything(desk, first.watermark, LATER)
    world.commit(second)
    world.happen(T0 + 2 * HOUR, "1", status="closed")
    (third,) = everything(desk, second.watermark, LATER).observations

    assert [e.after for e in third.events or () if e.field == "status"] == ["resolved", "closed"]


# --- acting --------------------------------------------------------------------------------------

CHANGE = (FieldChange("priority", "low", "high"),)
MESSAGE = Message(key="k3", to="eve@example.com", subject="Still working", text="Dear Eve, …")


def test_what_is_done_arrives_in_order(world: World) -> None:
    world.happen(T0, "1", status="open")
    desk = world.open()

    sent = [
        desk.change("desk:1", CHANGE, "k1", T0),
        desk.note("desk:1", "why", "k2", T0),
        *([desk.reply("desk:1", MESSAGE, T0)] if desk.can.replies else []),
    ]

    assert {each.state for each in sent} == {SentState.DELIVERED}
    assert all(each.receipt for each in sent)
    done = ["change", "note", *(["reply"] if desk.can.replies else [])]
    assert world.done() == [("desk:1", what) for what in done]


def test_a_reply_is_proved_by_its_key_or_nobody_can_tell(world: World) -> None:
    world.happen(T0, "1", status="open")
    desk = world.open()
    assert desk.has_reply("desk:1", MESSAGE.key) in (False, None)
    if not desk.can.replies:
        return
    desk.reply("desk:1", MESSAGE, T0)
    assert desk.has_reply("desk:1", MESSAGE.key) in (True, None)
    assert desk.has_reply("desk:1", "another") in (False, None)
    assert world.open().has_reply("desk:1", MESSAGE.key) in (True, None)


def test_a_note_is_proved_by_its_key_or_nobody_can_tell(world: World) -> None:
    world.happen(T0, "1", status="open")
    desk = world.open()
    assert desk.has_note("desk:1", "k") in (False, None)
    desk.note("desk:1", "why", "k", T0)

    assert world.open().has_note("desk:1", "k") in (True, None)
    assert desk.has_note("desk:1", "another") in (False, None)


def test_what_is_done_twice_arrives_once(world: World) -> None:
    world.happen(T0, "1", status="open")
    desk = world.open()

    first = desk.note("desk:1", "why", "k", T0)
    again = desk.note("desk:1", "why", "k", T0 + HOUR)
    elsewhere = world.open().note("desk:1", "why", "k", T0 + HOUR)

    assert first == again == elsewhere
    assert world.done() == [("desk:1", "note")]
