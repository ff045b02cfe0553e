"""What the config file says of a helpdesk of kind `zendesk`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from engine.domain.capability import Capabilities
from engine.helpdesks.options import OptionFault, refuse, shown
from engine.helpdesks.rest.custom_fields import CustomFields
from engine.helpdesks.rest.options import RestOptions, Span, Text

_MOST_EXPORTS: Final = 1000


def _field_number(value: object) -> object:
    text = value if isinstance(value, str) else ""
    if not (text.isascii() and text.isdigit()):
        message = f"{shown(value)} is no number of a ticket field"
        raise refuse("not-a-number", message, "Zendesk shows it under Tickets, Fields: 360001234")
    return text


def _exports(value: object) -> object:
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else ""
    is_number = text.isascii() and text.isdigit()
    if not is_number or not 0 < int(text[:9]) <= _MOST_EXPORTS:
        message = f"{shown(value)} is no number of requests"
        raise refuse("not-a-number", message, "write 10, or 30 with the High Volume API add-on")
    return int(text)


class ZendeskOptions(RestOptions):
    """A Zendesk.

    Attributes:
        email: Whose API token it is; without one the token is an OAuth access token.
        history: The first reading takes every open ticket, and what changed within this time.
        exports_per_minute: How many pages of changes may be asked for in a minute.
        custom_fields: Our field → the number of the ticket field that holds it.
    """

    kind: Literal["zendesk"]
    email: Text | None = None
    history: Span = timedelta(days=30)
    exports_per_minute: Annotated[int, BeforeValidator(_exports)] = 10
    custom_fields: Mapping[str, Annotated[str, BeforeValidator(_field_number)]] = Field(
        default_factory=dict
    )

    @property
    def can(self) -> Capabilities:
        """What Zendesk can do, and what else there are custom fields for."""
        own = {"subject", "status", "priority", "type", "tags", "group", "assignee"}
        fields = frozenset(own | self.held.settable)
        return Capabilities(fields=fields, replies_when_resolved=False)

    @property
    def held(self) -> CustomFields:
        """What the custom fields hold."""
        return CustomFields(self.custom_fields)

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        yield from self.held.faults("custom_fields", "a custom field")
