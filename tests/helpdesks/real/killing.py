"""A daemon beside a real helpdesk, killed once for each of its tickets; what another client sees.

Before each life a customer opens a ticket that falls due at once. The daemon changes its fields,
leaves a note and answers the customer, and is killed at one of these writes. What it left undone,
or done without knowing, is for the next life.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_string
from itertools import cycle
from pathlib import Path
from select import select
from typing import Any, Final, Protocol

from tests.helpdesks.real.mortal import Place
from tests.helpdesks.real.redmine.server import Redmine
from tests.helpdesks.real.rt import US as OUR_ACCOUNT
from tests.helpdesks.real.rt import RequestTracker

RUN: Final = ("run", "--config", "config.yaml")
WRITES: Final = ("change", "note", "reply")
PATIENCE: Final = 180.0
"""Seconds that a life may take to get to its end, on a machine that is busy."""
LOOK_EVERY: Final = 0.5
"""Seconds between two looks at the store."""
DUE_AFTER: Final = 2
"""Hours from a ticket's creation, as the rule says."""
UNSETTLED: Final = ("pending", "snoozed", "leased", "sending", "unknown")

CONFIG: Final = """\
store: {{url: sqlite:///store.db}}
rules: rules
every: 1s
customer_limits: {{gap: 1s, per_day: 1000}}
helpdesks:
  desk: {helpdesk}
channels:
  log: {{kind: file, path: sent.jsonl}}
"""
RULES: Final = """\
version: 1
receivers:
  default: [{{channel: log, to: everybody}}]
rules:
  - id: late
    match: {{group: {group}}}
    clock: {{since: opened}}
    budget: unlimited
    levels:
      - name: escalate
        after: 2h
        kind: technical
        set: {{priority: urgent}}
        tag: [late]
        assign: {{group: {other}, assignee: lead}}
        notify: [default]
    customer: {{on_escalation: received}}
"""
TEMPLATE: Final = """\
---
subject: We are still working on it
---
We are still working on it: {{ ticket.subject }}.
"""

Json = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A ticket, as another client sees it.

    Attributes:
        fields: Priority, group, owner, tags.
        notes: How many internal notes are ours.
        replies: How many public answers are ours.
        mails: How many mails with our answer the customer got.
    """

    fields: tuple[str, ...]
    notes: int
    replies: int
    mails: int


class Beside(Protocol):
    """A real helpdesk to kill a daemon beside.

    Attributes:
        name: Of the product.
        secret: The token or key of our account.
        group: Where tickets are opened.
        other: Where the rule moves them.
    """

    name: str
    group: str
    other: str

    @property
    def secret(self) -> str: ...

    @property
    def escalated(self) -> tuple[str, ...]:
        """The fields as the rule wants them."""
        ...

    def options(self) -> str:
        """What the config file says of it."""
        ...

    def open(self, subject: str) -> str:
        """A customer's ticket that falls due now; its number."""
        ...

    def write(self, kind: str, number: str) -> str:
        """The regular expression of a write to a ticket: METHOD URL BODY."""
        ...

    def see(self, number: str, subject: str) -> Seen:
        """What became of a ticket."""
        ...


@dataclass
class BesideRt:
    """Beside a Request Tracker."""

    rt: RequestTracker
    name: str = "Request Tracker"
    group: str = field(init=False)
    other: str = field(init=False)

    def __post_init__(self) -> None:
        self.group, self.other = self.rt.queue("Support"), self.rt.queue("Escalations")

    @property
    def secret(self) -> str:
        return self.rt.token

    @property
    def escalated(self) -> tuple[str, ...]:
        return ("150", self.other, "lead", "late")

    def options(self) -> str:
        fields = "{tags: Tags}"
        return (
            f"{{kind: rt, url: '{self.rt.url}', token_file: secret,"
            f" queues: [{self.group}, {self.other}], custom_fields: {fields}}}"
        )

    def open(self, subject: str) -> str:
        number = self.rt.open(self.group, Subject=subject)
        self.rt.age(number, DUE_AFTER)
        return number

    def write(self, kind: str, number: str) -> str:
        how = {"change": "", "note": "/comment", "reply": "/correspond"}[kind]
        return rf"^{'POST' if how else 'PUT'} \S*/ticket/{number}{how} "

    def see(self, number: str, subject: str) -> Seen:
        ticket = self.rt.ticket(number)
        path = f"/ticket/{number}/history?fields=Type,Creator&per_page=100"
        ours = Counter(
            item["Type"]
            for item in self.rt.call("GET", path)["items"]
            if item["Creator"]["id"] == OUR_ACCOUNT
        )
        fields = (
            str(int(ticket["Priority"])),
            self.rt.queue_of(number),
            str(ticket["Owner"]["id"]),
            ", ".join(self.rt.custom(number, "Tags")),
        )
        mails = count_mails(self.rt.mails(), "eve@customer.example", subject)
        return Seen(fields, ours["Comment"], ours["Correspond"], mails)


@dataclass
class BesideRedmine:
    """Beside a Redmine."""

    redmine: Redmine
    name: str = "Redmine"
    group: str = field(init=False)
    other: str = field(init=False)

    def __post_init__(self) -> None:
        self.group = self.redmine.project("support")
        self.other = self.redmine.project("escalations")

    @property
    def secret(self) -> str:
        return self.redmine.key

    @property
    def escalated(self) -> tuple[str, ...]:
        return ("Urgent", self.other, "lead", "late")

    def options(self) -> str:
        fields = "{tags: Tags}"
        return (
            f"{{kind: redmine, url: '{self.redmine.url}', token_file: secret,"
            f" projects: [{self.group}, {self.other}], custom_fields: {fields}}}"
        )

    def open(self, subject: str) -> str:
        number = self.redmine.open(self.group, subject=subject)
        self.redmine.age(number, DUE_AFTER)
        return number

    def write(self, kind: str, number: str) -> str:
        bodies = {
            "change": '(?!.*"notes")',
            "note": '.*"private_notes": ?true',
            "reply": '.*"private_notes": ?false',
        }
        return rf"^PUT \S*/issues/{number}\.json {bodies[kind]}"

    def see(self, number: str, subject: str) -> Seen:
        ticket = self.redmine.ticket(number)
        fields = (
            str(ticket["priority"]["name"]),
            self.redmine.project_of(number),
            str(self.redmine.owner(number)),
            self.redmine.custom(number, "Tags"),
        )
        said = {
            is_private: [who for who, _ in self.redmine.said(number, private=is_private)]
            for is_private in (True, False)
        }
        mails = count_mails(self.redmine.mails(), "eve@desk.example", subject)
        return Seen(fields, said[True].count(OUR_ACCOUNT), said[False].count(OUR_ACCOUNT), mails)


def count_mails(mails: list[str], to: str, subject: str) -> int:
    """How many of these mails bring our answer on a ticket to somebody."""
    words = f"still working on it: {subject}."
    found = [mail for mail in mails if words in mail]
    return sum(to in str(message_from_string(mail)["To"]) for mail in found)


def is_meant(row: Json) -> bool:
    """Whether it was to be done; what was put off too long is decided anew, in another row."""
    return bool(row["state"] != "cancelled")


@dataclass(frozen=True)
class End:
    """How a life is to end, and its ticket.

    Attributes:
        kind: Of the write.
    """

    kind: str
    place: Place
    number: str
    subject: str


@dataclass
class Aftermath:
    """What is there when all is quiet.

    Attributes:
        seen: Each ticket, by its number.
        outbox: The rows of the store.
        seconds: How long all of it took.
    """

    ends: list[End]
    seen: Mapping[str, Seen]
    outbox: list[Json]
    seconds: float

    def states(self, number: str, kind: str) -> list[str]:
        """The states of a ticket's rows of a kind; what was put off was decided anew."""
        return [
            str(row["state"])
            for row in self.outbox
            if row["ticket"] == f"desk:{number}" and row["action"] == kind and is_meant(row)
        ]

    def told(self, name: str) -> Iterator[str]:
        """The figures, as lines."""
        counted = Counter((end.kind, end.place.value) for end in self.ends)
        for kind in WRITES:
            places = ", ".join(f"{counted[kind, place.value]} {place.value}" for place in Place)
            yield f"{name}: killed at a {kind}: {places}"
        seen = self.seen.values()
        unknown = sum(row["state"] == "unknown" for row in self.outbox)
        yield (
            f"{name}: {len(self.seen)} tickets, "
            f"{sum(one.notes > 1 for one in seen)} with a note twice, "
            f"{sum(one.notes == 0 for one in seen)} without; "
            f"{sum(one.replies > 1 or one.mails > 1 for one in seen)} with a reply twice, "
            f"{sum(one.replies == 0 for one in seen)} without; {unknown} held as unknown; "
            f"{self.seconds:.0f} s"
        )


@dataclass
class Killing:
    """Kills a daemon again and again.

    Attributes:
        folder: Where its config file is.
    """

    folder: Path
    beside: Beside

    def live_through(self, kills: int) -> Aftermath:
        """Kill it so many times at each kind of write, and let it finish."""
        began = time.monotonic()
        self._write()
        self._run("once")
        places = {kind: cycle(Place) for kind in WRITES}
        ends = []
        with self._mortal() as process:
            for serial in range(kills * len(WRITES)):
                kind = WRITES[serial % len(WRITES)]
                subject = f"Fire {serial:03}"
                number = self.beside.open(subject)
                ends.append(End(kind, next(places[kind]), number, subject))
                self._live(process, ends[-1])
        self._finish(len(ends) * len(WRITES))
        seen = {end.number: self.beside.see(end.number, end.subject) for end in ends}
        return Aftermath(ends, seen, self._outbox(), time.monotonic() - began)

    def _write(self) -> None:
        (self.folder / "secret").write_text(self.beside.secret)
        config = CONFIG.format(helpdesk=self.beside.options())
        (self.folder / "config.yaml").write_text(config)
        customer = self.folder / "rules" / "templates" / "customer"
        customer.mkdir(parents=True)
        (customer / "received.md").write_text(TEMPLATE)
        rules = RULES.format(group=self.beside.group, other=self.beside.other)
        (self.folder / "rules" / "rules.yaml").write_text(rules)

    # --- lives ---

    @contextmanager
    def _mortal(self) -> Iterator[subprocess.Popen[str]]:
        """What lives and dies when it is told to."""
        mortal = Path(__file__).with_name("mortal.py")
        with (self.folder / "daemon.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, mortal, *RUN], cwd=self.folder, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
            )  # fmt: skip
        try:
            with process:
                yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _live(self, process: subprocess.Popen[str], end: End) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{end.place}\t{self.beside.write(end.kind, end.number)}\n")
        process.stdin.flush()
        is_over, _, _ = select([process.stdout], [], [], PATIENCE)
        code = process.stdout.readline().strip() if is_over else "nothing"
        if code != str(-signal.SIGKILL):
            os.killpg(process.pid, signal.SIGKILL)
            raise AssertionError(f"{end} ended with {code}: {self._said()}")

    def _finish(self, rows: int) -> None:
        """Live until there is nothing left to do."""
        with (self.folder / "daemon.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "engine.cli", *RUN], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            ends_at = time.monotonic() + PATIENCE
            while not self._is_quiet(rows) and time.monotonic() < ends_at:
                assert process.poll() is None, self._said()
                time.sleep(LOOK_EVERY)
            process.terminate()
            assert process.wait(PATIENCE) == 0, self._said()
        finally:
            process.kill()

    def _run(self, verb: str) -> None:
        command = [sys.executable, "-m", "engine.cli", verb, "--config", "config.yaml"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _said(self) -> str:
        return (self.folder / "daemon.log").read_text()[-4000:]

    # --- looking ---

    def _is_quiet(self, rows: int) -> bool:
        found = [row for row in self._outbox() if row["action"] in WRITES and is_meant(row)]
        return len(found) >= rows and not any(row["state"] in UNSETTLED for row in found)

    def _outbox(self) -> list[Json]:
        store = f"file:{self.folder / 'store.db'}?mode=ro"
        with closing(sqlite3.connect(store, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM v_outbox")]
