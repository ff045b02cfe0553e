"""What the verbs of `outbox` say to a person at a terminal."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

from engine.cli.prose import SHOWN, counted
from engine.cli.wording import local_date, local_day, printable
from engine.domain.budget import next_period
from engine.domain.reason import Reason
from engine.domain.ruleset import Ruleset
from engine.insight.outbox_words import UNSENT_BY_ITSELF, in_words
from engine.ports import OutboxState

if TYPE_CHECKING:
    from engine.cli.printing import Paper
    from engine.insight.contracts.documents import (
        AttemptLine,
        OutboxChangeDocument,
        OutboxLine,
        OutboxShowDocument,
    )
    from engine.insight.outbox import Shown

_LABEL: Final = 12
"""Columns that a detail's label takes, its indent included."""

_DEEDS: Final[Mapping[tuple[str, str], str]] = {
    ("customer", "reply"): "message to the customer",
    ("staff", "notify"): "notice",
    ("staff", "digest"): "line of a digest",
    ("ticket", "change"): "field change",
    ("ticket", "note"): "note",
}
_FOR_PEOPLE: Final[Mapping[OutboxState, tuple[str, tuple[str, ...]]]] = {
    OutboxState.UNKNOWN: (
        f"may have arrived: find out at the helpdesk or the mail server; {UNSENT_BY_ITSELF}",
        (
            'outbox drop ID --reason "it arrived"',
            "outbox retry ID --may-arrive-twice",
        ),
    ),
    OutboxState.REJECTED: (
        "refused for good, or tried in vain: mend the cause, then try again",
        ("outbox retry ID", "outbox drop ID --reason TEXT"),
    ),
    OutboxState.DROPPED: (
        "could not be put into words: mend the template, then try again",
        ("outbox retry ID", "outbox drop ID --reason TEXT"),
    ),
}
_MOVING: Final = (
    OutboxState.PENDING,
    OutboxState.SNOOZED,
    OutboxState.LEASED,
    OutboxState.SENDING,
)
_FINISHED: Final = (OutboxState.DELIVERED, OutboxState.CANCELLED, OutboxState.DROPPED)


# --- list ----------------------------------------------------------------------------------------


def list_lines(
    rows: Sequence[OutboxLine], ruleset: Ruleset, now: datetime, zone: tzinfo, on: Paper
) -> Iterator[str]:
    """The whole outbox: what needs a person, what budgets hold, what is on its way, what is over.

    Args:
        rows: Oldest first.
        ruleset: The rules in force, for their budgets.
        now: Aware UTC.
        zone: Local times are of this zone.
        on: What it is written on.
    """
    if not rows:
        yield "the outbox is empty"
        return
    for state, (advice, verbs) in _FOR_PEOPLE.items():
        yield from _for_people(_needing(rows, state), state, advice, verbs, on)
    yield from _held(rows, ruleset, now, zone, on)
    moving = [row for row in rows if row["state"] in _MOVING]
    if moving:
        yield f"on their way: {len(moving)}"
        yield from narrowed_lines(moving, on)
        yield ""
    yield _over(rows)


def _needing(rows: Sequence[OutboxLine], state: OutboxState) -> list[OutboxLine]:
    """The rows in a state that wait for a person; who dropped one by hand has dealt with it."""
    return [row for row in rows if row["state"] == state and not _is_dropped_by_hand(row)]


def _is_dropped_by_hand(row: OutboxLine) -> bool:
    return row["state"] == OutboxState.DROPPED and (row["reason"] or "").startswith("dropped by ")


def _for_people(
    rows: Sequence[OutboxLine],
    state: OutboxState,
    advice: str,
    verbs: Sequence[str],
    on: Paper,
) -> Iterator[str]:
    if not rows:
        return
    yield from textwrap.wrap(f"{state.value}: {len(rows)}, {advice}", on.width)
    yield from narrowed_lines(rows, on)
    yield "  to look closer:  escalatord outbox show ID"
    for label, verb in zip(("then", "or"), verbs, strict=True):
        yield f"  {label + ':':15}  escalatord {verb}"
    yield ""


def _held(
    rows: Sequence[OutboxLine], ruleset: Ruleset, now: datetime, zone: tzinfo, on: Paper
) -> Iterator[str]:
    held = [row for row in rows if row["state"] == OutboxState.HELD]
    by_budget = Counter(row["rule"] for row in held if row["reason"] == Reason.BUDGET)
    if by_budget:
        yield from textwrap.wrap(
            f"held: {by_budget.total()} by spent budgets; they go out by themselves, the oldest"
            " first, when there is room, or at once by hand",
            on.width,
        )
    for rule_id, count in by_budget.items():
        rule = ruleset.generation.rule(rule_id)
        if rule is not None:
            at = local_day(next_period(rule.budget, now), zone, now)
            yield f"  {rule_id}: {counted(count, 'field change')}, from {at}"
            yield f"    escalatord outbox release --rule {rule_id}"
    others = [row for row in held if row["reason"] != Reason.BUDGET]
    if others:
        yield f"held: {len(others)}, until somebody decides"
        yield from narrowed_lines(others, on)
    if held:
        yield ""


def _over(rows: Sequence[OutboxLine]) -> str:
    counts = Counter(row["state"] for row in rows)
    dropped = sum(_is_dropped_by_hand(row) for row in rows)
    over = {**counts, OutboxState.DROPPED.value: dropped}
    named = ", ".join(f"{over[s.value]} {s.value}" for s in _FINISHED if over.get(s.value))
    return f"finished: {named or 'nothing'}"


def narrowed_lines(rows: Sequence[OutboxLine], on: Paper) -> Iterator[str]:
    """Rows of any kind, one line each, and no more of them than a screen holds."""
    if not rows:
        yield "the outbox has no such rows"
    width = max((len(row["ticket"]) for row in rows[:SHOWN]), default=0)
    for row in rows[:SHOWN]:
        deed = _DEEDS.get((row["audience"], row["action"]), row["action"])
        reason = f": {in_words(row['reason'])}" if row["reason"] else ""
        line = (
            f"{row['id']:>6}  {row['ticket']:{width}}  {row['state']:9}  {deed} of {row['rule']}"
            f"{reason}"
        )
        yield from textwrap.wrap(printable_columns(line), on.width, subsequent_indent=" " * 10)
    if len(rows) > SHOWN:
        yield f"        and {len(rows) - SHOWN} more; --json has them all"


def printable_columns(line: str) -> str:
    """A line without what a terminal would obey; its columns stay where they are."""
    return "".join(each for each in line if each.isprintable())


# --- show ----------------------------------------------------------------------------------------


def show_lines(shown: Shown, zone: tzinfo, on: Paper, *, with_text: bool) -> Iterator[str]:
    """One row, and all that became of it.

    Args:
        shown: The row.
        zone: Local times are of this zone.
        on: What it is written on.
        with_text: Show also what it would say.
    """
    document, row = shown.document, shown.row
    line = document["row"]
    deed = _DEEDS.get((line["audience"], line["action"]), line["action"])
    yield f"row {line['id']}: {deed} on {line['ticket']}, {line['state']}"
    yield from _detail("why", document["why"], on)
    yield from _detail("rule", _rule_of(document), on)
    if row.action.channel is not None:
        to = f"{document['receiver']} by {row.action.channel} to {row.action.to}"
        yield from _detail("to", printable(to), on)
    yield from _detail("decided", _decided(document, row.created_at, zone), on)
    for change in document["changes"]:
        before, after = change["before"] or "nothing", change["after"] or "nothing"
        yield from _detail("sets", printable(f"{change['field']} to {after} (was {before})"), on)
    for attempt in document["attempts"]:
        yield from _detail(f"try {attempt['number']}", _attempt(attempt, zone), on)
    for hand in document["interventions"]:
        because = f": {hand['why']}" if hand["why"] else ""
        said = f"{hand['verb']} by {hand['who']}, {_day(hand['at'], zone)}{because}"
        yield from _detail("by hand", f"{said} (it was {hand['before']})", on)
    for verb in document["verbs"]:
        effect = verb["effect"] if verb["possible"] else f"not now: {verb['effect']}"
        yield from _detail(verb["verb"], effect, on)
    yield from _said(shown, on, with_text=with_text)


def _rule_of(document: OutboxShowDocument) -> str:
    level = f", level {document['level']}" if document["level"] is not None else ""
    times = document["occurrence"] or 1
    again = f", occurrence {times}" if times > 1 else ""
    about = f", about {document['subject']}"
    group = about if document["subject"] != document["row"]["ticket"] else ""
    return f"{document['row']['rule']}{level}{again}{group}"


def _decided(document: OutboxShowDocument, created_at: datetime, zone: tzinfo) -> str:
    decision = document["decision"]
    at = local_date(created_at, zone)
    if decision is None:
        return at
    number, reason = decision["decision"], in_words(decision["reason"])
    return f"{at}, decision {number}: {decision['verdict']}, {reason}"


def _attempt(attempt: AttemptLine, zone: tzinfo) -> str:
    began = _day(attempt["started_at"], zone)
    if attempt["outcome"] is None:
        return f"{began}, not ended yet"
    outcome = "put off" if attempt["outcome"] == OutboxState.PENDING else attempt["outcome"]
    reason = f": {in_words(attempt['reason'])}" if attempt["reason"] else ""
    return f"{began}, {outcome}{reason}"


def _day(instant: str, zone: tzinfo) -> str:
    return local_date(datetime.fromisoformat(instant), zone)


def _said(shown: Shown, on: Paper, *, with_text: bool) -> Iterator[str]:
    told = shown.told
    if told.fault is not None:
        yield from _detail("says", f"nothing: {told.fault}", on)
        return
    if told.text is None:
        return
    if not with_text:
        yield from _detail("says", "what the customer would read is shown with --text", on)
        return
    yield ""
    if told.title is not None:
        yield printable(told.title)
        yield ""
    for line in told.text.rstrip().splitlines():
        yield printable_columns(line)


def _detail(label: str, text: str, on: Paper) -> Iterator[str]:
    head, hang = f"  {label}".ljust(_LABEL), " " * _LABEL
    yield from textwrap.wrap(text, on.width, initial_indent=head, subsequent_indent=hang)


# --- retry, drop, release ------------------------------------------------------------------------

_DONE: Final = {
    "retry": "{} to be tried again at once",
    "drop": "{} dropped",
    "release": "{} released",
}


def change_lines(document: OutboxChangeDocument) -> Iterator[str]:
    """What was done to rows, or why nothing was."""
    for row in document["refused"]:
        yield f"row {row['id']} ({row['ticket']}, {row['before']}): {row['why']}"
    if document["refused"]:
        yield "nothing was changed"
        return
    if not document["changed"]:
        yield "no budget holds anything there"
        return
    for row in document["changed"][:SHOWN]:
        yield f"row {row['id']}: {row['before']} → {row['state']} ({row['ticket']}, {row['rule']})"
    if len(document["changed"]) > SHOWN:
        yield f"and {len(document['changed']) - SHOWN} more; --json has them all"
    yield _DONE[document["verb"]].format(counted(len(document["changed"]), "row"))
