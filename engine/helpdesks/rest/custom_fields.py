"""Fields that a desk has added to its tickets, and what of ours they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from engine.helpdesks.options import OptionFault, suggestion

_OWN: Final = "fields."
_CUSTOMER: Final = "customer."
_OBJECTS: Final = (
    "type",
    "channel",
    "language",
    "customer.tier",
    "customer.organization",
    "customer.language",
)
"""Fields of ours that a field of theirs may hold, beside `fields.NAME`."""


@dataclass(frozen=True, slots=True)
class CustomFields:
    """Which of their fields holds which of ours.

    Attributes:
        theirs: Our field → their name of it.
        more: Further fields of ours that they may hold.
    """

    theirs: Mapping[str, str]
    more: tuple[str, ...] = ()

    @property
    def settable(self) -> frozenset[str]:
        """Those of ours that can be set by them; what a customer is, is not for us to say."""
        return frozenset(name for name in self.theirs if not name.startswith(_CUSTOMER))

    def ours(self, name: str) -> str | None:
        """Our name of a field of theirs whose changes are told; None for one that is not mapped."""
        mapped = self.theirs.items()
        found = next((ours for ours, theirs in mapped if theirs == name), None)
        return found if found in self.settable else None

    def on_ticket(self, values: Mapping[str, object]) -> dict[str, Any]:
        """What they say of a ticket, by attribute of `Ticket`.

        Args:
            values: Their fields by name.
        """
        found: dict[str, Any] = {}
        own: dict[str, str] = {}
        for ours in self.theirs:
            held = text_of(values.get(self.theirs[ours]))
            if ours.startswith(_OWN):
                if held:
                    own[ours.removeprefix(_OWN)] = held
            elif not ours.startswith(_CUSTOMER):
                found[ours] = held
        return {**found, "fields": MappingProxyType(own)}

    def on_customer(self, values: Mapping[str, object]) -> dict[str, str | None]:
        """What they say of a customer, by attribute of `Customer`; as `on_ticket`."""
        return {
            ours.removeprefix(_CUSTOMER): text_of(values.get(theirs))
            for ours, theirs in self.theirs.items()
            if ours.startswith(_CUSTOMER)
        }

    def faults(self, key: str, what: str) -> Iterator[OptionFault]:
        """Names that are none of ours.

        Args:
            key: Under which they stand in the config file.
            what: A field as the helpdesk calls it, with its article.
        """
        objects = (*_OBJECTS, *self.more)
        for name in self.theirs:
            if name not in objects and not (name.startswith(_OWN) and name != _OWN):
                known = (*objects, f"{_OWN}NAME")
                message = f"'{name}' is no field that {what} can hold"
                yield OptionFault((key, name), "field", message, suggestion(name, known))


def text_of(value: object) -> str | None:
    """A field's value as text: checkboxes and lists, too."""
    if value is None or value in ("", []):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
