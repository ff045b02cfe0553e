"""From Jira's changelog and comments to a ticket's story."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engine.domain.ticket import Actor, Event, EventKind, Ticket, Value
from engine.helpdesks.jira.client import Item
from engine.helpdesks.jira.document import text_of_document
from engine.helpdesks.jira.mapping import Words, instant
from engine.helpdesks.rest.custom_fields import text_of
from engine.helpdesks.rest.story import observation
from engine.ports import Observation

_KINDS: Final = {"customer": Actor.CUSTOMER, "app": Actor.ROBOT}
"""Kinds of account; people of the desk, and some customers, have those of Atlassian."""


@dataclass(frozen=True, slots=True)
class Historian:
    """Tells stories of one Jira's issues.

    Attributes:
        account: Account id of the user that we are.
    """

    words: Words
    account: str

    def observation(
        self,
        ticket: Ticket,
        issue: Item,
        told: tuple[Sequence[Item], Sequence[Item]],
        until: datetime,
    ) -> Observation:
        """A ticket with all that happened to it, nothing later than `until`.

        Args:
            ticket: How it stands.
            issue: As Jira tells it.
            told: Its changes, and what was said on it, each in order.
            until: Aware UTC.
        """
        changes, comments = told
        customers = self.words.participants(issue)
        events = [event for one in changes for event in self._changed(one, customers)]
        events += [self._said(one, customers) for one in comments]
        authors = {f"h{one['id']}": _account(one) for one in changes}
        authors |= {f"c{one['id']}": _account(one) for one in comments}
        story = sorted(events, key=lambda event: event.at)
        ours = [one.id for one in story if authors[one.id.partition("/")[0]] == self.account]
        return observation(ticket, story, until, ours)

    def _first(self, told: Item, kind: EventKind, customers: set[str]) -> Event:
        author = told.get("author") or {}
        actor = _KINDS.get(str(author.get("accountType")), Actor.PERSON)
        if _account(told) in customers:
            actor = Actor.CUSTOMER
        prefix = "c" if kind is EventKind.MESSAGE else "h"
        return Event(
            id=f"{prefix}{told['id']}",
            at=instant(told["created"]),
            kind=kind,
            actor=actor if author else Actor.ROBOT,
            source_id=str(told["id"]),
            who=author.get("emailAddress") or author.get("displayName") or None,
        )

    def _said(self, told: Item, customers: set[str]) -> Event:
        first = self._first(told, EventKind.MESSAGE, customers)
        is_public = bool(told.get("jsdPublic", True))
        return replace(first, is_public=is_public, text=text_of_document(told.get("body")))

    def _changed(self, told: Item, customers: set[str]) -> Iterator[Event]:
        first = self._first(told, EventKind.CHANGED, customers)
        for item in told.get("items") or ():
            for field, before, after in self._fields(item):
                if before != after:
                    identity = f"{first.id}/{field}"
                    yield replace(first, id=identity, field=field, before=before, after=after)

    def _fields(self, item: Item) -> Iterator[tuple[str, Value, Value]]:
        name = str(item.get("fieldId") or item.get("field"))
        was, now = item.get("fromString"), item.get("toString")
        words = self.words
        if name == "status":
            before, after = words.past_status(item["from"], was), words.past_status(item["to"], now)
            yield name, before.value, after.value
            yield "raw_status", text_of(was), text_of(now)
        elif name == "priority":
            yield name, words.priority(was), words.priority(now)
        elif name == "assignee":
            yield name, words.names.person(item["from"]), words.names.person(item["to"])
        elif name == "labels":
            yield "tags", tuple(str(was or "").split()), tuple(str(now or "").split())
        elif name == "summary":
            yield "subject", str(was or ""), str(now or "")
        elif name == "issuetype":
            yield "type", text_of(was), text_of(now)
        else:
            ours = self._ours(name)
            if ours is not None:
                yield ours, text_of(was), text_of(now)

    def _ours(self, number: str) -> str | None:
        """Our name of a custom field."""
        options, fields = self.words.options, self.words.names.fields()
        theirs = options.custom_fields.values()
        found = next((name for name in theirs if fields.id_of(name) == number), None)
        return options.held.ours(found) if found else None


def _account(told: Item) -> str:
    return str((told.get("author") or {}).get("accountId") or "")
