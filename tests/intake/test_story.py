"""What was sent becomes the ticket's story, however it was cut into requests and readings."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.episode import EpisodeId
from engine.domain.ticket import Actor, EventKind, Priority, Status
from engine.helpdesks.intake.desk import IntakeHelpdesk
from engine.helpdesks.intake.options import IntakeOptions
from engine.intake.posting import kept
from engine.intake.reading import read_events
from engine.pipeline.ingest import ingest
from engine.pipeline.intake import Delivery, accept, let_go
from engine.ports import Post, TicketRecord
from engine.store import open_store
from tests.intake.letterbox import MINUTE, NOW, Letterbox, event


def ago(minutes: int) -> str:
    return (NOW - minutes * MINUTE).isoformat()


def changes(record: TicketRecord) -> list[tuple[object, ...]]:
    return [(e.field, e.before, e.after) for e in record.events if e.kind is EventKind.CHANGED]


def test_a_snapshot_opens_a_ticket_as_it_stands(box: Letterbox) -> None:
    box.post(
        "/v1/tickets",
        {
            "id": "1",
            "created_at": ago(60),
            "subject": "Printer",
            "type": "incident",
            "status": "pending_customer",
            "raw_status": "Waiting",
            "priority": "high",
            "tags": ["vip", "print"],
            "group": "tier-1",
            "assignee": "ann",
            "channel": "web",
            "language": "de",
            "due_at": "2026-03-03T12:00:00+01:00",
            "customer": {"id": "c1", "name": "Eve", "email": "eve@example.com", "tier": "gold"},
            "fields": {"site": "Bern"},
        },
    )
    box.ingest()
    record = box.record("web:1")
    ticket = record.source

    assert ticket == record.opening
    assert record.events == ()
    assert ticket.created_at == NOW - 60 * MINUTE
    assert (ticket.status, ticket.priority) == (Status.PENDING_CUSTOMER, Priority.HIGH)
    assert (ticket.tags, ticket.fields) == (("vip", "print"), {"site": "Bern"})
    assert ticket.customer.tier == "gold"
    assert ticket.due_at is not None
    assert ticket.due_at.hour == 11


def test_a_later_snapshot_changes_what_it_says_and_nothing_else(box: Letterbox) -> None:
    box.post("/v1/tickets", {"id": "1", "group": "a", "assignee": "ann", "fields": {"x": "1"}})
    box.ingest()
    box.now += MINUTE
    box.post("/v1/tickets", {"id": "1", "group": "b", "assignee": None, "fields": {"y": "2"}})
    box.ingest()

    record = box.record("web:1")
    assert changes(record) == [
        ("group", "a", "b"),
        ("assignee", "ann", None),
        ("fields.y", None, "2"),
    ]
    assert record.source.fields == {"x": "1", "y": "2"}


def test_the_same_snapshot_again_changes_nothing(box: Letterbox) -> None:
    for _ in range(2):
        box.post("/v1/tickets", {"id": "1", "status": "open", "tags": ["a"]})
        box.ingest()
        box.now += MINUTE

    assert box.record("web:1").events == ()


def test_a_snapshot_that_has_been_overtaken_is_passed_over_and_told(box: Letterbox) -> None:
    box.post("/v1/tickets", {"id": "1", "status": "open", "at": ago(30)})
    box.post("/v1/tickets", {"id": "1", "status": "resolved", "at": ago(10)})
    box.post("/v1/tickets", {"id": "1", "status": "open", "at": ago(20)})
    ingested = box.ingest()

    assert box.record("web:1").source.status is Status.RESOLVED
    (told,) = ingested.rejected
    assert told.code == "overtaken"
    assert "2026-03-02T15:40:00Z" in told.message
    assert box.ingest().rejected == ()


def test_a_message_of_an_unknown_ticket_opens_it(box: Letterbox) -> None:
    box.events(event(1, at=ago(5)))
    box.ingest()
    record = box.record("web:1")

    assert record.opening.created_at == NOW - 5 * MINUTE
    assert [(e.kind, e.actor, e.text) for e in record.events] == [
        (EventKind.MESSAGE, Actor.CUSTOMER, "Hello")
    ]


def test_a_creation_that_comes_late_tells_how_the_ticket_was_opened(box: Letterbox) -> None:
    box.events(event(2, at=ago(5)), event(3, "changed", at=ago(4), set={"group": "b"}))
    box.ingest()
    box.events(event(1, "created", at=ago(9), set={"subject": "Printer", "group": "a"}))
    box.ingest()
    record = box.record("web:1")

    assert record.opening.created_at == NOW - 9 * MINUTE
    assert record.opening.subject == "Printer"
    assert changes(record) == [("group", "a", "b")]


def test_what_comes_late_takes_its_place_by_time(box: Letterbox) -> None:
    box.events(
        event(1, "created", at=ago(9), set={"group": "a"}),
        event(2, "changed", at=ago(3), set={"group": "c"}),
    )
    box.ingest()
    box.events(event(3, "changed", at=ago(6), set={"group": "b"}, by="robot"))
    box.ingest()
    record = box.record("web:1")

    assert changes(record) == [("group", "a", "b"), ("group", "b", "c")]
    assert [e.actor for e in record.events] == [Actor.ROBOT, Actor.PERSON]
    assert record.source.group == "c"


def test_a_clock_that_is_a_little_fast_makes_it_happen_now(box: Letterbox) -> None:
    box.events(event(1, at=(NOW + 2 * MINUTE).isoformat()))
    box.ingest()

    assert box.record("web:1").events[0].at == NOW


def test_an_event_is_known_by_its_story_after_the_inbox_has_forgotten_it(box: Letterbox) -> None:
    box.events(event(1), event(2, "changed", set={"group": "a"}))
    box.ingest()
    before = box.record("web:1")
    box.now += timedelta(days=8)
    assert let_go(box.store, "web", timedelta(days=7), box.now) == 2
    again = box.events(event(1), event(2, "changed", set={"group": "a"}))
    box.ingest()

    assert again.json()["taken"] == 2
    assert box.record("web:1").events == before.events


def test_nothing_is_forgotten_that_was_not_ingested(box: Letterbox) -> None:
    box.events(event(1))
    box.now += timedelta(days=80)

    assert let_go(box.store, "web", timedelta(days=7), box.now) == 0
    assert len(box.kept()) == 1


def test_a_change_that_answers_a_webhook_of_ours_is_not_a_persons(box: Letterbox) -> None:
    box.events(event(1, "created", set={"priority": "low"}))
    box.ingest()
    with box.store.write() as tx:
        tx.enqueue(
            [
                Action(
                    key="k1",
                    kind=ActionKind.CHANGE,
                    audience=Audience.TICKET,
                    ticket="web:1",
                    subject="web:1",
                    episode=EpisodeId("web:1", "late", "created"),
                )
            ],
            NOW,
        )
    box.events(
        event(2, "changed", set={"priority": "high"}, answers="k1"),
        event(3, "changed", set={"group": "a"}, answers="k2"),
    )
    box.ingest()

    assert changes(box.record("web:1")) == [("group", None, "a")]


def test_a_merge_and_an_end_are_told_as_such(box: Letterbox) -> None:
    box.post("/v1/tickets", [{"id": "1"}, {"id": "2"}])
    box.ingest()
    box.events(
        event(1, "changed", "1", set={"merged_into": "2"}),
        event(2, "changed", "2", set={"gone": True}),
    )
    box.ingest()

    assert box.record("web:1").source.merged_into == "web:2"
    assert box.record("web:2").source.is_gone


# --- however it is cut ----------------------------------------------------------------------------

MINUTES = st.integers(min_value=0, max_value=5)
SET = st.fixed_dictionaries(
    {}, optional={"group": st.sampled_from(["a", "b"]), "status": st.sampled_from(["open", "new"])}
)
SENT = st.lists(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("created"), "set": SET, "ago": MINUTES}),
        st.fixed_dictionaries({"type": st.just("changed"), "set": SET, "ago": MINUTES}),
        st.fixed_dictionaries(
            {"type": st.just("message"), "from": st.just("customer"), "ago": MINUTES}
        ),
    ),
    min_size=1,
    max_size=8,
)


def sent(items: list[dict[str, Any]]) -> list[dict[str, object]]:
    """Events of the items, each with an id of its own."""
    return [
        {
            **{name: value for name, value in item.items() if name != "ago"},
            "id": f"e{number}",
            "ticket": "1",
            "at": ago(item["ago"]),
        }
        for number, item in enumerate(items)
    ]


def lived(events: list[dict[str, object]], cuts: list[bool]) -> TicketRecord:
    """What is known of the ticket after events that were sent one by one.

    Args:
        events: In order of arrival.
        cuts: Whether what was sent until then is ingested, after each.
    """
    store = open_store("sqlite://")
    options = IntakeOptions.model_validate({"kind": "intake"})
    desk = IntakeHelpdesk("web", options)
    desk.keep_in(store)
    for each, is_cut in zip(events, cuts, strict=True):
        (one,) = kept(read_events(json.dumps(each).encode()), NOW)
        post = Post("web", one.key, one.digest, f"web:{one.ticket}", one.at, NOW, one.body)
        accept(store, [Delivery("web", (post,))], NOW)
        if is_cut:
            ingest(store, desk, NOW, ())
    ingest(store, desk, NOW, ())
    with store.read() as tx:
        record = tx.records(["web:1"])["web:1"]
    store.close()
    return record


@settings(max_examples=40, deadline=None)
@given(items=SENT, data=st.data())
def test_the_story_is_the_same_however_it_was_cut(
    items: list[dict[str, Any]], data: st.DataObject
) -> None:
    events = sent(items)
    whole = lived(events, [False] * len(events))

    cuts = data.draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    assert lived(events, cuts) == whole
    assert lived(events * 2, cuts * 2) == whole
