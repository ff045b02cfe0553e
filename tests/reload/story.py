"""Tickets, and numbered sets of rules that decide the same and can be told apart in every message.

Set 17 says 17 in the description of its rule and in the address of its receivers, which a message
takes over when it is decided, and in its template, which is filled in when it is sent.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

BEGIN: Final = datetime(2024, 1, 8, 9, tzinfo=UTC)

CONFIG: Final = """\
store: {{url: "sqlite:///store.db"}}
rules: rules
customer_limits: {{gap: 1s, per_day: 1000}}
reload: {{poll: off}}
helpdesks:
  desk:
    kind: file
    path: log.csv
    layout: event_log
    columns:
      id: ticket
      at: at
      opened: {{first: event}}
      subject: subject
      status: status
      customer.id: customer
    replay: {{from: "{begin}", speed: {speed}}}
channels:
  log: {{kind: file, path: sent.jsonl}}
"""

RULES: Final = """\
version: 1
receivers:
  default: [{{channel: log, to: set-{number}}}]
  bosses: [{{channel: log, to: set-{number}}}]
rules:
  - id: waits
    description: set-{number}
    budget: 1000000/h
    levels:
      - {{name: seen, after: 1h, tag: [{tag}], notify: [default], template: told}}
      - name: raised
        after: 2h
        kind: technical
        notify: [bosses]
        template: told
        repeat: {{every: 30m, times: 3}}
    customer:
      on_escalation: received
      updates: {{every: 2h, template: received, max: 2}}
{more}"""

ANOTHER: Final = """\
  - id: nobodys
    description: Concerns no ticket
    match: {type: none-has-it}
    levels: [{name: never, after: 1h, notify: [default]}]
"""
TOLD: Final = "---\nsubject: told\n---\n{{{{ rule.reason }}}} said by set-{number}\n"
LENGTH: Final = timedelta(hours=8)
"""From the opening of a ticket to the last that happens to it, amply."""


@dataclass(frozen=True)
class Story:
    """So many tickets that are opened, evenly, over a stretch of time."""

    tickets: int
    over: timedelta
    speed: int

    @property
    def ends_at(self) -> datetime:
        return BEGIN + self.over + LENGTH

    def write(self, folder: Path) -> None:
        """Lay out the config file, the log and the first set of rules."""
        folder.mkdir(exist_ok=True)
        text = CONFIG.format(begin=f"{BEGIN:%Y-%m-%dT%H:%M:%SZ}", speed=self.speed)
        (folder / "config.yaml").write_text(text)
        lines = ["ticket,at,subject,status,customer\n"]
        for number in range(self.tickets):
            at = (BEGIN + self.over * number / self.tickets).replace(microsecond=0)
            lines.append(f"T{number},{at:%Y-%m-%dT%H:%M:%SZ},Number {number},open,c{number}\n")
        (folder / "log.csv").write_text("".join(lines))
        write_good(folder / "rules", 0)


def write_good(rules: Path, number: int) -> None:
    """A set that decides as every other does."""
    for audience in ("staff", "customer"):
        (rules / "templates" / audience).mkdir(parents=True, exist_ok=True)
    (rules / "gone.yaml").unlink(missing_ok=True)
    (rules / "templates/customer/received.md").write_text("---\nsubject: Hello\n---\nWe see it.\n")
    (rules / "templates/staff/told.md").write_text(TOLD.format(number=number))
    more = ANOTHER if number % 3 == 0 else ""
    text = RULES.format(number=number, tag=f"tag-{number % 2}", more=more)
    (rules / "rules.yaml").write_text(text)


def write_broken(rules: Path, number: int, chance: random.Random) -> None:
    """A good set of that number in which one thing is wrong."""
    write_good(rules, number)
    chance.choice(FAULTS)(rules)


def _misspelt(rules: Path) -> None:
    _change(rules / "rules.yaml", lambda text: text.replace("levels:", "levles:"))


def _torn(rules: Path) -> None:
    _change(rules / "rules.yaml", lambda text: text[: text.index("name: raised") + 3])


def _without_receiver(rules: Path) -> None:
    _change(rules / "rules.yaml", lambda text: text.replace("[bosses]", "[nobody-we-know]"))


def _twice(rules: Path) -> None:
    _change(rules / "rules.yaml", lambda text: text + text[text.index("  - id: waits") :])


def _no_text(rules: Path) -> None:
    (rules / "rules.yaml").write_bytes(b"version: 1\n\xff\xfe\n")


def _unreadable(rules: Path) -> None:
    (rules / "gone.yaml").symlink_to("nowhere.yaml")


def _without_template(rules: Path) -> None:
    (rules / "templates/staff/told.md").unlink()


def _bad_template(rules: Path) -> None:
    (rules / "templates/staff/told.md").write_text("---\nsubject: told\n---\n{{ rule.\n")


FAULTS: Final[tuple[Callable[[Path], None], ...]] = (
    _misspelt,
    _torn,
    _without_receiver,
    _twice,
    _no_text,
    _unreadable,
    _without_template,
    _bad_template,
)


def _change(path: Path, how: Callable[[str], str]) -> None:
    path.write_text(how(path.read_text()))
