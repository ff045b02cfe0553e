"""What the config file says of a helpdesk of kind `zammad`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal

from pydantic import Field, field_validator

from engine.domain.capability import Capabilities
from engine.domain.ticket import Priority, Status
from engine.helpdesks.options import OptionFault, refuse, shown, suggestion
from engine.helpdesks.rest.custom_fields import CustomFields
from engine.helpdesks.rest.options import StatusWord, SweptOptions, Text

STATES: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "new": Status.NEW,
        "open": Status.OPEN,
        "pending reminder": Status.PENDING_CUSTOMER,
        "pending close": Status.PENDING_CUSTOMER,
        "closed": Status.RESOLVED,
        "merged": Status.CLOSED,
    }
)
"""The states that Zammad comes with."""
PRIORITIES: Final[Mapping[Priority, str]] = MappingProxyType(
    {Priority.LOW: "1 low", Priority.MEDIUM: "2 normal", Priority.HIGH: "3 high"}
)


class ZammadOptions(SweptOptions):
    """A Zammad.

    Attributes:
        states: What Zammad's states mean, beside those that it comes with.
        priorities: Our priority → the name of Zammad's.
        attributes: Our field → the name of the ticket attribute that holds it.
    """

    kind: Literal["zammad"]
    states: Mapping[str, StatusWord] = Field(default_factory=lambda: dict(STATES))
    priorities: Mapping[Priority, Text] = Field(default_factory=lambda: dict(PRIORITIES))
    attributes: Mapping[str, Text] = Field(default_factory=dict)

    @field_validator("states")
    @classmethod
    def _beside_the_default(cls, given: Mapping[str, Status]) -> Mapping[str, Status]:
        return MappingProxyType({**STATES, **{name.lower(): word for name, word in given.items()}})

    @field_validator("priorities", mode="before")
    @classmethod
    def _by_word(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            raise refuse("priority", f"{shown(given)} is no mapping", "write {urgent: 4 urgent}")
        words = [str(word) for word in Priority]
        for name in given:
            if name not in words:
                help_ = suggestion(str(name), words)
                raise refuse("priority", f"{shown(name)} is no priority", help_)
        return {**PRIORITIES, **{Priority(str(name)): text for name, text in given.items()}}

    @property
    def can(self) -> Capabilities:
        """What Zammad can do, and what else there are attributes for."""
        own = {"subject", "status", "priority", "tags", "group", "assignee"}
        fields = frozenset(own | self.held.settable)
        return Capabilities(fields=fields, replies_when_resolved=False)

    @property
    def held(self) -> CustomFields:
        """What the attributes hold."""
        return CustomFields(self.attributes)

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        yield from self.held.faults("attributes", "an attribute")
