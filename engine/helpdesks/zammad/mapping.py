"""From Zammad's words to ours, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.domain.ticket import Customer, Priority, Status, Ticket, Value
from engine.errors import HelpdeskError
from engine.helpdesks.zammad.client import NOBODY, Item, ZammadClient
from engine.helpdesks.zammad.options import ZammadOptions

_NOBODY: Final = "-"


@dataclass(frozen=True, slots=True)
class Words:
    """Translates for one helpdesk.

    Attributes:
        name: The helpdesk's, as in ``HELPDESK:ID``.
        client: Who knows what numbers stand for.
    """

    name: str
    options: ZammadOptions
    client: ZammadClient

    def ticket(self, told: Item, tags: Sequence[str]) -> Ticket:
        """A ticket as Zammad tells it when it is asked to expand names.

        Raises:
            HelpdeskError: A name cannot be asked for.
            ValueError: Something in it cannot be read.
        """
        raw = str(told["state"])
        created = instant(told["created_at"])
        if created is None:
            raise ValueError("it has no time of creation")
        return Ticket(
            id=f"{self.name}:{told['id']}",
            created_at=created,
            status=self.status(raw),
            raw_status=raw,
            subject=str(told.get("title") or ""),
            priority=self.priority(str(told.get("priority") or "")),
            tags=tuple(tags),
            group=told.get("group") or None,
            assignee=self.owner(told.get("owner")),
            due_at=instant(told.get("escalation_at")),
            customer=self._customer(told),
            **{
                "channel": told.get("create_article_type") or None,
                **self.options.held.on_ticket(told),
            },
        )

    def status(self, raw: str) -> Status:
        """Our word for a state; one that nobody has explained is open."""
        return self.options.states.get(raw.lower(), Status.OPEN)

    def priority(self, raw: str) -> Priority | None:
        """Our word for a priority; none for one that nobody has explained."""
        named = self.options.priorities.items()
        return next((word for word, name in named if name.lower() == raw.lower()), None)

    def owner(self, login: object) -> str | None:
        """Who has the ticket."""
        return str(login) if login and login != _NOBODY else None

    def written(self, changes: Mapping[str, Value]) -> dict[str, Any]:
        """What to send to Zammad so that fields hold these values; tags are given one by one.

        Raises:
            HelpdeskError: Zammad has no word for one of them.
        """
        body: dict[str, Any] = {}
        for field, value in changes.items():
            if field in self.options.attributes:
                body[self.options.attributes[field]] = value or ""
            elif field == "priority":
                body["priority"] = self._priority(value)
            elif field == "status":
                body["state"] = self._state(value)
            elif field == "assignee":
                body |= {"owner": value} if value else {"owner_id": NOBODY}
            elif field == "subject":
                body["title"] = value
            elif field == "group":
                body["group"] = value
        return body

    def _priority(self, value: Value) -> str:
        name = self.options.priorities.get(Priority(str(value)))
        if name is None:
            raise HelpdeskError(
                f"{self.name}: Zammad has no priority for {value}: add one there, and name it under"
                " `priorities`"
            )
        return name

    def _state(self, value: Value) -> str:
        known = {name.lower(): name for name, _ in self.client.states().values()}
        wanted = [raw for raw, word in self.options.states.items() if word == value]
        found = next((known[raw] for raw in wanted if raw in known), None)
        if found is None:
            raise HelpdeskError(
                f"{self.name}: Zammad has no state for {value}: name one under `states`"
            )
        return found

    def _customer(self, told: Item) -> Customer:
        person = self.client.person(told.get("customer_id"))
        held = self.options.held.on_customer(told)
        number = told.get("customer_id")
        return Customer(
            id=str(number) if number else None,
            name=person.name if person else None,
            email=person.email if person else None,
            tier=held.get("tier"),
            organization=held.get("organization") or told.get("organization") or None,
            language=held.get("language") or (person.language if person else None),
        )


def instant(text: object) -> datetime | None:
    """An instant (aware UTC, whole seconds) from Zammad's text; None where there is no date."""
    if not isinstance(text, str) or not text:
        return None
    return datetime.fromisoformat(text).replace(microsecond=0)
