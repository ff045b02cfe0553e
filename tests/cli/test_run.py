"""`run`, as a process: signals, reload, restart, a second daemon; and the log that it writes."""

from __future__ import annotations

import json
import re
import signal
import sys
from datetime import UTC, datetime, timedelta

import pytest

from engine import logs
from engine.app import open_app
from engine.daemon import Daemon
from engine.insight.contracts.documents import INSTANT_PATTERN
from engine.supervision import Supervisor
from tests.cli.desk import LATE, Desk, Document, Running, conforming, day, row

REMIND = """\
  - id: at-once
    description: Everybody hears of a ticket at once
    levels: [{name: told, after: 0s, notify: [default]}]
"""


@pytest.fixture
def replay(desk: Desk) -> Desk:
    """A desk that lives through the eighth of January, an hour a second."""
    desk.replay()
    return desk


def stopped(running: Running, number: int = signal.SIGTERM) -> int:
    running.send(number)
    return running.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_with_0(replay: Desk, number: int) -> None:
    running = replay.start("run")
    running.wait_for("daemon.started")

    assert stopped(running, number) == 0
    assert running.told("daemon.stopping")
    assert running.seen[-1]["event"] == "daemon.stopped"
    assert running.errors() == ""


def test_sigint_ends_it_even_where_it_was_inherited_ignored(replay: Desk) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    running = replay.start("run", before=ignore)
    running.wait_for("daemon.started")

    assert stopped(running, signal.SIGINT) == 0


def test_a_second_terminal_sees_what_the_daemon_did(replay: Desk) -> None:
    running = replay.start("run")
    running.wait_for("customer.updated")

    status = conforming("status", replay.command("status", "--json").document)
    explained = replay.command("explain", "desk:1", "--json").document

    assert status["rules"][0]["escalations"] == 1
    assert status["now"] >= day("11:00")
    assert explained["rules"][0]["verdict"] == "FIRED"
    assert status["daemon"]["pid"] == running.process.pid
    assert status["daemon"]["ready"] is True
    assert stopped(running) == 0


def test_a_restart_goes_on_where_it_stood_and_repeats_nothing(replay: Desk) -> None:
    first = replay.start("run")
    first.wait_for("reminder.fired")
    assert stopped(first) == 0

    second = replay.start("run")
    second.wait_for("customer.updated")
    assert stopped(second) == 0

    fired = [*first.told("reminder.fired"), *first.told("escalation.fired")]
    fired += [*second.told("reminder.fired"), *second.told("escalation.fired")]
    assert sorted(said["name"] for said in fired) == ["escalate", "remind"]
    assert len(replay.rows("sent.jsonl")) == 2
    actions = replay.rows("log.csv.actions.jsonl")
    assert [each["action"] for each in actions].count("reply") == 1


def test_a_second_daemon_on_the_same_store_refuses_in_one_line(replay: Desk) -> None:
    first = replay.start("run")
    first.wait_for("daemon.started")

    second = replay.command("run")

    assert second.code == 2
    assert second.err == (
        f"escalatord: another daemon (pid {first.process.pid}) uses this store and holds"
        f" {replay.folder / 'store.db.lock'}; stop it first, or give this one a store of its own\n"
    )
    assert stopped(first) == 0


def test_sighup_puts_new_rules_in_force(replay: Desk) -> None:
    running = replay.start("run")
    before = running.wait_for("rules.loaded")
    running.wait_for("daemon.started")
    replay.rules(LATE, REMIND)

    running.send(signal.SIGHUP)
    after = running.wait_for("rules.loaded")

    assert (before["rules"], after["rules"]) == (1, 2)
    assert before["generation"] != after["generation"]
    assert stopped(running) == 0


def test_sighup_with_broken_rules_keeps_the_old_ones_loudly(replay: Desk) -> None:
    running = replay.start("run")
    running.wait_for("daemon.started")
    replay.rules(LATE.replace("levels:", "levles:"))

    running.send(signal.SIGHUP)
    fault = running.wait_for("rules.error")
    running.wait_for("rules.rejected", errors=1)
    running.wait_for("customer.updated")

    assert (fault["file"], fault["line"]) == ("rules/rules.yaml", 8)
    assert replay.command("status", "--json").document["degraded"] is True
    assert stopped(running) == 0


def test_it_starts_with_the_last_good_rules_where_the_files_are_broken(replay: Desk) -> None:
    good = replay.once("--at", day("09:00"))["generation"]
    replay.rules(LATE.replace("levels:", "levles:"))

    running = replay.start("run")
    running.wait_for("rules.rejected")
    running.wait_for("rules.loaded", generation=good, degraded=True)
    running.wait_for("escalation.fired")

    assert stopped(running) == 0


def test_a_file_that_is_missing_at_the_start_is_read_when_it_comes(desk: Desk) -> None:
    desk.config(more="every: 1s\n")
    text = (desk.folder / "log.csv").read_text()
    (desk.folder / "log.csv").unlink()

    running = desk.start("run")
    failed = running.wait_for("ingest.failed")
    desk.write("log.csv", text)
    finished = running.wait_for("ingest.finished")

    assert "cannot read log.csv: No such file or directory" in failed["message"]
    assert (finished["helpdesk"], finished["tickets"]) == ("desk", 1)
    assert stopped(running) == 0


def test_on_the_real_clock_a_new_ticket_is_told_of(desk: Desk) -> None:
    desk.config(more="every: 1s\n")
    desk.rules(REMIND)
    running = desk.start("run")
    running.wait_for("ingest.finished")

    at = datetime.now(UTC) + timedelta(seconds=2)  # surely after the rule was loaded
    desk.say(row("2", at.strftime("%Y-%m-%dT%H:%M:%SZ")))
    fired = running.wait_for("reminder.fired")
    running.wait_for("outbox.delivered", ticket="desk:2", action="notify")

    assert (fired["ticket"], fired["rule"], fired["name"]) == ("desk:2", "at-once", "told")
    assert stopped(running) == 0


# --- the log -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """What a daemon logged that escalated a ticket, wrote to its customer, and rejected a row."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.replay()
    desk.rules(LATE)
    desk.log(row("1", "09:00"), row("2", "never"))
    running = desk.start("run")
    running.wait_for("customer.updated")
    assert stopped(running) == 0
    desk.stop()
    return running.seen


def test_every_event_of_the_contract_has_its_keys(log: list[Document]) -> None:
    said = {each["event"]: each for each in log}
    fired = {"ticket", "rule", "episode", "level", "name", "occurrence", "due_at", "reason"}
    assert fired <= said["escalation.fired"].keys()
    assert fired <= said["reminder.fired"].keys()
    assert {"ticket", "rule", "message", "occurrence"} <= said["customer.updated"].keys()
    assert {"helpdesk", "tickets", "events", "rejected"} <= said["ingest.finished"].keys()
    assert {"matched", "fired", "deferred", "suppressed"} <= said["evaluate.finished"].keys()
    assert {"id", "ticket", "rule", "action"} <= said["outbox.delivered"].keys()
    assert {"generation", "rules"} <= said["rules.loaded"].keys()
    assert {"file", "line", "code", "message"} <= said["ingest.rejected"].keys()
    assert said["customer.updated"]["message"] == "on_escalation"


def test_level_is_the_ladders_and_severity_the_logs_own(log: list[Document]) -> None:
    (escalation,) = (each for each in log if each["event"] == "escalation.fired")

    assert (escalation["level"], escalation["severity"]) == (2, "info")
    assert {each["severity"] for each in log} <= {"info", "warning", "error"}


def test_every_instant_in_the_log_is_in_utc_with_z(log: list[Document]) -> None:
    said = {each["event"]: each for each in log}

    assert re.fullmatch(INSTANT_PATTERN, said["daemon.started"]["now"])
    assert said["escalation.fired"]["due_at"] == day("11:00")
    assert all(each["timestamp"].endswith("Z") for each in log)


def test_a_clock_that_jumps_is_told_with_how_far(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(sys.stdout)
    app = open_app(desk.folder / "config.yaml")

    Daemon(app, Supervisor())._jumped(timedelta(hours=-1))  # noqa: SLF001
    app.close()

    said = json.loads(capsys.readouterr().out)
    assert (said["event"], said["seconds"]) == ("clock.jumped", -3600)
    assert re.fullmatch(INSTANT_PATTERN, said["now"])


def test_once_logs_the_same_events_on_stderr(desk: Desk) -> None:
    ended = desk.command("once", "--through", day("12:00"), "--json")

    assert ended.document["format"] == "escalatord.once/1"
    assert ended.complaint == ""
    assert {
        "rules.loaded",
        "ingest.finished",
        "reminder.fired",
        "escalation.fired",
        "evaluate.finished",
        "outbox.delivered",
        "customer.updated",
    } == {each["event"] for each in ended.events}


def test_a_shared_console_stays_one_object_a_line(desk: Desk) -> None:
    desk.replay(("{kind: file, path: sent.jsonl}", "{kind: console}"))

    running = desk.start("run")
    shown = running.wait_for("message.shown")

    assert shown["channel"] == "log"
    assert stopped(running) == 0


def test_no_text_or_address_stands_in_the_log(log: list[Document]) -> None:
    everything = json.dumps(log)
    assert "Hello" not in everything
    assert "the-boss" not in everything
    assert "anna" not in everything
