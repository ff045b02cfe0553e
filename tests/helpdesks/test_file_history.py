"""What happened to a ticket, told by the rows of an event log."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.ticket import EventKind, Status, with_value
from tests.helpdesks.desks import changes, event_log, utc

LOG = """\
id,at,status,priority,group,cid,site
1,2016-03-02 16:00,new,low,a,c1,
1,2016-03-02 17:00,open,low,b,c1,X
1,2016-03-02 18:00,open,low,b,c2,X
1,2016-03-02 18:00,resolved,high,b,c2,
"""
COLUMNS = {"priority": "priority", "group": "group", "customer__id": "cid", "fields__site": "site"}


def test_each_row_is_compared_with_the_one_before(tmp_path: Path) -> None:
    desk = event_log(tmp_path, **COLUMNS)
    desk.write(LOG)
    told = desk.only()

    assert changes(told) == [
        ("status", "new", "open"),
        ("raw_status", "new", "open"),
        ("group", "a", "b"),
        ("fields.site", None, "X"),
        ("customer.id", "c1", "c2"),
        ("status", "open", "resolved"),
        ("raw_status", "open", "resolved"),
        ("priority", "low", "high"),
        ("fields.site", "X", None),
    ]
    assert told.at == utc("2016-03-02 18:00")


def test_the_events_lead_from_the_opening_to_the_present(tmp_path: Path) -> None:
    desk = event_log(tmp_path, **COLUMNS)
    desk.write(LOG)
    told = desk.only()

    assert told.opening is not None
    walked = told.opening
    for event in told.events or ():
        assert event.kind is EventKind.CHANGED
        assert event.field is not None
        walked = with_value(walked, event.field, event.after)
    assert walked == told.ticket


def test_rows_may_stand_in_any_order(tmp_path: Path) -> None:
    desk = event_log(tmp_path, **COLUMNS)
    head, *rows = LOG.splitlines(keepends=True)
    desk.write(LOG)
    told = desk.only()

    shuffled = event_log(tmp_path, name="other.csv", **COLUMNS)
    shuffled.write(head + rows[2] + rows[0] + rows[3] + rows[1])
    assert shuffled.only() == told


def test_rows_of_one_instant_keep_the_order_of_the_file(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write("id,at,status\n" + "".join(f"1,2016-03-02,{s}\n" for s in ("new", "open", "closed")))

    statuses = [c[1:] for c in changes(desk.only()) if c[0] == "status"]
    assert statuses == [("new", "open"), ("open", "closed")]


def test_ids_are_seconds_and_fields_with_a_number_for_the_second_one(tmp_path: Path) -> None:
    desk = event_log(tmp_path, "messages: [{where: {m: x}, from: agent}]")
    desk.write(
        "id,at,status,m\n"
        "1,2016-03-02 16:00,new,\n"
        "1,2016-03-02 17:00,open,x\n"
        "1,2016-03-02 17:00,closed,x\n"
    )

    events = desk.only().events or ()
    assert [event.id for event in events] == [
        "2016-03-02T17:00:00Z/message",
        "2016-03-02T17:00:00Z/status",
        "2016-03-02T17:00:00Z/raw_status",
        "2016-03-02T17:00:00Z/message/2",
        "2016-03-02T17:00:00Z/status/2",
        "2016-03-02T17:00:00Z/raw_status/2",
    ]
    assert {event.source_id for event in events} == {None}
    assert {event.anchor_key for event in events} == {"2016-03-02T17:00:00Z"}


def test_ids_of_the_file_are_used_where_it_has_some(tmp_path: Path) -> None:
    desk = event_log(tmp_path, event_id="e")
    desk.write("id,at,status,e\n1,2016-03-02,new,e1\n1,2016-03-03,open,e2\n1,2016-03-04,closed,\n")

    events = [event for event in desk.only().events or () if event.field == "status"]
    assert [(event.id, event.source_id) for event in events] == [
        ("e2/status", "e2"),
        ("2016-03-04T00:00:00Z/status", None),
    ]


def test_a_row_that_repeats_the_id_of_an_event_corrects_it(tmp_path: Path) -> None:
    desk = event_log(tmp_path, event_id="e")
    desk.write("id,at,status,e\n1,2016-03-02,new,e1\n1,2016-03-03,open,e2\n")
    assert len(changes(desk.only())) == 2
    desk.append("1,2016-03-04,resolved,e2\n")
    told = desk.only()

    assert [e.at for e in told.events or ()] == [utc("2016-03-04 00:00")] * 2
    assert told.ticket.status is Status.RESOLVED


def test_two_rows_that_say_the_same_are_no_change(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write("id,at,status\n1,2016-03-02,open\n1,2016-03-03,open\n1,2016-03-03,open\n")

    assert desk.only().events == ()


def test_tags_in_another_order_are_no_change(tmp_path: Path) -> None:
    desk = event_log(tmp_path, tags="t")
    desk.write("id,at,status,t\n1,2016-03-02,open,a;b\n1,2016-03-03,open,b;a\n")

    assert desk.only().events == ()


def test_the_values_of_the_first_row_hold_since_the_opening(tmp_path: Path) -> None:
    desk = event_log(tmp_path, opened="o")
    desk.write("id,at,status,o\n1,2016-03-03,open,2016-03-01\n1,2016-03-04,closed,2016-03-01\n")
    told = desk.only()

    assert told.opening is not None
    assert told.opening.created_at == utc("2016-03-01 00:00")
    assert told.opening.status is Status.OPEN
    assert told.ticket.created_at == told.opening.created_at


def test_what_has_not_happened_yet_is_not_told(tmp_path: Path) -> None:
    desk = event_log(tmp_path, **COLUMNS)
    desk.write(LOG)
    told = desk.only(utc("2016-03-02 17:59"))

    assert told.ticket.status is Status.OPEN
    assert told.at == utc("2016-03-02 17:00")
    assert changes(told)[-1] == ("fields.site", None, "X")
    assert desk.told(utc("2016-03-02 15:00")) == []


def test_a_ticket_appears_with_its_first_row_and_not_at_its_opening(tmp_path: Path) -> None:
    desk = event_log(tmp_path, opened="o")
    desk.write("id,at,status,o\n1,2016-03-03,open,2016-03-01\n")

    assert desk.told(utc("2016-03-02 00:00")) == []
    assert desk.told(utc("2016-03-03 00:00")) == ["1"]


STATUSES = st.sampled_from(["new", "open", "resolved", "closed"])
ROWS = st.lists(
    st.tuples(st.sampled_from("12"), st.integers(0, 9), STATUSES, st.sampled_from("ab")),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_playing_instant_by_instant_comes_to_the_same_as_reading_at_once(
    tmp_path_factory: object, rows: list[tuple[str, int, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("log")  # type: ignore[attr-defined]
    text = "id,at,status,g\n" + "".join(f"{i},2016-03-02 16:0{m},{s},{g}\n" for i, m, s, g in rows)
    at_once, played = event_log(folder, group="g"), event_log(folder, group="g")
    at_once.write(text)
    last = {}
    at = played.helpdesk.next_change_at(utc("2016-01-01"))
    while at is not None:
        for each in played.tell(at).observations:
            assert each.at == at
            last[each.ticket.id] = each
        at = played.helpdesk.next_change_at(at)

    assert last == {each.ticket.id: each for each in at_once.tell().observations}
    assert played.told() == []
