"""A support desk for scenarios: the real pipeline and store, a scripted helpdesk, a set clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from engine.domain.facts import CustomerLimits, Known
from engine.domain.ruleset import Ruleset
from engine.pipeline.activate import activate
from engine.pipeline.cycle import Cycle, Work
from engine.pipeline.deliver import Outside
from engine.pipeline.evaluate import Policy
from engine.rulebook import load, render_problem
from engine.store import SqlStore, open_store
from engine.ports import Message
from engine.testing import MemoryChannel, PlainComposer, ScriptedHelpdesk

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

RECEIVERS = """
receivers:
  default: [{channel: log, to: everybody}]
  manager: [{channel: log, to: the-manager}]
  tier-2: [{channel: log, to: tier-two}]
"""


@dataclass
class Desk:
    """Attributes:
    folder: Where the rule files are written.
    """

    folder: Path
    store: SqlStore = field(default_factory=lambda: open_store("sqlite://"))
    helpdesk: ScriptedHelpdesk = field(default_factory=ScriptedHelpdesk)
    channel: MemoryChannel = field(default_factory=MemoryChannel)
    limits: CustomerLimits = field(default_factory=CustomerLimits)
    cycle: Cycle | None = None
    ruleset: Ruleset | None = None
    played: datetime | None = None
    work: Work = field(default_factory=Work)

    def rules(self, text: str, now: datetime = LONG_AGO) -> None:
        """Put rules in force; the receivers of the scenarios are added."""
        self.folder.mkdir(parents=True, exist_ok=True)
        templates = self.folder / "templates" / "customer"
        templates.mkdir(parents=True, exist_ok=True)
        for name in ("received", "still-working"):
            template = f"---\nsubject: {name}\n---\n{name}\n"
            (templates / f"{name}.md").write_text(template)
        (self.folder / "rules.yaml").write_text(f"version: 1\n{RECEIVERS}\n{text}")
        loaded = load(self.folder)
        shown = [render_problem(p, loaded.sources.get(p.file, "")) for p in loaded.problems]
        assert loaded.generation is not None, "\n".join(shown)
        before, self.ruleset = self.ruleset, Ruleset(loaded.generation)
        record = activate(self.store, self.ruleset, loaded.sources, now)
        earlier = {c.rule.id: c for c in before.rules} if before else {}
        known = {name: Known(k.since, earlier.get(name)) for name, k in record.rules.items()}
        policy = Policy(self.ruleset, self.ruleset.generation.receivers, self.limits, known)
        outside = Outside(
            helpdesks={"desk": self.helpdesk},
            channels={"log": self.channel},
            reply_channels={},
            composer=PlainComposer(),
            ruleset=self.ruleset,
            jitter=lambda: 0.5,
        )
        read = self.cycle.read_once if self.cycle else set()
        self.cycle = Cycle(
            self.store, {"desk": self.helpdesk}, policy, outside, lambda: LONG_AGO, read_once=read
        )

    def play(self, until: datetime) -> Work:
        """Live through every event and due instant up to `until`."""
        assert self.cycle is not None
        self.work = self.cycle.play(self.played, until)
        self.played = until
        return self.work

    def tick(self, now: datetime) -> Work:
        """One cycle at one instant."""
        assert self.cycle is not None
        self.work = self.cycle.run(now)
        self.played = now
        return self.work

    def fired(self) -> list[tuple[str, str, str, str]]:
        """All firings so far: (ticket, rule, level's name, due_at), in order of due."""
        with self.store.read() as tx:
            return [
                (str(r["ticket"]), str(r["rule"]), str(r["name"]), str(r["due_at"]))
                for r in tx.view("v_firings")
            ]

    def told(self) -> list[str]:
        """Templates of what customers were told, in order."""
        return [m.subject for _, _, m, _ in self.helpdesk.done if isinstance(m, Message)]
