"""Rows of all kinds: what is taken, what is rejected, and that one never costs another."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.domain.ticket import Status
from engine.errors import HelpdeskError
from tests.helpdesks.desks import Desk, event_log, utc

GOOD = "1,2016-03-02 16:00,open\n"
LAST = "9,2016-03-02 17:00,open\n"
HEAD = "id,at,status\n"


@pytest.mark.parametrize(
    "row, code",
    [
        ("2,2016-03-02 16:00\n", "field-count"),
        ("2,2016-03-02 16:00,open,more\n", "field-count"),
        ("2,02/03/2016,open\n", "bad-date"),
        ("2,2016-02-30,open\n", "bad-date"),
        ("2,,open\n", "missing-date"),
        (",2016-03-02 16:00,open\n", "missing-id"),
        ("  ,2016-03-02 16:00,open\n", "missing-id"),
        ("2,2016-03-02 16:00,opne\n", "unknown-status"),
        ("2,2016-03-02 16:00,\n", "missing-status"),
        ("2,2016-03-02 16:00,op\0en\n", "nul-byte"),
        ('2,2016-03-02 16:00,"open\n', "open-quote"),
        ('2,"2016-03-02 16:00,open\n', "open-quote"),
    ],
)
def test_a_bad_row_of_csv_is_named_and_the_others_are_taken(
    tmp_path: Path, row: str, code: str
) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + GOOD + row + LAST)
    batch = desk.tell()

    assert [(each.line, each.code) for each in batch.rejected] == [(3, code)]
    assert [each.ticket.id for each in batch.observations] == ["desk:1", "desk:9"]
    assert batch.rejected[0].file == "log.csv"
    assert desk.faults() == []


def test_bytes_that_are_no_text_spoil_their_row_alone(tmp_path: Path) -> None:
    desk = event_log(tmp_path, subject="subject")
    desk.write(
        b"id,at,status,subject\n"
        b"1,2016-03-02 16:00,open,caf\xc3\xa9\n"
        b"2,2016-03-02 16:00,open,caf\xe9\n"
        b"3,2016-03-02 16:00,open,tea\n"
    )
    batch = desk.tell()

    assert [(each.line, each.code) for each in batch.rejected] == [(3, "undecodable")]
    assert [each.ticket.subject for each in batch.observations] == ["café", "tea"]


@pytest.mark.parametrize(
    "row, code",
    [
        ('{"id": "2", "at": \n', "bad-json"),
        ("nonsense\n", "bad-json"),
        ("[1, 2]\n", "not-an-object"),
        ('"2"\n', "not-an-object"),
        ('{"at": "2016-03-02 16:00", "status": "open"}\n', "missing-id"),
        ('{"id": null, "at": "2016-03-02 16:00", "status": "open"}\n', "missing-id"),
        ('{"id": "2", "status": "open"}\n', "missing-date"),
        ('{"id": "2", "at": [1], "status": "open"}\n', "bad-date"),
        ('{"id": "2", "at": "2016-03-02 16:00"}\n', "missing-status"),
        ('{"id": "2", "at": "2016-03-02 16:00", "status": {"a": 1}}\n', "unknown-status"),
        ('{"id": "2\\u0000", "at": "2016-03-02 16:00", "status": "open"}\n', "nul-byte"),
        ('{"id": "\\ud800", "at": "2016-03-02 16:00", "status": "open"}\n', "undecodable"),
        ("[" * 100_000 + "\n", "bad-json"),
    ],
)
def test_a_bad_line_of_json_is_named_and_the_others_are_taken(
    tmp_path: Path, row: str, code: str
) -> None:
    desk = event_log(tmp_path, name="log.jsonl")
    good = '{{"id": "{0}", "at": "2016-03-02 16:00", "status": "open"}}\n'
    desk.write(good.format(1) + row + good.format(9))
    batch = desk.tell()

    assert [(each.line, each.code) for each in batch.rejected] == [(2, code)]
    assert [each.ticket.id for each in batch.observations] == ["desk:1", "desk:9"]
    assert desk.faults() == []


def test_undecodable_json_spoils_its_line_alone(tmp_path: Path) -> None:
    desk = event_log(tmp_path, name="log.jsonl")
    desk.write(
        b'{"id": "1", "at": "2016-03-02 16:00", "status": "open"}\n'
        b'{"id": "\xff", "at": "2016-03-02 16:00", "status": "open"}\n'
    )

    assert desk.faults() == [(2, "undecodable")]


def test_a_message_names_the_column_and_the_text(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + "2,2016-03-02 16:00,opne\n" + "3,02/03/2016,open\n")
    first, second = desk.tell().rejected

    assert first.message.startswith("column 'status': 'opne' has no meaning as status;")
    assert second.message == "column 'at': '02/03/2016' is no date with the year first"


def test_a_bad_row_is_told_when_its_time_has_come(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + "2,2016-03-02 16:00,opne\n")

    assert desk.tell(utc("2016-03-02 15:59")).rejected == ()
    assert len(desk.tell(utc("2016-03-02 16:00")).rejected) == 1


def test_the_same_bad_row_twice_is_two_faults(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + "x,y,z\n" * 2)
    assert desk.faults() == [(2, "bad-date"), (3, "bad-date")]

    desk.append("x,y,z\n")
    assert desk.faults() == [(4, "bad-date")]


def test_a_bad_row_that_moves_in_a_rewritten_file_is_not_told_again(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + "x,y,z\n")
    assert len(desk.faults()) == 1
    desk.replace(HEAD + GOOD + "x,y,z\n")

    assert desk.faults() == []


def test_lines_of_a_quoted_field_count_as_lines(tmp_path: Path) -> None:
    desk = event_log(tmp_path, subject="subject")
    desk.write(
        "id,at,status,subject\n"
        '1,2016-03-02 16:00,open,"one\ntwo\r\nthree ""quoted"", with a comma"\n'
        "2,x,open,\n"
    )
    batch = desk.tell()

    assert batch.observations[0].ticket.subject == 'one\ntwo\r\nthree "quoted", with a comma'
    assert [(each.line, each.code) for each in batch.rejected] == [(5, "bad-date")]


def test_a_bad_row_of_several_lines_is_one_fault(tmp_path: Path) -> None:
    desk = event_log(tmp_path, subject="subject")
    desk.write('id,at,status,subject\n1,2016-03-02 16:00,open,"Dear desk,\nhelp!\nEve",more\n')

    assert desk.faults() == [(2, "field-count")]


def test_an_open_quote_does_not_swallow_a_thousand_rows(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    rows = "".join(f"{n},2016-03-02 16:00,open\n" for n in range(3000))
    desk.write(HEAD + 'x,2016-03-02 16:00,"open\n' + rows)
    batch = desk.tell(utc("2016-03-02 16:00"))

    assert [(each.line, each.code) for each in batch.rejected] == [(2, "open-quote")]
    assert len(batch.observations) == 3000


def test_an_oversized_field_is_one_fault(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + f'2,2016-03-02 16:00,"{"x" * 200_000}"\n' + GOOD)
    batch = desk.tell()

    assert len(batch.rejected) == 1
    assert [each.ticket.id for each in batch.observations] == ["desk:1"]


def test_blank_lines_and_empty_rows_are_nothing(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write("\n" + HEAD + "\n" + GOOD + ",,\n\r\n\n")
    batch = desk.tell()

    assert batch.rejected == ()
    assert len(batch.observations) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_every_kind_of_line_break_is_understood(tmp_path: Path, end: str) -> None:
    desk = event_log(tmp_path)
    desk.write((HEAD + GOOD + LAST).replace("\n", end))

    assert desk.told() == ["1", "9"]


@pytest.mark.parametrize(
    "encoding, data",
    [
        ("utf-8", "café €"),
        ("utf-8-sig", "café €"),
        ("latin-1", "café"),
        ("cp1252", "café €"),
        ("shift_jis", "\u30d7\u30ea\u30f3\u30bf"),
    ],
)
def test_encodings_are_read(tmp_path: Path, encoding: str, data: str) -> None:
    desk = event_log(tmp_path, f"encoding: {encoding}", subject="subject")
    desk.write(f"id,at,status,subject\n1,2016-03-02 16:00,open,{data}\n".encode(encoding))
    assert desk.ticket().subject == data

    desk.append(f"2,2016-03-02 16:00,open,{data}\n".encode(encoding.removesuffix("-sig")))
    assert desk.ticket().subject == data


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path, name: str) -> None:
    desk = event_log(tmp_path, name=name)
    row = '{"id": "1", "at": "2016-03-02 16:00", "status": "open"}\n'
    desk.write(b"\xef\xbb\xbf" + (HEAD + GOOD if name == "log.csv" else row).encode())

    assert desk.told() == ["1"]


@pytest.mark.parametrize(
    "written, used", [('";"', ";"), ('"\\t"', "\t"), ("tab", "\t"), ("'|'", "|")]
)
def test_delimiters_are_read(tmp_path: Path, written: str, used: str) -> None:
    desk = event_log(tmp_path, f"delimiter: {written}")
    desk.write((HEAD + GOOD).replace(",", used))

    assert desk.told() == ["1"]


def test_columns_that_are_missing_are_named_with_those_there_are(tmp_path: Path) -> None:
    desk = event_log(tmp_path, subject="Titel")
    desk.write("id,at,state,title\n")

    with pytest.raises(HelpdeskError) as caught:
        desk.tell()

    assert str(caught.value) == (
        "helpdesk 'desk': log.csv: no column 'Titel' (did you mean 'title'?),"
        " 'status' (did you mean 'state'?); it has: id, at, state, title; correct `columns`"
    )


def test_a_wrong_delimiter_is_guessed_at(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write("id;at;status\n")

    with pytest.raises(HelpdeskError, match=r"is the delimiter ';'\?"):
        desk.tell()


def test_a_column_that_stands_twice_is_refused_if_it_is_wanted(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write("id,at,status,x,x\n")
    assert desk.told() == []

    desk.write("id,at,status,status\n")
    with pytest.raises(HelpdeskError, match="column 'status' stands twice"):
        desk.tell()


def test_a_header_that_is_mended_is_read(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write("id,at,state\n" + GOOD)
    with pytest.raises(HelpdeskError):
        desk.tell()
    desk.write(HEAD + GOOD)

    assert desk.told() == ["1"]


@pytest.mark.parametrize("name", ["log.csv", "nowhere/log.csv", "l*.csv"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    desk = event_log(tmp_path, name=name)

    with pytest.raises(HelpdeskError, match=r"helpdesk 'desk': .*correct `path`"):
        desk.tell()
    assert desk.helpdesk.next_change_at(utc("2016-01-01")) is None


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "log.csv").mkdir()

    with pytest.raises(HelpdeskError, match=r"log\.csv is no ordinary file"):
        event_log(tmp_path).tell()


def test_json_is_reached_by_dotted_paths(tmp_path: Path) -> None:
    desk = event_log(
        tmp_path,
        name="log.jsonl",
        id="ticket.id",
        at="meta.at",
        status="ticket.state.name",
        tags="ticket.tags",
        customer__email="a.b",
        fields__size="ticket.size",
        fields__flag="ticket.flag",
    )
    desk.write(
        '{"ticket": {"id": 1234567890123456789012, "state": {"name": "open"}, "tags": ["vip", "b"],'
        ' "size": 1.50, "flag": true}, "meta": {"at": 1456934400}, "a.b": "eve@example.com"}\n'
    )
    ticket = desk.ticket()

    assert ticket.id == "desk:1234567890123456789012"
    assert ticket.status is Status.OPEN
    assert ticket.created_at == utc("2016-03-02 16:00")
    assert ticket.tags == ("b", "vip")
    assert ticket.customer.email == "eve@example.com"
    assert ticket.fields == {"size": "1.50", "flag": "true"}


def test_a_json_log_may_leave_keys_out(tmp_path: Path) -> None:
    desk = event_log(tmp_path, name="log.jsonl", assignee="assignee", fields__site="site.name")
    desk.write('{"id": "1", "at": "2016-03-02 16:00", "status": "open", "site": "B"}\n')
    ticket = desk.ticket()

    assert ticket.assignee is None
    assert ticket.fields == {}


def test_many_files_are_read_as_one(tmp_path: Path) -> None:
    desk = event_log(tmp_path, name="*.csv")
    desk.write(HEAD + "1,2016-03-02 16:00,open\n", "b.csv")
    desk.write(HEAD + "1,2016-03-02 15:00,new\n2,x,open\n", "a.csv")
    batch = desk.tell()

    assert [(each.file, each.line) for each in batch.rejected] == [("a.csv", 3)]
    assert batch.observations[0].ticket.created_at == utc("2016-03-02 15:00")
    desk.write(HEAD + "3,2016-03-02 16:00,open\n", "c.csv")
    assert desk.told() == ["3"]


def test_a_file_that_rotates_under_a_wildcard_tells_nothing_again(tmp_path: Path) -> None:
    desk = event_log(tmp_path, name="log*.csv")
    desk.write(HEAD + GOOD, "log.csv")
    assert desk.told() == ["1"]
    (tmp_path / "log.csv").rename(tmp_path / "log-1.csv")
    desk.write(HEAD + LAST, "log.csv")

    assert desk.told() == ["9"]
    desk.restart()
    assert desk.told() == []


def test_what_we_write_is_not_read_as_tickets(tmp_path: Path) -> None:
    desk = event_log(tmp_path, name="*.jsonl")
    desk.write('{"id": "1", "at": "2016-03-02 16:00", "status": "open"}\n', "log.jsonl")
    desk.helpdesk.note("desk:1", "why", "k", utc("2016-03-02 16:00"))

    assert (tmp_path / "desk.actions.jsonl").exists()
    assert desk.told() == ["1"]
    assert desk.faults() == []


def test_an_absolute_path_is_shown_as_it_was_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path, event_log(tmp_path).options, str(tmp_path / "log.csv"))
    (tmp_path / "log.csv").write_text(HEAD + "x,y,z\n")

    assert desk.tell().rejected[0].file == str(tmp_path / "log.csv")
