"""Whatever is wrong with what people give us: one clear line, the right exit code, no traceback."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from engine.app import App
from tests.cli.desk import CONFIG, LATE, Desk, Document, Ended, day, row

LOOKING = [["status"], ["explain", "desk:1"], ["outbox", "list"], ["ack", "desk:1"]]
SILENCING = [["silence", "list"], ["silence", "end", "1"]]
ACTING = [["once"], ["run"], ["import"], ["migrate"]]
TYPO = LATE.replace("levels:", "levles:").replace("escalate,", "escalate, tpyo: 1,")


def assert_said(ended: Ended, code: int, *words: str) -> None:
    """One line with these words, and nothing on stdout but the daemon's log."""
    assert ended.code == code, ended.err
    assert len(ended.complaint.splitlines()) == 1, ended.complaint
    assert ended.complaint.startswith("escalatord: ")
    for word in words:
        assert word in ended.complaint
    assert all(json.loads(line)["event"] == "daemon.failed" for line in ended.out.splitlines())


# --- the config file -----------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [*LOOKING, *SILENCING, *ACTING])
def test_a_config_file_that_is_missing(empty_desk: Desk, arguments: list[str]) -> None:
    ended = empty_desk.run(*arguments)

    assert_said(ended, 78, "config.yaml: cannot read", "No such file", "name another by --config")


@pytest.mark.parametrize(
    "text, words",
    [
        ("store: [1", ["config.yaml:", "error[yaml]"]),
        ("- a list\n", ["config.yaml:1:1: error[not-a-mapping]"]),
        ("storee: {}\n", ["config.yaml:1:1: error[unknown-key]", "did you mean 'store'?"]),
        ("timezone: Mars/Base\n", ["config.yaml:1:11: error[time-zone]"]),
        ("helpdesks: {a: {kind: fil}}\n", ["config.yaml:1:23: error[kind]", "mean 'file'?"]),
        ("store: {url: 'mysql://x'}\n", ["nothing can be kept in mysql"]),
        ("store: {url_env: NOT_SET}\n", ["environment variable NOT_SET is missing"]),
    ],
)
def test_a_config_file_that_is_wrong(desk: Desk, text: str, words: list[str]) -> None:
    desk.write("config.yaml", text)

    assert_said(desk.run("once"), 78, *words)


def test_every_fault_of_the_config_file_has_its_line(desk: Desk) -> None:
    desk.config(("layout:", "layuot:"), ("kind: file, path: sent", "kind: fil, path: sent"))

    ended = desk.run("once")

    assert ended.code == 78
    assert [line.split()[2] for line in ended.err.splitlines()] == [
        "error[missing-key]",
        "error[unknown-key]",
        "error[kind]",
    ]


def test_a_config_file_in_another_encoding(desk: Desk) -> None:
    (desk.folder / "config.yaml").write_bytes("# Käse\n".encode("cp1252"))

    assert_said(desk.run("once"), 78, "config.yaml:1:1: error[encoding]", "save it as UTF-8")


@pytest.mark.parametrize("place", [["--config", "other.yaml", "{}"], ["{}", "--config=other.yaml"]])
def test_the_config_file_is_named_before_or_after_the_verb(desk: Desk, place: list[str]) -> None:
    (desk.folder / "config.yaml").rename(desk.folder / "other.yaml")

    for verb in ("migrate", "status", "check"):
        assert desk.run(*(part.format(verb) for part in place)).code == 0


def test_the_config_file_is_named_anywhere_around_a_verb_of_two_words(desk: Desk) -> None:
    (desk.folder / "config.yaml").rename(desk.folder / "other.yaml")
    desk.run("migrate", "--config", "other.yaml")
    words = ["outbox", "list"]

    for place in range(3):
        arguments = [*words[:place], "--config", "other.yaml", *words[place:]]
        assert desk.run(*arguments).code == 0


# --- the store -----------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [*LOOKING, *ACTING])
def test_a_store_in_a_folder_that_is_not_there(desk: Desk, arguments: list[str]) -> None:
    desk.config(("sqlite:///store.db", "sqlite:///none/store.db"))

    assert_said(desk.run(*arguments), 2, "none/store.db cannot be opened", "make it first")


@pytest.mark.parametrize("arguments", ACTING)
def test_a_store_that_cannot_be_written(desk: Desk, arguments: list[str]) -> None:
    desk.config(("sqlite:///store.db", "sqlite:////proc/store.db"))

    assert_said(desk.run(*arguments), 2, "store /proc/store.db cannot be", "check the rights")


@pytest.mark.parametrize("arguments", [*LOOKING, *ACTING, ["once", "--dry-run"]])
def test_a_store_that_is_no_database(desk: Desk, arguments: list[str]) -> None:
    desk.write("store.db", "this was a database once, before somebody edited it\n" * 100)

    assert_said(desk.run(*arguments), 2, "store.db is damaged or no database at all", "restore")


@pytest.mark.parametrize("arguments", LOOKING)
def test_a_store_that_was_never_made(desk: Desk, arguments: list[str]) -> None:
    assert_said(desk.run(*arguments), 2, "there is no store", "start the daemon to make it")
    assert not (desk.folder / "store.db").exists()


@pytest.mark.parametrize("arguments", [*LOOKING, *ACTING])
def test_a_store_of_a_newer_program_is_no_usable_configuration(
    desk: Desk, arguments: list[str]
) -> None:
    desk.run("migrate")
    with sqlite3.connect(desk.folder / "store.db") as database:
        database.execute("UPDATE meta SET value = '99'")
    database.close()

    assert_said(desk.run(*arguments), 78, "needs a program that knows schema 99", "install")


# --- the rule files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["once"], ["once", "--dry-run"], ["run"], ["import"], ["status"]]
)
def test_broken_rules_without_earlier_ones_are_told_with_every_fault(
    desk: Desk, arguments: list[str]
) -> None:
    desk.run("migrate")
    desk.rules(TYPO)

    ended = desk.run(*arguments)

    assert ended.code == 78
    assert ended.complaint.splitlines() == [
        "rules/rules.yaml:8:5: error[unknown-key] unknown key 'levles'",
        "    8 |     levles:",
        "      |     ^^^^^^ did you mean 'levels'?",
        "1 file, 1 rule: 1 error",
        "escalatord: 1 error in the rule files of rules, and no earlier good rules to run",
    ]


def test_a_rules_folder_with_nothing_in_it(desk: Desk) -> None:
    (desk.folder / "rules" / "rules.yaml").unlink()

    ended = desk.run("once")

    assert ended.code == 78
    assert ended.complaint.splitlines()[0] == (
        "rules:1:1: error[no-rules] there are no rule files here"
    )


def test_a_rules_folder_that_was_emptied_keeps_the_last_good_rules(desk: Desk) -> None:
    good = desk.once("--at", day("09:00"))
    (desk.folder / "rules" / "rules.yaml").unlink()

    document = desk.once("--at", day("10:00"))

    assert (document["degraded"], document["generation"]) == (True, good["generation"])
    assert [each["name"] for each in document["fired"]] == ["remind"]


def test_broken_rules_after_good_ones_run_degraded_and_loudly(desk: Desk) -> None:
    good = desk.once("--at", day("09:00"))
    desk.rules(TYPO)

    ended = desk.run("once", "--json", "--at", day("10:00"))

    assert ended.code == 0
    assert (ended.document["degraded"], ended.document["generation"]) == (True, good["generation"])
    assert [each["name"] for each in ended.document["fired"]] == ["remind"]
    events = {event["event"]: event for event in ended.events}
    assert events["rules.error"]["file"] == "rules/rules.yaml"
    assert events["rules.error"]["line"] == 8
    assert events["rules.rejected"]["errors"] == 1
    assert events["rules.rejected"]["severity"] == "error"


# --- the helpdesk's file -------------------------------------------------------------------------


def rejected(document: Document) -> list[tuple[int, str]]:
    assert {each["file"] for each in document["ingested"]["rejected"]} == {"log.csv"}
    return [(each["line"], each["code"]) for each in document["ingested"]["rejected"]]


def test_bad_rows_are_counted_and_named_and_the_good_ones_taken(desk: Desk) -> None:
    good = [row("1", "09:00").encode(), row("5", "09:05", title="fünf").encode()]
    bad = [
        row("2", "2024-01-08T9 o'clock").encode(),
        row("3", "09:00", title="Käse").encode("cp1252"),
        b"4,2024-01-08T09:00:00Z,too,few\n",
        row("6", "09:00", p="none").encode(),
        b"7,2024-01-08T09:00",
    ]
    lines = [good[0], *bad[:3], good[1], *bad[3:]]
    (desk.folder / "log.csv").write_bytes(desk.files()["log.csv"].splitlines()[0] + b"\n")
    with (desk.folder / "log.csv").open("ab") as stream:
        stream.writelines(lines)

    document = desk.once("--at", day("09:30"))

    assert document["ingested"]["tickets"] == 2
    assert rejected(document) == [
        (3, "bad-date"),
        (4, "undecodable"),
        (5, "field-count"),
        (7, "unknown-priority"),
        (8, "field-count"),
    ]


def test_a_bad_row_is_told_once(desk: Desk) -> None:
    desk.say(row("2", "never"))
    first, second = desk.once("--at", day("09:00")), desk.once("--at", day("09:01"))

    assert rejected(first) == [(3, "bad-date")]
    assert second["ingested"]["rejected"] == []


def test_a_half_written_last_line_is_taken_when_it_is_whole(desk: Desk) -> None:
    whole = row("2", "09:00")
    desk.say(whole[:20])
    half = desk.once("--at", day("09:00"))
    desk.say(whole[20:])

    document = desk.once("--at", day("09:10"))

    assert rejected(half) == [(3, "field-count")]
    assert (document["ingested"]["tickets"], document["ingested"]["rejected"]) == (1, [])


def test_a_row_that_is_rejected_after_the_last_event_of_a_play_is_named(desk: Desk) -> None:
    desk.say(row("2", "09:30", p="none"))

    assert rejected(desk.once("--through", day("09:45"))) == [(3, "unknown-priority")]


# --- and ourselves -------------------------------------------------------------------------------


@pytest.fixture
def defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: App, __: object) -> None:
        raise KeyError("of\nours")

    monkeypatch.setattr(App, "rules_from", fail)


@pytest.mark.usefixtures("defect")
def test_a_defect_of_ours_is_one_line_that_says_where(desk: Desk) -> None:
    ended = desk.run("once")

    assert_said(ended, 2, "internal error: KeyError: 'of\\nours' at ", "test_bad_input.py:")


@pytest.mark.usefixtures("defect")
@pytest.mark.parametrize("arguments", [["--debug", "once"], ["once", "--debug"]])
def test_with_debug_a_defect_shows_its_traceback(desk: Desk, arguments: list[str]) -> None:
    ended = desk.run(*arguments)

    assert ended.code == 2
    assert "Traceback (most recent call last)" in ended.err
    assert ended.err.splitlines()[-1].startswith("escalatord: internal error: KeyError")


@pytest.mark.usefixtures("defect")
def test_a_variable_asks_for_tracebacks_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATORD_DEBUG", "1")

    assert "Traceback (most recent call last)" in desk.run("once").err


@pytest.mark.usefixtures("defect")
def test_a_defect_that_ends_the_daemon_is_in_its_log_with_its_traceback(desk: Desk) -> None:
    ended = desk.run("run")

    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    assert '"event": "daemon.failed"' in ended.out
    assert "Traceback (most recent call last)" in ended.out


def test_a_terminal_without_our_characters_is_no_defect(desk: Desk) -> None:
    desk.rules(LATE.replace("    levels:", "    match: {priority: low}\n    levels:"))
    desk.once("--through", day("10:00"))

    ended = desk.command("explain", "desk:1", PYTHONIOENCODING="latin-1:strict")

    assert ended.code == 0, ended.err
    assert "match    - priority is low - found medium" in ended.out


def test_json_is_json_in_any_encoding(desk: Desk) -> None:
    desk.rules(LATE.replace("    levels:", "    match: {subject: {contains: 😀}}\n    levels:"))
    desk.once("--through", day("10:00"))

    ended = desk.command("explain", "desk:1", "--json", PYTHONIOENCODING="latin-1:strict")

    assert ended.document["rules"][0]["conditions"]["children"][0]["wanted"] == "😀"


def test_a_pipe_that_nobody_reads_ends_quietly(desk: Desk) -> None:
    desk.once("--at", day("09:00"))

    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "explain", "desk:1"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(write)

    assert (done.returncode, done.stderr) == (2, b"")


def test_an_unknown_verb_is_a_wrong_usage(desk: Desk) -> None:
    ended = desk.run("frobnicate")

    assert ended.code == 2
    assert ended.err.splitlines()[-1] == "Error: No such command 'frobnicate'."


def test_without_a_verb_the_verbs_are_shown(empty_desk: Desk) -> None:
    ended = empty_desk.run()

    assert ended.code == 2
    for verb in ("run", "once", "check", "explain", "status", "outbox", "ack", "schema"):
        assert f"\n  {verb} " in ended.err


@pytest.mark.parametrize("arguments", [["--help"], ["once", "-h"], ["outbox", "--help"]])
def test_help_is_good(empty_desk: Desk, arguments: list[str]) -> None:
    ended = empty_desk.run(*arguments)

    assert ended.code == 0
    assert ended.out.startswith("Usage: escalatord")


def test_the_config_file_of_these_tests_is_one(desk: Desk) -> None:
    assert Path("config.yaml").read_text() == CONFIG
    assert desk.run("check").code == 0
