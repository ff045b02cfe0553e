"""What the config file says of a helpdesk of kind `freshdesk`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from engine.domain.capability import Capabilities
from engine.domain.ticket import Status
from engine.helpdesks.options import OptionFault, refuse, shown
from engine.helpdesks.rest.custom_fields import CustomFields
from engine.helpdesks.rest.options import StatusWord, SweptOptions, Text

STATUSES: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "2": Status.OPEN,
        "3": Status.PENDING_CUSTOMER,
        "4": Status.RESOLVED,
        "5": Status.CLOSED,
        "6": Status.PENDING_CUSTOMER,
        "7": Status.PENDING_INTERNAL,
    }
)
"""The statuses that Freshdesk comes with, by number."""
_MOST_LISTS: Final = 1000


def _lists(value: object) -> object:
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else ""
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:9]) <= _MOST_LISTS:
        message = f"{shown(value)} is no number of requests"
        raise refuse("not-a-number", message, "write 20, or what your plan allows")
    return int(text)


class FreshdeskOptions(SweptOptions):
    """A Freshdesk.

    Attributes:
        statuses: What Freshdesk's statuses mean, by name or number, beside those it comes with.
        lists_per_minute: How many pages of tickets may be asked for in a minute.
        custom_fields: Our field → the name of the ticket field that holds it.
    """

    kind: Literal["freshdesk"]
    statuses: Mapping[str, StatusWord] = Field(default_factory=lambda: STATUSES)
    lists_per_minute: Annotated[int, BeforeValidator(_lists)] = 20
    custom_fields: Mapping[str, Text] = Field(default_factory=dict)

    @field_validator("statuses")
    @classmethod
    def _beside_the_default(cls, given: Mapping[str, Status]) -> Mapping[str, Status]:
        ours = {name.casefold(): word for name, word in given.items()}
        return MappingProxyType({**STATUSES, **ours})

    @property
    def can(self) -> Capabilities:
        """What Freshdesk can do, and what else there are custom fields for."""
        own = {"subject", "status", "priority", "type", "tags", "group", "assignee"}
        fields = frozenset(own | self.held.settable)
        return Capabilities(fields=fields, replies_when_resolved=False, history=False)

    @property
    def held(self) -> CustomFields:
        """What the custom fields hold."""
        return CustomFields(self.custom_fields)

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        yield from self.held.faults("custom_fields", "a custom field")
