"""What the verbs say to a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.insight.contracts.documents import (
        HealthDocument,
        NobodysEscalation,
        OnceDocument,
        ShadowStatus,
        SilenceLine,
        StatusDocument,
    )

SHOWN: Final = 20
"""Rows of a kind: a screenful."""
_MOST_NOBODYS = 10
"""Escalations without an owner that are named one by one."""


# --- once ----------------------------------------------------------------------------------------


def once_lines(document: OnceDocument) -> Iterator[str]:
    """What one run did."""
    ingested = document["ingested"]
    rejected = ingested["rejected"]
    yield (
        f"{document['now']}: {ingested['tickets']} tickets and {ingested['events']} events read, "
        f"{len(rejected)} rows rejected"
    )
    yield from _some(
        [
            f"{place_of(row['file'], row['line'])}: [{row['code']}] {row['message']}"
            for row in rejected
        ]
    )
    fired = [
        f"{row['due_at']}  {row['ticket']}  {row['rule']}  {row['name']}  {row['reason']}"
        for row in document["fired"]
    ]
    customer = [
        f"{row['due_at']}  {row['ticket']}  {row['rule']}  {row['message']}  {row['state']}"
        for row in document["customer"]
    ]
    skipped = [
        f"{row['due_at']}  {row['ticket']}  {row['rule']}  level {row['level']}  {row['reason']}"
        for row in document["skipped"]
    ]
    for name, rows in (("fired", fired), ("customer", customer), ("skipped", skipped)):
        yield f"{name}: {len(rows)}"
        yield from _some(rows)
    yield f"next check: {document['next_check_at'] or 'only when something changes'}"


def place_of(file: str, line: int) -> str:
    """Where a rejected row stands; a source without lines has the line 0."""
    return f"{file}:{line}" if line else file


def _some(rows: Sequence[str]) -> Iterator[str]:
    for row in rows[:SHOWN]:
        yield f"  {row}"
    if len(rows) > SHOWN:
        yield f"  … and {len(rows) - SHOWN} more; --json has them all"


# --- status --------------------------------------------------------------------------------------


def status_lines(document: StatusDocument) -> Iterator[str]:
    """How the daemon is doing."""
    state = "rules are good"
    if document["degraded"]:
        state = "DEGRADED: the rule files are broken, the last good rules run"
    yield f"now {document['now']}   generation {document['generation']}   {state}"
    yield _daemon_line(document["daemon"])
    for way in document["daemon"]["failing"] if document["daemon"] else ():
        yield f"{way['kind']} {way['name']} FAILS since {way['since']}: {way['reason']}"
    for desk in document["helpdesks"]:
        read = "read" if desk["read"] else "not read yet"
        yield f"helpdesk {desk['name']}: {read}, {desk['tickets']} tickets"
    yield (
        f"open tickets {document['open_tickets']}   live episodes {document['live_episodes']}   "
        f"overdue {document['overdue']}   unowned {document['unowned']}   held {document['held']}"
    )
    yield from _nobodys_lines(document["nobodys"])
    for one in document["exhausted"]:
        yield f"nobody took {one['ticket']} after the last notice of {one['rule']} {one['name']}"
    if document["unreachable"]:
        yield f"{counted(document['unreachable'], 'customer')} cannot be reached: mail comes back"
    for silence in document["silences"]:
        yield f"silence {silence['id']}: {_silent_when(silence)}, over {_silenced_what(silence)}"
    counts = (f"{state} {count}" for state, count in document["outbox"].items() if count)
    yield f"outbox: {', '.join(counts) or 'empty'}"
    yield ""
    yield from _rule_lines(document)
    if document["shadow"]:
        yield ""
        yield "what rules in shadow would have done in the last 24 hours:"
        yield from (_shadow_line(one) for one in document["shadow"])
    if document["recent"]:
        yield ""
        yield "last firings:"
        for row in document["recent"]:
            yield f"  {row['fired_at']}  {row['ticket']}  {row['rule']}  {row['name']}"


def _nobodys_lines(found: list[NobodysEscalation]) -> Iterator[str]:
    """Escalations without an owner, the one that has waited longest first."""
    for one in found[:_MOST_NOBODYS]:
        how = "again since" if one["was_taken"] else "since"
        yield f"nobody has {one['ticket']} of {one['rule']}, {how} {one['since']}"
    if len(found) > _MOST_NOBODYS:
        yield f"nobody has {len(found) - _MOST_NOBODYS} more; --json names them all"


def _daemon_line(daemon: HealthDocument | None) -> str:
    if daemon is None:
        return "daemon: does not answer"
    if daemon["problems"]:
        return f"daemon: runs (pid {daemon['pid']}), NOT READY: {'; '.join(daemon['problems'])}"
    return f"daemon: runs (pid {daemon['pid']}), evaluated {daemon['last_tick_seconds']} s ago"


def _shadow_line(one: ShadowStatus) -> str:
    escalations = counted(one["escalations"], "escalation")
    reminders = counted(one["reminders"], "reminder")
    return f"  {one['rule']}: {escalations}, {reminders}, {counted(one['notices'], 'notice')}"


def counted(count: int, noun: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _rule_lines(document: StatusDocument) -> Iterator[str]:
    width = max([len("rule"), *(len(row["rule"]) for row in document["rules"])])
    head = f"{'escalations':>11} {'reminders':>9} {'to customers':>12}"
    yield f"{'rule':{width}}  {'mode':8} {head}"
    for row in document["rules"]:
        yield (
            f"{row['rule']:{width}}  {row['mode']:8} {row['escalations']:>11} "
            f"{row['reminders']:>9} {row['customer_messages']:>12}"
        )


# --- silences ------------------------------------------------------------------------------------


def silence_lines(silences: Sequence[SilenceLine]) -> Iterator[str]:
    """Silences, three lines each: when, over what, by whom and why."""
    if not silences:
        yield "nothing is silenced"
    for one in silences:
        yield f"silence {one['id']}: {_silent_when(one)}"
        yield f"  over {_silenced_what(one)}"
        yield f"  {_one_line(one['author'])}: {_one_line(one['reason'])}"


def _silent_when(one: SilenceLine) -> str:
    recurring = f", recurring in {one['during']}" if one["during"] else ""
    if one["state"] == "over":
        return f"was in force from {one['begins_at']} until {one['ends_at']}"
    if one["state"] == "in_force":
        return f"in force until {one['ends_at']}{recurring}"
    if one["begins_at"] is None:
        return f"never in force: {one['during']} never opens"
    return f"from {one['begins_at']} until {one['ends_at']}{recurring}"


def _silenced_what(one: SilenceLine) -> str:
    named = [
        f"{kind} {' or '.join(names)}"
        for kind, names in (
            ("rule", one["rules"]),
            ("ticket", one["tickets"]),
            ("customer", one["customers"]),
            ("group", one["groups"]),
        )
        if names
    ]
    return ", ".join(named) or "every rule on every ticket"


def _one_line(text: str) -> str:
    """A text of the rule files, which may be long there."""
    return " ".join(text.split())
