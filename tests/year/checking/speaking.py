"""What is promised to a ticket's customer at an instant, and when it may arrive at the soonest.

All is told by the story and the record up to that instant, and nothing by what comes after it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.year.checking.hours import Hours
from tests.year.checking.promises import (
    AFTER_THEIR_OWN,
    DAY,
    GAP,
    MAX_LATENESS,
    OF_CUSTOMERS,
    OF_TICKETS,
    PER_DAY,
    Promise,
    Updates,
)
from tests.year.checking.record import Firing, Message, Record
from tests.year.checking.story import Story, turned_often, turned_often_since


@dataclass(frozen=True, slots=True)
class Word:
    """A message that is promised.

    Attributes:
        due_at: When the promise falls due.
        since: From when its rhythm counts.
        at: The first instant at which it may arrive, if nothing happens any more.
        delays: What moves it from when it is due.
        until: From then on it would be stale, and is not sent any more.
    """

    promise: Promise
    kind: str
    due_at: int
    since: int
    at: int
    delays: tuple[str, ...]
    until: int | None = None


class Past:
    """What is known at an instant: the story, and our messages but for some."""

    def __init__(self, stories: Mapping[str, Story], record: Record) -> None:
        self._record = record
        self._of_customer: dict[str, list[Story]] = {}
        for story in stories.values():
            self._of_customer.setdefault(story.customer.id, []).append(story)

    def promised(self, story: Story, at: int, besides: Message | None = None) -> Word | None:
        """The next word on the ticket, as it stands at `at`; one message is taken for unsaid."""
        if story.customer.wants_nothing or (story.over_at is not None and story.over_at <= at):
            return None
        said = self._said(story, at, besides)
        heard = self._heard(story, at, besides)
        if not story.is_open(at):
            return self._follow_up(story, at, said, heard)
        if story.pauses(at)[-1:] and story.pauses(at)[-1][1] is None:
            return None
        words = [self._news(story, at, said, heard), self.update(story, at, said, heard)]
        return min((word for word in words if word is not None), key=_arrival, default=None)

    def next_update(self, story: Story, at: int) -> Word | None:
        """The update that a message of this instant may announce."""
        if story.pauses(at)[-1:] and story.pauses(at)[-1][1] is None:
            return None
        return self.update(story, at, self._said(story, at, None), self._heard(story, at, None))

    def why_late(self, story: Story, word: Word, message: Message) -> str:
        """Why a message did not arrive when it was due, but only at its instant.

        What held it when it fell due; else what came between, as the story tells it.
        """
        due_at, at = word.due_at, message.at
        if self._record.was_down(due_at) or any(
            since < due_at < until or at == until for since, until in self._record.down
        ):
            return "the daemon was down"
        heard = [one for one in self._heard(story, at, message) if one <= at]
        then = [one for one in heard if one <= due_at]
        _, delays = self._arrives(story, due_at, due_at, word.promise.delivers, then)
        if delays:
            return delays[0]
        moved = self._arrives(story, at, due_at, word.promise.delivers, heard)[1]
        return moved[0] if moved else "it did not hold when it was due"

    def _said(self, story: Story, at: int, besides: Message | None) -> list[Message]:
        messages = self._record.of_ticket.get(story.key, [])
        end = bisect_right(messages, at, key=_at)
        return [one for one in messages[:end] if one is not besides]

    def _heard(self, story: Story, at: int, besides: Message | None) -> list[int]:
        messages = self._record.of_customer.get(story.customer.id, [])
        end = bisect_right(messages, at, key=_at)
        return [one.at for one in messages[:end] if one is not besides]

    # --- the first words of an escalation ---

    def _news(
        self, story: Story, at: int, said: Sequence[Message], heard: Sequence[int]
    ) -> Word | None:
        found = [
            (firing.at, promise.position, promise, stale_at)
            for promise in OF_TICKETS
            if promise.on_escalation and story.holds(promise, at)
            if (firing := self._escalation(story, promise, at)) is not None
            if not any(one.rule == promise.rule and one.kind == "on_escalation"
                       and one.anchor == firing.anchor for one in said)
            if firing.reason != "budget"
            if (stale_at := _stale_at(promise, firing.at)) > at
            if self._is_first(story, at, firing.at, said)
        ]  # fmt: skip
        if not found:
            return None
        due_at, _, promise, stale_at = min(found, key=lambda one: one[:2])
        arrives, delays = self._arrives(story, at, max(due_at, at), promise.delivers, heard)
        return Word(promise, "on_escalation", due_at, due_at, arrives, delays, stale_at)

    def _is_first(self, story: Story, at: int, escalated_at: int, said: Sequence[Message]) -> bool:
        opened_at = story.opened_at(at)
        before = [one.at for one in said if one.kind == "on_escalation"]
        return all(one < opened_at and one <= escalated_at - DAY for one in before)

    def _escalation(self, story: Story, promise: Promise, at: int) -> Firing | None:
        """The first escalation of the rule's present episode."""
        anchor = story.anchor(promise, at)
        if anchor is None:
            return None
        return self._record.escalated_at(story.key, promise.rule, anchor, at)

    # --- updates ---

    def update(
        self, story: Story, at: int, said: Sequence[Message], heard: Sequence[int]
    ) -> Word | None:
        """What the one voice of the ticket says next."""
        voices = [
            (every, promise.position, promise, promise.updates, start)
            for promise in OF_TICKETS
            if promise.updates and story.holds(promise, at)
            if (every := promise.updates.every.get(story.seen(promise, at).priority)) is not None
            if (start := self._start(story, promise, promise.updates, at)) is not None
        ]
        if not voices:
            return None
        every, _, promise, updates, start = min(voices, key=lambda one: one[:2])
        if self._has_said_all(story, promise, updates, at, said):
            return None
        spoken = [one for one in story.words if one <= at]
        heard_at = max([story.created_at, *spoken, *(one.at for one in said)])
        since = max(start, heard_at)
        promised = [(promise, every, since)]
        if heard_at < start:  # whoever takes the voice keeps what the others have promised
            promised += [
                (other, often, max(begin, heard_at))
                for often, _, other, theirs, begin in voices
                if not self._has_said_all(story, other, theirs, at, said)
            ]
        dues = [other.hours.add(begin, often, story.pauses(at)) for other, often, begin in promised]
        due_at = min((one for one in dues if one is not None), default=None)
        if due_at is None:
            return None
        arrives, delays = self._arrives(story, at, max(due_at, at), promise.delivers, heard)
        if due_at < at:
            delays = ("held", *delays)
        return Word(promise, "update", due_at, since, arrives, delays)

    def _has_said_all(
        self, story: Story, promise: Promise, updates: Updates, at: int, said: Sequence[Message]
    ) -> bool:
        anchor = story.anchor(promise, at) or 0
        mine = [
            one for one in said
            if one.rule == promise.rule and one.kind == "update" and one.at >= anchor
        ]  # fmt: skip
        return updates.most is not None and len(mine) >= updates.most

    def _start(self, story: Story, promise: Promise, updates: Updates, at: int) -> int | None:
        if updates.starts_with_match:
            return story.holds_since(promise, at)
        firing = self._escalation(story, promise, at)
        return None if firing is None else firing.at

    # --- after the resolution ---

    def _follow_up(
        self, story: Story, at: int, said: Sequence[Message], heard: Sequence[int]
    ) -> Word | None:
        resolved_at, opened_at = story.resolved_at(at), story.opened_at(at)
        if resolved_at is None:
            return None
        if any(one.kind == "follow_up" and one.at >= opened_at for one in said):
            return None
        owed = []
        for promise in OF_TICKETS:
            if promise.follow_up is None:
                continue
            due_at = promise.hours.add(resolved_at, promise.follow_up[0])
            escalated = self._record.escalated_at(story.key, promise.rule, opened_at, at)
            if escalated is None or due_at is None:
                continue
            stale_at = promise.delivers.next_open(due_at) + MAX_LATENESS + 1
            if at < stale_at:
                owed.append((due_at, promise.position, promise, stale_at))
        if not owed:
            return None
        due_at, _, promise, stale_at = min(owed, key=lambda one: one[:2])
        arrives, delays = self._arrives(story, at, max(due_at, at), promise.delivers, heard)
        return Word(promise, "follow_up", due_at, resolved_at, arrives, delays, stale_at)

    # --- a customer's tickets together ---

    def promised_to_customer(
        self, customer: str, at: int, besides: Message | None = None
    ) -> tuple[Story, Word] | None:
        """The one message about all tickets of a customer, and the ticket that it goes to."""
        stories = [one for one in self._of_customer[customer] if one.created_at <= at]
        there = [one for one in stories if one.is_open(at)]
        subject = f"customer:{customer}"
        if not there or there[0].customer.wants_nothing or not turned_often(stories, at):
            return None
        story = max(there, key=lambda one: (one.created_at, one.key))
        said = self._said(story, at, besides)
        for firing in self._record.fired.get((subject, OF_CUSTOMERS.rule), ()):
            stale_at = _stale_at(OF_CUSTOMERS, firing.at)
            is_live = firing.is_escalation and firing.at <= at < stale_at
            if not is_live or firing.occurrence > 1 or self._is_said(firing, at, besides):
                continue
            if not turned_often_since(stories, firing.at, at):
                continue  # whoever turns to us often anew hears in the next escalation
            if self._is_first(story, at, firing.at, said):
                heard = self._heard(story, at, besides)
                arrives, delays = self._arrives(
                    story, at, max(firing.at, at), OF_CUSTOMERS.delivers, heard
                )
                return story, Word(
                    OF_CUSTOMERS, "on_escalation", firing.at, firing.at, arrives, delays, stale_at
                )
        return None

    def _is_said(self, firing: Firing, at: int, besides: Message | None) -> bool:
        messages = self._record.of_customer.get(firing.subject.partition(":")[2], ())
        return any(
            one.subject == firing.subject and one.anchor == firing.anchor and one.at <= at
            for one in messages
            if one is not besides
        )

    def stories_of(self, customer: str) -> Sequence[Story]:
        return self._of_customer[customer]

    # --- when a message may arrive ---

    def _arrives(
        self, story: Story, at: int, soonest: int, hours: Hours, heard: Sequence[int]
    ) -> tuple[int, tuple[str, ...]]:
        """The first instant from `soonest` on that hours, the customer and the limits allow."""
        delays: dict[str, None] = {}
        arrives = soonest
        while True:
            moves = {
                "outside hours": hours.next_open(arrives),
                "customer wrote": story.last_wrote_at(at) + AFTER_THEIR_OWN,
                "gap": heard[-1] + GAP if heard else 0,
                "a day's limit": _after_limit(arrives, heard),
            }
            reason, moved = max(moves.items(), key=lambda one: one[1])
            if moved <= arrives:
                return arrives, tuple(delays)
            delays[reason] = None
            arrives = moved


def _after_limit(at: int, heard: Sequence[int]) -> int:
    lately = heard[bisect_right(heard, at - DAY) :]
    return lately[-PER_DAY] + DAY if len(lately) >= PER_DAY else at


def _stale_at(promise: Promise, escalated_at: int) -> int:
    return promise.delivers.next_open(escalated_at) + MAX_LATENESS + 1


def _arrival(word: Word) -> int:
    return word.at


def _at(message: Message) -> int:
    return message.at


def instants_of(story: Story, record: Record) -> list[int]:
    """Every instant at which what is promised on a ticket can change; beyond the last, never."""
    found = {story.created_at, *story.words, *story.wrote}
    found.update(_all_instants(story, record))
    end = record.until if story.over_at is None else min(record.until, story.over_at)
    if story.judged_until is not None:
        end = min(end, story.judged_until)
    times = sorted(found)
    return [*times[bisect_left(times, story.created_at) : bisect_left(times, end)], end]


def _all_instants(story: Story, record: Record) -> Iterator[int]:
    yield from (one.at for one in story.changes)
    yield from (one.at for one in record.of_ticket.get(story.key, ()))
    yield from (one.at for one in record.of_customer.get(story.customer.id, ()))
    yield from (until for _, until in record.down)
    for promise in OF_TICKETS:
        for firing in record.fired.get((story.key, promise.rule), ()):
            yield firing.at
            yield _stale_at(promise, firing.at)
        if promise.follow_up is not None:
            for _, back, _ in story.returns(record.until):
                yield back
