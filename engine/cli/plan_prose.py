"""A plan in words: for a terminal, and for a merge request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

from engine.domain.reason import Reason
from engine.insight.contracts.reasons import MEANINGS
from engine.simulation.plan import Fate

if TYPE_CHECKING:
    from engine.insight.contracts.documents import PlanDocument, PlannedChange, PlannedRule

SHOWN: Final = 20
"""Changes of a rule that are listed on a terminal."""
LISTED: Final = 200
"""Changes that a merge request lists; the site cuts longer texts off."""


def plan_lines(document: PlanDocument, zone: tzinfo, *, is_long: bool) -> Iterator[str]:
    """For a terminal.

    Args:
        document: What was found.
        zone: Where instants are shown.
        is_long: List every change.
    """
    yield from _head(document, zone)
    yield ""
    names = ["rule", *(row["rule"] for row in document["rules"])]
    width = max(map(len, names))
    head = f"{'now fires':>9} {'sooner':>6} {'later':>6} {'no longer':>9}  messages"
    yield f"{'rule':{width}}  {head}"
    for row in document["rules"]:
        counts = _fates(document, row["rule"])
        yield (
            f"{row['rule']:{width}}  {counts[Fate.FIRES]:>9} {counts[Fate.SOONER]:>6}"
            f" {counts[Fate.LATER]:>6} {counts[Fate.NO_LONGER]:>9}  {_messages(row)}"
        )
    yield ""
    yield from _traffic(document, zone)
    yield from _passed(document)
    yield from _warnings(document)
    for rule, changes in _by_rule(document).items():
        yield ""
        yield f"{rule}:"
        shown = changes if is_long else changes[:SHOWN]
        for one in shown:
            yield f"  {one['ticket']}  {one['level']}  {_change(one, zone)}"
        if len(changes) > len(shown):
            yield f"  … and {len(changes) - len(shown)} more; --all lists them"


def plan_markdown(document: PlanDocument, zone: tzinfo) -> Iterator[str]:
    """For a merge request."""
    yield "### What these rules change"
    yield ""
    yield from _head(document, zone)
    yield ""
    yield "| rule | now fires | sooner | later | no longer | messages |"
    yield "|---|--:|--:|--:|--:|--:|"
    for row in document["rules"]:
        counts = _fates(document, row["rule"])
        cells = " | ".join(str(counts[fate]) for fate in Fate)
        yield f"| {_cell(row['rule'])} | {cells} | {_messages(row)} |"
    yield ""
    for line in (*_traffic(document, zone), *_passed(document), *_warnings(document)):
        yield f"- {line}"
    if not document["changes"]:
        return
    yield ""
    yield f"<details><summary>{len(document['changes'])} levels change</summary>"
    yield ""
    yield "| ticket | rule | level | |"
    yield "|---|---|---|---|"
    for one in document["changes"][:LISTED]:
        names = (one["ticket"], one["rule"], one["level"], _change(one, zone))
        yield f"| {' | '.join(map(_cell, names))} |"
    if len(document["changes"]) > LISTED:
        yield f"| … | and {len(document['changes']) - LISTED} more | | |"
    yield ""
    yield "</details>"


def _head(document: PlanDocument, zone: tzinfo) -> Iterator[str]:
    now, until = _local(document["now"], zone), _local(document["until"], zone)
    same = document["generation"] == document["proposed"]
    rules = (
        f"rules {document['proposed'][:12]}, which are in force already"
        if same
        else f"rules {document['generation'][:12]} → {document['proposed'][:12]}"
    )
    yield f"{rules}; from {now} to {until}, if nothing happens to any ticket"
    edited = [
        *(f"new: {rule}" for rule in document["added"]),
        *(f"changed: {rule}" for rule in document["changed"]),
        *(f"renamed: {one['before']} → {one['now']}" for one in document["renamed"]),
        *(f"gone: {rule}" for rule in document["removed"]),
    ]
    if edited:
        yield "; ".join(edited)


def _traffic(document: PlanDocument, zone: tzinfo) -> Iterator[str]:
    was, becomes = document["present_messages"], document["proposed_messages"]
    yield f"messages to customers: {was['customers']} → {becomes['customers']}"
    yield f"messages to staff: {was['staff']} → {becomes['staff']}"
    if becomes["busiest_hour"] is not None:
        hour = _local(becomes["busiest_hour"], zone)
        before = f" (the present rules' busiest: {was['in_busiest_hour']})"
        yield f"busiest hour: {becomes['in_busiest_hour']} from {hour}{before}"


def _passed(document: PlanDocument) -> Iterator[str]:
    for row in document["rules"]:
        for reason, count in row["passed"].items():
            what = "1 level passes" if count == 1 else f"{count} levels pass"
            yield f"{row['rule']}: {what} without acting ({MEANINGS[Reason(reason)]})"


def _warnings(document: PlanDocument) -> Iterator[str]:
    for rule in document["over_budget"]:
        yield f"OVER BUDGET: {rule} would fire more escalations than its `budget` allows"
    for subject, what in document["failures"].items():
        yield f"ERROR: {subject} cannot be decided: {what}"


def _fates(document: PlanDocument, rule: str) -> Counter[str]:
    return Counter(one["fate"] for one in document["changes"] if one["rule"] == rule)


def _messages(row: PlannedRule) -> str:
    return f"{row['messages_now']} → {row['messages']}"


def _by_rule(document: PlanDocument) -> Mapping[str, list[PlannedChange]]:
    found: dict[str, list[PlannedChange]] = {}
    for one in document["changes"]:
        found.setdefault(one["rule"], []).append(one)
    return found


def _change(one: PlannedChange, zone: tzinfo) -> str:
    was = _local(one["was_at"], zone) if one["was_at"] else None
    becomes = _local(one["is_at"], zone) if one["is_at"] else None
    if becomes is None:
        why = f" ({one['passed']})" if one["passed"] else ""
        return f"no longer fires{why}; it was to fire {was}"
    if was is None:
        return f"now fires {becomes}"
    return f"{one['fate']}: {was} → {becomes}"


def _local(instant: str, zone: tzinfo) -> str:
    return datetime.fromisoformat(instant).astimezone(zone).strftime("%a %Y-%m-%d %H:%M %Z")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
