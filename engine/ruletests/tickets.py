"""The tickets of a case, as they come in."""

from __future__ import annotations

from engine.domain.ticket import Customer, Ticket, with_values
from engine.rulebook.fields import Fields
from engine.rulebook.nodes import MapNode, Node
from engine.rulebook.values import clipped, read_mapping, read_scalar
from engine.ruletests.case import Opening
from engine.ruletests.stamps import Stamps
from engine.ruletests.ticket_fields import read_values

_NO_FIELDS = ("id", "source", "at", "says")
DEFAULT_ID = "T1"
DEFAULT_SOURCE = "desk"
DEFAULT_CUSTOMER = Customer(id="customer", name="A Customer", email="customer@example.com")
"""Who has every ticket of a case that does not say otherwise."""


def read_openings(fields: Fields, stamps: Stamps) -> tuple[Opening, ...]:
    """The tickets of a case, from its `ticket` or its `tickets`."""
    report = stamps.report
    if "ticket" in fields and "tickets" in fields:
        message = "a case has either 'ticket' or 'tickets'"
        report.error(fields.key("tickets"), "exclusive", message, "remove one")
    if "tickets" in fields:
        nodes = fields.items("tickets")
        if not nodes and fields.value("tickets") is not None:
            report.error(fields.key("tickets"), "empty", "there is no ticket here")
    else:
        one = fields.required("ticket", "write ticket: {} for an ordinary one")
        nodes = () if one is None else (one,)
    openings = [(node, _read(node, stamps)) for node in nodes]
    sound = [(node, opening) for node, opening in openings if opening is not None]
    _refuse_same_ids(sound, stamps)
    return tuple(opening for _, opening in sound)


def _read(node: Node, stamps: Stamps) -> Opening | None:
    mapping = read_mapping(node, stamps.report, "a ticket")
    if mapping is None:
        return None
    values = read_values(mapping, stamps, _NO_FIELDS)
    identity = _text(mapping, "id", stamps) or DEFAULT_ID
    source = _text(mapping, "source", stamps) or DEFAULT_SOURCE
    says = _text(mapping, "says", stamps)
    at = mapping.get("at")
    created_at = stamps.start if at is None else stamps.read(at, "'at'")
    if created_at is None or stamps.start is None:
        return None
    if at is not None and created_at < stamps.start:
        stamps.report.error(at.span, "instant", "this ticket comes in before 'start'")
    ticket = Ticket(
        id=f"{source}:{identity}",
        created_at=created_at,
        subject=f"Ticket {identity}",
        customer=DEFAULT_CUSTOMER,
    )
    return Opening(with_values(ticket, values), says)


def _text(mapping: MapNode, key: str, stamps: Stamps) -> str | None:
    node = mapping.get(key)
    scalar = None if node is None else read_scalar(node, stamps.report, f"'{key}'")
    return None if scalar is None else scalar.text.strip()


def _refuse_same_ids(openings: list[tuple[Node, Opening]], stamps: Stamps) -> None:
    seen: set[str] = set()
    for node, opening in openings:
        name = opening.ticket.id.partition(":")[2]
        if name in seen:
            message = f"there is a second ticket '{clipped(name)}'"
            hint = "give each ticket an id of its own"
            stamps.report.error(node.span, "duplicate-name", message, hint)
        seen.add(name)
