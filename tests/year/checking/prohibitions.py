"""What must never happen, each message held against each prohibition by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from tests.year.checking.objection import Objection
from tests.year.checking.promises import (
    AFTER_THEIR_OWN,
    BY_RULE,
    DAY,
    GAP,
    PER_DAY,
    Promise,
)
from tests.year.checking.record import Message, Record
from tests.year.checking.story import OVER, PAUSED, Story, shown

Fault = tuple[str, str]


def breaches(stories: Mapping[str, Story], record: Record) -> Iterator[Objection]:
    """Everything in the record that no circumstance allows."""
    for message in record.messages:
        story, promise = stories.get(message.ticket), BY_RULE.get(message.rule)
        if story is None or promise is None:
            yield _objection(message, "unknown", "nobody knows this ticket or this rule")
            continue
        for test in _TESTS:
            if (fault := test(message, story, promise)) is not None:
                yield _objection(message, *fault)
        if record.was_down(message.at):
            yield _objection(message, "impossible", "the daemon was down")
    yield from _doubles(record)
    yield from _counts(stories, record)
    yield from _crowds(record)
    yield from _once_per_opening(stories, record)


def _objection(message: Message, fault: str, wrong: str) -> Objection:
    promise = f"{message.rule} {message.kind} {message.occurrence}"
    return Objection(fault, message.ticket, message.at, promise, wrong)


# --- one message, by itself ---


def _hours(message: Message, _: Story, promise: Promise) -> Fault | None:
    if promise.delivers.is_open(message.at):
        return None
    return "outside hours", f"delivery opens {shown(promise.delivers.next_open(message.at))}"


def _wanted(_: Message, story: Story, __: Promise) -> Fault | None:
    if story.customer.wants_nothing:
        return "unwanted", f"{story.customer.id} gets no updates, or is a robot"
    return None


def _ended(message: Message, story: Story, _: Promise) -> Fault | None:
    if message.at < story.created_at:
        return "unknown", f"the ticket was opened {shown(story.created_at)}"
    if story.over_at is not None and story.over_at <= message.at:
        return "ended", f"the ticket was merged or deleted {shown(story.over_at)}"
    is_over = story.status(message.at) in OVER
    if message.kind == "follow_up" and not is_over:
        return "reopened", "a follow-up on a ticket that is open"
    if message.kind != "follow_up" and is_over:
        return "after resolution", f"resolved {shown(story.resolved_at(message.at) or 0)}"
    return None


def _paused(message: Message, story: Story, promise: Promise) -> Fault | None:
    """A group's clock has no pauses: its message may meet a ticket that waits for the customer."""
    if promise.since != "contacts" and story.status(message.at) == PAUSED:
        return "paused", "the ticket waits for the customer"
    return None


def _just_wrote(message: Message, story: Story, _: Promise) -> Fault | None:
    if story.answered_at is not None and story.answered_at <= message.at:
        return None  # what looks like the customer's may be a machine's
    wrote_at = story.last_wrote_at(message.at)
    if message.at - wrote_at < AFTER_THEIR_OWN:
        return "too soon", f"the customer wrote {shown(wrote_at)}"
    return None


def _text(message: Message, story: Story, promise: Promise) -> Fault | None:
    text = _template(message.kind, promise)
    if text is None:
        return "no promise", f"{promise.rule} has no {message.kind}"
    wanted = f"{story.customer.language} {text} {story.number}"
    if message.title != wanted:
        return "wrong text", f"'{message.title}' in place of '{wanted}'"
    return None


def _template(kind: str, promise: Promise) -> str | None:
    if kind == "update":
        return promise.updates.template if promise.updates else None
    if kind == "follow_up":
        return promise.follow_up[1] if promise.follow_up else None
    return promise.on_escalation


def _address(message: Message, story: Story, promise: Promise) -> Fault | None:
    if message.to != (story.customer.email or ""):
        return "wrong customer", f"'{message.to}' in place of '{story.customer.email}'"
    subject = f"customer:{story.customer.id}" if promise.since == "contacts" else story.key
    if message.subject != subject:
        return "wrong customer", f"about {message.subject} in place of {subject}"
    return None


_TESTS: tuple[Callable[[Message, Story, Promise], Fault | None], ...] = (
    _hours, _wanted, _ended, _paused, _just_wrote, _text, _address,
)  # fmt: skip


# --- several messages together ---


def _doubles(record: Record) -> Iterator[Objection]:
    seen: dict[object, int] = {}
    for message in record.messages:
        if (before := seen.get(message.key)) is not None:
            yield _objection(message, "twice", f"the same went out {shown(before)}")
        seen[message.key] = message.at


def _counts(stories: Mapping[str, Story], record: Record) -> Iterator[Objection]:
    """The updates of an episode are numbered from 1, without a hole, up to their most.

    Where another ticket was merged into this one, what was said there counts, too.
    """
    numbers: dict[tuple[str, ...], int] = defaultdict(int)
    for message in record.messages:
        episode = (message.rule, message.subject, message.anchor, message.kind)
        wanted = numbers[episode] + 1
        numbers[episode] = message.occurrence
        story = stories.get(message.ticket)
        took_over_at = story.took_over_at if story else None
        has_more = took_over_at is not None and took_over_at <= message.at
        is_next = message.occurrence == wanted or (has_more and message.occurrence > wanted)
        if message.kind != "follow_up" and not is_next:
            yield _objection(message, "wrong count", f"it should have been number {wanted}")
        updates = BY_RULE[message.rule].updates if message.rule in BY_RULE else None
        is_update = message.kind == "update" and updates is not None
        if is_update and updates and updates.most and message.occurrence > updates.most:
            yield _objection(message, "too many", f"at most {updates.most} were promised")


def _crowds(record: Record) -> Iterator[Objection]:
    for who, messages in (*record.of_ticket.items(), *record.of_customer.items()):
        for index, message in enumerate(messages):
            before = messages[index - 1].at if index else -DAY
            if message.at - before < GAP:
                wrong = f"{who} heard from us {shown(before)}"
                yield _objection(message, "within the gap", wrong)
            lately = [one for one in messages[:index] if one.at > message.at - DAY]
            if len(lately) >= PER_DAY:
                yield _objection(message, "too many a day", f"{who} had {len(lately)} in 24 hours")


def _once_per_opening(stories: Mapping[str, Story], record: Record) -> Iterator[Objection]:
    """`on_escalation` and `follow_up` come once in an opening, the first once in 24 hours."""
    for ticket, messages in record.of_ticket.items():
        story = stories.get(ticket)
        last: dict[str, int] = {}
        for message in messages:
            if story is None or message.kind == "update":
                continue
            before = last.get(message.kind)
            last[message.kind] = message.at
            if before is None:
                continue
            if before >= story.opened_at(message.at):
                yield _objection(message, "twice in an opening", f"it came {shown(before)}, too")
            elif message.kind == "on_escalation" and message.at - before < DAY:
                yield _objection(message, "twice in a day", f"it came {shown(before)}, too")
