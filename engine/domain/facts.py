"""Everything that a decision about one subject may know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from engine.domain.bounce import Bounce
from engine.domain.condition import ContactsBy
from engine.domain.contact import Contact, ContactLog
from engine.domain.episode import CustomerMessage, Episode
from engine.domain.history import History, View
from engine.domain.ruleset import CompiledRule
from engine.domain.silence import NO_SILENCES, Silences
from engine.domain.ticket import Event


@dataclass(frozen=True, slots=True)
class CustomerLimits:
    """How often a customer may hear from us, over all rules (wall-clock).

    Attributes:
        gap: Least time between two of our messages on a ticket, or to a customer.
        per_day: Most messages in any 24 hours, on a ticket or to a customer.
    """

    gap: timedelta = timedelta(hours=1)
    per_day: int = 5


@dataclass(frozen=True, slots=True)
class Known:
    """Since when a text of a rule is in force, and what was before.

    Attributes:
        since: Aware UTC.
        before: The text that it replaced, None for a new rule.
        earlier: The same of the text that it replaced; None where that is forgotten, which stands
            for ever.
    """

    since: datetime
    before: CompiledRule | None = None
    earlier: Known | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a subject when it is decided.

    Attributes:
        subject: ``HELPDESK:ID``, or ``customer:ID``, ``organization:ID``, ``everyone``.
        by: The kind of group; None when the subject is a ticket.
        members: The ticket alone, or the group's open tickets; by ticket id.
        former: Members that were closed since the group's live escalation; who took it on one of
            them has taken it.
        contacts: The group's contacts, in order of time.
        is_populated: Whether the group has open tickets at all; its members may be left out where
            its contacts cannot make any rule hold.
        episodes: All episodes of the subject that are remembered, ended ones included.
        absorbed: Episodes of the tickets that were merged into the members.
        acknowledgements: Acknowledgements given by name (link, command line).
        escalations: Per ticket: when episodes of it became escalations, sorted.
        customer_escalations: Per customer: the same, over all their tickets.
        taken: (ticket, field) that rules on other subjects write at this very instant.
        messages: Our messages to these tickets and to their customers, newest last; those that
            were skipped among them.
        being_told: Tickets on which a message to the customer is on its way: until it has arrived,
            or will not, no update follows.
        turns: Per customer that heard from us: when they turned to us, on any ticket, in order.
        last_heard: Per customer: the ticket on which they last heard from us, where it is none of
            the members.
        bounces: Addresses that mail to them came back from, each by its hash.
        known: Since when each rule's text is in force; a rule without an entry has no backlog.
        budget_used: Escalations that each rule has fired in the present period.
        limits: How often a customer may hear from us.
        silences: What is, may soon be, or lately was silenced.
    """

    subject: str
    members: Mapping[str, History]
    by: ContactsBy | None = None
    former: Mapping[str, History] = field(default_factory=lambda: MappingProxyType({}))
    contacts: ContactLog = field(default_factory=ContactLog)
    is_populated: bool = False
    episodes: tuple[Episode, ...] = ()
    absorbed: tuple[Episode, ...] = ()
    acknowledgements: tuple[Event, ...] = ()
    escalations: Mapping[str, tuple[datetime, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    customer_escalations: Mapping[str, tuple[datetime, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    taken: frozenset[tuple[str, str]] = frozenset()
    messages: tuple[CustomerMessage, ...] = ()
    being_told: frozenset[str] = frozenset()
    turns: Mapping[str, tuple[Contact, ...]] = field(default_factory=lambda: MappingProxyType({}))
    last_heard: Mapping[str, History] = field(default_factory=lambda: MappingProxyType({}))
    bounces: Mapping[str, Bounce] = field(default_factory=lambda: MappingProxyType({}))
    known: Mapping[str, Known] = field(default_factory=lambda: MappingProxyType({}))
    budget_used: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    limits: CustomerLimits = field(default_factory=CustomerLimits)
    silences: Silences = NO_SILENCES

    _views: dict[tuple[str, datetime, frozenset[str]], View] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    _by_rule: dict[str, list[Episode]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def view(self, ticket_id: str, at: datetime, without: frozenset[str] = frozenset()) -> View:
        """How a member stood at `at`, what one rule (by all its ids) wrote aside."""
        return self._view(self.members[ticket_id], at, without)

    def view_where_heard(self, customer: str, at: datetime) -> View | None:
        """How the ticket stood on which a customer last heard from us, if it is no member."""
        history = self.last_heard.get(customer)
        return self._view(history, at) if history else None

    def _view(self, history: History, at: datetime, without: frozenset[str] = frozenset()) -> View:
        rules = without & history.writing_rules
        key = (history.ticket_id, at, rules)
        found = self._views.get(key)
        if found is None:
            found = self._views[key] = history.as_of(at, rules)
        return found

    def episodes_of(self, rule_id: str) -> list[Episode]:
        """The rule's episodes on this subject, the one anchored last first."""
        if self.episodes and not self._by_rule:
            for episode in sorted(self.episodes, key=lambda one: one.anchor_at, reverse=True):
                self._by_rule.setdefault(episode.id.rule, []).append(episode)
        return self._by_rule.get(rule_id, [])
