"""From Freshdesk's words to ours, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.domain.ticket import Customer, Priority, Status, Ticket, Value
from engine.errors import HelpdeskError
from engine.helpdesks.base import number_of
from engine.helpdesks.freshdesk.names import Item, Names
from engine.helpdesks.freshdesk.options import FreshdeskOptions

_PRIORITIES: Final[Mapping[int, Priority]] = dict(enumerate(Priority, start=1))
_CHANNELS: Final[Mapping[int, str]] = {
    1: "email",
    2: "web",
    3: "phone",
    7: "chat",
    9: "widget",
    10: "email",
}


@dataclass(frozen=True, slots=True)
class Words:
    """Translates for one helpdesk.

    Attributes:
        name: The helpdesk's, as in ``HELPDESK:ID``.
        names: What numbers stand for.
    """

    name: str
    options: FreshdeskOptions
    names: Names

    def ticket(self, told: Item) -> Ticket:
        """A ticket as Freshdesk tells it, its requester included.

        Raises:
            HelpdeskError: A name cannot be asked for.
            ValueError: Something in it cannot be read.
        """
        number = str(told["status"])
        created = instant(told["created_at"])
        if created is None:
            raise ValueError("it has no time of creation")
        custom = told.get("custom_fields") or {}
        return Ticket(
            id=f"{self.name}:{told['id']}",
            created_at=created,
            status=self.status(number),
            raw_status=self._status_name(number),
            subject=str(told.get("subject") or ""),
            priority=_PRIORITIES.get(told.get("priority") or 0),
            tags=tuple(map(str, told.get("tags") or ())),
            group=self.names.group(told.get("group_id")),
            assignee=self._assignee(told.get("responder_id")),
            due_at=instant(told.get("due_by")),
            customer=self._customer(told, custom),
            is_gone=bool(told.get("deleted") or told.get("spam")),
            **{
                "type": told.get("type") or None,
                "channel": _CHANNELS.get(told.get("source") or 0),
                **self.options.held.on_ticket(custom),
            },
        )

    def status(self, number: str) -> Status:
        """Our word for a status; one that nobody has explained is open."""
        known = self.options.statuses
        by_number = known.get(number, Status.OPEN)
        return known.get(self._status_name(number).casefold(), by_number)

    def open_statuses(self) -> list[str]:
        """The numbers of the statuses in which somebody still works on a ticket."""
        return [one for one in self.names.statuses() if not self.status(one).is_resolved]

    def written(self, changes: Mapping[str, Value]) -> dict[str, Any]:
        """What to send to Freshdesk so that fields hold these values.

        Raises:
            HelpdeskError: Freshdesk has no word for one of them.
        """
        body: dict[str, Any] = {}
        custom: dict[str, Value] = {}
        for field, value in changes.items():
            if field in self.options.custom_fields:
                custom[self.options.custom_fields[field]] = value or None
            elif field == "group":
                body["group_id"] = self._group_number(value)
            elif field == "assignee":
                body["responder_id"] = self._agent_number(value)
            elif field == "priority":
                body["priority"] = next((n for n, one in _PRIORITIES.items() if one == value), None)
            elif field == "status":
                body["status"] = self._status_number(value)
            elif field == "tags":
                body["tags"] = list(value) if isinstance(value, tuple) else []
            else:
                body[field] = value
        return {**body, **({"custom_fields": custom} if custom else {})}

    def _status_name(self, number: str) -> str:
        return self.names.statuses().get(number, f"status {number}")

    def _status_number(self, value: Value) -> int:
        found = [int(one) for one in self.names.statuses() if self.status(one) == value]
        if not found:
            raise HelpdeskError(
                f"{self.name}: Freshdesk has no status for {value}: name one under `statuses`"
            )
        return min(found)

    def _assignee(self, number: object) -> str | None:
        agent = self.names.agent(number)
        return (agent.email or agent.id) if agent else None

    def _group_number(self, name: Value) -> int | None:
        if not name:
            return None
        what = f"{self.name}: Freshdesk has no group"
        return int(number_of(name, self.names.groups(), what))

    def _agent_number(self, email: Value) -> int | None:
        if not email:
            return None
        agents = {one.id: one.email for one in self.names.agents().values()}
        what = f"{self.name}: Freshdesk has no agent with the e-mail address"
        return int(number_of(email, agents, what))

    def _customer(self, told: Item, custom: Mapping[str, object]) -> Customer:
        person = told.get("requester") or {}
        held = self.options.held.on_customer(custom)
        number = told.get("requester_id")
        return Customer(
            id=str(number) if number else None,
            name=person.get("name") or None,
            email=person.get("email") or None,
            tier=held.get("tier"),
            organization=held.get("organization") or self.names.company(told.get("company_id")),
            language=held.get("language"),
        )


def instant(text: object) -> datetime | None:
    """An instant (aware UTC) from Freshdesk's text; None where there is no date."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
