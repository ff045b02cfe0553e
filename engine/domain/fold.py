"""Folding what happened to a ticket, event by event, into how it stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from engine.domain.autoresponder import NO_ANSWERS, Answers
from engine.domain.ticket import Actor, Event, EventKind, Status, Ticket, Value
from engine.domain.view import CREATION, REOPENING_COUNTS_AFTER, Mark, Turn, View, Wrote

ONE_CONTACT_WITHIN = timedelta(hours=1)
"""Messages so soon after a contact's first are the same contact."""
CONVERSATION_WITHIN = timedelta(days=1)
"""A message so soon after a person's public reply is an answer, and no contact."""
_MACHINES = frozenset({Actor.OURSELVES, Actor.ROBOT})
"""Whose changes of status anchor nothing."""


@dataclass(slots=True)
class Fold:
    """A view in the making; the ticket's fields are put together once, at the end.

    Attributes:
        wrote_at: When the customer wrote, in order.
        answers: What answered our messages at once, and so is no person's.
        changes: Field → its value so far, where it was changed.
    """

    view: View
    status: Status
    assignee: str | None
    wrote_at: list[datetime] = field(default_factory=list)
    answers: Answers = NO_ANSWERS
    changes: dict[str, Value] = field(default_factory=dict)

    @property
    def channel(self) -> str | None:
        """The ticket's channel so far."""
        found = self.changes.get("channel", self.view.ticket.channel)
        return None if found is None else str(found)


def is_customer_message(event: Event, answers: Answers) -> bool:
    """Whether the customer wrote it, and no machine of theirs."""
    is_theirs = event.kind is EventKind.MESSAGE and event.actor is Actor.CUSTOMER
    return is_theirs and not answers.is_machines(event)


def opening_view(ticket: Ticket) -> View:
    """How a ticket stands when nothing has happened to it yet."""
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


def take(fold: Fold, events: Iterable[Event], without: frozenset[str]) -> None:
    """Let events happen, in order, but for what the rules of these ids have written."""
    for event in events:
        if event.kind is EventKind.MESSAGE:
            _take_message(fold, event)
        elif event.kind is EventKind.CHANGED and event.rule not in without:
            _take_change(fold, event)


def _take_message(fold: Fold, event: Event) -> None:
    view = fold.view
    if event.actor is Actor.OURSELVES:
        if event.is_public:
            view.last_public_update_at = event.at
    elif _is_answer_at_once(fold, event):
        view.answers_itself_at = event.at
    elif event.actor is Actor.CUSTOMER:
        view.answers_itself_at = None
        _take_customer_message(fold, event)
    elif event.is_public and event.actor is Actor.PERSON:
        view.answers_itself_at = None
        view.last_agent_reply_at = view.last_public_update_at = event.at
        view.waiting = None
        view.unanswered_messages = 0


def _is_answer_at_once(fold: Fold, event: Event) -> bool:
    is_marked = event.actor is Actor.ROBOT and event.is_public and not event.is_bounce
    return (is_marked or event.actor is Actor.CUSTOMER) and fold.answers.is_at_once(event)


def _take_customer_message(fold: Fold, event: Event) -> None:
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


def _take_change(fold: Fold, event: Event) -> None:
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


def _take_status(fold: Fold, event: Event, was: Status) -> None:
    view, status = fold.view, fold.status
    if status is was:
        return
    view.spans.append((event.at, status))
    if status.is_resolved and not was.is_resolved:
        view.resolved_at = event.at
    elif was.is_resolved and not status.is_resolved:
        _take_return(fold, event)
    elif not _is_machines(fold, event) and not status.is_resolved:
        view.status_changed = Mark(event.anchor_key, event.at)


def _take_return(fold: Fold, event: Event) -> None:
    view, wrote_at = fold.view, fold.wrote_at
    resolved_at = view.resolved_at or event.at
    view.resolved_at = None
    if event.actor is Actor.OURSELVES:
        return
    mark = Mark(event.anchor_key, event.at)
    wrote = bisect_right(wrote_at, event.at) > bisect_right(wrote_at, resolved_at)
    is_late = event.at - resolved_at >= REOPENING_COUNTS_AFTER
    is_machines = _is_machines(fold, event)
    if wrote or (is_late and not is_machines):
        _reopen(fold, mark)
        return
    view.uncounted_gaps.append((resolved_at, event.at))
    if not is_machines and _status_before(view, resolved_at) is not fold.status:
        view.status_changed = mark


def _is_machines(fold: Fold, event: Event) -> bool:
    return event.actor in _MACHINES or fold.answers.is_machines(event)


def _reopen(fold: Fold, mark: Mark) -> None:
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


def _take_assignee(fold: Fold, event: Event, was: str | None) -> None:
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


def take_over(view: View, theirs: View, at: datetime) -> None:
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
