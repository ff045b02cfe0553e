"""What the texts of columns mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.domain.ticket import Actor, EventKind, Priority, Status
from tests.helpdesks.desks import changes, event_log, mapping, snapshot, utc

ACTIVITY = "{column: status, values: {Open: open, Wait: pending_customer, Done: resolved}"


def test_every_field_is_mapped(tmp_path: Path) -> None:
    names = [
        "opened", "subject", "status", "raw_status", "priority", "tags", "type", "group",
        "assignee", "channel", "language", "due", "customer.id", "customer.name",
        "customer.email", "customer.tier", "customer.organization", "customer.language",
        "customer.no_updates", "customer.is_automatic", "merged_into", "gone", "fields.site",
    ]  # fmt: skip
    columns = {name.replace(".", "__"): name for name in names}
    desk = event_log(tmp_path, **columns)
    desk.write(
        f"id,at,{','.join(names)}\n"
        "1,2016-03-02 16:00,2016-03-02 15:00,Printer,open,In work,high,b;a,hardware,tier-1,"
        "ann,mail,de,2016-03-04 12:00,c1,Eve,eve@example.com,vip,Acme,de,yes,1,2,no,Berlin\n"
    )
    ticket = desk.ticket()

    assert ticket.id == "desk:1"
    assert ticket.created_at == utc("2016-03-02 15:00")
    assert ticket.status is Status.OPEN
    assert ticket.raw_status == "In work"
    assert ticket.subject == "Printer"
    assert ticket.type == "hardware"
    assert ticket.priority is Priority.HIGH
    assert ticket.tags == ("a", "b")
    assert (ticket.group, ticket.assignee, ticket.channel) == ("tier-1", "ann", "mail")
    assert ticket.language == "de"
    assert ticket.due_at == utc("2016-03-04 12:00")
    customer = ticket.customer
    assert (customer.id, customer.name, customer.email) == ("c1", "Eve", "eve@example.com")
    assert (customer.tier, customer.organization, customer.language) == ("vip", "Acme", "de")
    assert (customer.no_updates, customer.is_automatic) == (True, True)
    assert (ticket.merged_into, ticket.is_gone) == ("desk:2", False)
    assert ticket.fields == {"site": "Berlin"}


def test_what_is_missing_is_nothing(tmp_path: Path) -> None:
    desk = event_log(
        tmp_path,
        'missing: ["?", N/A]',
        priority="p", tags="t", subject="s", assignee="a", due="d", customer__id="c",
        fields__site="f",
    )  # fmt: skip
    desk.write("id,at,status,p,t,s,a,d,c,f\n1,2016-03-02 16:00,open,?,,N/A, ? ,?,,?\n")
    ticket = desk.ticket()

    assert ticket.priority is None
    assert ticket.tags == ()
    assert ticket.subject == ""
    assert ticket.assignee is None
    assert ticket.due_at is None
    assert ticket.customer.id is None
    assert ticket.fields == {}


def test_a_field_that_is_not_mapped_is_unknown(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write("id,at,status,priority\n1,2016-03-02 16:00,open,high\n")

    assert desk.ticket().priority is None


def test_our_own_words_need_no_values(tmp_path: Path) -> None:
    desk = event_log(tmp_path, priority="priority")
    desk.write("id,at,status,priority\n1,2016-03-02 16:00,Pending_Customer,URGENT\n")
    ticket = desk.ticket()

    assert ticket.status is Status.PENDING_CUSTOMER
    assert ticket.raw_status == "Pending_Customer"
    assert ticket.priority is Priority.URGENT


@pytest.mark.parametrize(
    "text, status", [("Open", Status.OPEN), ("open", Status.NEW), ("OPEN", Status.NEW)]
)
def test_values_are_read_letter_for_letter_before_without_case(
    tmp_path: Path, text: str, status: Status
) -> None:
    desk = event_log(tmp_path, status="{column: status, values: {Open: open, open: new}}")
    desk.write(f"id,at,status\n1,2016-03-02 16:00,{text}\n")

    assert desk.ticket().status is status


def test_numbers_are_texts(tmp_path: Path) -> None:
    desk = event_log(tmp_path, priority="{column: p, values: {1: urgent, 02: low}}")
    desk.write("id,at,status,p\n1,2016-03-02 16:00,open,1\n")

    assert desk.ticket().priority is Priority.URGENT


@pytest.mark.parametrize(
    "otherwise, told",
    [
        ("", [("1", None, "unknown-priority")]),
        (", otherwise: error", [("1", None, "unknown-priority")]),
        (", otherwise: ignore_row", []),
        (", otherwise: low", [("1", Priority.LOW, "")]),
        (", otherwise: keep", [("1", None, "unknown-priority")]),
        (", otherwise: keep_previous", [("1", None, "")]),
    ],
)
def test_otherwise_decides_about_what_is_not_listed(
    tmp_path: Path, otherwise: str, told: list[tuple[str, Priority | None, str]]
) -> None:
    desk = event_log(tmp_path, priority=f"{{column: p, values: {{a: high}}{otherwise}}}")
    desk.write("id,at,status,p\n1,2016-03-02 16:00,open,b\n")
    batch = desk.tell()
    found = [("1", None, each.code) for each in batch.rejected] + [
        ("1", each.ticket.priority, "") for each in batch.observations
    ]

    assert found == told


def test_the_raw_text_is_kept_where_a_field_takes_any_text(tmp_path: Path) -> None:
    desk = event_log(tmp_path, type="{column: t, values: {hw: hardware}, otherwise: keep}")
    desk.write("id,at,status,t\n1,2016-03-02 16:00,open,hw\n2,2016-03-02 16:00,open,phone\n")

    assert [each.ticket.type for each in desk.tell().observations] == ["hardware", "phone"]


def test_a_text_of_our_own_is_kept_as_a_status(tmp_path: Path) -> None:
    desk = event_log(tmp_path, status="{column: status, values: {x: new}, otherwise: keep}")
    desk.write("id,at,status\n1,2016-03-02 16:00,resolved\n2,2016-03-02 16:00,shut\n")
    batch = desk.tell()

    assert [each.ticket.status for each in batch.observations] == [Status.RESOLVED]
    assert [each.code for each in batch.rejected] == ["unknown-status"]


def test_an_unlisted_text_of_any_field_is_an_error_by_default(tmp_path: Path) -> None:
    desk = event_log(tmp_path, type="{column: t, values: {hw: hardware}}")
    desk.write("id,at,status,t\n1,2016-03-02 16:00,open,phone\n")

    assert desk.faults() == [(2, "unknown-value")]


@pytest.mark.parametrize(
    "more, priority",
    [("", None), (", otherwise: low", Priority.LOW), (", values: {'': high}", Priority.HIGH)],
)
def test_a_missing_text_is_nothing_unless_the_mapping_speaks_of_it(
    tmp_path: Path, more: str, priority: Priority | None
) -> None:
    desk = event_log(tmp_path, priority=f"{{column: p{more}}}")
    desk.write("id,at,status,p\n1,2016-03-02 16:00,open,\n")

    assert desk.ticket().priority is priority


def test_a_row_that_is_ignored_is_ignored_whatever_else_is_wrong_with_it(tmp_path: Path) -> None:
    desk = event_log(
        tmp_path, status="{column: status, values: {Open: open}, otherwise: ignore_row}"
    )
    desk.write("id,at,status\n,never,Looked at\n1,2016-03-02 16:00,Open\n")
    batch = desk.tell()

    assert batch.rejected == ()
    assert len(batch.observations) == 1


def test_a_constant_needs_no_column(tmp_path: Path) -> None:
    desk = event_log(
        tmp_path, channel="{value: phone}", status="{value: open}", tags="{value: 'a,b'}"
    )
    desk.write("id,at\n1,2016-03-02 16:00\n")
    ticket = desk.ticket()

    assert ticket.channel == "phone"
    assert ticket.status is Status.OPEN
    assert ticket.raw_status is None
    assert ticket.tags == ("a", "b")


@pytest.mark.parametrize(
    "text, tags",
    [
        ('"b, a"', ("a", "b")),
        ("b;a;;a", ("a", "b")),
        ('"[""b"", ""a""]"', ("a", "b")),
        ("[draft]", ("[draft]",)),
        ("", ()),
    ],
)
def test_tags_are_a_set(tmp_path: Path, text: str, tags: tuple[str, ...]) -> None:
    desk = event_log(tmp_path, tags="tags")
    desk.write(f"id,at,status,tags\n1,2016-03-02 16:00,open,{text}\n")

    assert desk.ticket().tags == tags


@pytest.mark.parametrize(
    "text, silent", [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("", False)]
)
def test_a_wish_for_silence_is_read(tmp_path: Path, text: str, silent: bool) -> None:  # noqa: FBT001
    desk = event_log(tmp_path, customer__no_updates="n")
    desk.write(f"id,at,status,n\n1,2016-03-02 16:00,open,{text}\n")

    assert desk.ticket().customer.no_updates is silent


def test_a_wish_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    desk = event_log(tmp_path, customer__no_updates="n")
    desk.write("id,at,status,n\n1,2016-03-02 16:00,open,maybe\n")

    assert desk.faults() == [(2, "unknown-value")]


def test_stamps_are_read_by_their_format_and_zone(tmp_path: Path) -> None:
    desk = event_log(
        tmp_path,
        "timezone: Europe/Berlin",
        at="{column: at, format: '%d-%m-%Y %H:%M'}",
        opened="{column: o, format: '%d/%m/%y'}",
        due="{column: d}",
    )
    desk.write("id,at,status,o,d\n1,02-03-2016 16:00,open,01/03/16,2016-07-01T12:00\n")
    told = desk.only()

    assert told.at == utc("2016-03-02 15:00")
    assert told.ticket.created_at == utc("2016-02-29 23:00")
    assert told.ticket.due_at == utc("2016-07-01 10:00")


def test_a_ticket_was_never_opened_after_its_first_row(tmp_path: Path) -> None:
    desk = event_log(tmp_path, opened="o")
    desk.write("id,at,status,o\n1,2016-03-02 16:00,open,2016-03-02 17:00\n")

    assert desk.ticket().created_at == utc("2016-03-02 16:00")


@pytest.mark.parametrize("opened", ["{first: event}", "{column: o}"])
def test_a_ticket_whose_opening_is_not_told_was_opened_by_its_first_row(
    tmp_path: Path, opened: str
) -> None:
    desk = event_log(tmp_path, opened=opened)
    desk.write("id,at,status,o\n1,2016-03-02 16:00,open,\n1,2016-03-02 15:00,open,\n")

    assert desk.ticket().created_at == utc("2016-03-02 15:00")


# --- messages ------------------------------------------------------------------------------------

RULES = (
    "messages: ["
    "{where: {what: [Reply, Call]}, from: agent, text: words, channel: how},"
    "{where: {what: Note}, from: agent, public: false},"
    "{where: {what: Customer wrote, how: [mail]}, from: customer, channel: {value: e-mail}},"
    "{where: {what: Customer wrote}, from: customer},"
    "{where: {what: Bounce}, from: customer, bounce: true}]"
)


@pytest.mark.parametrize(
    "what, how, author, public, channel",
    [
        ("Reply", "mail", Actor.PERSON, True, "mail"),
        (" call ", "phone", Actor.PERSON, True, "phone"),
        ("Note", "", Actor.PERSON, False, None),
        ("Customer wrote", "mail", Actor.CUSTOMER, True, "e-mail"),
        ("Customer wrote", "web", Actor.CUSTOMER, True, None),
        ("Bounce", "", Actor.ROBOT, True, None),
    ],
)
def test_rows_are_messages_where_the_rules_say_so(
    tmp_path: Path,
    what: str,
    how: str,
    author: Actor,
    public: bool,  # noqa: FBT001
    channel: str | None,
) -> None:
    desk = event_log(tmp_path, RULES)
    desk.write(f"id,at,status,what,how,words\n1,2016-03-02 16:00,open,{what},{how},Hello\n")
    (event,) = desk.only().events or ()
    assert event.is_bounce is (what == "Bounce")

    assert event.kind is EventKind.MESSAGE
    assert event.at == utc("2016-03-02 16:00")
    assert event.actor is author
    assert event.is_public is public
    assert event.channel == channel
    assert event.text == ("Hello" if what in ("Reply", " call ") else "")


def test_other_rows_are_no_messages(tmp_path: Path) -> None:
    desk = event_log(tmp_path, RULES)
    desk.write("id,at,status,what,how,words\n1,2016-03-02 16:00,open,Looked at,,Hello\n")

    assert desk.only().events == ()


def test_what_a_message_quotes_is_left_out(tmp_path: Path) -> None:
    desk = event_log(tmp_path, RULES)
    desk.write(
        "id,at,status,what,how,words\n"
        '1,2016-03-02 16:00,open,Reply,,"Done.\n> Please cancel\n > my account\nBye"\n'
    )
    (event,) = desk.only().events or ()

    assert event.text == "Done.\nBye"


def test_a_message_comes_before_the_changes_of_its_row(tmp_path: Path) -> None:
    desk = event_log(tmp_path, RULES, group="g")
    desk.write(
        "id,at,status,what,how,words,g\n"
        "1,2016-03-02 16:00,new,,,,a\n"
        "1,2016-03-02 17:00,open,Reply,,Hello,b\n"
    )

    assert changes(desk.only()) == [
        ("message", "person", "Hello"),
        ("status", "new", "open"),
        ("raw_status", "new", "open"),
        ("group", "a", "b"),
    ]


def test_an_activity_log_keeps_the_status_through_rows_that_have_none(tmp_path: Path) -> None:
    desk = event_log(
        tmp_path,
        "messages: [{where: {status: [Reply]}, from: agent}]",
        status=ACTIVITY + ", otherwise: keep_previous}",
    )
    desk.write(
        "id,at,status\n1,2016-03-02 16:00,Open\n1,2016-03-02 17:00,Reply\n1,2016-03-02 18:00,Done\n"
    )
    told = desk.only()

    assert changes(told) == [
        ("message", "person", ""),
        ("status", "open", "resolved"),
        ("raw_status", "Open", "Done"),
    ]
    assert told.ticket.raw_status == "Done"


def test_a_log_that_begins_with_an_activity_begins_with_a_new_ticket(tmp_path: Path) -> None:
    desk = event_log(tmp_path, status=ACTIVITY + ", otherwise: keep_previous}")
    desk.write("id,at,status\n1,2016-03-02 16:00,Reply\n")
    ticket = desk.ticket()

    assert ticket.status is Status.NEW
    assert ticket.raw_status is None


def test_another_mapping_tells_every_ticket_anew(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write("id,at,status,p\n1,2016-03-02 16:00,open,high\n")
    assert desk.told() == ["1"]

    desk.options = event_log(tmp_path, priority="p").options
    desk.restart()
    assert desk.ticket().priority is Priority.HIGH


# --- snapshots -----------------------------------------------------------------------------------


def test_a_snapshot_without_times_is_as_of_now(tmp_path: Path) -> None:
    desk = snapshot(tmp_path)
    desk.write("id,opened,status\n1,2016-03-01,open\n")
    now = utc("2016-03-02 16:00")
    told = desk.only(now)

    assert told.at == now
    assert told.ticket.created_at == utc("2016-03-01 00:00")
    assert told.opening is None
    assert told.events is None


def test_a_snapshot_without_times_shows_a_ticket_once_it_is_opened(tmp_path: Path) -> None:
    desk = snapshot(tmp_path)
    desk.write("id,opened,status\n1,2016-03-02,open\n")

    assert desk.told(utc("2016-03-01")) == []
    assert desk.helpdesk.next_change_at(utc("2016-03-01")) == utc("2016-03-02")
    assert desk.told(utc("2016-03-02")) == ["1"]
    assert desk.told(utc("2016-03-03")) == []


def test_a_snapshot_that_is_appended_to_may_tell_the_opening_by_the_first_row(
    tmp_path: Path,
) -> None:
    desk = snapshot(tmp_path, at="at")
    desk.options = desk.options.replace("opened: opened", "opened: {first: event}")
    desk.write("id,at,status\n1,2016-03-02,open\n1,2016-03-03,resolved\n")
    ticket = desk.ticket()

    assert ticket.status is Status.RESOLVED
    assert ticket.created_at == utc("2016-03-02")


def test_a_snapshot_with_times_shows_nothing_later(tmp_path: Path) -> None:
    desk = snapshot(tmp_path, at="at")
    desk.write(
        "id,opened,at,status\n1,2016-03-01,2016-03-02,open\n1,2016-03-01,2016-03-04,closed\n"
    )

    assert desk.only(utc("2016-03-03")).ticket.status is Status.OPEN
    assert desk.only(utc("2016-03-05")).ticket.status is Status.CLOSED


def test_the_last_row_of_a_snapshot_holds(tmp_path: Path) -> None:
    desk = snapshot(tmp_path)
    desk.write("id,opened,status\n1,2016-03-01,open\n1,2016-03-01,resolved\n")

    assert desk.ticket().status is Status.RESOLVED


def test_a_snapshot_row_without_an_opening_is_refused(tmp_path: Path) -> None:
    desk = snapshot(tmp_path)
    desk.write("id,opened,status\n1,,open\n")

    assert desk.faults() == [(2, "missing-date")]


def test_columns_can_be_shared(tmp_path: Path) -> None:
    desk = event_log(tmp_path, subject="{column: status}", type="{column: status}")
    desk.write("id,at,status\n1,2016-03-02 16:00,open\n")
    ticket = desk.ticket()

    assert (ticket.subject, ticket.type, ticket.raw_status) == ("open", "open", "open")


def test_the_order_of_the_mapping_means_nothing(tmp_path: Path) -> None:
    text = "id,at,status,g,s\n1,2016-03-02 16:00,new,a,x\n1,2016-03-02 17:00,open,b,y\n"
    found = []
    for columns in ({"group": "g", "subject": "s"}, {"subject": "s", "group": "g"}):
        desk = event_log(tmp_path, **columns)
        desk.write(text)
        found.append(desk.only())

    assert found[0] == found[1]
    assert [name for name, *_ in changes(found[0])] == ["subject", "status", "raw_status", "group"]
    assert mapping(a="b") == "{a: b}"
