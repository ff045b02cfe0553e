"""A generation's rules, compiled and in the order in which they are decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from engine.domain.anchor import group_test
from engine.domain.condition import ESCALATION_COUNTS, ContactsBy, ContactsTest, reads
from engine.domain.matching import Compiled, compile_condition, dispatch_values
from engine.domain.rule import Generation, Mode, Rule
from engine.domain.ticket import Priority, Status, Ticket

MOST_ANSWERS = 4096
"""Few-valued fields have few combinations; a desk that makes up types must not fill the memory."""


@dataclass(frozen=True)
class CompiledRule:
    """A rule with its condition as closures.

    Attributes:
        requires: What it requires of priority, type and status; None where any value could do.
        inhibited_by: Ids of the active rules that may hold this one back.
    """

    rule: Rule
    condition: Compiled
    requires: tuple[frozenset[str] | None, ...]
    inhibited_by: tuple[str, ...] = ()
    _answers: dict[tuple[Priority | None, str | None, Status], bool] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def contacts(self) -> ContactsTest | None:
        """The test that makes its subject a group, if any."""
        return group_test(self.rule.match)

    @cached_property
    def reads_our_messages(self) -> bool:
        """Whether what we write to the customer can change that it holds."""
        return reads(self.rule.match, "since_public_update")

    @cached_property
    def reads_escalations(self) -> bool:
        """Whether it tests how often the ticket, or its customer's tickets, were escalated."""
        return any(reads(self.rule.match, name) for name in ESCALATION_COUNTS)

    def concerns(self, ticket: Ticket) -> bool:
        """Whether the ticket has the plain values without which the rule can not hold.

        Of a resolved ticket the status is not asked: what it was before it was resolved counts.
        """
        key = (ticket.priority, ticket.type, ticket.status)
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            found = self._answers[key] = self._is_concerned_by(ticket)
        return found

    def _is_concerned_by(self, ticket: Ticket) -> bool:
        values = [ticket.effective_priority.value, ticket.type]
        if not ticket.status.is_resolved:
            values.append(ticket.status.value)
        return all(
            required is None or (value is not None and value.casefold() in required)
            for required, value in zip(self.requires, values, strict=False)
        )


def compile_rule(rule: Rule, inhibited_by: Iterable[str] = ()) -> CompiledRule:
    """Compile one rule's condition, in its own calendar and pauses."""
    return CompiledRule(
        rule=rule,
        condition=compile_condition(rule.match, rule.clock.calendar, rule.clock.pause_while),
        requires=dispatch_values(rule.match),
        inhibited_by=tuple(inhibited_by),
    )


@dataclass(frozen=True)
class Ruleset:
    """A generation, ready to decide with.

    Attributes:
        rules: Every rule, inhibiting ones before those that they hold back, else in file order.
    """

    generation: Generation
    rules: tuple[CompiledRule, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(_ordered(self.generation.rules)))

    def rule(self, rule_id: str) -> CompiledRule | None:
        """The rule of that id, if this generation has it."""
        return self._by_id.get(rule_id)

    def of_tickets(self) -> tuple[CompiledRule, ...]:
        """The rules whose subject is a ticket."""
        return self._by_kind.get(None, ())

    def of_groups(self, by: ContactsBy) -> tuple[CompiledRule, ...]:
        """The rules whose subject is a group of that kind."""
        return self._by_kind.get(by, ())

    @cached_property
    def _by_id(self) -> dict[str, CompiledRule]:
        return {compiled.rule.id: compiled for compiled in self.rules}

    @cached_property
    def _by_kind(self) -> dict[ContactsBy | None, tuple[CompiledRule, ...]]:
        kinds: dict[ContactsBy | None, list[CompiledRule]] = {}
        for compiled in self.rules:
            kinds.setdefault(compiled.rule.groups_by, []).append(compiled)
        return {kind: tuple(rules) for kind, rules in kinds.items()}

    @cached_property
    def reads_customer_escalations(self) -> bool:
        """Whether any rule tests how often a customer's tickets were escalated."""
        return any(reads(c.rule.match, "customer.escalations") for c in self.rules)

    @cached_property
    def reads_escalations(self) -> bool:
        """Whether any rule tests how often a ticket, or its customer's tickets, were escalated."""
        return any(compiled.reads_escalations for compiled in self.rules)

    @cached_property
    def group_kinds(self) -> tuple[ContactsBy, ...]:
        """The kinds of group that some rule reads."""
        return tuple(kind for kind in ContactsBy if self.of_groups(kind))


def _ordered(rules: tuple[Rule, ...]) -> list[CompiledRule]:
    """Inhibitors first; the rule files were refused if they inhibit in a circle."""
    inhibitors: dict[str, list[str]] = {rule.id: [] for rule in rules}
    for rule in rules:
        for name in rule.inhibits:
            if rule.mode is Mode.ACTIVE and name in inhibitors:
                inhibitors[name].append(rule.id)
    by_id = {rule.id: rule for rule in rules}
    ordered: dict[str, CompiledRule] = {}

    def place(rule: Rule) -> None:
        if rule.id in ordered:
            return
        for name in inhibitors[rule.id]:
            place(by_id[name])
        ordered[rule.id] = compile_rule(rule, inhibitors[rule.id])

    for rule in rules:
        place(rule)
    return list(ordered.values())
