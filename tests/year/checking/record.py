"""What the daemon did, as its files tell."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.year.checking.promises import AT_ONCE, BY_RULE
from tests.year.checking.story import Change, Story, seconds

Document = Mapping[str, Any]
NEXT_WORD = re.compile(r"Next word: (\d+)")


@dataclass(frozen=True, slots=True)
class Message:
    """A public answer of ours.

    Attributes:
        anchor: The event that the episode is named by.
        next_at: When the text promises the next one (seconds since 1970).
    """

    at: int
    ticket: str
    rule: str
    subject: str
    anchor: str
    kind: str
    occurrence: int
    to: str
    title: str
    next_at: int | None

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        return self.rule, self.subject, self.anchor, self.kind, self.occurrence


@dataclass(frozen=True, slots=True)
class Firing:
    """A level that fired."""

    at: int
    due_at: int
    subject: str
    rule: str
    anchor: str
    level: str
    occurrence: int
    is_escalation: bool
    reason: str


@dataclass(slots=True)
class Record:
    """Everything that the daemon did in the year.

    Attributes:
        down: Spells in which it did not run.
        late: (subject, rule) of levels that it left out as too late.
    """

    messages: list[Message]
    firings: list[Firing]
    down: tuple[tuple[int, int], ...]
    until: int
    late: frozenset[tuple[str, str]] = frozenset()
    of_ticket: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    of_customer: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    fired: dict[tuple[str, str], list[Firing]] = field(default_factory=lambda: defaultdict(list))

    def file(self, stories: Mapping[str, Story]) -> None:
        """Sort what was done by whom it concerns."""
        self.messages.sort(key=lambda one: one.at)
        self.firings.sort(key=lambda one: one.at)
        for message in self.messages:
            self.of_ticket[message.ticket].append(message)
            if message.ticket in stories:
                self.of_customer[stories[message.ticket].customer.id].append(message)
        for firing in self.firings:
            self.fired[firing.subject, firing.rule].append(firing)

    def note_machines(self, stories: Collection[Story]) -> None:
        """Note whose tickets may have a machine that answers; seldom, and by chance."""
        found: dict[str, int] = {}
        for story in stories:
            customer = story.customer.id
            for message in self.of_customer.get(customer, ()):
                is_here = message.ticket == story.key
                instants = (*story.wrote, *story.automatic) if is_here else (story.created_at,)
                if any(message.at <= at <= message.at + AT_ONCE for at in instants):
                    found[customer] = min(message.at, found.get(customer, message.at))
        for story in stories:
            story.answered_at = found.get(story.customer.id)

    def was_down(self, at: int) -> bool:
        """Whether it could do nothing at `at`; at the end of a spell it can again."""
        return any(since < at < until for since, until in self.down)

    def escalated_at(self, subject: str, rule: str, since: int, at: int) -> Firing | None:
        """The first escalation by a rule from `since` to `at`."""
        found = (
            one for one in self.fired.get((subject, rule), ())
            if one.is_escalation and since <= one.at <= at
        )  # fmt: skip
        return next(found, None)


def messages_of(actions: Iterable[Document]) -> list[Message]:
    return [_message(action) for action in actions if action["action"] == "reply"]


def _message(action: Document) -> Message:
    rule, subject, rest = str(action["key"]).split("|", 2)
    anchor, kind, occurrence = rest.rsplit("|", 2)
    promised = NEXT_WORD.search(str(action["text"]))
    return Message(
        at=seconds(str(action["at"])),
        ticket=str(action["ticket"]),
        rule=rule,
        subject=subject,
        anchor=anchor,
        kind=kind,
        occurrence=int(occurrence),
        to=str(action["to"] or ""),
        title=str(action["subject"]),
        next_at=int(promised.group(1)) if promised else None,
    )


def firings_of(fired: Iterable[Document]) -> list[Firing]:
    return [
        Firing(
            at=seconds(one["fired_at"]),
            due_at=seconds(one["due_at"]),
            subject=one["ticket"],
            rule=one["rule"],
            anchor=one["episode"],
            level=one["name"],
            occurrence=one["occurrence"],
            is_escalation=one["kind"] is not None,
            reason=one["reason"],
        )
        for one in fired
    ]


def add_our_changes(stories: Mapping[str, Story], actions: Iterable[Document]) -> None:
    """What our rules wrote belongs to a ticket's story, after what happened at that second."""
    for action in actions:
        if action["action"] != "change":
            continue
        rule, at = str(action["key"]).split("|", 1)[0], seconds(action["at"])
        story = stories[action["ticket"]]
        story.changes.extend(
            Change(at, one["field"], str(one["after"]), rule if rule in BY_RULE else None)
            for one in action["changes"]
            if one["field"] in story.first
        )
    for story in stories.values():
        story.changes.sort(key=lambda one: (one.at, one.rule is not None))
