"""What Zendesk does in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.actions import FieldChange
from engine.domain.ticket import Actor, EventKind, Priority, Status, Ticket
from engine.errors import ConfigError, HelpdeskError
from engine.helpdesks.zendesk.desk import ZendeskHelpdesk
from engine.ports import Json, Message, Need, Observation, Presence, SentState
from tests.helpdesks.stub_worlds import ZendeskWorld
from tests.helpdesks.stubs.server import Call, Limit
from tests.helpdesks.stubs.zendesk import ANN, BOB, EVE, OURSELVES, ZendeskStub
from tests.helpdesks.worlds import options_of

T0 = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNTIL = T0 + timedelta(days=1)
SINCE: Json = {"format": "zendesk/1", "start": "2025-12-06T09:00:00Z", "cursor": None}
"""After the search for old tickets."""
FIELDS = ", custom_fields: {fields.tier: '360001'}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ZendeskWorld]:
    made = ZendeskWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stub(world: ZendeskWorld) -> ZendeskStub:
    return world.zendesk


@pytest.fixture
def desk(world: ZendeskWorld) -> ZendeskHelpdesk:
    world.options += FIELDS
    opened = world.open()
    assert isinstance(opened, ZendeskHelpdesk)
    return opened


def told(desk: ZendeskHelpdesk) -> list[Observation]:
    """A whole first reading."""
    batch = desk.changes(None, UNTIL)
    found = list(batch.observations)
    while not batch.is_complete:
        batch = desk.changes(batch.watermark, UNTIL)
        found += batch.observations
    return found


def only(desk: ZendeskHelpdesk) -> Observation:
    (found,) = told(desk)
    return found


def ticket(desk: ZendeskHelpdesk) -> Ticket:
    return only(desk).ticket


# --- reading -------------------------------------------------------------------------------------


def test_numbers_become_the_names_that_rules_use(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(
        1,
        T0,
        status="hold",
        priority="normal",
        type="incident",
        group_id=7,
        assignee_id=ANN,
        organization_id=5,
        tags=["gold"],
        custom_fields=[{"id": 360001, "value": "gold"}],
    )

    seen = ticket(desk)

    assert (seen.status, seen.raw_status) == (Status.PENDING_INTERNAL, "hold")
    assert (seen.priority, seen.type, seen.channel) == (Priority.MEDIUM, "incident", "email")
    assert (seen.group, seen.assignee, seen.tags) == ("Support", "ann@desk.example", ("gold",))
    assert dict(seen.fields) == {"tier": "gold"}
    assert (seen.customer.id, seen.customer.email) == (str(EVE), "eve@example.com")
    assert (seen.customer.organization, seen.customer.language) == ("Acme", "en-US")


def test_a_ticket_without_a_priority_has_none(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0, priority=None)
    assert ticket(desk).priority is None


def test_an_open_ticket_that_nobody_touched_for_months_is_told(
    stub: ZendeskStub, desk: ZendeskHelpdesk
) -> None:
    stub.open_ticket(1, T0 - timedelta(days=200), status="open")
    stub.open_ticket(2, T0 - timedelta(days=200), status="closed")

    assert [one.ticket.id for one in told(desk)] == ["desk:1"]


def test_pages_lose_nothing_while_tickets_change(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    for number in range(1, 251):
        stub.open_ticket(number, T0 + timedelta(seconds=number))
    batch = desk.changes(None, UNTIL)
    seen = {one.ticket.id for one in batch.observations}
    while not batch.is_complete:
        stub.update(120, T0 + HOUR, subject="changed meanwhile")
        batch = desk.changes(batch.watermark, UNTIL)
        seen |= {one.ticket.id for one in batch.observations}

    assert len(seen) == 250


def test_a_page_is_not_passed_before_all_of_it_may_be_told(
    stub: ZendeskStub, desk: ZendeskHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    stub.open_ticket(2, UNTIL + HOUR)
    assert [one.ticket.id for one in told(desk)] == ["desk:1"]


def test_a_search_whose_cursor_has_expired_begins_anew(
    stub: ZendeskStub, desk: ZendeskHelpdesk
) -> None:
    stub.open_ticket(1, T0 - timedelta(days=200), status="open")
    watermark = desk.changes(None, UNTIL).watermark | {"old": True, "cursor": "expired"}

    batch = desk.changes(watermark, UNTIL)

    assert [one.ticket.id for one in batch.observations] == ["desk:1"]


def test_an_export_whose_cursor_is_refused_goes_on_from_the_last_change(
    stub: ZendeskStub, desk: ZendeskHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    stub.open_ticket(2, T0 + HOUR)
    watermark: Json = {"format": "zendesk/1", "start": "2026-01-05T09:30:00Z", "cursor": "?"}

    batch = desk.changes(watermark, UNTIL)

    assert [one.ticket.id for one in batch.observations] == ["desk:2"]


def test_a_deleted_ticket_is_gone(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.delete(1, T0 + HOUR)

    assert only(desk).ticket.is_gone
    assert desk.read("desk:1", UNTIL).presence is Presence.GONE


def test_a_spent_limit_in_the_middle_of_a_page_costs_no_work(
    stub: ZendeskStub, desk: ZendeskHelpdesk
) -> None:
    for number in range(1, 51):
        stub.open_ticket(number, T0)
    stub.account_limit = Limit(30, began=stub.clock())
    with pytest.raises(HelpdeskError, match="takes no more requests"):
        desk.changes(SINCE, UNTIL)
    asked = len(stub.calls(Call.HISTORY))
    stub.account_limit = Limit(100_000)
    desk._http._allowance.limit = None  # noqa: SLF001 - a minute goes by

    assert len(desk.changes(SINCE, UNTIL).observations) == 50
    assert asked > 0
    assert len(stub.calls(Call.HISTORY)) == 50


def test_it_counts_what_is_open(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.open_ticket(2, T0, status="solved")
    batch = desk.changes(SINCE, UNTIL)
    assert batch.open_tickets == 1


# --- the story -----------------------------------------------------------------------------------


def test_the_story_tells_who_did_what(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.update(1, T0 + HOUR, ANN, status="open", assignee_id=ANN, tags=["gold"])
    stub.update(1, T0 + 2 * HOUR, ANN, comment={"body": "Try again", "public": True})
    stub.update(1, T0 + 3 * HOUR, EVE, comment={"body": "Still broken", "public": True})
    stub.update(1, T0 + 4 * HOUR, -1, via="rule", priority="high")

    seen = only(desk)

    assert seen.opening is not None
    assert (seen.opening.status, seen.opening.assignee, seen.opening.tags) == (Status.NEW, None, ())
    changes = [(e.field, e.before, e.after, e.actor) for e in seen.events or () if e.field]
    assert changes == [
        ("status", "new", "open", Actor.PERSON),
        ("raw_status", "new", "open", Actor.PERSON),
        ("assignee", None, "ann@desk.example", Actor.PERSON),
        ("tags", (), ("gold",), Actor.PERSON),
        ("priority", None, Priority.HIGH, Actor.ROBOT),
    ]
    said = [(e.actor, e.text) for e in seen.events or () if e.kind is EventKind.MESSAGE]
    assert said == [(Actor.PERSON, "Try again"), (Actor.CUSTOMER, "Still broken")]
    assert seen.by_our_account == frozenset()


def test_what_our_account_wrote_is_told_as_by_our_account(
    stub: ZendeskStub, desk: ZendeskHelpdesk
) -> None:
    stub.open_ticket(1, T0)
    stub.update(1, T0 + HOUR, OURSELVES, via="api", priority="high")
    seen = only(desk)
    assert seen.by_our_account == frozenset(one.id for one in seen.events or ())


# --- writing -------------------------------------------------------------------------------------


def test_names_become_numbers_when_fields_are_set(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0, tags=["gold"])
    changes = (
        FieldChange("group", None, "Support"),
        FieldChange("assignee", None, "bob@desk.example"),
        FieldChange("tags", ("gold",), ("gold", "escalated")),
        FieldChange("status", "new", "pending_internal"),
        FieldChange("fields.tier", None, "silver"),
    )

    sent = desk.change("desk:1", changes, "k", T0)

    assert sent.state is SentState.DELIVERED
    held = stub.tickets[1]
    assert (held["group_id"], held["assignee_id"], held["status"]) == (7, BOB, "hold")
    assert held["tags"] == ["gold", "escalated"]
    assert held["custom_fields"] == [{"id": 360001, "value": "silver"}]
    assert len(stub.calls(Call.CHANGE)) == 1


def test_a_ticket_that_somebody_changed_meanwhile_is_looked_at_again(
    stub: ZendeskStub, desk: ZendeskHelpdesk
) -> None:
    stub.open_ticket(1, T0, priority="low")
    held = desk._held("1")  # noqa: SLF001 - the instant between reading and writing
    assert held is not None
    stub.update(1, T0 + HOUR, ANN, subject="it is on fire")
    desk._held = lambda _: held  # type: ignore[method-assign, assignment]  # noqa: SLF001

    sent = desk.change("desk:1", (FieldChange("priority", "low", "high"),), "k", T0)

    assert (sent.state, sent.only_this) == (SentState.RETRY, True)
    assert "409" in sent.reason
    assert stub.tickets[1]["priority"] == "low"


def test_nothing_is_changed_on_a_closed_ticket(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0, status="closed")
    for sent in (
        desk.change("desk:1", (FieldChange("priority", None, "high"),), "k", T0),
        desk.note("desk:1", "why", "k", T0),
        desk.reply("desk:1", Message("k", "", "s", "t"), T0),
    ):
        assert (sent.state, "closed" in sent.reason) == (SentState.REJECTED, True)
    assert stub.calls(Call.CHANGE) == []


def test_a_solved_ticket_takes_a_note_and_no_reply(
    stub: ZendeskStub, desk: ZendeskHelpdesk
) -> None:
    stub.open_ticket(1, T0, status="solved")
    assert desk.note("desk:1", "why", "k", T0).state is SentState.DELIVERED
    reply = desk.reply("desk:1", Message("k2", "", "s", "t"), T0)
    assert (reply.state, "resolved" in reply.reason) == (SentState.REJECTED, True)


def test_a_group_that_is_not_there_is_named(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    sent = desk.change("desk:1", (FieldChange("group", None, "Nowhere"),), "k", T0)
    assert (sent.state, sent.only_this) == (SentState.RETRY, True)
    assert "'Nowhere'; make it there" in sent.reason
    sent = desk.change("desk:1", (FieldChange("group", None, "support"),), "k", T0)
    assert "'support'; write 'Support'" in sent.reason


def test_a_reply_cannot_be_taken_for_a_note(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    desk.note("desk:1", "why", "k", T0)
    assert (desk.has_note("desk:1", "k"), desk.has_reply("desk:1", "k")) == (True, False)


def test_our_mark_by_another_hand_proves_nothing(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    desk.reply("desk:1", Message("k", "", "s", "t"), T0)
    said = stub.stories[1][-1]["events"][0]["body"]
    stub.open_ticket(2, T0)
    stub.update(2, T0 + HOUR, ANN, comment={"body": said, "public": True})
    assert desk.has_reply("desk:2", "k") is False


# --- who we are, and how much it takes -----------------------------------------------------------


def test_an_anonymous_user_is_nobody(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.users[OURSELVES] |= {"id": None, "name": "Anonymous user", "role": "end-user"}
    with pytest.raises(HelpdeskError, match="anonymous"):
        desk.introduce()


def test_missing_rights_are_named(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.fields = ()
    stub.users[OURSELVES] |= {
        "role": "agent",
        "ticket_restriction": "groups",
        "only_private_comments": True,
    }
    missing = [(one.right, one.need) for one in desk.introduce().missing]
    assert missing == [
        ("Administrator", Need.READ),
        ("All tickets", Need.READ),
        ("Public comments", Need.REPLY),
        ("Ticket fields", Need.READ),
    ]


def test_an_administrator_lacks_nothing(desk: ZendeskHelpdesk) -> None:
    introduction = desk.introduce()
    assert (introduction.account, introduction.missing) == ("bot@desk.example", ())
    assert introduction.rate_limit is not None
    assert introduction.rate_limit.requests == 100_000


def test_a_spent_export_stops_no_write(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.open_ticket(1, T0)
    stub.export_limit = Limit(0)
    with pytest.raises(HelpdeskError, match="429"):
        desk.changes(SINCE, UNTIL)
    with pytest.raises(HelpdeskError, match="takes no more requests"):
        desk.changes(SINCE, UNTIL)

    assert stub.export_limit.ignored == 0
    assert desk.note("desk:1", "why", "k", T0).state is SentState.DELIVERED


def test_an_access_token_needs_no_address(world: ZendeskWorld) -> None:
    world.options = world.options.replace("email: bot@desk.example, ", "")
    assert world.open().introduce().account == "bot@desk.example"


def test_a_token_that_was_revoked_is_named(stub: ZendeskStub, desk: ZendeskHelpdesk) -> None:
    stub.token = "another"
    with pytest.raises(HelpdeskError, match=r"401 Unauthorized.*make a new one"):
        desk.introduce()


@pytest.mark.parametrize(
    "wrong",
    [
        "custom_fields: {fields.tier: tier}",
        "custom_fields: {nonsense: '1'}",
        "exports_per_minute: many",
    ],
)
def test_what_makes_no_sense_in_the_config_is_refused(tmp_path: Path, wrong: str) -> None:
    text = f"{{kind: zendesk, url: 'https://x.zendesk.com', token_env: T, {wrong}}}"
    with pytest.raises(ConfigError):
        options_of(tmp_path, text)
