from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from engine.channels.file import FileChannel
from engine.ports import Clock, Message, SentState

if TYPE_CHECKING:
    from pathlib import Path


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def message(key: str) -> Message:
    return Message(
        key, "ann", "Late", "It waits.", html="<p>", facts={"ticket": "desk:1", "level": 2}
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sent.jsonl"


@pytest.fixture
def channel(path: Path, clock: Clock) -> FileChannel:
    return FileChannel("log", path, clock)


def test_a_line_holds_the_message_its_time_and_its_facts(channel: FileChannel, path: Path) -> None:
    channel.send(message("k1"))
    assert rows(path) == [
        {
            "key": "k1",
            "to": "ann",
            "subject": "Late",
            "text": "It waits.",
            "at": "2016-03-02T16:00:00Z",
            "facts": {"ticket": "desk:1", "level": 2},
        }
    ]


def test_a_torn_last_line_is_cut_off_and_its_message_written_once(
    channel: FileChannel, path: Path, clock: Clock
) -> None:
    channel.send(message("k1"))
    channel.send(message("k2"))
    whole = path.read_bytes()
    for length in range(whole.index(b"\n") + 2, len(whole)):
        path.write_bytes(whole[:length])
        assert FileChannel("log", path, clock).send(message("k2")).state is SentState.DELIVERED
        assert [row["key"] for row in rows(path)] == ["k1", "k2"]


def test_a_message_that_was_written_but_not_confirmed_is_not_written_again(
    channel: FileChannel, path: Path, clock: Clock
) -> None:
    channel.send(message("k1"))
    assert FileChannel("log", path, clock).send(message("k1")).receipt == "k1"
    assert len(rows(path)) == 1


def test_two_programs_write_to_one_file_without_repeating_each_other(
    channel: FileChannel, path: Path, clock: Clock
) -> None:
    other = FileChannel("log", path, clock)
    for key in ("k1", "k2", "k3"):
        channel.send(message(key))
        other.send(message(key))
        other.send(message(f"{key}'"))
    assert [row["key"] for row in rows(path)] == ["k1", "k1'", "k2", "k2'", "k3", "k3'"]


def test_a_file_that_was_rotated_away_is_begun_anew(channel: FileChannel, path: Path) -> None:
    channel.send(message("k1"))
    path.rename(path.with_suffix(".1"))
    channel.send(message("k2"))
    assert [row["key"] for row in rows(path)] == ["k2"]


def test_lines_that_are_not_ours_are_left_alone(channel: FileChannel, path: Path) -> None:
    path.write_bytes(b'garbage\n[1]\n{"key": 3}\n\xff\xfe\n')
    channel.send(message("k1"))
    assert path.read_bytes().startswith(b'garbage\n[1]\n{"key": 3}\n\xff\xfe\n{"key": "k1"')


def test_a_full_disk_leaves_no_half_a_line_and_is_to_be_tried_again(
    channel: FileChannel, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel.send(message("k1"))
    before = path.read_bytes()
    really = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) > 20:
            return really(descriptor, data[:20])
        raise OSError(28, "No space left on device")

    def half_full(descriptor: int, data: bytes) -> int:
        written = full(descriptor, data)
        monkeypatch.setattr(os, "write", lambda *_: full(descriptor, b""))
        return written

    monkeypatch.setattr(os, "write", half_full)
    sent = channel.send(message("k2"))
    assert (sent.state, sent.reason) == (
        SentState.RETRY,
        f"cannot write {path}: No space left on device",
    )
    assert path.read_bytes() == before


def test_what_the_disk_may_have_lost_is_unknown(
    channel: FileChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    assert channel.send(message("k1")).state is SentState.UNKNOWN


def test_only_the_owner_and_the_group_may_read_what_people_were_told(
    channel: FileChannel, path: Path
) -> None:
    channel.send(message("k1"))
    assert not path.stat().st_mode & 0o007
