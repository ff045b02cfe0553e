"""What the config file says of a helpdesk of kind `rt`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from engine.domain.capability import Capabilities
from engine.domain.ticket import Priority, Status
from engine.helpdesks.options import Flag, OptionFault, refuse, shown, suggestion
from engine.helpdesks.rest.options import RestOptions, Span, Text

STATUSES: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "new": Status.NEW,
        "open": Status.OPEN,
        "stalled": Status.PENDING_CUSTOMER,
        "resolved": Status.RESOLVED,
        "rejected": Status.CLOSED,
    }
)
"""The statuses of RT's default lifecycle."""
DELETED: Final = "deleted"
PRIORITIES: Final[Mapping[Priority, int]] = MappingProxyType(
    {Priority.LOW: 0, Priority.MEDIUM: 50, Priority.HIGH: 100, Priority.URGENT: 150}
)
"""RT shows 0 as Low, from 50 on Medium, from 100 on High."""
_OWN: Final = "fields."
CUSTOM: Final = (
    "tags",
    "type",
    "channel",
    "language",
    "customer.tier",
    "customer.organization",
    "customer.language",
)
"""What RT has no field of its own for, or not on the ticket."""


def _status(value: object) -> object:
    words = [str(word) for word in Status]
    if value not in words:
        raise refuse("status", f"{shown(value)} is no status", suggestion(str(value), words))
    return Status(str(value))


def _number(value: object) -> object:
    text = value if isinstance(value, str) else ""
    if not (text.isascii() and text.isdigit()):
        raise refuse("not-a-number", f"{shown(value)} is no priority of RT", "write for example 50")
    return int(text[:9])


StatusWord = Annotated[Status, BeforeValidator(_status)]
Number = Annotated[int, BeforeValidator(_number)]


class RtOptions(RestOptions):
    """A Request Tracker 5.

    Attributes:
        queues: The queues that are watched; none for all that our account may see.
        history: The first reading takes every open ticket, and what changed within this time.
        statuses: What RT's statuses mean, beside those of its default lifecycle.
        priorities: From which number on RT's priority means ours; what we set is that number.
        custom_fields: Our field → the name of the custom field that holds it.
        texts: Whether what customers write is read, for rules that look for words; each message
            costs two requests, once.
    """

    kind: Literal["rt"]
    queues: list[Text] = Field(default_factory=list)
    history: Span = timedelta(days=30)
    statuses: Mapping[str, StatusWord] = Field(default_factory=lambda: dict(STATUSES))
    priorities: Mapping[Priority, Number] = Field(default_factory=lambda: dict(PRIORITIES))
    custom_fields: Mapping[str, Text] = Field(default_factory=dict)
    texts: Flag = True

    @field_validator("statuses")
    @classmethod
    def _beside_the_default(cls, given: Mapping[str, Status]) -> Mapping[str, Status]:
        return MappingProxyType(
            {**STATUSES, **{name.lower(): word for name, word in given.items()}}
        )

    @field_validator("priorities", mode="before")
    @classmethod
    def _by_word(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            raise refuse("priority", f"{shown(given)} is no mapping", "write {low: 0, medium: 50}")
        words = [str(word) for word in Priority]
        for name in given:
            if name not in words:
                help_ = suggestion(str(name), words)
                raise refuse("priority", f"{shown(name)} is no priority", help_)
        return {Priority(str(name)): number for name, number in given.items()}

    @property
    def can(self) -> Capabilities:
        """What RT can do, and what else there are custom fields for."""
        custom = {name for name in self.custom_fields if not name.startswith("customer.")}
        own = {"subject", "status", "priority", "group", "assignee"}
        return Capabilities(fields=frozenset(own | custom), replies_when_resolved=False)

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        for name in self.custom_fields:
            if name not in CUSTOM and not (name.startswith(_OWN) and name != _OWN):
                known = (*CUSTOM, "fields.NAME")
                message = f"'{name}' is no field that a custom field can hold"
                yield OptionFault(
                    ("custom_fields", name), "field", message, suggestion(name, known)
                )
        missing = [word for word in Priority if word not in self.priorities]
        numbers = [self.priorities[word] for word in Priority if word in self.priorities]
        if missing or sorted(set(numbers)) != numbers:
            message = "the priorities of RT must rise from low over medium and high to urgent"
            help_ = "write for example {low: 0, medium: 50, high: 100, urgent: 150}"
            yield OptionFault(("priorities",), "priority", message, help_)
