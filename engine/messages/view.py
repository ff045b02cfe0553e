"""What templates see: small frozen records, one set for staff and one for customers.

The customers' records have no room for notes, names of staff, priorities, tags or rules: what a
template cannot reach, it cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING

from engine.domain.reason import Reason
from engine.messages.languages import language_of
from engine.messages.markdown import single_line
from engine.messages.wording import named

if TYPE_CHECKING:
    from engine.domain.ticket import Ticket
    from engine.messages.notice import CustomerNotice, StaffNotice

# --- for customers -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CustomerTicket:
    """The ticket, as its customer knows it; `number` is the id without the helpdesk's name."""

    id: str
    number: str
    subject: str
    type: str | None
    status: str
    channel: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Addressee:
    """The customer, as we greet them."""

    name: str | None
    organization: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class CustomerEscalation:
    """That somebody more senior has been called, and since when; None where nobody has."""

    since: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerView:
    """All that a customer's template sees."""

    ticket: CustomerTicket
    customer: Addressee
    escalation: CustomerEscalation
    next_update_at: datetime | None
    survey_url: str | None
    language: str


# --- for staff -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StaffTicket:
    """The ticket with all that the desk knows; `number` is the id without the helpdesk's name."""

    id: str
    number: str
    helpdesk: str
    subject: str
    type: str | None
    status: str
    raw_status: str | None
    priority: str | None
    tags: tuple[str, ...]
    group: str | None
    assignee: str | None
    channel: str | None
    language: str | None
    created_at: datetime
    due_at: datetime | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StaffCustomer:
    """The customer, as the desk knows them."""

    id: str | None
    name: str | None
    organization: str | None
    tier: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class RuleView:
    """The rule that acts; `reason` is why there is such a rule."""

    id: str
    description: str
    reason: str


@dataclass(frozen=True, slots=True)
class LevelView:
    """The level that fires; `kind` is ``technical``, ``hierarchical``, or None for a reminder."""

    name: str
    number: int
    kind: str | None


@dataclass(frozen=True, slots=True)
class ListedTicket:
    """A ticket in a list; no more than its id where no more is known."""

    id: str
    number: str
    subject: str


@dataclass(frozen=True, slots=True)
class Change:
    """A field that we set, with what stood there before; priorities are in words."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LastOwner:
    """Who had taken the escalation, until it ran out."""

    name: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a digest: a level that was passed without acting, and why.

    `others` are the further tickets of a group; `reason` is the code, `why` the same in words;
    `outbox` is the number of the action that it tells of, where it tells how one ended.
    `room_from` is when changes that a budget holds may go out by themselves; None if none is held.
    `is_escalation` says that somebody has to take it: whoever is told of a level is told because
    nobody has.
    """

    ticket: StaffTicket
    others: tuple[ListedTicket, ...]
    rule: RuleView
    level: LevelView
    due_at: datetime | None
    reason: str
    why: str
    room_from: datetime | None
    is_escalation: bool
    outbox: int | None


@dataclass(frozen=True, slots=True)
class StaffView:
    """All that a staff template sees.

    Attributes:
        passed_levels: Names of the levels that fell due before this one and fire with it.
        changes: What this level set.
        tickets: All the tickets concerned; more than one for a group.
        lines: For a digest: one for each level concerned; otherwise one, for this level.
        occurrence: 1, and more where the notice is said again.
        why: `reason` in words.
        is_escalation: Somebody has to take it, and nobody has; False for a mere reminder.
        last_owner: Who had taken it until that ran out; None where nobody ever had.
        together: Why notices that would have come one by one come as one; empty where they did.
    """

    ticket: StaffTicket
    customer: StaffCustomer
    rule: RuleView
    level: LevelView
    passed_levels: tuple[str, ...]
    due_at: datetime | None
    fired_at: datetime | None
    changes: tuple[Change, ...]
    tickets: tuple[ListedTicket, ...]
    lines: tuple[Line, ...]
    receiver: str
    notify: tuple[str, ...]
    occurrence: int
    reason: str
    why: str
    facts: Mapping[str, object]
    is_escalation: bool
    last_owner: LastOwner | None
    ack_url: str | None
    as_of: datetime | None
    together: str
    language: str


class Recorded(dict[str, object]):
    """Further details; for a template, what was not recorded is nothing, and no error."""


# --- from the pipeline's terms -------------------------------------------------------------------


def customer_view(notice: CustomerNotice, language: str) -> CustomerView:
    """What a customer's template sees of a notice."""
    ticket, customer = notice.ticket, notice.ticket.customer
    return CustomerView(
        ticket=CustomerTicket(
            id=ticket.id,
            number=_number(ticket.id),
            subject=single_line(ticket.subject),
            type=ticket.type,
            status=ticket.status.value,
            channel=ticket.channel,
            created_at=ticket.created_at,
        ),
        customer=Addressee(customer.name, customer.organization, customer.language),
        escalation=CustomerEscalation(_instant(notice.details.get("escalated_at"))),
        next_update_at=_instant(notice.details.get("next_update_at")),
        survey_url=notice.survey_url,
        language=language,
    )


def staff_view(
    notice: StaffNotice, language: str, digested: Sequence[StaffNotice], together: str = ""
) -> StaffView:
    """What a staff template sees of a notice.

    Args:
        notice: What is told; what is missing from its details is empty, never an error.
        language: What instants and durations are said in.
        digested: All the notices that it stands for: for a digest many, otherwise itself.
        together: Code of why they come as one, though they are no digest.
    """
    details, customer = notice.details, notice.ticket.customer
    reason = _text(details.get("reason"))
    return StaffView(
        ticket=_ticket(notice.ticket),
        customer=StaffCustomer(
            customer.id, customer.name, customer.organization, customer.tier, customer.language
        ),
        rule=_rule(details),
        level=_level(details),
        passed_levels=tuple(_texts(details.get("passed_levels"))),
        due_at=_instant(details.get("due_at")),
        fired_at=_instant(details.get("fired_at")),
        changes=_changes(details.get("changes"), language),
        tickets=_listed(notice),
        lines=tuple(_line(one, language) for one in digested),
        receiver=notice.receiver,
        notify=tuple(_texts(details.get("notify"))),
        occurrence=_count(details.get("occurrence"), default=1),
        reason=reason,
        why=_why(reason, language),
        facts=Recorded(_mapping(details.get("facts"))),
        is_escalation=_is_escalation(details),
        last_owner=_last_owner(details.get("last_owner")),
        ack_url=notice.ack_url,
        as_of=notice.as_of,
        together=_why(together, language) if together else "",
        language=language,
    )


def as_context(view: CustomerView | StaffView) -> dict[str, object]:
    """The view's parts by name, without copying what is in them."""
    return {part.name: getattr(view, part.name) for part in fields(view)}


def _ticket(ticket: Ticket) -> StaffTicket:
    return StaffTicket(
        id=ticket.id,
        number=_number(ticket.id),
        helpdesk=ticket.source,
        subject=single_line(ticket.subject),
        type=ticket.type,
        status=ticket.status.value,
        raw_status=ticket.raw_status,
        priority=ticket.priority.value if ticket.priority else None,
        tags=ticket.tags,
        group=ticket.group,
        assignee=ticket.assignee,
        channel=ticket.channel,
        language=ticket.language,
        created_at=ticket.created_at,
        due_at=ticket.due_at,
        fields=dict(ticket.fields),
    )


def _rule(details: Mapping[str, object]) -> RuleView:
    rule = _mapping(details.get("rule"))
    description = _text(rule.get("description"))
    return RuleView(_text(rule.get("id")), description, _text(rule.get("reason")) or description)


def _level(details: Mapping[str, object]) -> LevelView:
    level = _mapping(details.get("level"))
    number, kind = _count(level.get("number"), default=0), level.get("kind")
    return LevelView(_text(level.get("name")), number, _text(kind) if kind else None)


def _line(notice: StaffNotice, language: str) -> Line:
    details = notice.details
    reason = _text(details.get("reason"))
    return Line(
        ticket=_ticket(notice.ticket),
        others=tuple(one for one in _listed(notice) if one.id != notice.ticket.id),
        rule=_rule(details),
        level=_level(details),
        due_at=_instant(details.get("due_at")),
        reason=reason,
        why=_why(reason, language),
        room_from=_instant(details.get("room_from")),
        is_escalation=_is_escalation(details),
        outbox=_count(_mapping(details.get("facts")).get("outbox"), default=0) or None,
    )


def _is_escalation(details: Mapping[str, object]) -> bool:
    return details.get("escalated") is True


def _last_owner(raw: object) -> LastOwner | None:
    if not isinstance(raw, Mapping):
        return None
    return LastOwner(_text(raw.get("name")), _instant(raw.get("until")))


def _why(reason: str, language: str) -> str:
    words = language_of(language).why
    return words.get(reason, reason) or words[Reason.LEVEL_DUE]


def _listed(notice: StaffNotice) -> tuple[ListedTicket, ...]:
    known = {ticket.id: ticket for ticket in (*notice.members, notice.ticket)}
    ids = _texts(notice.details.get("tickets")) or list(dict.fromkeys(known))
    return tuple(
        ListedTicket(one, _number(one), single_line(known[one].subject) if one in known else "")
        for one in ids
    )


def _changes(raw: object, language: str) -> tuple[Change, ...]:
    return tuple(
        _change(_text(one.get("field")), one, language)
        for one in _sequence(raw)
        if isinstance(one, Mapping)
    )


def _change(field: str, raw: Mapping[object, object], language: str) -> Change:
    before, after = _shown(raw.get("before")), _shown(raw.get("after"))
    if field == "priority":  # the only value of a field that is a word of ours
        before, after = named(before, language), named(after, language)
    return Change(field, before, after)


def _shown(value: object) -> str:
    return ", ".join(_texts(value)) if isinstance(value, (list, tuple)) else _text(value)


def _number(ticket_id: str) -> str:
    return ticket_id.partition(":")[2] or ticket_id


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _texts(value: object) -> list[str]:
    return [_text(one) for one in _sequence(value)]


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _count(value: object, default: int) -> int:
    return value if isinstance(value, int) else default


def _instant(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
