"""Values for the store's tests: whole where nobody cares, and told what somebody does."""
# ruff: noqa: ANN401  (what a test does not care about is anything)

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.contact import Contact
from engine.domain.episode import (
    CustomerMessage,
    Episode,
    EpisodeId,
    Firing,
    MessageKind,
    Passing,
)
from engine.domain.reason import Reason, Verdict
from engine.domain.rule import Kind
from engine.domain.ticket import Actor, Customer, Event, EventKind, Ticket
from engine.ports import DecisionRecord, TicketRecord, Transaction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def ticket(number: int = 1, customer: str | None = "c1", **rest: Any) -> Ticket:
    organization = rest.pop("organization", None)
    return Ticket(
        id=f"desk:{number}",
        created_at=rest.pop("created_at", NOON),
        customer=Customer(id=customer, organization=organization),
        **rest,
    )


def record(source: Ticket, *events: Event) -> TicketRecord:
    return TicketRecord(opening=source, source=source, events=events, observed_at=NOON)


def keep(transaction: Transaction, of: TicketRecord, present: Ticket) -> None:
    transaction.save_records([(of, present)])


def event(name: str, at: datetime = NOON, **rest: Any) -> Event:
    return Event(id=name, at=at, kind=rest.pop("kind", EventKind.MESSAGE), **rest)


def our_event(name: str, at: datetime = NOON) -> Event:
    return event(name, at, kind=EventKind.CHANGED, actor=Actor.OURSELVES, field="group")


def contact(of: Ticket, at: datetime = NOON, key: str = "k") -> Contact:
    return Contact(of, key, at, channel=None)


def episode_id(subject: str = "desk:1", rule: str = "late", anchor: str = "a1") -> EpisodeId:
    return EpisodeId(rule, subject, anchor)


def episode(subject: str = "desk:1", **rest: Any) -> Episode:
    return Episode(id=rest.pop("id", episode_id(subject)), anchor_at=NOON, **rest)


def firing(identity: str = "first", **rest: Any) -> Firing:
    defaults: dict[str, Any] = {
        "level": 1,
        "identity": identity,
        "occurrence": 1,
        "kind": Kind.TECHNICAL,
        "due_at": NOON,
        "fired_at": NOON + MINUTE,
        "reason": Reason.LEVEL_DUE,
        "passing": Passing.FIRED,
        "generation": "g1",
    }
    return Firing(**defaults | rest)


def message(of: EpisodeId, **rest: Any) -> CustomerMessage:
    defaults: dict[str, Any] = {
        "episode": of,
        "ticket": "desk:1",
        "customer": "c1",
        "message": MessageKind.UPDATE,
        "occurrence": 1,
        "template": "still-working",
        "due_at": NOON,
        "deliver_at": NOON,
    }
    return CustomerMessage(**defaults | rest)


def action(key: str = "k1", kind: ActionKind = ActionKind.NOTE, **rest: Any) -> Action:
    audiences = {
        ActionKind.NOTIFY: Audience.STAFF,
        ActionKind.DIGEST: Audience.STAFF,
        ActionKind.REPLY: Audience.CUSTOMER,
    }
    defaults: dict[str, Any] = {
        "audience": audiences.get(kind, Audience.TICKET),
        "ticket": "desk:1",
        "subject": "desk:1",
        "episode": episode_id(),
    }
    return Action(key=key, kind=kind, **defaults | rest)


def notice(key: str, to: str, **rest: Any) -> Action:
    return action(key, ActionKind.NOTIFY, channel="email", to=to, receiver="lead", **rest)


def reply(key: str, message: str = "update", occurrence: int = 1, **rest: Any) -> Action:
    details = {"message": message}
    return action(key, ActionKind.REPLY, details=details, occurrence=occurrence, **rest)


def decision(subject: str = "desk:1", rule: str = "late", **rest: Any) -> DecisionRecord:
    defaults: dict[str, Any] = {
        "at": NOON,
        "verdict": Verdict.WAITING,
        "reason": Reason.NOT_YET,
        "generation": "g1",
        "evidence": {"anchor": "a1"},
    }
    return DecisionRecord(subject=subject, rule=rule, **defaults | rest)
