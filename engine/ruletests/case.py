"""What a test file says, once it has been read: stories, and what must come of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from engine.domain.condition import Operator
from engine.domain.ruleset import Ruleset
from engine.domain.silence import Matchers
from engine.domain.ticket import Actor, Ticket, Value

# --- what happens --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens.

    Attributes:
        at: When (aware UTC).
        line: Where it stands in its file, from 1.
    """

    at: datetime
    line: int


@dataclass(frozen=True, slots=True)
class OnTicket(Step):
    """Something that happens to a ticket, given by its whole id."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Changes(OnTicket):
    """A person sets fields, in this order; names are dotted."""

    values: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Says(OnTicket):
    """Somebody writes a message."""

    actor: Actor
    text: str
    is_public: bool = True
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Contacts(OnTicket):
    """The customer writes; a ticket that is resolved is reopened by it."""

    text: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Merges(OnTicket):
    """A person merges the ticket into another one."""

    into: str


@dataclass(frozen=True, slots=True)
class Deletes(OnTicket):
    """The helpdesk knows the ticket no more."""


@dataclass(frozen=True, slots=True)
class Acknowledges(OnTicket):
    """Somebody takes the ticket's escalations, or that of one rule."""

    who: str
    rule: str | None


@dataclass(frozen=True, slots=True)
class Silences(Step):
    """Somebody silences what is named, or everything, from now on.

    Attributes:
        until: When it ends (aware UTC), exclusive.
    """

    matchers: Matchers
    until: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Restarts(Step):
    """The daemon stops, and starts again after so long."""

    down_for: timedelta


@dataclass(frozen=True, slots=True)
class Reloads(Step):
    """Other rules are put in force."""

    ruleset: Ruleset


# --- what is expected ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that must come of it.

    Attributes:
        first: Earliest instant (aware UTC).
        last: Latest instant, inclusive; for `at` the same.
        line: Where it stands in its file, from 1.
        ticket: The ticket, or the group, that it concerns; None for any.
    """

    first: datetime
    last: datetime
    line: int
    ticket: str | None


@dataclass(frozen=True, slots=True)
class ExpectedLevel(Expected):
    """A level, or a repetition of its notice, fires.

    Attributes:
        level: Its name, or its number from 1.
        occurrence: 1 for the level itself, from 2 for repetitions.
        notify: Names of the receivers that are told, in any order; None for not asked.
        template: The staff template that they are told with; None for not asked.
        kind: ``technical``, ``hierarchical`` or ``reminder``; None for not asked.
    """

    rule: str
    level: str | int
    occurrence: int = 1
    notify: tuple[str, ...] | None = None
    template: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class ExpectedMessage(Expected):
    """The customer is written to.

    Attributes:
        template: Name of the customer template.
        rule: The rule that speaks; None for any.
    """

    template: str
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class ExpectedNotice(Expected):
    """Staff are told beyond a level's own notice: a digest, or that updates have ended.

    Attributes:
        told: Names of the receivers.
        template: ``digest`` or ``last-update``; None for any.
        rule: The rule that it is about; None for any.
    """

    told: tuple[str, ...]
    template: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """One field held against what it should be.

    Attributes:
        field: Dotted name.
        operator: `EQUALS`, `NOT` or `EXISTS`.
        wanted: A text, a list of tags, an instant or a flag.
    """

    field: str
    operator: Operator
    wanted: Value


@dataclass(frozen=True, slots=True)
class ExpectedState(Expected):
    """How a ticket stands, after everything of that instant."""

    checks: tuple[FieldCheck, ...]


# --- the whole -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """A ticket as it comes in, and what the customer wrote with it, if anything."""

    ticket: Ticket
    says: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One story with what must come of it.

    Attributes:
        line: Where it stands in its file, from 1.
        start: When its first ticket comes in (aware UTC).
        until: How long it is lived through, inclusive (aware UTC).
        steps: In the order in which they happen.
        expected: In the order written.
    """

    name: str
    line: int
    start: datetime
    until: datetime
    openings: tuple[Opening, ...]
    steps: tuple[Step, ...]
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file of rule tests, ready to be played.

    Attributes:
        shown: Its path as the person named it.
        zone: What its stamps without a zone are in, and its timelines are shown in.
        ruleset: The rules in force when a case begins.
        rule_files: The rule files whose rules these are, as shown.
    """

    __test__ = False  # not a test case, whatever its name suggests to a collector

    shown: str
    zone: tzinfo
    ruleset: Ruleset
    rule_files: tuple[str, ...]
    cases: tuple[Case, ...]
