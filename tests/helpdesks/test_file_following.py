"""Files that grow, are rewritten, replaced, cut and torn, in one process and over restarts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.ticket import Status
from engine.helpdesks.file import following
from engine.helpdesks.file.record import CsvParser
from engine.helpdesks.rows import told
from engine.ports import Json, Observation
from tests.helpdesks.desks import FAR, Desk, event_log, snapshot, utc

HEAD = "id,at,status\n"


def row(ticket: object, minute: int = 0, status: str = "open") -> str:
    return f"{ticket},2016-03-02 16:{minute:02},{status}\n"


def test_a_row_that_is_appended_is_told(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1))
    assert desk.told() == ["1"]
    desk.append(row(2) + row(1, 5, "resolved"))

    assert desk.told() == ["2", "1"]


def test_only_what_was_appended_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + "".join(map(row, range(100))))
    desk.tell()
    pieces: list[bytes] = []
    whole = CsvParser.parse

    def parse(self: CsvParser, data: bytes, lines: int) -> object:
        pieces.append(data)
        return whole(self, data, lines)

    monkeypatch.setattr(CsvParser, "parse", parse)
    desk.append(row(100))

    assert desk.told() == ["100"]
    assert pieces == [row(100).encode()]


def test_a_file_that_rests_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1))
    desk.tell()
    desk.tell()  # was it written twice within one tick of the file system's clock? it was not

    def refuse(*_: object, **__: object) -> object:
        raise AssertionError("opened")

    monkeypatch.setattr(following.FollowedFile, "_read", refuse)
    assert desk.told() == []


def test_lines_are_counted_from_the_beginning_of_the_file(tmp_path: Path) -> None:
    desk = event_log(tmp_path, subject="s")
    desk.write('id,at,status,s\n1,2016-03-02,open,"a\nb"\n')
    desk.tell()
    desk.append("x,y,z,\n")

    assert desk.faults() == [(4, "bad-date")]


def test_a_late_row_is_taken(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1, 0, "new") + row(1, 30, "closed"))
    desk.tell()
    desk.append(row(1, 10, "open"))
    told = desk.only()

    assert [e.after for e in told.events or () if e.field == "status"] == ["open", "closed"]
    assert told.at == utc("2016-03-02 16:30")


@pytest.mark.parametrize("restart", [False, True], ids=["one-process", "restarted"])
def test_of_a_file_that_is_replaced_only_tickets_that_changed_are_told(
    tmp_path: Path,
    restart: bool,  # noqa: FBT001
) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1) + row(2) + row(3))
    desk.tell()
    if restart:
        desk.restart()
    desk.replace(HEAD + row(3) + row(4) + row(2, 0, "closed") + row(1))

    assert sorted(desk.told()) == ["2", "4"]


@pytest.mark.parametrize("restart", [False, True], ids=["one-process", "restarted"])
def test_of_a_file_that_is_rewritten_in_place_only_tickets_that_changed_are_told(
    tmp_path: Path,
    restart: bool,  # noqa: FBT001
) -> None:
    desk = snapshot(tmp_path)
    desk.write("id,opened,status\n1,2016-03-01,open\n2,2016-03-01,open\n")
    assert desk.told() == ["1", "2"]
    if restart:
        desk.restart()
    desk.write("id,opened,status\n1,2016-03-01,open\n2,2016-03-01,new \n3,2016-03-01,open\n")

    assert desk.told() == ["2", "3"]


def test_a_rewrite_of_the_same_size_and_time_is_noticed(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1, 0, "open"))
    before = desk.path.stat()
    desk.tell()
    desk.write(HEAD + row(1, 0, "new "))
    os.utime(desk.path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert desk.ticket().status is Status.NEW


def test_a_file_that_is_cut_tells_tickets_as_they_now_stand(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1, 0, "new") + row(2) + row(1, 5, "closed"))
    desk.tell()
    desk.write(HEAD + row(1, 0, "new") + row(2))

    assert desk.ticket().status is Status.NEW


def test_a_ticket_that_vanishes_from_a_file_is_not_gone(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1) + row(2))
    desk.tell()
    desk.replace(HEAD + row(2))

    assert desk.told() == []
    assert desk.helpdesk.read("desk:1", FAR).presence.value == "unreadable"


def test_an_empty_file_is_an_export_that_has_begun(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write("")
    assert desk.told() == []
    desk.write("id,at,sta")
    assert desk.told() == []
    desk.write(HEAD + row(1))
    assert desk.told() == ["1"]


# --- last lines ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_a_last_line_without_line_break_is_taken_if_it_is_whole(tmp_path: Path, name: str) -> None:
    desk = event_log(tmp_path, name=name)
    line = '{"id": 1, "at": "2016-03-02", "status": "open"}'
    desk.write(line if name == "log.jsonl" else HEAD + row(1).rstrip("\n"))
    assert desk.told() == ["1"]

    desk.append("\n")
    assert desk.told() == []
    desk.restart()
    assert desk.told() == []


@pytest.mark.parametrize(
    "torn, rest",
    [
        ("2,2016-03-0", "2 16:00,open\n"),
        ("2,2016-03-02 16:00,op", "en\n"),
        ('2,2016-03-02 16:00,"open', '"\n'),
        ('2,2016-03-02 16:00,"\n', 'open"\n'),
        ("2", ",2016-03-02 16:00,open\n"),
    ],
)
def test_a_last_line_that_is_still_being_written_waits(
    tmp_path: Path, torn: str, rest: str
) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1) + torn)
    first = desk.tell()
    assert [each.ticket.id for each in first.observations] == ["desk:1"]
    assert first.rejected == ()

    desk.append(rest)
    second = desk.tell()
    assert [each.ticket.id for each in second.observations] == ["desk:2"]
    assert second.rejected == ()
    assert second.observations[0].ticket.status is Status.OPEN


def test_a_torn_character_waits_for_its_other_half(tmp_path: Path) -> None:
    desk = event_log(tmp_path, subject="s")
    desk.write(b"id,at,status,s\n1,2016-03-02,open,caf\xc3")
    assert desk.told() == []
    desk.append(b"\xa9\n")

    assert desk.ticket().subject == "café"


def test_a_torn_line_of_json_waits(tmp_path: Path) -> None:
    desk = event_log(tmp_path, name="log.jsonl")
    desk.write('{"id": 1, "at": "2016-03-')
    assert desk.told() == []
    desk.append('02", "status": "open"}\n')

    assert desk.told() == ["1"]


def test_a_row_that_was_cut_within_a_free_text_is_mended_when_its_rest_comes(
    tmp_path: Path,
) -> None:
    desk = event_log(tmp_path, subject="s")
    desk.write("id,at,status,s\n1,2016-03-02,open,Print")
    assert desk.ticket().subject == "Print"
    desk.append("er\n")

    assert desk.ticket().subject == "Printer"


@pytest.mark.parametrize("restart", [False, True], ids=["one-process", "restarted"])
def test_a_last_line_that_is_not_finished_by_the_next_time_is_what_it_is(
    tmp_path: Path,
    restart: bool,  # noqa: FBT001
) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1) + "2,2016-03-0")
    found = []
    for _ in range(3):
        found.append(desk.faults())
        if restart:
            desk.restart()
    desk.append("\n")

    assert found == [[], [(3, "field-count")], []]
    assert desk.faults() == []


def test_a_file_that_is_written_while_it_is_read_waits_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1) + row(2).rstrip("\n"))
    statuses = iter([1, 2])
    signature = following._signature  # noqa: SLF001
    monkeypatch.setattr(
        following, "_signature", lambda status: (*signature(status)[:3], next(statuses, 2))
    )

    assert desk.told() == ["1"]
    assert desk.told() == ["2"]


# --- watermarks ----------------------------------------------------------------------------------


def test_a_restart_tells_nothing_that_was_told(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1) + row(2, 30) + "x,y,z\n")
    assert desk.told(utc("2016-03-02 16:10")) == ["1"]
    desk.restart()
    first = desk.tell(utc("2016-03-02 16:40"))
    desk.restart()
    second = desk.tell(utc("2016-03-02 16:50"))

    assert [each.ticket.id for each in first.observations] == ["desk:2"]
    assert first.rejected == ()
    assert second.observations == ()
    assert second.rejected == ()


def test_rows_that_came_while_nobody_looked_are_told_after_a_restart(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1))
    desk.tell()
    desk.restart()
    desk.append(row(2) + row(1, 5))

    assert desk.told() == ["2", "1"]


def test_a_watermark_does_not_change_while_nothing_is_told(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1))
    first = desk.tell(utc("2016-03-02 16:10")).watermark
    second = desk.tell(utc("2016-03-02 16:20")).watermark

    assert first == second


@pytest.mark.parametrize(
    "watermark",
    [{}, {"format": "other", "at": 5}, {"tickets": "single:!!!"}, {"tickets": "groups:AAAA"}],
)
def test_a_watermark_that_means_nothing_counts_as_none(tmp_path: Path, watermark: Json) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + row(1))
    desk.watermark = watermark

    assert desk.told() == ["1"]


@pytest.fixture
def large(tmp_path: Path) -> Desk:
    """A desk with more tickets than a watermark remembers one by one, told already."""
    desk = event_log(tmp_path)
    desk.write(HEAD + "".join(map(row, range(5000))))
    assert len(desk.told()) == 5000
    return desk


def test_a_large_desk_is_told_in_several_batches(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + "".join(row(n, n % 60) for n in range(5000)))
    sizes: list[int] = []
    seen: list[Observation] = []
    is_complete = False
    while not is_complete:
        batch = desk.helpdesk.changes(desk.watermark, FAR)
        desk.watermark, is_complete = batch.watermark, batch.is_complete
        sizes.append(len(batch.observations))
        seen.extend(batch.observations)

    assert sizes == [2000, 2000, 1000]
    assert len({each.ticket.id for each in seen}) == 5000
    assert [each.at for each in seen] == sorted(each.at for each in seen)


def test_a_restart_between_batches_goes_on_and_misses_nothing(tmp_path: Path) -> None:
    desk = event_log(tmp_path)
    desk.write(HEAD + "".join(map(row, range(5000))))
    first = desk.helpdesk.changes(None, FAR)
    desk.watermark = first.watermark
    desk.restart()
    rest = desk.told()
    before = {each.ticket.id.removeprefix("desk:") for each in first.observations}

    assert before | set(rest) == {str(n) for n in range(5000)}


def test_the_watermark_of_a_large_desk_is_small(large: Desk) -> None:
    assert len(str(large.watermark)) < 12_000


def test_a_large_desk_tells_exactly_what_changed_while_it_runs(large: Desk) -> None:
    large.append(row(7, 5, "closed"))

    assert large.told() == ["7"]


def test_a_restarted_large_desk_tells_what_changed_and_little_else(large: Desk) -> None:
    large.restart()
    assert large.told() == []
    large.restart()
    large.append(row(7, 5, "closed"))
    found = large.told()

    assert "7" in found
    assert len(found) < 30
    large.restart()
    assert large.told() == []


@given(
    st.dictionaries(st.text(max_size=3), st.integers(0, 2**64 - 1), max_size=20),
    st.sets(st.text(max_size=3)),
)
def test_what_was_told_is_recalled_and_nothing_else(
    prints: dict[str, int], changed: set[str]
) -> None:
    remembered = told.Told()
    for key, each in prints.items():
        remembered.learn(key, each)
    now = {key: each ^ 1 if key in changed else each for key, each in prints.items()}
    recalled = told.Told.recall(remembered.text(), now)

    for key, each in now.items():
        is_same = each in prints.values()
        assert recalled.knows(key, each) == is_same


# --- any cut, at any place -----------------------------------------------------------------------

FIELDS = st.sampled_from(["a", "é€", 'say "no"', "x\ny", "1,2", "\r\n", ""])
LINES = st.lists(
    st.tuples(st.sampled_from("123"), st.sampled_from("012"), FIELDS), min_size=1, max_size=6
)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@settings(max_examples=80, deadline=None)
@given(lines=LINES, cuts=st.lists(st.floats(0, 1), max_size=4))
def test_a_file_that_grows_in_any_pieces_comes_to_the_same_as_the_whole(
    tmp_path_factory: object, lines: list[tuple[str, str, str]], cuts: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("log")  # type: ignore[attr-defined]
    data = (
        "id,at,status,s\n"
        + "".join(f"{i},2016-03-02 16:0{m},open,{quoted(s)}\n" for i, m, s in lines)
    ).encode()
    whole, grown = event_log(folder, subject="s"), event_log(folder, name="g.csv", subject="s")
    whole.write(data)
    last = {}
    for end in [*sorted(int(cut * len(data)) for cut in cuts), len(data)]:
        grown.write(data[:end])
        batch = grown.tell()
        last.update({each.ticket.id: each for each in batch.observations})

    assert last == {each.ticket.id: each for each in whole.tell().observations}
