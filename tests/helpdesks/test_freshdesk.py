"""What Freshdesk does in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.actions import FieldChange
from engine.domain.ticket import Actor, Priority, Status
from engine.errors import ConfigError, HelpdeskError
from engine.helpdesks.freshdesk.desk import FreshdeskHelpdesk
from engine.ports import Json, Message, Need, Observation, Presence, SentState
from tests.helpdesks.stub_worlds import FreshdeskWorld
from tests.helpdesks.stubs.freshdesk import ANN, EVE, OURSELVES, FreshdeskStub
from tests.helpdesks.stubs.server import Call, Limit
from tests.helpdesks.worlds import options_of

T0 = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNTIL = T0 + timedelta(days=1)
MORE = ", custom_fields: {fields.tier: cf_tier}, statuses: {Waiting on parts: pending_internal}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FreshdeskWorld]:
    made = FreshdeskWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stub(world: FreshdeskWorld) -> FreshdeskStub:
    return world.freshdesk


@pytest.fixture
def desk(world: FreshdeskWorld) -> FreshdeskHelpdesk:
    world.options += MORE
    opened = world.open()
    assert isinstance(opened, FreshdeskHelpdesk)
    return opened


def told(desk: FreshdeskHelpdesk, watermark: Json | None = None) -> list[Observation]:
    """All that there is to tell now."""
    batch = desk.changes(watermark, UNTIL)
    found = list(batch.observations)
    while not batch.is_complete:
        batch = desk.changes(batch.watermark, UNTIL)
        found += batch.observations
    return found


def only(desk: FreshdeskHelpdesk) -> Observation:
    (found,) = told(desk)
    return found


# --- reading -------------------------------------------------------------------------------------


def test_numbers_become_the_names_that_rules_use(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(
        1,
        T0,
        status=7,
        priority=4,
        type="Incident",
        group_id=7,
        responder_id=ANN,
        company_id=5,
        tags=["vip"],
        custom_fields={"cf_tier": "gold"},
    )

    seen = only(desk).ticket

    assert (seen.status, seen.raw_status) == (Status.PENDING_INTERNAL, "Waiting on Third Party")
    assert (seen.priority, seen.type, seen.channel) == (Priority.URGENT, "Incident", "email")
    assert (seen.group, seen.assignee, seen.tags) == ("Support", "ann@desk.example", ("vip",))
    assert dict(seen.fields) == {"tier": "gold"}
    assert (seen.customer.id, seen.customer.email) == (str(EVE), "eve@example.com")
    assert seen.customer.organization == "Acme"
    assert seen.due_at == T0 + timedelta(days=2)


def test_a_status_of_the_desks_own_is_known_by_its_name(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.statuses["9"] = ["Waiting on parts", "Being Processed"]
    stub.open_ticket(1, T0, status=9)
    assert only(desk).ticket.status is Status.PENDING_INTERNAL


def test_a_status_that_nobody_has_explained_is_open(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(1, T0, status=12)
    seen = only(desk).ticket
    assert (seen.status, seen.raw_status) == (Status.OPEN, "status 12")


def test_where_fields_are_not_told_the_usual_statuses_are_known(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.forbidden = {"/ticket_fields"}
    stub.open_ticket(1, T0, status=3)
    seen = only(desk).ticket
    assert (seen.status, seen.raw_status) == (Status.PENDING_CUSTOMER, "Pending")
    assert desk.introduce().missing == ()


def test_a_group_that_was_made_since_is_learnt(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    desk.introduce()
    stub.groups[8] = "Night"
    stub.open_ticket(1, T0, group_id=8)
    assert only(desk).ticket.group == "Night"


def test_a_group_that_is_gone_is_its_number_and_asked_for_once(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    for number in (1, 2, 3):
        stub.open_ticket(number, T0, group_id=99)
    assert {one.ticket.group for one in told(desk)} == {"99"}
    assert len([one for one in stub.log if one.path == "/api/v2/groups"]) == 2


def test_an_open_ticket_that_nobody_touched_for_months_is_told(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(1, T0 - timedelta(days=200))
    stub.open_ticket(2, T0 - timedelta(days=200), status=5)

    assert [one.ticket.id for one in told(desk)] == ["desk:1"]
    assert len(stub.calls(Call.HISTORY)) == 1


def test_none_is_lost_while_tickets_change_between_two_pages(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    for number in range(1, 251):
        stub.open_ticket(number, T0 - timedelta(days=200) + timedelta(seconds=number))
    batch = desk.changes(None, UNTIL)
    seen = {one.ticket.id for one in batch.observations}
    number = 0
    while not batch.is_complete:
        number += 1
        stub.update(number, T0 + timedelta(seconds=number), subject="changed meanwhile")
        batch = desk.changes(batch.watermark, UNTIL)
        seen |= {one.ticket.id for one in batch.observations}

    assert len(seen) == 250


def test_none_is_lost_of_many_that_changed_at_one_instant(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    for number in range(1, 351):
        stub.open_ticket(number, T0)
    assert len({one.ticket.id for one in told(desk)}) == 350


def test_pages_are_not_counted_where_times_differ(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    for number in range(1, 251):
        stub.open_ticket(number, T0 + timedelta(seconds=number))
    told(desk)
    assert {one.query["page"] for one in stub.calls(Call.LIST) if "page" in one.query} == {"1"}


def test_a_ticket_that_changed_later_is_told_later(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    stub.update(1, UNTIL + HOUR, status=4)
    assert told(desk) == []
    batch = desk.changes(None, UNTIL + 2 * HOUR)
    assert [one.ticket.status for one in batch.observations] == [Status.RESOLVED]


@pytest.mark.parametrize("mark", ["deleted", "spam"])
def test_a_ticket_in_the_bin_is_gone(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk, mark: str
) -> None:
    stub.open_ticket(1, T0)[mark] = True
    assert desk.read("desk:1", UNTIL).presence is Presence.GONE
    assert told(desk) == []


def test_it_counts_what_is_open(stub: FreshdeskStub, desk: FreshdeskHelpdesk) -> None:
    stub.open_ticket(1, T0, status=6)
    stub.open_ticket(2, T0, status=4)
    assert desk.changes(None, UNTIL).open_tickets == 1


# --- what was said -------------------------------------------------------------------------------


def test_it_tells_who_said_what(stub: FreshdeskStub, desk: FreshdeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.say(1, T0 + HOUR, ANN, "<div>Try<br>again</div>")
    stub.say(1, T0 + 2 * HOUR, EVE, "Still broken<blockquote>Try again</blockquote>")
    stub.say(1, T0 + 3 * HOUR, ANN, "Hm", private=True)
    stub.say(1, T0 + 4 * HOUR, 12, "It is mine, too", incoming=True)
    stub.say(1, T0 + 5 * HOUR, 99, "From an agent who has left", incoming=False)
    stub.say(1, T0 + 6 * HOUR, None, "By a rule", private=True)

    seen = only(desk)

    assert [(one.actor, one.is_public, one.text) for one in seen.messages] == [
        (Actor.PERSON, True, "Try\nagain"),
        (Actor.CUSTOMER, True, "Still broken"),
        (Actor.PERSON, False, "Hm"),
        (Actor.CUSTOMER, True, "It is mine, too"),
        (Actor.PERSON, True, "From an agent who has left"),
        (Actor.ROBOT, False, "By a rule"),
    ]
    assert seen.events is None
    assert seen.by_our_account == frozenset()


def test_what_was_said_is_told_though_by_our_clock_it_is_not_yet_so_late(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    stub.say(1, T0 + 2 * HOUR, EVE, "Hello?")
    reading = desk.read("desk:1", T0 + HOUR).observation
    assert reading is not None
    assert [message.text for message in reading.messages] == ["Hello?"]


def test_what_our_account_wrote_is_told_as_by_our_account(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    stub.say(1, T0 + HOUR, OURSELVES, "By us")
    stub.say(1, T0 + HOUR, ANN, "By Ann")
    seen = only(desk)
    assert seen.by_our_account == frozenset({seen.messages[0].id})


def test_all_of_a_long_conversation_is_told(stub: FreshdeskStub, desk: FreshdeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    for minute in range(230):
        stub.say(1, T0 + timedelta(minutes=minute), EVE, "Hello?")
    assert len(only(desk).messages) == 230


# --- writing -------------------------------------------------------------------------------------


def test_names_become_numbers_when_fields_are_set(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(1, T0, tags=["vip"])
    changes = (
        FieldChange("group", None, "Support"),
        FieldChange("assignee", None, "ann@desk.example"),
        FieldChange("tags", ("vip",), ("vip", "escalated")),
        FieldChange("status", "open", "pending_customer"),
        FieldChange("priority", "low", "urgent"),
        FieldChange("fields.tier", None, "silver"),
    )

    sent = desk.change("desk:1", changes, "k", T0)

    assert sent.state is SentState.DELIVERED
    held = stub.tickets[1]
    assert (held["group_id"], held["responder_id"], held["status"]) == (7, ANN, 3)
    assert (held["priority"], held["tags"]) == (4, ["vip", "escalated"])
    assert held["custom_fields"] == {"cf_tier": "silver"}
    assert len(stub.calls(Call.CHANGE)) == 1


def test_nobody_is_made_the_assignee(stub: FreshdeskStub, desk: FreshdeskHelpdesk) -> None:
    stub.open_ticket(1, T0, responder_id=ANN, group_id=7)
    changes = (
        FieldChange("assignee", "ann@desk.example", None),
        FieldChange("group", "Support", None),
    )
    assert desk.change("desk:1", changes, "k", T0).state is SentState.DELIVERED
    assert (stub.tickets[1]["responder_id"], stub.tickets[1]["group_id"]) == (None, None)


@pytest.mark.parametrize(
    "change, named",
    [
        (FieldChange("group", None, "Nowhere"), "'Nowhere'; make it there"),
        (FieldChange("group", None, "support"), "'support'; write 'Support'"),
        (FieldChange("assignee", None, "bob@desk.example"), "bob@desk.example"),
        (FieldChange("status", "open", "new"), "new"),
    ],
)
def test_what_is_not_there_is_named(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk, change: FieldChange, named: str
) -> None:
    stub.open_ticket(1, T0)
    sent = desk.change("desk:1", (change,), "k", T0)
    assert (sent.state, sent.only_this) == (SentState.RETRY, True)
    assert named in sent.reason


def test_a_refusal_tells_which_field_was_wrong(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    desk.introduce()
    stub.agents.pop(ANN)
    sent = desk.change("desk:1", (FieldChange("assignee", None, "ann@desk.example"),), "k", T0)
    assert sent.state is SentState.REJECTED
    assert "Validation failed: responder_id: It should be one of" in sent.reason


@pytest.mark.parametrize("flattens", [True, False])
def test_our_mark_is_found_however_the_plain_text_looks(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk, *, flattens: bool
) -> None:
    stub.flattens = flattens
    stub.open_ticket(1, T0)
    for _ in range(2):
        assert desk.note("desk:1", "1 < 2\nis why", "k", T0).state is SentState.DELIVERED
    (note,) = stub.said[1]
    assert note["body"].startswith("<div><div>1 &lt; 2<br>is why")
    assert (desk.has_note("desk:1", "k"), desk.has_reply("desk:1", "k")) == (True, False)


def test_our_mark_by_another_hand_proves_nothing(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    desk.reply("desk:1", Message("k", "", "s", "t"), T0)
    stub.open_ticket(2, T0)
    stub.say(2, T0, ANN, stub.said[1][0]["body"])
    assert desk.has_reply("desk:2", "k") is False


def test_a_resolved_ticket_takes_a_note_and_no_reply(
    stub: FreshdeskStub, desk: FreshdeskHelpdesk
) -> None:
    stub.open_ticket(1, T0, status=4)
    assert desk.note("desk:1", "why", "k", T0).state is SentState.DELIVERED
    reply = desk.reply("desk:1", Message("k2", "", "s", "t"), T0)
    assert (reply.state, "resolved" in reply.reason) == (SentState.REJECTED, True)


# --- who we are, and how much it takes -----------------------------------------------------------


def test_missing_rights_are_named(stub: FreshdeskStub, desk: FreshdeskHelpdesk) -> None:
    stub.custom = ()
    stub.forbidden = {"/agents", "/groups"}
    stub.agents[OURSELVES]["ticket_scope"] = 2
    missing = [(one.right, one.need) for one in desk.introduce().missing]
    assert missing == [
        ("Global Access", Need.READ),
        ("View agents", Need.READ),
        ("View groups", Need.READ),
        ("Ticket fields", Need.READ),
    ]


def test_an_agent_with_all_rights_lacks_nothing(desk: FreshdeskHelpdesk) -> None:
    introduction = desk.introduce()
    assert (introduction.account, introduction.missing) == ("bot@desk.example", ())
    assert introduction.rate_limit is not None
    assert introduction.rate_limit.requests == 100_000


def test_a_spent_list_stops_no_write(stub: FreshdeskStub, desk: FreshdeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.list_limit = Limit(0)
    for _ in range(2):
        with pytest.raises(HelpdeskError, match=r"429|takes no more requests"):
            desk.changes(None, UNTIL)

    assert stub.list_limit.ignored == 0
    assert desk.note("desk:1", "why", "k", T0).state is SentState.DELIVERED


def test_a_key_that_was_revoked_is_named(stub: FreshdeskStub, desk: FreshdeskHelpdesk) -> None:
    stub.token = "another"
    with pytest.raises(HelpdeskError, match=r"401 Unauthorized.*make a new one"):
        desk.introduce()


@pytest.mark.parametrize(
    "wrong",
    ["custom_fields: {nonsense: cf_x}", "lists_per_minute: many", "statuses: {Waiting: waiting}"],
)
def test_what_makes_no_sense_in_the_config_is_refused(tmp_path: Path, wrong: str) -> None:
    text = f"{{kind: freshdesk, url: 'https://x.freshdesk.com', token_env: T, {wrong}}}"
    with pytest.raises(ConfigError):
        options_of(tmp_path, text)
