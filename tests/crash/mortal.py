"""A daemon's stages over a store, with an end at any point of them that a test chooses.

The end is an error that nobody catches: nothing after it happens, what was committed stays, and
what was not is gone. Then the stages begin anew, as a restarted daemon's do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from engine.domain.facts import CustomerLimits
from engine.domain.rule import Generation
from engine.domain.ruleset import Ruleset
from engine.pipeline.activate import activate
from engine.pipeline.cycle import Cycle
from engine.pipeline.evaluate import Policy
from engine.pipeline.leasing import LEASE_FOR
from engine.pipeline.outside import Outside
from engine.ports import Message, OutboxState, Sent, Store, Transaction
from engine.rulebook import load
from engine.store import SqlStore
from engine.testing import MONDAY, MemoryChannel, PlainComposer, ScriptedHelpdesk, ticket

RULES = """\
version: 1
receivers:
  default: [{channel: log, to: desk}]
  experts: [{channel: log, to: experts}]
  managers: [{channel: log, to: managers}]
rules:
  - id: waits
    description: Whoever waits is seen to, and told so
    clock: {since: created}
    backlog: act
    acknowledge: {by: [link]}
    levels:
      - {name: experts, after: 2h, kind: technical, tag: [seen], notify: [experts]}
      - {name: managers, after: 5h, kind: hierarchical, notify: [managers]}
    customer:
      on_escalation: received
      updates: {every: 2h, template: still-working, max: 2}
"""
HOUR = timedelta(hours=1)
DUE_AT = MONDAY + 2 * HOUR
"""When the first level of the one ticket falls due."""
DECIDED_AT = DUE_AT + timedelta(seconds=1)
"""When the customer's message is decided, too: where we change a field, the customer is last."""
END = MONDAY + 12 * HOUR
"""When all is said."""


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Point:
    """A place that a process passes.

    Attributes:
        what: `committing` and `committed` for a transaction, `acting` and `acted` for the outside.
        steps: What the transaction did, or how it was acted: the names of the calls.
        row: The outbox row that it was about, where it was about one.
    """

    what: str
    steps: tuple[str, ...]
    row: object = None

    def is_after(self, step: str, row: int | None = None) -> bool:
        return self.what == "committed" and step in self.steps and row in (None, self.row)


@dataclass
class Fate:
    """Ends a process at the first point of a kind.

    Attributes:
        strikes_at: Whether it ends here.
        passed: The points of this life so far.
    """

    strikes_at: Callable[[Point], bool] = lambda _: False
    passed: list[Point] = field(default_factory=list)

    def reach(self, point: Point) -> None:
        self.passed.append(point)
        if self.strikes_at(point):
            raise Killed

    def strike_at_number(self, number: int) -> None:
        """End this life at its n-th point."""
        self.passed = []
        self.strikes_at = lambda _: len(self.passed) == number

    def spare(self) -> None:
        self.passed = []
        self.strikes_at = lambda _: False


class Witness:
    """A transaction that remembers what was asked of it."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.calls: list[str] = []
        self.row: object = None

    def __getattr__(self, name: str) -> object:
        method = getattr(self._transaction, name)

        def call(*arguments: object, **named: object) -> object:
            self.calls.append(name)
            if name in {"begin_sending", "finish", "snooze"}:
                self.row = arguments[0]
            return method(*arguments, **named)

        return call


@dataclass
class MortalStore:
    """A store whose process can end before and after each commit."""

    store: SqlStore
    fate: Fate

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self.store.write() as transaction:
            witness = Witness(transaction)
            yield cast("Transaction", witness)
            steps = tuple(witness.calls)
            self.fate.reach(Point("committing", steps, witness.row))
        self.fate.reach(Point("committed", steps, witness.row))

    def read(self) -> AbstractContextManager[Transaction]:
        return self.store.read()

    def close(self) -> None:
        self.store.close()


@dataclass
class MortalChannel(MemoryChannel):
    """A channel whose process can end before and after it sends.

    Attributes:
        meanwhile: What happens while it sends.
    """

    fate: Fate = field(default_factory=Fate)
    meanwhile: Callable[[], object] = lambda: None

    def send(self, message: Message) -> Sent:
        self.fate.reach(Point("acting", ("send",)))
        sent = super().send(message)
        self.meanwhile()
        self.fate.reach(Point("acted", ("send",)))
        return sent


@dataclass
class MortalHelpdesk(ScriptedHelpdesk):
    """A helpdesk whose client can end before and after it writes."""

    fate: Fate = field(default_factory=Fate)
    meanwhile: Callable[[], object] = lambda: None

    def _write(self, kind: str, ticket_id: str, payload: object, key: str, at: datetime) -> Sent:
        self.fate.reach(Point("acting", (kind,)))
        sent = super()._write(kind, ticket_id, payload, key, at)
        self.meanwhile()
        self.fate.reach(Point("acted", (kind,)))
        return sent


class World:
    """One ticket that waits, its desk, and the daemon's stages; the desk proves nothing.

    Attributes:
        real_now: The machine's instant, which tests move.
    """

    def __init__(self, store: SqlStore, generation: Generation) -> None:
        self.store = store
        self.ruleset = Ruleset(generation)
        self.fate = Fate()
        self.channel = MortalChannel(fate=self.fate)
        self.helpdesk = MortalHelpdesk(fate=self.fate, keeps_no_keys=True)
        self.helpdesk.open(ticket("T1", MONDAY, customer__id="cora", customer__email="cora@x.org"))
        self.real_now = MONDAY
        self.is_stopping: Callable[[], bool] = lambda: False
        activate(store, self.ruleset, {}, MONDAY - HOUR)
        self.cycle = self.born()

    def born(self) -> Cycle:
        """The stages as a process begins with them."""
        outside = Outside(
            helpdesks={"desk": self.helpdesk},
            channels={"log": self.channel},
            reply_channels={},
            composer=PlainComposer(),
            ruleset=self.ruleset,
        )
        policy = Policy(self.ruleset, self.ruleset.generation.receivers, CustomerLimits(), {})
        store: Store = MortalStore(self.store, self.fate)
        return Cycle(
            store, {"desk": self.helpdesk}, policy, outside, lambda: self.real_now,
            is_stopping=self._is_stopping,
        )  # fmt: skip

    def _is_stopping(self) -> bool:
        return self.is_stopping()

    # --- living ---

    def restart(self) -> None:
        """A new process holds the daemon's lock: whoever leased rows is dead."""
        self.cycle = self.born()
        self.cycle.rescue(DECIDED_AT, self.real_now + 2 * LEASE_FOR)

    def live(self, until: datetime = END) -> None:
        """Live through every instant that something happens at, from wherever things stand."""
        at: datetime | None = self.cycle.next_instant(None)
        while at is not None and at <= until:
            self.real_now = max(self.real_now, at)
            self.cycle.run(at)
            at = self.cycle.next_instant(at)
        self.cycle.deliver(until)

    def die(self, act: Callable[[], object]) -> Point:
        """Do something that ends with the process; gives where that was."""
        try:
            act()
        except Killed:
            return self.fate.passed[-1]
        raise AssertionError(f"it lived on; it passed {self.fate.passed}")

    def decide(self) -> None:
        """Get to where all of the first level is decided, and nothing of it is delivered."""
        self.cycle.ingest(DUE_AT)
        self.cycle.evaluate(DUE_AT)
        self.cycle.evaluate(DECIDED_AT)
        self.real_now = DECIDED_AT

    def deliver(self) -> None:
        self.cycle.deliver(DECIDED_AT)

    def rescue(self, after: timedelta = timedelta()) -> list[OutboxState]:
        """Rescue so much later; gives what became of what was found."""
        self.real_now += after
        return [one.state for one in self.cycle.rescue(DECIDED_AT, self.real_now).rescued]

    # --- looking ---

    def row(self, action: str) -> int:
        """The one row of a kind."""
        (found,) = self.rows(action=action)
        return int(str(found["id"]))

    def rows(self, **where: object) -> list[dict[str, object]]:
        with self.store.read() as tx:
            return tx.view("v_outbox", where)

    def states(self, **where: object) -> set[str]:
        return {str(row["state"]) for row in self.rows(**where)}

    def firings(self) -> list[tuple[object, ...]]:
        with self.store.read() as tx:
            rows = tx.view("v_firings")
        return [(r["ticket"], r["rule"], r["name"], r["occurrence"], r["due_at"]) for r in rows]

    def acts(self, *kinds: str) -> list[str]:
        """The keys of what arrived outside, as often as it did: `notify` or a helpdesk's kind."""
        noticed = [message.key for message in self.channel.sent if "notify" in kinds]
        return noticed + [key for kind, _, _, key in self.helpdesk.done if kind in kinds]


def generation(folder: Path) -> Generation:
    """The rules of this world."""
    templates = folder / "templates" / "customer"
    templates.mkdir(parents=True)
    for name in ("received", "still-working"):
        (templates / f"{name}.md").write_text(f"---\nsubject: {name}\n---\n{name}\n")
    (folder / "rules.yaml").write_text(RULES)
    loaded = load(folder)
    assert loaded.generation is not None, loaded.problems
    return loaded.generation
