"""What a person sees of messages that do not arrive: the log, `status`, the outbox, the numbers."""

from __future__ import annotations

import socket
import urllib.request

from tests.cli.desk import LATE, Desk, conforming, row

MANY = [row(str(number), "09:00") for number in range(1, 9)]


def nobody_listens() -> int:
    """A port of this machine at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_a_dead_server(desk: Desk) -> None:
    """The boss is told by mail, and the mail server is down."""
    server = f"host: 127.0.0.1, port: {nobody_listens()}, from: desk@example.org"
    desk.replay(("sent.jsonl}\n", f"sent.jsonl}}\n  mail: {{kind: smtp, {server}}}\n"))
    desk.rules(LATE)
    rules = (desk.folder / "rules/rules.yaml").read_text()
    to_boss = rules.replace("{channel: log, to: the-boss}", "{channel: mail, to: boss@example.org}")
    desk.write("rules/rules.yaml", to_boss)
    desk.log(*MANY)


def test_a_dead_mail_server_is_told_once_and_costs_no_attempt(desk: Desk) -> None:
    with_a_dead_server(desk)
    ended = desk.run("once", "--at", "2024-01-08T12:00:00Z")
    (opened,) = [event for event in ended.events if event["event"] == "circuit.opened"]
    assert opened["channel"] == "mail"
    assert "refused" in opened["reason"]
    (waited,) = [event for event in ended.events if event["event"] == "outbox.waited"]
    assert waited["rows"] == len(MANY) - 3
    rows = desk.run("outbox", "list", "--json", "--state", "snoozed").document["rows"]
    assert [row["attempts"] for row in rows] == [0] * len(MANY)
    assert all("Connection refused" in row["reason"] for row in rows)


def test_status_readiness_and_numbers_of_a_daemon_whose_mail_server_is_dead(desk: Desk) -> None:
    with_a_dead_server(desk)
    config = (desk.folder / "config.yaml").read_text()
    port = nobody_listens()
    desk.write("config.yaml", f"{config}web: {{listen: 127.0.0.1:{port}}}\n")
    running = desk.start("run")
    running.wait_for("circuit.opened")
    status = conforming("status", desk.command("status", "--json").document)
    (failing,) = status["daemon"]["failing"]
    assert (failing["kind"], failing["name"]) == ("channel", "mail")
    assert status["daemon"]["ready"] is True
    assert "channel mail FAILS since" in desk.command("status").out
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        numbers = answer.read().decode()
    assert 'escalatord_circuit_open{kind="channel",name="mail"} 1.0' in numbers
    assert 'escalatord_circuit_open{kind="channel",name="log"} 0.0' in numbers
    running.send(15)
    assert running.end() == 0
