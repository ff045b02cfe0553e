"""What the config file says of a helpdesk of kind `redmine`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from engine.domain.capability import Capabilities
from engine.domain.ticket import Priority, Status
from engine.helpdesks.options import OptionFault, Zone, refuse, shown, suggestion
from engine.helpdesks.rest.options import RestOptions, Span, Text

STATUSES: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "new": Status.NEW,
        "in progress": Status.OPEN,
        "feedback": Status.PENDING_CUSTOMER,
        "resolved": Status.RESOLVED,
        "closed": Status.CLOSED,
        "rejected": Status.CLOSED,
    }
)
"""The statuses of Redmine's default configuration."""
PRIORITIES: Final[Mapping[Priority, str]] = MappingProxyType(
    {
        Priority.LOW: "Low",
        Priority.MEDIUM: "Normal",
        Priority.HIGH: "High",
        Priority.URGENT: "Urgent",
    }
)
OWN: Final = "fields."
CUSTOMER: Final = "customer."
_CUSTOM: Final = (
    "tags",
    "group",
    "channel",
    "language",
    "customer.id",
    "customer.name",
    "customer.email",
    "customer.tier",
    "customer.organization",
    "customer.language",
)
"""What a custom field can hold, beside `fields.NAME`."""


class GroupBy(StrEnum):
    """What a ticket's group is."""

    PROJECT = "project"
    CATEGORY = "category"


def _status(value: object) -> object:
    words = [str(word) for word in Status]
    if value not in words:
        raise refuse("status", f"{shown(value)} is no status", suggestion(str(value), words))
    return Status(str(value))


def _group(value: object) -> object:
    words = [str(word) for word in GroupBy]
    if value not in words:
        message = f"{shown(value)} is nothing that a group can be"
        raise refuse("group", message, suggestion(str(value), words))
    return GroupBy(str(value))


StatusWord = Annotated[Status, BeforeValidator(_status)]
GroupWord = Annotated[GroupBy, BeforeValidator(_group)]


class RedmineOptions(RestOptions):
    """A Redmine 5.

    Attributes:
        projects: Identifiers of the projects that are watched; none for all that we may see.
        history: The first reading takes every open ticket, and what changed within this time.
        group: What a ticket's group is, unless a custom field holds it.
        statuses: What Redmine's statuses mean, by name, beside those of its default configuration.
        priorities: Our priorities → the names of Redmine's.
        custom_fields: Our field → the name of the custom field that holds it.
        agents: Logins of people of the desk, whatever their role.
        agent_roles: Roles of the people of the desk; none for those that may edit tickets.
        timezone: Where a due date, which has no time, ends.
    """

    kind: Literal["redmine"]
    projects: list[Text] = Field(default_factory=list)
    history: Span = timedelta(days=30)
    group: GroupWord = GroupBy.PROJECT
    statuses: Mapping[str, StatusWord] = Field(default_factory=lambda: dict(STATUSES))
    priorities: Mapping[Priority, Text] = Field(default_factory=lambda: dict(PRIORITIES))
    custom_fields: Mapping[str, Text] = Field(default_factory=dict)
    agents: list[Text] = Field(default_factory=list)
    agent_roles: list[Text] = Field(default_factory=list)
    timezone: Zone | None = None

    @field_validator("statuses")
    @classmethod
    def _beside_the_default(cls, given: Mapping[str, Status]) -> Mapping[str, Status]:
        lower = {name.lower(): word for name, word in given.items()}
        return MappingProxyType({**STATUSES, **lower})

    @field_validator("priorities", mode="before")
    @classmethod
    def _by_word(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            advice = "write {low: Low, medium: Normal, high: High, urgent: Urgent}"
            raise refuse("priority", f"{shown(given)} is no mapping", advice)
        words = [str(word) for word in Priority]
        for name in given:
            if name not in words:
                help_ = suggestion(str(name), words)
                raise refuse("priority", f"{shown(name)} is no priority", help_)
        return {Priority(str(name)): theirs for name, theirs in given.items()}

    @property
    def zone(self) -> tzinfo:
        """Where days end."""
        return self.timezone or UTC

    @property
    def can(self) -> Capabilities:
        """What Redmine can do, and what else there are custom fields for.

        Redmine mails a public note to the author of the ticket. Who the customer is, where a
        custom field says so, it does not know: there a public note reaches nobody.
        """
        custom = {name for name in self.custom_fields if not name.startswith(CUSTOMER)}
        own = {"subject", "status", "priority", "type", "group", "assignee"}
        reaches_the_author = "customer.email" not in self.custom_fields
        return Capabilities(fields=frozenset(own | custom), replies=reaches_the_author)

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        for name in self.custom_fields:
            if name not in _CUSTOM and not (name.startswith(OWN) and name != OWN):
                known = (*_CUSTOM, "fields.NAME")
                message = f"'{name}' is no field that a custom field can hold"
                help_ = suggestion(name, known)
                yield OptionFault(("custom_fields", name), "field", message, help_)
        missing = [str(word) for word in Priority if word not in self.priorities]
        names = [name.lower() for name in self.priorities.values()]
        if missing or len(set(names)) != len(names):
            message = "each priority needs a name of its own in Redmine"
            if missing:
                message += f", and {', '.join(missing)} has none"
            help_ = "write for example {low: Low, medium: Normal, high: High, urgent: Urgent}"
            yield OptionFault(("priorities",), "priority", message, help_)
