"""How tickets, events, episodes' actions and generations are written down: compact JSON.

Values that equal their default are left out, unknown keys are passed over, so that an older and a
newer program can read each other's rows. Instants are whole seconds since the UTC epoch; a part of
a second is cut off. Everything is escaped to ASCII: half an emoji in a mail is no reason to lose
the ticket.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.episode import EpisodeId
from engine.domain.ticket import (
    CUSTOMER_FIELDS,
    NOBODY,
    Actor,
    Customer,
    Event,
    EventKind,
    Priority,
    Status,
    Ticket,
    Value,
)
from engine.ports import EarlierText, Json, RuleKnown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_INSTANT_KEY = "at"
"""A datetime among values is written as ``{"at": SECONDS}``; no other value is a mapping."""

dumps: Callable[[object], str] = json.JSONEncoder(separators=(",", ":")).encode
"""Compact JSON in ASCII."""

loads: Callable[[str], Any] = json.JSONDecoder().decode
"""What `dumps` wrote."""


def seconds(at: datetime) -> int:
    """An aware instant as whole seconds since the UTC epoch; a part of a second is cut off.

    Raises:
        TypeError: The instant is naive.
    """
    return (at - _EPOCH) // _SECOND


def instant(epoch: int) -> datetime:
    """Seconds since the UTC epoch as an aware instant."""
    return datetime.fromtimestamp(epoch, UTC)


def maybe_seconds(at: datetime | None) -> int | None:
    """`seconds`, where there is an instant."""
    return None if at is None else seconds(at)


def maybe_instant(epoch: int | None) -> datetime | None:
    """`instant`, where there is one."""
    return None if epoch is None else instant(epoch)


# --- tickets -------------------------------------------------------------------------------------

_TICKET_TEXTS = ("raw_status", "subject", "type", "priority", "group", "assignee", "channel",
                 "language", "merged_into", "is_gone")  # fmt: skip


_REMEMBERED = 8192
"""Tickets whose last decoding is kept: what is decoded is frozen, and the same ones come again."""

_TICKET_PARTS = frozenset(part.name for part in fields(Ticket))
_CUSTOMER_PARTS = frozenset(CUSTOMER_FIELDS)
_STATUSES = {status.value: status for status in Status}
_PRIORITIES = {priority.value: priority for priority in Priority}


def encode_ticket(ticket: Ticket) -> str:
    """A ticket as JSON text."""
    data: Json = {
        "id": ticket.id,
        "created_at": seconds(ticket.created_at),
        "status": ticket.status,
        **{name: value for name in _TICKET_TEXTS if (value := getattr(ticket, name))},
    }
    if ticket.tags:
        data["tags"] = ticket.tags
    if ticket.due_at is not None:
        data["due_at"] = seconds(ticket.due_at)
    if ticket.customer != NOBODY:
        data["customer"] = _customer_parts(ticket.customer)
    if ticket.fields:
        data["fields"] = dict(ticket.fields)
    return dumps(data)


def _customer_parts(customer: Customer) -> Json:
    found = ((name, getattr(customer, name)) for name in CUSTOMER_FIELDS)
    return {name: value for name, value in found if value is not None and value is not False}


@lru_cache(maxsize=_REMEMBERED)
def decode_ticket(text: str) -> Ticket:
    """The ticket that `encode_ticket` wrote."""
    data = _known(loads(text), _TICKET_PARTS)
    data["created_at"] = instant(data["created_at"])
    data["status"] = _STATUSES[data["status"]]
    if "priority" in data:
        data["priority"] = _PRIORITIES[data["priority"]]
    if "tags" in data:
        data["tags"] = tuple(data["tags"])
    if "due_at" in data:
        data["due_at"] = instant(data["due_at"])
    if "customer" in data:
        data["customer"] = Customer(**_known(data["customer"], _CUSTOMER_PARTS))
    if "fields" in data:
        data["fields"] = MappingProxyType(data["fields"])
    return Ticket(**data)


def _known(data: dict[str, Any], parts: frozenset[str]) -> dict[str, Any]:
    """The parts that this program knows; mostly all of them."""
    if data.keys() <= parts:
        return data
    return {name: value for name, value in data.items() if name in parts}


# --- values --------------------------------------------------------------------------------------

_WORDS_OF: dict[str, Mapping[str, Any]] = {"status": _STATUSES, "priority": _PRIORITIES}
"""The fields whose texts are words of ours."""


def value_json(value: Value) -> object:
    """A field's value as JSON knows it."""
    return {_INSTANT_KEY: seconds(value)} if isinstance(value, datetime) else value


def value_of_json(field: str | None, value: Any) -> Value:  # noqa: ANN401
    """The value again; of `status` and `priority` in our own words, where they are."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return instant(value[_INSTANT_KEY])
    words = _WORDS_OF.get(field or "")
    return value if words is None else words.get(value, value)  # type: ignore[no-any-return]


# --- events --------------------------------------------------------------------------------------

_EVENT_TEXTS = ("source_id", "episode", "field", "channel", "rule", "who")
_EVENT_PARTS = frozenset({*_EVENT_TEXTS, "before", "after", "is_public", "text", "is_bounce"})
_EVENT_KINDS = {kind.value: kind for kind in EventKind}
_ACTORS = {actor.value: actor for actor in Actor}


def encode_event(event: Event) -> str:
    """What an event says besides its id, time, kind and actor, as JSON text."""
    found = ((name, getattr(event, name)) for name in _EVENT_TEXTS)
    data: Json = {name: value for name, value in found if value is not None}
    if event.before is not None:
        data["before"] = value_json(event.before)
    if event.after is not None:
        data["after"] = value_json(event.after)
    if not event.is_public:
        data["is_public"] = False
    if event.is_bounce:
        data["is_bounce"] = True
    if event.text:
        data["text"] = event.text
    return dumps(data)


@lru_cache(maxsize=4 * _REMEMBERED)
def decode_event(event_id: str, at: int, kind: str, actor: str, text: str) -> Event:
    """The event of that id, time, kind and actor that `encode_event` wrote."""
    data = _known(loads(text), _EVENT_PARTS)
    for side in ("before", "after"):
        if side in data:
            data[side] = value_of_json(data.get("field"), data[side])
    return Event(event_id, instant(at), _EVENT_KINDS[kind], _ACTORS[actor], **data)


# --- actions -------------------------------------------------------------------------------------

_ACTION_PARTS = ("level", "occurrence", "receiver", "channel", "to", "template", "text", "reason")


def encode_action(action: Action) -> str:
    """An action as JSON text."""
    found = ((name, getattr(action, name)) for name in _ACTION_PARTS)
    data: Json = {
        "key": action.key,
        "kind": action.kind,
        "audience": action.audience,
        "ticket": action.ticket,
        "subject": action.subject,
        "episode": (action.episode.rule, action.episode.subject, action.episode.anchor),
        **{name: value for name, value in found if value is not None},
    }
    if action.changes:
        data["changes"] = [
            (change.field, value_json(change.before), value_json(change.after))
            for change in action.changes
        ]
    if action.details:
        data["details"] = dict(action.details)
    if action.not_before is not None:
        data["not_before"] = seconds(action.not_before)
    if action.held:
        data["held"] = True
    if action.skipped:
        data["skipped"] = True
    return dumps(data)


def decode_action(text: str) -> Action:
    """The action that `encode_action` wrote."""
    data = loads(text)
    get = data.get
    return Action(
        key=data["key"],
        kind=ActionKind(data["kind"]),
        audience=Audience(data["audience"]),
        ticket=data["ticket"],
        subject=data["subject"],
        episode=EpisodeId(*data["episode"]),
        changes=tuple(
            FieldChange(field, value_of_json(field, before), value_of_json(field, after))
            for field, before, after in get("changes", ())
        ),
        details=MappingProxyType(get("details", {})),
        not_before=maybe_instant(get("not_before")),
        held=get("held", False),
        skipped=get("skipped", False),
        **{name: get(name) for name in _ACTION_PARTS},
    )


# --- generations ---------------------------------------------------------------------------------


def encode_rules_known(rules: Mapping[str, RuleKnown]) -> str:
    """Since when which rule texts are in force, as JSON text."""
    return dumps({rule: _rule_json(known) for rule, known in rules.items()})


def _rule_json(known: RuleKnown) -> Json:
    found: Json = {"fingerprint": known.fingerprint, "since": seconds(known.since)}
    if known.earlier:
        found["earlier"] = [
            [one.generation, one.rule, maybe_seconds(one.since)] for one in known.earlier
        ]
    return found


def decode_rules_known(text: str) -> dict[str, RuleKnown]:
    """What `encode_rules_known` wrote."""
    return {rule: _rule_known(parts) for rule, parts in loads(text).items()}


def _rule_known(parts: dict[str, Any]) -> RuleKnown:
    return RuleKnown(
        fingerprint=parts["fingerprint"],
        since=instant(parts["since"]),
        earlier=tuple(
            EarlierText(generation, rule, maybe_instant(since))
            for generation, rule, since in parts.get("earlier", ())
        ),
    )
