"""Rules change between two ticks, as a whole; a delivery under way finishes one message."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine import logs
from engine.app import App, open_app
from engine.clock import SystemClock
from engine.insight.health import Health
from engine.insight.metrics import Metrics
from engine.ports import Message, Sent
from engine.supervision import Supervisor
from engine.testing import MemoryChannel
from engine.ticks import Ticks
from tests.cli.desk import Desk, row

AT_ONCE = """\
  - id: at-once
    description: Everybody hears of a ticket at once
    backlog: act
    max_lateness: 9999d
    levels: [{name: told, after: 0s, notify: [default], template: told}]
"""


@dataclass
class Interrupted(MemoryChannel):
    """Something happens while the first message is sent."""

    meanwhile: list[Callable[[], object]] = field(default_factory=list)

    def send(self, message: Message) -> Sent:
        for happens in self.meanwhile:
            happens()
        self.meanwhile.clear()
        return MemoryChannel.send(self, message)

    def words(self) -> list[str]:
        return [message.text.strip() for message in self.sent]


@dataclass
class House:
    """A daemon's stages over a desk with two tickets, ticked by hand."""

    desk: Desk
    app: App
    channel: Interrupted = field(default_factory=Interrupted)

    def __post_init__(self) -> None:
        self.app.channels["log"] = self.channel
        now = SystemClock()
        self.health = Health(self.app.settings.every, self.app.helpdesks, now.monotonic)
        metrics = Metrics(self.app.store, now.now, self.app.helpdesks, self.app.channels, [])
        self.stop = threading.Event()
        self.ticks = Ticks(self.app, self.health, metrics, Supervisor(), logs.get(), self.stop)

    def words(self, words: str) -> None:
        """Put a set of rules in force that says it so."""
        self.desk.write("rules/templates/staff/told.md", f"---\nsubject: told\n---\n{words}\n")
        self.ticks.swap(self.app.rules_in_force())


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    desk.config()
    desk.rules(AT_ONCE)
    desk.log(row("1", "09:00"), row("2", "09:01"))
    app = open_app(tmp_path / "config.yaml")
    house = House(desk, app)
    house.words("Old words")
    yield house
    app.close()


def test_a_tick_makes_the_daemon_ready(house: House) -> None:
    before = house.health.report()["ready"]
    house.ticks.evaluate()

    assert (before, house.health.report()["ready"]) == (False, True)


def test_what_goes_out_after_a_swap_goes_out_by_the_new_rules(house: House) -> None:
    house.channel.meanwhile.append(lambda: house.words("New words"))
    house.ticks.evaluate()

    house.ticks.deliver()
    first = house.channel.words()
    house.ticks.deliver()

    assert first == ["Old words"]
    assert house.channel.words() == ["Old words", "New words"]


def test_a_delivery_breaks_off_when_the_daemon_stops(house: House) -> None:
    house.channel.meanwhile.append(house.stop.set)
    house.ticks.evaluate()

    house.ticks.deliver()

    assert house.channel.words() == ["Old words"]
