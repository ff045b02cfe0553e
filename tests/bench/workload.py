"""The tickets of the benchmark: seeded, so that every run and every contender sees the same ones.

N open tickets aged up to sixty days, ten types, four priorities, N/3 customers, and about 2N
contacts in the last thirty days: a quarter of them are creations, the others messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from random import Random
from typing import Final

from engine.domain.history import History
from engine.domain.ticket import Actor, Customer, Event, EventKind, Priority, Status, Ticket
from engine.ports import TicketRecord
from engine.store import SqlStore

START: Final = datetime(2026, 4, 1, 14, tzinfo=UTC)
"""When the measured ticks begin: a Wednesday, 10:00 in New York."""
STEP: Final = timedelta(minutes=20)
"""From one tick to the next: in it about a thousandth of the tickets fall due for some rule."""

TYPES: Final = ("billing", "refund", "login", "account", "delivery", "bug", "outage", "security",
                "question", "feature")  # fmt: skip
PRIORITIES: Final = ("low", "medium", "high", "urgent")

_DAY: Final = 24 * 60 * 60
_LIFE: Final = 60 * _DAY
_CONTACTS_WITHIN: Final = 30 * _DAY
_MESSAGES_EACH: Final = 1.5
_ANSWERED: Final = 0.6
_MOST_REPLIES: Final = 3
_CHUNK: Final = 5_000


@dataclass(frozen=True, slots=True)
class Issue:
    """One open ticket, in plain numbers (instants are seconds since the UTC epoch).

    Attributes:
        replies: When a person answered publicly, in order.
        messages: When the customer wrote again, in order.
    """

    id: str
    customer: str
    type: str
    priority: str
    created_at: int
    replies: tuple[int, ...]
    messages: tuple[int, ...]


def epoch(at: datetime) -> int:
    """An instant as whole seconds since the UTC epoch."""
    return int(at.timestamp())


def generate(size: int, seed: int = 1) -> list[Issue]:
    """As many open tickets as asked for, always the same ones."""
    chance, now = Random(seed), epoch(START)
    created = [now - chance.randrange(_LIFE) for _ in range(size)]
    messages = _messages(created, chance, now)
    return [
        Issue(
            id=f"desk:{number:07}",
            customer=f"c{chance.randrange(max(1, size // 3)):07}",
            type=chance.choice(TYPES),
            priority=chance.choices(PRIORITIES, (30, 40, 20, 10))[0],
            created_at=at,
            replies=_replies(at, chance, now),
            messages=tuple(sorted(messages.get(number, ()))),
        )
        for number, at in enumerate(created)
    ]


def _messages(created: list[int], chance: Random, now: int) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for _ in range(int(len(created) * _MESSAGES_EACH)):
        number = chance.randrange(len(created))
        since = max(created[number], now - _CONTACTS_WITHIN)
        found.setdefault(number, set()).add(chance.randrange(since, now + 1))
    return found


def _replies(created_at: int, chance: Random, now: int) -> tuple[int, ...]:
    if chance.random() >= _ANSWERED:
        return ()
    count = chance.randint(1, _MOST_REPLIES)
    return tuple(sorted({chance.randrange(created_at, now + 1) for _ in range(count)}))


# --- into the product's store --------------------------------------------------------------------


def fill(store: SqlStore, issues: list[Issue]) -> None:
    """Keep the tickets with their events and contacts, as ingest would have by now."""
    for start in range(0, len(issues), _CHUNK):
        records = [_record(issue) for issue in issues[start : start + _CHUNK]]
        with store.write() as tx:
            tx.save_records([(record, record.source) for record in records])
            tx.save_contacts(
                {r.source.id: History(r.opening, r.events).as_of(START).contacts for r in records}
            )


def _record(issue: Issue) -> TicketRecord:
    ticket = Ticket(
        id=issue.id,
        created_at=_instant(issue.created_at),
        status=Status.OPEN,
        subject=f"About {issue.type}",
        type=issue.type,
        priority=Priority(issue.priority),
        channel="email",
        customer=Customer(id=issue.customer, name="A customer"),
    )
    said = sorted(
        chain(
            ((at, Actor.PERSON) for at in issue.replies),
            ((at, Actor.CUSTOMER) for at in issue.messages),
        )
    )
    events = tuple(_said(number, at, actor) for number, (at, actor) in enumerate(said))
    return TicketRecord(ticket, ticket, events, START)


def _said(number: int, at: int, actor: Actor) -> Event:
    return Event(
        id=f"m{number}",
        at=_instant(at),
        kind=EventKind.MESSAGE,
        actor=actor,
        source_id=f"m{number}",
    )


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def history_of(issue: Issue) -> History:
    """The ticket's story as the product reads it."""
    record = _record(issue)
    return History(record.opening, record.events)
