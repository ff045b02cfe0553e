"""A ticket's life, and how it stood at any instant, as seen by one rule."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from engine.domain.contact import Contact
from engine.domain.ticket import Actor, Event, EventKind, Status, Ticket, Value, with_values

CREATION = "created"
"""Key of what is anchored at a creation: a corrected time moves it and mints nothing new."""
REOPENING_COUNTS_AFTER = timedelta(hours=1)
"""A return after so long counts as a reopening even if the customer did not write."""
ONE_CONTACT_WITHIN = timedelta(hours=1)
"""Messages so soon after a contact's first are the same contact."""
CONVERSATION_WITHIN = timedelta(days=1)
"""A message so soon after a person's public reply is an answer, and no contact."""
_MACHINES = frozenset({Actor.OURSELVES, Actor.ROBOT})
"""Whose changes of status anchor nothing."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An event that a clock can be anchored to: its key and its instant (aware UTC)."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wrote:
    """A message of the customer."""

    at: datetime
    text: str
    channel: str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A contact on the ticket: the customer turned to us.

    Attributes:
        ticket: Id of the ticket on which it came in.
    """

    ticket: str
    key: str
    at: datetime
    channel: str | None


@dataclass(slots=True)
class View:
    """How a ticket stood at an instant, with what its past says of its clocks.

    Built by `History.as_of`, and not changed afterwards.

    Attributes:
        ticket: Its fields at that instant.
        spans: (since, status), in order: the statuses that it went through.
        created: The creation.
        opened: The creation, or the last reopening that counts.
        status_changed: The last change of status by somebody else than us.
        assigned: Since when the present assignee has it; None when nobody has, or by our own hand.
        waiting: The first turn of the customer that no person has publicly answered.
        resolved_at: Since when it is resolved; None while it is not.
        turns: The contacts on it, in order.
        uncounted_gaps: Spells of resolution that were taken back and do not count.
    """

    ticket: Ticket
    created: Mark
    opened: Mark
    status_changed: Mark
    waiting: Mark | None
    assigned: Mark | None
    unassigned_at: datetime | None
    spans: list[tuple[datetime, Status]]
    resolved_at: datetime | None = None
    last_customer_message_at: datetime | None = None
    last_agent_reply_at: datetime | None = None
    last_public_update_at: datetime | None = None
    unanswered_messages: int = 1
    reopens: int = 0
    reassignments: int = 0
    messages: list[Wrote] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    uncounted_gaps: list[tuple[datetime, datetime]] = field(default_factory=list)

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """The contacts on the ticket, each with the ticket as it stands."""
        return tuple(
            Contact(self.ticket, turn.key, turn.at, turn.channel, turn.ticket)
            for turn in self.turns
        )

    @property
    def is_open(self) -> bool:
        """Whether rules see the ticket at all."""
        ticket = self.ticket
        return not (ticket.status.is_resolved or ticket.is_gone or ticket.merged_into)

    def was_over(self, at: datetime) -> bool:
        """Whether the ticket had been resolved for so long that a return would open it anew."""
        return self.resolved_at is not None and at - self.resolved_at >= REOPENING_COUNTS_AFTER

    def pauses(self, statuses: frozenset[Status]) -> tuple[tuple[datetime, datetime | None], ...]:
        """The spells in one of `statuses`, half-open; the last ends with None while it lasts."""
        found: list[tuple[datetime, datetime | None]] = []
        for index, (since, status) in enumerate(self.spans):
            if status not in statuses:
                continue
            until = self.spans[index + 1][0] if index + 1 < len(self.spans) else None
            if found and found[-1][1] == since:
                found[-1] = (found[-1][0], until)
            elif until != since:
                found.append((since, until))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A ticket that was merged into another one.

    Attributes:
        at: From when on the survivor has its story (aware UTC).
        history: Its own story.
    """

    at: datetime
    history: History


@dataclass(frozen=True, slots=True)
class History:
    """How a ticket was opened, and everything that happened since, in order.

    Attributes:
        absorbed: The tickets that were merged into it, directly or by way of others, by time.
    """

    opening: Ticket
    events: tuple[Event, ...]
    absorbed: tuple[Absorbed, ...] = ()

    @property
    def ticket_id(self) -> str:
        """``HELPDESK:ID``."""
        return self.opening.id

    @property
    def writing_rules(self) -> frozenset[str]:
        """Ids of the rules that have changed a field of the ticket."""
        return frozenset(
            event.rule
            for event in self.events
            if event.kind is EventKind.CHANGED and event.rule is not None
        )

    def instants(self, until: datetime) -> list[datetime]:
        """When something happened, from the creation to `until`, each instant once."""
        seen = {self.opening.created_at: None}
        seen.update((event.at, None) for event in self.events if event.at <= until)
        seen.update((one.at, None) for one in self.absorbed if one.at <= until)
        return sorted(seen)

    def done_to_it(self) -> Iterable[Event]:
        """What happened to it, and to those merged into it until then."""
        if not self.absorbed:
            return self.events
        earlier = (e for one in self.absorbed for e in one.history.events if e.at <= one.at)
        return (*self.events, *earlier)

    def customer_at(self, at: datetime) -> str | None:
        """Id of the ticket's customer at `at` (aware UTC)."""
        for event in reversed(self.events):
            if event.field == "customer.id" and event.at <= at:
                return _text(event.after)
        return self.opening.customer.id

    def as_of(self, at: datetime, without: frozenset[str] = frozenset()) -> View:
        """How the ticket stood at `at` (aware UTC), everything of that instant included.

        Args:
            at: The instant; events later than this are not looked at.
            without: Ids of a rule (its present and former ones) whose own writes are invisible.
        """
        happened = self.events[: bisect_right(self.events, at, key=_at)]
        fold = _Fold(_opening_view(self.opening), self.opening.status, self.opening.assignee)
        fold.wrote_at = [event.at for event in happened if _is_customer_message(event)]
        start = 0
        for one in self.absorbed:
            if one.at > at:
                break
            end = bisect_left(happened, one.at, lo=start, key=_at)
            _take(fold, happened[start:end], without)
            _take_over(fold.view, one.history.as_of(one.at, without), one.at)
            start = end
        _take(fold, happened[start:], without)
        fold.view.ticket = with_values(self.opening, fold.changes)
        return fold.view


@dataclass(slots=True)
class _Fold:
    """A view in the making; the ticket's fields are put together once, at the end.

    Attributes:
        wrote_at: When the customer wrote, in order.
        changes: Field → its value so far, where it was changed.
    """

    view: View
    status: Status
    assignee: str | None
    wrote_at: list[datetime] = field(default_factory=list)
    changes: dict[str, Value] = field(default_factory=dict)

    @property
    def channel(self) -> str | None:
        """The ticket's channel so far."""
        found = self.changes.get("channel", self.view.ticket.channel)
        return None if found is None else str(found)


def _at(event: Event) -> datetime:
    return event.at


def _is_customer_message(event: Event) -> bool:
    return event.kind is EventKind.MESSAGE and event.actor is Actor.CUSTOMER


def _opening_view(ticket: Ticket) -> View:
    created = Mark(CREATION, ticket.created_at)
    view = View(
        ticket=ticket,
        created=created,
        opened=created,
        status_changed=created,
        waiting=created,
        assigned=created if ticket.assignee else None,
        unassigned_at=None if ticket.assignee else ticket.created_at,
        spans=[(ticket.created_at, ticket.status)],
        resolved_at=ticket.created_at if ticket.status.is_resolved else None,
        last_customer_message_at=ticket.created_at,
    )
    view.turns.append(Turn(ticket.id, created.key, created.at, ticket.channel))
    return view


def _take(fold: _Fold, events: tuple[Event, ...], without: frozenset[str]) -> None:
    for event in events:
        if event.kind is EventKind.MESSAGE:
            _take_message(fold, event)
        elif event.kind is EventKind.CHANGED and event.rule not in without:
            _take_change(fold, event)


def _take_message(fold: _Fold, event: Event) -> None:
    view = fold.view
    if event.actor is Actor.CUSTOMER:
        _take_customer_message(fold, event)
    elif event.is_public and event.actor is Actor.PERSON:
        view.last_agent_reply_at = view.last_public_update_at = event.at
        view.waiting = None
        view.unanswered_messages = 0
    elif event.is_public and event.actor is Actor.OURSELVES:
        view.last_public_update_at = event.at


def _take_customer_message(fold: _Fold, event: Event) -> None:
    view = fold.view
    view.messages.append(Wrote(event.at, event.text, event.channel))
    if _is_contact(view, event):
        channel = event.channel or fold.channel
        view.turns.append(Turn(view.ticket.id, event.anchor_key, event.at, channel))
    view.last_customer_message_at = event.at
    if view.waiting is not view.opened or event.at != view.opened.at:
        view.unanswered_messages += 1  # at the very instant of an opening it belongs to that
    if view.waiting is None:
        view.waiting = Mark(event.anchor_key, event.at)


def _is_contact(view: View, event: Event) -> bool:
    if event.at - view.turns[-1].at < ONE_CONTACT_WITHIN:
        return False
    replied_at = view.last_agent_reply_at
    return replied_at is None or event.at - replied_at > CONVERSATION_WITHIN


def _take_change(fold: _Fold, event: Event) -> None:
    name = event.field or ""
    fold.changes[name] = event.after
    if name == "status":
        was, fold.status = fold.status, Status(str(event.after))
        _take_status(fold, event, was)
    elif name == "assignee":
        was_with, fold.assignee = fold.assignee, _text(event.after)
        _take_assignee(fold, event, was_with)


def _text(value: Value) -> str | None:
    return str(value) if value else None


def _take_status(fold: _Fold, event: Event, was: Status) -> None:
    view, status = fold.view, fold.status
    if status is was:
        return
    view.spans.append((event.at, status))
    if status.is_resolved and not was.is_resolved:
        view.resolved_at = event.at
    elif was.is_resolved and not status.is_resolved:
        _take_return(fold, event)
    elif event.actor not in _MACHINES and not status.is_resolved:
        view.status_changed = Mark(event.anchor_key, event.at)


def _take_return(fold: _Fold, event: Event) -> None:
    view, wrote_at = fold.view, fold.wrote_at
    resolved_at = view.resolved_at or event.at
    view.resolved_at = None
    if event.actor is Actor.OURSELVES:
        return
    mark = Mark(event.anchor_key, event.at)
    wrote = bisect_right(wrote_at, event.at) > bisect_right(wrote_at, resolved_at)
    is_late = event.at - resolved_at >= REOPENING_COUNTS_AFTER
    if wrote or (is_late and event.actor not in _MACHINES):
        _reopen(fold, mark)
        return
    view.uncounted_gaps.append((resolved_at, event.at))
    if event.actor not in _MACHINES and _status_before(view, resolved_at) is not fold.status:
        view.status_changed = mark


def _reopen(fold: _Fold, mark: Mark) -> None:
    view = fold.view
    view.reopens += 1
    view.opened = view.status_changed = view.waiting = mark
    view.unanswered_messages = 1
    if view.turns[-1].at == mark.at and view.turns[-1].key != CREATION:
        view.turns.pop()  # the message that reopened it is this very contact
    view.turns.append(Turn(view.ticket.id, mark.key, mark.at, fold.channel))


def _status_before(view: View, at: datetime) -> Status:
    return next(
        (s for since, s in reversed(view.spans) if since <= at and not s.is_resolved),
        view.spans[0][1],
    )


def _take_assignee(fold: _Fold, event: Event, was: str | None) -> None:
    view, assignee = fold.view, fold.assignee
    if assignee == was:
        return
    if was and assignee and event.actor is not Actor.OURSELVES:
        view.reassignments += 1
    if assignee is None:
        view.assigned = None
        view.unassigned_at = event.at
        return
    view.unassigned_at = None
    view.assigned = None if event.actor is Actor.OURSELVES else Mark(event.anchor_key, event.at)


def _take_over(view: View, theirs: View, at: datetime) -> None:
    """What the survivor has from a merged ticket since the merge; see `engine.domain.merge`."""
    view.turns = sorted((*view.turns, *theirs.turns), key=lambda turn: turn.at)
    view.messages = sorted((*view.messages, *theirs.messages), key=lambda wrote: wrote.at)
    for name in ("last_customer_message_at", "last_agent_reply_at", "last_public_update_at"):
        instants = (getattr(view, name), getattr(theirs, name))
        setattr(view, name, max((one for one in instants if one is not None), default=None))
    if theirs.was_over(at):
        return
    view.opened = _as_early(view.opened, theirs.opened)
    if theirs.waiting is None:
        return
    view.unanswered_messages += theirs.unanswered_messages
    if view.waiting is None:
        view.waiting = Mark(f"{theirs.ticket.id}#{theirs.waiting.key}", theirs.waiting.at)
    else:
        view.waiting = _as_early(view.waiting, theirs.waiting)


def _as_early(mark: Mark, other: Mark) -> Mark:
    """The mark, moved to where the other is earlier; it keeps its key."""
    return replace(mark, at=other.at) if other.at < mark.at else mark
