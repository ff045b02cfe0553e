"""From Redmine's journal to a ticket's story.

Redmine tells how a ticket stands, and what was changed, by whom and from what. So the story is read
backwards: each change undone, until the ticket is as it was created.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engine.domain.ticket import (
    Event,
    EventKind,
    Ticket,
    Value,
)
from engine.helpdesks.quotation import unquoted
from engine.helpdesks.redmine.client import Item
from engine.helpdesks.redmine.mapping import Words, instant, tags_of
from engine.helpdesks.redmine.options import GroupBy
from engine.helpdesks.rest.story import observation, undone, with_whole_tags
from engine.ports import Observation

_BY_NUMBER: Final = frozenset(
    {"status_id", "priority_id", "project_id", "tracker_id", "assigned_to_id", "category_id"}
)


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of one field.

    Attributes:
        many: The values are what went and what came, of a field that holds several.
    """

    field: str
    before: Value
    after: Value
    many: bool = False


@dataclass(frozen=True, slots=True)
class Historian:
    """Tells stories of one Redmine's tickets."""

    words: Words

    def observation(self, issue: Item, until: datetime) -> Observation:
        """A ticket with all that happened to it, nothing later than `until` (aware UTC).

        Args:
            issue: With its journal.
            until: Aware UTC.
        """
        now = self.words.ticket(issue)
        journal = sorted(issue.get("journals") or (), key=lambda entry: int(entry["id"]))
        told = [(event, many) for entry in journal for event, many in self._events(entry, issue)]
        events = _with_whole_values(now, told)
        us = str(self.words.people.ourselves)
        ours = (event.id for event in events if event.who == us)
        return observation(now, events, until, ours)

    def _events(self, entry: Item, issue: Item) -> Iterator[tuple[Event, bool]]:
        number = str(entry["id"])
        who = int((entry.get("user") or {}).get("id") or 0)
        first = Event(
            id=number,
            at=instant(entry["created_on"]),
            kind=EventKind.MESSAGE,
            actor=self.words.people.actor(who, int(issue["project"]["id"])),
            source_id=number,
            who=str(who),
        )
        for change in self._changes(entry, issue):
            yield (
                replace(
                    first,
                    id=f"{number}/{change.field}",
                    kind=EventKind.CHANGED,
                    field=change.field,
                    before=change.before,
                    after=change.after,
                ),
                change.many,
            )
        text = str(entry.get("notes") or "")
        if text.strip():
            is_public = not entry.get("private_notes")
            yield replace(first, is_public=is_public, text=unquoted(text)), False

    def _changes(self, entry: Item, issue: Item) -> Iterator[_Change]:
        names = {str(x["id"]): str(x["name"]) for x in issue.get("custom_fields") or ()}
        several: dict[str, tuple[list[str], list[str]]] = {}
        many = {str(x["id"]) for x in issue.get("custom_fields") or () if x.get("multiple")}
        for detail in entry.get("details") or ():
            name = str(detail["name"])
            before, after = _text(detail.get("old_value")), _text(detail.get("new_value"))
            if detail.get("property") == "attr":
                yield from self._plain(name, before, after)
            elif detail.get("property") == "cf" and name in names:
                ours = self.words.custom_field(names[name])
                if ours is not None and name in many:
                    lost, gained = several.setdefault(ours, ([], []))
                    lost.extend([before] if before else [])
                    gained.extend([after] if after else [])
                elif ours is not None:
                    yield self._custom(ours, before, after)
        for ours, (lost, gained) in several.items():
            if ours == "tags":
                yield _Change(ours, tuple(lost), tuple(gained), many=True)
            else:
                yield _Change(ours, ", ".join(lost) or None, ", ".join(gained) or None)

    def _custom(self, ours: str, before: str, after: str) -> _Change:
        if ours == "tags":
            return _Change(ours, tags_of((before,)), tags_of((after,)))
        return _Change(ours, before or None, after or None)

    def _plain(self, name: str, before: str, after: str) -> Iterator[_Change]:
        if name == "subject":
            yield _Change("subject", before, after)
        elif name == "due_date":
            yield _Change("due_at", self.words.due_at(before), self.words.due_at(after))
        elif name in _BY_NUMBER:
            was = int(before) if before.isdigit() else None
            now = int(after) if after.isdigit() else None
            yield from (x for x in self._numbered(name, was, now) if x.before != x.after)

    def _numbered(self, name: str, was: int | None, now: int | None) -> Iterator[_Change]:
        words = self.words
        if name == "status_id" and was is not None and now is not None:
            yield _Change("status", words.status(was), words.status(now))
            yield _Change("raw_status", words.raw_status(was), words.raw_status(now))
        elif name == "priority_id" and was is not None and now is not None:
            yield _Change("priority", words.priority(was), words.priority(now))
        elif name == "tracker_id":
            trackers = words.client.trackers()
            yield _Change("type", _name(was, trackers), _name(now, trackers))
        elif name == "assigned_to_id":
            yield _Change("assignee", self._person(was), self._person(now))
        elif name == "project_id" and was is not None and now is not None:
            yield from self._moved(was, now)
        elif name == "category_id" and words.is_by(GroupBy.CATEGORY):
            categories = words.all_categories()
            yield _Change("group", _name(was, categories), _name(now, categories))

    def _moved(self, was: int, now: int) -> Iterator[_Change]:
        if self.words.is_by(GroupBy.PROJECT):
            yield _Change("group", self.words.project(was), self.words.project(now))

    def _person(self, number: int | None) -> str | None:
        return None if number is None else self.words.people.name(number)


def _name(number: int | None, names: Mapping[int, str]) -> str | None:
    return None if number is None else names.get(number, str(number))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _with_whole_values(ticket: Ticket, told: Sequence[tuple[Event, bool]]) -> list[Event]:
    """What happened, with the whole sets of tags before and after where `told` has only parts."""
    events: list[Event] = []
    for event, many in reversed(told):
        whole = with_whole_tags(event, ticket.tags) if many else event
        ticket = undone(ticket, whole)
        events.append(whole)
    return events[::-1]
