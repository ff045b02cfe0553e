"""What changed at a helpdesk goes into the store, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from engine.domain.condition import ContactsBy
from engine.domain.ticket import Actor, Event, EventKind, Priority, Status, with_value
from engine.pipeline.ingest import difference, in_order, ingest
from engine.ports import Batch, Json, Observation
from engine.store import open_store
from engine.testing import MONDAY, ScriptedHelpdesk, ticket

HOUR = timedelta(hours=1)
TICKET = ticket(status=Status.OPEN, customer__id="cora", fields__room="B12")


class Snapshots(ScriptedHelpdesk):
    """A helpdesk that keeps no history: it shows how a ticket stands."""

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        batch = super().changes(watermark, until)
        seen = tuple(
            Observation(one.ticket, one.at, messages=self._said(one)) for one in batch.observations
        )
        return replace(batch, observations=seen)

    def _said(self, one: Observation) -> tuple[Event, ...]:
        return tuple(e for e in one.events or () if e.kind is EventKind.MESSAGE)


def test_what_differs_between_two_observations_is_a_persons_doing() -> None:
    after = with_value(with_value(TICKET, "priority", Priority.HIGH), "customer.tier", "gold")
    after = with_value(with_value(after, "fields.room", None), "fields.floor", "2")
    found = difference(TICKET, after, MONDAY)
    assert [(event.field, event.before, event.after) for event in found] == [
        ("priority", None, Priority.HIGH),
        ("customer.tier", None, "gold"),
        ("fields.floor", None, "2"),
        ("fields.room", "B12", None),
    ]
    assert {event.actor for event in found} == {Actor.PERSON}


def test_two_observations_alike_differ_in_nothing() -> None:
    assert difference(TICKET, TICKET, MONDAY) == ()


def test_at_one_instant_the_helpdesks_events_come_before_ours_in_their_own_order() -> None:
    told = [Event(str(number), MONDAY, EventKind.MESSAGE) for number in (2, 1)]
    ours = Event("0", MONDAY, EventKind.MESSAGE, Actor.OURSELVES)
    late = Event("9", MONDAY - HOUR, EventKind.MESSAGE)
    assert [event.id for event in in_order([ours, *told, late])] == ["9", "2", "1", "0"]


def test_reading_again_adds_nothing() -> None:
    store, helpdesk = open_store("sqlite://"), ScriptedHelpdesk()
    helpdesk.open(TICKET)
    helpdesk.say(TICKET.id, MONDAY + HOUR)
    assert ingest(store, helpdesk, MONDAY + 2 * HOUR, ()).events == 2
    assert ingest(store, helpdesk, MONDAY + 2 * HOUR, ()).events == 0
    helpdesk.set(TICKET.id, MONDAY + 3 * HOUR, priority=Priority.HIGH)
    assert ingest(store, helpdesk, MONDAY + 3 * HOUR, ()).events == 1
    store.close()


def test_a_helpdesk_without_history_is_compared_with_what_it_said_before() -> None:
    store, helpdesk = open_store("sqlite://"), Snapshots()
    helpdesk.open(TICKET)
    ingest(store, helpdesk, MONDAY, ())
    helpdesk.set(TICKET.id, MONDAY + HOUR, priority=Priority.HIGH, assignee="ann")
    ingest(store, helpdesk, MONDAY + HOUR, ())
    with store.read() as tx:
        record = tx.records([TICKET.id])[TICKET.id]
    assert [(event.field, event.after) for event in record.events] == [
        ("priority", Priority.HIGH),
        ("assignee", "ann"),
    ]
    assert record.opening.priority is None
    store.close()


def test_a_changed_ticket_is_due_with_the_groups_that_it_belongs_to() -> None:
    store, helpdesk = open_store("sqlite://"), ScriptedHelpdesk()
    helpdesk.open(TICKET)
    ingest(store, helpdesk, MONDAY, (ContactsBy.CUSTOMER, ContactsBy.ORGANIZATION))
    with store.read() as tx:
        due = {one.subject for one in tx.claim_due(MONDAY, 10)}
    assert due == {TICKET.id, "customer:cora"}
    store.close()


def test_what_the_helpdesk_takes_back_is_forgotten_and_what_we_wrote_stays() -> None:
    store, helpdesk = open_store("sqlite://"), ScriptedHelpdesk()
    helpdesk.open(TICKET)
    helpdesk.say(TICKET.id, MONDAY + HOUR)
    ingest(store, helpdesk, MONDAY + HOUR, ())
    ours = Event("ours", MONDAY + HOUR, EventKind.MESSAGE, Actor.OURSELVES)
    with store.write() as tx:
        tx.append_events(TICKET.id, [ours])
    helpdesk.events[TICKET.id].clear()
    helpdesk.say(TICKET.id, MONDAY + 2 * HOUR, Actor.PERSON)
    ingest(store, helpdesk, MONDAY + 2 * HOUR, ())
    with store.read() as tx:
        events = tx.histories([TICKET.id])[TICKET.id].events
    assert [event.actor for event in events] == [Actor.OURSELVES, Actor.PERSON]
    store.close()
