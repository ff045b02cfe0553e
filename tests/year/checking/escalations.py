"""The staff's side: every ticket that had to escalate did, at its instant, and each level once.

By a simple reading: it takes from the record which rule was held back by another one, and what was
left out as too late, and computes the rest from the story. What customers are promised together
(`contacts`) is only counted. The oracle in `tests/oracle` proves decisions more thoroughly.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tests.year.checking.objection import Objection
from tests.year.checking.promises import BY_RULE, OF_TICKETS, Promise
from tests.year.checking.record import Firing, Record
from tests.year.checking.speaking import instants_of
from tests.year.checking.story import Story, shown


@dataclass(slots=True)
class Escalated:
    """What was looked at."""

    firings: int = 0
    computed: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)


def broken_ladders(
    stories: Mapping[str, Story], record: Record, escalated: Escalated
) -> Iterator[Objection]:
    escalated.firings = len(record.firings)
    yield from _doubles(record)
    for story in stories.values():
        for promise in OF_TICKETS:
            if promise.levels:
                yield from _first_escalations(story, promise, record, escalated)


def _doubles(record: Record) -> Iterator[Objection]:
    """A level fires once in its episode, and never before a lower one."""
    seen: set[tuple[str, ...]] = set()
    reached: dict[tuple[str, str, str], int] = defaultdict(int)
    for firing in record.firings:
        names = [level.name for level in BY_RULE[firing.rule].levels]
        key = (firing.subject, firing.rule, firing.anchor, firing.level, str(firing.occurrence))
        episode = (firing.subject, firing.rule, firing.anchor)
        place = names.index(firing.level)
        if key in seen:
            yield _objection(firing, "fired twice", "once in an episode is promised")
        elif firing.occurrence == 1 and place < reached[episode]:
            yield _objection(firing, "out of order", f"{names[reached[episode]]} had fired")
        seen.add(key)
        reached[episode] = max(reached[episode], place)
        if firing.at < firing.due_at:
            yield _objection(firing, "fired early", f"due {shown(firing.due_at)}")


def _objection(firing: Firing, fault: str, wrong: str) -> Objection:
    promise = f"{firing.rule} {firing.level} {firing.occurrence}"
    return Objection(fault, firing.subject, firing.at, promise, wrong)


def _first_escalations(
    story: Story, promise: Promise, record: Record, escalated: Escalated
) -> Iterator[Objection]:
    """The first level with a kind, of each episode."""
    if (story.key, promise.rule) in record.late:
        escalated.unjudged["a level was too late"] += 1
        return
    level = next(one for one in promise.levels if one.is_escalation)
    cuts = instants_of(story, record)
    wanted: dict[int, int] = {}  # anchor -> instant
    for begin, end in pairwise(cuts):
        if record.was_down(begin) or not story.holds(promise, begin):
            continue
        anchor = story.anchor(promise, begin)
        pauses = story.pauses(begin)
        if anchor is None or anchor in wanted or (pauses and pauses[-1][1] is None):
            continue
        if _is_inhibited(story, promise, record, begin):
            continue
        after = level.after[story.seen(promise, begin).priority]
        due_at = promise.hours.add(anchor, after, pauses)
        if due_at is not None and max(due_at, begin) < end:
            fires_at = max(due_at, begin)
            if not record.was_down(fires_at):
                wanted[anchor] = fires_at
    yield from _compared(story, promise, record, wanted, cuts[-1], escalated)


def _compared(
    story: Story,
    promise: Promise,
    record: Record,
    wanted: Mapping[int, int],
    end: int,
    escalated: Escalated,
) -> Iterator[Objection]:
    level = next(one.name for one in promise.levels if one.is_escalation)
    fired = [one for one in record.fired.get((story.key, promise.rule), ())
             if one.level == level and one.occurrence == 1 and one.at < end]  # fmt: skip
    for anchor, at in wanted.items():
        escalated.computed += 1
        if at not in {one.at for one in fired}:
            wrong = f"its clock runs since {shown(anchor)}; it did not fire then"
            yield Objection("not escalated", story.key, at, f"{promise.rule} {level}", wrong)
    for firing in fired:
        if firing.at not in wanted.values():
            yield _objection(firing, "uncalled for", "it was not to fire at that instant")


def _is_inhibited(story: Story, promise: Promise, record: Record, at: int) -> bool:
    """While the other rule holds and its last level has not fired."""
    if promise.inhibited_by is None:
        return False
    other = BY_RULE[promise.inhibited_by]
    since = story.anchor(other, at) if story.holds(other, at) else None
    if since is None:
        return False
    last = other.levels[-1].name
    return not any(
        one.level == last and since <= one.at <= at
        for one in record.fired.get((story.key, other.rule), ())
    )
