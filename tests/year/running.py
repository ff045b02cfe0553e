"""Letting the daemon live through a made-up year, and gathering what it did."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from engine.app import App, InForce
from engine.insight.once import firing
from engine.settings import load_settings
from engine.store import SqlStore
from engine.store.memory import MemoryStore
from tests.year.generating import Row, write_log

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LOG = "log.jsonl"

DOWN = (
    ("2026-03-17T11:20:00Z", "2026-03-17T15:45:00Z"),
    ("2026-04-21T06:00:00Z", "2026-04-22T06:00:00Z"),
    ("2026-10-13T09:40:00Z", "2026-10-13T10:30:00Z"),
)
"""When the daemon does not run: some hours, a day, and the middle of a storm."""
RESTARTS = ("2026-05-06T12:00:00Z",)
UNTIL = "2027-01-29T00:00:00Z"
TICKETS_A_SLICE = 60

TEMPLATES = (
    "escalation-received", "several-requests", "still-working", "with-specialists",
    "premium-update", "billing-received", "billing-update", "outage-received", "outage-update",
    "satisfaction-survey",
)  # fmt: skip
LANGUAGES = ("en", "de", "fr", "es")
SAYS = """---
subject: "{language} {name} {{{{ ticket.number }}}}"
---
Hello {{{{ customer.name }}}}: {language} {name}.
{{% if next_update_at %}}
Next word: {{{{ next_update_at.timestamp() | int }}}}
{{% endif %}}
"""

Document = dict[str, Any]
Run = tuple[str, str]
"""``--through`` and an instant: live up to there; ``--at``: wake up there, having been down."""


@dataclass(slots=True)
class Lived:
    """What a daemon did.

    Attributes:
        actions: The lines of the file in which it writes what is to be done in the desk.
        fired: As `once --json` tells, of all runs together; so is `skipped`.
        seconds: How long it took.
    """

    actions: list[Document] = field(default_factory=list)
    fired: list[Document] = field(default_factory=list)
    skipped: list[Document] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Lived) -> None:
        self.actions.extend(other.actions)
        self.fired.extend(other.fired)
        self.skipped.extend(other.skipped)


def runs_until(until: str) -> list[Run]:
    """The runs that make up a year with its outages and restarts; each is a process of its own."""
    runs = [("--through", since) for since, _ in DOWN] + [("--at", back) for _, back in DOWN]
    runs += [("--through", at) for at in RESTARTS]
    return [*sorted((run for run in runs if run[1] < until), key=lambda run: run[1]),
            ("--through", until)]  # fmt: skip


def down_until(until: str) -> list[tuple[str, str]]:
    return [spell for spell in DOWN if spell[1] < until]


def desk_in(folder: Path, rows: Iterable[Row]) -> None:
    """Put configuration, the starter rules, the year's own, all texts and a log into a folder."""
    shutil.copy(HERE / "config.yaml", folder)
    rules = folder / "rules"
    rules.mkdir()
    for file in (*(ROOT / "rules").glob("*.yaml"), *(HERE / "rules").glob("*.yaml")):
        shutil.copy(file, rules)
    shutil.copytree(ROOT / "rules" / "templates" / "staff", rules / "templates" / "staff")
    customer = rules / "templates" / "customer"
    customer.mkdir()
    for name in TEMPLATES:
        for language in LANGUAGES:
            suffix = "" if language == "en" else f".{language}"
            text = SAYS.format(language=language, name=name)
            (customer / f"{name}{suffix}.md").write_text(text, encoding="utf-8")
    write_log(rows, folder / LOG)


# --- the command line, on SQLite -----------------------------------------------------------------


def live(folder: Path, runs: Sequence[Run]) -> Lived:
    """Run `escalatord once` so often on a folder that `desk_in` has made."""
    lived = Lived()
    began = time.monotonic()
    for option, instant in runs:
        answer = _once(folder, option, instant)
        lived.fired.extend(answer["fired"])
        lived.skipped.extend(answer["skipped"])
    lived.actions = _actions(folder)
    lived.seconds = time.monotonic() - began
    return lived


def _once(folder: Path, option: str, instant: str) -> Document:
    command = ("-m", "engine.cli", "once", option, instant, "--json")
    done = subprocess.run(
        [sys.executable, *command, "--config", folder / "config.yaml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answer: Document = json.loads(done.stdout)
    return answer


def _actions(folder: Path) -> list[Document]:
    lines = (folder / f"{LOG}.actions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


# --- the same parts on the memory twin, slice by slice -------------------------------------------


def live_in_slices(rows: Iterable[Row], runs: Sequence[Run], processes: int) -> Lived:
    """Live through a log in slices of some customers each, with all of a customer's tickets in one.

    No rule of the year reads across customers, and nothing but its budget does (50 escalations an
    hour): a slice has one of its own.
    """
    lived = Lived()
    began = time.monotonic()
    slices = slices_of(rows)
    with ProcessPoolExecutor(max_workers=processes) as pool:
        for one in pool.map(live_in_memory, slices, [runs] * len(slices)):
            lived.add(one)
    lived.seconds = time.monotonic() - began
    return lived


def slices_of(rows: Iterable[Row]) -> list[list[Row]]:
    """A log, cut by customers into logs of about `TICKETS_A_SLICE` tickets."""
    by_customer: dict[str, list[Row]] = {}
    for row in rows:
        by_customer.setdefault(row["customer"]["id"], []).append(row)
    slices: list[list[Row]] = [[]]
    tickets = 0
    for mine in by_customer.values():
        if tickets >= TICKETS_A_SLICE:
            slices.append([])
            tickets = 0
        slices[-1].extend(mine)
        tickets += len({row["ticket"] for row in mine})
    return slices


def live_in_memory(rows: Iterable[Row], runs: Sequence[Run]) -> Lived:
    """What `once` does, on the memory twin: each run has parts of its own, as a process would."""
    lived = Lived()
    store = MemoryStore()
    with tempfile.TemporaryDirectory(dir=_no_disk()) as name:
        folder = Path(name)
        desk_in(folder, rows)
        settings = load_settings(folder / "config.yaml")
        for option, instant in runs:
            app = App(settings, cast("SqlStore", store), io.StringIO())
            now, since = datetime.fromisoformat(instant), app.played_until()
            first = since or app.first_instant() or now
            policy = app.put_in_force(_rules(app), min(first, now), from_the_start=True)
            cycle = app.cycle(policy)
            work = cycle.play(since, now) if option == "--through" else cycle.run(now)
            app.keep_played(now)
            app.close()
            lived.fired.extend(cast("Document", firing(one)) for one in work.evaluated.fired)
            lived.skipped.extend(
                {"ticket": one.ticket, "rule": one.rule, "reason": one.reason.value}
                for one in work.evaluated.skipped
            )
        lived.actions = _actions(folder)
    return lived


_known_rules: list[InForce] = []
"""The same files again and again: each process reads them once."""


def _rules(app: App) -> InForce:
    if not _known_rules:
        _known_rules.append(app.rules_in_force())
    return _known_rules[0]


def _no_disk() -> str | None:
    """Where files cost no waiting for a disk; None for the usual place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
