"""What is done to tickets of a file, beside the file."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.domain.actions import FieldChange
from engine.ports import Message, SentState
from tests.helpdesks.desks import Desk, event_log, utc

NOW = utc("2016-03-02 16:00")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return event_log(tmp_path)


def lines(desk: Desk, name: str = "log.csv.actions.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (desk.folder / name).read_text().splitlines()]


def note(desk: Desk, key: str) -> SentState:
    return desk.helpdesk.note("desk:1", "why", key, NOW).state


def test_an_action_is_a_line_beside_the_file(desk: Desk) -> None:
    changes = (
        FieldChange("priority", "low", "high"),
        FieldChange("tags", ("a",), ("a", "b")),
        FieldChange("due_at", None, NOW),
        FieldChange("assignee", "ann", None),
    )
    message = Message("k3", "eve@example.com", "Your ticket", "Dear Eve, …", "<p>Dear Eve</p>")
    desk.helpdesk.change("desk:1", changes, "k1", NOW)
    desk.helpdesk.note("desk:1", "two\nlines", "k2", NOW + timedelta(seconds=1))
    desk.helpdesk.reply("desk:1", message, NOW)

    assert lines(desk) == [
        {
            "key": "k1",
            "at": "2016-03-02T16:00:00Z",
            "ticket": "desk:1",
            "action": "change",
            "changes": [
                {"field": "priority", "before": "low", "after": "high"},
                {"field": "tags", "before": ["a"], "after": ["a", "b"]},
                {"field": "due_at", "before": None, "after": "2016-03-02T16:00:00Z"},
                {"field": "assignee", "before": "ann", "after": None},
            ],
        },
        {
            "key": "k2",
            "at": "2016-03-02T16:00:01Z",
            "ticket": "desk:1",
            "action": "note",
            "text": "two\nlines",
        },
        {
            "key": "k3",
            "at": "2016-03-02T16:00:00Z",
            "ticket": "desk:1",
            "action": "reply",
            "to": "eve@example.com",
            "subject": "Your ticket",
            "text": "Dear Eve, …",
            "html": "<p>Dear Eve</p>",
        },
    ]


def test_the_receipt_is_the_key(desk: Desk) -> None:
    sent = desk.helpdesk.note("desk:1", "why", "k", NOW)

    assert (sent.state, sent.receipt) == (SentState.DELIVERED, "k")


def test_another_place_can_be_chosen(tmp_path: Path) -> None:
    desk = event_log(tmp_path, "write_back: out.jsonl")
    note(desk, "k")

    assert len(lines(desk, "out.jsonl")) == 1


def test_an_action_is_flushed_before_it_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    fsync = os.fsync

    def flush(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_size)
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", flush)
    note(desk, "k")

    assert flushed[-1] == (desk.folder / "log.csv.actions.jsonl").stat().st_size


@pytest.mark.parametrize("torn", ['{"key": "k", "at', '{"key": "', "{", "\x00\x00"])
def test_a_line_that_a_crash_left_torn_is_cut_off(desk: Desk, torn: str) -> None:
    note(desk, "before")
    with (desk.folder / "log.csv.actions.jsonl").open("a") as stream:
        stream.write(torn)
    desk.restart()

    assert note(desk, "k") is SentState.DELIVERED
    assert [line["key"] for line in lines(desk)] == ["before", "k"]


def test_a_whole_line_that_lacks_its_line_break_counts_and_gets_it(desk: Desk) -> None:
    note(desk, "k")
    path = desk.folder / "log.csv.actions.jsonl"
    path.write_text(path.read_text().rstrip("\n"))
    desk.restart()
    note(desk, "k")
    note(desk, "l")

    assert [line["key"] for line in lines(desk)] == ["k", "l"]


def test_lines_of_others_are_left_alone(desk: Desk) -> None:
    path = desk.folder / "log.csv.actions.jsonl"
    path.write_text('not ours\n[1]\n{"key": 5}\n')
    note(desk, "k")

    assert path.read_text().startswith('not ours\n[1]\n{"key": 5}\n')
    assert path.read_text().count("\n") == 4


def test_two_processes_write_each_action_once(desk: Desk) -> None:
    other = event_log(desk.folder)
    note(desk, "a")
    note(other, "a")
    note(other, "b")
    note(desk, "b")

    assert [line["key"] for line in lines(desk)] == ["a", "b"]


def test_many_threads_write_whole_lines(desk: Desk) -> None:
    assert desk.helpdesk.name == "desk"
    with ThreadPoolExecutor(8) as pool:
        states = set(pool.map(lambda n: note(desk, f"k{n % 50}"), range(100)))

    assert states == {SentState.DELIVERED}
    assert sorted(line["key"] for line in lines(desk)) == sorted(f"k{n}" for n in range(50))


def test_a_file_that_was_moved_away_begins_anew(desk: Desk) -> None:
    note(desk, "a")
    path = desk.folder / "log.csv.actions.jsonl"
    path.rename(desk.folder / "taken")
    note(desk, "b")
    note(desk, "a")

    assert [line["key"] for line in lines(desk)] == ["b"]


def test_what_cannot_be_written_is_tried_again_with_the_reason(tmp_path: Path) -> None:
    desk = event_log(tmp_path, "write_back: nowhere/out.jsonl")
    sent = desk.helpdesk.note("desk:1", "why", "k", NOW)

    assert sent.state is SentState.RETRY
    assert "nowhere/out.jsonl" in sent.reason
    (tmp_path / "nowhere").mkdir()
    assert note(desk, "k") is SentState.DELIVERED


def test_a_full_disk_leaves_no_half_an_action(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    note(desk, "a")
    write = os.write

    def fill(descriptor: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:-10])

    with monkeypatch.context() as patch:
        patch.setattr("os.write", fill)
        sent = desk.helpdesk.note("desk:1", "why", "b", NOW)

    assert sent.state is SentState.RETRY
    assert "No space left" in sent.reason
    assert [line["key"] for line in lines(desk)] == ["a"]
    assert note(desk, "b") is SentState.DELIVERED
    assert [line["key"] for line in lines(desk)] == ["a", "b"]


def test_text_that_is_no_unicode_is_written_all_the_same(desk: Desk) -> None:
    assert desk.helpdesk.note("desk:1", "\ud800", "k", NOW).state is SentState.DELIVERED
    assert lines(desk)[0]["text"] == "?"


def test_a_reply_that_was_written_is_proved_also_to_another_process(desk: Desk) -> None:
    message = Message("k", "ann@example.org", "Late", "It waits.")
    assert desk.helpdesk.has_reply("desk:1", "k") is False
    desk.helpdesk.reply("desk:1", message, NOW)
    assert desk.helpdesk.has_reply("desk:1", "k") is True
    assert event_log(desk.folder).helpdesk.has_reply("desk:1", "k") is True
    assert event_log(desk.folder).helpdesk.has_reply("desk:1", "another") is False


def test_asking_for_a_reply_makes_no_file(desk: Desk) -> None:
    assert desk.helpdesk.has_reply("desk:1", "k") is False
    assert not (desk.folder / "log.csv.actions.jsonl").exists()


def test_a_half_written_reply_is_no_proof(desk: Desk) -> None:
    note(desk, "a")
    with (desk.folder / "log.csv.actions.jsonl").open("a") as actions:
        actions.write('{"key": "k", "at": ')
    assert event_log(desk.folder).helpdesk.has_reply("desk:1", "k") is False
