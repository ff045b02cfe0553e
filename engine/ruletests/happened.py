"""What came of a story: firings, messages and notices, as the pipeline itself tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.domain.actions import Action, ActionKind
from engine.domain.reason import Reason
from engine.pipeline.evaluate import Fired
from engine.pipeline.settling import Finished
from engine.ports import OutboxState
from engine.simulation.world import Moment


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that came of the story.

    Attributes:
        at: When (aware UTC).
        subject: ``HELPDESK:ID``, or a group.
        rule: Id of the rule.
    """

    at: datetime
    subject: str
    rule: str


@dataclass(frozen=True, slots=True)
class LevelFired(Happened):
    """A level, or a repetition of its notice.

    Attributes:
        number: Position in the ladder, from 1.
        name: The level's identity.
        kind: ``technical``, ``hierarchical`` or ``reminder``.
        notified: Names of the receivers that were told of it by itself, sorted.
        template: What they were told with; None where nobody was.
    """

    number: int
    name: str
    occurrence: int
    kind: str
    reason: Reason
    notified: tuple[str, ...] = ()
    template: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerTold(Happened):
    """A message to the customer.

    Attributes:
        message: ``on_escalation``, ``update`` or ``follow_up``.
        failure: Why it could not be sent; None when it was.
    """

    template: str
    message: str
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class StaffTold(Happened):
    """A notice beside those of the levels: a digest, or word that updates have ended."""

    told: tuple[str, ...]
    template: str


def gather(moments: Iterable[Moment]) -> list[Happened]:
    """Everything that came of a story, in order of time; at one instant, staff come first."""
    happened: list[Happened] = []
    for moment in moments:
        finished = moment.work.delivered.finished
        arrived = [one.row.action for one in finished if one.state is OutboxState.DELIVERED]
        notices = [one for one in arrived if one.kind is ActionKind.NOTIFY]
        happened += (_level(fired, notices) for fired in moment.work.evaluated.fired)
        happened += _staff(moment.at, arrived)
        happened += _customers(moment.at, finished)
    return happened


def _level(fired: Fired, notices: list[Action]) -> LevelFired:
    own = [one for one in notices if _is_notice_of(one, fired)]
    return LevelFired(
        at=fired.fired_at,
        subject=fired.ticket,
        rule=fired.rule,
        number=fired.level,
        name=fired.name,
        occurrence=fired.occurrence,
        kind=fired.kind or "reminder",
        reason=fired.reason,
        notified=tuple(sorted({one.receiver or "" for one in own})),
        template=own[0].template if own else None,
    )


def _is_notice_of(action: Action, fired: Fired) -> bool:
    return (action.subject, action.episode.rule, action.episode.anchor) == (
        fired.ticket,
        fired.rule,
        fired.episode,
    ) and (action.level, action.occurrence) == (fired.level, fired.occurrence)


def _staff(at: datetime, arrived: list[Action]) -> Iterator[StaffTold]:
    """Notices of no level's own, one for each rule, subject and template."""
    others: dict[tuple[str, str, str], set[str]] = {}
    for action in arrived:
        is_digest = action.kind is ActionKind.DIGEST
        if is_digest or (action.kind is ActionKind.NOTIFY and action.level is None):
            template = "digest" if is_digest else action.template or ""
            key = (action.subject, action.episode.rule, template)
            others.setdefault(key, set()).add(action.receiver or "")
    for (subject, rule, template), told in others.items():
        yield StaffTold(at, subject, rule, tuple(sorted(told)), template)


def _customers(at: datetime, finished: Iterable[Finished]) -> Iterator[CustomerTold]:
    for one in finished:
        action = one.row.action
        if action.kind is not ActionKind.REPLY:
            continue
        if one.state not in (OutboxState.DELIVERED, OutboxState.DROPPED):
            continue
        failure = None if one.state is OutboxState.DELIVERED else one.reason
        message = str(action.details.get("message"))
        yield CustomerTold(
            at, action.ticket, action.episode.rule, action.template or "", message, failure
        )
