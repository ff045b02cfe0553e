"""From RT's words to ours, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from engine.domain.ticket import NOBODY, Customer, Priority, Status, Ticket, Value
from engine.helpdesks.rt.options import DELETED, RtOptions

_NOBODY: Final = "Nobody"
_UNSET: Final = datetime(1970, 1, 2, tzinfo=UTC)
"""RT writes 1970-01-01 where there is no date."""
_CUSTOMER: Final = "customer."
_OWN: Final = "fields."

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fields": "Subject,Status,Priority,Queue,Owner,Requestor,Created,LastUpdated,Due,"
        "CustomFields,EffectiveId",
        "fields[Queue]": "Name",
        "fields[Owner]": "Name",
        "fields[Requestor]": "Name,EmailAddress,RealName,Lang,Organization",
    }
)
"""What a search must ask for, so that a ticket can be read from each of its items."""


@dataclass(frozen=True, slots=True)
class Words:
    """Translates for one helpdesk.

    Attributes:
        name: The helpdesk's, as in ``HELPDESK:ID``.
    """

    name: str
    options: RtOptions

    def ticket(self, item: Mapping[str, Any]) -> Ticket:
        """A ticket from an item of a search that asked for `FIELDS`.

        Raises:
            ValueError: Something in it cannot be read.
        """
        custom = custom_values(item)
        raw = str(item["Status"])
        due = instant(item.get("Due"))
        number, survivor = str(item["id"]), _number(item.get("EffectiveId") or item["id"])
        return Ticket(
            id=f"{self.name}:{number}",
            created_at=instant(item["Created"]) or _UNSET,
            status=self.status(raw),
            raw_status=raw,
            subject=str(item.get("Subject") or ""),
            priority=self.priority(item.get("Priority")),
            group=name_of(item.get("Queue")),
            assignee=self.owner(name_of(item.get("Owner"))),
            due_at=due,
            customer=self._customer(item.get("Requestor"), custom),
            merged_into=None if survivor == number else f"{self.name}:{survivor}",
            is_gone=raw == DELETED,
            **self._custom(custom),
        )

    def status(self, raw: str) -> Status:
        """Our word for a status; one that nobody has explained is open."""
        return self.options.statuses.get(
            raw.lower(), Status.CLOSED if raw == DELETED else Status.OPEN
        )

    def raw_status(self, status: str) -> str | None:
        """RT's first status that means ours; None where none does."""
        meaning = self.options.statuses.items()
        return next((raw for raw, word in meaning if word == status), None)

    def priority(self, number: object) -> Priority:
        """Our word for a priority: the highest whose number it reaches."""
        reached = [
            word
            for word, least in self.options.priorities.items()
            if int(str(number or 0)) >= least
        ]
        return max(reached, key=lambda word: word.rank, default=Priority.LOW)

    def owner(self, name: str | None) -> str | None:
        """Who has the ticket."""
        return None if name in (None, "", _NOBODY) else name

    def custom_field(self, rt_name: str) -> str | None:
        """Our name of a custom field; None for one that is not mapped."""
        mapped = self.options.custom_fields.items()
        return next((ours for ours, theirs in mapped if theirs == rt_name), None)

    def written(self, changes: Mapping[str, Value]) -> dict[str, Any]:
        """What to send to RT so that fields hold these values."""
        body: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for field, value in changes.items():
            if field in self.options.custom_fields:
                many = list(value) if isinstance(value, tuple) else (value or "")
                custom[self.options.custom_fields[field]] = many
            elif field == "priority":
                body["Priority"] = self.options.priorities[Priority(str(value))]
            elif field == "status":
                body["Status"] = self.raw_status(str(value)) or str(value)
            else:
                body[_NAMES[field]] = value or (_NOBODY if field == "assignee" else "")
        return {**body, **({"CustomFields": custom} if custom else {})}

    def _custom(self, values: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        own: dict[str, str] = {}
        for ours, theirs in self.options.custom_fields.items():
            held = values.get(theirs, ())
            if ours == "tags":
                found["tags"] = held
            elif ours.startswith(_OWN):
                if held:
                    own[ours.removeprefix(_OWN)] = ", ".join(held)
            elif not ours.startswith(_CUSTOMER):
                found[ours] = ", ".join(held) or None
        return {**found, "fields": MappingProxyType(own)}

    def _customer(self, requestors: object, custom: Mapping[str, tuple[str, ...]]) -> Customer:
        first = requestors[0] if isinstance(requestors, list) and requestors else None
        if not isinstance(first, dict):
            return NOBODY
        held = {
            ours.removeprefix(_CUSTOMER): ", ".join(custom.get(theirs, ())) or None
            for ours, theirs in self.options.custom_fields.items()
            if ours.startswith(_CUSTOMER)
        }
        return Customer(
            id=str(first.get("Name") or first.get("id")),
            name=first.get("RealName") or None,
            email=first.get("EmailAddress") or None,
            tier=held.get("tier"),
            organization=held.get("organization") or first.get("Organization") or None,
            language=held.get("language") or first.get("Lang") or None,
        )


_NAMES: Final = {"subject": "Subject", "group": "Queue", "assignee": "Owner"}


def instant(text: object) -> datetime | None:
    """An instant (aware UTC) from RT's text; None where there is no date."""
    if not isinstance(text, str) or not text:
        return None
    at = datetime.fromisoformat(text)
    return None if at < _UNSET else at


def name_of(thing: object) -> str | None:
    """The name of a queue or a user, as a search tells it."""
    if not isinstance(thing, dict):
        return None
    return str(thing.get("Name") or thing.get("id") or "") or None


def _number(thing: object) -> str:
    return str(thing.get("id") if isinstance(thing, dict) else thing)


def custom_values(item: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Name of custom field → its values."""
    fields = item.get("CustomFields") or ()
    return {str(one["name"]): tuple(map(str, one.get("values") or ())) for one in fields}
