"""Just before acting: has something happened that makes the action wrong?

A small window remains between this reading and the act; no helpdesk that we know closes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.aftermath import is_about_delivery, is_aftermath
from engine.domain.episode import MessageKind
from engine.domain.reason import Reason
from engine.domain.rule import AcknowledgeBy, Mode, Rule
from engine.domain.ruleset import Ruleset
from engine.domain.ticket import Actor, Event, EventKind, Status, Ticket, value_of
from engine.pipeline.gather import silences_of
from engine.pipeline.own_events import own_event_id
from engine.pipeline.subjects import group_of
from engine.ports import Observation, OutboxRow, Presence, Reading, TicketRecord, Transaction


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says of an action.

    Attributes:
        stop: Why it must not be done any more; None to go on.
        wait: The ticket cannot be read: later, without burning an attempt.
        silenced_until: A silence is in force: then, without burning an attempt (aware UTC).
        changes: The field changes that are left to do.
        as_of: The ticket could not be read: the notice says how old its facts are (aware UTC).
    """

    stop: Reason | None = None
    wait: bool = False
    silenced_until: datetime | None = None
    changes: tuple[FieldChange, ...] = ()
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around an action, its ticket aside.

    Attributes:
        silenced_until: Until when the rule is silenced on the ticket, if it is (aware UTC).
        others_open: A notice names further tickets, and one of these is open.
        taken: Acknowledgements of the group that it is about.
    """

    silenced_until: datetime | None = None
    others_open: bool = False
    taken: tuple[Event, ...] = ()


ALONE = Around()


def guard(
    row: OutboxRow,
    ruleset: Ruleset,
    reading: Reading,
    record: TicketRecord | None,
    around: Around = ALONE,
) -> Verdict:
    """Whether an action is still right.

    Args:
        row: The action, with the instant at which it was decided.
        ruleset: The rules in force now.
        reading: The ticket, read again from its helpdesk.
        record: The ticket as the store holds it.
        around: What else matters.
    """
    action = row.action
    rule = ruleset.generation.rule(action.episode.rule)
    if rule is None or rule.mode is not Mode.ACTIVE:
        return Verdict() if is_about_delivery(action) else Verdict(stop=Reason.OFF)
    if action.kind is ActionKind.DIGEST or is_aftermath(action):
        return Verdict()
    if reading.presence is Presence.GONE:
        return Verdict() if around.others_open else Verdict(stop=Reason.GONE)
    seen = reading.observation
    verdict = (
        _unreadable(action, record) if seen is None else _read(row, rule, seen, record, around)
    )
    if around.silenced_until is None or verdict.stop is not None:
        return verdict
    if action.audience is Audience.CUSTOMER:
        return Verdict(stop=Reason.SILENCED)
    return Verdict(silenced_until=around.silenced_until)


def around(tx: Transaction, ruleset: Ruleset, action: Action, now: datetime) -> Around:
    """What stands around an action at `now` (aware UTC)."""
    names = set(_named(action)) - {action.ticket}
    others = tx.records(names).values() if names else ()
    is_group = group_of(action.subject) is not None
    return Around(
        silenced_until=_silenced_until(tx, ruleset, action, now),
        others_open=any(_is_open(record.source) for record in others),
        taken=tx.group_events([action.subject]).get(action.subject, ()) if is_group else (),
    )


def _named(action: Action) -> list[str]:
    """The tickets that a notice names."""
    named = action.details.get("tickets") if action.kind is ActionKind.NOTIFY else None
    return [str(name) for name in named] if isinstance(named, list) else []


def _is_open(ticket: Ticket) -> bool:
    return not (ticket.status.is_resolved or ticket.is_gone or ticket.merged_into)


def _silenced_until(
    tx: Transaction, ruleset: Ruleset, action: Action, now: datetime
) -> datetime | None:
    """Until when the action's rule is silenced on its ticket (aware UTC); None when it is not.

    What a group's receivers are told waits only while all the tickets that it names are silenced.
    """
    silences = silences_of(tx, ruleset, now)
    rule = ruleset.generation.rule(action.episode.rule)
    if rule is None or not silences:
        return None
    records = tx.records({action.ticket, *_named(action)})
    over = [silences.over(rule.ids, record.source, now) for record in records.values()]
    found = [quiet.until for quiet in over if quiet is not None]
    return min(found) if found and len(found) == len(over) else None


def _read(
    row: OutboxRow, rule: Rule, seen: Observation, record: TicketRecord | None, around: Around
) -> Verdict:
    told = (*(seen.events or ()), *seen.messages, *(record.events if record else ()))
    stop = _over(row, seen.ticket, told)
    if stop is not None and around.others_open:
        stop = None  # the notice is about the others, too
    stop = stop or _overtaken(row, rule, seen.ticket, (*told, *around.taken))
    if stop is not None:
        return Verdict(stop=stop)
    if row.action.kind is not ActionKind.CHANGE:
        return Verdict()
    left = tuple(
        change
        for change in row.action.changes
        if (_is_as_seen(change, seen.ticket, record) or _is_done(change, row, seen))
        and not _was_changed(told, change.field, row.created_at)
    )
    return Verdict(changes=left) if left else Verdict(stop=Reason.CHANGED_BY_PERSON)


def _over(row: OutboxRow, ticket: Ticket, events: Sequence[Event]) -> Reason | None:
    """Why there is nothing left to do on the ticket; None where there is."""
    reason: Reason | None = None
    if ticket.is_gone:
        reason = Reason.GONE
    elif ticket.merged_into:
        reason = Reason.MERGED
    elif _is_follow_up(row.action):
        is_back = not ticket.status.is_resolved or _was_reopened(events, row.created_at)
        reason = Reason.CHANGED_BY_PERSON if is_back else None
    elif ticket.status.is_resolved:
        reason = Reason.RESOLVED
    return reason


def _overtaken(
    row: OutboxRow, rule: Rule, ticket: Ticket, events: Sequence[Event]
) -> Reason | None:
    """What has happened meanwhile that makes the action wrong, though there is something to do."""
    if row.action.audience is Audience.CUSTOMER and not _is_follow_up(row.action):
        return _why_silent(row, ticket, events)
    if row.action.audience is Audience.STAFF and _was_taken(row, rule, events):
        return Reason.ACKNOWLEDGED
    return None


def _why_silent(row: OutboxRow, ticket: Ticket, events: Sequence[Event]) -> Reason | None:
    if ticket.customer.no_updates or ticket.customer.is_automatic:
        return Reason.CUSTOMER_LIMIT
    return Reason.REPLIED if _was_answered(events, row.created_at) else None


def _unreadable(action: Action, record: TicketRecord | None) -> Verdict:
    if action.audience is Audience.STAFF:
        return Verdict(as_of=record.observed_at if record else None)
    return Verdict(wait=True)


def _is_as_seen(change: FieldChange, ticket: Ticket, record: TicketRecord | None) -> bool:
    """Whether a field stands as when it was decided, or as the helpdesk last told us."""
    found = value_of(ticket, change.field)
    return record is None or found in (value_of(record.source, change.field), change.before)


def _is_done(change: FieldChange, row: OutboxRow, seen: Observation) -> bool:
    """Whether an earlier attempt has made the change, and did not live to say so."""
    if value_of(seen.ticket, change.field) != change.after:
        return False
    echo = own_event_id(row.action, change)
    return row.attempts > 0 or any(event.id == echo for event in seen.events or ())


def _was_changed(events: Sequence[Event], name: str, since: datetime) -> bool:
    return any(
        event.kind is EventKind.CHANGED
        and event.actor is Actor.PERSON
        and event.field == name
        and event.at > since
        for event in events
    )


def _is_follow_up(action: Action) -> bool:
    return action.details.get("message") == MessageKind.FOLLOW_UP.value


def _was_reopened(events: Sequence[Event], since: datetime) -> bool:
    return any(
        event.kind is EventKind.CHANGED
        and event.field == "status"
        and not Status(str(event.after)).is_resolved
        and event.at > since
        for event in events
    )


def _was_answered(events: Sequence[Event], since: datetime) -> bool:
    return any(
        event.kind is EventKind.MESSAGE
        and event.actor is Actor.PERSON
        and event.is_public
        and event.at > since
        for event in events
    )


def _was_taken(row: OutboxRow, rule: Rule, events: Sequence[Event]) -> bool:
    """Whether somebody took the escalation after the notice of one of its levels was decided."""
    if row.action.level is None:
        return False  # it tells of something else than a level
    since = [event for event in events if event.at > row.created_at]
    return any(_acknowledges(event, row, rule) for event in since)


def _acknowledges(event: Event, row: OutboxRow, rule: Rule) -> bool:
    if event.kind is EventKind.ACKNOWLEDGED:
        episode = row.action.episode
        return event.rule in (None, episode.rule) and event.episode in (None, episode.text)
    if event.actor is not Actor.PERSON or not _is_of_an_escalation(row.action):
        return False
    accepted = rule.acknowledge.by
    if event.kind is EventKind.MESSAGE:
        return event.is_public and AcknowledgeBy.REPLY in accepted
    is_assignment = event.kind is EventKind.CHANGED and event.field == "assignee"
    return is_assignment and bool(event.after) and AcknowledgeBy.ASSIGNMENT in accepted


def _is_of_an_escalation(action: Action) -> bool:
    level = action.details.get("level")
    return isinstance(level, dict) and level.get("kind") is not None
