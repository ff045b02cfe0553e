"""A command: somebody takes one escalation by the link in a notice.

Looking changes nothing, however often it is done: programs that follow every link in a mail look,
too. Only `take` writes, each link once, and only what its reader has seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.domain.episode import Episode, EpisodeId, Firing
from engine.domain.facts import Facts
from engine.domain.history import Mark
from engine.domain.link import AcknowledgementLink
from engine.domain.merge import with_passed_levels
from engine.domain.ownership import LINK, Owner, last_owner
from engine.domain.rule import Mode, Rule
from engine.domain.ticket import Actor, Event, EventKind, Ticket
from engine.pipeline.evaluate import Policy
from engine.pipeline.gather import gather
from engine.pipeline.subjects import group_subject
from engine.ports import Store, Transaction


class Footing(StrEnum):
    """How a link stands to its escalation."""

    OPEN = "open"
    USED = "replayed"
    ENDED = "ended"
    DISALLOWED = "disallowed"


@dataclass(frozen=True, slots=True)
class Escalation:
    """One escalation, as the reader of a link sees it.

    Attributes:
        ticket: The ticket as it stands, our own writes included.
        rule: None where there is no such rule any more.
        episode: None where nothing is remembered of it.
        owner: Who took it last; that may have run out.
        footing: Whether this link can still take it, or why not.
        until: Until when it would be theirs who took it now (aware UTC).
        others: Of a group: the ids of its other open tickets.
    """

    ticket: Ticket
    rule: Rule | None
    episode: Episode | None
    owner: Owner | None
    footing: Footing
    until: datetime | None
    others: tuple[str, ...] = ()

    def is_owned_by(self, link: AcknowledgementLink, now: datetime) -> bool:
        """Whether this very link took it, and that holds at `now` (aware UTC)."""
        owner = self.owner_at(now)
        return owner is not None and owner.event == _event_id(link)

    @property
    def last_level(self) -> Firing | None:
        """The level that fired last, repetitions aside."""
        fired = (f for f in self.episode.firings if f.has_fired) if self.episode else ()
        return max(fired, key=lambda one: (one.fired_at, one.level), default=None)

    def owner_at(self, now: datetime) -> Owner | None:
        """Whose it is at that instant (aware UTC); None while it is nobody's."""
        return self.owner if self.owner and self.owner.owns_at(now) else None


class Outcome(StrEnum):
    """What came of taking it; all but the first changed nothing."""

    TAKEN = "taken"
    OVERTAKEN = "overtaken"
    USED = "replayed"
    ENDED = "ended"
    DISALLOWED = "disallowed"


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it, with the escalation as it then stood."""

    outcome: Outcome
    escalation: Escalation
    subject: str


def look_at(
    tx: Transaction, policy: Policy, link: AcknowledgementLink, now: datetime
) -> Escalation | None:
    """The escalation that a link stands for; None where the ticket is unknown.

    Args:
        tx: A transaction; nothing is written.
        policy: What is in force.
        link: What the link stands for.
        now: Aware UTC.
    """
    found = _find(tx, policy, link, now)
    return found.escalation if found else None


def take(
    store: Store,
    policy: Policy,
    link: AcknowledgementLink,
    who: str,
    seen: str | None,
    now: datetime,
) -> Taken | None:
    """Take an escalation, for as long as its rule says; its levels and repeats stop.

    Args:
        store: Where it is written down.
        policy: What is in force.
        link: What the link stands for.
        who: Name of the person.
        seen: Id of the event by which it belonged to somebody when the person looked; None where
            it was nobody's. Who has not seen that somebody else took it takes nothing.
        now: Aware UTC.

    Returns:
        What came of it; None where the ticket is unknown.

    Raises:
        StoreBusyError: Lost to another writer; nothing was written, and it may be tried again.
    """
    with store.write() as tx:
        found = _find(tx, policy, link, now)
        if found is None:
            return None
        escalation = found.escalation
        if escalation.footing is not Footing.OPEN:
            return Taken(Outcome(escalation.footing.value), escalation, found.subject)
        owner = escalation.owner_at(now)
        if (owner.event if owner else None) != seen:
            return Taken(Outcome.OVERTAKEN, escalation, found.subject)
        assert escalation.episode is not None  # noqa: S101 - it is open
        event = _event(link, escalation.episode.id, who, now)
        tx.append_events(found.subject, [event])
        tx.mark_due([found.subject], now)
    with store.read() as tx:
        after = look_at(tx, policy, link, now)
    return Taken(Outcome.TAKEN, after or escalation, found.subject)


@dataclass(frozen=True, slots=True)
class _Found:
    escalation: Escalation
    subject: str


def _find(
    tx: Transaction, policy: Policy, link: AcknowledgementLink, now: datetime
) -> _Found | None:
    history = tx.histories([link.ticket]).get(link.ticket)
    if history is None:
        return None
    ticket = history.as_of(now).ticket
    subject = link.ticket if link.group is None else group_subject(link.group, ticket)
    rule = policy.ruleset.generation.rule_once_called(link.rule)
    if rule is None or subject is None:
        gone = Escalation(ticket, rule, None, None, Footing.ENDED, None)
        return _Found(gone, subject or link.ticket)
    gathered = gather(tx, [subject], policy.ruleset, policy.limits, policy.known, now)
    facts = gathered.facts(subject)
    wanted = EpisodeId(rule.id, subject, link.anchor)
    episode = _remembered(rule, facts, wanted, now)
    escalation = Escalation(
        ticket=ticket,
        rule=rule,
        episode=episode,
        owner=last_owner(rule, facts, episode, now) if episode else None,
        footing=_footing(policy, rule, facts, episode, link, now),
        until=rule.clock.calendar.add(now, rule.acknowledge.expires),
        others=tuple(sorted(facts.members.keys() - {ticket.id})),
    )
    return _Found(escalation, subject)


def _remembered(rule: Rule, facts: Facts, wanted: EpisodeId, now: datetime) -> Episode | None:
    """The episode, with what it goes on with of tickets that were merged into its own."""
    episode = next((one for one in facts.episodes if one.id == wanted), None)
    if episode is None:
        return None
    anchor = Mark(episode.id.anchor, episode.anchor_at)
    return with_passed_levels(rule, facts, episode, anchor, now)


def _footing(
    policy: Policy,
    rule: Rule,
    facts: Facts,
    episode: Episode | None,
    link: AcknowledgementLink,
    now: datetime,
) -> Footing:
    if any(event.id == _event_id(link) for event in _told_by_name(facts)):
        return Footing.USED
    is_live = episode is not None and episode.escalated_at and episode.ended_at is None
    if not is_live or rule.mode is not Mode.ACTIVE or not _is_open(facts, now):
        return Footing.ENDED
    is_allowed = policy.ruleset.generation.takes_links(rule.id)
    return Footing.OPEN if is_allowed else Footing.DISALLOWED


def _is_open(facts: Facts, now: datetime) -> bool:
    """Whether anything is left to be taken: a ticket that is open, or a group that has one."""
    if facts.by is not None:
        return facts.is_populated
    return facts.view(facts.subject, now).is_open


def _told_by_name(facts: Facts) -> Iterator[Event]:
    yield from facts.acknowledgements
    for history in facts.members.values():
        yield from history.done_to_it()


def _event_id(link: AcknowledgementLink) -> str:
    return f"acknowledged/link/{link.once}"


def _event(link: AcknowledgementLink, episode: EpisodeId, who: str, now: datetime) -> Event:
    return Event(
        id=_event_id(link),
        at=now,
        kind=EventKind.ACKNOWLEDGED,
        actor=Actor.PERSON,
        rule=episode.rule,
        episode=episode.text,
        after=link.receiver,
        channel=LINK,
        who=who,
    )
