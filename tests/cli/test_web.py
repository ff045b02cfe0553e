"""`run`, as others see it: health, numbers and heartbeat of a real daemon."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.cli.desk import LATE, Desk, Running, conforming

WEB = "web: {listen: 127.0.0.1:0}\n"
BROKEN = LATE.replace("levels:", "levles:")


def served(desk: Desk, more: str = "") -> tuple[Running, str]:
    """A daemon that has written to a customer, and where its pages are."""
    desk.replay(("channels:\n", f"{WEB}{more}channels:\n"))
    running = desk.start("run")
    url = running.wait_for("web.started")["url"]
    running.wait_for("customer.updated")
    return running, url


def page(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as reply:  # noqa: S310 - ours
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def health(url: str) -> tuple[int, dict[str, Any]]:
    code, text = page(f"{url}/readyz")
    return code, conforming("health", json.loads(text))


def numbers(url: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(page(f"{url}/metrics")[1])
    each = (one for family in families for one in family.samples)
    return {(one.name, *one.labels.values()): one.value for one in each}


def stopped(running: Running) -> int:
    running.send(signal.SIGTERM)
    return running.end()


def test_a_daemon_that_ticks_is_ready_and_counts_what_it_does(desk: Desk) -> None:
    running, url = served(desk)

    code, told = health(url)
    found = numbers(url)

    assert page(f"{url}/healthz") == (200, "ok\n")
    assert (code, told["ready"], told["problems"]) == (200, True, [])
    assert told["pid"] == running.process.pid
    assert found["escalatord_escalations_total", "technical", "late"] == 1
    assert found["escalatord_customer_messages_total", "on_escalation"] == 1
    assert found["escalatord_last_tick_timestamp_seconds",] > 0
    assert found["escalatord_tick_duration_seconds_count",] >= 1
    assert stopped(running) == 0
    assert running.errors() == ""


def test_broken_rules_are_seen_everywhere_and_leave_it_ready(desk: Desk) -> None:
    running, url = served(desk)
    desk.rules(BROKEN)
    desk.command("reload")

    code, told = health(url)
    broken = numbers(url)
    status = desk.command("status").out
    desk.rules(LATE)
    desk.command("reload")
    mended = numbers(url)

    assert (code, told["ready"], told["degraded"]) == (200, True, True)
    assert broken["escalatord_rules_degraded",] == 1
    assert broken["escalatord_reloads_total", "rejected"] == 1
    assert "DEGRADED" in status
    assert mended["escalatord_rules_degraded",] == 0
    assert mended["escalatord_reloads_total", "unchanged"] == 1
    assert health(url)[1]["degraded"] is False
    assert stopped(running) == 0


def test_a_helpdesk_that_cannot_be_read_makes_it_unready(desk: Desk) -> None:
    desk.config(more=f"every: 1s\n{WEB}")
    (desk.folder / "log.csv").unlink()
    running = desk.start("run")
    url = running.wait_for("web.started")["url"]
    for _ in range(5):  # one a second
        running.wait_for("ingest.failed")

    code, told = health(url)

    assert (code, told["ready"]) == (503, False)
    assert told["problems"][0].startswith("helpdesk desk has been silent for ")
    assert numbers(url)["escalatord_ingest_failures_total", "desk"] >= 5
    assert "NOT READY: helpdesk desk has been silent" in desk.command("status").out
    assert stopped(running) == 0


def test_an_address_that_is_taken_is_told_once_and_stops_no_escalation(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        desk.replay(("channels:\n", f"web: {{listen: 127.0.0.1:{port}}}\nchannels:\n"))
        running = desk.start("run")
        failed = running.wait_for("web.failed")
        running.wait_for("escalation.fired")

        assert stopped(running) == 0

    assert failed["message"] == (
        f"health and metrics cannot be served on 127.0.0.1:{port}: Address already in use;"
        " free it, or name another by web.listen"
    )
    assert len(running.told("web.failed")) == 1


def test_a_heart_that_nobody_hears_is_told_once_and_stops_no_escalation(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    # Nobody listens there any more.
    heart = f"heartbeat: {{url: 'http://127.0.0.1:{port}/', every: 1s}}\n"
    running, _ = served(desk, heart)
    if not running.told("heartbeat.failed"):
        running.wait_for("heartbeat.failed")

    assert stopped(running) == 0
    assert len(running.told("heartbeat.failed")) == 1


def links_in(desk: Desk) -> list[str]:
    """The paths of the links in what staff was told."""
    sent = (desk.folder / "sent.jsonl").read_text()
    return re.findall(r"http://127\.0\.0\.1(/a/[\w.-]+)", sent)


def test_a_link_in_a_notice_takes_the_escalation_of_a_running_daemon(desk: Desk) -> None:
    listening = "web: {listen: 127.0.0.1:0, public_url: 'http://127.0.0.1'}"
    desk.replay(("channels:\n", f"{listening}\nchannels:\n"))
    running = desk.start("run")
    url = running.wait_for("web.started")["url"]
    running.wait_for("customer.updated")
    link = links_in(desk)[0]

    shown = page(f"{url}{link}")
    form = urllib.parse.urlencode({"name": "Ann Berg"}).encode()
    with urllib.request.urlopen(f"{url}{link}", form, timeout=60) as reply:  # noqa: S310 - ours
        taken = reply.read().decode()
    told = running.wait_for("escalation.acknowledged")

    assert shown[0] == 200
    assert "Nobody has taken it yet." in shown[1]
    assert "Ann Berg has taken it" in taken
    assert (told["ticket"], told["rule"], told["how"]) == ("desk:1", "late", "link")
    assert stopped(running) == 0
    status = desk.command("status", "--json").out
    assert json.loads(status)["unowned"] == 0
    with sqlite3.connect(desk.folder / "store.db") as store:
        ((key,),) = store.execute("SELECT value FROM meta WHERE key = 'links_key'").fetchall()
    said = status + json.dumps(running.seen) + running.errors()
    assert key not in said
    assert link.removeprefix("/a/") not in said


def test_an_acknowledgement_by_name_is_logged_as_one_by_a_link(desk: Desk) -> None:
    desk.replay()
    desk.once("--through", "2024-01-08T11:30:00Z")

    ended = desk.command("ack", "desk:1", "--by", "ann")

    (line,) = (json.loads(one) for one in ended.err.splitlines())
    assert (line["event"], line["ticket"], line["rule"]) == (
        "escalation.acknowledged",
        "desk:1",
        "late",
    )
