"""A world of some tickets without a store: what `decide` asks for happens at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from engine.domain.actions import Action, ActionKind
from engine.domain.condition import ContactsBy
from engine.domain.contact import ContactLog
from engine.domain.decide import Outcome, decide
from engine.domain.episode import CustomerMessage, Episode, EpisodeId, Passing
from engine.domain.facts import Facts, Known
from engine.domain.history import History
from engine.domain.matching import earliest
from engine.domain.ruleset import Ruleset
from engine.domain.silence import NO_SILENCES, Silences
from engine.domain.ticket import Actor, Event, EventKind, Ticket

CORA = "customer:cora"
MOST_LOOKS = 20


@dataclass
class World:
    """Tickets of one customer, and what the rules have made of them.

    Attributes:
        openings: The tickets, by id.
        story: Ticket id → what happens to it, in order of time.
        silences: What is silenced, known from the start.
        ours: Ticket id → what we wrote.
        checks: Subject → when it is to be looked at next; None when only an event matters.
        log: What was done: (instant, subject, what), in order.
    """

    ruleset: Ruleset
    openings: dict[str, Ticket]
    story: dict[str, tuple[Event, ...]]
    known: dict[str, Known] = field(default_factory=dict)
    silences: Silences = NO_SILENCES
    ours: dict[str, list[Event]] = field(default_factory=dict)
    episodes: dict[EpisodeId, Episode] = field(default_factory=dict)
    checks: dict[str, datetime | None] = field(default_factory=dict)
    log: list[tuple[datetime, str, str]] = field(default_factory=list)

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The tickets, and their customer where rules count contacts."""
        return (*self.openings, *((CORA,) if self.ruleset.group_kinds else ()))

    @cached_property
    def event_instants(self) -> list[datetime]:
        """When anything happens to any ticket."""
        created = (ticket.created_at for ticket in self.openings.values())
        return sorted({*created, *(e.at for events in self.story.values() for e in events)})

    def next_instant(self, after: datetime) -> datetime | None:
        """When the world would look next if it trusts `next_check_at`."""
        arrivals = (at for at in self.event_instants if at > after)
        return earliest((next(arrivals, None), earliest(self.checks.values())))

    def look(self, now: datetime) -> None:
        """Decide about what is due at `now` until nothing moves."""
        for name, opening in self.openings.items():
            instants = (opening.created_at, *(e.at for e in self.story[name]))
            if now in instants:
                self._mark(name, now)
        for _ in range(MOST_LOOKS):
            due = [s for s in self.subjects if (at := self.checks.get(s)) and at <= now]
            if not due:
                return
            for subject in due:
                self._decide(subject, now)
        raise AssertionError(f"nothing comes to rest at {now}")

    def look_at_everything(self, now: datetime) -> None:
        """Decide about every ticket that there is, whatever was said about when to look."""
        for subject in self.subjects:
            self._mark(subject, now)
        self.look(now)

    def _mark(self, name: str, now: datetime) -> None:
        for subject in (name, *((CORA,) if self.ruleset.group_kinds else ())):
            at = self.checks.get(subject)
            self.checks[subject] = now if at is None else min(at, now)

    # --- what is known ---

    def facts(self, subject: str, now: datetime) -> Facts:
        """What a decision about a subject may know at `now`."""
        histories = {name: self._history(name, now) for name in self._born(now)}
        if subject == CORA:
            each = (c for history in histories.values() for c in history.as_of(now).contacts)
            contacts = sorted(each, key=lambda c: (c.at, c.ticket.id, c.key))
            members = {n: h for n, h in histories.items() if h.as_of(now).is_open}
        else:
            contacts, members = [], {n: h for n, h in histories.items() if n == subject}
        episodes = tuple(e for e in self.episodes.values() if e.id.subject == subject)
        return Facts(
            subject=subject,
            members=members,
            by=ContactsBy.CUSTOMER if subject == CORA else None,
            contacts=ContactLog(contacts),
            episodes=episodes,
            escalations={name: self._escalated(name) for name in members},
            messages=self._messages(),
            known=self.known,
            silences=self.silences,
        )

    def _born(self, now: datetime) -> Iterable[str]:
        return (name for name, ticket in self.openings.items() if ticket.created_at <= now)

    def _history(self, name: str, now: datetime) -> History:
        told = [event for event in self.story[name] if event.at <= now]
        events = sorted((*told, *self.ours.get(name, ())), key=lambda event: event.at)
        return History(self.openings[name], tuple(events))

    def _escalated(self, name: str) -> tuple[datetime, ...]:
        own = (e.escalated_at for e in self.episodes.values() if e.id.subject == name)
        return tuple(sorted(at for at in own if at is not None))

    def _messages(self) -> tuple[CustomerMessage, ...]:
        each = (message for episode in self.episodes.values() for message in episode.messages)
        return tuple(sorted(each, key=lambda message: message.deliver_at))

    # --- what is done ---

    def _decide(self, subject: str, now: datetime) -> None:
        outcome = decide(
            self.facts(subject, now), self.ruleset, self.ruleset.generation.receivers, now
        )
        self.checks[subject] = outcome.next_check_at
        self.episodes.update({episode.id: episode for episode in outcome.episodes})
        self._remember(subject, outcome, now)
        for action in outcome.actions:
            self._act(action, now)

    def _remember(self, subject: str, outcome: Outcome, now: datetime) -> None:
        for new in outcome.firings:
            firing = new.firing
            how = "" if firing.passing is Passing.FIRED else f" {firing.passing}"
            what = f"{new.standing.rule.id}/{firing.identity}#{firing.occurrence}{how}"
            self.log.append((now, subject, f"{what} due {firing.due_at:%d %H:%M:%S}"))
        for message in outcome.messages:
            skipped = " skipped" if message.skipped else ""
            what = f"{message.episode.rule} {message.message} {message.occurrence}{skipped}"
            self.log.append((now, subject, what))

    def _act(self, action: Action, now: datetime) -> None:
        if action.skipped:
            return
        written = self.ours.setdefault(action.ticket, [])
        ours = Event(
            action.key, now, EventKind.MESSAGE, Actor.OURSELVES,
            episode=action.episode.text, rule=action.episode.rule,
        )  # fmt: skip
        if action.kind is ActionKind.REPLY:
            written.append(replace(ours, rule=None))
        elif action.kind is ActionKind.CHANGE:
            written.extend(
                replace(
                    ours, id=f"{action.key}|{change.field}", kind=EventKind.CHANGED,
                    field=change.field, before=change.before, after=change.after,
                )
                for change in action.changes
            )  # fmt: skip
        else:
            return
        self._mark(action.ticket, now)
