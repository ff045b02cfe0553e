"""One ticket of a Request Tracker, as it may be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx

from engine.domain.ticket import Ticket
from engine.errors import HelpdeskError
from engine.helpdesks.rest.http import CallError
from engine.helpdesks.rt.client import Item, Person, RtClient
from engine.helpdesks.rt.mapping import Words, name_of
from engine.helpdesks.rt.options import RtOptions
from engine.helpdesks.rt.story import Historian
from engine.ports import Observation, Presence, Reading


class Sight:
    """Sees tickets with their stories; knows which are watched, and which fields they have."""

    def __init__(self, name: str, options: RtOptions, client: RtClient) -> None:
        """Contact nobody yet.

        Args:
            name: The helpdesk's, as in ``HELPDESK:ID``.
            options: What is watched.
            client: Whom to ask.
        """
        self.words = Words(name, options)
        self._name = name
        self._options = options
        self._client = client
        self._us: Person | None = None
        self._fields: Mapping[str, frozenset[str]] = {}

    def know_us(self, person: Person) -> None:
        """Learn who we are."""
        self._us = person

    def expect_fields(self, queues: Mapping[str, frozenset[str]]) -> None:
        """Learn which custom fields the tickets of each queue have."""
        self._fields = {name: had for name, had in queues.items() if self.is_watched(name)}

    def historian(self) -> Historian:
        """Who tells stories; it is asked who we are, if that is not known yet.

        Raises:
            HelpdeskError: That cannot be asked now.
        """
        if self._us is None:
            self._us = self._client.ourselves()
        return Historian(self._client, self.words, self._us.name)

    def is_watched(self, queue: str | None) -> bool:
        """Whether a queue is one of ours."""
        watched = self._options.queues
        return not watched or queue in watched

    def look(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket with its story, nothing later than `until`.

        Raises:
            HelpdeskError: It cannot be read.
            KeyError, TypeError, ValueError: What RT tells cannot be understood.
        """
        ticket = self.ticket(ticket_id)
        if ticket is None:
            return Reading(Presence.GONE)
        seen = self.see(ticket, self._client.story(ticket_id.partition(":")[2]), until)
        if seen is None:
            return Reading(Presence.UNREADABLE)
        return Reading(Presence.GONE if seen.ticket.is_gone else Presence.PRESENT, seen)

    def see(self, ticket: Ticket, story: Sequence[Item], until: datetime) -> Observation | None:
        """A ticket with its story; one that has left our queues is gone, to us.

        None where it was never in one of them.
        """
        seen = self.historian().observation(ticket, story, until)
        if self.is_watched(seen.ticket.group):
            return seen
        moves = [event for event in seen.events or () if event.field == "group"]
        if not any(self.is_watched(str(event.before)) for event in moves):
            return None
        return replace(seen, ticket=replace(seen.ticket, is_gone=True))

    def refuse_if_fields_are_lost(self, item: Item) -> None:
        """A field that is not told any more is not empty: somebody took it away, or our right.

        Raises:
            HelpdeskError: A custom field that its queue had is missing.
        """
        expected = self._fields.get(name_of(item.get("Queue")) or "", frozenset())
        mapped = expected & set(self._options.custom_fields.values())
        lost = mapped - {str(one.get("name")) for one in item.get("CustomFields") or ()}
        if lost:
            raise HelpdeskError(
                f"{self._name}: ticket {item['id']} tells nothing of the custom field"
                f" {', '.join(sorted(lost))} any more; if it is not there on purpose, take it from"
                " `custom_fields`, otherwise put it back, with the right SeeCustomField"
            )

    def ticket(self, ticket_id: str) -> Ticket | None:
        """A ticket as it stands; None if RT says that there is none.

        Raises:
            HelpdeskError: It cannot be read.
        """
        number = ticket_id.removeprefix(f"{self._name}:")
        if not number.isdigit():
            return None
        found, _ = self._client.search(f"id = {number}", per_page=1)
        if found:
            return self.words.ticket(found[0])
        try:
            told = self._client.ticket(number)  # no search finds what is deleted
        except CallError as error:
            if error.status == httpx.codes.NOT_FOUND:
                self._client.version()  # it is RT that says so, and it knows us
                return None
            raise
        return self.words.ticket(self._as_found(told))

    def _as_found(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A ticket that was asked for by number, in the form in which a search tells it."""
        queue = {"Name": self._client.queue_name(str((told.get("Queue") or {}).get("id")))}
        return {**told, "Queue": queue}
