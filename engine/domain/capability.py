"""What a helpdesk can do for us, so that rules ask it for nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

OWN_FIELDS: Final = "fields."
"""Fields of a desk's own bear names that begin so."""
ANY_OWN_FIELD: Final = "fields.*"
"""Stands for all of them, where a helpdesk takes whatever name it is given."""
SETTABLE: Final = frozenset(
    {"subject", "type", "status", "priority", "tags", "group", "assignee", "due_at", ANY_OWN_FIELD}
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a helpdesk can do, as it is configured.

    Attributes:
        fields: The fields that it can change, as rules name them.
        notes: It takes internal notes.
        replies: A public reply reaches the customer; otherwise the message goes by mail.
        replies_when_resolved: It takes one on a resolved ticket, too, and leaves it resolved.
        history: It tells what happened, and not only how things stand.
    """

    fields: frozenset[str] = SETTABLE
    notes: bool = True
    replies: bool = True
    replies_when_resolved: bool = True
    history: bool = True

    def can_set(self, field: str) -> bool:
        """Whether it can change a field, by its (possibly dotted) name."""
        is_own = field.startswith(OWN_FIELDS)
        return field in self.fields or (is_own and ANY_OWN_FIELD in self.fields)

    def lacking(self, fields: Iterable[str]) -> list[str]:
        """Those of the fields that it cannot change, in order."""
        return [field for field in fields if not self.can_set(field)]


EVERYTHING: Final = Capabilities()
