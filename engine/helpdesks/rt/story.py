"""From RT's transactions to a ticket's story.

RT tells how a ticket stands, and what was changed, by whom and from what. So the story is read
backwards: each change undone, until the ticket is as it was created.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.parser import HeaderParser
from email.utils import parseaddr
from typing import Any, Final

from engine.domain.ticket import (
    Actor,
    Event,
    EventKind,
    Ticket,
    Value,
)
from engine.helpdesks.nature import Nature, nature_of
from engine.helpdesks.quotation import unquoted
from engine.helpdesks.rest.story import observation, undone, with_whole_tags
from engine.helpdesks.rt.client import RtClient
from engine.helpdesks.rt.mapping import Words, instant
from engine.helpdesks.rt.options import DELETED
from engine.ports import Observation

_SYSTEM: Final = "RT_System"
_OWNER_TYPES: Final = frozenset({"Set", "Give", "Take", "Untake", "Steal", "Force"})
_MESSAGES: Final = frozenset({"Correspond", "Comment"})

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of one field, as one transaction tells it.

    Attributes:
        gained, lost: For fields of several values: what came, and what went.
    """

    field: str
    before: Value = None
    after: Value = None
    gained: str | None = None
    lost: str | None = None


@dataclass(frozen=True, slots=True)
class Historian:
    """Tells stories of one RT's tickets.

    Attributes:
        account: Name of the user that we are.
    """

    client: RtClient
    words: Words
    account: str

    def observation(self, now: Ticket, story: Sequence[Item], until: datetime) -> Observation:
        """A ticket with all that happened to it, nothing later than `until`.

        Args:
            now: How it stands.
            story: Its transactions, in order.
            until: Aware UTC.
        """
        customers = self._customers(now, story)
        told = [event for item in story for event in self._events(item, now, customers)]
        told = list(_joined(told))
        events = _with_whole_values(now, told)
        ours = (event.id for event in events if event.who == self.account)
        return observation(now, events, until, ours)

    def _customers(self, ticket: Ticket, story: Sequence[Item]) -> set[str]:
        """Who speaks for the customer: the requestor, and whoever opened it from outside."""
        creators = {_creator(item) for item in story if item.get("Type") == "Create"}
        outside = {name for name in creators if not self._is_of_the_desk(name)}
        return outside | ({ticket.customer.id} if ticket.customer.id else set())

    def _is_of_the_desk(self, name: str) -> bool:
        return name == _SYSTEM or self.client.person(name).is_privileged

    def _actor(self, name: str, customers: set[str]) -> Actor:
        if name == _SYSTEM:
            return Actor.ROBOT
        if name in customers or not self._is_of_the_desk(name):
            return Actor.CUSTOMER
        return Actor.PERSON

    def _events(self, item: Item, ticket: Ticket, customers: set[str]) -> Iterator[Event]:
        at = instant(item.get("Created"))
        if at is None:
            return
        number, who = str(item["id"]), _creator(item)
        first = Event(
            id=number,
            at=at,
            kind=EventKind.MESSAGE,
            actor=self._actor(who, customers),
            source_id=number,
            who=who,
        )
        if item.get("Type") in _MESSAGES:
            yield self._message(first, item)
            return
        for place, change in enumerate(self._changes(item, ticket)):
            yield replace(
                first,
                id=number if place == 0 else f"{number}/{change.field}",
                kind=EventKind.CHANGED,
                field=change.field,
                before=change.before if change.gained is change.lost is None else change.lost,
                after=change.after if change.gained is change.lost is None else change.gained,
            )

    def _message(self, first: Event, item: Item) -> Event:
        """What was said. Texts are fetched where they may bear our mark, or rules may read them."""
        is_public = item.get("Type") == "Correspond"
        subject = str(item.get("Data") or "")
        if is_public and first.who == self.account:
            return replace(first, text=f"{subject}\n{self.client.text(first.id)}")
        if is_public and first.actor is Actor.CUSTOMER and self.words.options.texts:
            said = self.client.said(first.id)
            actor = Actor.ROBOT if _is_by_machine(said.headers) else first.actor
            return replace(first, actor=actor, text=unquoted(said.text))
        return replace(first, is_public=is_public, text=subject)

    def _changes(self, item: Item, ticket: Ticket) -> Iterator[_Change]:
        kind, field = str(item.get("Type")), str(item.get("Field") or "")
        before, after = str(item.get("OldValue") or ""), str(item.get("NewValue") or "")
        if field == "Status":
            yield from self._status(before, after)
        elif field == "Owner" and kind in _OWNER_TYPES:
            yield _Change("assignee", self._owner(before), self._owner(after))
        elif kind == "CustomField":
            yield from self._custom(field, before, after)
        elif field == "MergedInto" and kind == "AddLink":
            survivor = after.rpartition("/")[2]
            if survivor != ticket.id.partition(":")[2]:
                yield _Change("merged_into", None, f"{self.words.name}:{survivor}")
        elif kind == "Set":
            yield from self._plain(field, before, after)

    def _status(self, before: str, after: str) -> Iterator[_Change]:
        was, now = self.words.status(before), self.words.status(after)
        if was is not now:
            yield _Change("status", was, now)
        yield _Change("raw_status", before, after)
        if (before == DELETED) is not (after == DELETED):
            yield _Change("is_gone", before == DELETED, after == DELETED)

    def _plain(self, field: str, before: str, after: str) -> Iterator[_Change]:
        if field == "Priority":
            was, now = self.words.priority(before), self.words.priority(after)
            if was is not now:
                yield _Change("priority", was, now)
        elif field == "Queue":
            yield _Change("group", self.client.queue_name(before), self.client.queue_name(after))
        elif field == "Subject":
            yield _Change("subject", before, after)
        elif field == "Due":
            yield _Change("due_at", _date(before), _date(after))

    def _custom(self, field: str, before: str, after: str) -> Iterator[_Change]:
        ours = self.words.custom_field(self.client.custom_field_name(field))
        if ours == "tags":
            yield _Change("tags", gained=after or None, lost=before or None)
        elif ours is not None:
            yield _Change(ours, before or None, after or None)

    def _owner(self, number: str) -> str | None:
        return self.words.owner(self.client.person(number).name) if number else None


def _is_by_machine(headers: str) -> bool:
    """Whether a mail is an out-of-office reply, a delivery report, or the like."""
    mail = HeaderParser().parsestr(headers)
    sender = parseaddr(str(mail.get("From") or ""))[1]
    return nature_of(mail, sender, ()) in (Nature.AUTOMATIC, Nature.BOUNCE)


def _creator(item: Item) -> str:
    creator = item.get("Creator")
    return str(creator.get("id") if isinstance(creator, dict) else creator or "")


def _date(text: str) -> datetime | None:
    """RT stores dates as UTC without saying so, and 1970 for none."""
    iso = text.replace(" ", "T")
    return instant(iso if iso.endswith("Z") else f"{iso}Z") if text else None


def _joined(events: Iterable[Event]) -> Iterator[Event]:
    """Tags that came and went in a second by one hand are one change; RT tells them singly."""
    batch: list[Event] = []
    for event in events:
        if batch and not _belongs(batch[0], event):
            yield from _as_one(batch)
            batch = []
        if event.field == "tags":
            batch.append(event)
        else:
            yield event
    yield from _as_one(batch)


def _belongs(first: Event, event: Event) -> bool:
    return event.field == "tags" and (event.at, event.who) == (first.at, first.who)


def _as_one(batch: Sequence[Event]) -> Iterator[Event]:
    """One change of the whole set: for now, what went and what came."""
    if batch:
        lost = tuple(str(each.before) for each in batch if each.before)
        gained = tuple(str(each.after) for each in batch if each.after)
        yield replace(batch[0], before=lost, after=gained)


def _with_whole_values(ticket: Ticket, events: Sequence[Event]) -> list[Event]:
    """What happened, with the whole sets of tags before and after."""
    told: list[Event] = []
    for event in reversed(events):
        whole = with_whole_tags(event, ticket.tags) if event.field == "tags" else event
        ticket = undone(ticket, whole)
        told.append(whole)
    return told[::-1]
