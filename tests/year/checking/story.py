"""What happened to each ticket, read from the generator's log: what any clerk could tell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.year.checking.hours import HOUR, Spell
from tests.year.checking.promises import CONTACTS, CONTACTS_WITHIN, DAY, MATCH_GAP, Promise, Seen

Row = dict[str, Any]
OVER = frozenset({"resolved", "closed"})
PAUSED = "pending_customer"


def seconds(stamp: str) -> int:
    """``2026-01-05T08:00:00Z`` as seconds since 1970."""
    return int(datetime.fromisoformat(stamp).timestamp())


def shown(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%a %Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class Change:
    """A field that changed; by one of our rules, or (None) in the desk."""

    at: int
    field: str
    value: str
    rule: str | None = None
    by_robot: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    id: str
    email: str | None
    tier: str
    language: str
    wants_nothing: bool


@dataclass(slots=True)
class Story:
    """One ticket.

    Attributes:
        words: When a person of the desk spoke publicly, sorted.
        wrote: When the customer wrote, sorted; the creation is not among them.
        automatic: When a message came from the customer's side that no person wrote.
        changes: In the order in which they happened, ours among them.
        over_at: When it was merged or deleted.
        took_over_at: When the first other ticket was merged into it.
        answered_at: When something came so soon after a message of ours that a machine may have
            written it, on any ticket of the customer.
    """

    number: str
    customer: Customer
    created_at: int
    first: Mapping[str, str]
    words: list[int] = field(default_factory=list)
    wrote: list[int] = field(default_factory=list)
    automatic: list[int] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    over_at: int | None = None
    took_over_at: int | None = None
    answered_at: int | None = None

    @property
    def judged_until(self) -> int | None:
        """From then on the ticket is held against prohibitions only."""
        ends = (self.took_over_at, self.answered_at)
        return min((at for at in ends if at is not None), default=None)

    @property
    def key(self) -> str:
        return f"desk:{self.number}"

    # --- the status, which we never write ---

    def statuses(self, until: int) -> Iterator[Change]:
        yield Change(self.created_at, "status", self.first["status"])
        yield from (one for one in self.changes if one.field == "status" and one.at <= until)

    def status(self, at: int) -> str:
        return [one.value for one in self.statuses(at)][-1]

    def is_open(self, at: int) -> bool:
        is_there = self.created_at <= at and (self.over_at is None or at < self.over_at)
        return is_there and self.status(at) not in OVER

    def returns(self, until: int) -> Iterator[tuple[int, int, bool]]:
        """(resolved at, back at, whether that opened the ticket anew)."""
        resolved_at: int | None = None
        for one in self.statuses(until):
            if one.value in OVER:
                resolved_at = one.at if resolved_at is None else resolved_at
            elif resolved_at is not None:
                wrote = any(resolved_at < at <= one.at for at in self.wrote)
                is_late = one.at - resolved_at >= HOUR and not one.by_robot
                yield resolved_at, one.at, wrote or is_late
                resolved_at = None

    def opened_at(self, at: int) -> int:
        return max([self.created_at, *(back for _, back, counts in self.returns(at) if counts)])

    def gaps(self, at: int) -> list[tuple[int, int]]:
        return [(since, back) for since, back, counts in self.returns(at) if not counts]

    def resolved_at(self, at: int) -> int | None:
        found: int | None = None
        for one in self.statuses(at):
            found = None if one.value not in OVER else one.at if found is None else found
        return found

    def pauses(self, at: int) -> list[Spell]:
        spells: list[Spell] = []
        since: int | None = None
        for one in self.statuses(at):
            if since is not None and one.value != PAUSED:
                spells.append((since, one.at))
                since = None
            elif since is None and one.value == PAUSED:
                since = one.at
        return spells if since is None else [*spells, (since, None)]

    # --- who spoke ---

    def last_wrote_at(self, at: int) -> int:
        return max([self.created_at, *(one for one in self.wrote if one <= at)])

    def waiting_since(self, at: int) -> int | None:
        """The first turn of the customer that nobody has answered."""
        opened_at = self.opened_at(at)
        answered_at = max((one for one in self.words if one <= at), default=0)
        turns = [opened_at, *(one for one in self.wrote if opened_at < one <= at)]
        return min((one for one in turns if one > answered_at), default=None)

    def contacts(self, at: int) -> list[int]:
        """When the customer turned to us."""
        returns = {back for _, back, counts in self.returns(at) if counts}
        found = [self.created_at]
        for one in sorted({*returns, *(wrote for wrote in self.wrote if wrote <= at)}):
            answered = any(0 <= one - word <= DAY for word in self.words)
            if one in returns or (one - found[-1] >= HOUR and not answered):
                found.append(one)
        return found

    # --- as a rule sees it: what it wrote itself is invisible to it ---

    def seen(self, promise: Promise, at: int) -> Seen:
        found = dict(self.first)
        for one in self.changes:
            if one.at <= at and one.rule != promise.rule:
                found[one.field] = one.value
        return Seen(found["status"], found["priority"], found["type"], self.customer.tier)

    def holds(self, promise: Promise, at: int) -> bool:
        return self.is_open(at) and promise.matches(self.seen(promise, at))

    def holds_since(self, promise: Promise, at: int) -> int | None:
        """When it began to hold; short gaps, and resolutions that were taken back, are none."""
        gaps = self.gaps(at)
        instants = sorted({self.created_at, *(one.at for one in self.changes if one.at <= at)})
        began: int | None = None
        ended: int | None = None
        held = False
        for instant in instants:
            if any(since <= instant < back for since, back in gaps):
                continue
            holds = self.holds(promise, instant)
            if holds and not held and (ended is None or instant - ended >= MATCH_GAP):
                began = instant
            if held and not holds:
                ended = instant
            held = holds
        return began if held else None

    def anchor(self, promise: Promise, at: int) -> int | None:
        """From when the rule's clock runs."""
        if promise.since == "created":
            return self.created_at
        if promise.since == "waiting":
            return self.waiting_since(at)
        if promise.since == "match":
            return self.holds_since(promise, at)
        return self.opened_at(at)


def read_log(path: Path) -> dict[str, Story]:
    """Every ticket, by its key."""
    stories: dict[str, Story] = {}
    rows_of: dict[str, list[Row]] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            rows_of.setdefault(row["ticket"], []).append(row)
    for rows in rows_of.values():
        story = _story(rows)
        stories[story.key] = story
    for rows in rows_of.values():
        if into := rows[-1]["merged_into"]:
            _note_merge(stories[f"desk:{into}"], seconds(rows[-1]["at"]))
    return stories


def _note_merge(survivor: Story, at: int) -> None:
    known = survivor.took_over_at
    survivor.took_over_at = at if known is None else min(known, at)


def _story(rows: list[Row]) -> Story:
    first = rows[0]
    told = first["customer"]
    customer = Customer(
        id=told["id"],
        email=told["email"],
        tier=told["tier"],
        language=told["language"] or first["language"] or "en",
        wants_nothing="yes" in (told["no_updates"], told["is_automatic"]),
    )
    looks = {name: str(first[name]) for name in ("status", "priority", "type")}
    story = Story(first["ticket"], customer, seconds(first["at"]), looks)
    now = dict(looks)
    for row in rows:
        _take(story, row, now)
    return story


def _take(story: Story, row: Row, now: dict[str, str]) -> None:
    at, by_robot = seconds(row["at"]), row["automatic"] == "yes"
    if row["said"] == "agent":
        story.words.append(at)
    elif row["said"] == "customer":
        (story.automatic if by_robot else story.wrote).append(at)
    for name, before in now.items():
        if row[name] != before:
            now[name] = row[name]
            story.changes.append(Change(at, name, row[name], by_robot=by_robot))
    if story.over_at is None and (row["merged_into"] or row["deleted"] == "yes"):
        story.over_at = at


def turned_often(stories: Iterable[Story], at: int) -> bool:
    """Whether these tickets' customer has turned to us often enough within the window."""
    count = sum(
        at - CONTACTS_WITHIN < contact <= at for one in stories for contact in one.contacts(at)
    )
    return count >= CONTACTS


def turned_often_since(stories: Iterable[Story], since: int, at: int) -> bool:
    """Whether that has held all the time from `since` to `at`: a count that fell ended it."""
    tickets = list(stories)
    falls = {contact + CONTACTS_WITHIN for one in tickets for contact in one.contacts(at)}
    cuts = [since, at, *(fall for fall in falls if since < fall < at)]
    return all(turned_often(tickets, cut) for cut in cuts)
