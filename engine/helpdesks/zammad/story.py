"""From Zammad's history and articles to a ticket's story."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engine.domain.ticket import Actor, Event, EventKind, Ticket, Value
from engine.helpdesks.rest.custom_fields import text_of
from engine.helpdesks.rest.story import observation
from engine.helpdesks.zammad.client import Item, ZammadClient
from engine.helpdesks.zammad.mapping import Words, instant
from engine.ports import Observation

_SYSTEM: Final = "1"
"""Number of the user by whom triggers and schedulers act."""
_SENDERS: Final = {"Customer": Actor.CUSTOMER, "Agent": Actor.PERSON, "System": Actor.ROBOT}


@dataclass(frozen=True, slots=True)
class Historian:
    """Tells stories of one Zammad's tickets.

    Attributes:
        account: Number of the user that we are.
    """

    client: ZammadClient
    words: Words
    account: str

    def observation(
        self,
        ticket: Ticket,
        customer: object,
        told: tuple[Sequence[Item], Sequence[Item]],
        until: datetime,
    ) -> Observation:
        """A ticket with all that happened to it, nothing later than `until`.

        Args:
            ticket: How it stands.
            customer: Number of the customer.
            told: Its changes, and its articles, each in order.
            until: Aware UTC.
        """
        changes, articles = told
        events = [event for one in changes for event in self._changed(one, str(customer))]
        events = list(_whole_tags(ticket, events))
        survivor = next((e.after for e in events if e.field == "merged_into"), None)
        if survivor:
            ticket = replace(ticket, merged_into=str(survivor))
        said = [event for article in articles[1:] for event in self._said(article)]
        story = sorted([*events, *said], key=lambda event: event.at)
        authors = {f"h{one['id']}": str(one.get("created_by_id")) for one in changes}
        authors |= {f"a{one['id']}": str(one.get("created_by_id")) for one in articles}
        ours = [one.id for one in story if authors[one.id.partition("/")[0]] == self.account]
        return observation(ticket, story, until, ours)

    def _said(self, article: Item) -> Iterator[Event]:
        at = instant(article.get("created_at"))
        if at is None:
            return
        preferences = article.get("preferences") or {}
        actor = _SENDERS.get(str(article.get("sender")), Actor.PERSON)
        if preferences.get("is-auto-response"):
            actor = Actor.ROBOT
        yield Event(
            id=f"a{article['id']}",
            at=at,
            kind=EventKind.MESSAGE,
            actor=actor,
            source_id=str(article["id"]),
            is_public=not article.get("internal"),
            text=str(article.get("body") or ""),
            channel=article.get("type") or None,
            who=article.get("created_by") or None,
        )

    def _changed(self, told: Item, customer: str) -> Iterator[Event]:
        at = instant(told.get("created_at"))
        if at is None or told.get("object", "Ticket") != "Ticket":
            return
        author = str(told.get("created_by_id"))
        actor = Actor.CUSTOMER if author == customer else Actor.PERSON
        number = f"h{told['id']}"
        first = Event(
            id=number,
            at=at,
            kind=EventKind.CHANGED,
            actor=Actor.ROBOT if author == _SYSTEM else actor,
            source_id=str(told["id"]),
        )
        for place, (field, before, after) in enumerate(self._fields(told)):
            if before != after:
                identity = number if place == 0 else f"{number}/{field}"
                yield replace(first, id=identity, field=field, before=before, after=after)

    def _fields(self, told: Item) -> Iterator[tuple[str, Value, Value]]:
        kind, name = str(told.get("type")), str(told.get("attribute") or "")
        before, after = told.get("value_from"), told.get("value_to")
        if kind == "merged_into":
            yield "merged_into", None, f"{self.words.name}:{told.get('id_to')}"
        elif name == "tag":
            gained = (str(after),) if kind == "added" else ()
            yield "tags", () if gained else (str(before or after),), gained
        elif kind != "updated":
            return
        elif name == "state":
            was, now = str(before), str(after)
            yield "status", self.words.status(was).value, self.words.status(now).value
            yield "raw_status", was, now
        elif name == "priority":
            words = self.words
            yield name, words.priority(str(before or "")), words.priority(str(after or ""))
        elif name == "group":
            yield name, text_of(before), text_of(after)
        elif name == "title":
            yield "subject", text_of(before), text_of(after)
        elif name == "owner":
            yield "assignee", self._owner(told.get("id_from")), self._owner(told.get("id_to"))
        else:
            ours = self.words.options.held.ours(name)
            if ours is not None:
                yield ours, text_of(before), text_of(after)

    def _owner(self, number: object) -> str | None:
        person = None if str(number) == _SYSTEM else self.client.person(number)
        return self.words.owner(person.login) if person else None


def _whole_tags(ticket: Ticket, events: Sequence[Event]) -> Iterator[Event]:
    """Tags come and go one by one; those of one hand and second are one change of the whole set."""
    tags, told = ticket.tags, list[Event]()
    for event in reversed(events):
        if event.field != "tags":
            told.append(event)
            continue
        gained, lost = _texts(event.after), _texts(event.before)
        before = (*(tag for tag in tags if tag not in gained), *lost)
        last = told[-1] if told else None
        if last is not None and last.field == "tags" and last.at == event.at:
            told[-1] = replace(event, before=before, after=last.after)
        else:
            told.append(replace(event, before=before, after=tags))
        tags = before
    yield from reversed(told)


def _texts(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
