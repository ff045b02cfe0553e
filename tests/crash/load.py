"""The work that a daemon is given while it is killed, and what must have come of it in the end.

The rule is so simple that arithmetic says what must be: each ticket's levels are due so long after
its creation, and its customer is told once at the first and then again, so often, at a rhythm.
"""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

RULE = "waits"
SENDER = "desk.example"
"""The domain that mails come from, and that their ids are in."""

RULES = """\
version: 1
receivers:
  default: [{{channel: mail, to: desk@staff.example}}]
  experts: [{{channel: mail, to: experts@staff.example}}]
  managers:
    - {{channel: mail, to: first@managers.example}}
    - {{channel: mail, to: second@managers.example}}
rules:
  - id: waits
    description: Whoever waits is seen to, and told so
    match: {{type: trouble}}
    clock: {{since: created}}
    backlog: act
    budget: 1000000/h
    max_lateness: 30d
    levels:
      - {{name: experts, after: {experts}, kind: technical, tag: [seen], notify: [experts]}}
      - {{name: managers, after: {managers}, kind: hierarchical, notify: [managers]}}
    acknowledge: {{by: [link], expires: 1d}}
    customer:
      on_escalation: received
      updates: {{every: {every}, template: still-working, max: {most}}}
"""
CONFIG = """\
store: {{url: "sqlite:///store.db"}}
rules: rules
every: 1s
customer_limits: {{gap: 1s, per_day: 1000}}
helpdesks:
  desk:
    kind: file
    path: log.csv
    layout: event_log
    replies_by: mail
    columns:
      id: ticket
      at: at
      opened: {{first: event}}
      subject: subject
      type: type
      status: status
      assignee: assignee
      customer.id: customer
      customer.email: address
    {replay}
channels:
  mail: {mail}
"""
COLUMNS = ("ticket", "at", "subject", "type", "status", "assignee", "customer", "address")


@dataclass(frozen=True)
class Terms:
    """How long things take in the rule.

    Attributes:
        experts, managers: When its levels are due, from the creation.
        every: The rhythm of the customer's updates.
        updates: How many there are.
    """

    experts: timedelta
    managers: timedelta
    every: timedelta
    updates: int

    @property
    def levels(self) -> tuple[tuple[int, timedelta], ...]:
        return (1, self.experts), (2, self.managers)

    def rules(self) -> str:
        shown = {name: written(getattr(self, name)) for name in ("experts", "managers", "every")}
        return RULES.format(**shown, most=self.updates)


@dataclass(frozen=True)
class Ticket:
    """Attributes:
    stirs_at: When somebody takes it, which changes nothing for its levels.
    falls_due: Whether the rule concerns it.
    """

    number: int
    customer: int
    created_at: datetime
    stirs_at: datetime
    falls_due: bool

    @property
    def id(self) -> str:
        return f"desk:T{self.number}"

    @property
    def address(self) -> str:
        return f"customer{self.customer}@people.example"


@dataclass(frozen=True)
class Span:
    """A stretch of time."""

    begin: datetime
    length: timedelta

    def any(self, chance: random.Random) -> datetime:
        """Some instant in it."""
        return whole(self.begin + self.length * chance.random())


@dataclass(frozen=True)
class Load:
    """Tickets whose first levels fall due, evenly, over a stretch of time."""

    tickets: Sequence[Ticket]
    terms: Terms

    @classmethod
    def over(cls, span: Span, busy: int, idle: int, terms: Terms, chance: random.Random) -> Load:
        """Tickets whose first levels fall due in a span of time, and others, of no rule.

        All are stirred in it. There are two thirds as many customers as tickets.
        """
        tickets = []
        for number in range(busy + idle):
            customer = chance.randrange(1 + 2 * (busy + idle) // 3)
            created_at = span.any(chance) - terms.experts
            tickets.append(Ticket(number, customer, created_at, span.any(chance), number < busy))
        return cls(tuple(tickets), terms)

    @property
    def busy(self) -> tuple[Ticket, ...]:
        """The tickets that fall due."""
        return tuple(one for one in self.tickets if one.falls_due)

    @property
    def ends_at(self) -> datetime:
        """When the last thing falls due."""
        last = max(one.created_at for one in self.busy)
        updates = self.terms.experts + (self.terms.updates + 1) * self.terms.every
        return last + max(self.terms.managers, updates)

    @property
    def mails(self) -> int:
        """How many mails it comes to, if nothing is lost or sent twice.

        A ticket's levels are told to one and to two people, its customer is told all, and that the
        customer hears no more is told to one again.
        """
        return len(self.busy) * (1 + 2 + 1 + self.terms.updates + 1)

    def write(self, folder: Path, *, mail: str, replay: str = "") -> Path:
        """Lay out the log, the rules and the config file; gives the last of these."""
        templates = folder / "rules" / "templates" / "customer"
        templates.mkdir(parents=True)
        (folder / "rules" / "rules.yaml").write_text(self.terms.rules())
        for name in ("received", "still-working"):
            text = f"---\nsubject: '{name}: {{{{ ticket.subject }}}}'\n---\nWe are at it.\n"
            (templates / f"{name}.md").write_text(text)
        with (folder / "log.csv").open("w", newline="") as log:
            csv.writer(log).writerows([COLUMNS, *sorted(self._rows(), key=lambda row: row[1])])
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(mail=mail, replay=replay))
        return config

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for one in self.tickets:
            name, customer = f"T{one.number}", f"c{one.customer}"
            for at, assignee in ((one.created_at, ""), (one.stirs_at, "ann")):
                subject, type_ = f"Number {one.number}", "trouble" if one.falls_due else "question"
                yield name, stamp(at), subject, type_, "open", assignee, customer, one.address

    # --- what must come of it ---

    def due(self) -> set[tuple[str, str, int, int, str]]:
        """Every level that falls due: (ticket, rule, level, occurrence, due_at)."""
        return {
            (one.id, RULE, level, 1, stamp(one.created_at + after))
            for one in self.busy
            for level, after in self.terms.levels
        }

    def customer_messages(self) -> dict[tuple[str, str], int]:
        """Everything that a customer is to be told: how often each (ticket, message)."""
        said = {"on_escalation": 1, "update": self.terms.updates}
        return {(one.id, message): count for one in self.busy for message, count in said.items()}

    def addresses(self) -> dict[str, str]:
        return {one.id: one.address for one in self.tickets}


def message_id(key: str) -> str:
    """The Message-ID of what has this idempotency key."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{SENDER}>"


def whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def written(length: timedelta) -> str:
    """A duration as a rule says it."""
    return f"{int(length.total_seconds())}s"
