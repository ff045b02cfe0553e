"""A daemon's folder and stages beside a real Redmine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.domain.history import History
from engine.pipeline.cycle import Work
from engine.ports import TicketRecord
from tests.helpdesks.real.beside import Beside
from tests.helpdesks.real.redmine.server import Redmine

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


@dataclass
class Desk(Beside):
    """A daemon beside a real Redmine."""

    redmine: Redmine
    folder: Path
    project: str
    other: str

    def write(self, since: str) -> None:
        names = {
            "url": self.redmine.url,
            "project": self.project,
            "other": self.other,
            "since": since,
        }
        self.use_key(self.redmine.key)
        (self.folder / "config.yaml").write_text(CONFIG.format(**names))
        self.write_rules(RULES.format(**names))

    def use_key(self, key: str) -> None:
        (self.folder / "key").write_text(f"{key}\n")

    # --- what the store holds ---

    def reasons(self) -> dict[str, str]:
        """Action → the reason of its state, of the last row of each kind."""
        with self.app.store.read() as tx:
            return {str(row["action"]): str(row["reason"] or "") for row in tx.view("v_outbox")}

    def states(self) -> set[str]:
        return set(self.outbox().values())

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
