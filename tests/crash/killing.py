"""Thirty lives of a daemon and their ends; what is in its store and at the sink afterwards."""

from __future__ import annotations

import json
import queue
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.crash.load import Load
from tests.crash.process import PATIENCE, Heard, Json, Program, ask, daemon, sink

TOO_OLD: Final = 12.0
"""Seconds after which a life ends though what it waited for has not come."""
LONGEST_AFTER: Final = 0.03
"""Seconds between what a life waited for and its end, at most: no step shall be the favourite."""
STEPS_OF_A_MAIL: Final = 4
SHARE_WITH_KILLS: Final = 0.85
"""Of all mails, at most so many are sent before the last kill."""
QUIET_WITHIN: Final = 240.0
"""Seconds in which the rest of the work is to be done."""
LOOK_EVERY: Final = 0.5
"""Seconds between two looks at the store."""
ON_ITS_WAY: Final = ("pending", "snoozed", "leased", "sending")


@dataclass(frozen=True)
class Fate:
    """When a life is to end.

    Attributes:
        kind: What is counted: `step` and `pause` at the sink, lines of the `log`; or its `age`.
        count: So many of them; for `age` nothing is counted.
        after: So many seconds later, after its birth for `age`.
    """

    kind: str
    count: int
    after: float

    @classmethod
    def drawn(cls, chance: random.Random, steps: int) -> Fate:
        """Some fate; `steps` is how many steps at the sink it should take on the average."""
        kind = chance.choices(("step", "pause", "log", "age"), (45, 25, 15, 15))[0]
        most = {"step": 2 * steps, "pause": 2, "log": 60, "age": 1}[kind]
        longest = 4.0 if kind == "age" else LONGEST_AFTER
        return cls(kind, chance.randint(1, most), chance.uniform(0, longest))

    def counts(self, program: str, line: Json) -> bool:
        if program == "daemon":
            return self.kind == "log"
        return (self.kind, line.get("step")) in {("step", "passed"), ("pause", "slow")}

    def __str__(self) -> str:
        if self.kind == "age":
            return f"{self.after:.2f} s old"
        return f"{self.kind} {self.count} + {1000 * self.after:.0f} ms"


@dataclass(frozen=True)
class Kill:
    """A life's end.

    Attributes:
        age: In seconds.
        mails: How many the sink had then.
    """

    fate: Fate
    age: float
    mails: int


@dataclass
class Aftermath:
    """What is there when all is quiet.

    Attributes:
        mails: What the sink took, in order.
        left: How many mails were still to come after the last kill.
        calm_at: When the life began that nobody ended (Unix time).
        drained_in: Seconds that a SIGTERM under load took.
        half_done: Rows leased or sending after that.
        codes: Exit codes of the daemons that were asked to end.
        mails_again: What the sink took when the daemon was started once more.
    """

    load: Load
    kills: list[Kill] = field(default_factory=list)
    mails: list[Json] = field(default_factory=list)
    firings: list[Json] = field(default_factory=list)
    outbox: list[Json] = field(default_factory=list)
    status: Json = field(default_factory=dict)
    unknown_told: list[Json] = field(default_factory=list)
    left: int = 0
    calm_at: float = 0.0
    drained_in: float = 0.0
    half_done: int = 0
    codes: list[int] = field(default_factory=list)
    mails_again: int = 0

    def rows(self, **where: str) -> list[Json]:
        """Rows of the outbox."""
        return [row for row in self.outbox if where.items() <= row.items()]

    @property
    def ids(self) -> Counter[str]:
        """Message-ID → how many mails bear it."""
        return Counter(str(mail["Message-ID"]) for mail in self.mails)

    @property
    def to_customers(self) -> list[Json]:
        return [mail for mail in self.mails if mail["X-Escalatord-Message"]]

    @property
    def to_staff(self) -> list[Json]:
        return [mail for mail in self.mails if not mail["X-Escalatord-Message"]]

    def told(self) -> list[str]:
        """The figures, as lines."""
        lives = [
            f"kill {number:2}: {kill.fate}; {kill.age:.2f} s old, {kill.mails} mails"
            for number, kill in enumerate(self.kills, 1)
        ]
        tickets, busy = len(self.load.tickets), len(self.load.busy)
        customers, staff = len(self.to_customers), len(self.to_staff)
        again = twice(self.to_customers), twice(self.to_staff)
        figures = {
            "kills": f"{len(self.kills)}; {self.left} mails were still to come after the last",
            "tickets": f"{tickets}, of which {busy} fell due; {len(self.firings)} levels fired",
            "mails": f"{len(self.mails)}, {customers} to customers and {staff} to staff",
            "duplicates": f"{again[0]} for customers, {again[1]} for staff",
            "unknown": f"{len(self.rows(state='unknown'))} customer messages, held for people",
            "mails a second": self.pace(),
            "SIGTERM under load": f"exit code {self.codes[0]} after {self.drained_in:.2f} s",
        }
        return [*lives, *(f"{name}: {value}" for name, value in figures.items())]

    def pace(self) -> str:
        """How many mails the sink took in a second."""
        at = [float(str(mail["at"])) for mail in self.mails]
        calm = [instant for instant in at if instant > self.calm_at]
        best = max(Counter(map(int, at)).values())
        return (
            f"{rate(at):.1f} over {at[-1] - at[0]:.0f} s with all kills, starts and pauses; "
            f"{rate(calm):.1f} after the kills; {best} in the best second"
        )


def twice(mails: list[Json]) -> int:
    """How many of these are repetitions."""
    return len(mails) - len({mail["Message-ID"] for mail in mails})


def rate(at: list[float]) -> float:
    """So many a second, from the first instant to the last."""
    return (len(at) - 1) / (at[-1] - at[0]) if len(at) > 1 else 0.0


@dataclass
class Killing:
    """Kills a daemon again and again.

    Attributes:
        folder: Where its config file is.
        seed: Decides every fate.
        refuse_after: The mail server has faults, and cannot be reached for a minute after it has
            taken so many mails; None for one without any.
        takes_mail: Whether an address exists; one that does not is not written to again.
        quiet_within: Seconds in which the rest of the work is to be done.
    """

    folder: Path
    load: Load
    seed: int
    refuse_after: int | None = None
    quiet_within: float = QUIET_WITHIN
    takes_mail: Callable[[str], bool] = lambda _: True
    heard: Heard = field(default_factory=queue.SimpleQueue)
    running: list[Program] = field(default_factory=list)

    # --- the programs ---

    def open_sink(self) -> int:
        """Start the mail server; its port."""
        faults = () if self.refuse_after is None else (self.refuse_after,)
        server, port = sink(self.folder, self.heard, self.seed, *faults)
        self.running.append(server)
        return port

    def start(self) -> Program:
        while not self.heard.empty():  # what an earlier life left behind
            self.heard.get()
        program = daemon(self.folder, self.heard)
        self.running.append(program)
        return program

    def close(self) -> None:
        """Leave nothing running."""
        for program in self.running:
            program.kill()

    # --- the story ---

    def live_through(self, kills: int) -> Aftermath:
        """Kill it so many times, stop it once, let it finish, and start it once more."""
        chance = random.Random(self.seed)
        found = Aftermath(self.load)
        share = SHARE_WITH_KILLS * self.load.mails / kills
        for number in range(1, kills + 1):
            fate = Fate.drawn(chance, steps=STEPS_OF_A_MAIL * int(share))
            found.kills.append(self.live(fate, most=int(number * share)))
            if number == kills // 2:
                self.stop_under_load(found)
        found.left = self.load.mails - len(self.mails())
        self.finish(found)
        self.start_again(found)
        return found

    def live(self, fate: Fate, most: int) -> Kill:
        """One life, which ends early when the sink has `most` mails: work is to be left over."""
        mails = len(self.mails())
        program, count = self.start(), 0
        oldest = fate.after if fate.kind == "age" else TOO_OLD
        while count < fate.count and mails < most and program.age < oldest:
            try:
                name, line = self.heard.get(timeout=max(0.0, oldest - program.age))
            except queue.Empty:
                break
            assert line is not None, program.died()
            count += fate.counts(name, line)
            mails += line.get("place") == "taken"
        if fate.kind != "age":
            threading.Event().wait(fate.after)  # chance chooses the instant
        age = program.age
        assert program.process.poll() is None, program.died()
        program.kill()
        self.until_its_last_line()
        return Kill(fate, age, len(self.mails()))

    def until_its_last_line(self) -> None:
        """A killed daemon's last line is None; the sink's go on."""
        while self.heard.get(timeout=PATIENCE) != ("daemon", None):
            pass

    def stop_under_load(self, found: Aftermath) -> None:
        """A SIGTERM in the middle of sending."""
        program = self.start()
        # A server that is gone just now is gone for a minute, and is not asked at once after it.
        self.running[0].until(lambda line: line.get("place") == "taken", self.quiet_within)
        began = time.monotonic()
        found.codes.append(program.end())
        found.drained_in = time.monotonic() - began
        found.half_done = sum(self.states()[state] for state in ("leased", "sending"))
        self.until_its_last_line()

    def finish(self, found: Aftermath) -> None:
        """Run until quiet, and stop."""
        found.calm_at = time.time()
        program = self.start()
        self.wait_for(self.is_quiet, program)
        found.outbox = self.rows("v_outbox")
        found.firings = self.rows("v_firings")
        found.status = ask(self.folder, "status")
        told = ask(self.folder, "outbox", "list", "--state", "unknown")["rows"]
        assert isinstance(told, list)
        found.unknown_told = told
        found.codes.append(program.end())
        found.mails = self.mails()
        self.until_its_last_line()

    def start_again(self, found: Aftermath) -> None:
        """Everything is done: one more start must find nothing to do."""
        before = datetime.fromisoformat(str(found.status["now"]))
        program = self.start()
        program.until(lambda line: line.get("event") == "daemon.started")

        def has_ticked() -> bool:
            return datetime.fromisoformat(str(ask(self.folder, "status")["now"])) > before

        self.wait_for(has_ticked, program)
        found.codes.append(program.end())
        found.mails_again = len(self.mails()) - len(found.mails)

    def wait_for(self, is_so: Callable[[], bool], program: Program) -> None:
        ends_at = time.monotonic() + self.quiet_within
        while not is_so():
            assert time.monotonic() < ends_at, f"still not: {self.states()} {program.said()}"
            program.next(within=LOOK_EVERY)

    def is_quiet(self) -> bool:
        """Every level has fired, every customer message is decided, and nothing is on its way."""
        rows = self.rows("v_outbox")
        told = Counter(
            (str(row["ticket"]), message_of(row))
            for row in rows
            if row["audience"] == "customer" and row["state"] != "cancelled"
        )
        addresses = self.load.addresses()
        wanted = {
            said: count
            for said, count in self.load.customer_messages().items()
            if self.takes_mail(addresses[said[0]])
        }
        return (
            len(self.rows("v_firings")) >= len(self.load.due())
            and all(told[said] >= count for said, count in wanted.items())
            and not any(row["state"] in ON_ITS_WAY for row in rows)
        )

    # --- looking ---

    def mails(self) -> list[Json]:
        """What the sink has on its disk."""
        lines = (self.folder / "mails.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def rows(self, view: str) -> list[Json]:
        """A view of the store, read by nothing of ours."""
        store = f"file:{self.folder / 'store.db'}?mode=ro"
        with closing(sqlite3.connect(store, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f"SELECT * FROM {view}")]  # noqa: S608

    def states(self) -> Counter[str]:
        return Counter(str(row["state"]) for row in self.rows("v_outbox"))


def message_of(row: Json) -> str:
    """Which message to a customer a row of the outbox is; its key ends with it and its number."""
    return str(row["idempotency_key"]).split("|")[-2]
