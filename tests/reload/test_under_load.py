"""Reloads, half of them broken, while a real daemon works: nothing lost, doubled or mixed."""

from __future__ import annotations

import json
import queue
import random
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from engine.control.client import ask
from tests.cli.desk import Desk, Running
from tests.reload.story import Story, write_broken, write_good

Json = dict[str, Any]

SAID = re.compile(r"set-(\d+) said by set-(\d+)")
LOOK_EVERY: Final = 0.5
"""Seconds without a line of the log after which it is looked whether all is done."""
AT_REST: Final = 200
"""Reloads after all has happened: the caches of what was read are full, and what grows is ours."""
MAY_GROW: Final = 3.0
"""Megabytes of resident memory over these: what a heap breathes."""


@dataclass
class Outcome:
    """What a run left behind."""

    folder: Path

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder}/store.db?mode=ro", uri=True)) as store:
            return store.execute(query).fetchall()

    def firings(self) -> Counter[tuple[Any, ...]]:
        """Every firing with its instants; which generation decided aside."""
        return Counter(
            self.rows(
                "SELECT ticket, rule, episode, level, name, occurrence, kind, due_at, fired_at"
                " FROM v_firings"
            )
        )

    def generations(self) -> set[str]:
        return {name for (name,) in self.rows("SELECT DISTINCT generation FROM v_firings")}

    def actions(self) -> Counter[tuple[Any, ...]]:
        """Everything that was to be done outside, and what became of it."""
        return Counter(self.rows("SELECT ticket, rule, audience, action, state FROM v_outbox"))

    def messages(self) -> list[Json]:
        lines = (self.folder / "sent.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def told(self) -> Counter[tuple[Any, ...]]:
        """Who of the staff was told what, as machines are told."""
        keys = ("ticket", "rule", "level", "occurrence")
        return Counter(tuple(one["facts"][key] for key in keys) for one in self.messages())


@dataclass
class Reloading:
    """A daemon whose rules are changed again and again."""

    story: Story
    folder: Path
    desk: Desk = field(init=False)
    running: Running = field(init=False)
    good: set[str] = field(default_factory=set)
    results: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.story.write(self.folder)
        self.desk = Desk(self.folder)

    def start(self) -> None:
        self.running = self.desk.start("run")
        self.good.add(self.running.wait_for("rules.loaded")["generation"])
        self.running.wait_for("daemon.started")

    def reload(self, number: int, chance: random.Random) -> None:
        """Write a set, good or broken, and have it read."""
        rules = self.folder / "rules"
        if number % 2:
            write_broken(rules, number, chance)
            document = self.ask_to_reload()
            assert document["result"] == "rejected", (number, document)
            assert document["generation"] in self.good
            self.results["broken"] += 1
            return
        write_good(rules, number)
        self.good.add(self.hang_up() if number % 10 == 0 else self.ask_to_reload()["generation"])
        self.results["good"] += 1

    def ask_to_reload(self) -> Json:
        answer = ask(self.folder / "store.db.sock", "reload")["document"]
        assert isinstance(answer, dict)
        return answer

    def hang_up(self) -> str:
        """Have the rules read by a signal, and wait until others are in force; gives their id."""
        self.running.send(signal.SIGHUP)
        while (found := self.running.wait_for("rules.loaded")["generation"]) in self.good:
            pass
        return str(found)

    def memory(self) -> float:
        """How much memory the daemon holds (megabytes)."""
        status = Path(f"/proc/{self.running.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024

    def live_to_the_end(self) -> None:
        """Until everything of the story has happened."""
        while not self._is_done():
            with suppress(queue.Empty):
                assert self.running.lines.get(timeout=LOOK_EVERY) is not None, "it ended by itself"

    def stop(self) -> Outcome:
        self.running.send(signal.SIGTERM)
        assert self.running.end() == 0
        assert self.running.errors() == ""
        return Outcome(self.folder)

    def _is_done(self) -> bool:
        rows = Outcome(self.folder).rows("SELECT value FROM meta WHERE key = 'played_until'")
        return bool(rows) and rows[0][0] >= f"{self.story.ends_at:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def reloading(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reloading]:
    reloading = Reloading(request.param, tmp_path / "reloaded")
    yield reloading
    reloading.desk.stop()


@pytest.fixture
def calm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reloading]:
    """The same story, for a daemon that is left alone."""
    calm = Reloading(request.param, tmp_path / "left-alone")
    yield calm
    calm.desk.stop()


def assert_nothing_lost_doubled_or_mixed(found: Outcome, wanted: Outcome, good: set[str]) -> None:
    assert found.firings() == wanted.firings()
    assert max(found.firings().values()) == 1
    assert found.actions() == wanted.actions()
    assert found.told() == wanted.told()
    assert found.generations() <= good
    for message in found.messages():
        if message["subject"] != "told":
            continue  # that a customer hears no more, in the program's own words
        said = SAID.search(message["text"])
        assert said is not None, message
        decided, sent = int(said[1]), int(said[2])
        assert message["to"] == f"set-{decided}", message
        assert sent >= decided, message
        assert (decided % 2, sent % 2) == (0, 0), message


SHORT = Story(tickets=40, over=timedelta(hours=4), speed=7200)
LONG = Story(tickets=400, over=timedelta(hours=40), speed=1440)


@pytest.mark.slow
@pytest.mark.parametrize("reloading, calm", [(SHORT, SHORT)], indirect=True)
def test_thirty_reloads_under_load_lose_double_and_mix_nothing(
    reloading: Reloading, calm: Reloading
) -> None:
    chance = random.Random(1)
    calm.start()
    reloading.start()
    for number in range(1, 31):
        reloading.reload(number, chance)
    reloading.live_to_the_end()
    calm.live_to_the_end()

    assert_nothing_lost_doubled_or_mixed(reloading.stop(), calm.stop(), reloading.good)


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("reloading, calm", [(LONG, LONG)], indirect=True)
def test_a_thousand_reloads_under_load_lose_double_and_mix_nothing(
    reloading: Reloading, calm: Reloading, figures: list[str]
) -> None:
    chance = random.Random(1)
    reloading.start()
    for number in range(1, 1001):
        reloading.reload(number, chance)
    reloading.live_to_the_end()
    memory = [reloading.memory()]
    for number in range(1001, 1001 + AT_REST):
        reloading.reload(number, chance)
        memory.append(reloading.memory())
    found = reloading.stop()
    calm.start()
    calm.live_to_the_end()
    left_alone = calm.memory()
    wanted = calm.stop()

    half = AT_REST // 2
    deciding = len(found.generations())
    figures.append(
        f"{reloading.results['good']} good and {reloading.results['broken']} broken sets;"
        f" {sum(found.firings().values())} firings by {deciding} generations,"
        f" {sum(found.told().values())} messages; resident memory after 1,000 reloads"
        f" {memory[0]:.1f} MB (a daemon that was left alone: {left_alone:.1f} MB), after"
        f" {half} more {memory[half]:.1f} MB, after {AT_REST} more {memory[-1]:.1f} MB"
    )
    assert_nothing_lost_doubled_or_mixed(found, wanted, reloading.good)
    assert len(reloading.good) == 1 + reloading.results["good"]  # each took effect
    assert deciding > 100  # it was under load
    assert memory[-1] - memory[half] < MAY_GROW, memory
