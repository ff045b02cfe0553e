"""`reload`: the daemon that runs is asked to read its rules again, and says what came of it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.desk import LATE, Desk, Running, conforming, row

AT_ONCE = """\
  - id: at-once
    description: Everybody hears of a ticket at once
    levels: [{name: told, after: 0s, notify: [default]}]
"""
BROKEN = LATE.replace("levels:", "levles:")
ONLY_ASKED = "reload: {poll: off}\n"


@pytest.fixture
def running(desk: Desk) -> Running:
    """A daemon that has escalated one ticket, and looks at its files only when it is asked to."""
    desk.replay(("channels:\n", f"{ONLY_ASKED}channels:\n"))
    running = desk.start("run")
    running.wait_for("customer.updated")
    return running


def stopped(running: Running) -> int:
    running.send(signal.SIGTERM)
    return running.end()


def test_it_waits_and_says_what_changed(desk: Desk, running: Running) -> None:
    before = running.told("rules.loaded")[0]["generation"]
    desk.rules(LATE.replace("after: 1h", "after: 30m"), AT_ONCE)

    ended = desk.command("reload")
    after = running.wait_for("rules.loaded")["generation"]

    assert ended.code == 0
    assert ended.out.splitlines() == [
        f"generation {before} → {after}: +1 rule, ~1 changed; 1 live episode keeps its level",
        "  + at-once",
        "  ~ late",
    ]
    assert ended.err == ""
    assert stopped(running) == 0


def test_a_rename_keeps_what_a_deletion_ends(desk: Desk, running: Running) -> None:
    renamed = LATE.replace("id: late", "id: slow\n    moved_from: late")
    desk.rules(renamed)
    first = conforming("reload", desk.command("reload", "--json").document)
    desk.rules(AT_ONCE)
    second = desk.command("reload")

    assert first["renamed"] == [{"before": "late", "now": "slow"}]
    assert (first["episodes_kept"], first["episodes_ended"]) == (1, 0)
    assert second.out.splitlines()[0].endswith(
        ": +1 rule, -1 removed; 0 live episodes keep their level, 1 live episode ends with its rule"
    )
    assert second.out.splitlines()[1:] == ["  + at-once", "  - slow"]
    assert stopped(running) == 0


def test_broken_rules_end_with_1_and_are_shown_as_check_shows_them(
    desk: Desk, running: Running
) -> None:
    desk.rules(BROKEN)
    checked = desk.command("check").out.partition("Each code has a page")[0]

    ended = desk.command("reload")
    document = conforming("reload", desk.command("reload", "--json").document)

    generation = running.told("rules.loaded")[0]["generation"]
    assert ended.code == 1
    assert ended.out == (
        f"{checked}rejected: generation {generation} stays in force;"
        " mend the files and reload again\n"
    )
    assert (document["result"], document["generation"]) == ("rejected", generation)
    assert [each["code"] for each in document["problems"]] == ["unknown-key"]
    assert desk.command("status", "--json").document["degraded"] is True
    assert stopped(running) == 0


def test_the_same_rules_are_told_as_unchanged(desk: Desk, running: Running) -> None:
    ended = desk.command("reload")

    generation = running.told("rules.loaded")[0]["generation"]
    assert (ended.code, ended.out) == (0, f"unchanged: generation {generation} is in force\n")
    assert stopped(running) == 0


def test_without_a_daemon_it_ends_with_2_and_one_clear_line(desk: Desk) -> None:
    ended = desk.run("reload")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"escalatord: no daemon answers at {desk.folder}/store.db.sock; start one with"
        " `escalatord run`, or see that both use the same config file\n"
    )


def test_the_socket_goes_with_the_daemon(desk: Desk, running: Running) -> None:
    there = (desk.folder / "store.db.sock").is_socket()
    stopped(running)

    assert there
    assert not (desk.folder / "store.db.sock").exists()


def test_the_socket_of_a_killed_daemon_is_in_nobodys_way(desk: Desk, running: Running) -> None:
    running.send(signal.SIGKILL)
    running.end()
    refused = desk.command("reload")

    again = desk.start("run")
    again.wait_for("daemon.started")
    answered = desk.command("reload")

    assert (refused.code, answered.code) == (2, 0)
    assert stopped(again) == 0


def test_the_config_file_may_name_the_socket(desk: Desk) -> None:
    desk.replay(("channels:\n", "control: {socket: run/it.sock}\nchannels:\n"))
    (desk.folder / "run").mkdir()
    running = desk.start("run")
    running.wait_for("ingest.finished")

    assert desk.command("reload").code == 0
    assert Path(desk.folder, "run", "it.sock").is_socket()
    assert stopped(running) == 0


def test_a_socket_that_cannot_be_made_stops_no_escalation(desk: Desk) -> None:
    desk.replay(("channels:\n", "control: {socket: nowhere/it.sock}\nchannels:\n"))
    running = desk.start("run")

    failed = running.wait_for("control.failed")
    running.wait_for("escalation.fired")

    assert failed["message"] == (
        f"the control socket {desk.folder}/nowhere/it.sock cannot be made: No such file or"
        " directory; name another place by control.socket"
    )
    assert stopped(running) == 0


def test_changed_files_are_noticed_without_being_asked(desk: Desk) -> None:
    desk.config(more="every: 1s\nreload: {poll: 1s}\n")
    running = desk.start("run")
    running.wait_for("ingest.finished")
    desk.rules(LATE, AT_ONCE)

    loaded = running.wait_for("rules.loaded", rules=2)
    desk.rules(BROKEN)
    running.wait_for("rules.rejected")
    desk.rules(BROKEN)  # the same again: nothing to tell
    desk.log(row("1", "09:00"), row("2", "09:05"))
    running.wait_for("ingest.finished")
    desk.rules(LATE, AT_ONCE)
    again = running.wait_for("rules.loaded")

    assert loaded["added"] == ["at-once"]
    assert (again["degraded"], again["generation"]) == (False, loaded["generation"])
    assert stopped(running) == 0
    assert len(running.told("rules.rejected")) == 1
