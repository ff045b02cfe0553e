"""The same ticks by hand: on the raw driver, and as SQL over all open tickets.

Each baseline has a narrow database of its own: a ticket is one row of plain columns, and a firing
is (ticket, rule). That is less than the product keeps (a ticket's story, episodes, decisions with
their evidence), and so it is the limit that the machine sets, not a rival.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from tests.bench import hours
from tests.bench.databases import Database, Driver, Row
from tests.bench.handrules import (
    CONTACT_RULES,
    DISPATCH,
    TIME_RULES,
    ContactRule,
    Count,
    TimeRule,
    contacts,
    dues,
)
from tests.bench.product import Fired
from tests.bench.workload import PRIORITIES, STEP, TYPES, Issue, epoch

BATCH: Final = 500
_CHUNK: Final = 5_000
_TICKETS: Final = """
CREATE TABLE tickets (
    id TEXT PRIMARY KEY, customer TEXT NOT NULL, type TEXT NOT NULL, priority TEXT NOT NULL,
    created_at BIGINT NOT NULL, replied_at BIGINT
)"""
_FIRINGS: Final = """
CREATE TABLE firings (
    ticket TEXT NOT NULL, rule TEXT NOT NULL, fired_at BIGINT NOT NULL, PRIMARY KEY (ticket, rule)
) {keyed}"""
_SAVE_TICKETS: Final = (
    "INSERT INTO tickets (id, customer, type, priority, created_at, replied_at) {values}"
)
_SAVE_FIRINGS: Final = "INSERT INTO firings (ticket, rule, fired_at) {values}"


class Baseline(ABC):
    """A database of its own, with the tickets in it, and what has fired before."""

    def __init__(
        self, database: Database, issues: list[Issue], fired: Fired, now: datetime
    ) -> None:
        self.driver: Driver = database.connect()
        self.claim = database.claim
        self.driver.begin()
        for statement in (_TICKETS, _FIRINGS, *self.schema()):
            self.driver.rows(statement.format(keyed=database.keyed, serial=database.serial))
        for start in range(0, len(issues), _CHUNK):
            self.keep(issues[start : start + _CHUNK], now)
        rows = [(ticket, rule, epoch(now)) for ticket, rule in sorted(fired)]
        for start in range(0, len(rows), _CHUNK):
            self.driver.insert(
                _SAVE_FIRINGS, ("text", "text", "bigint"), rows[start : start + _CHUNK]
            )
        self.driver.commit()
        self.driver.rows("ANALYZE")

    def schema(self) -> tuple[str, ...]:
        """Statements beside the two tables that all have."""
        return ()

    def keep(self, issues: list[Issue], now: datetime) -> None:
        """Keep some tickets."""
        del now
        rows = [
            (
                i.id,
                i.customer,
                i.type,
                i.priority,
                i.created_at,
                i.replies[-1] if i.replies else None,
            )
            for i in issues
        ]
        self.driver.insert(_SAVE_TICKETS, ("text",) * 4 + ("bigint",) * 2, rows)

    @abstractmethod
    def tick(self, now: datetime) -> Fired:
        """What fires at `now` and had not fired before; committed."""

    def close(self) -> None:
        self.driver.close()


# --- the raw driver ------------------------------------------------------------------------------

_CHECKS: Final = (
    "CREATE TABLE checks (ticket TEXT PRIMARY KEY, next_check_at BIGINT) {keyed}",
    "CREATE INDEX checks_due ON checks (next_check_at, ticket) WHERE next_check_at IS NOT NULL",
)
_OUTBOX: Final = (
    """
CREATE TABLE outbox (
    id {serial}, key TEXT NOT NULL UNIQUE, ticket TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL, next_attempt_at BIGINT NOT NULL
)""",
    "CREATE INDEX outbox_waiting ON outbox (next_attempt_at, id) WHERE state = 'pending'",
)
_PROBE: Final = (
    "SELECT ticket FROM checks WHERE next_check_at IS NOT NULL AND next_check_at <= ?"
    " ORDER BY next_check_at, ticket LIMIT ?"
)
_POP: Final = (
    "SELECT checks.ticket, type, priority, created_at, replied_at"
    " FROM checks JOIN tickets ON tickets.id = checks.ticket"
    " WHERE next_check_at IS NOT NULL AND next_check_at <= ?"
    " ORDER BY next_check_at, ticket LIMIT ? "
)
_KNOWN: Final = "SELECT ticket, rule FROM firings WHERE ticket IN ids"
_ENQUEUE: Final = "INSERT INTO outbox (key, ticket, body, state, next_attempt_at) {values}"
_ADVANCE: Final = (
    "INSERT INTO checks (ticket, next_check_at) {values}"
    " ON CONFLICT (ticket) DO UPDATE SET next_check_at = excluded.next_check_at"
)


class RawDriver(Baseline):
    """One tick: pop what is due, closures by (type, priority), firings, outbox, advance, commit."""

    def schema(self) -> tuple[str, ...]:
        return (*_CHECKS, *_OUTBOX)

    def keep(self, issues: list[Issue], now: datetime) -> None:
        super().keep(issues, now)
        seconds = epoch(now)
        rows = [
            (issue.id, min((at for _, at in dues(issue) if at > seconds), default=None))
            for issue in issues
        ]
        self.driver.insert(_ADVANCE, ("text", "bigint"), rows)

    def probe(self, now: datetime) -> list[Row]:
        """What an idle tick comes to at the least: one look into the index."""
        return self.driver.rows(_PROBE, (epoch(now), BATCH))

    def tick(self, now: datetime) -> Fired:
        fired: Fired = set()
        while True:
            self.driver.begin()
            popped = self.driver.rows(_POP + self.claim, (epoch(now), BATCH))
            if popped:
                fired |= self._decide(popped, epoch(now))
            self.driver.commit()
            if len(popped) < BATCH:
                return fired

    def _decide(self, popped: list[Row], now: int) -> Fired:
        known = set(self.driver.rows_of(_KNOWN, [row[0] for row in popped]))
        firings: list[Row] = []
        messages: list[Row] = []
        checks: list[Row] = []
        for ticket, kind, priority, created_at, replied_at in popped:
            next_at: int | None = None
            for rule in DISPATCH[kind, priority]:
                due_at = rule.reckon(created_at, replied_at)
                if due_at is None:
                    continue
                if due_at > now:
                    next_at = due_at if next_at is None else min(next_at, due_at)
                elif (ticket, rule.id) not in known:
                    firings.append((ticket, rule.id, now))
                    messages.extend(_messages(ticket, rule, due_at, now))
            checks.append((ticket, next_at))
        self.driver.insert(_SAVE_FIRINGS, ("text", "text", "bigint"), firings)
        self.driver.insert(_ENQUEUE, ("text", "text", "text", "text", "bigint"), messages)
        self.driver.insert(_ADVANCE, ("text", "bigint"), checks)
        return {(ticket, rule) for ticket, rule, _ in firings}


def _messages(ticket: str, rule: TimeRule, due_at: int, now: int) -> Iterable[Row]:
    """A note and a notice, as the product's."""
    for kind in ("note", "notify"):
        key = f"{rule.id}|{ticket}|{kind}"
        body = {
            "key": key,
            "kind": kind,
            "ticket": ticket,
            "to": "second-line",
            "template": "escalation",
            "details": {
                "rule": {"id": rule.id, "description": "", "reason": "", "asked_by": "rule"},
                "level": {"number": 1, "name": rule.seconds, "kind": "technical"},
                "due_at": due_at,
                "fired_at": now,
                "tickets": [ticket],
                "reason": "level_due",
            },
        }
        yield key, ticket, json.dumps(body), "pending", now


# --- SQL over all open tickets -------------------------------------------------------------------


def _texts(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _is_concerned(rule: TimeRule) -> str:
    tests = []
    if rule.types != TYPES:
        tests.append(f"type IN ({_texts(rule.types)})")
    if rule.priorities != PRIORITIES:
        tests.append(f"priority IN ({_texts(rule.priorities)})")
    if rule.count is Count.UNANSWERED:
        tests.append("replied_at IS NULL")
    return " AND ".join(["", *tests])


def _column(rule: TimeRule) -> str:
    return "replied_at" if rule.count is Count.IDLE else "created_at"


def _cut_off(rule: TimeRule, now: int) -> int:
    """What the rule's column must not be later than, for the rule to fire by `now`."""
    if rule.count is Count.OFFICE_AGE:
        return hours.subtract_by_days(now, rule.seconds)
    return now - rule.seconds


_INSERT: Final = "INSERT INTO firings (ticket, rule, fired_at) SELECT id, '{rule}', ? FROM tickets"
_LEVEL: Final = {
    rule: (
        f"{_INSERT.format(rule=rule.id)} WHERE {_column(rule)} <= ?{_is_concerned(rule)}"
        " AND NOT EXISTS (SELECT 1 FROM firings"
        f" WHERE ticket = tickets.id AND rule = '{rule.id}') RETURNING ticket"
    )
    for rule in TIME_RULES
}
_WINDOW: Final = {
    rule: (
        f"{_INSERT.format(rule=rule.id)} WHERE {_column(rule)} > ? AND {_column(rule)} <= ?"
        f"{_is_concerned(rule)} RETURNING ticket"
    )
    for rule in TIME_RULES
}


class LevelSql(Baseline):
    """Each rule asks for all tickets that match and have not fired yet. No outbox."""

    def tick(self, now: datetime) -> Fired:
        at, fired = epoch(now), set[tuple[str, str]]()
        self.driver.begin()
        for rule, statement in _LEVEL.items():
            found = self.driver.rows(statement, (at, _cut_off(rule, at)))
            fired |= {(ticket, rule.id) for (ticket,) in found}
        self.driver.commit()
        return fired


class WindowSql(Baseline):
    """Each rule asks for what crossed its cut-off since the last tick. No outbox."""

    def schema(self) -> tuple[str, ...]:
        return (
            "CREATE INDEX by_creation ON tickets (created_at)",
            "CREATE INDEX by_reply ON tickets (replied_at)",
        )

    def tick(self, now: datetime) -> Fired:
        at, fired = epoch(now), set[tuple[str, str]]()
        since = epoch(now - STEP)
        self.driver.begin()
        for rule, statement in _WINDOW.items():
            values = (at, _cut_off(rule, since), _cut_off(rule, at))
            fired |= {(ticket, rule.id) for (ticket,) in self.driver.rows(statement, values)}
        self.driver.commit()
        return fired


# --- repeat contacts -----------------------------------------------------------------------------


class ContactSql(Baseline):
    """The contact rules, by counting: which customers turned to us so often so lately."""

    def schema(self) -> tuple[str, ...]:
        return ("CREATE TABLE contacts (customer TEXT NOT NULL, at BIGINT NOT NULL)",)

    def keep(self, issues: list[Issue], now: datetime) -> None:
        del now
        rows = [(issue.customer, at) for issue in issues for at in contacts(issue)]
        self.driver.insert("INSERT INTO contacts (customer, at) {values}", ("text", "bigint"), rows)

    def tick(self, now: datetime) -> Fired:
        return {
            (f"customer:{customer}", rule.id)
            for rule in CONTACT_RULES
            for customer in self._customers(rule, epoch(now))
        }

    def _customers(self, rule: ContactRule, now: int) -> Iterable[str]:
        counted = (
            "SELECT customer FROM contacts WHERE at > ? AND at <= ?"
            " GROUP BY customer HAVING COUNT(*) >= ?"
        )
        rows = self.driver.rows(counted, (now - rule.seconds, now, rule.at_least))
        return [customer for (customer,) in rows]
