"""From Zendesk's words to ours, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from engine.domain.ticket import Customer, Priority, Status, Ticket, Value
from engine.helpdesks.base import number_of
from engine.helpdesks.zendesk.client import Item, ZendeskClient
from engine.helpdesks.zendesk.options import ZendeskOptions

STATUSES: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "new": Status.NEW,
        "open": Status.OPEN,
        "pending": Status.PENDING_CUSTOMER,
        "hold": Status.PENDING_INTERNAL,
        "solved": Status.RESOLVED,
        "closed": Status.CLOSED,
    }
)
DELETED: Final = "deleted"
CLOSED: Final = "closed"
_PRIORITIES: Final[Mapping[str, Priority]] = MappingProxyType(
    {
        "low": Priority.LOW,
        "normal": Priority.MEDIUM,
        "high": Priority.HIGH,
        "urgent": Priority.URGENT,
    }
)


@dataclass(frozen=True, slots=True)
class Words:
    """Translates for one helpdesk.

    Attributes:
        name: The helpdesk's, as in ``HELPDESK:ID``.
        client: Who knows what numbers stand for.
    """

    name: str
    options: ZendeskOptions
    client: ZendeskClient

    def ticket(self, told: Item) -> Ticket:
        """A ticket as Zendesk tells it.

        Raises:
            HelpdeskError: A name cannot be asked for.
            ValueError: Something in it cannot be read.
        """
        raw = str(told["status"])
        created = instant(told["created_at"])
        if created is None:
            raise ValueError("it has no time of creation")
        custom = {str(one["id"]): one.get("value") for one in told.get("custom_fields") or ()}
        return Ticket(
            id=f"{self.name}:{told['id']}",
            created_at=created,
            status=self.status(raw),
            raw_status=raw,
            subject=str(told.get("subject") or ""),
            priority=self.priority(told.get("priority")),
            tags=tuple(map(str, told.get("tags") or ())),
            group=self.client.group(told.get("group_id")),
            assignee=self.assignee(told.get("assignee_id")),
            due_at=instant(told.get("due_at")),
            customer=self._customer(told, custom),
            is_gone=raw == DELETED,
            **{
                "type": told.get("type") or None,
                "channel": (told.get("via") or {}).get("channel") or None,
                **self.options.held.on_ticket(custom),
            },
        )

    def status(self, raw: str) -> Status:
        """Our word for a status; one that nobody has explained is open."""
        return STATUSES.get(raw, Status.CLOSED if raw == DELETED else Status.OPEN)

    def priority(self, raw: object) -> Priority | None:
        """Our word for a priority; many a ticket has none."""
        return _PRIORITIES.get(str(raw)) if raw else None

    def assignee(self, number: object) -> str | None:
        """Who has the ticket, by e-mail address."""
        person = self.client.person(number) if number else None
        return person.email or str(number) if person else None

    def written(self, changes: Mapping[str, Value]) -> dict[str, Any]:
        """What to send to Zendesk so that fields hold these values.

        Raises:
            HelpdeskError: There is no such group or agent.
        """
        body: dict[str, Any] = {}
        custom = []
        for field, value in changes.items():
            if field in self.options.custom_fields:
                custom.append({"id": int(self.options.custom_fields[field]), "value": value or ""})
            elif field == "group":
                body["group_id"] = self._group_number(value)
            elif field == "assignee":
                body["assignee_id"] = self._agent_number(value)
            elif field == "priority":
                body["priority"] = _named(_PRIORITIES, value)
            elif field == "status":
                body["status"] = _named(STATUSES, value)
            elif field == "tags":
                body["tags"] = list(value) if isinstance(value, tuple) else []
            else:
                body[field] = value
        return {**body, **({"custom_fields": custom} if custom else {})}

    def _group_number(self, name: Value) -> int | None:
        if not name:
            return None
        return int(number_of(name, self.client.groups(), f"{self.name}: Zendesk has no group"))

    def _agent_number(self, email: Value) -> int | None:
        if not email:
            return None
        what = f"{self.name}: Zendesk has no agent with the e-mail address"
        return int(number_of(email, self.client.agents(str(email)), what))

    def _customer(self, told: Item, custom: Mapping[str, object]) -> Customer:
        person = self.client.person(told.get("requester_id"))
        held = self.options.held.on_customer(custom)
        organization = held.get("organization")
        return Customer(
            id=person.id if person else None,
            name=person.name if person else None,
            email=person.email if person else None,
            tier=held.get("tier"),
            organization=organization or self.client.organization(told.get("organization_id")),
            language=held.get("language") or (person.language if person else None),
        )


def instant(text: object) -> datetime | None:
    """An instant (aware UTC) from Zendesk's text; None where there is no date."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def _named(words: Mapping[str, object], value: Value) -> str | None:
    return next((raw for raw, word in words.items() if word == value), None)
