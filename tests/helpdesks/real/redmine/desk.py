"""A daemon's folder and stages beside a real Redmine."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.app import App, open_app
from engine.domain.history import History
from engine.pipeline.cycle import Cycle, Work
from engine.ports import TicketRecord
from tests.helpdesks.real.redmine.server import Redmine

HOUR = timedelta(hours=1)

CONFIG = """\
store: {{url: sqlite:///store.db}}
rules: rules
helpdesks:
  desk:
    kind: redmine
    url: {url}
    token_file: key
    projects: [{project}, {other}]
    custom_fields: {{tags: Tags, customer.tier: Tier}}
channels:
  log: {{kind: file, path: sent.jsonl}}
"""

RULES = """\
version: 1
receivers:
  default: [{{channel: log, to: everybody}}]
rules:
  - id: late
    match: {{group: {project}}}
    clock: {{since: {since}}}
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

TEMPLATE = """\
---
subject: We are still working on it
---
Dear {{ customer.name }}, we are still working on "{{ ticket.subject }}".
"""


@dataclass
class Desk:
    """What a daemon has, and its stages."""

    redmine: Redmine
    folder: Path
    project: str
    other: str
    app: App = field(init=False)
    cycle: Cycle = field(init=False)

    def write(self, since: str) -> None:
        names = {
            "url": self.redmine.url,
            "project": self.project,
            "other": self.other,
            "since": since,
        }
        self.use_key(self.redmine.key)
        (self.folder / "config.yaml").write_text(CONFIG.format(**names))
        customer = self.folder / "rules" / "templates" / "customer"
        customer.mkdir(parents=True)
        (customer / "received.md").write_text(TEMPLATE)
        (self.folder / "rules" / "rules.yaml").write_text(RULES.format(**names))

    def use_key(self, key: str) -> None:
        (self.folder / "key").write_text(f"{key}\n")

    def start(self) -> None:
        self.app = open_app(self.folder / "config.yaml", stream=io.StringIO())
        rules = self.app.rules_in_force()
        self.cycle = self.app.cycle(
            self.app.put_in_force(rules, self.now() - 24 * HOUR, from_the_start=True)
        )

    def now(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0)

    def tick(self, waited: timedelta = timedelta()) -> Work:
        """All stages, once; those who count retries think that so much time has passed."""
        self.cycle.real_now = lambda: self.now() + waited
        return self.cycle.run(self.now())

    def decide(self) -> None:
        """Read and decide, and deliver nothing yet."""
        self.cycle.ingest(self.now())
        self.cycle.evaluate(self.now())

    def deliver(self) -> None:
        self.cycle.deliver(self.now())

    # --- what the store holds ---

    def outbox(self) -> dict[str, tuple[str, str]]:
        """Action → state and reason, of the last row of each kind."""
        with self.app.store.read() as tx:
            return {
                str(row["action"]): (str(row["state"]), str(row["reason"] or ""))
                for row in tx.view("v_outbox")
            }

    def states(self) -> set[str]:
        return {state for state, _ in self.outbox().values()}

    def record(self, number: str) -> TicketRecord:
        with self.app.store.read() as tx:
            (record,) = tx.records([f"desk:{number}"]).values()
        return record

    def history(self, number: str) -> History:
        with self.app.store.read() as tx:
            (history,) = tx.histories([f"desk:{number}"]).values()
        return history

    def episodes(self, number: str) -> list[str]:
        with self.app.store.read() as tx:
            found = tx.episodes([f"desk:{number}"])
        return [episode.id.text for one in found.values() for episode in one]


def unread(work: Work) -> str:
    """Why Redmine could not be read; empty if it could."""
    return " ".join(str(error) for error in work.unread.values())
