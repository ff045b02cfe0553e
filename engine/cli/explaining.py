"""An explanation as a person reads it: a headline for each rule, and below it why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Final

import click

from engine.cli.headline import in_short
from engine.cli.near_miss import operator_words, shown
from engine.cli.printing import Paper
from engine.cli.wording import length_of, local_date, local_day, printable
from engine.domain.actions import ActionKind
from engine.domain.episode import Firing
from engine.domain.ladder import LevelState
from engine.domain.matching import Finding
from engine.domain.reason import Reason, Verdict
from engine.domain.rule import Mode
from engine.domain.withholding import Cause
from engine.insight.contracts.reasons import MEANINGS
from engine.insight.explained import since_of
from engine.insight.explanation import Explained, Explanation, Rung

_LABEL: Final = 11
"""Columns that a detail's label takes, its indent included."""
_COLOURS: Final = {
    Verdict.FIRED: "red",
    Verdict.WAITING: "yellow",
    Verdict.SUPPRESSED: "magenta",
    Verdict.NO_MATCH: "bright_black",
    Verdict.OFF: "bright_black",
}
_ACTIONS: Final = {
    ActionKind.CHANGE: "change of fields",
    ActionKind.NOTE: "note",
    ActionKind.NOTIFY: "notice",
    ActionKind.DIGEST: "digest",
    ActionKind.REPLY: "message to the customer",
}
_CAUSES: Final = {
    Cause.NO_UPDATES: "the customer wants no updates",
    Cause.AUTOMATIC: "the address is a robot's, says the helpdesk",
    Cause.BOUNCED: "mail to the address comes back",
    Cause.ANSWERS_ITSELF: "the address answers us within seconds, as only a machine does",
}
_EVENTS: Final = {
    "opened": "opened",
    "created": "created",
    "match": "began to hold",
    "waiting": "customer waits since",
    "status_change": "status changed",
    "assignment": "assigned",
    "due": "due date",
    "contact": "contact",
}


def explanation_lines(explained: Explained, zone: tzinfo, on: Paper) -> Iterator[str]:
    """An explanation, rule by rule.

    Args:
        explained: What there is to tell.
        zone: Local times are of this zone.
        on: What it is written on.
    """
    ticket = explained.ticket
    title = f" {printable(ticket.subject)}" if ticket and ticket.subject else ""
    yield from _wrapped(f"{explained.asked}{title}", "", on.width)
    if ticket is not None:
        group = f"group {ticket.group}" if ticket.group else "no group"
        priority = f"priority {ticket.effective_priority.value}"
        who = f"assigned to {ticket.assignee or 'nobody'}"
        yield from _wrapped(f"{ticket.status.value}, {priority}, {group}, {who}", "", on.width)
    yield f"{local_date(explained.at, zone)} ({explained.at.astimezone(zone):%Z})"
    for one in explained.rules:
        yield ""
        yield from _Page(explained, one, zone, on).lines()


class _Page:
    """What is told of one rule."""

    def __init__(self, explained: Explained, one: Explanation, zone: tzinfo, on: Paper) -> None:
        self.at, self.asked = explained.at, explained.asked
        self.one, self.zone, self.on = one, zone, on

    def lines(self) -> Iterator[str]:
        one = self.one
        yield from self._headline()
        if one.rule.description:
            yield from _wrapped(one.rule.description, "  ", self.on.width)
        yield from self._detail("why", self._why())
        if one.subject != self.asked:
            yield from self._detail("about", [one.subject])
        yield from self._detail("match", self._match())
        if one.verdict is not Verdict.OFF:
            yield from self._detail("clock", self._clock())
        for rung in one.levels:
            fate = f"{rung.level.identity}: {self._fate(rung)}"
            yield from self._detail(f"level {rung.level.number}", [fate])
        yield from self._detail("owner", self._owner())
        yield from self._detail("silence", self._silence())
        yield from self._detail("customer", self._withheld())
        yield from self._detail("not done", self._not_done())
        yield from self._detail("fields", self._left_alone())
        yield from self._detail("next", [self._next()])
        yield from self._detail("decision", self._decision())
        yield from self._detail("rule", [f"{one.rule.place.file}:{one.rule.place.line}"])

    def _detail(self, label: str, texts: Iterable[str]) -> Iterator[str]:
        """A label, and beside it each text, its further lines below."""
        head = f"  {label}".ljust(_LABEL)
        for text in texts:
            inner = len(text) - len(text.lstrip())
            first, hang = head + " " * inner, " " * (_LABEL + inner + 2)
            yield from textwrap.wrap(
                text, self.on.width, initial_indent=first, subsequent_indent=hang
            )
            head = " " * _LABEL

    # --- the headline ---

    def _headline(self) -> Iterator[str]:
        one = self.one
        verdict = one.verdict.value
        text = f"{verdict} {one.rule.id} — {in_short(one, self.zone, self.at)}"
        lines = list(_wrapped(text, "", self.on.width))
        if self.on.is_coloured:
            painted = click.style(verdict, fg=_COLOURS[one.verdict], bold=True)
            lines[0] = lines[0].replace(verdict, painted, 1)
        yield from lines

    # --- the details ---

    def _why(self) -> Iterator[str]:
        one = self.one
        yield f"{MEANINGS[one.reason]} ({one.reason.value})"
        if one.was_learnt_later:
            now = one.standing
            yield (
                f"by what is known today it would have been {now.verdict.value}"
                f" ({now.reason.value}): something was learnt later, or is forgotten"
            )

    def _match(self) -> Iterator[str]:
        one = self.one
        if one.finding is None:
            yield "there is no ticket to hold it against"
        elif not one.finding.children and one.finding.op == "all":
            yield "every open ticket"
        else:
            yield from _tree(one.finding, one.actual or one.finding, 0)

    def _clock(self) -> Iterator[str]:
        one = self.one
        clock, anchor = one.clock, one.standing.anchor
        calendar = one.rule.clock.calendar.name
        if anchor is None:
            yield f"does not run: it counts from `{since_of(one.rule)}`, in calendar {calendar}"
            return
        yield f"{_EVENTS[since_of(one.rule)]} {self._day(anchor.at)}, calendar {calendar}"
        for begin, end in clock.pauses:
            until = f"to {self._day(end)}" if end else "on, and still"
            yield f"paused from {self._day(begin)} {until}"
        yield self._counted()
        if clock.priority is not clock.actual_priority:
            yield (
                f"this rule itself made it {clock.actual_priority.value}; it is measured as"
                f" {clock.priority.value}"
            )

    def _counted(self) -> str:
        clock = self.one.clock
        parts = []
        if clock.elapsed is not None and clock.elapsed >= timedelta():
            parts.append(f"counted {length_of(clock.elapsed)}")
        elif clock.elapsed is not None:
            parts.append(f"{length_of(-clock.elapsed)} until then")
        if clock.paused:
            parts.append(f"{length_of(clock.paused)} of opening time paused")
        if clock.target is not None:
            parts.append(f"target {length_of(clock.target)} for {clock.priority.value}")
        return ", ".join(parts)

    def _fate(self, rung: Rung) -> str:
        one, firing = rung.standing, rung.standing.firing
        if firing is not None and one.state is LevelState.FIRED:
            return f"fired on {self._day(firing.fired_at)}{self._and_due(firing)}"
        if one.state is LevelState.SKIPPED:
            why = f"skipped on {self._day(firing.fired_at)}: {_because(firing)}" if firing else ""
            return why or "passed by a later level"
        left = f", {length_of(rung.left)} left" if rung.left is not None else ""
        if one.due_at is None:
            return self._why_never(rung) + left
        due = f"due on {self._day(one.due_at)}"
        if self.one.verdict is Verdict.NO_MATCH:
            return f"would be {due}"
        if one.state is LevelState.WAITING:
            return due + left
        is_held = self.one.verdict is Verdict.SUPPRESSED
        return f"{due}, held back" if is_held else f"{due}, fires at the next look"

    def _and_due(self, firing: Firing) -> str:
        due = "" if firing.due_at == firing.fired_at else f", was due on {self._day(firing.due_at)}"
        recorded = ", recorded only" if self.one.rule.mode is Mode.SHADOW else ""
        over = f"; {_because(firing)}" if firing.reason is Reason.BUDGET else ""
        return due + recorded + over

    def _why_never(self, rung: Rung) -> str:
        """Why a level has no due instant."""
        one = self.one
        if one.verdict in (Verdict.OFF, Verdict.NO_MATCH) or one.standing.anchor is None:
            return "its clock does not run"
        if rung.level.due.get(one.clock.priority) is None:
            return f"not for tickets of priority {one.clock.priority.value}"
        return "not due while the clock stands still"

    def _owner(self) -> Iterator[str]:
        """Whose the escalation is; nothing where there is none."""
        one = self.one
        if one.escalated_at is None:
            return
        if one.owner is None:
            yield "nobody has taken it"
            return
        who, how = printable(one.owner.name or "a person"), one.owner.how
        told = f" to {one.owner.receiver}" if one.owner.receiver else ""
        until = f", until {self._day(one.owner.until)}" if one.owner.until else ""
        yield f"{who} ({how}{told}), since {self._day(one.owner.since)}{until}"

    def _silence(self) -> Iterator[str]:
        quiet = self.one.standing.silenced
        if quiet is not None:
            silence = quiet.silence
            said = f"{printable(silence.author)}: {printable(silence.reason)}"
            yield f"{silence.id} until {self._day(quiet.until)}, by {said}"

    def _withheld(self) -> Iterator[str]:
        why = self.one.withheld
        if why is None:
            return
        since = f" since {self._day(why.since)}" if why.since else ""
        where = f", on {why.ticket}" if why.ticket and why.ticket != self.asked else ""
        told = f": {printable(why.told)}" if why.told else ""
        yield f"nothing goes out{since}: {_CAUSES[why.cause]}{where}{told} ({why.cause.value})"

    def _not_done(self) -> Iterator[str]:
        for each in self.one.unsent:
            what = (
                f"{each.message} to the customer"
                if each.message
                else _ACTIONS[ActionKind(each.action)]
            )
            decided = self._day(datetime.fromisoformat(each.decided_at))
            yield f"{what}, decided on {decided}: {each.state}, {_meaning(each.reason)}"

    def _left_alone(self) -> Iterator[str]:
        for each in self.one.left_alone:
            where = "" if each["ticket"] == self.asked else f" of {each['ticket']}"
            why = MEANINGS[Reason(each["reason"])]
            yield f"{each['field']}{where} was left alone: {why} ({each['reason']})"

    def _next(self) -> str:
        at = self.one.next_at
        return self._day(at) if at else "when something happens to the ticket"

    def _decision(self) -> Iterator[str]:
        one = self.one
        if one.decision is None and one.verdict is Verdict.NO_MATCH:
            yield "none: a rule that has never held leaves no record"
            return
        if one.decision is None:
            yield "none was written by then; this is computed from what is known"
            return
        record = one.decision.record
        yield (
            f"{one.decision.number} of {self._day(record.at)}, generation {record.generation[:12]}"
        )
        if not one.is_recorded:
            told = f"{record.verdict.value} ({record.reason.value})"
            yield f"it said {told}; what stands here is computed from what is known"

    def _day(self, at: datetime) -> str:
        return local_day(at, self.zone, self.at)


def _meaning(reason: str) -> str:
    """A reason of the closed list in words; what the other side said as it said it."""
    found = MEANINGS.get(Reason(reason)) if reason in list(Reason) else None
    return f"{found} ({reason})" if found else printable(reason)


def _because(firing: Firing) -> str:
    return f"{MEANINGS[firing.reason]} ({firing.reason.value})"


def _tree(finding: Finding, actual: Finding, depth: int) -> Iterator[str]:
    mark, indent = "✓" if finding.holds else "✗", "  " * depth
    if finding.op == "test":
        yield f"{indent}{mark} {_test(finding, actual)}"
        return
    inner = depth
    if depth > 0 or finding.op != "all":  # that everything must hold goes without saying
        yield f"{indent}{mark} {finding.op}"
        inner += 1
    for child, beside in zip(finding.children, actual.children, strict=True):
        yield from _tree(child, beside, inner)


def _test(finding: Finding, actual: Finding) -> str:
    asked = f"{finding.field} {operator_words(finding)} {shown(finding.wanted)}"
    hidden = ""
    if actual.found != finding.found:
        hidden = f" (it is {shown(actual.found)}; what this rule writes is hidden from it)"
    return f"{asked} — found {shown(finding.found)}{hidden}"


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )
