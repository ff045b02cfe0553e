"""A desk is closed from Good Friday to Easter Monday 2027, and the clocks change on the Sunday.

What "floods nobody on Tuesday" means, in numbers: in the first hour that the desk is open again, an
address gets at most as many notices of a rule as its budget has room for, and one digest; and a
customer gets at most one message.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.domain.ticket import Customer, Status
from engine.ports import Json
from engine.testing import ticket
from tests.scenario.desk import Desk, rule, rules

BERLIN = ZoneInfo("Europe/Berlin")
WAITED, CAME_IN = 500, 100
"""Tickets from the days before Easter, and from its four days."""
BUDGET = 50
OPENS, CLOSES = 9, 17
OPEN_DAYS = ("2027-03-24", "2027-03-25", "2027-03-30", "2027-03-31", "2027-04-01")
"""Wednesday, Maundy Thursday; Tuesday after Easter, Wednesday, Thursday."""

GERMAN_OFFICE = """
calendars:
  office:
    timezone: Europe/Berlin
    open: {mon-fri: "09:00-17:00"}
    holidays: {country: DE, subdivision: BE}
    day: 8h
"""
LADDER = {"experts": 5, "boss": 10}
"""Level → the opening hours after which it is due."""
EVERY = 6
"""Opening hours between two words to a customer."""


def local(day: str, hour: int, minute: int = 0) -> datetime:
    there = datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=BERLIN)
    return there.astimezone(UTC)


def after_opening(since: datetime, hours: int) -> datetime:
    """So many opening hours later, counted by hand from the days that the desk is open."""
    left = timedelta(hours=hours)
    for day in OPEN_DAYS:
        opens, closes = local(day, OPENS), local(day, CLOSES)
        begins = max(opens, since)
        if begins < closes:
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
    raise AssertionError(since)


def created_at(number: int) -> datetime:
    """Half of those that waited came on Wednesday, half on Thursday; the others over Easter."""
    if number < WAITED:
        part = number * 14 // WAITED
        return local(OPEN_DAYS[part // 7], 9 + part % 7, 30)
    days = ("2027-03-26", "2027-03-27", "2027-03-28", "2027-03-29")
    return local(days[(number - WAITED) * 4 // CAME_IN], 11)


def opened(desk: Desk) -> dict[str, datetime]:
    """All the tickets, each of a customer of its own."""
    found = {}
    for number in range(WAITED + CAME_IN):
        made = ticket(f"{number:05}", created_at(number), status=Status.OPEN)
        customer = Customer(id=f"customer-{number}")
        found[desk.helpdesk.open(replace(made, customer=customer))] = created_at(number)
    return found


def at(row: Json, key: str) -> datetime:
    return datetime.fromisoformat(str(row[key]))


@pytest.mark.proof
def test_a_desk_closed_for_easter_loses_nothing_and_floods_nobody_on_tuesday(
    desk: Desk, figures: list[str]
) -> None:
    levels = (
        "[{name: experts, after: 5h, kind: technical, tag: [late], notify: [tier-2]},"
        " {name: boss, after: 10h, kind: hierarchical, notify: [manager]}]"
    )
    updates = "{from: match, every: 6h, template: still-working}"
    desk.rules(
        rules(
            rule(
                levels=levels,
                budget=f"{BUDGET}/h",
                clock="{calendar: office}",
                customer=f"{{on_escalation: received, updates: {updates}}}",
            ),
            before=GERMAN_OFFICE,
        )
    )
    since = opened(desk)
    desk.play(local("2027-04-01", 9))

    # Nothing is lost: each level fires once, when so many opening hours have passed.
    fired = Counter((r["ticket"], r["name"], r["due_at"]) for r in desk.view("v_firings"))
    due = {
        (name, level): after_opening(began, hours)
        for name, began in since.items()
        for level, hours in LADDER.items()
    }
    assert fired == Counter(
        (name, level, f"{when:%Y-%m-%dT%H:%M:%SZ}")
        for (name, level), when in due.items()
        if when <= local("2027-04-01", 9)
    )
    assert all(r["fired_at"] == r["due_at"] for r in desk.view("v_firings"))

    # Nobody is told anything while the desk is closed; fields that a budget held may be set.
    shut = (local("2027-03-25", CLOSES), local("2027-03-30", OPENS))
    rows = [r for r in desk.view("v_outbox", state="delivered") if r["audience"] != "ticket"]
    assert not [row for row in rows if shut[0] < at(row, "finished_at") < shut[1]]

    # On Tuesday: within the budget, one digest an hour at the most of each instant, one message.
    notices: defaultdict[tuple[object, str], int] = defaultdict(int)
    messages: Counter[tuple[str, str]] = Counter()
    for row in rows:
        hour = str(row["finished_at"])[:13]
        if row["action"] == "notify":
            notices[row["receiver_hash"], hour] += 1
        if row["audience"] == "customer":
            messages[str(row["ticket"]), hour] += 1
    first = f"{local('2027-03-30', OPENS):%Y-%m-%dT%H}"
    assert max(notices.values()) <= BUDGET
    assert max(messages.values()) == 1

    # All whom the budget left out are named in a digest, and in one only.
    digested = Counter(
        (to, name.strip())
        for to, _, tickets in (text.partition(": ") for text in desk.digests())
        for name in tickets.split(",")
    )
    assert set(digested.values()) == {1}
    told = sum(notices.values()) + len(digested)
    assert told == fired.total()

    # Each customer hears at the promised rhythm, and never early.
    spoken: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        if row["audience"] == "customer":
            spoken[str(row["ticket"])].append(at(row, "finished_at"))
    for name, began in since.items():
        heard = began
        for when in sorted(spoken[name]):
            is_prompt = when == due[name, "experts"]
            assert is_prompt or when == after_opening(heard, EVERY)
            heard = when
        assert heard == local("2027-04-01", 9) or after_opening(heard, EVERY) > local(
            "2027-04-01", 9
        )

    on_tuesday = [m for (_, hour), m in messages.items() if hour == first]
    most = max((n for (_, hour), n in notices.items() if hour == first), default=0)
    figures.append(
        f"Easter 2027, {WAITED} tickets that waited and {CAME_IN} that came in: {fired.total()}"
        f" levels, none while closed, each at its own instant; in the first hour of Tuesday at most"
        f" {most} notices to an address (budget {BUDGET}), {sum(on_tuesday)} customers one message"
        f" each; {len(desk.digests())} digests name the other {len(digested)}"
    )
