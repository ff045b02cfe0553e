"""From Zendesk's audits to a ticket's story.

An audit is one update: what was said, and which fields were changed from what, by its author or by
a business rule. The first one is the creation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engine.domain.ticket import Actor, Event, EventKind, Ticket, Value
from engine.helpdesks.rest.custom_fields import text_of
from engine.helpdesks.rest.story import observation
from engine.helpdesks.zendesk.client import Item, ZendeskClient
from engine.helpdesks.zendesk.mapping import DELETED, Words, instant
from engine.ports import Observation

_SYSTEM: Final = "-1"
_BY_RULE: Final = "rule"
"""The way by which triggers, automations and SLA policies act."""
_PLAIN: Final = frozenset({"subject", "type"})


@dataclass(frozen=True, slots=True)
class Historian:
    """Tells stories of one Zendesk's tickets.

    Attributes:
        account: Number of the user that we are.
    """

    client: ZendeskClient
    words: Words
    account: str

    def observation(
        self, ticket: Ticket, requester: object, audits: Sequence[Item], until: datetime
    ) -> Observation:
        """A ticket with all that happened to it, nothing later than `until`.

        Args:
            ticket: How it stands.
            requester: Number of the customer.
            audits: Its updates, in order.
            until: Aware UTC.
        """
        self.client.learn_people({str(audit.get("author_id")) for audit in audits})
        events = [event for audit in audits for event in self._events(audit, str(requester))]
        authors = {str(audit["id"]): str(audit.get("author_id")) for audit in audits}
        ours = [one.id for one in events if authors[one.id.partition("/")[0]] == self.account]
        return observation(ticket, events, until, ours)

    def _events(self, audit: Item, requester: str) -> Iterator[Event]:
        at = instant(audit.get("created_at"))
        if at is None:
            return
        is_creation = any(one.get("type") == "Create" for one in audit.get("events") or ())
        for told in audit.get("events") or ():
            author = str(told.get("author_id") or audit.get("author_id"))
            first = Event(
                id=f"{audit['id']}/{told.get('id')}",
                at=at,
                kind=EventKind.CHANGED,
                actor=self._actor(author, told, audit, requester),
                source_id=str(told.get("id")),
                who=self._name(author),
            )
            if told.get("type") == "Comment" and not is_creation:
                yield _message(first, told)
            elif told.get("type") == "Change":
                yield from self._changes(first, told)

    def _actor(self, author: str, told: Item, audit: Item, requester: str) -> Actor:
        via = told.get("via") or audit.get("via") or {}
        if author == _SYSTEM or via.get("channel") == _BY_RULE:
            return Actor.ROBOT
        person = self.client.person(author)
        if author == requester or person is None or not person.is_of_the_desk:
            return Actor.CUSTOMER
        return Actor.PERSON

    def _name(self, author: str) -> str | None:
        person = self.client.person(author)
        return (person.email or person.name) if person else None

    def _changes(self, first: Event, told: Item) -> Iterator[Event]:
        field = str(told.get("field_name"))
        before, after = told.get("previous_value"), told.get("value")
        if field == "status":
            yield from self._status(first, str(before), str(after))
            return
        known = self._known(field, before, after)
        if known is not None:
            ours, was, now = known
            if was != now:
                yield replace(first, field=ours, before=was, after=now)

    def _status(self, first: Event, before: str, after: str) -> Iterator[Event]:
        was, now = self.words.status(before), self.words.status(after)
        if was is not now:
            yield replace(first, field="status", before=was.value, after=now.value)
        identity = f"{first.id}/raw_status"
        yield replace(first, id=identity, field="raw_status", before=before, after=after)
        if (before == DELETED) is not (after == DELETED):
            identity = f"{first.id}/is_gone"
            was_gone, is_gone = before == DELETED, after == DELETED
            yield replace(first, id=identity, field="is_gone", before=was_gone, after=is_gone)

    def _known(self, field: str, before: object, after: object) -> tuple[str, Value, Value] | None:
        """Our name of a field, and its values before and after; None for one that is not ours."""
        words, client = self.words, self.client
        if field == "priority":
            return field, words.priority(before), words.priority(after)
        if field == "group_id":
            return "group", client.group(before), client.group(after)
        if field == "assignee_id":
            return "assignee", words.assignee(before), words.assignee(after)
        if field == "tags":
            return field, _tags(before), _tags(after)
        ours = words.options.held.ours(field) or (field if field in _PLAIN else None)
        if ours is None:
            return None
        return ours, text_of(before), text_of(after)


def _message(first: Event, told: Item) -> Event:
    text = str(told.get("plain_body") or told.get("body") or "")
    is_public = bool(told.get("public", True))
    return replace(first, kind=EventKind.MESSAGE, is_public=is_public, text=text)


def _tags(value: object) -> tuple[str, ...]:
    """A list; older audits tell one text with spaces."""
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(map(str, value)) if isinstance(value, list) else ()
