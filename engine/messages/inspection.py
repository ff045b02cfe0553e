"""Faults in templates, found before anybody waits for the message."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateSyntaxError, meta

from engine.domain.ticket import Customer, Priority, Status, Ticket
from engine.messages.environment import MessageEnvironment, line_environment, markdown_environment
from engine.messages.markdown import single_line
from engine.messages.notice import CustomerNotice, StaffNotice
from engine.messages.view import CustomerView, StaffView, as_context, customer_view, staff_view

if TYPE_CHECKING:
    from engine.domain.rule import MessageTemplate

_KNOWN: Final = {
    "staff": frozenset(part.name for part in fields(StaffView)),
    "customer": frozenset(part.name for part in fields(CustomerView)),
}


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """What is wrong with a template.

    Attributes:
        part: ``subject`` or ``body``.
        line: Within that part, from 1.
    """

    part: str
    line: int
    message: str


def find_faults(template: MessageTemplate) -> list[TemplateFault]:
    """Parse a template, look at the names that it uses, and render it against sample tickets.

    Returns:
        At most one fault for the subject and one for the body.
    """
    parts = (
        ("subject", template.subject, line_environment(UTC)),
        ("body", template.body, markdown_environment(UTC)),
    )
    found = (_fault(template.audience, *part) for part in parts)
    return [fault for fault in found if fault is not None]


def _fault(
    audience: str, part: str, source: str, environment: MessageEnvironment
) -> TemplateFault | None:
    try:
        environment.refuse_composition(source)
        names = meta.find_undeclared_variables(environment.parse(source))
        unknown = sorted(names - _KNOWN[audience] - set(environment.globals))
        if unknown:
            return TemplateFault(part, _line_of(unknown[0], source), _unknown(unknown[0], audience))
        template = environment.from_string(source)
        for context in _SAMPLES[audience]:
            template.render(context)
    except TemplateSyntaxError as error:
        return TemplateFault(part, error.lineno, single_line(error.message or str(error)))
    except Exception as error:  # noqa: BLE001 (a template can fail in any way)
        return TemplateFault(part, _line_in(error), single_line(str(error)))
    return None


def _unknown(name: str, audience: str) -> str:
    known = ", ".join(sorted(_KNOWN[audience]))
    return f"{audience} templates know no '{name}'; they know {known}"


def _line_of(name: str, source: str) -> int:
    lines = source.splitlines()
    return next((number for number, line in enumerate(lines, start=1) if name in line), 1)


def _line_in(error: Exception) -> int:
    """The template's line in a traceback that Jinja2 has rewritten to show it."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


# --- samples -------------------------------------------------------------------------------------

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
_SAMPLES: Final = {
    "staff": [as_context(staff_view(notice, "en", _STAFF)) for notice in _STAFF],
    "customer": [as_context(customer_view(notice, "en")) for notice in _CUSTOMERS],
}
