"""Merged tickets, tickets that are gone, and messages of robots, as a file tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.domain.ticket import Actor, EventKind
from engine.ports import Presence
from tests.helpdesks.desks import FAR, changes, event_log, snapshot

KEPT = "{column: into, otherwise: keep_previous}"
MAIL = """
    messages: [{where: {what: mail}, from: customer, automatic: {column: auto,
    values: {"": false, no: false}, otherwise: true}}]
""".strip()


def test_a_column_names_the_ticket_that_another_was_merged_into(tmp_path: Path) -> None:
    desk = snapshot(tmp_path, merged_into="into")
    desk.write("id,opened,status,into\n1,2016-03-02 16:00,closed,2\n2,2016-03-02 17:00,open,\n")
    told = {one.ticket.id: one.ticket.merged_into for one in desk.tell().observations}

    assert told == {"desk:1": "desk:2", "desk:2": None}


def test_in_an_event_log_a_merge_is_an_event_that_later_rows_need_not_repeat(
    tmp_path: Path,
) -> None:
    desk = event_log(tmp_path, merged_into=KEPT)
    desk.write(
        "id,at,status,into\n1,2016-03-02 16:00,open,\n"
        "1,2016-03-02 17:00,closed,2\n1,2016-03-02 18:00,closed,\n"
    )
    told = desk.only()

    assert ("merged_into", None, "desk:2") in changes(told)
    assert told.ticket.merged_into == "desk:2"


@pytest.mark.parametrize("survivor", ["1", "desk:1"])
def test_no_ticket_is_merged_into_itself(tmp_path: Path, survivor: str) -> None:
    desk = snapshot(tmp_path, merged_into="into")
    desk.write(f"id,opened,status,into\n1,2016-03-02 16:00,open,{survivor}\n")

    assert desk.ticket().merged_into is None


def test_a_survivor_may_be_named_by_its_full_id(tmp_path: Path) -> None:
    desk = snapshot(tmp_path, merged_into="into")
    desk.write("id,opened,status,into\n1,2016-03-02 16:00,open,desk:2\n")

    assert desk.ticket().merged_into == "desk:2"


def test_a_row_can_say_that_its_ticket_is_gone(tmp_path: Path) -> None:
    desk = event_log(
        tmp_path,
        status="{column: status, otherwise: keep_previous}",
        gone="{column: status, values: {Deleted: true}, otherwise: false}",
    )
    desk.write("id,at,status\n1,2016-03-02 16:00,open\n1,2016-03-02 17:00,Deleted\n")

    assert changes(desk.only()) == [("is_gone", False, True)]
    assert desk.helpdesk.read("desk:1", FAR).presence is Presence.GONE


def test_a_customers_address_may_be_a_robots(tmp_path: Path) -> None:
    desk = event_log(tmp_path, customer__is_automatic="robot")
    desk.write("id,at,status,robot\n1,2016-03-02 16:00,open,yes\n2,2016-03-02 16:00,open,\n")
    told = {one.ticket.id: one.ticket.customer.is_automatic for one in desk.tell().observations}

    assert told == {"desk:1": True, "desk:2": False}


@pytest.mark.parametrize(
    "mark, author",
    [("", Actor.CUSTOMER), ("no", Actor.CUSTOMER), ("auto-replied", Actor.ROBOT)],
)
def test_a_message_that_is_marked_automatic_is_a_robots(
    tmp_path: Path, mark: str, author: Actor
) -> None:
    desk = event_log(tmp_path, MAIL)
    desk.write(f"id,at,status,what,auto\n1,2016-03-02 16:00,open,mail,{mark}\n")
    (message,) = desk.only().events or ()

    assert (message.kind, message.actor) == (EventKind.MESSAGE, author)


def test_what_an_automatic_message_changes_no_person_changed(tmp_path: Path) -> None:
    desk = event_log(tmp_path, MAIL)
    desk.write(
        "id,at,status,what,auto\n1,2016-03-02 16:00,resolved,,\n"
        "1,2016-03-04 16:00,open,mail,auto-replied\n"
    )
    told = desk.only().events or ()

    assert [(one.field, one.actor) for one in told if one.field == "status"] == [
        ("status", Actor.ROBOT)
    ]


def test_a_mark_without_meaning_rejects_the_row(tmp_path: Path) -> None:
    marked = "{where: {what: mail}, from: customer, automatic: auto}"
    desk = event_log(tmp_path, f"messages: [{marked}]")
    desk.write("id,at,status,what,auto\n1,2016-03-02 16:00,open,mail,perhaps\n")
    (rejected,) = desk.tell().rejected

    assert (rejected.code, rejected.line) == ("unknown-value", 2)
