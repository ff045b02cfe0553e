"""A year of a support desk that never was, as the log that its helpdesk would export.

    python -m tests.year.generating FOLDER --tickets 10000 --seed 1

Each ticket is lived through by itself: people of the desk work by `agenda.py`, customers answer
when they like. Nothing here knows the engine, its rules, or what it will write.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.year.agenda import after_work, arrivals
from tests.year.people import Clientele, Person

Row = dict[str, Any]

YEAR = (date(2026, 1, 2), date(2026, 12, 30))
QUARTER = (date(2026, 3, 2), date(2026, 5, 29))

TYPES = {
    "Category 19": 9, "Category 42": 6, "Category 44": 5, "Category 9": 7, "Category 7": 30,
    "Category 3": 23, "billing": 14, "outage": 6,
}  # fmt: skip
PRIORITIES = {"low": 26, "medium": 46, "high": 21, "urgent": 7}
GROUPS = ("Group 70", "Group 24", "first-line")
AGENTS = tuple(f"agent{number}" for number in range(22))
STORM_DAYS = (date(2026, 3, 10), date(2026, 10, 13))
STORM_SHARE = 0.008
"""This part of the year's tickets comes in within two hours of each of the storm days."""

AFTERWARDS = timedelta(days=31)
"""So much longer the log goes on when no new tickets come in any more."""


@dataclass(slots=True)
class Life:
    """One ticket, while it is being lived."""

    number: str
    person: Person
    chance: Random
    state: dict[str, str | None]
    at: datetime
    rows: list[Row] = field(default_factory=list)

    def happens(self, at: datetime, did: str, said: str = "", **changes: str | None) -> None:
        """Add a row; never earlier than the one before."""
        automatic = "yes" if did == "auto-answered" else "no"
        self.at = max(at, self.at + timedelta(seconds=1)) if self.rows else at
        self.state.update(changes)
        self.rows.append(
            {
                "ticket": self.number,
                "event": f"{self.number}-{len(self.rows) + 1}",
                "at": self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "did": did,
                "said": said,
                "automatic": automatic,
                **self.state,
                "customer": self.person.row(),
                "words": f"{did} {len(self.rows) + 1}" if said else "",
            }
        )


def year_of(tickets: int, seed: int, first: date = YEAR[0], last: date = YEAR[1]) -> list[Row]:
    """All rows, in the order in which they happened."""
    chance = Random(seed)
    clientele = Clientele(chance, tickets)
    opened = arrivals(chance, first, last, tickets)
    for day in STORM_DAYS:
        if first <= day <= last:
            _gather(chance, opened, day, round(tickets * STORM_SHARE))
    lives = [_live(chance, number, clientele.somebody(chance), at)
             for number, at in enumerate(sorted(opened), 10001)]  # fmt: skip
    _merge_some(chance, lives)
    _delete_some(chance, lives)
    end = datetime.combine(last + AFTERWARDS, time(), UTC)
    rows = [row for life in lives for row in life.rows if _at(row) < end]
    return sorted(rows, key=lambda row: row["at"])  # stable: a ticket's rows keep their order


def _gather(chance: Random, opened: list[datetime], day: date, count: int) -> None:
    """A storm: so many of the year's tickets come in within two hours instead."""
    begin = datetime(day.year, day.month, day.day, 9, 10, tzinfo=UTC)
    for position in chance.sample(range(len(opened)), min(count, len(opened))):
        opened[position] = begin + timedelta(seconds=chance.randrange(7200))


def _live(chance: Random, number: int, person: Person, at: datetime) -> Life:
    is_storm = at.date() in STORM_DAYS and 9 <= at.hour < 12 and chance.random() < 0.7
    kind = "outage" if is_storm else _pick(chance, TYPES)
    priority = _pick(chance, {"high": 2, "urgent": 1} if is_storm else PRIORITIES)
    life = Life(
        str(number),
        person,
        chance,
        {
            "title": f"Request {number}", "status": "new", "priority": priority, "type": kind,
            "group": chance.choice(GROUPS), "assignee": None, "merged_into": None,
            "language": person.language if chance.random() < 0.5 else "en", "deleted": "no",
        },
        at,
    )  # fmt: skip
    life.happens(at, "opened")
    pace = chance.lognormvariate(1.1, 1.1)  # hours of work until somebody looks
    if chance.random() < 0.15:
        pace *= chance.choice((4, 8, 14))  # lies at the bottom of a pile
    _work_on(life, pace)
    _afterwards(life, pace)
    return life


def _work_on(life: Life, pace: float) -> None:
    """From an opening or a reopening to the resolution."""
    chance = life.chance
    if life.state["assignee"] is None and chance.random() < 0.85:
        life.happens(after_work(life.at, pace * 0.25), "assigned", assignee=chance.choice(AGENTS))
    for _ in range(1 + min(int(chance.expovariate(0.75)), 6)):
        _look_inside(life, pace)
        _speak(life, pace)
    at = after_work(life.at, chance.expovariate(1 / pace))
    said = "agent" if chance.random() < 0.6 else ""
    life.happens(at, "resolved", said, status="resolved")


def _look_inside(life: Life, pace: float) -> None:
    """What the desk does that the customer does not see; and who waits too long, asks."""
    chance = life.chance
    if chance.random() < 0.35:
        life.happens(after_work(life.at, chance.expovariate(2 / pace)), "noted", "note")
    if chance.random() < 0.09:
        priority = _pick(chance, PRIORITIES)
        life.happens(after_work(life.at, pace * 0.3), "ranked", priority=priority)
    if chance.random() < 0.06:
        group = chance.choice(GROUPS)
        life.happens(after_work(life.at, pace * 0.2), "moved", group=group, assignee=None)
    if chance.random() < 0.06:
        life.happens(after_work(life.at, pace * 0.2), "parked", status="pending_internal")
    if pace > 12 and chance.random() < 0.35:
        asked_at = life.at + timedelta(hours=chance.expovariate(1 / 30))
        life.happens(asked_at, "asked again", "customer")
    if chance.random() < 0.02:
        _auto_answer(life, life.at + timedelta(seconds=chance.randrange(20, 300)))


def _speak(life: Life, pace: float) -> None:
    """The desk answers; often the customer has to answer, too."""
    chance = life.chance
    at = after_work(life.at, chance.expovariate(1 / pace))
    if chance.random() < 0.4:
        life.happens(at, "answered", "agent", status="open")
        if chance.random() < 0.3:
            life.happens(_reply_at(life), "wrote", "customer")
        return
    life.happens(at, "asked", "agent", status="pending_customer")
    if chance.random() < 0.07:
        _auto_answer(life, life.at + timedelta(seconds=chance.randrange(5, 180)))
    if chance.random() < 0.85:
        life.happens(_reply_at(life), "wrote", "customer", status="open")
    elif chance.random() < 0.5:
        life.happens(after_work(life.at, 20), "reminded", "agent")
        life.happens(_reply_at(life), "wrote", "customer", status="open")
    else:
        life.happens(after_work(life.at, 30), "gave up waiting", status="open")


def _reply_at(life: Life) -> datetime:
    """Within minutes, or hours, or in the night."""
    chance = life.chance
    if chance.random() < 0.15:
        return life.at + timedelta(seconds=chance.randrange(90, 900))
    return life.at + timedelta(seconds=round(chance.expovariate(1 / 16) * 3600) + 120)


def _auto_answer(life: Life, at: datetime) -> None:
    """An out-of-office reply; some desks take it for an answer."""
    if life.state["status"] == "pending_customer" and life.chance.random() < 0.3:
        life.happens(at, "auto-answered", "customer", status="open")
    else:
        life.happens(at, "auto-answered", "customer")


def _afterwards(life: Life, pace: float) -> None:
    """A ticket that is resolved does not always stay so."""
    chance = life.chance
    for _ in range(3):
        fate = chance.random()
        if fate < 0.06:  # the customer is not content
            life.happens(_reply_at(life), "wrote back", "customer", status="open")
            _work_on(life, pace)
        elif fate < 0.08:  # a slip of somebody's hand
            minutes = chance.randrange(1, 40)
            life.happens(life.at + timedelta(minutes=minutes), "undone", status="open")
            life.happens(after_work(life.at, pace), "resolved", "agent", status="resolved")
        elif fate < 0.10:  # it turned out not to be solved
            life.happens(after_work(life.at, 3 + pace), "taken up again", status="open")
            _work_on(life, pace)
        elif fate < 0.115:  # an out-of-office reply brings it back
            at = life.at + timedelta(seconds=chance.randrange(5, 14400))
            life.happens(at, "auto-answered", "customer", status="open")
            life.happens(after_work(life.at, pace), "resolved", status="resolved")
        elif fate < 0.15:  # thanks, and nothing else
            life.happens(_reply_at(life), "thanked", "customer")
        else:
            break
    if chance.random() < 0.7:
        life.happens(after_work(life.at, 40), "closed", status="closed")


def _merge_some(chance: Random, lives: list[Life]) -> None:
    """One in a hundred is merged into another ticket of its customer that is open then."""
    by_person: dict[str, list[Life]] = defaultdict(list)
    for life in lives:
        by_person[life.person.id].append(life)
    survivors: set[str] = set()
    for life in lives:
        if chance.random() > 0.05 or life.number in survivors:
            continue
        begin, end = _span(life)
        at = begin + (end - begin) * chance.uniform(0.1, 0.9)
        others = [one for one in by_person[life.person.id]
                  if one is not life and _span(one)[0] < at < _span(one)[1]
                  and one.state["merged_into"] is None]  # fmt: skip
        if others:
            other = chance.choice(others)
            survivors.add(other.number)
            _cut(life, at, "merged", merged_into=other.number)


def _delete_some(chance: Random, lives: list[Life]) -> None:
    into = {life.state["merged_into"] for life in lives}
    for life in lives:
        is_plain = life.state["merged_into"] is None and life.number not in into
        if is_plain and chance.random() < 0.006:
            begin, end = _span(life)
            _cut(life, begin + (end - begin) * chance.uniform(0.1, 0.9), "deleted", deleted="yes")


def _span(life: Life) -> tuple[datetime, datetime]:
    """From the opening to the first resolution, or to what ended the ticket instead."""
    end = next((row for row in life.rows if row["status"] == "resolved"), life.rows[-1])
    return _at(life.rows[0]), _at(end)


def _cut(life: Life, at: datetime, did: str, **changes: str) -> None:
    """From `at` on nothing more happens to the ticket but this."""
    life.rows = [row for row in life.rows if _at(row) < at]
    kept = life.rows[-1]
    life.state = {name: kept[name] for name in life.state}
    life.at = _at(kept)
    life.happens(at.replace(microsecond=0), did, **changes)


def _at(row: Row) -> datetime:
    return datetime.strptime(row["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _pick(chance: Random, shares: dict[str, int]) -> str:
    return chance.choices(list(shares), list(shares.values()))[0]


def write_log(rows: Iterable[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the log of a made-up year.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    write_log(year_of(given.tickets, given.seed), given.path)


if __name__ == "__main__":
    main()
