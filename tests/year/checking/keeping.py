"""Whether every promise was kept: nothing came early or late, and nothing is missing.

1. A ticket's time is cut at every instant at which what is promised can change.
2. From each cut to the next, what is promised is known at the cut. If it falls due and could have
   arrived before the next cut, it must have arrived: that would have been a cut.
3. Each message must be what was promised at its instant, had it not gone out, and not earlier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tests.year.checking.objection import Objection
from tests.year.checking.promises import (
    AFTER_THEIR_OWN,
    BY_RULE,
    CONTACTS_WITHIN,
    OF_CUSTOMERS,
)
from tests.year.checking.record import Message, Record
from tests.year.checking.speaking import Past, Word, instants_of
from tests.year.checking.story import PAUSED, Story, shown


@dataclass(slots=True)
class Silence:
    """The longest that a rule's customers heard nothing, in seconds of the rule's hours."""

    promised: int = 0
    on_time: int = 0
    delayed: int = 0


@dataclass(slots=True)
class Kept:
    """What was looked at.

    Attributes:
        delays: Why messages came later than they were due, by reason.
        silences: By (rule, priority).
        announced: What became of the next word that a text announced.
        unjudged: Messages held against prohibitions only: after a merge, or a machine's answer.
    """

    messages: int = 0
    spells: int = 0
    delays: Counter[str] = field(default_factory=Counter)
    silences: dict[tuple[str, str], Silence] = field(default_factory=dict)
    announced: Counter[str] = field(default_factory=Counter)
    unjudged: int = 0


def broken_promises(
    stories: Mapping[str, Story], record: Record, kept: Kept
) -> Iterator[Objection]:
    """Every promise on a ticket that was broken; counts into `kept` what was looked at."""
    past = Past(stories, record)
    for story in stories.values():
        yield from _silences(story, past, record, kept)
        for message in record.of_ticket.get(story.key, ()):
            if message.rule not in BY_RULE:
                continue
            if story.judged_until is not None and message.at >= story.judged_until:
                kept.unjudged += 1
                continue
            yield from _untimely(message, story, past, kept)
            yield from _announced(message, story, past, record, kept)
    for customer in {story.customer.id for story in stories.values()}:
        yield from _silences_of_customer(customer, past, record)


# --- nothing is missing ---


def _silences(story: Story, past: Past, record: Record, kept: Kept) -> Iterator[Objection]:
    for begin, end in pairwise(instants_of(story, record)):
        kept.spells += 1
        if record.was_down(begin):
            continue
        word = past.promised(story, begin)
        if word is not None and _is_missing(word, end, record):
            yield _missing(story.key, word)


def _is_missing(word: Word, end: int, record: Record) -> bool:
    is_stale = word.until is not None and word.at >= word.until
    return word.at < end and not is_stale and not record.was_down(word.at)


def _missing(subject: str, word: Word) -> Objection:
    wrong = (
        f"due {shown(word.due_at)}, since {shown(word.since)}; nothing came, and nothing excuses it"
    )
    return Objection("silence", subject, word.at, f"{word.promise.rule} {word.kind}", wrong)


def _silences_of_customer(customer: str, past: Past, record: Record) -> Iterator[Objection]:
    subject = f"customer:{customer}"
    firings = [one for one in record.fired.get((subject, OF_CUSTOMERS.rule), ())
               if one.is_escalation]  # fmt: skip
    stories = past.stories_of(customer)
    if not firings or any(one.judged_until is not None for one in stories):
        return
    cuts = {record.until, *(one.at for one in firings)}
    for story in stories:
        cuts.update(instants_of(story, record))
        cuts.update(at + CONTACTS_WITHIN for at in story.contacts(record.until))
    cuts.update(one.at for one in record.of_customer.get(customer, ()))
    begins = [at for at in sorted(cuts) if firings[0].at <= at <= record.until]
    for begin, end in pairwise(begins):
        found = None if record.was_down(begin) else past.promised_to_customer(customer, begin)
        if found is not None and _is_missing(found[1], end, record):
            yield _missing(f"{subject} on {found[0].key}", found[1])


# --- nothing comes early, or uncalled for ---


def _untimely(message: Message, story: Story, past: Past, kept: Kept) -> Iterator[Objection]:
    kept.messages += 1
    promise = f"{message.rule} {message.kind} {message.occurrence}"
    word: Word | None
    if message.subject != story.key:
        found = past.promised_to_customer(story.customer.id, message.at, message)
        word = found[1] if found is not None and found[0] is story else None
    else:
        word = past.promised(story, message.at, message)
    if word is None:
        wrong = "nothing was promised at that instant"
        yield Objection("uncalled for", story.key, message.at, promise, wrong)
    elif (word.promise.rule, word.kind) != (message.rule, message.kind):
        wrong = f"{word.promise.rule} {word.kind} had the word"
        yield Objection("wrong voice", story.key, message.at, promise, wrong)
    elif word.at > message.at:
        why = f", for {' and '.join(word.delays)}" if word.delays else ""
        wrong = f"due {shown(word.due_at)}, not before {shown(word.at)}{why}"
        yield Objection("early", story.key, message.at, promise, wrong)
    else:
        _count(message, story, word, past, kept)


def _count(message: Message, story: Story, word: Word, past: Past, kept: Kept) -> None:
    """Note how long the silence was, and what made it longer than promised."""
    late = message.at - word.due_at
    reason = past.why_late(story, word, message) if late else "none"
    kept.delays[f"{message.kind}: {reason}"] += 1
    updates = word.promise.updates
    if message.kind != "update" or updates is None:
        return
    priority = story.seen(word.promise, message.at).priority
    silence = kept.silences.setdefault((message.rule, priority), Silence())
    silence.promised = updates.every[priority]
    lasted = word.promise.hours.elapsed(word.since, message.at, story.pauses(message.at))
    if late:
        silence.delayed = max(silence.delayed, lasted)
    else:
        silence.on_time = max(silence.on_time, lasted)


# --- what the text announced ---


def _announced(
    message: Message, story: Story, past: Past, record: Record, kept: Kept
) -> Iterator[Objection]:
    promise = f"{message.rule} {message.kind} {message.occurrence}"
    is_of_ticket = message.subject == story.key and message.kind != "follow_up"
    word = past.next_update(story, message.at) if is_of_ticket else None
    expected = None if word is None else word.at
    if message.next_at != expected:
        said, wanted = (shown(at) if at else "nothing" for at in (message.next_at, expected))
        wrong = f"the text announces {said} in place of {wanted}"
        yield Objection("wrong promise", story.key, message.at, promise, wrong)
    elif message.next_at is not None:
        what = _what_became(message, message.next_at, story, past, record)
        if what is None:
            wrong = f"announced for {shown(message.next_at)}, and nothing came by then"
            yield Objection("broken promise", story.key, message.at, promise, wrong)
        else:
            kept.announced[what] += 1


def _what_became(
    message: Message, next_at: int, story: Story, past: Past, record: Record
) -> str | None:
    """How an announced word was kept, or what happened until then that excuses it."""
    said = message.at

    def is_between(at: int | None) -> bool:
        return at is not None and said <= at <= next_at

    ours = [one.at for one in record.of_ticket[story.key] if one.at > said]
    elsewhere = [one.at for one in record.of_customer[story.customer.id]
                 if one.ticket != story.key]  # fmt: skip
    voice, later = past.next_update(story, said), past.next_update(story, next_at)
    statuses = [one for one in story.statuses(next_at) if is_between(one.at)]
    excuses = {
        "kept, by us": any(at <= next_at for at in ours),
        "kept, by a person": any(said < at <= next_at for at in story.words),
        "the year was over": next_at > record.until,
        "resolved, merged or deleted": is_between(story.over_at)
        or any(one.value in {"resolved", "closed"} for one in statuses),
        "the customer was asked": any(one.value == PAUSED for one in statuses),
        "another ticket was merged into it": is_between(story.took_over_at),
        "a machine may have answered": is_between(story.answered_at),
        "the customer wrote": any(next_at - AFTER_THEIR_OWN < at <= next_at for at in story.wrote),
        "status or priority changed": any(is_between(one.at) for one in story.changes),
        "the customer heard of another ticket": any(is_between(at) for at in elsewhere),
        "another rule has the voice, and other hours": voice is not None
        and later is not None
        and later.promise is not voice.promise
        and not later.promise.delivers.is_open(next_at),
        "the daemon was down": any(since < next_at < until for since, until in record.down),
    }
    return next((what for what, is_so in excuses.items() if is_so), None)
