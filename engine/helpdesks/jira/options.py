"""What the config file says of a helpdesk of kind `jira`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from engine.domain.capability import Capabilities
from engine.domain.ticket import Priority, Status
from engine.helpdesks.options import OptionFault, refuse, shown, suggestion
from engine.helpdesks.rest.custom_fields import CustomFields
from engine.helpdesks.rest.options import StatusWord, SweptOptions, Text

STATUSES: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "waiting for support": Status.OPEN,
        "escalated": Status.OPEN,
        "waiting for customer": Status.PENDING_CUSTOMER,
        "pending": Status.PENDING_INTERNAL,
        "waiting for approval": Status.PENDING_INTERNAL,
        "closed": Status.CLOSED,
        "canceled": Status.CLOSED,
    }
)
"""Statuses of the projects that Jira Service Management makes; of others the category decides."""
PRIORITIES: Final[Mapping[Priority, str]] = MappingProxyType(
    {
        Priority.LOW: "Low",
        Priority.MEDIUM: "Medium",
        Priority.HIGH: "High",
        Priority.URGENT: "Highest",
    }
)
_PROJECT: Final = re.compile(r"[A-Z][A-Z0-9_]+")


def _project(value: object) -> object:
    text = value if isinstance(value, str) else ""
    if not _PROJECT.fullmatch(text):
        message = f"{shown(value)} is no key of a project"
        raise refuse("project", message, "write what stands before the number: SUP for SUP-17")
    return text


class JiraOptions(SweptOptions):
    """A Jira Service Management in Atlassian's cloud.

    Attributes:
        email: Whose API token it is; without one the token is an OAuth access token.
        projects: Keys of the projects that are watched.
        statuses: What statuses mean, by name, beside those of new projects.
        priorities: Our priority → the name of Jira's.
        custom_fields: Our field → the name or the id of the field that holds it.
        sla: The name of the SLA whose deadline is the ticket's; none for no deadline.
    """

    kind: Literal["jira"]
    email: Text | None = None
    projects: list[Annotated[str, BeforeValidator(_project)]] = Field(min_length=1)
    statuses: Mapping[str, StatusWord] = Field(default_factory=lambda: STATUSES)
    priorities: Mapping[Priority, Text] = Field(default_factory=lambda: PRIORITIES)
    custom_fields: Mapping[str, Text] = Field(default_factory=dict)
    sla: Text | None = None

    @field_validator("statuses")
    @classmethod
    def _beside_the_default(cls, given: Mapping[str, Status]) -> Mapping[str, Status]:
        ours = {name.casefold(): word for name, word in given.items()}
        return MappingProxyType({**STATUSES, **ours})

    @field_validator("priorities", mode="before")
    @classmethod
    def _by_word(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            raise refuse("priority", f"{shown(given)} is no mapping", "write {urgent: Critical}")
        words = [str(word) for word in Priority]
        for name in given:
            if name not in words:
                help_ = suggestion(str(name), words)
                raise refuse("priority", f"{shown(name)} is no priority", help_)
        return {**PRIORITIES, **{Priority(str(name)): text for name, text in given.items()}}

    @property
    def can(self) -> Capabilities:
        """What Jira can do, and what else there are fields for."""
        own = {"subject", "status", "priority", "tags", "assignee"}
        fields = frozenset(own | self.held.settable)
        return Capabilities(fields=fields, replies_when_resolved=False)

    @property
    def held(self) -> CustomFields:
        """What the custom fields hold; a group, too, since Jira knows none of its own."""
        return CustomFields(self.custom_fields, more=("group",))

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        yield from self.held.faults("custom_fields", "a custom field")
