"""How what is to be done reaches a helpdesk whose tables are only read."""

from __future__ import annotations

import json
import os
import select
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.domain.actions import FieldChange
from engine.ports import Channel, Message, SentState
from engine.testing import MemoryChannel
from tests.helpdesks.sqldesk import NOW, SqlDesk

RAISE = (FieldChange("priority", "low", "high"), FieldChange("tags", (), ("late", "vip")))
REPLY = Message(key="k3", to="eve@example.com", subject="Still working", text="Dear Eve, …")


def desk_with(folder: Path, program: str, *arguments: str) -> SqlDesk:
    """A desk whose way back is this Python program."""
    (folder / "act.py").write_text(program)
    argv = json.dumps([sys.executable, str(folder / "act.py"), *arguments])
    return SqlDesk(folder, more=f", write_back: {{command: {argv}}}")


WRITE_DOWN = """
import json, pathlib, sys
pathlib.Path("told.json").write_text(json.dumps([json.load(sys.stdin), sys.argv[1:]]))
"""


def told(folder: Path) -> tuple[dict[str, Any], list[str]]:
    action, arguments = json.loads((folder / "told.json").read_text())
    return action, arguments


@pytest.fixture(autouse=True)
def in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_program_is_told_the_change_as_json(tmp_path: Path) -> None:
    desk = desk_with(tmp_path, WRITE_DOWN)
    sent = desk.helpdesk.change("desk:17", RAISE, "k1", NOW)

    assert (sent.state, sent.receipt) == (SentState.DELIVERED, "k1")
    assert told(tmp_path)[0] == {
        "key": "k1",
        "at": "2026-01-12T12:00:00Z",
        "helpdesk": "desk",
        "ticket": "17",
        "action": "change",
        "changes": [
            {"field": "priority", "before": "low", "after": "high"},
            {"field": "tags", "before": [], "after": ["late", "vip"]},
        ],
    }


def test_places_in_its_arguments_are_filled_in_and_no_shell_reads_them(tmp_path: Path) -> None:
    places = ("{ticket}", "--priority={priority}", "{tags}", "{group}", "{key}", "$HOME; rm x")
    desk = desk_with(tmp_path, WRITE_DOWN, *places)
    desk.helpdesk.change("desk:1; ls", RAISE, "k1", NOW)

    assert told(tmp_path)[1] == ["1; ls", "--priority=high", "late,vip", "", "k1", "$HOME; rm x"]


def test_notes_and_replies_go_the_same_way(tmp_path: Path) -> None:
    desk = desk_with(tmp_path, WRITE_DOWN, "{text}")

    assert desk.helpdesk.note("desk:17", "why", "k2", NOW).state is SentState.DELIVERED
    assert told(tmp_path) == (
        {
            "key": "k2",
            "at": "2026-01-12T12:00:00Z",
            "helpdesk": "desk",
            "ticket": "17",
            "action": "note",
            "text": "why",
        },
        ["why"],
    )
    assert desk.helpdesk.can.replies
    assert desk.helpdesk.reply("desk:17", REPLY, NOW).state is SentState.DELIVERED
    assert told(tmp_path)[0]["to"] == "eve@example.com"


@pytest.mark.parametrize(
    "program, state, reason",
    [
        ("raise SystemExit(75)", SentState.RETRY, "asks to try later: it said nothing"),
        (
            "import sys; print('a\\nno such ticket\\n', file=sys.stderr); sys.exit(3)",
            SentState.REJECTED,
            "ended with 3: no such ticket",
        ),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
            SentState.UNKNOWN,
            "ended by signal 15",
        ),
    ],
)
def test_how_a_program_ends_says_what_became_of_it(
    tmp_path: Path, program: str, state: SentState, reason: str
) -> None:
    sent = desk_with(tmp_path, program).helpdesk.change("desk:17", RAISE, "k1", NOW)

    assert sent.state is state
    assert reason in sent.reason


def test_a_program_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    # A shell is there at once, however busy the machine is.
    (tmp_path / "act.sh").write_text("sleep 60 & echo $! > child; sleep 60")
    way = f", write_back: {{command: [sh, '{tmp_path}/act.sh'], timeout: 5s}}"
    sent = SqlDesk(tmp_path, more=way).helpdesk.note("desk:17", "why", "k1", NOW)

    assert sent.state is SentState.UNKNOWN
    assert "killed after 5s" in sent.reason
    assert has_ended(int((tmp_path / "child").read_text()))


def has_ended(process: int) -> bool:
    """Whether a process has ended, or does so now that it was killed."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        return bool(waiting.poll(30_000))
    finally:
        os.close(descriptor)


def test_a_program_that_is_not_there_is_tried_again_later(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path, more=", write_back: {command: [/nowhere/set-ticket]}")
    sent = desk.helpdesk.change("desk:17", RAISE, "k1", NOW)

    assert sent.state is SentState.RETRY
    assert "cannot start /nowhere/set-ticket: No such file" in sent.reason


def test_without_a_way_back_everything_is_refused_with_what_to_do(tmp_path: Path) -> None:
    desk = SqlDesk(tmp_path).helpdesk
    change, note = desk.change("desk:1", RAISE, "k", NOW), desk.note("desk:1", "why", "k", NOW)
    reply = desk.reply("desk:1", REPLY, NOW)

    assert {change.state, note.state, reply.state} == {SentState.REJECTED}
    assert "add write_back" in change.reason
    assert "no note can reach it" in note.reason
    assert "replies_by" in reply.reason
    assert not desk.can.replies
    assert desk.can.lacking(["priority"]) == ["priority"]


@pytest.fixture
def memory() -> MemoryChannel:
    return MemoryChannel("out")


def by_channel(
    folder: Path, channel: Channel, way: str, monkeypatch: pytest.MonkeyPatch
) -> SqlDesk:
    """A desk whose way back is a channel; the config file names one of that name."""
    from tests.helpdesks import sqldesk

    def options(place: Path, text: str) -> object:
        from engine.settings import load_settings

        config = f"helpdesks:\n  desk: {text}\nchannels: {{out: {{kind: console}}}}\n"
        (place / "config.yaml").write_text(config)
        return load_settings(place / "config.yaml").helpdesks["desk"]

    monkeypatch.setattr(sqldesk, "options_of", options)
    return SqlDesk(folder, more=f", write_back: {{{way}}}", channels={"out": channel})


def test_a_mail_names_the_ticket_and_what_is_to_be_set(
    tmp_path: Path, memory: MemoryChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = "mail: {channel: out, to: desk@example.org, subject: '[Ticket#{ticket}]'}"
    desk = by_channel(tmp_path, memory, way, monkeypatch).helpdesk
    desk.change("desk:17", RAISE, "k1", NOW)
    desk.note("desk:17", "why", "k2", NOW)
    change, note = memory.sent

    assert (change.key, change.to, change.subject) == ("k1", "desk@example.org", "[Ticket#17]")
    assert change.text == "priority: high\ntags: late, vip\n\nWas: priority low; tags "
    assert note.text == "why"
    assert desk.reply("desk:17", REPLY, NOW).state is SentState.REJECTED


def test_a_webhook_gets_the_action_as_facts(
    tmp_path: Path, memory: MemoryChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = by_channel(tmp_path, memory, "webhook: out", monkeypatch).helpdesk
    desk.change("desk:17", RAISE, "k1", NOW)
    (sent,) = memory.sent

    assert sent.key == "k1"
    assert sent.facts["event"] == "write_back"
    assert sent.facts["ticket"] == "17"
    assert sent.facts["changes"] == [
        {"field": "priority", "before": "low", "after": "high"},
        {"field": "tags", "before": [], "after": ["late", "vip"]},
    ]


# --- what was asked for, and shows or not --------------------------------------------------------

STATUS = (FieldChange("status", "open", "pending_customer"),)


def waiting(folder: Path) -> SqlDesk:
    """A desk that was told to set a status, by a program that only says so."""
    desk = desk_with(folder, "pass")
    desk.ticket(1)
    desk.told()
    assert desk.helpdesk.change("desk:1", STATUS, "k", NOW).state is SentState.DELIVERED
    return desk


def test_a_change_that_does_not_show_is_told_of_once(tmp_path: Path) -> None:
    desk = waiting(tmp_path)

    assert desk.faults(NOW + timedelta(minutes=14)) == []
    desk.restart()
    ((code, message),) = desk.faults(NOW + timedelta(minutes=16))
    assert code == "not-shown"
    assert "status was to become 'pending_customer'" in message
    assert "is 'open'" in message
    assert desk.faults(NOW + timedelta(minutes=30)) == []


def test_a_change_that_shows_is_awaited_no_more(tmp_path: Path) -> None:
    desk = waiting(tmp_path)
    desk.ticket(1, "pending_customer", changed="12:01")
    desk.told(NOW + timedelta(minutes=2))
    desk.ticket(1, "open", changed="12:05")  # a person, later

    assert desk.faults(NOW + timedelta(minutes=30)) == []


def test_the_environment_of_a_program_is_ours(tmp_path: Path) -> None:
    program = "import os, pathlib; pathlib.Path('path').write_text(os.environ['PATH'])"
    desk_with(tmp_path, program).helpdesk.note("desk:17", "why", "k", NOW)

    assert (tmp_path / "path").read_text() == os.environ["PATH"]
