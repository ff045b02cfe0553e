"""What the steps and expectations of a case may name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.domain.rule import Rule
from engine.domain.ruleset import Ruleset
from engine.rulebook.fields import Fields
from engine.rulebook.nodes import ListNode, Node
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped, read_scalar
from engine.ruletests.stamps import Stamps

_FEW = 3
"""So many tickets are named in a hint."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The surroundings of a step or an expectation.

    Attributes:
        rulesets: All rules that are in force at some time of the case; None stands for rules that
            could not be read, and then no name of a rule is complained of.
        load: Reads the rule files that a node names.
        tickets: The whole ids of the case's tickets → when each comes in (aware UTC).
        until: The end of the case (aware UTC); None where it is not known.
    """

    stamps: Stamps
    rulesets: tuple[Ruleset | None, ...]
    load: Callable[[Node], Ruleset | None]
    tickets: Mapping[str, datetime] = field(default_factory=dict)
    until: datetime | None = None

    @property
    def report(self) -> Report:
        """Takes the problems."""
        return self.stamps.report

    def instant(self, node: Node, what: str) -> datetime | None:
        """An instant of the case (aware UTC)."""
        at = self.stamps.read(node, what)
        if at is None or self.stamps.start is None:
            return at
        if at < self.stamps.start:
            self.report.error(node.span, "instant", f"{what} lies before 'start'")
        elif self.until is not None and at > self.until:
            hint = "nothing is looked at after 'until'"
            self.report.error(node.span, "instant", f"{what} lies after 'until'", hint)
        return at

    # --- tickets ---

    def ticket(self, node: Node, what: str = "'ticket'") -> str | None:
        """The whole id of the ticket that a node names; None, reported, when there is none."""
        scalar = read_scalar(node, self.report, what, "the id of a ticket")
        if scalar is None:
            return None
        name = scalar.text.strip()
        shorts = {ticket.partition(":")[2]: ticket for ticket in self.tickets}
        found = name if name in self.tickets else shorts.get(name)
        if found is None and self.tickets:
            hint = did_you_mean(name, shorts)
            message = f"the case has no ticket '{clipped(name)}'"
            self.report.error(scalar.span, "unknown-ticket", message, hint)
        return found

    def ticket_of(self, fields: Fields) -> str | None:
        """The ticket of a step; it may be left out where there is but one."""
        node = fields.value("ticket")
        if node is not None:
            return self.ticket(node)
        if len(self.tickets) > 1 and "ticket" not in fields:
            message = "which of the tickets is meant?"
            self.report.error(fields.span, "missing-key", message, self.which("ticket"))
        return self.only_ticket

    @property
    def only_ticket(self) -> str | None:
        """The ticket, where there is but one."""
        return next(iter(self.tickets)) if len(self.tickets) == 1 else None

    def which(self, key: str) -> str:
        """A hint that names some of the tickets under the key that takes them."""
        names = [f"{key}: {ticket.partition(':')[2]}" for ticket in self.tickets]
        return f"write {' or '.join(names[:_FEW])}"

    def is_there(self, ticket: str, at: datetime, node: Node) -> bool:
        """Whether a ticket has come in by then; reported if it has not."""
        if at >= self.tickets[ticket]:
            return True
        if self.stamps.start is not None and at < self.stamps.start:
            return False  # which has been said
        name = clipped(ticket.partition(":")[2])
        message = f"ticket '{name}' has not come in yet at this time"
        self.report.error(node.span, "instant", message, "correct its 'at', or this one")
        return False

    # --- rules ---

    @property
    def are_rules_known(self) -> bool:
        """Whether all rules could be read."""
        return None not in self.rulesets

    @property
    def rules(self) -> Iterator[Rule]:
        """All rules that are in force at some time; one that was edited comes several times."""
        for ruleset in self.rulesets:
            yield from ruleset.generation.rules if ruleset else ()

    def rule(self, node: Node) -> str | None:
        """The id of the rule that a node names."""
        names = {rule.id for rule in self.rules}
        return self._known(node, "rule", "'rule'", sorted(names))

    def level(self, node: Node, rule: str) -> str | int | None:
        """The level of a rule, by name or by number."""
        levels = [level for one in self.rules if one.id == rule for level in one.levels]
        names = list(dict.fromkeys(level.identity for level in levels))
        scalar = read_scalar(node, self.report, "'level'", "a level's name or number")
        if scalar is None:
            return None
        text = scalar.text.strip()
        if text in names or not self.are_rules_known:
            return text
        if text.isdecimal() and int(text) in {level.number for level in levels}:
            return int(text)
        hint = did_you_mean(text, names) or f"the levels of {rule} are {', '.join(names)}"
        message = f"rule {rule} has no level '{clipped(text)}'"
        self.report.error(scalar.span, "unknown-level", message, hint)
        return None

    def template(self, node: Node) -> str | None:
        """The name of a customer template that some rule sends."""
        plans = [rule.customer for rule in self.rules if rule.customer is not None]
        names = [plan.on_escalation for plan in plans]
        names += [plan.updates.template for plan in plans if plan.updates]
        names += [plan.follow_up.template for plan in plans if plan.follow_up]
        known = sorted({name for name in names if name})
        return self._known(node, "template", "'customer'", known)

    def receivers(self, node: Node) -> tuple[str, ...]:
        """Names of receivers, as they are found in the end; an empty list stands for nobody."""
        known = {name for one in self.rulesets if one for name in one.generation.receivers}
        items = node.items if isinstance(node, ListNode) else (node,)
        found = [self._known(each, "receiver", "a receiver", sorted(known)) for each in items]
        return tuple(name for name in found if name is not None)

    def _known(self, node: Node, noun: str, what: str, names: list[str]) -> str | None:
        scalar = read_scalar(node, self.report, what)
        if scalar is None:
            return None
        name = scalar.text.strip()
        if name in names or not self.are_rules_known:
            return name
        hint = did_you_mean(name, names)
        message = f"unknown {noun} '{clipped(name)}'"
        self.report.error(scalar.span, f"unknown-{noun}", message, hint)
        return None
