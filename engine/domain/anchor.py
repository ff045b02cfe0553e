"""From which event a rule's clock runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from engine.domain.condition import All, Any, Condition, ContactsBy, ContactsTest, Not
from engine.domain.contact import completing_contact
from engine.domain.history import History, Mark, View, Walk
from engine.domain.matching import Situation, counted_contacts
from engine.domain.rule import Since
from engine.domain.ticket import utc_second

MATCH_GAP = timedelta(minutes=15)
"""Shorter gaps in holding do not begin a rule's `match` anew."""

_MARKS: dict[Since, Callable[[View], Mark | None]] = {
    Since.OPENED: lambda view: view.opened,
    Since.CREATED: lambda view: view.created,
    Since.WAITING: lambda view: view.waiting,
    Since.STATUS_CHANGE: lambda view: view.status_changed,
    Since.ASSIGNMENT: lambda view: view.assigned,
}


def event_anchor(since: Since, view: View) -> Mark | None:
    """The anchor of every kind of clock but `match`; None when its event has not happened."""
    if since is Since.DUE:
        due_at = view.ticket.due_at
        return None if due_at is None else Mark(f"due {utc_second(due_at)}", due_at)
    return _MARKS[since](view)


def match_anchor(
    history: History,
    instants: Iterable[datetime],
    without: frozenset[str],
    at: datetime,
    situate: Callable[[View, datetime], Situation],
    holds: Callable[[Situation], bool],
    changes_at: Callable[[Situation], datetime | None],
) -> Mark | None:
    """When a rule began to hold that still holds at `at`; told by the events, not by our looking.

    1. Visit, from the creation on, the `instants` at which something happened that the condition
       could notice, and those at which time alone could change it; instants inside a resolution
       that was taken back are no instants.
    2. A spell begins when the condition holds after a gap of at least `MATCH_GAP`.
    3. The answer is the beginning of the spell that reaches `at`.
    """
    gaps = tuple(history.as_of(at, without).uncounted_gaps)
    walk = Walk(history, without)
    created_at = history.opening.created_at
    pending = deque(sorted({one for one in instants if created_at <= one <= at}))
    began: datetime | None = None
    ended: datetime | None = None
    held = False
    while pending:
        instant = pending.popleft()
        if any(since <= instant < until for since, until in gaps):
            continue
        view = walk.to(instant)
        situation = situate(view, instant)
        holds_now = view.is_open and holds(situation)
        if holds_now and not held and (ended is None or instant - ended >= MATCH_GAP):
            began = instant
        if held and not holds_now:
            ended = instant
        held = holds_now
        moves_at = changes_at(situation)
        if moves_at is not None and moves_at <= at and (not pending or moves_at < pending[0]):
            pending.appendleft(moves_at)
    if not held or began is None:
        return None
    keys = (event.anchor_key for event in history.events if event.at == began)
    return Mark(next(keys, utc_second(began)), began)


def group_anchor(condition: Condition, situation: Situation) -> Mark | None:
    """The contact that completed the count of the condition's group, as one member sees it."""
    test = group_test(condition)
    if test is None:
        return None
    contact = completing_contact(test, counted_contacts(test, situation), situation.at)
    return None if contact is None else Mark(contact.anchor_key, contact.at)


def group_test(condition: Condition) -> ContactsTest | None:
    """The test that makes the rule's subject a group, if it has one."""
    match condition:
        case ContactsTest(by=by) if by is not ContactsBy.TICKET:
            return condition
        case All(parts) | Any(parts):
            return next((test for part in parts if (test := group_test(part))), None)
        case Not(part):
            return group_test(part)
        case _:
            return None
