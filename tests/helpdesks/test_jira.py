"""What Jira Service Management does in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.actions import FieldChange
from engine.domain.ticket import Actor, EventKind, Priority, Status
from engine.errors import ConfigError, HelpdeskError
from engine.helpdesks.jira.desk import JiraHelpdesk
from engine.helpdesks.jira.document import text_of_document
from engine.ports import Json, Message, Need, Observation, Presence, SentState
from tests.helpdesks.stub_worlds import JiraWorld
from tests.helpdesks.stubs.jira import (
    ANN,
    APP,
    EVE,
    OURSELVES,
    PARTICIPANTS,
    SLA,
    TEAM,
    TIER,
    JiraStub,
    status,
)
from tests.helpdesks.stubs.server import Call
from tests.helpdesks.worlds import options_of

T0 = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNTIL = T0 + timedelta(days=1)
MORE = (
    ", sla: Time to resolution, custom_fields: {group: Team, customer.tier: Tier, fields.o: Effort}"
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[JiraWorld]:
    made = JiraWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stub(world: JiraWorld) -> JiraStub:
    return world.jira


@pytest.fixture
def desk(world: JiraWorld) -> JiraHelpdesk:
    world.options = world.options.replace(", custom_fields: {group: Team}", MORE)
    opened = world.open()
    assert isinstance(opened, JiraHelpdesk)
    return opened


def told(desk: JiraHelpdesk, watermark: Json | None = None) -> list[Observation]:
    """All that there is to tell now."""
    batch = desk.changes(watermark, UNTIL)
    found = list(batch.observations)
    while not batch.is_complete:
        batch = desk.changes(batch.watermark, UNTIL)
        found += batch.observations
    return found


def only(desk: JiraHelpdesk) -> Observation:
    (found,) = told(desk)
    return found


# --- reading -------------------------------------------------------------------------------------


def test_fields_become_the_words_that_rules_use(stub: JiraStub, desk: JiraHelpdesk) -> None:
    breach = {"epochMillis": int((T0 + HOUR).timestamp() * 1000)}
    values = {
        TEAM: {"id": "1", "value": "Tier 2"},
        TIER: "gold",
        SLA: {"name": "Time to resolution", "ongoingCycle": {"breachTime": breach}},
    }
    stub.open_issue(
        1,
        T0,
        summary="Printer",
        status=status("Pending"),
        priority={"name": "Highest"},
        assignee=stub.users[ANN],
        labels=["vip"],
        **values,
    )

    seen = only(desk).ticket

    assert (seen.id, dict(seen.fields), seen.subject) == ("desk:1", {"key": "SUP-1"}, "Printer")
    assert (seen.status, seen.raw_status) == (Status.PENDING_INTERNAL, "Pending")
    assert (seen.priority, seen.type, seen.tags) == (Priority.URGENT, "Service Request", ("vip",))
    assert (seen.group, seen.assignee) == ("Tier 2", "ann@desk.example")
    assert (seen.customer.id, seen.customer.email) == (EVE, "eve@example.com")
    assert (seen.customer.tier, seen.due_at) == ("gold", T0 + HOUR)


@pytest.mark.parametrize(
    "name, word",
    [
        ("To Do", Status.NEW),
        ("In Progress", Status.OPEN),
        ("Waiting for customer", Status.PENDING_CUSTOMER),
        ("Resolved", Status.RESOLVED),
        ("Closed", Status.CLOSED),
    ],
)
def test_a_status_is_known_by_its_name_or_its_category(
    stub: JiraStub, desk: JiraHelpdesk, name: str, word: Status
) -> None:
    stub.open_issue(1, T0, status=status(name))
    assert only(desk).ticket.status is word


@pytest.mark.parametrize(
    "theirs, word", [(None, None), ({"name": "Lowest"}, Priority.LOW), ({"name": "P0"}, None)]
)
def test_a_priority_may_be_missing_or_unknown(
    stub: JiraStub, desk: JiraHelpdesk, theirs: object, word: Priority | None
) -> None:
    stub.open_issue(1, T0, priority=theirs)
    assert only(desk).ticket.priority is word


def test_an_assignee_whose_address_is_hidden_is_an_account(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    del stub.users[ANN]["emailAddress"]
    stub.open_issue(1, T0, assignee=stub.users[ANN])
    assert only(desk).ticket.assignee == ANN


def test_an_open_request_that_nobody_touched_for_months_is_told(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    stub.open_issue(1, T0 - timedelta(days=400), status=status("In Progress"))
    stub.open_issue(2, T0 - timedelta(days=400), status=status("Closed"))
    assert [one.ticket.id for one in told(desk)] == ["desk:1"]


def test_none_is_lost_while_requests_change_between_two_pages(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    for number in range(1, 251):
        stub.open_issue(number, T0 - timedelta(days=200) + timedelta(minutes=number))
    batch = desk.changes(None, UNTIL)
    seen = {one.ticket.id for one in batch.observations}
    number = 0
    while not batch.is_complete:
        number += 1
        stub.change(number, T0 + timedelta(minutes=number), ANN, summary="changed meanwhile")
        batch = desk.changes(batch.watermark, UNTIL)
        seen |= {one.ticket.id for one in batch.observations}

    assert len(seen) == 250


def test_none_is_lost_of_many_that_changed_in_one_minute(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    for number in range(1, 351):
        stub.open_issue(number, T0 + timedelta(milliseconds=100 * number))
    batch = desk.changes(None, UNTIL)
    seen = {one.ticket.id for one in batch.observations}
    number = 0
    while not batch.is_complete:
        number += 1
        if number < 4:  # it moves to the end, and all that follow it one place up
            stub.change(number, T0 + HOUR, ANN, summary="changed meanwhile")
        batch = desk.changes(batch.watermark, UNTIL)
        seen |= {one.ticket.id for one in batch.observations}

    assert len(seen) == 350


def test_a_token_that_has_expired_begins_the_page_anew(stub: JiraStub, desk: JiraHelpdesk) -> None:
    for number in range(1, 151):
        stub.open_issue(number, T0)
    watermark = desk.changes(desk.changes(None, UNTIL).watermark, UNTIL).watermark
    jql, _, token = str(watermark["more"]).partition(" → ")
    assert token
    found = told(desk, watermark | {"more": f"{jql} → expired"})
    assert {f"desk:{number}" for number in range(101, 151)} <= {one.ticket.id for one in found}


def test_what_the_search_finds_late_is_read_in_the_next_sweep(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    stub.open_issue(1, T0)
    stub.open_issue(2, T0)
    watermark = desk.changes(None, UNTIL).watermark
    stub.fall_behind()
    stub.change(1, T0 + timedelta(minutes=1), ANN, summary="late")
    stub.change(2, T0 + timedelta(minutes=4), ANN, summary="in time")
    stub.index = {**(stub.index or {}), "2": stub.issues["2"]}
    batch = desk.changes(watermark, UNTIL)
    assert [one.ticket.subject for one in batch.observations] == ["in time"]

    stub.index = None
    batch = desk.changes(batch.watermark, UNTIL)
    assert [one.ticket.subject for one in batch.observations] == ["late"]


def test_a_search_that_is_behind_does_not_hide_what_we_did(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    stub.open_issue(1, T0)
    stub.fall_behind()
    change = (FieldChange("priority", "medium", "urgent"),)
    assert desk.change("desk:1", change, "k", T0).state is SentState.DELIVERED
    reading = desk.read("desk:1", datetime.now(UTC) + HOUR).observation
    assert reading is not None
    assert reading.ticket.priority is Priority.URGENT


def test_it_asks_for_so_many_minutes_ago_and_for_no_instant_of_a_zone(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    stub.open_issue(1, T0)
    told(desk)
    form = re.compile(
        r'project in \("SUP"\)( AND statusCategory != Done)?( AND updated >= "-\d+m")?'
        r"( ORDER BY updated ASC, id ASC)?"
    )
    asked = [one.body["jql"] for one in stub.calls(Call.LIST)]
    assert [jql for jql in asked if form.fullmatch(jql) is None] == []
    assert any("updated >= " in jql for jql in asked)


def test_the_pages_of_one_query_are_asked_for_by_that_query(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    for number in range(1, 251):
        stub.open_issue(number, T0)
    batch = desk.changes(None, UNTIL)
    while not batch.is_complete:
        now = stub.clock()
        stub.clock = lambda now=now: now + timedelta(minutes=1)  # type: ignore[misc]
        batch = desk.changes(batch.watermark, UNTIL)
    asked = [one.body for one in stub.calls(Call.LIST) if "fields" in one.body]
    before = [asked[place - 1]["jql"] for place, one in enumerate(asked) if "nextPageToken" in one]
    assert before
    assert before == [one["jql"] for one in asked if "nextPageToken" in one]


def test_it_counts_what_is_open(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0)
    stub.open_issue(2, T0, status=status("Resolved"))
    assert desk.changes(None, UNTIL).open_tickets == 1


def test_a_request_is_gone_only_where_we_may_see_its_project(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    stub.open_issue(1, T0)
    assert desk.read("desk:2", UNTIL).presence is Presence.GONE
    stub.rights -= {"BROWSE_PROJECTS"}
    assert desk.read("desk:1", UNTIL).presence is Presence.UNREADABLE


# --- the story -----------------------------------------------------------------------------------


def test_the_story_tells_who_did_what(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0)
    in_progress = status("In Progress")
    stub.change(1, T0 + HOUR, ANN, status=in_progress, assignee=stub.users[ANN], labels=["vip"])
    stub.change(1, T0 + 2 * HOUR, APP, priority={"name": "High"})
    stub.change(1, T0 + 3 * HOUR, ANN, **{TEAM: {"value": "Tier 2"}})

    seen = only(desk)

    assert seen.opening is not None
    assert (seen.opening.status, seen.opening.assignee, seen.opening.tags) == (Status.NEW, None, ())
    assert [(e.field, e.before, e.after, e.actor) for e in seen.events or ()] == [
        ("status", "new", "open", Actor.PERSON),
        ("raw_status", "To Do", "In Progress", Actor.PERSON),
        ("assignee", None, "ann@desk.example", Actor.PERSON),
        ("tags", (), ("vip",), Actor.PERSON),
        ("priority", Priority.MEDIUM, Priority.HIGH, Actor.ROBOT),
        ("group", None, "Tier 2", Actor.PERSON),
    ]
    assert seen.by_our_account == frozenset()


def test_it_tells_who_said_what_to_whom(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.users["5b9"] = {"accountId": "5b9", "displayName": "Dan", "accountType": "atlassian"}
    stub.open_issue(1, T0, **{PARTICIPANTS: [stub.users["5b9"]]})
    stub.say(1, T0 + HOUR, ANN, "Try\nagain")
    stub.say(1, T0 + 2 * HOUR, ANN, "Hm", is_public=False)
    stub.say(1, T0 + 3 * HOUR, EVE, "Still broken")
    stub.say(1, T0 + 4 * HOUR, "5b9", "Mine, too")
    stub.say(1, T0 + 5 * HOUR, APP, "We got it")

    said = [one for one in only(desk).events or () if one.kind is EventKind.MESSAGE]

    assert [(one.actor, one.is_public, one.text) for one in said] == [
        (Actor.PERSON, True, "Try\nagain"),
        (Actor.PERSON, False, "Hm"),
        (Actor.CUSTOMER, True, "Still broken"),
        (Actor.CUSTOMER, True, "Mine, too"),
        (Actor.ROBOT, True, "We got it"),
    ]


def test_a_status_that_was_deleted_since_is_open(stub: JiraStub, desk: JiraHelpdesk) -> None:
    gone = {"id": "99", "name": "Triage", "statusCategory": {"key": "new"}}
    stub.open_issue(1, T0, status=gone)
    stub.change(1, T0 + HOUR, ANN, status=status("Resolved"))
    seen = only(desk)
    assert seen.opening is not None
    assert (seen.opening.status, seen.ticket.status) == (Status.OPEN, Status.RESOLVED)


def test_what_our_account_wrote_is_told_as_by_our_account(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    stub.open_issue(1, T0)
    stub.change(1, T0 + HOUR, OURSELVES, priority={"name": "High"})
    stub.say(1, T0 + HOUR, OURSELVES, "By us")
    seen = only(desk)
    assert seen.by_our_account == frozenset(one.id for one in seen.events or ())


def test_all_of_a_long_story_is_told(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0)
    for minute in range(130):
        stub.say(1, T0 + timedelta(minutes=minute), EVE, "Hello?")
        stub.change(1, T0 + timedelta(minutes=minute), ANN, summary=str(minute))
    assert len(only(desk).events or ()) == 260


# --- documents -----------------------------------------------------------------------------------


def test_a_document_reads_as_it_is_shown() -> None:
    def paragraph(*texts: str) -> Json:
        return {"type": "paragraph", "content": [{"type": "text", "text": one} for one in texts]}

    document = {
        "type": "doc",
        "content": [
            paragraph("Hello ", "Eve"),
            {"type": "blockquote", "content": [paragraph("quoted")]},
            {
                "type": "bulletList",
                "content": [{"type": "listItem", "content": [paragraph("one")]}],
            },
            {
                "type": "paragraph",
                "content": [
                    {"type": "mention", "attrs": {"id": "5b2", "text": "@Ann"}},
                    {"type": "hardBreak"},
                    {"type": "inlineCard", "attrs": {"url": "https://x.example"}},
                ],
            },
        ],
    }
    assert text_of_document(document) == "Hello Eve\none\n\n@Ann\nhttps://x.example"


@pytest.mark.parametrize("document, text", [(None, ""), ({}, ""), ("plain", "plain")])
def test_what_is_no_document_is_taken_as_it_is(document: object, text: str) -> None:
    assert text_of_document(document) == text


# --- writing -------------------------------------------------------------------------------------


def test_words_become_fields_and_a_transition(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0, labels=["vip", "old"])
    changes = (
        FieldChange("group", None, "Tier 2"),
        FieldChange("assignee", None, "ann@desk.example"),
        FieldChange("tags", ("vip", "old"), ("vip", "escalated")),
        FieldChange("status", "new", "pending_internal"),
        FieldChange("priority", "medium", "urgent"),
        FieldChange("subject", "s", "Printer"),
    )

    sent = desk.change("desk:1", changes, "k", T0)

    assert sent.state is SentState.DELIVERED
    fields = stub.issues["1"]["fields"]
    assert (fields["status"]["name"], fields["priority"]) == ("Pending", {"name": "Highest"})
    assert (fields["assignee"]["accountId"], fields["summary"]) == (ANN, "Printer")
    assert (fields["labels"], fields[TEAM]) == (["vip", "escalated"], {"value": "Tier 2"})
    assert [one.method for one in stub.calls(Call.CHANGE)] == ["PUT", "POST"]


def test_a_label_that_somebody_gave_meanwhile_stays(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0)
    desk.change("desk:1", (FieldChange("tags", (), ("escalated",)),), "k", T0)
    (request,) = stub.calls(Call.CHANGE)
    assert request.body == {"update": {"labels": [{"add": "escalated"}]}}


def test_fields_are_emptied(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0, assignee=stub.users[ANN], **{TEAM: {"value": "Tier 2"}})
    changes = (
        FieldChange("assignee", "ann@desk.example", None),
        FieldChange("group", "Tier 2", None),
    )
    assert desk.change("desk:1", changes, "k", T0).state is SentState.DELIVERED
    fields = stub.issues["1"]["fields"]
    assert (fields["assignee"], fields[TEAM]) == (None, None)


@pytest.mark.parametrize(
    "change, named",
    [
        (FieldChange("assignee", None, "bob@desk.example"), "bob@desk.example"),
        (FieldChange("status", "new", "closed"), "leads from here to closed, but to Pending"),
        (FieldChange("fields.o", None, "3"), "'Effort' (our fields.o) is of type number"),
    ],
)
def test_what_is_not_there_is_named(
    stub: JiraStub, desk: JiraHelpdesk, change: FieldChange, named: str
) -> None:
    stub.leads_to = ("Pending",)
    stub.open_issue(1, T0)
    sent = desk.change("desk:1", (change,), "k", T0)
    assert (sent.state, sent.only_this) == (SentState.RETRY, True)
    assert named in sent.reason
    assert stub.stories["1"] == []


def test_a_good_answer_is_no_proof(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0)
    stub.ignored = {"priority"}
    change = (FieldChange("priority", "medium", "urgent"),)
    sent = desk.change("desk:1", change, "k", T0)
    assert (sent.state, "was not changed" in sent.reason) == (SentState.REJECTED, True)


def test_a_refusal_tells_which_field_was_wrong(world: JiraWorld, stub: JiraStub) -> None:
    world.options += ", priorities: {urgent: Blocker}"
    stub.open_issue(1, T0)
    change = (FieldChange("priority", "medium", "urgent"),)
    sent = world.open().change("desk:1", change, "k", T0)
    assert sent.state is SentState.REJECTED
    assert "priority: The priority selected is invalid: Blocker" in sent.reason


def test_a_note_is_internal_and_a_reply_public(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0)
    for _ in range(2):
        desk.note("desk:1", "why", "k", T0)
        desk.reply("desk:1", Message("k2", "", "s", "Dear Eve"), T0)
    assert [one["jsdPublic"] for one in stub.said["1"]] == [False, True]
    assert (desk.has_note("desk:1", "k"), desk.has_reply("desk:1", "k")) == (True, False)


def test_our_mark_by_another_hand_proves_nothing(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0)
    stub.open_issue(2, T0)
    desk.reply("desk:1", Message("k", "", "s", "t"), T0)
    stub.say(2, T0, ANN, stub.said["1"][0]["text"])
    assert desk.has_reply("desk:2", "k") is False


def test_a_resolved_request_takes_a_note_and_no_reply(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.open_issue(1, T0, status=status("Resolved"))
    assert desk.note("desk:1", "why", "k", T0).state is SentState.DELIVERED
    reply = desk.reply("desk:1", Message("k2", "", "s", "t"), T0)
    assert (reply.state, "resolved" in reply.reason) == (SentState.REJECTED, True)


# --- who we are ----------------------------------------------------------------------------------


def test_missing_rights_are_named(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.fields = stub.fields[:1]
    stub.rights = {"BROWSE_PROJECTS"}
    missing = [(one.right, one.need) for one in desk.introduce().missing]
    assert missing == [
        ("Edit Issues (SUP)", Need.CHANGE),
        ("Transition Issues (SUP)", Need.CHANGE),
        ("Assign Issues (SUP)", Need.CHANGE),
        ("Add Comments (SUP)", Need.NOTE),
        ("Fields", Need.READ),
        ("Fields", Need.READ),
        ("SLA", Need.READ),
    ]


def test_a_project_that_is_hidden_from_us_cannot_be_read(
    stub: JiraStub, desk: JiraHelpdesk
) -> None:
    stub.rights = set()
    missing = desk.introduce().missing
    assert ("Browse Projects (SUP)", Need.READ) in [(one.right, one.need) for one in missing]


def test_an_account_with_all_rights_lacks_nothing(desk: JiraHelpdesk) -> None:
    introduction = desk.introduce()
    assert (introduction.account, introduction.missing) == ("bot@desk.example", ())
    assert introduction.zone == "Europe/Berlin"


def test_an_access_token_needs_no_address(world: JiraWorld) -> None:
    world.options = world.options.replace("email: bot@desk.example, ", "")
    assert world.open().introduce().account == "bot@desk.example"


def test_a_token_that_was_revoked_is_named(stub: JiraStub, desk: JiraHelpdesk) -> None:
    stub.token = "another"
    with pytest.raises(HelpdeskError, match=r"401 Unauthorized.*make a new one"):
        desk.introduce()


@pytest.mark.parametrize(
    "wrong",
    [
        "projects: [SUP], custom_fields: {nonsense: Team}",
        "projects: [SUP], statuses: {Waiting: waiting}",
        "projects: [SUP], priorities: {huge: Highest}",
        "projects: [sup]",
        "projects: []",
        "email: bot@desk.example",
    ],
)
def test_what_makes_no_sense_in_the_config_is_refused(tmp_path: Path, wrong: str) -> None:
    text = f"{{kind: jira, url: 'https://x.atlassian.net', token_env: T, {wrong}}}"
    with pytest.raises(ConfigError):
        options_of(tmp_path, text)
