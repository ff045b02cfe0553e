"""What Zammad does in its own way, and reading in the order of the last change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.actions import FieldChange
from engine.domain.ticket import Actor, EventKind, Priority, Status
from engine.errors import ConfigError
from engine.helpdesks.zammad.desk import ZammadHelpdesk
from engine.ports import Json, Message, Need, Observation, Presence, SentState
from tests.helpdesks.stub_worlds import ZammadWorld
from tests.helpdesks.stubs.server import Call
from tests.helpdesks.stubs.zammad import ANN, EVE, OURSELVES, ZammadStub
from tests.helpdesks.worlds import options_of

T0 = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNTIL = T0 + timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ZammadWorld]:
    made = ZammadWorld(tmp_path)
    made.options += ", attributes: {fields.tier: tier}"
    yield made
    made.close()


@pytest.fixture
def stub(world: ZammadWorld) -> ZammadStub:
    return world.zammad


@pytest.fixture
def desk(world: ZammadWorld) -> ZammadHelpdesk:
    opened = world.open()
    assert isinstance(opened, ZammadHelpdesk)
    return opened


def told(desk: ZammadHelpdesk, watermark: Json | None = None) -> list[Observation]:
    """All that there is to tell."""
    batch = desk.changes(watermark, UNTIL)
    found = list(batch.observations)
    while not batch.is_complete:
        batch = desk.changes(batch.watermark, UNTIL)
        found += batch.observations
    return found


def only(desk: ZammadHelpdesk) -> Observation:
    (found,) = told(desk)
    return found


# --- reading -------------------------------------------------------------------------------------


def test_names_become_the_words_that_rules_use(stub: ZammadStub, desk: ZammadHelpdesk) -> None:
    stub.open_ticket(1, T0, state="pending reminder", priority="4 urgent", owner="ann", tier="gold")
    stub.tag(1, T0, ANN, "vip", is_added=True)

    seen = only(desk).ticket

    assert (seen.status, seen.raw_status) == (Status.PENDING_CUSTOMER, "pending reminder")
    assert (seen.priority, seen.group, seen.assignee) == (Priority.URGENT, "Users", "ann")
    assert (seen.tags, dict(seen.fields), seen.channel) == (("vip",), {"tier": "gold"}, "email")
    assert (seen.customer.id, seen.customer.name) == (str(EVE), "Eve Day")
    assert (seen.customer.email, seen.customer.language) == ("eve@example.com", "en-us")


def test_a_priority_that_nobody_has_explained_is_none(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    stub.open_ticket(1, T0, priority="9 whatever")
    assert only(desk).ticket.priority is None


def test_an_open_ticket_that_nobody_touched_for_months_is_told(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    stub.open_ticket(1, T0 - timedelta(days=200), state="open")
    stub.open_ticket(2, T0 - timedelta(days=200), state="closed")
    assert [one.ticket.id for one in told(desk)] == ["desk:1"]


def test_none_is_lost_while_tickets_change_between_two_pages(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    for number in range(1, 251):
        stub.open_ticket(number, T0 + timedelta(seconds=number))
    batch = desk.changes(None, UNTIL)
    seen = {one.ticket.id for one in batch.observations}
    for number in range(1, 400):
        if batch.is_complete:
            break
        stub.update(number, T0 + HOUR + timedelta(seconds=number), title="changed meanwhile")
        batch = desk.changes(batch.watermark, UNTIL)
        seen |= {one.ticket.id for one in batch.observations}

    assert len(seen) == 250


def test_none_of_the_old_is_lost_while_they_change_between_two_pages(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    for number in range(1, 251):
        stub.open_ticket(number, T0 - timedelta(days=200) + timedelta(seconds=number))
    batch = desk.changes(None, UNTIL)
    seen = {one.ticket.id for one in batch.observations}
    number = 0
    while not batch.is_complete:
        number += 1
        stub.update(number, T0 + timedelta(seconds=number), title="changed meanwhile")
        batch = desk.changes(batch.watermark, UNTIL)
        seen |= {one.ticket.id for one in batch.observations}

    assert len(seen) == 250


def test_none_is_lost_of_many_that_changed_at_one_instant(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    for number in range(1, 351):
        stub.open_ticket(number, T0)
    batch = desk.changes(None, UNTIL)
    seen = {one.ticket.id for one in batch.observations}
    number = 0
    while not batch.is_complete:
        number += 1
        if number < 4:  # it moves to the end, and all that follow it one place up
            stub.update(number, T0 + HOUR, title="changed meanwhile")
        batch = desk.changes(batch.watermark, UNTIL)
        seen |= {one.ticket.id for one in batch.observations}

    assert len(seen) == 350


def test_what_was_committed_late_is_read_in_the_next_sweep(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    watermark = desk.changes(None, UNTIL).watermark
    stub.open_ticket(2, T0 - timedelta(seconds=30))
    assert [one.ticket.id for one in told(desk, watermark)] == ["desk:2"]


def test_it_tells_when_nothing_is_open(stub: ZammadStub, desk: ZammadHelpdesk) -> None:
    stub.open_ticket(1, T0, state="closed")
    assert desk.changes(None, UNTIL).open_tickets == 0
    stub.open_ticket(2, T0)
    assert desk.changes(None, UNTIL).open_tickets is None


# --- the story -----------------------------------------------------------------------------------


def test_the_story_tells_who_did_what(stub: ZammadStub, desk: ZammadHelpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.update(1, T0 + HOUR, ANN, state="open", owner="ann")
    stub.tag(1, T0 + HOUR, ANN, "a", is_added=True)
    stub.tag(1, T0 + HOUR, ANN, "b", is_added=True)
    stub.say(1, T0 + 2 * HOUR, ANN, "Try again", "Agent")
    stub.say(1, T0 + 3 * HOUR, EVE, "Still broken", "Customer")
    stub.say(1, T0 + 4 * HOUR, 1, "We are closed", "System")
    stub.update(1, T0 + 5 * HOUR, 1, priority="3 high")

    seen = only(desk)

    assert seen.opening is not None
    assert (seen.opening.status, seen.opening.assignee, seen.opening.tags) == (Status.NEW, None, ())
    changes = [(e.field, e.before, e.after, e.actor) for e in seen.events or () if e.field]
    assert changes == [
        ("status", "new", "open", Actor.PERSON),
        ("raw_status", "new", "open", Actor.PERSON),
        ("assignee", None, "ann", Actor.PERSON),
        ("tags", (), ("a", "b"), Actor.PERSON),
        ("priority", Priority.MEDIUM, Priority.HIGH, Actor.ROBOT),
    ]
    said = [(e.actor, e.text) for e in seen.events or () if e.kind is EventKind.MESSAGE]
    assert said == [
        (Actor.PERSON, "Try again"),
        (Actor.CUSTOMER, "Still broken"),
        (Actor.ROBOT, "We are closed"),
    ]


def test_a_merged_ticket_names_its_survivor(stub: ZammadStub, desk: ZammadHelpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.merge(1, 2, T0 + HOUR)
    seen = only(desk).ticket
    assert (seen.merged_into, seen.status) == ("desk:2", Status.CLOSED)


def test_what_our_account_wrote_is_told_as_by_our_account(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    stub.update(1, T0 + HOUR, OURSELVES, priority="3 high")
    stub.update(1, T0 + 2 * HOUR, ANN, title="t")
    seen = only(desk)
    first = (seen.events or ())[0]
    assert seen.by_our_account == frozenset([first.id])


# --- writing -------------------------------------------------------------------------------------


def test_fields_are_set_in_one_call_and_tags_one_by_one(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    stub.open_ticket(1, T0, owner="ann")
    stub.tag(1, T0, ANN, "old", is_added=True)
    stub.groups.add("2nd Level")
    changes = (
        FieldChange("group", "Users", "2nd Level"),
        FieldChange("assignee", "ann", None),
        FieldChange("priority", "medium", "urgent"),
        FieldChange("status", "new", "resolved"),
        FieldChange("tags", ("old",), ("new",)),
        FieldChange("fields.tier", None, "gold"),
    )

    sent = desk.change("desk:1", changes, "k", T0)

    assert sent.state is SentState.DELIVERED
    held = stub.tickets[1]
    assert (held["group"], held["owner"], held["priority"]) == ("2nd Level", "-", "4 urgent")
    assert (held["state"], held["tier"], stub.tags[1]) == ("closed", "gold", ["new"])
    assert len(stub.calls(Call.CHANGE)) == 1


def test_a_tag_that_somebody_gave_meanwhile_stays(stub: ZammadStub, desk: ZammadHelpdesk) -> None:
    stub.open_ticket(1, T0)
    before = desk._held("1")  # noqa: SLF001 - the instant between reading and writing
    assert before is not None
    write = desk._writing(before, [FieldChange("tags", (), ("ours",))])  # noqa: SLF001
    stub.tag(1, T0, ANN, "theirs", is_added=True)
    write()
    assert sorted(stub.tags[1]) == ["ours", "theirs"]


def test_a_priority_that_zammad_lacks_is_named(world: ZammadWorld, stub: ZammadStub) -> None:
    world.options = "kind: zammad"
    stub.open_ticket(1, T0)
    sent = world.open().change("desk:1", (FieldChange("priority", None, "urgent"),), "k", T0)
    assert (sent.state, sent.only_this) == (SentState.RETRY, True)
    assert "add one there" in sent.reason


def test_a_public_reply_is_a_mail_and_a_note_never_is(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    desk.note("desk:1", "why", "k1", T0)
    desk.reply("desk:1", Message("k2", "", "s", "Dear Eve"), T0)
    note, mail = (one.body for one in stub.log if one.path == "/api/v1/ticket_articles")
    assert (note["type"], note["internal"]) == ("note", True)
    assert (mail["type"], mail["internal"], mail["to"]) == ("email", False, "eve@example.com")


def test_a_customer_without_an_address_gets_no_reply(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    stub.users[EVE]["email"] = ""
    stub.open_ticket(1, T0)
    sent = desk.reply("desk:1", Message("k", "", "s", "t"), T0)
    assert (sent.state, "no e-mail address" in sent.reason) == (SentState.REJECTED, True)


def test_a_closed_ticket_takes_no_reply_and_a_merged_one_nothing(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    stub.open_ticket(1, T0, state="closed")
    stub.open_ticket(2, T0, state="merged")
    assert desk.note("desk:1", "why", "k", T0).state is SentState.DELIVERED
    assert desk.reply("desk:1", Message("k", "", "s", "t"), T0).state is SentState.REJECTED
    assert desk.note("desk:2", "why", "k", T0).state is SentState.REJECTED


def test_a_ticket_that_was_deleted_is_gone(stub: ZammadStub, desk: ZammadHelpdesk) -> None:
    stub.open_ticket(1, T0)
    del stub.tickets[1]
    assert desk.read("desk:1", UNTIL).presence is Presence.GONE


# --- who we are ----------------------------------------------------------------------------------


def test_a_customers_account_may_not_read(stub: ZammadStub, desk: ZammadHelpdesk) -> None:
    stub.users[OURSELVES] |= {"roles": ["Customer"], "groups": {}}
    assert [one.need for one in desk.introduce().missing] == [Need.READ]


def test_rights_in_groups_that_are_missing_are_named(
    stub: ZammadStub, desk: ZammadHelpdesk
) -> None:
    stub.users[OURSELVES]["groups"] = {"Users": ["read"]}
    assert [one.need for one in desk.introduce().missing] == [Need.CHANGE, Need.NOTE]


def test_an_agent_with_all_rights_lacks_nothing(desk: ZammadHelpdesk) -> None:
    introduction = desk.introduce()
    assert (introduction.account, introduction.missing) == ("bot", ())


@pytest.mark.parametrize(
    "wrong",
    ["states: {waiting: asleep}", "priorities: {huge: 5}", "attributes: {nonsense: x}"],
)
def test_what_makes_no_sense_in_the_config_is_refused(tmp_path: Path, wrong: str) -> None:
    text = f"{{kind: zammad, url: 'https://zammad.example', token_env: T, {wrong}}}"
    with pytest.raises(ConfigError):
        options_of(tmp_path, text)
