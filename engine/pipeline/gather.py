"""Collecting from the store what a decision may know, for a batch of subjects at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from engine.domain.bounce import Bounce, address_hash
from engine.domain.budget import period_start
from engine.domain.condition import ContactsBy, ContactsTest
from engine.domain.contact import Contact, ContactLog, within
from engine.domain.episode import CustomerMessage, Episode
from engine.domain.facts import CustomerLimits, Facts, Known
from engine.domain.history import History
from engine.domain.matching import earliest
from engine.domain.ruleset import CompiledRule, Ruleset
from engine.domain.silence import Silences
from engine.domain.ticket import Event
from engine.pipeline.subjects import group_of
from engine.ports import Transaction

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Gathered:
    """What a batch's decisions may know, brought up to date as the batch is decided."""

    now: datetime
    ruleset: Ruleset
    limits: CustomerLimits
    known: Mapping[str, Known]
    histories: dict[str, History]
    members: dict[str, tuple[str, ...]]
    contacts: dict[str, ContactLog]
    populated: set[str]
    episodes: dict[str, tuple[Episode, ...]]
    absorbed: dict[str, tuple[Episode, ...]]
    former: dict[str, dict[str, History]]
    group_events: dict[str, tuple[Event, ...]]
    customer_escalations: dict[str, tuple[datetime, ...]]
    messages: list[CustomerMessage]
    being_told: set[str]
    turns: dict[str, tuple[Contact, ...]]
    last_heard: dict[str, History]
    bounces: dict[str, Bounce]
    silences: Silences
    budget_used: dict[str, int] = field(default_factory=dict)

    def facts(self, subject: str) -> Facts:
        """What a decision about one subject may know now."""
        group = group_of(subject)
        names = (subject,) if group is None else self.members.get(subject, ())
        members = {name: self.histories[name] for name in names if name in self.histories}
        customers = {history.customer_at(self.now) for history in members.values()}
        merged = {
            one.history.ticket_id: name
            for name, history in members.items()
            for one in history.absorbed
            if one.at <= self.now
        }
        return Facts(
            subject=subject,
            members=members,
            by=group[0] if group else None,
            former=self.former.get(subject, {}),
            contacts=self.contacts.get(subject) or ContactLog(),
            is_populated=subject in self.populated,
            episodes=self.episodes.get(subject, ()),
            absorbed=tuple(e for name in merged for e in self.absorbed.get(name, ())),
            acknowledgements=self.group_events.get(subject, ()) if group else (),
            escalations={name: self._escalations(name) for name in members},
            customer_escalations=self.customer_escalations,
            messages=tuple(
                replace(message, ticket=merged[message.ticket])
                if message.ticket in merged
                else message
                for message in self.messages
                if message.ticket in members
                or message.ticket in merged
                or message.customer in customers
            ),
            being_told=frozenset(merged.get(name, name) for name in self.being_told),
            turns=self.turns,
            last_heard=self.last_heard,
            bounces=self.bounces,
            known=self.known,
            budget_used=self.budget_used,
            limits=self.limits,
            silences=self.silences,
        )

    def _escalations(self, ticket: str) -> tuple[datetime, ...]:
        instants = (episode.escalated_at for episode in self.episodes.get(ticket, ()))
        return tuple(sorted(at for at in instants if at is not None))

    def add(self, messages: Iterable[CustomerMessage], spent: Mapping[str, int]) -> None:
        """What one decision of the batch did, for the next ones to know."""
        for message in messages:
            self.messages.append(message)
            if message.is_said:
                self.being_told.add(message.ticket)
        for rule, count in spent.items():
            self.budget_used[rule] = self.budget_used.get(rule, 0) + count


def gather(
    tx: Transaction,
    subjects: Sequence[str],
    ruleset: Ruleset,
    limits: CustomerLimits,
    known: Mapping[str, Known],
    now: datetime,
) -> Gathered:
    """Read everything that the decisions about `subjects` at `now` may know."""
    members: dict[str, tuple[str, ...]] = {}
    contacts: dict[str, ContactLog] = {}
    populated: set[str] = set()
    former: dict[str, dict[str, History]] = {}
    episodes = tx.episodes(subjects)
    for subject in subjects:
        group = group_of(subject)
        if group is None:
            continue
        by, key = group
        contacts[subject], holds = _contacts(tx, ruleset.of_groups(by), group, now)
        open_tickets = tuple(tx.open_tickets_of(by, key))
        members[subject] = open_tickets if holds else ()
        populated |= {subject} if open_tickets else set()
        former[subject] = _former(tx, contacts[subject], members[subject], episodes.get(subject))
    tickets = {
        *(subject for subject in subjects if group_of(subject) is None),
        *(name for names in members.values() for name in names),
    }
    histories = tx.histories(tickets)
    missing = tickets - set(subjects)
    episodes = {**episodes, **(tx.episodes(missing) if missing else {})}
    merged = {one.history.ticket_id for h in histories.values() for one in h.absorbed}
    customers = {c for h in histories.values() if (c := h.customer_at(now))}
    speaks = any(compiled.rule.customer is not None for compiled in ruleset.rules)
    names = histories.keys() | merged
    messages = tx.customer_messages(customers, names, _EVER) if speaks else ()
    return Gathered(
        now=now,
        ruleset=ruleset,
        limits=limits,
        known=known,
        histories=histories,
        members=members,
        contacts=contacts,
        populated=populated,
        episodes=episodes,
        absorbed=_absorbed(tx, merged) if merged else {},
        former=former,
        group_events=tx.group_events(members) if members else {},
        customer_escalations=(
            tx.escalations_of_customers(customers) if ruleset.reads_customer_escalations else {}
        ),
        messages=list(messages),
        being_told=set(tx.being_told(names)) if speaks else set(),
        turns=_turns(tx, messages, customers),
        last_heard=_last_heard(tx, messages, histories, customers, now),
        bounces=tx.bounces(_addresses(histories.values(), now)) if speaks else {},
        silences=silences_of(tx, ruleset, now),
        budget_used={
            compiled.rule.id: tx.budget_used(
                compiled.rule.id, period_start(compiled.rule.budget, now)
            )
            for compiled in ruleset.rules
        },
    )


def _former(
    tx: Transaction, log: ContactLog, members: Iterable[str], episodes: Iterable[Episode] | None
) -> dict[str, History]:
    """The stories of members that were closed since the group's oldest live escalation."""
    live = (one.escalated_at for one in episodes or () if one.ended_at is None)
    escalated_at = earliest(live)
    if escalated_at is None:
        return {}
    names = {contact.ticket.id for contact in log.contacts} - set(members)
    return tx.histories(tx.closed_since(names, escalated_at))


def _absorbed(tx: Transaction, merged: set[str]) -> dict[str, tuple[Episode, ...]]:
    """The episodes of merged tickets, less the levels of which nobody heard."""
    unsent = {(one.episode, one.level, one.occurrence) for one in tx.unsent_notices(merged)}
    return {
        name: tuple(
            replace(
                episode,
                firings=tuple(
                    firing
                    for firing in episode.firings
                    if (episode.id, firing.level, firing.occurrence) not in unsent
                ),
            )
            for episode in episodes
        )
        for name, episodes in tx.episodes(merged).items()
    }


def silences_of(tx: Transaction, ruleset: Ruleset, now: datetime) -> Silences:
    """What is silenced, will be, or was so lately that lateness may count from its end."""
    latest = max((c.rule.max_lateness for c in ruleset.rules), default=timedelta())
    return Silences((*tx.silences(now - latest), *ruleset.generation.silences))


def _turns(
    tx: Transaction, messages: Iterable[CustomerMessage], customers: Collection[str]
) -> dict[str, tuple[Contact, ...]]:
    """When customers turned to us, since they first heard from us: it may be their machine."""
    since: dict[str, datetime] = {}
    for said in messages:
        if said.customer in customers and said.customer is not None:
            since[said.customer] = min(said.deliver_at, since.get(said.customer, said.deliver_at))
    return {
        customer: tx.contacts(ContactsBy.CUSTOMER, customer, at) for customer, at in since.items()
    }


def _last_heard(
    tx: Transaction,
    messages: Iterable[CustomerMessage],
    known: Mapping[str, History],
    customers: Collection[str],
    now: datetime,
) -> dict[str, History]:
    """On which ticket each customer last heard from us: there a machine's answer may stand."""
    tickets: dict[str, str] = {}
    for said in messages:  # the newest comes last
        if said.customer in customers and said.customer is not None and said.deliver_at <= now:
            tickets[said.customer] = said.ticket
    missing = set(tickets.values()) - known.keys()
    histories = {**known, **(tx.histories(missing) if missing else {})}
    return {c: histories[name] for c, name in tickets.items() if name in histories}


def _addresses(histories: Iterable[History], now: datetime) -> set[str]:
    found = (address_hash(history.addressee_at(now)) for history in histories)
    return {address for address in found if address is not None}


def _contacts(
    tx: Transaction,
    rules: tuple[CompiledRule, ...],
    group: tuple[ContactsBy, str | None],
    now: datetime,
) -> tuple[ContactLog, bool]:
    """A group's contacts, and whether there are enough for any rule to hold.

    Most customers have turned to us once: only where the windows hold enough are all contacts read,
    for the anchor may lie further back than any window.
    """
    tests = [test for compiled in rules if (test := compiled.contacts) is not None]
    longest = max((test.within for test in tests), default=timedelta())
    lately = tx.contacts(*group, now - longest)
    if not any(_are_enough(test, lately, now) for test in tests):
        return ContactLog(lately), False
    return ContactLog(tx.contacts(*group, None)), True


def _are_enough(test: ContactsTest, contacts: Sequence[Contact], now: datetime) -> bool:
    return len(within(test, list(contacts), now)) >= test.at_least
