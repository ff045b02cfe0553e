"""From what was sent of a ticket to its story.

1. A ticket is opened by the first that we hear of it, whatever that is.
2. A `created` that comes later tells how it was opened: what happened since stays.
3. A snapshot tells what differs from how the ticket stands. One that is older than a change which
   we know of is passed over: what it says has been overtaken.
4. What happened takes its place by its time; at one instant, in the order of arrival. An event
   whose id stands in the story is there already.
5. Whatever came in between, each change tells what was there just before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from engine.domain.ticket import (
    Actor,
    Event,
    EventKind,
    Ticket,
    Value,
    utc_second,
    value_of,
    with_values,
)
from engine.intake.posting import item_of
from engine.intake.vocabulary import Changed, Created, Message, TicketPatch, TicketSnapshot
from engine.ports import Observation, Post, RejectedRow, TicketRecord

_ACTORS: Final[Mapping[str, Actor]] = MappingProxyType(
    {
        "customer": Actor.CUSTOMER,
        "person": Actor.PERSON,
        "agent": Actor.PERSON,
        "robot": Actor.ROBOT,
    }
)


@dataclass(slots=True)
class Story:
    """The story of one ticket, as far as it was sent to us.

    Attributes:
        ticket: ``HELPDESK:ID``.
        opening: How it was opened; None before the first that we hear of it.
        events: By time; ours are not among them.
        rejected: What was sent and could not be taken.
    """

    ticket: str
    opening: Ticket | None = None
    events: list[Event] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    _known: set[str | None] = field(default_factory=set)

    @classmethod
    def of(cls, ticket: str, record: TicketRecord | None) -> Story:
        """What the store knows of a ticket by now; nothing where there is no record."""
        if record is None:
            return cls(ticket)
        events = [event for event in record.events if not is_ours(event)]
        known = {event.source_id for event in record.events}
        return cls(ticket, record.opening, events, _known=known)

    def take(self, posts: Iterable[Post], answers_us: Callable[[str], bool]) -> None:
        """Go on with what was sent.

        Args:
            posts: In order of arrival.
            answers_us: Whether a key is that of a change which we asked for.
        """
        for post in posts:
            try:
                item = item_of(post.key, post.body)
            except ValueError:
                self.rejected.append(_unread(post))
                continue
            if isinstance(item, TicketSnapshot):
                self._take_snapshot(post, item)
            elif item.id not in self._known:
                self._known.add(item.id)
                self._take_event(post, item, answers_us)

    def told(self) -> Observation | None:
        """What there is to tell of the ticket; None where it is unknown."""
        if self.opening is None:
            return None
        events = tuple(_with_before(self.opening, self._in_order()))
        at = events[-1].at if events else self.opening.created_at
        return Observation(self._present(), at, self.opening, events)

    # --- what was sent ---

    def _take_event(
        self, post: Post, item: Created | Changed | Message, answers_us: Callable[[str], bool]
    ) -> None:
        if isinstance(item, Created):
            self._take_creation(post, item.set)
            return
        self._open(post.at)
        if isinstance(item, Message):
            self.events.append(_message(post, item))
        elif item.answers is None or not answers_us(item.answers):
            actor = _ACTORS[item.by]
            self.events.extend(
                _change(f"{item.id}/{name}", post.at, name, value, actor, item.id)
                for name, value in self._values(item.set).items()
            )

    def _take_creation(self, post: Post, patch: TicketPatch) -> None:
        opening = self.opening or Ticket(id=self.ticket, created_at=post.at)
        opening = replace(opening, created_at=min(opening.created_at, post.at))
        self.opening = with_values(opening, self._values(patch))

    def _take_snapshot(self, post: Post, item: TicketSnapshot) -> None:
        values = self._values(item)
        if self.opening is None:
            created_at = min(item.created_at or post.at, post.at)
            self.opening = with_values(Ticket(id=self.ticket, created_at=created_at), values)
            return
        changed_at = max((e.at for e in self.events if e.kind is EventKind.CHANGED), default=None)
        if changed_at is not None and post.at < changed_at:
            self.rejected.append(_overtaken(post, changed_at))
            return
        present = self._present()
        for name, value in values.items():
            if value_of(present, name) != value:
                number = sum(e.at == post.at and e.field == name for e in self.events)
                end = f"/{number}" if number else ""
                event_id = f"{utc_second(post.at)}/{name}{end}"
                self.events.append(_change(event_id, post.at, name, value, Actor.PERSON, None))

    def _open(self, at: datetime) -> None:
        if self.opening is None:
            self.opening = Ticket(id=self.ticket, created_at=at)

    # --- how it stands ---

    def _present(self) -> Ticket:
        assert self.opening is not None  # noqa: S101 - asked once it is open
        changed = [event for event in self._in_order() if event.kind is EventKind.CHANGED]
        return with_values(self.opening, {str(event.field): event.after for event in changed})

    def _in_order(self) -> list[Event]:
        return sorted(self.events, key=lambda event: event.at)

    def _values(self, patch: TicketPatch) -> dict[str, Value]:
        values = patch.values()
        if survivor := values.get("merged_into"):
            name = f"{self.ticket.partition(':')[0]}:{survivor}"
            values["merged_into"] = None if name == self.ticket else name
        return values


def is_ours(event: Event) -> bool:
    """Whether the pipeline put an event into the story, and nobody sent it."""
    return event.actor is Actor.OURSELVES or event.kind is EventKind.ACKNOWLEDGED


def _message(post: Post, item: Message) -> Event:
    return Event(
        id=f"{item.id}/message",
        at=post.at,
        kind=EventKind.MESSAGE,
        actor=_ACTORS[item.author],
        source_id=item.id,
        is_public=item.public,
        text=item.text,
        channel=item.channel,
        is_bounce=item.bounce,
    )


def _change(
    event_id: str, at: datetime, name: str, value: Value, actor: Actor, source_id: str | None
) -> Event:
    return Event(
        id=event_id,
        at=at,
        kind=EventKind.CHANGED,
        actor=actor,
        source_id=source_id,
        field=name,
        after=value,
    )


def _with_before(opening: Ticket, events: Sequence[Event]) -> Iterator[Event]:
    """Events, each with what was there before it.

    One that changes nothing stays: what is sent later of an earlier time may make it a change.
    """
    known: dict[str, Value] = {}
    for event in events:
        if event.kind is not EventKind.CHANGED or event.field is None:
            yield event
            continue
        name = event.field
        before = known[name] if name in known else _value(value_of(opening, name))
        yield event if event.before == before else replace(event, before=before)
        known[name] = event.after


def _value(value: object) -> Value:
    if value is None or isinstance(value, (str, tuple, bool, datetime)):
        return value
    return str(value)


def _overtaken(post: Post, changed_at: datetime) -> RejectedRow:
    return RejectedRow(
        file="POST /v1/tickets",
        line=post.number,
        code="overtaken",
        message=f"{post.ticket} as of {utc_second(post.at)} was passed over:"
        f" it has changed since, at {utc_second(changed_at)}",
    )


def _unread(post: Post) -> RejectedRow:
    return RejectedRow(
        file="inbox",
        line=post.number,
        code="unread",
        message=f"what was sent of {post.ticket} cannot be understood by this program;"
        " a newer one may have taken it: start that",
    )
