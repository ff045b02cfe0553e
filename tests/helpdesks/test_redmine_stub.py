"""What Redmine does in its own way, on its stub; `real/redmine` holds the same to a real one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.actions import FieldChange
from engine.domain.ticket import Actor, Priority, Status, Ticket, Value
from engine.errors import HelpdeskError
from engine.ports import Helpdesk, Message, Need, Presence, SentState
from tests.helpdesks.stubs.redmine import ANN, EVE, PERMISSIONS, RedmineStub
from tests.helpdesks.tracker_worlds import RedmineWorld

T0 = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = T0 + timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RedmineWorld]:
    made = RedmineWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stub(world: RedmineWorld) -> RedmineStub:
    return world.redmine


@pytest.fixture
def desk(world: RedmineWorld) -> Helpdesk:
    return world.open()


def without(*names: str) -> list[str]:
    return [name for name in PERMISSIONS if name not in names]


def change(field: str, before: str | None, after: str) -> tuple[FieldChange, ...]:
    return (FieldChange(field, before, after),)


def tags(value: Value) -> set[str]:
    assert isinstance(value, tuple)
    return set(value)


def ticket(desk: Helpdesk) -> Ticket:
    observation = desk.read("desk:1", LATER).observation
    assert observation is not None
    return observation.ticket


def test_names_become_the_words_that_rules_use(stub: RedmineStub, desk: Helpdesk) -> None:
    stub.open_issue(1, T0, status_id=4, priority_id=5, assigned_to_id=ANN, tags="vip, late")
    seen = ticket(desk)

    assert (seen.status, seen.raw_status) == (Status.PENDING_CUSTOMER, "Feedback")
    assert (seen.priority, seen.group, seen.assignee) == (Priority.URGENT, "desk", "ann")
    assert (seen.tags, seen.type) == (("vip", "late"), "Support")
    assert (seen.customer.id, seen.customer.email) == ("eve", "eve@example.com")


def test_it_is_told_who_speaks(stub: RedmineStub, desk: Helpdesk) -> None:
    stub.open_issue(1, T0)
    stub.update(1, T0 + HOUR, EVE, "It burns")
    stub.update(1, T0 + 2 * HOUR, ANN, "We look at it")
    stub.update(1, T0 + 3 * HOUR, ANN, "Take water", is_private=True)
    observation = desk.read("desk:1", LATER).observation

    assert observation is not None
    assert [(one.actor, one.is_public) for one in observation.events or ()] == [
        (Actor.CUSTOMER, True),
        (Actor.PERSON, True),
        (Actor.PERSON, False),
    ]


def test_a_due_date_ends_where_the_desk_is(world: RedmineWorld, stub: RedmineStub) -> None:
    world.options += ", timezone: Europe/Berlin"
    stub.open_issue(1, T0, due_date="2016-03-02")

    assert ticket(world.open()).due_at == datetime(2016, 3, 2, 23, tzinfo=UTC)


def test_a_group_may_be_a_category(world: RedmineWorld, stub: RedmineStub) -> None:
    world.options += ", group: category"
    stub.open_issue(1, T0, category_id=1)
    desk = world.open()
    before = ticket(desk).group
    sent = desk.change("desk:1", change("group", "Hardware", "Software"), "k", T0)

    assert (before, sent.state) == ("Hardware", SentState.DELIVERED)
    assert stub.issues[1]["category_id"] == 2


def test_a_customer_whom_a_field_names_is_not_written_to(
    world: RedmineWorld, stub: RedmineStub
) -> None:
    world.options = "kind: redmine, custom_fields: {customer.email: Contact, customer.tier: Tier}"
    stub.open_issue(1, T0, author_id=ANN, contact="zoe@example.com", tier="gold")
    desk = world.open()
    customer = ticket(desk).customer

    assert (customer.id, customer.email, customer.tier) == (
        "zoe@example.com",
        "zoe@example.com",
        "gold",
    )
    assert not desk.can.replies


def test_what_one_of_the_desk_opens_has_no_customer(stub: RedmineStub, desk: Helpdesk) -> None:
    stub.open_issue(1, T0, author_id=ANN)
    assert ticket(desk).customer.id is None


@pytest.mark.parametrize("more", [", agents: [eve]", ", agent_roles: [Nobody, Reporter]"])
def test_the_desk_may_be_named(world: RedmineWorld, stub: RedmineStub, more: str) -> None:
    world.options += more
    stub.open_issue(1, T0)
    stub.update(1, T0 + HOUR, EVE, "It burns")
    stub.update(1, T0 + 2 * HOUR, ANN, "We look at it")
    observation = world.open().read("desk:1", LATER).observation

    assert observation is not None
    by_name = [one.actor for one in observation.events or ()]
    is_by_login = "agents:" in more
    assert by_name == (
        [Actor.PERSON, Actor.PERSON] if is_by_login else [Actor.CUSTOMER, Actor.CUSTOMER]
    )


def test_tags_may_be_a_list(stub: RedmineStub, desk: Helpdesk) -> None:
    stub.open_issue(1, T0, tags=["vip"])
    stub.update(1, T0 + HOUR, tags=["vip", "late"])
    sent = desk.change("desk:1", (FieldChange("tags", ("vip", "late"), ("late", "x")),), "k", T0)
    observation = desk.read("desk:1", datetime.now(UTC) + HOUR).observation

    assert sent.state is SentState.DELIVERED
    assert stub.issues[1]["tags"] == ["late", "x"]
    assert observation is not None
    told = [(one.before, one.after) for one in observation.events or ()]
    assert [(tags(before), tags(after)) for before, after in told] == [
        ({"vip"}, {"vip", "late"}),
        ({"vip", "late"}, {"late", "x"}),
    ]


def test_a_change_that_is_left_undone_is_not_taken_for_done(
    stub: RedmineStub, desk: Helpdesk
) -> None:
    stub.open_issue(1, T0)
    stub.readonly = {"priority_id"}
    sent = desk.change("desk:1", change("priority", "medium", "urgent"), "k", T0)

    assert sent.state is SentState.REJECTED
    assert "priority was not changed to urgent" in (sent.reason or "")
    assert "workflow" in (sent.reason or "")


@pytest.mark.parametrize(
    "field, name, known", [("assignee", "Ann", "ann, escalatord"), ("group", "Desk", "desk")]
)
def test_a_name_that_is_unknown_is_refused_before_anything_is_written(
    stub: RedmineStub, desk: Helpdesk, field: str, name: str, known: str
) -> None:
    stub.open_issue(1, T0)
    sent = desk.change("desk:1", change(field, None, name), "k", T0)

    assert sent.state is SentState.REJECTED
    assert f"'{name}'" in (sent.reason or "")
    assert f"there is {known}" in (sent.reason or "")
    assert stub.journals[1] == []


def test_without_the_right_to_hide_notes_none_is_left(stub: RedmineStub, desk: Helpdesk) -> None:
    stub.open_issue(1, T0)
    stub.permissions = without("set_notes_private")
    sent = desk.note("desk:1", "She pays late", "k", T0)

    assert sent.state is SentState.RETRY
    assert "set_notes_private" in (sent.reason or "")
    assert stub.journals[1] == []


def test_a_note_that_became_public_is_named(stub: RedmineStub, desk: Helpdesk) -> None:
    stub.open_issue(1, T0)
    desk.note("desk:1", "She pays late", "k", T0)
    stub.journals[1][0]["private_notes"] = False
    sent = desk.note("desk:1", "She pays late", "k", T0)

    assert sent.state is SentState.REJECTED
    assert "became public: make it private" in (sent.reason or "")
    assert len(stub.journals[1]) == 1


@pytest.mark.parametrize(
    "right, need",
    [
        ("view_issues", Need.READ),
        ("edit_issues", Need.CHANGE),
        ("set_notes_private", Need.NOTE),
        ("add_issue_notes", Need.REPLY),
    ],
)
def test_a_missing_right_is_named_with_its_remedy(
    stub: RedmineStub, desk: Helpdesk, right: str, need: Need
) -> None:
    stub.permissions = without(right)
    (lack,) = desk.introduce().missing

    assert lack.need is need
    assert right in lack.right
    assert "in the role Desk" in lack.remedy


def test_who_may_not_see_tickets_any_more_reads_none(stub: RedmineStub, desk: Helpdesk) -> None:
    stub.open_issue(1, T0)
    first = desk.changes(None, LATER)
    stub.permissions = without("view_issues")

    with pytest.raises(HelpdeskError, match="view_issues"):
        desk.changes(first.watermark, LATER)


def test_a_resolved_ticket_is_not_written_to(stub: RedmineStub, desk: Helpdesk) -> None:
    stub.open_issue(1, T0, status_id=3)
    message = Message(key="k", to="eve@example.com", subject="s", text="t")

    assert desk.reply("desk:1", message, T0).state is SentState.REJECTED
    assert stub.journals[1] == []


def test_what_is_meant_for_a_resolved_ticket_is_written_there(
    stub: RedmineStub, desk: Helpdesk
) -> None:
    stub.open_issue(1, T0, status_id=3)
    facts = {"message": "follow_up"}
    message = Message(key="k", to="eve@example.com", subject="s", text="t", facts=facts)

    assert desk.reply("desk:1", message, T0).state is SentState.DELIVERED
    assert stub.issues[1]["status_id"] == 3


def test_a_deleted_ticket_is_gone_only_to_who_is_known(stub: RedmineStub, desk: Helpdesk) -> None:
    stub.open_issue(1, T0)
    del stub.issues[1]

    assert desk.read("desk:1", LATER).presence is Presence.GONE
    stub.token = "another"
    assert desk.read("desk:1", LATER).presence is Presence.UNREADABLE
