"""What the daemon must have done: computed from nothing but the CSV, naively.

It walks through time in whole minutes. At a minute it first applies the rows of that minute, in the
source's order; then every rule is decided for every subject concerned, on the same state; what they
wrote becomes visible, and what it may concern is decided again at the same minute, until nothing
moves; then customers are written to. Nothing here is shared with the engine, and the numbers of the
rules stand here by hand: `docs/semantics.md` is the text, `rules/` the same rules in YAML.

The one cleverness: a minute at which nothing can have changed is not looked at. While a comparison
"have N opening minutes passed" says no, it notes the minute at which they would have passed if
nothing paused: a pause can only make that later. `--stride N` looks every N minutes besides, so
that the cleverness itself can be checked.

With `--why` it also says how every rule stood to every subject, and why: a row for each minute at
which that changed (`docs/semantics.md`, "Verdicts").

Usage: python oracle.py DERIVED.csv [--through 2017-03-01T00:00:00Z] [--stride MINUTES] [--why]
"""

import argparse
import csv
import heapq
import json
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

BEGINNING = datetime(2016, 2, 15, tzinfo=UTC)  # minute 0; before the first incident
NEVER = 10**9
HOUR = 60
DAY = 24 * HOUR


def minute_of(instant: datetime) -> int:
    return int((instant - BEGINNING).total_seconds()) // 60


def text_of(minute: int) -> str:
    return (BEGINNING + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---------------------------------------------------------------------------------- opening hours

PORTUGAL = {  # national holidays, by hand
    date(2016, 3, 25),  # Good Friday
    date(2016, 3, 27),  # Easter
    date(2016, 4, 25),
    date(2016, 5, 1),
    date(2016, 5, 26),  # Corpus Christi
    date(2016, 6, 10),
    date(2016, 8, 15),
    date(2016, 10, 5),
    date(2016, 11, 1),
    date(2016, 12, 1),
    date(2016, 12, 8),
    date(2016, 12, 25),
    date(2017, 1, 1),
    date(2017, 4, 14),  # Good Friday
    date(2017, 4, 16),  # Easter
    date(2017, 4, 25),
    date(2017, 5, 1),
    date(2017, 6, 10),
    date(2017, 6, 15),  # Corpus Christi
}

Shifts = list[tuple[int, int]]  # from, to: minutes of the local day; `to` may be tomorrow's


def office_shifts(day: date) -> Shifts:
    if day == date(2016, 3, 24):
        return [(9 * 60, 12 * 60 + 30)]
    if day == date(2016, 4, 25):
        return [(10 * 60, 12 * 60)]
    if (day.month, day.day) in {(12, 24), (12, 31)}:
        return []
    if day in PORTUGAL or day.weekday() in {5, 6}:
        return []
    return [(9 * 60, 12 * 60 + 30), (13 * 60 + 30, 18 * 60)]


def night_shifts(day: date) -> Shifts:
    return [] if day.weekday() in {4, 5} else [(22 * 60, 30 * 60)]


def daytime_shifts(day: date) -> Shifts:
    return [] if day.weekday() == 6 else [(8 * 60, 20 * 60)]


class Calendar:
    """Opening minutes, found by looking at every minute's local time."""

    def __init__(self, zone: str, shifts: Callable[[date], Shifts], end: int) -> None:
        self.opened = [0]  # opened[m]: how many of the minutes before m are open
        tz = ZoneInfo(zone)
        for minute in range(end):
            local = (BEGINNING + timedelta(minutes=minute)).astimezone(tz)
            today, at = local.date(), local.hour * 60 + local.minute
            yesterday = today - timedelta(days=1)
            is_open = any(a <= at < b for a, b in shifts(today)) or any(
                a <= at + DAY < b for a, b in shifts(yesterday)
            )
            self.opened.append(self.opened[-1] + is_open)

    def between(self, a: int, b: int) -> int:
        return self.opened[b] - self.opened[a] if b > a else 0

    def is_open(self, minute: int) -> bool:
        return self.opened[minute + 1] > self.opened[minute]

    def later(self, start: int, minutes: int) -> int:
        """The first minute at which so many opening minutes have passed since `start`."""
        if minutes <= 0:
            return start
        found = bisect_left(self.opened, self.opened[start] + minutes)
        return found if found < len(self.opened) else NEVER

    def earlier(self, end: int, minutes: int) -> int:
        """The last minute from which so many opening minutes are left until `end`."""
        minute = end
        while self.between(minute, end) < minutes:
            minute -= 1
        return minute

    def next_open(self, minute: int) -> int:
        found = self.later(minute, 1)
        return found - 1 if found < NEVER else NEVER


class Always(Calendar):
    def __init__(self) -> None:
        """Has no table."""

    def between(self, a: int, b: int) -> int:
        return max(0, b - a)

    def is_open(self, minute: int) -> bool:  # noqa: ARG002
        return True

    def later(self, start: int, minutes: int) -> int:
        return start + max(0, minutes)

    def earlier(self, end: int, minutes: int) -> int:
        return end - minutes

    def next_open(self, minute: int) -> int:
        return minute


# ---------------------------------------------------------------------------------- the incidents

STATUS = {
    "New": "new",
    "Active": "open",
    "Awaiting User Info": "pending_customer",
    "Awaiting Problem": "pending_internal",
    "Awaiting Vendor": "pending_internal",
    "Awaiting Evidence": "pending_internal",
    "Resolved": "resolved",
    "Closed": "closed",
}
PRIORITY = {
    "4 - Low": "low",
    "3 - Moderate": "medium",
    "2 - High": "high",
    "1 - Critical": "urgent",
}
RANK = {"low": 0, "medium": 1, "high": 2, "urgent": 3}
DONE = {"resolved", "closed"}
COLUMNS = {
    "type": "category",
    "organization": "location",
    "group": "assignment_group",
    "assignee": "assigned_to",
    "channel": "contact_type",
    "symptom": "u_symptom",
}


def stamp(text: str) -> int:
    return minute_of(datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=UTC))


@dataclass
class Row:
    at: int
    values: dict[str, str]
    said: str


@dataclass
class Change:
    at: int
    value: str  # "" is nothing
    author: str  # "" is a person, else our rule


@dataclass
class Message:
    at: int
    number: int  # the place in the ticket's history: messages of one minute have an order
    who: str


@dataclass
class Return:
    """From done to open."""

    resolved_at: int
    at: int
    number: int
    counts: bool


@dataclass
class Ticket:
    id: str
    customer: str
    created_at: int
    rows: list[Row]
    taken: int = 0  # rows that have happened
    number: int = 0
    history: dict[str, list[Change]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    statuses: list[tuple[int, int, str]] = field(default_factory=list)  # at, number, status
    assigned: list[int] = field(default_factory=list)  # a person became assignee, by a person
    lowered: list[int] = field(default_factory=list)  # a person lowered the priority
    tags: set[tuple[str, str]] = field(default_factory=set)  # tag, our rule
    touched_at: int = -1  # the last event by somebody else
    our_messages: list[int] = field(default_factory=list)
    our_first_words: list[int] = field(default_factory=list)  # deliveries of on_escalation
    # what follows from the above, computed when events came
    returns: list[Return] = field(default_factory=list)
    opening: tuple[int, int] = (0, 0)
    waiting_at: int | None = None
    status_changed_at: int = 0
    reply_at: int | None = None
    customer_wrote_at: int = 0
    contacts: list[int] = field(default_factory=list)

    def value(self, name: str, blind_to: str = "") -> str:
        """A field as it is, less what the rule `blind_to` wrote."""
        for change in reversed(self.history[name]):
            if not blind_to or change.author != blind_to:
                return change.value
        raise LookupError(name)

    @property
    def status(self) -> str:
        return self.statuses[-1][2]

    @property
    def is_open(self) -> bool:
        return self.status not in DONE


def read_tickets(path: Path) -> list[Ticket]:
    rows: dict[str, list[Row]] = defaultdict(list)
    about: dict[str, tuple[str, int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            values = {
                name: "" if line[column] == "?" else line[column]
                for name, column in COLUMNS.items()
            }
            values["status"] = STATUS[line["incident_state"]]
            values["priority"] = PRIORITY[line["priority"]]
            values["due"] = str(stamp(line["due"]))
            rows[line["number"]].append(Row(stamp(line["sys_updated_at"]), values, line["said"]))
            about.setdefault(line["number"], (line["caller_id"], stamp(line["opened_at"])))
    tickets = []
    for ticket_id, ticket_rows in rows.items():
        ticket_rows.sort(key=lambda row: row.at)  # stable: the source's order within a minute
        customer, opened_at = about[ticket_id]
        tickets.append(Ticket(ticket_id, customer, min(opened_at, ticket_rows[0].at), ticket_rows))
    return sorted(tickets, key=lambda ticket: ticket.id)


def create(ticket: Ticket) -> None:
    """The first observation's values hold since the creation."""
    first = ticket.rows[0].values
    for name, value in first.items():
        ticket.history[name] = [Change(ticket.created_at, value, "")]
    ticket.statuses = [(ticket.created_at, 0, first["status"])]
    ticket.touched_at = ticket.created_at


def take(ticket: Ticket, row: Row) -> None:
    """One row happens: only what differs from the source's last value is a change."""
    ticket.taken += 1
    ticket.touched_at = row.at
    for name, value in row.values.items():
        if value == source_value(ticket, name):
            continue
        ticket.number += 1
        if name == "priority" and RANK[value] < RANK[ticket.value("priority")]:
            ticket.lowered.append(row.at)
        if name == "assignee" and value:
            ticket.assigned.append(row.at)
        if name == "status":
            ticket.statuses.append((row.at, ticket.number, value))
        ticket.history[name].append(Change(row.at, value, ""))
    if row.said:
        ticket.number += 1
        ticket.messages.append(Message(row.at, ticket.number, row.said))


def source_value(ticket: Ticket, name: str) -> str:
    return next(change.value for change in reversed(ticket.history[name]) if not change.author)


def conclude(ticket: Ticket) -> None:
    """Returns, opening, waiting, contacts and the like: anew, from all events so far."""
    customers = [message for message in ticket.messages if message.who == "customer"]
    replies = [message for message in ticket.messages if message.who == "agent"]

    ticket.returns = []
    resolved_at: int | None = None
    for at, number, status in ticket.statuses:
        if status in DONE and resolved_at is None:
            resolved_at = at
        elif status not in DONE and resolved_at is not None:
            wrote = any(resolved_at < message.at <= at for message in customers)
            counts = wrote or at - resolved_at >= HOUR
            ticket.returns.append(Return(resolved_at, at, number, counts))
            resolved_at = None
    reopenings = [back for back in ticket.returns if back.counts]
    ticket.opening = (ticket.created_at, 0)
    if reopenings:
        ticket.opening = (reopenings[-1].at, reopenings[-1].number)

    # Waiting: the opening and the customer's messages since; the first that no reply followed.
    asked = [ticket.opening]
    asked += [(m.at, m.number) for m in customers if (m.at, m.number) > ticket.opening]
    answered = (replies[-1].at, replies[-1].number) if replies else (-1, -1)
    ticket.waiting_at = next((at for at, number in asked if (at, number) > answered), None)
    ticket.reply_at = replies[-1].at if replies else None
    ticket.customer_wrote_at = customers[-1].at if customers else ticket.created_at

    # The last change of status, as if what a return that does not count ended had never been.
    erased = {back.number for back in ticket.returns if not back.counts}
    seen: list[tuple[int, str]] = []
    for at, number, status in ticket.statuses:
        if number in erased:
            while seen and seen[-1][1] in DONE:
                seen.pop()
            if seen and seen[-1][1] == status:
                continue
        seen.append((at, status))
    ticket.status_changed_at = seen[-1][0]

    # Contacts: the creation, reopenings, and messages outside clusters and conversations.
    reopened = {back.at for back in reopenings}
    turns = [(back.at, back.number, "reopening") for back in reopenings]
    turns += [(message.at, message.number, message.who) for message in ticket.messages]
    ticket.contacts = [ticket.created_at]
    replied_at: int | None = None
    for at, _, what in sorted(turns):
        if what == "agent":
            replied_at = at
        elif what == "reopening":
            ticket.contacts.append(at)
        elif what == "customer":
            in_cluster = at - ticket.contacts[-1] < HOUR
            in_conversation = replied_at is not None and at - replied_at <= DAY
            if not in_cluster and not in_conversation and at not in reopened:
                ticket.contacts.append(at)


def elapsed(ticket: Ticket, a: int, b: int, calendar: Calendar, pauses: set[str]) -> int:
    """Opening minutes from a to b, less the spells in a pausing status."""
    total = calendar.between(a, b)
    for position, (at, _, status) in enumerate(ticket.statuses):
        if status in pauses:
            last = position + 1 == len(ticket.statuses)
            until = b if last else ticket.statuses[position + 1][0]
            total -= calendar.between(max(a, at), min(b, until))
    return total


# -------------------------------------------------------------------------------------- the rules


@dataclass
class Stand:
    """What one rule makes of one ticket at one minute."""

    holds: bool
    anchor: int | None
    after: list[int] = field(default_factory=list)  # minutes, level by level
    before: list[int] = field(default_factory=list)  # likewise; these levels come first
    begins_with_match: bool = False  # the anchor is when the rule began to hold
    concerned: bool = True  # the rule says something for the ticket's priority
    every: int | None = None  # of customer updates


@dataclass
class Rule:
    name: str
    look: Callable[["View"], Stand]
    calendar: str
    kinds: list[str]
    pauses: set[str] = field(default_factory=lambda: {"pending_customer"})
    acknowledged_by: set[str] = field(default_factory=set)  # links apart, of which there are none
    expires: int = 0
    max_lateness: int = 400 * DAY
    cooldown: int = 0
    inhibited_by: str = ""
    repeat: tuple[int, int] = (0, 0)  # every, times; of the last level
    on_escalation: bool = False
    updates_from: str = ""
    updates_max: int = 0
    deliver_in: str = ""
    budget: int = 10**6  # escalations in an hour of the clock
    is_shadow: bool = False
    is_off: bool = False


@dataclass
class View:
    """What a rule may ask. A comparison with time notes when its answer could change."""

    world: "World"
    ticket: Ticket
    rule: Rule
    now: int
    waits: list[int]

    def value(self, name: str) -> str:
        return self.ticket.value(name, blind_to=self.rule.name)

    def by_priority(self, urgent: int, high: int, medium: int, low: int) -> int:
        table = {"urgent": urgent, "high": high, "medium": medium, "low": low}
        return table[self.value("priority")]

    def at_least(self, since: int, minutes: int) -> bool:
        calendar = self.world.calendars[self.rule.calendar]
        passed = elapsed(self.ticket, since, self.now, calendar, self.rule.pauses)
        if passed >= minutes:
            return True
        self.waits.append(calendar.later(self.now, minutes - passed))
        return False


def urgent_answer(view: View) -> Stand:
    return Stand(
        holds=RANK[view.value("priority")] >= RANK["high"],
        anchor=view.ticket.waiting_at,
        after=[30, 240],
    )


def unresolved(view: View) -> Stand:
    # 4 h, 8 h, 2 d, 5 d of 8 h each; 75 %, 100 %, 150 % of it
    return Stand(
        holds=view.value("type") not in {"Category 61", "Category 23"},
        anchor=view.ticket.opening[0],
        after=[
            view.by_priority(180, 360, 720, 1800),
            view.by_priority(240, 480, 960, 2400),
            view.by_priority(360, 720, 1440, 3600),
        ],
        every=view.by_priority(240, 480, 960, 2400),
    )


def ageing(view: View) -> Stand:
    # 2 d, 3 d, 4 d, 8 d of 8 h each, and an hour; then twice the days, and an hour
    return Stand(
        holds=view.value("channel") == "Phone",
        anchor=view.ticket.created_at,
        after=[
            view.by_priority(1020, 1500, 1980, 3900),
            view.by_priority(1980, 2940, 3900, 7740),
        ],
    )


def shrunk(view: View) -> Stand:
    return Stand(
        holds=view.value("channel") in {"Phone", "E-mail"},
        anchor=view.ticket.created_at,
        after=[view.by_priority(1 * DAY, 2 * DAY, 30 * DAY, 60 * DAY)],
    )


def aged_look(view: View) -> Stand:
    tagged = any(tag == "aged" and author != "aged-look" for tag, author in view.ticket.tags)
    return Stand(
        holds=tagged and view.value("symptom") != "Symptom 491",
        anchor=view.ticket.opening[0],
        after=[12 * HOUR],
    )


def unassigned(view: View) -> Stand:
    left_at = None if view.value("assignee") else last_change(view, "assignee")
    return Stand(
        holds=view.ticket.status in {"new", "open"}
        and left_at is not None
        and view.at_least(left_at, 240),
        anchor=None,
        begins_with_match=True,
        after=[0, 240],
    )


def assigned_silent(view: View) -> Stand:
    reply_at = view.ticket.reply_at
    # 2 h, 4 h, 2 d, 4 d of 8 h each; twice that; 8 h, 16 h, 6 d, 12 d
    return Stand(
        holds=view.ticket.status in {"open", "pending_internal"}
        and (reply_at is None or view.at_least(reply_at, 480)),
        anchor=last_change(view, "assignee") if view.value("assignee") else None,
        after=[
            view.by_priority(120, 240, 960, 1920),
            view.by_priority(240, 480, 1920, 3840),
            view.by_priority(480, 960, 2880, 5760),
        ],
    )


def stale(view: View) -> Stand:
    # 3 d, 5 d, 10 d: nights of 8 h
    return Stand(
        holds=view.ticket.status != "pending_customer" and view.value("group") != "management",
        anchor=view.ticket.status_changed_at,
        after=[1440, 2400, 4800],
    )


def due_soon(view: View) -> Stand:
    # 4 h before; on time; 1 d of 8 h after
    return Stand(
        holds=view.ticket.status != "pending_internal",
        anchor=int(view.value("due")),
        before=[240],
        after=[0, 480],
    )


def forgotten(view: View) -> Stand:
    # older than 3 d and in its status for 2 d, of 8 h each; then 1 d and 3 d
    return Stand(
        holds=view.at_least(view.ticket.created_at, 1440)
        and view.at_least(view.ticket.status_changed_at, 960),
        anchor=None,
        begins_with_match=True,
        after=[480, 1440],
    )


def reopened(view: View) -> Stand:
    return Stand(
        holds=any(back.counts for back in view.ticket.returns),
        anchor=view.ticket.opening[0],
        after=[60],
    )


def again_and_again(view: View) -> Stand:
    completed = view.world.completed_at(view.ticket.contacts, 3, 5 * DAY, view.now, view.waits)
    return Stand(holds=completed is not None, anchor=view.ticket.opening[0], after=[0])


def first_look(view: View) -> Stand:
    return Stand(
        holds=view.ticket.status == "new",
        anchor=view.ticket.created_at,
        after=[45],
    )


def keep_posted(view: View) -> Stand:
    # older than 1 d of 8 h and an hour; then daily
    return Stand(
        holds=view.at_least(view.ticket.created_at, 540)
        and view.ticket.customer != ""
        and view.value("type") != "Category 45",
        anchor=view.ticket.opening[0],
        every=None if view.value("priority") == "low" else 480,
    )


def trial(view: View) -> Stand:
    # 2 h and 4 h, and nothing for the others
    hours = {"urgent": 2, "high": 4}.get(view.value("priority"))
    return Stand(
        holds=view.value("channel") != "Web",
        anchor=view.ticket.opening[0],
        after=[] if hours is None else [hours * HOUR],
        concerned=hours is not None,
    )


def retired(_: View) -> Stand:
    return Stand(holds=False, anchor=None)


def last_change(view: View, name: str) -> int:
    """When the field got the value that it has."""
    changes = [c for c in view.ticket.history[name] if c.author != view.rule.name]
    at = changes[-1].at
    for change in reversed(changes):
        if change.value != changes[-1].value:
            break
        at = change.at
    return at


TICKET_RULES = [
    Rule(
        name="urgent-answer",
        look=urgent_answer,
        calendar="always",
        kinds=["technical", "hierarchical"],
        acknowledged_by={"assignment"},
        expires=6 * HOUR,
        on_escalation=True,
        deliver_in="always",
    ),
    Rule(
        name="unresolved",
        look=unresolved,
        calendar="office",
        kinds=["", "technical", "hierarchical"],
        acknowledged_by={"reply", "assignment"},
        expires=480,
        inhibited_by="urgent-answer",
        repeat=(240, 2),
        on_escalation=True,
        updates_from="escalation",
        updates_max=3,
        deliver_in="office",
    ),
    Rule(
        name="ageing",
        look=ageing,
        calendar="office",
        kinds=["technical", "hierarchical"],
        pauses=set(),
    ),
    Rule(
        name="shrunk",
        look=shrunk,
        calendar="always",
        kinds=[""],
        max_lateness=1 * DAY,
    ),
    Rule(name="aged-look", look=aged_look, calendar="always", kinds=[""]),
    Rule(
        name="unassigned",
        look=unassigned,
        calendar="office",
        kinds=["", "technical"],
        acknowledged_by={"reply", "assignment"},
        expires=480,
    ),
    Rule(
        name="assigned-silent",
        look=assigned_silent,
        calendar="office",
        kinds=["", "technical", "hierarchical"],
        pauses={"pending_customer", "pending_internal"},
        acknowledged_by={"reply"},
        expires=960,
    ),
    Rule(
        name="stale",
        look=stale,
        calendar="night",
        kinds=["", "technical", "hierarchical"],
        acknowledged_by={"reply", "assignment"},
        expires=480,
    ),
    Rule(
        name="due-soon",
        look=due_soon,
        calendar="office",
        kinds=["", "technical", "hierarchical"],
        pauses=set(),
        acknowledged_by={"reply"},
        expires=240,
    ),
    Rule(
        name="forgotten",
        look=forgotten,
        calendar="office",
        kinds=["", "technical"],
        acknowledged_by={"reply", "assignment"},
        expires=480,
    ),
    Rule(
        name="reopened",
        look=reopened,
        calendar="always",
        kinds=["technical"],
        acknowledged_by={"reply", "assignment"},
        expires=DAY,
    ),
    Rule(
        name="again-and-again",
        look=again_and_again,
        calendar="always",
        kinds=["hierarchical"],
        pauses=set(),
        cooldown=1 * DAY,
    ),
    Rule(name="first-look", look=first_look, calendar="always", kinds=["technical"], budget=2),
    Rule(
        name="keep-posted",
        look=keep_posted,
        calendar="office",
        kinds=[],
        updates_from="match",
        updates_max=4,
        deliver_in="daytime",
    ),
    Rule(name="trial", look=trial, calendar="always", kinds=[""], is_shadow=True),
    Rule(name="retired", look=retired, calendar="always", kinds=["technical"], is_off=True),
]


def no_look(_: View) -> Stand:
    raise NotImplementedError


GROUP_RULES = {
    "customer": Rule(
        name="keeps-coming",
        look=no_look,
        calendar="always",
        kinds=["hierarchical", ""],
        cooldown=7 * DAY,
    ),
    "organization": Rule(
        name="site-trouble",
        look=no_look,
        calendar="always",
        kinds=["technical", ""],
        cooldown=1 * DAY,
    ),
    "everyone": Rule(
        name="storm", look=no_look, calendar="always", kinds=["technical"], cooldown=4 * HOUR
    ),
}
ORDER = [rule.name for rule in TICKET_RULES]


# -------------------------------------------------------------------------------------- the walk

# What a rule is held against: its kind (ticket, customer, organization, everyone) and its id.
Subject = tuple[str, str]


@dataclass
class Episode:
    rule: Rule
    anchor: int
    fired: dict[int, int] = field(default_factory=dict)  # level to the minute of its firing
    skipped: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)  # was due, and a pause or the like held it back
    repeated: int = 0  # the last repetition said
    updates: int = 0
    said: tuple[str, str] = ("WAITING", "not_yet")  # what became of what was passed last

    @property
    def escalated_at(self) -> int | None:
        at = [fired for level, fired in self.fired.items() if self.rule.kinds[level - 1]]
        return min(at) if at else None

    @property
    def is_through(self) -> bool:
        return len(self.rule.kinds) in self.fired or len(self.rule.kinds) in self.skipped

    @property
    def has_more(self) -> bool:
        """A level, or a repetition, is still to come."""
        levels = range(1, len(self.rule.kinds) + 1)
        if any(level not in self.fired and level not in self.skipped for level in levels):
            return True
        return len(self.rule.kinds) in self.fired and self.repeated < self.rule.repeat[1]


@dataclass
class Holding:
    """Since when a rule has held, gaps shorter than a quarter of an hour left out."""

    since: int | None = None
    lost_at: int | None = None


@dataclass
class Case:
    """A rule, a subject, what the rule makes of it now, and its episode, where there is one."""

    rule: Rule
    subject: Subject
    stand: Stand
    episode: Episode | None
    held_since: int | None = None


@dataclass
class Firing:
    case: Case
    level: int
    occurrence: int
    due_at: int


@dataclass
class Due:
    """A message to a customer that may go out now."""

    due_at: int
    ticket: Ticket
    case: Case
    message: str


class World:
    def __init__(self, tickets: list[Ticket], through: int, stride: int) -> None:
        end = through + 60 * DAY
        self.through = through
        self.stride = stride
        self.calendars = {
            "always": Always(),
            "office": Calendar("Europe/Lisbon", office_shifts, end),
            "night": Calendar("Europe/Lisbon", night_shifts, end),
            "daytime": Calendar("Europe/Lisbon", daytime_shifts, end),
        }
        self.tickets = {ticket.id: ticket for ticket in tickets}
        self.alive: dict[str, Ticket] = {}  # those created by now
        self.episodes: dict[tuple[str, Subject, int], Episode] = {}
        self.holdings: dict[tuple[str, str], Holding] = defaultdict(Holding)
        self.contacts: list[tuple[int, Ticket]] = []  # in order of time
        self.customer_contacts: dict[str, list[int]] = defaultdict(list)
        self.last_fired: dict[tuple[str, Subject], tuple[int, int]] = {}  # minute, anchor
        self.restarted: dict[tuple[str, Subject], tuple[int, int]] = {}  # old anchor, new anchor
        self.to_customer: dict[str, list[int]] = defaultdict(list)
        self.taken: set[tuple[int, str, str]] = set()
        self.wakes: dict[int, set[Subject]] = defaultdict(set)
        self.agenda: list[int] = []
        self.fired: list[dict[str, object]] = []
        self.skipped: list[dict[str, object]] = []
        self.messages: list[dict[str, object]] = []
        self.spent: dict[tuple[str, int], int] = defaultdict(int)  # rule, hour: escalations
        self.present: dict[tuple[str, Subject], int] = {}  # the anchor of the episode it is in
        self.why: list[dict[str, str]] = []
        self.last_why: dict[tuple[str, Subject], tuple[str, str]] = {}

    # ---------------------------------------------------------------- time

    def wake(self, minute: int, subject: Subject) -> None:
        if minute <= self.through:
            if minute not in self.wakes:
                heapq.heappush(self.agenda, minute)
            self.wakes[minute].add(subject)

    def walk(self) -> None:
        for ticket in self.tickets.values():
            for minute in {ticket.created_at, *(row.at for row in ticket.rows)}:
                self.wake(minute, ("ticket", ticket.id))
        while self.agenda:
            now = heapq.heappop(self.agenda)
            subjects = self.wakes.pop(now)
            for kind, name in sorted(subjects):
                if kind == "ticket":
                    subjects |= self.happen(self.tickets[name], now)
            self.settle(subjects, now)

    def happen(self, ticket: Ticket, now: int) -> set[Subject]:
        """The rows of this minute. Returns whom else they concern."""
        if ticket.created_at != now and (
            ticket.taken == len(ticket.rows) or ticket.rows[ticket.taken].at != now
        ):
            return set()
        concerned: set[Subject] = set()
        if ticket.created_at == now and ticket.id not in self.alive:
            create(ticket)
            self.alive[ticket.id] = ticket
        concerned |= self.groups_of(ticket)
        while ticket.taken < len(ticket.rows) and ticket.rows[ticket.taken].at == now:
            take(ticket, ticket.rows[ticket.taken])
        conclude(ticket)
        for at in ticket.contacts:
            if at == now:
                self.customer_contacts[ticket.customer].append(at)
                self.contacts.append((at, ticket))
        return concerned | self.groups_of(ticket)

    def groups_of(self, ticket: Ticket) -> set[Subject]:
        groups: set[Subject] = {("customer", ticket.customer), ("everyone", "")}
        if ticket.value("organization"):
            groups.add(("organization", ticket.value("organization")))
        return groups

    def settle(self, subjects: set[Subject], now: int) -> None:
        """Decide until nothing moves; then write to customers."""
        dirty = subjects
        waits: dict[Subject, list[int]] = {}
        while dirty:
            firings: list[Firing] = []
            for subject in sorted(dirty):
                waits[subject] = []
                for case in self.cases(subject, now, waits[subject]):
                    firings += self.due_levels(case, now, waits[subject])
            dirty = self.apply(firings, now)
        tickets = [self.tickets[name] for kind, name in waits if kind == "ticket"]
        self.write_to_customers(tickets, now, waits)
        for subject in sorted(waits):
            self.say_why(subject, now)
        for subject, minutes in waits.items():
            later = [minute for minute in minutes if now < minute < NEVER]
            if self.stride and (subject[0] != "ticket" or self.tickets[subject[1]].is_open):
                later.append((now // self.stride + 1) * self.stride)
            if later:
                self.wake(min(later), subject)

    # ---------------------------------------------------------------- who stands where

    def cases(self, subject: Subject, now: int, waits: list[int]) -> list[Case]:
        """Every rule that is held against the subject, with its episode."""
        kind, name = subject
        if kind != "ticket":
            rule = GROUP_RULES[kind]
            stand = getattr(self, f"look_at_{kind}")(name, now, waits)
            return [Case(rule, subject, stand, self.episode(rule, subject, stand, now, waits))]
        ticket = self.tickets[name]
        cases = []
        for rule in TICKET_RULES:
            if rule.is_off:
                continue
            ignored: list[int] = []
            noted = waits if ticket.is_open or rule.name == "again-and-again" else ignored
            stand = rule.look(View(self, ticket, rule, now, noted))
            stand.holds = stand.holds and ticket.is_open
            held_since = self.hold(rule, ticket, stand.holds, now)
            if stand.begins_with_match:
                stand.anchor = held_since
            episode = self.episode(rule, subject, stand, now, waits)
            cases.append(Case(rule, subject, stand, episode, held_since))
        return cases

    def hold(self, rule: Rule, ticket: Ticket, holds: bool, now: int) -> int | None:  # noqa: FBT001
        holding = self.holdings[rule.name, ticket.id]
        if not holds:
            if holding.lost_at is None:
                holding.lost_at = now
            return None
        if holding.since is None:
            holding.since = now
        elif holding.lost_at is not None:
            gap = now - holding.lost_at
            for back in ticket.returns:
                if not back.counts:
                    gap -= max(0, min(now, back.at) - max(holding.lost_at, back.resolved_at))
            if gap >= 15:
                holding.since = now
        holding.lost_at = None
        return holding.since

    def completed_at(
        self, contacts: list[int], at_least: int, within: int, now: int, waits: list[int]
    ) -> int | None:
        """The contact at which the count was reached and since which it has not fallen below."""
        inside = [at for at in contacts if at <= now < at + within]
        waits += [at + within for at in inside]
        if len(inside) < at_least:
            return None
        index = len(contacts) - 1
        # Back over every contact before which there were enough already.
        while index >= at_least and contacts[index] <= contacts[index - at_least] + within:
            index -= 1
        return contacts[index]

    def look_at_customer(self, name: str, now: int, waits: list[int]) -> Stand:
        contacts = self.customer_contacts[name]
        anchor = self.completed_at(contacts, 3, 7 * DAY, now, waits)
        is_open = any(t.is_open and t.customer == name for t in self.alive.values())
        return Stand(holds=anchor is not None and is_open, anchor=anchor, after=[0, 2 * DAY])

    def look_at_organization(self, name: str, now: int, waits: list[int]) -> Stand:
        contacts = [at for at, ticket in self.contacts if ticket.value("organization") == name]
        anchor = self.completed_at(contacts, 12, 4 * HOUR, now, waits)
        matches = any(
            t.is_open
            and t.value("organization") == name
            and RANK[t.value("priority")] >= RANK["medium"]
            for t in self.alive.values()
        )
        return Stand(holds=anchor is not None and matches, anchor=anchor, after=[0, 30])

    def look_at_everyone(self, _: str, now: int, waits: list[int]) -> Stand:
        by_type: dict[str, list[int]] = defaultdict(list)
        for at, ticket in self.contacts:
            by_type[ticket.value("type")].append(at)
        anchors = {
            kind: self.completed_at(contacts, 8, HOUR, now, waits)
            for kind, contacts in sorted(by_type.items())
            if kind
        }
        present = {t.value("type") for t in self.alive.values() if t.is_open}
        reached = [at for kind, at in anchors.items() if at is not None and kind in present]
        return Stand(holds=bool(reached), anchor=max(reached, default=None), after=[0])

    def episode(
        self, rule: Rule, subject: Subject, stand: Stand, now: int, waits: list[int]
    ) -> Episode | None:
        anchor = stand.anchor
        if anchor is None:
            return None
        key = (rule.name, subject)
        if rule.cooldown and key in self.last_fired:
            fired_at, fired_anchor = self.last_fired[key]
            quiet_until = fired_at + rule.cooldown
            old, new = self.restarted.get(key, (-1, -1))
            current = new if old == anchor else anchor
            if now < quiet_until:
                waits.append(quiet_until)
                if current != fired_anchor:
                    return None
            elif stand.holds and self.begins_anew(
                rule, subject, current, fired_anchor, quiet_until
            ):
                self.restarted[key] = (anchor, quiet_until)
                current = quiet_until
            anchor = current
        return self.episodes.setdefault((*key, anchor), Episode(rule, anchor))

    def begins_anew(
        self, rule: Rule, subject: Subject, current: int, fired_anchor: int, quiet_until: int
    ) -> bool:
        """At the end of a cooldown: what would have begun in it, or a group's ladder once more."""
        if current == fired_anchor:
            return subject[0] != "ticket" and self.episodes[rule.name, subject, current].is_through
        return current < quiet_until

    # ---------------------------------------------------------------- levels

    def due_levels(self, case: Case, now: int, waits: list[int]) -> list[Firing]:
        """What fires now, less what is held back."""
        rule, episode = case.rule, case.episode
        if not case.stand.holds or episode is None:
            return []
        ready = self.levels_reached(case, episode, now, waits)
        ready += self.repeats_reached(case, episode, now, waits)
        if self.hold_on(case, episode, now, waits):
            episode.held |= {firing.level for firing in ready}
            return []
        return ready if rule.kinds else []

    def levels_reached(
        self, case: Case, episode: Episode, now: int, waits: list[int]
    ) -> list[Firing]:
        calendar = self.calendars[case.rule.calendar]
        anchor, stand = episode.anchor, case.stand
        ready = []
        for level, minutes in enumerate(stand.before, 1):
            due_at = calendar.earlier(anchor, minutes)
            waits.append(due_at)
            if level not in episode.fired and level not in episode.skipped and due_at <= now:
                ready.append(Firing(case, level, 1, due_at))
        for level, minutes in enumerate(stand.after, 1 + len(stand.before)):
            if level in episode.fired or level in episode.skipped:
                continue
            if now < anchor:
                waits.append(anchor)
                continue
            passed = self.passed(case, anchor, now)
            if passed < minutes:
                waits.append(calendar.later(now, minutes - passed))
                continue
            low, high = anchor, now  # the first minute at which so much has passed
            while low < high:
                middle = (low + high) // 2
                if self.passed(case, anchor, middle) >= minutes:
                    high = middle
                else:
                    low = middle + 1
            ready.append(Firing(case, level, 1, low))
        return ready

    def passed(self, case: Case, a: int, b: int) -> int:
        calendar = self.calendars[case.rule.calendar]
        if case.subject[0] != "ticket":
            return calendar.between(a, b)
        return elapsed(self.tickets[case.subject[1]], a, b, calendar, case.rule.pauses)

    def repeats_reached(
        self, case: Case, episode: Episode, now: int, waits: list[int]
    ) -> list[Firing]:
        """The last of the repetitions that are due and not yet passed."""
        every, times = case.rule.repeat
        last = len(case.rule.kinds)
        ready: list[Firing] = []
        if last in episode.fired:
            for k in range(episode.repeated + 1, times + 1):
                calendar = self.calendars[case.rule.calendar]
                due_at = calendar.later(episode.fired[last], k * every)
                waits.append(due_at)
                if due_at <= now:
                    ready = [Firing(case, last, k + 1, due_at)]
        return ready

    def hold_on(self, case: Case, episode: Episode, now: int, waits: list[int]) -> str:
        """Paused, inhibited, acknowledged; or nothing."""
        rule = case.rule
        if case.subject[0] != "ticket":
            return ""
        ticket = self.tickets[case.subject[1]]
        if ticket.status in rule.pauses:
            return "paused"
        if rule.inhibited_by and self.inhibits(rule.inhibited_by, ticket, now):
            return "inhibited"
        escalated_at = episode.escalated_at
        if escalated_at is None:
            return ""
        hands = []
        if "reply" in rule.acknowledged_by:
            hands += [m.at for m in ticket.messages if m.who == "agent"]
        if "assignment" in rule.acknowledged_by:
            hands += ticket.assigned
        later = [at for at in hands if at > escalated_at]
        if not later:
            return ""
        until = self.calendars[rule.calendar].later(max(later), rule.expires)
        waits.append(until)
        return "acknowledged" if now < until else ""

    def inhibits(self, name: str, ticket: Ticket, now: int) -> bool:
        """The inhibiting rule holds, has an anchor, and its last level is still to come."""
        rule = next(rule for rule in TICKET_RULES if rule.name == name)
        stand = rule.look(View(self, ticket, rule, now, []))
        if not stand.holds or stand.anchor is None:
            return False
        episode = self.episodes.get((name, ("ticket", ticket.id), stand.anchor))
        return episode is None or not episode.is_through

    def apply(self, firings: list[Firing], now: int) -> set[Subject]:
        """Fire, hierarchical levels first, then in the rules' order. Returns whom it concerns."""
        concerned: set[Subject] = set()
        firings.sort(key=self.place_in_turn)
        for firing in firings:
            case, episode = firing.case, firing.case.episode
            assert episode is not None
            concerned.add(case.subject)
            kind, name = case.subject
            note: dict[str, object] = {
                "ticket": f"desk:{name}" if kind == "ticket" else f"{kind}:{name}".rstrip(":"),
                "rule": case.rule.name,
                "level": firing.level,
                "occurrence": firing.occurrence,
                "due_at": text_of(firing.due_at),
                "fired_at": text_of(now),
            }
            if firing.occurrence > 1:
                episode.repeated = firing.occurrence - 1
                episode.said = ("FIRED", "level_due")
                self.fired.append(note)
                continue
            if self.is_too_late(firing, episode, now):
                episode.skipped.add(firing.level)
                episode.said = ("SUPPRESSED", "too_late")
                self.skipped.append(note)
                continue
            episode.fired[firing.level] = now
            if case.rule.is_shadow:
                episode.said = ("SUPPRESSED", "shadow")
                continue
            episode.said = ("FIRED", self.spend(case.rule, firing.level, now))
            self.last_fired[case.rule.name, case.subject] = (now, episode.anchor)
            self.fired.append(note)
            if kind == "ticket" and self.write(firing, self.tickets[name], now):
                concerned |= self.groups_of(self.tickets[name])
        return concerned

    def spend(self, rule: Rule, level: int, now: int) -> str:
        """The reason for a firing: what is beyond the hour's budget says so, and costs nothing."""
        if not rule.kinds[level - 1]:
            return "level_due"
        hour = (rule.name, now // HOUR)
        if self.spent[hour] >= rule.budget:
            return "budget"
        self.spent[hour] += 1
        return "level_due"

    def place_in_turn(self, firing: Firing) -> tuple[bool, int, Subject, int, int]:
        rule = firing.case.rule
        place = ORDER.index(rule.name) if rule.name in ORDER else len(ORDER)
        hierarchical = rule.kinds[firing.level - 1] == "hierarchical"
        return (not hierarchical, place, firing.case.subject, firing.level, firing.occurrence)

    def is_too_late(self, firing: Firing, episode: Episode, now: int) -> bool:
        late = now - firing.due_at > firing.case.rule.max_lateness
        if not late or firing.level in episode.held:
            return False
        return self.tickets[firing.case.subject[1]].touched_at != now

    def write(self, firing: Firing, ticket: Ticket, now: int) -> bool:
        """What a level does to its ticket."""
        name, level = firing.case.rule.name, firing.level
        if (name, level) == ("ageing", 1):
            ticket.tags.add(("aged", name))
            raised = {"low": "medium", "medium": "high", "high": "urgent", "urgent": "urgent"}
            if not ticket.lowered:
                self.set(ticket, "priority", raised[ticket.value("priority")], name, now)
            return True
        group = {("ageing", 2): "management", ("unassigned", 1): "dispatch"}.get((name, level))
        if group is None:
            return False
        if (now, ticket.id, "group") not in self.taken:
            self.taken.add((now, ticket.id, "group"))
            self.set(ticket, "group", group, name, now)
            self.set(ticket, "assignee", "", name, now)
        return True

    def set(self, ticket: Ticket, name: str, value: str, author: str, now: int) -> None:
        if ticket.value(name) != value:
            ticket.history[name].append(Change(now, value, author))

    # ---------------------------------------------------------------- why

    def say_why(self, subject: Subject, now: int) -> None:
        """How every rule stands to the subject when all of this minute has happened."""
        said = {case.rule.name: self.verdict(case, now) for case in self.cases(subject, now, [])}
        if subject[0] == "ticket":
            said |= {rule.name: ("OFF", "off") for rule in TICKET_RULES if rule.is_off}
        for name, (verdict, reason) in said.items():
            if self.last_why.get((name, subject)) != (verdict, reason):
                self.last_why[name, subject] = (verdict, reason)
                kind, key = subject
                about = f"desk:{key}" if kind == "ticket" else f"{kind}:{key}".rstrip(":")
                row = {"ticket": about, "rule": name, "at": text_of(now)}
                self.why.append(row | {"verdict": verdict, "reason": reason})

    def verdict(self, case: Case, now: int) -> tuple[str, str]:
        """1. Closed. 2. No match. 3. No anchor, no target. 4. Held. 5. What was passed last."""
        key, stand, episode = (case.rule.name, case.subject), case.stand, case.episode
        if not self.is_anything_open(case.subject):
            self.present.pop(key, None)
            return "NO_MATCH", "resolved"
        if not stand.holds:
            return self.verdict_without_match(case)
        if stand.anchor is None:
            return "NO_MATCH", "no_anchor"
        self.present[key] = stand.anchor if episode is None else episode.anchor
        if not stand.concerned:
            return "NO_MATCH", "no_target"
        if episode is None:  # it would begin in the quiet time after another one
            return "SUPPRESSED", "cooldown"
        hold = self.hold_on(case, episode, now, [])
        speaks_only = not case.rule.kinds and hold == "paused"
        if hold and (episode.has_more or speaks_only):
            return "SUPPRESSED", hold
        return episode.said

    def verdict_without_match(self, case: Case) -> tuple[str, str]:
        """Suspended, if the episode that it was in, or that its anchor names, has fired."""
        name, subject = case.rule.name, case.subject
        if subject[0] != "ticket" or case.stand.begins_with_match:
            anchor = self.present.get((name, subject))
        else:
            anchor = case.stand.anchor
            old, new = self.restarted.get((name, subject), (None, None))
            anchor = new if anchor is not None and anchor == old else anchor
        episode = None if anchor is None else self.episodes.get((name, subject, anchor))
        if episode is not None and episode.fired and not case.rule.is_shadow:
            return "SUPPRESSED", "suspended"
        return "NO_MATCH", "no_match"

    def is_anything_open(self, subject: Subject) -> bool:
        kind, name = subject
        if kind == "ticket":
            return self.tickets[name].is_open
        open_tickets = [ticket for ticket in self.alive.values() if ticket.is_open]
        if kind == "customer":
            return any(ticket.customer == name for ticket in open_tickets)
        if kind == "organization":
            return any(ticket.value("organization") == name for ticket in open_tickets)
        return bool(open_tickets)

    # ---------------------------------------------------------------- customers

    def write_to_customers(
        self, tickets: list[Ticket], now: int, waits: dict[Subject, list[int]]
    ) -> None:
        """One message at a time, the lesser ticket's first."""
        while True:
            due = [
                message
                for ticket in tickets
                for message in [self.message_due(ticket, now, waits[("ticket", ticket.id)])]
                if message is not None
            ]
            if not due:
                return
            self.deliver(min(due, key=lambda message: message.ticket.id), now)

    def message_due(self, ticket: Ticket, now: int, waits: list[int]) -> Due | None:
        """The message that goes out on this ticket now: first words before updates."""
        if not ticket.is_open:
            return None
        live = [
            case
            for case in self.cases(("ticket", ticket.id), now, [])
            if case.stand.holds and case.episode is not None
        ]
        words = self.first_words(ticket, live, now, waits)
        if words is not None and self.may_go(words, now, waits):
            return words
        update = self.update(ticket, live, now, waits)
        if update is not None and self.may_go(update, now, waits):
            return update
        return None

    def first_words(
        self, ticket: Ticket, live: list[Case], now: int, waits: list[int]
    ) -> Due | None:
        """The `on_escalation` that waits: once per opening, and once in 24 h."""
        spoken = ticket.our_first_words
        if spoken and spoken[-1] >= ticket.opening[0]:
            return None
        if spoken and now < spoken[-1] + DAY:
            waits.append(spoken[-1] + DAY)
            return None
        waiting = []
        for case in live:
            episode = case.episode
            assert episode is not None
            escalated_at = episode.escalated_at
            if case.rule.on_escalation and escalated_at is not None:
                waiting.append(Due(escalated_at, ticket, case, "on_escalation"))
        return min(waiting, key=lambda due: due.due_at, default=None)

    def update(self, ticket: Ticket, live: list[Case], now: int, waits: list[int]) -> Due | None:
        """The update of the ticket's one voice, if the customer has not been heard for `every`."""
        voices = []
        for case in live:
            episode = case.episode
            assert episode is not None
            if case.rule.updates_from == "escalation":
                start = episode.escalated_at
            elif case.rule.updates_from == "match":
                start = case.held_since
            else:
                continue
            if start is not None and case.stand.every is not None:
                voices.append((case.stand.every, ORDER.index(case.rule.name), start, case, episode))
        if not voices:
            return None
        every, _, start, case, episode = min(voices, key=lambda voice: voice[:2])
        if episode.updates >= case.rule.updates_max:
            return None
        heard = max(
            [ticket.created_at]
            + [m.at for m in ticket.messages if m.who == "agent"]
            + ticket.our_messages
        )
        promises = [(case, every, max(start, heard))]
        if heard < start:  # what others have promised meanwhile holds
            promises += [
                (other, often, max(begin, heard))
                for often, _, begin, other, live in voices
                if live.updates < other.rule.updates_max
            ]
        found = []
        for other, often, since in promises:
            passed = self.passed(other, since, now)
            if passed < often:
                waits.append(self.calendars[other.rule.calendar].later(now, often - passed))
                continue
            due_at = since
            while self.passed(other, since, due_at) < often:
                due_at += 1
            found.append(due_at)
        if not found:
            return None
        due_at = min(found)
        return Due(due_at, ticket, case, "update")

    def may_go(self, due: Due, now: int, waits: list[int]) -> bool:
        """Not paused, in the delivery calendar, an hour after the customer, inside the limits."""
        ticket, rule = due.ticket, due.case.rule
        if ticket.status in rule.pauses:
            return False
        earliest = ticket.customer_wrote_at + HOUR
        ours = self.to_customer[ticket.customer]
        if ours:
            earliest = max(earliest, ours[-1] + HOUR)
        if len(ours) >= 2:
            earliest = max(earliest, ours[-2] + DAY)
        earliest = self.calendars[rule.deliver_in].next_open(max(now, earliest))
        waits.append(earliest)
        return earliest == now

    def deliver(self, due: Due, now: int) -> None:
        episode = due.case.episode
        assert episode is not None
        if due.message == "update":
            episode.updates += 1
        else:
            due.ticket.our_first_words.append(now)
        due.ticket.our_messages.append(now)
        self.to_customer[due.ticket.customer].append(now)
        self.messages.append(
            {
                "ticket": f"desk:{due.ticket.id}",
                "rule": due.case.rule.name,
                "message": due.message,
                "occurrence": episode.updates if due.message == "update" else 1,
                "due_at": text_of(due.due_at),
                "deliver_at": text_of(now),
            }
        )


def compute(path: Path, through: datetime, stride: int = 0) -> dict[str, list[dict[str, object]]]:
    world = World(read_tickets(path), minute_of(through), stride)
    world.walk()
    answer = {"fired": world.fired, "skipped": world.skipped, "customer": world.messages}
    for rows in answer.values():
        rows.sort(key=lambda row: [str(row[name]) for name in ("due_at", "ticket", "rule")])
    return answer | {"why": [dict(row) for row in world.why]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--through", default="2017-03-01T00:00:00Z", type=datetime.fromisoformat)
    parser.add_argument("--stride", default=0, type=int)
    parser.add_argument("--why", action="store_true")
    arguments = parser.parse_args()
    answer = compute(arguments.csv, arguments.through, arguments.stride)
    if not arguments.why:
        del answer["why"]
    json.dump(answer, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
