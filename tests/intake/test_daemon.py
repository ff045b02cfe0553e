"""A real daemon: what is sent to it is in `status`, and outlives a kill."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from queue import Queue

import httpx
import pytest

from engine.settings import SettingsError, load_settings
from tests.cli.desk import Desk, Running
from tests.intake.letterbox import TOKEN, event

CONFIG = """\
store: {url: sqlite:///store.db}
rules: rules
every: 1s
web:
  listen: 127.0.0.1:0
  hooks: {web: {form: zammad, token_file: token}}
helpdesks:
  web: {kind: intake, token_file: token}
channels:
  log: {kind: file, path: sent.jsonl}
"""
RULES = """\
  - id: late
    description: Nobody waits longer than two hours
    levels: [{name: remind, after: 2h, kind: technical, notify: [default]}]
"""
KILLS = 10


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose tickets are sent to it."""
    monkeypatch.chdir(tmp_path)
    made = Desk(tmp_path)
    made.write("config.yaml", CONFIG)
    made.write("token", f"{TOKEN}\n")
    made.rules(RULES)
    yield made
    made.stop()


def started(desk: Desk) -> tuple[Running, str]:
    running = desk.start("run")
    return running, running.wait_for("web.started")["url"]


HEADERS = {"authorization": f"Bearer {TOKEN}"}


def test_a_ticket_that_is_sent_is_in_status(desk: Desk) -> None:
    running, url = started(desk)
    answer = httpx.post(f"{url}/v1/tickets", json={"id": "1", "subject": "Fire"}, headers=HEADERS)
    running.wait_for("ingest.finished", tickets=1)

    with sqlite3.connect(desk.folder / "store.db") as store:
        assert store.execute("SELECT ticket, status FROM v_tickets").fetchall() == [
            ("web:1", "new")
        ]
    assert answer.status_code == 202
    running.send(signal.SIGTERM)
    assert running.end() == 0


def test_a_webhook_has_its_ticket_read_at_once(desk: Desk) -> None:
    desk.write("config.yaml", CONFIG.replace("every: 1s", "every: 1h"))
    running, url = started(desk)
    running.wait_for("evaluate.finished")
    httpx.post(f"{url}/v1/tickets", json={"id": "1"}, headers=HEADERS)
    answer = httpx.post(f"{url}/v1/hooks/web", json={"ticket": {"id": 1}}, headers=HEADERS)

    assert answer.json() == {"helpdesk": "web", "ticket": "web:1"}
    assert running.wait_for("ingest.finished")["tickets"] == 1
    running.send(signal.SIGTERM)
    assert running.end() == 0


@pytest.mark.proof
def test_what_was_answered_outlives_every_kill(desk: Desk) -> None:
    """Four senders post batches without pause; the daemon is killed again and again."""
    answered: set[str] = set()
    numbers = count()
    for kill in range(KILLS):
        running, url = started(desk)
        answers: Queue[set[str]] = Queue()
        senders = [
            threading.Thread(target=_send_on, args=(url, numbers, answers)) for _ in range(4)
        ]
        for sender in senders:
            sender.start()
        for _ in range(20 + 3 * kill):
            answered |= answers.get(timeout=60)
        running.process.kill()
        for sender in senders:
            sender.join()
        while not answers.empty():
            answered |= answers.get()

    with sqlite3.connect(desk.folder / "store.db") as store:
        kept = {key for (key,) in store.execute("SELECT key FROM inbox")}
    assert len(answered) >= KILLS * 400
    assert answered <= kept
    _is_ingested(desk, answered)


def _send_on(url: str, numbers: count[int], answers: Queue[set[str]]) -> None:
    """Send batches until the daemon is dead; tell what it answered."""
    with httpx.Client(headers=HEADERS, timeout=60) as client:
        while True:
            batch = [event(f"-{next(numbers)}", ticket=str(n)) for n in range(20)]
            try:
                answer = client.post(f"{url}/v1/events", json=batch)
            except httpx.HTTPError:
                return
            if answer.status_code == 202:
                answers.put({f"event/{each['id']}" for each in batch})


def _is_ingested(desk: Desk, answered: set[str]) -> None:
    """After a start in peace, every event stands in its ticket's story, once."""
    running, _ = started(desk)
    running.wait_for("evaluate.finished")
    running.send(signal.SIGTERM)
    assert running.end() == 0
    with sqlite3.connect(desk.folder / "store.db") as store:
        told = [str(row[0]) for row in store.execute("SELECT id FROM ticket_events")]
    names = [f"event/{name.removesuffix('/message')}" for name in told if "/message" in name]
    assert len(names) == len(set(names))
    assert answered <= set(names)


# --- the config file ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before, after, wrong",
    [
        ("intake, token_file: token", "intake", "neither a token nor a secret"),
        ("listen: 127.0.0.1:0", "listen: off", "nothing listens"),
        ("web: {form", "wob: {form", "there is no helpdesk 'wob'"),
        ("form: zammad", "form: zamad", "zammad"),
        ("form: zammad, token_file: token", "form: zammad", "anybody could send it"),
        ("form: zammad, token_file", "form: freshdesk, secret_file", "Freshdesk signs nothing"),
        ("intake, ", "intake, keep: 1m, ", "1h or more"),
        ("intake, ", "intake, write_back: {webhook: log}, ", "no channel 'log' of kind webhook"),
        ("intake, ", "intake, token_env: X, ", "several places"),
    ],
)
def test_a_config_that_could_not_work_is_refused(
    desk: Desk, before: str, after: str, wrong: str
) -> None:
    assert before in CONFIG
    desk.write("config.yaml", CONFIG.replace(before, after))

    with pytest.raises(SettingsError, match=wrong):
        load_settings("config.yaml")


@pytest.mark.parametrize("token, wrong", [("short\n", "fewer than 16"), ("\n \n", "missing|blank")])
def test_a_daemon_with_a_token_that_is_none_does_not_start(
    desk: Desk, token: str, wrong: str
) -> None:
    desk.write("token", token)
    ended = desk.command("run")

    assert ended.code == 78
    assert re.search(wrong, ended.err)


def test_two_helpdesks_that_share_a_token_are_refused(desk: Desk) -> None:
    other = "  bot: {kind: intake, token_file: token}\nchannels"
    desk.write("config.yaml", CONFIG.replace("channels", other, 1))
    ended = desk.command("run")

    assert ended.code == 78
    assert "share a token" in ended.err


def test_the_openapi_is_printed_as_it_is_served(desk: Desk) -> None:
    running, url = started(desk)
    served = httpx.get(f"{url}/v1/openapi.json").json()
    running.send(signal.SIGTERM)
    running.end()

    assert json.loads(desk.command("schema", "--openapi").out) == served
    assert served["openapi"] == "3.1.0"
