"""Sample tickets and notices, bare and rich, against which templates are tried."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Final

from engine.domain.ticket import Customer, Priority, Status, Ticket
from engine.messages.languages import DEFAULT_LANGUAGE, language_code
from engine.messages.notice import CustomerNotice, StaffNotice
from engine.messages.view import as_context, customer_view, staff_view

_OPENED_AT: Final = datetime(2026, 1, 9, 8, 30, tzinfo=UTC)
_BARE: Final = Ticket(id="desk:7", created_at=_OPENED_AT)
_RICH: Final = Ticket(
    id="desk:INC0000045",
    created_at=_OPENED_AT,
    status=Status.OPEN,
    raw_status="Active",
    subject='Printer <3rd floor> says "PC LOAD LETTER" *again*',
    type="hardware",
    priority=Priority.HIGH,
    tags=("escalated",),
    group="service-desk",
    assignee="Kim",
    channel="email",
    due_at=_OPENED_AT,
    customer=Customer("c1", "Zoë Müller", "zoe@example.com", "vip", "Example Ltd", "de"),
    fields={"site": "Leeds"},
)
_DETAILS: Final = {
    "rule": {"id": "unresolved-in-time", "description": "Work climbs", "reason": "Work climbs"},
    "level": {"name": "manager", "number": 3, "kind": "hierarchical"},
    "passed_levels": ["tier-2"],
    "due_at": "2026-01-12T15:00:00Z",
    "fired_at": "2026-01-12T15:00:00Z",
    "tickets": ["desk:INC0000045", "desk:7"],
    "escalated": True,
    "last_owner": {"name": "Kim", "until": "2026-01-12T14:00:00Z"},
    "changes": [{"field": "priority", "before": "medium", "after": "high"}],
    "reason": "level_due",
    "escalated_at": "2026-01-12T15:00:00Z",
    "next_update_at": "2026-01-13T15:00:00Z",
}
_STAFF: Final = (
    StaffNotice(_BARE),
    StaffNotice(_RICH, _DETAILS, "tier-2", (_BARE,), "https://desk.example/ack/x", _OPENED_AT),
)
_CUSTOMERS: Final = (
    CustomerNotice(_BARE),
    CustomerNotice(_RICH, _DETAILS, "https://desk.example/survey/x"),
)


def customer_samples() -> tuple[CustomerNotice, ...]:
    """What customers may be told, the barest first."""
    return _CUSTOMERS


def staff_samples() -> tuple[StaffNotice, ...]:
    """What staff may be told, the barest first."""
    return _STAFF


@cache
def samples(audience: str, language: str | None) -> list[dict[str, object]]:
    """What a template may be given.

    Args:
        audience: ``staff`` or ``customer``.
        language: Of the template, if it says so.
    """
    said_in = language_code(language) or DEFAULT_LANGUAGE
    if audience == "staff":
        return [as_context(staff_view(notice, said_in, _STAFF)) for notice in _STAFF]
    return [as_context(customer_view(notice, said_in)) for notice in _CUSTOMERS]
