"""Every name that one place of the rule files gives and another uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.domain.calendar import ALWAYS, Calendar
from engine.rulebook.nodes import Node, ScalarNode, Span
from engine.rulebook.report import Report
from engine.rulebook.suggestion import closest
from engine.rulebook.values import clipped, read_scalar

BUILT_IN_RECEIVERS = ("assignee", "group")
_FEW = 8
"""So many known names still fit into one hint."""

BUILT_IN_STAFF_TEMPLATES = ("escalation", "digest")


@dataclass(slots=True)
class Names:
    """What the files define.

    Attributes:
        calendars: By name; None for one whose definition is faulty.
        receivers: Where each is defined.
        rules: Where each id stands.
        templates: Names by audience.
        channels: The config file's channels; None when they are not known.
        are_complete: Every file could be read. While one cannot, what it defines is not known, so
            unknown names are not complained of: they may well be in there.
        default_wanted_at: The first place that needs the receiver `default`.
    """

    calendars: dict[str, Calendar | None] = field(default_factory=lambda: {ALWAYS.name: ALWAYS})
    receivers: dict[str, Span] = field(default_factory=dict)
    rules: dict[str, Span] = field(default_factory=dict)
    templates: Mapping[str, frozenset[str]] = field(default_factory=dict)
    channels: frozenset[str] | None = None
    are_complete: bool = True
    default_wanted_at: Span | None = None

    def calendar(self, node: Node, report: Report, what: str) -> Calendar | None:
        """The calendar that `node` names; None, reported somewhere, when there is none."""
        name = self._known(node, report, what, "calendar", self.calendars)
        return None if name is None else self.calendars.get(name.text.strip())

    def receiver(self, node: Node, report: Report, what: str) -> str | None:
        """The receiver that `node` names."""
        known = (*BUILT_IN_RECEIVERS, *self.receivers)
        name = self._known(node, report, what, "receiver", known)
        return None if name is None else name.text.strip()

    def rule(self, node: Node, report: Report, what: str) -> str | None:
        """The id of the rule that `node` names."""
        name = self._known(node, report, what, "rule", self.rules)
        return None if name is None else name.text.strip()

    def template(self, node: Node, report: Report, audience: str) -> str | None:
        """The staff or customer template that `node` names."""
        known = self.templates.get(audience, frozenset())
        scalar = read_scalar(node, report, "a template")
        if scalar is None:
            return None
        name = scalar.text.strip()
        if name in known or not self.are_complete:
            return name
        message = f"there is no {audience} template '{clipped(name)}'"
        meant = closest(name, known)
        hint = f"write it as templates/{audience}/{clipped(name)}.md"
        if meant is not None:
            hint = f"did you mean '{meant}'?"
        report.error(scalar.span, "unknown-template", message, hint)
        return None

    def want_default(self, at: Span) -> None:
        """Remember that somebody is to be told, and so that `default` must exist."""
        if self.default_wanted_at is None:
            self.default_wanted_at = at

    def _known(
        self, node: Node, report: Report, what: str, noun: str, known: Iterable[str]
    ) -> ScalarNode | None:
        scalar = read_scalar(node, report, what)
        if scalar is None:
            return None
        name = scalar.text.strip()
        if name not in known and self.are_complete:
            message = f"unknown {noun} '{clipped(name)}'"
            hint = _hint(name, tuple(known), noun)
            report.error(scalar.span, f"unknown-{noun}", message, hint)
            return None
        return scalar


def _hint(name: str, known: tuple[str, ...], noun: str) -> str:
    meant = closest(name, known)
    if meant is not None:
        return f"did you mean '{meant}'?"
    if 1 < len(known) <= _FEW:
        return f"the {noun}s are {', '.join(known)}"
    return f"define it under '{noun}s'"


def define(
    known: dict[str, Span], key: ScalarNode, noun: str, report: Report, reserved: Iterable[str] = ()
) -> str | None:
    """Enter a name that must be new over all files.

    Returns:
        The name; None, reported, when it is reserved or taken.
    """
    name = key.text.strip()
    if name in reserved:
        message = f"'{name}' is built in, so no {noun} can be called so"
        report.error(key.span, "reserved-name", message, "choose another name")
        return None
    first = known.setdefault(name, key.span)
    if first is not key.span:
        message = f"{noun} '{clipped(name)}' is defined a second time; the first is at"
        place = f"{first.file}:{first.line}:{first.column}"
        report.error(key.span, "duplicate-name", f"{message} {place}", "choose another name")
        return None
    return name
