"""Mails a second: the product's delivery beside a plain loop over smtplib, to the same server.

Run with ``python -m tests.bench.mail``. The server is a process of its own, on loopback, and
flushes each mail to the disk before it answers. The loop renders nothing, remembers nothing and
checks nothing; the product reads each ticket again, renders text and HTML, and commits twice.
"""

from __future__ import annotations

import io
import queue
import smtplib
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from engine.channels import Surroundings, open_channel
from engine.clock import SystemClock
from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.episode import EpisodeId
from engine.domain.ruleset import Ruleset
from engine.messages import TemplateComposer
from engine.pipeline.deliver import deliver
from engine.simulation.world import World
from engine.store import open_store
from engine.testing import MONDAY, ScriptedHelpdesk, ticket
from tests.crash.process import Heard, sink
from tests.scenario.desk import generation_of, rule, rules

MAILS: Final = 200
ROUNDS: Final = 5
DESK: Final = "desk@example.org"


def plain(port: int, number: int) -> None:
    """One connection, and nothing but the protocol."""
    with smtplib.SMTP("127.0.0.1", port) as session:
        for each in range(MAILS):
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = DESK, DESK, f"Round {number}, {each}"
            mail.set_content("A ticket waits.\n")
            session.send_message(mail)


def desk(folder: Path, port: int) -> World:
    """A desk with as many tickets, whose store is a file; each waits for somebody."""
    helpdesk = ScriptedHelpdesk()
    for number in range(MAILS):
        helpdesk.open(ticket(f"T{number}", MONDAY))
    steady = SystemClock()
    around = Surroundings(steady, steady.monotonic, io.StringIO(), folder)
    options = {"kind": "smtp", "host": "127.0.0.1", "port": str(port), "from": DESK}
    world = World(
        store=open_store(f"sqlite:///{folder}/store.db"),
        composer=lambda made: TemplateComposer(made.templates, ZoneInfo("UTC")),
        helpdesks={"desk": helpdesk},
        channels={"log": open_channel("mail", options, around)},  # type: ignore[dict-item]
    )
    world.put_in_force(Ruleset(generation_of(rules(rule("r", match="{type: none}")))))
    world.tick(MONDAY + timedelta(minutes=1))
    return world


def product(world: World, number: int) -> None:
    """What is in the outbox goes out."""
    assert world.cycle is not None
    done = deliver(world.store, world.cycle.outside, MONDAY, lambda: datetime.now(UTC))
    assert len(done.sent) == MAILS, f"round {number}: {len(done.sent)}"


def queue_up(world: World, number: int) -> None:
    """A notice for each ticket."""
    about = Action(
        key="", kind=ActionKind.NOTIFY, audience=Audience.STAFF, ticket="", subject="",
        episode=EpisodeId("r", "", "created"), level=1, occurrence=1, receiver="default",
        channel="log", to=DESK, template="escalation",
    )  # fmt: skip
    names = [f"desk:T{each}" for each in range(MAILS)]
    with world.store.write() as tx:
        tx.enqueue(
            [replace(about, key=f"{number}|{n}", ticket=n, subject=n) for n in names], MONDAY
        )


def taken(act: Callable[[], None]) -> float:
    """In seconds."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def main() -> None:
    """Round by round, the one and the other; the first round does not count."""
    heard: Heard = queue.SimpleQueue()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server, port = sink(folder, heard, 1)
        try:
            world = desk(folder, port)
            loop, ours = [], []
            for number in range(ROUNDS + 1):
                queue_up(world, number)
                loop.append(taken(lambda: plain(port, number)))  # noqa: B023 - called at once
                ours.append(taken(lambda: product(world, number)))  # noqa: B023
        finally:
            server.kill()
    plainly, fully = MAILS / median(loop[1:]), MAILS / median(ours[1:])
    print(f"smtplib {plainly:.0f} mails/s, escalatord {fully:.0f} mails/s: {fully / plainly:.2f}")


if __name__ == "__main__":
    main()
