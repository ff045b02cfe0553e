"""The real Redmine, with the real pipeline: what another client of Redmine sees of us."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.domain.ticket import Actor
from tests.helpdesks.real.beside import HOUR
from tests.helpdesks.real.redmine.desk import Desk, unread
from tests.helpdesks.real.redmine.server import ROLE, US, Redmine

pytestmark = pytest.mark.system("Redmine")


@pytest.fixture
def desk(redmine: Redmine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    made = Desk(redmine, tmp_path, redmine.project("support"), redmine.project("escalations"))
    made.write(getattr(request, "param", "opened"))
    made.start()
    yield made
    made.app.close()


def test_what_a_rule_does_is_there_for_another_client(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project, owner="alice", Tier="Gold", Tags="vip")
    redmine.age(number, 3)
    desk.tick()

    ticket = redmine.ticket(number)
    assert ticket["priority"]["name"] == "Urgent"
    assert redmine.project_of(number) == desk.other
    assert redmine.owner(number) == "lead"
    assert redmine.custom(number, "Tags") == "vip, late"
    ((who, note),) = redmine.said(number, private=True)
    assert who == US
    assert "late" in note
    ((who, reply),) = redmine.said(number, private=False)
    assert who == US
    assert "we are still working" in reply
    assert any("still working" in mail and "eve@desk.example" in mail for mail in redmine.mails())
    assert desk.states() == {"delivered"}


def test_what_we_did_is_ours_when_it_is_read_again(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project, owner="alice")
    redmine.age(number, 3)
    desk.tick()
    desk.tick()
    again = desk.tick()

    of_ours = [event for event in desk.history(number).events if event.who != alice(redmine)]
    assert len(of_ours) >= len(("priority", "tags", "group", "assignee", "reply"))
    assert {event.actor for event in of_ours} <= {Actor.OURSELVES, Actor.ROBOT}
    assert again.evaluated.fired == []
    assert len(redmine.said(number, private=True)) == 1


def alice(redmine: Redmine) -> str:
    return redmine.people["alice"]


@pytest.mark.parametrize("desk", ["waiting"], indirect=True)
def test_our_answer_does_not_reset_the_clock(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project)
    redmine.age(number, 3)
    desk.tick()  # fires, and writes to the customer
    fired = desk.episodes(number)
    for _ in range(3):
        desk.tick()

    assert len(redmine.said(number, private=False)) == 1
    view = desk.history(number).as_of(desk.now())
    assert view.waiting is not None
    assert view.waiting.at == view.ticket.created_at
    assert desk.episodes(number) == fired


@pytest.mark.parametrize("desk", ["waiting"], indirect=True)
def test_a_customers_note_resets_the_clock(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project)
    redmine.say(number, "We looked at it", "alice")
    redmine.age(number, 3)
    desk.tick()
    assert desk.history(number).as_of(desk.now()).waiting is None
    redmine.say(number, "It burns again", "eve")
    desk.tick()

    view = desk.history(number).as_of(desk.now())
    assert view.waiting is not None
    assert view.waiting.at == view.last_customer_message_at
    assert redmine.project_of(number) == desk.project


def test_what_an_agent_changed_meanwhile_stays(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project, owner="alice")
    redmine.age(number, 3)
    desk.decide()
    redmine.set(number, "bob", owner="bob", priority="High")
    desk.deliver()

    assert redmine.owner(number) == "bob"
    assert redmine.ticket(number)["priority"]["name"] == "High"
    assert redmine.custom(number, "Tags") == "late"


def test_a_resolved_ticket_is_left_alone(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project)
    redmine.age(number, 3)
    desk.decide()
    redmine.set(number, status="Resolved")
    desk.deliver()
    desk.tick()

    assert redmine.ticket(number)["status"]["name"] == "Resolved"
    assert redmine.said(number, private=False) == []
    assert redmine.ticket(number)["priority"]["name"] == "Normal"


def test_without_the_right_to_see_tickets_none_counts_as_resolved(
    redmine: Redmine, desk: Desk
) -> None:
    number = redmine.open(desk.project)
    desk.tick()
    with redmine.without("view_issues"):
        blind = desk.tick()
        redmine.set(number, subject="Changed while we were blind")
        still = desk.tick()
    seeing = desk.tick()

    assert "view_issues" in unread(blind)
    assert f"tick 'View Issues' in the role {ROLE}" in unread(still)
    assert unread(seeing) == ""
    assert desk.record(number).source.subject == "Changed while we were blind"
    assert not desk.record(number).source.status.is_resolved


def test_a_role_that_shows_only_our_own_tickets_resolves_none(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project)
    desk.tick()
    redmine.set_visibility("own")
    try:
        blind = desk.tick()
    finally:
        redmine.set_visibility("all")
    redmine.age(number, 3)
    seeing = desk.tick()

    assert "'Issues visibility'" in unread(blind)
    assert unread(seeing) == ""
    assert redmine.project_of(number) == desk.other


@pytest.mark.parametrize("right", ["edit_issues", "add_issue_notes", "set_notes_private"])
def test_what_a_missing_right_forbids_waits_until_it_is_granted(
    redmine: Redmine, desk: Desk, right: str
) -> None:
    number = redmine.open(desk.project, owner="alice")
    desk.tick()
    redmine.age(number, 3)
    with redmine.without(right):
        desk.cycle.acquaintance.doubt("desk")
        work = desk.tick()
        waiting = desk.reasons()
        is_moved = redmine.project_of(number) == desk.other
        notes = redmine.said(number, private=False)
    for hour in range(1, 4):
        desk.tick(hour * HOUR)

    assert {lack.right.split()[0] for lack in work.introduced["desk"].missing} == {right}
    assert any(right in reason for reason in waiting.values())
    assert is_moved is (right != "edit_issues")
    assert len(notes) == (1 if right == "set_notes_private" else 0)
    assert redmine.project_of(number) == desk.other
    assert len(redmine.said(number, private=True)) == 1
    assert len(redmine.said(number, private=False)) == 1


def test_a_reset_key_stops_everything_until_there_is_a_new_one(
    redmine: Redmine, desk: Desk
) -> None:
    number = redmine.open(desk.project)
    desk.tick()
    redmine.age(number, 3)
    redmine.key = redmine.new_key()
    redmine.set(number, subject="Changed while we were nobody")
    refused = desk.tick()
    assert redmine.project_of(number) == desk.project
    desk.use_key(redmine.key)
    desk.tick(HOUR)

    assert "401" in unread(refused)
    assert "make a new one" in unread(refused)
    assert desk.record(number).source.subject == "Changed while we were nobody"
    assert redmine.project_of(number) == desk.other


def test_a_field_that_is_taken_away_is_not_taken_for_empty(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project, Tier="Gold")
    desk.tick()
    redmine.set_field("Tier", shown=False)
    try:
        redmine.set(number, subject="It burns still")
        without = desk.tick()
        again = desk.tick()
    finally:
        redmine.set_field("Tier", shown=True)
    mended = desk.tick()

    assert "Tier" in unread(without)
    assert "custom_fields" in unread(again)
    assert unread(mended) == ""
    assert desk.record(number).source.customer.tier == "Gold"
    assert desk.record(number).source.subject == "It burns still"


def test_what_the_workflow_forbids_is_told_and_not_taken_for_done(
    redmine: Redmine, desk: Desk
) -> None:
    number = redmine.open(desk.project)
    redmine.age(number, 3)
    redmine.forbid("priority_id")
    try:
        desk.tick()
    finally:
        redmine.permit("priority_id")

    reason = desk.reasons()["change"]
    assert desk.outbox()["change"] == "rejected"
    assert "priority was not changed to urgent" in reason
    assert "workflow" in reason
    assert redmine.ticket(number)["priority"]["name"] == "Normal"


def test_a_clock_that_is_ahead_is_told_and_what_it_stamped_counts_from_then_on(
    redmine: Redmine, desk: Desk
) -> None:
    number = redmine.open(desk.project)
    desk.tick()
    redmine.age(number, 3)
    with redmine.clock_set(3 * HOUR):
        redmine.set(number, status="Resolved")
        desk.cycle.acquaintance.doubt("desk")
        wrong = desk.tick()
        still = desk.tick()
    mended = desk.tick(HOUR)
    redmine.age(number, 0)  # the youngest change of all is no more one of the future

    assert "its clock is 1" in unread(wrong)
    assert "set the wrong one right" in unread(wrong)
    assert unread(still) == unread(mended) == ""
    assert redmine.ticket(number)["status"]["name"] == "Resolved"
    assert redmine.said(number, private=False) == []
    assert redmine.said(number, private=True) == []


@pytest.mark.parametrize("ahead", [3 * HOUR, -3 * HOUR])
def test_while_its_clock_is_wrong_nothing_is_read_and_afterwards_nothing_is_lost(
    redmine: Redmine, desk: Desk, ahead: timedelta
) -> None:
    number = redmine.open(desk.project)
    with redmine.behind_a_proxy():
        desk.tick()
        with redmine.clock_set(ahead):
            redmine.say(number, "It burns again", "eve")
            wrong = desk.tick()
            still = desk.tick()
            assert redmine.project_of(number) == desk.project
        desk.tick(HOUR)
        mended = desk.tick()
    redmine.age(number, 0)

    assert "its clock is 1" in unread(wrong)
    assert "set the wrong one right" in unread(still)
    assert unread(mended) == ""
    has_come = any(event.actor is Actor.CUSTOMER for event in desk.history(number).events)
    assert has_come is (ahead < timedelta()), "what bears a time to come counts from then on"


@pytest.mark.parametrize("zone", ["Auckland", "Eastern Time (US & Canada)"])
def test_a_changed_zone_of_our_account_changes_nothing(
    redmine: Redmine, desk: Desk, zone: str
) -> None:
    number = redmine.open(desk.project)
    desk.tick()
    redmine.set_zone(zone)
    redmine.set(number, subject="In another zone")
    desk.tick()

    assert desk.record(number).source.subject == "In another zone"
    assert desk.record(number).source.created_at <= desk.now()


def test_a_server_that_is_away_is_read_on_when_it_is_back(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project)
    redmine.age(number, 3)
    with redmine.down():
        away = desk.tick()
    desk.tick(HOUR)

    assert "cannot be reached" in unread(away)
    assert redmine.project_of(number) == desk.other
    assert len(redmine.said(number, private=True)) == 1


def test_nothing_more_is_done_to_a_deleted_ticket(redmine: Redmine, desk: Desk) -> None:
    number = redmine.open(desk.project)
    redmine.age(number, 3)
    desk.decide()
    redmine.delete(number)
    desk.deliver()

    assert set(desk.reasons().values()) == {"gone"}


def test_a_ticket_that_leaves_our_projects_is_gone_to_us(redmine: Redmine, desk: Desk) -> None:
    number, elsewhere = redmine.open(desk.project), redmine.project("billing")
    desk.tick()
    redmine.set(number, project=elsewhere)
    desk.tick()

    assert desk.record(number).source.is_gone
