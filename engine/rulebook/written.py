"""What the files define, beside where they say it: what lints and other late looks point at."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.calendar import Calendar
from engine.domain.rule import MessageTemplate, Receiver, Rule
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode, Span

Step = str | int
"""A key, or a position in a list from 0."""


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule that was read without fault, and its text."""

    rule: Rule
    node: MapNode

    def find(self, *path: Step) -> Node | None:
        """What stands at the end of a path of keys and positions; None when nothing does."""
        found: Node | None = self.node
        for step in path:
            found = None if found is None else _below(found, step)
        return found

    def at(self, *path: Step) -> Span:
        """Where a path leads: to a single value, or to the key of a list or mapping.

        A path that leads nowhere ends where the text does.
        """
        node: Node = self.node
        span = node.span
        for step in path:
            below = _below(node, step)
            if below is None:
                break
            span = below.span if isinstance(below, ScalarNode) else _name_span(node, step, below)
            node = below
        return span


@dataclass(frozen=True, slots=True)
class WrittenCalendar:
    """A calendar that was read without fault, and its text."""

    calendar: Calendar
    node: MapNode

    @property
    def at_holidays(self) -> Span:
        """Where its holidays stand."""
        return _key_span(self.node, "holidays")


@dataclass(frozen=True, slots=True)
class WrittenTemplate:
    """A template, and where its two parts stand in its file.

    Attributes:
        file: The path as the person named it.
        subject_at: The text of the subject.
        body_line: The line, from 1, on which the body begins.
    """

    template: MessageTemplate
    file: str
    subject_at: Span
    body_line: int


@dataclass(frozen=True, slots=True)
class Written:
    """All that was read, with its places.

    Attributes:
        rules: In running order; empty unless every file is free of errors, as are calendars and
            receivers.
        calendars: By file and place.
        receivers: In the order in which they are defined.
        templates: All that could be read, whatever is wrong elsewhere.
    """

    rules: tuple[WrittenRule, ...] = ()
    calendars: tuple[WrittenCalendar, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    templates: tuple[WrittenTemplate, ...] = ()


def _below(node: Node, step: Step) -> Node | None:
    if isinstance(step, str):
        return node.get(step) if isinstance(node, MapNode) else None
    is_there = isinstance(node, ListNode) and step < len(node.items)
    return node.items[step] if is_there and isinstance(node, ListNode) else None


def _name_span(node: Node, step: Step, below: Node) -> Span:
    if isinstance(node, MapNode) and isinstance(step, str):
        return _key_span(node, step)
    return below.span


def _key_span(node: MapNode, name: str) -> Span:
    return next((key.span for key, _ in node.entries if key.text == name), node.span)
