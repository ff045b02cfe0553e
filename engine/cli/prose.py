"""What the telling verbs say to a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from engine.domain.ladder import LevelStanding
from engine.domain.matching import Finding
from engine.insight.explain import Explanation, plain, shown_levels


def explanation_lines(
    found: Sequence[Explanation], ticket: str, at: datetime, zone: tzinfo
) -> Iterator[str]:
    """An explanation, rule by rule."""
    yield f"{ticket} at {_local(at, zone)}"
    for one in found:
        standing, place = one.standing, one.rule.place
        yield ""
        yield (
            f"{one.rule.id}: {standing.verdict.value} ({standing.reason.value})"
            f"   {place.file}:{place.line}"
        )
        if one.subject != ticket:
            yield f"  held against {one.subject}"
        if one.finding is not None:
            yield from _finding_lines(one.finding, 1)
        if standing.anchor is not None:
            yield from _clock_lines(one, zone)
        for level in shown_levels(one):
            yield f"  level {level.level.number} {level.level.identity}: {_level(level, zone)}"
        until = standing.acknowledged_until
        if until is not None and until > at:
            yield f"  acknowledged until {_local(until, zone)}"
        next_at = standing.next_at
        yield f"  next look: {_local(next_at, zone) if next_at else 'when something changes'}"
        if one.decision:
            yield f"  decision {one.decision}"


def _finding_lines(finding: Finding, depth: int) -> Iterator[str]:
    mark = "✓" if finding.holds else "✗"
    indent = "  " * depth
    if finding.op == "test":
        yield (
            f"{indent}{mark} {finding.field} {finding.operator} {_shown(finding.wanted)}"
            f" — found {_shown(finding.found)}"
        )
        return
    if finding.children or finding.op != "all":
        yield f"{indent}{mark} {finding.op}"
    for child in finding.children:
        yield from _finding_lines(child, depth + 1)


def _clock_lines(one: Explanation, zone: tzinfo) -> Iterator[str]:
    clock, anchor = one.rule.clock, one.standing.anchor
    if anchor is None:
        return
    counted = f", {_length(one.elapsed)} counted" if one.elapsed is not None else ""
    paused = f", {_length(one.paused)} paused" if one.paused else ""
    target = f", target {_length(one.target)}" if one.target is not None else ""
    since = "contact" if one.rule.groups_by else clock.since.value
    yield (
        f"  clock: {since} {_local(anchor.at, zone)}, calendar {clock.calendar.name}"
        f"{counted}{paused}{target}"
    )


def _level(one: LevelStanding, zone: tzinfo) -> str:
    if one.firing is not None and one.state == "fired":
        return f"fired {_local(one.firing.fired_at, zone)} (due {_local(one.firing.due_at, zone)})"
    if one.state == "skipped":
        why = f" ({one.firing.reason.value})" if one.firing else ""
        return f"skipped{why}"
    due = f"due {_local(one.due_at, zone)}" if one.due_at else "not due yet: its clock stands still"
    return due if one.state == "waiting" else f"{due}, held"


def _local(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")


def _length(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    sign = "-" if seconds < 0 else ""
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = [
        f"{hours}h" if hours else "",
        f"{minutes}m" if minutes else "",
        f"{left}s" if left else "",
    ]
    return sign + ("".join(parts) or "0s")


def _shown(value: object) -> str:
    if isinstance(value, timedelta):
        return _length(value)
    simple = plain(value)
    if isinstance(simple, list):
        return "[" + ", ".join(str(one) for one in simple) + "]"
    return "nothing" if simple is None else str(simple)


def status_lines(document: Mapping[str, object]) -> Iterator[str]:
    """How the daemon is doing."""
    state = (
        "DEGRADED: the rule files are broken, the last good rules run"
        if (document["degraded"])
        else "rules are good"
    )
    yield f"now {document['now']}   generation {document['generation']}   {state}"
    for desk in _rows(document["helpdesks"]):
        read = "read" if desk["read"] else "not read yet"
        yield f"helpdesk {desk['name']}: {read}, {desk['tickets']} tickets"
    yield (
        f"open tickets {document['open_tickets']}   live episodes {document['live_episodes']}   "
        f"overdue {document['overdue']}   unowned {document['unowned']}   held {document['held']}"
    )
    outbox = document["outbox"]
    if isinstance(outbox, Mapping):
        shown = ", ".join(f"{state} {count}" for state, count in outbox.items() if count)
        yield f"outbox: {shown or 'empty'}"
    yield ""
    yield f"{'rule':32} {'mode':8} {'escalations':>11} {'reminders':>9} {'to customers':>12}"
    for row in _rows(document["rules"]):
        yield (
            f"{row['rule']!s:32} {row['mode']!s:8} {row['escalations']!s:>11} "
            f"{row['reminders']!s:>9} {row['customer_messages']!s:>12}"
        )
    recent = _rows(document["recent"])
    if recent:
        yield ""
        yield "last firings:"
        for row in recent:
            yield f"  {row['fired_at']}  {row['ticket']}  {row['rule']}  {row['name']}"


def _rows(value: object) -> list[Mapping[str, object]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def outbox_lines(rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """The outbox, one line a row."""
    if not rows:
        yield "the outbox is empty"
        return
    for row in rows:
        reason = f"  {row['reason']}" if row["reason"] else ""
        yield (
            f"{row['id']!s:>6} {row['state']!s:10} {row['audience']!s:9} {row['action']!s:7} "
            f"{row['created_at']}  {row['ticket']}  {row['rule']}{reason}"
        )
