"""Holding a rule's `match` against a ticket: closures, compiled once when the rule is loaded.

A compiled condition answers three questions about a `Situation`: does it hold, until when can that
not change by the mere passing of time, and what does each of its tests find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from engine.domain.calendar import Calendar
from engine.domain.condition import (
    FIELDS,
    All,
    Any,
    Condition,
    ContactsBy,
    ContactsTest,
    FieldKind,
    MessageTest,
    Not,
    Operator,
    Test,
)
from engine.domain.contact import Contact, ContactLog, within
from engine.domain.history import View
from engine.domain.ticket import Priority, Status, Value, value_of

ONE_SECOND = timedelta(seconds=1)
_NO_CONTACTS: Mapping[ContactsBy, ContactLog] = MappingProxyType({})
_NO_LOG = ContactLog()


@dataclass(frozen=True, slots=True)
class Situation:
    """What a condition is held against.

    Attributes:
        view: The ticket as the episode at hand sees it.
        at: The instant (aware UTC).
        contacts: Contacts of the ticket's customer, organisation or everyone, in order of time;
            those of the ticket itself are in the view.
        escalations: When episodes of this ticket became escalations, sorted.
        customer_escalations: The same for all tickets of its customer.
    """

    view: View
    at: datetime
    contacts: Mapping[ContactsBy, ContactLog] = field(default_factory=lambda: _NO_CONTACTS)
    escalations: tuple[datetime, ...] = ()
    customer_escalations: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one node of a condition says, with what it found; for explanations.

    Attributes:
        op: ``all``, ``any``, ``not`` or ``test``.
        wanted: As the rule says it; durations are `timedelta`.
        found: As the ticket says it.
    """

    op: str
    holds: bool
    field: str | None = None
    operator: str | None = None
    wanted: object = None
    found: object = None
    children: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition as closures.

    Attributes:
        holds: Whether it holds.
        changes_at: The earliest instant after `Situation.at` at which, if nothing happens, it could
            hold otherwise; None when only an event could change it.
        examine: The tree of findings.
    """

    holds: Callable[[Situation], bool]
    changes_at: Callable[[Situation], datetime | None]
    examine: Callable[[Situation], Finding]


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """The earliest of the instants that there are, None when there is none."""
    return min((at for at in instants if at is not None), default=None)


def compile_condition(
    condition: Condition, calendar: Calendar, pause_while: frozenset[Status]
) -> Compiled:
    """Compile a condition; durations are read in `calendar`, less the spells in `pause_while`."""
    compiled: Compiled
    match condition:
        case All(parts):
            compiled = _compile_all([compile_condition(p, calendar, pause_while) for p in parts])
        case Any(parts):
            compiled = _compile_any([compile_condition(p, calendar, pause_while) for p in parts])
        case Not(part):
            compiled = _compile_not(compile_condition(part, calendar, pause_while))
        case ContactsTest():
            compiled = _compile_contacts(condition)
        case MessageTest():
            compiled = _compile_message(condition)
        case Test() if FIELDS.get(condition.field) is FieldKind.DURATION:
            compiled = _compile_duration(condition, calendar, pause_while)
        case Test():
            compiled = _compile_value(condition)
    return compiled


# --- joining -------------------------------------------------------------------------------------


def _never(_: Situation) -> None:
    return None


def _joined_change(parts: list[Compiled]) -> Callable[[Situation], datetime | None]:
    moving = [part.changes_at for part in parts if part.changes_at is not _never]
    if not moving:
        return _never
    return lambda situation: earliest(changes_at(situation) for changes_at in moving)


def _compile_all(parts: list[Compiled]) -> Compiled:
    tests = tuple(part.holds for part in parts)

    def holds(situation: Situation) -> bool:
        return all(test(situation) for test in tests)

    def examine(situation: Situation) -> Finding:
        children = tuple(part.examine(situation) for part in parts)
        return Finding("all", all(child.holds for child in children), children=children)

    return Compiled(holds, _joined_change(parts), examine)


def _compile_any(parts: list[Compiled]) -> Compiled:
    tests = tuple(part.holds for part in parts)

    def holds(situation: Situation) -> bool:
        return any(test(situation) for test in tests)

    def examine(situation: Situation) -> Finding:
        children = tuple(part.examine(situation) for part in parts)
        return Finding("any", any(child.holds for child in children), children=children)

    return Compiled(holds, _joined_change(parts), examine)


def _compile_not(part: Compiled) -> Compiled:
    def examine(situation: Situation) -> Finding:
        child = part.examine(situation)
        return Finding("not", not child.holds, children=(child,))

    return Compiled(lambda situation: not part.holds(situation), part.changes_at, examine)


# --- values --------------------------------------------------------------------------------------

_Read = Callable[[Situation], object]

_COUNTS: dict[str, _Read] = {
    "reopens": lambda s: s.view.reopens,
    "reassignments": lambda s: s.view.reassignments,
    "escalations": lambda s: _until(s.escalations, s.at),
    "unanswered_messages": lambda s: s.view.unanswered_messages,
    "customer.escalations": lambda s: _until(s.customer_escalations, s.at),
}


def _until(instants: tuple[datetime, ...], at: datetime) -> int:
    return sum(1 for instant in instants if instant <= at)


def _reader(name: str) -> _Read:
    if name in _COUNTS:
        return _COUNTS[name]
    if name == "priority":
        return lambda s: s.view.ticket.effective_priority
    if name == "tags":
        return lambda s: s.view.ticket.tags
    if name == "id":
        return lambda s: s.view.ticket.id
    return lambda s: value_of(s.view.ticket, name)


def accepts(test: Test) -> Callable[[object], bool]:
    """What a test says of a value of its field; None stands for a missing one."""
    if FIELDS.get(test.field) is not FieldKind.DURATION:
        return _accepts(test)
    of_length = _accepts_length(test)
    return lambda found: of_length(found if isinstance(found, timedelta) else None)


def _compile_value(test: Test) -> Compiled:
    read = _reader(test.field)
    accepts = _accepts(test)

    def holds(situation: Situation) -> bool:
        return accepts(read(situation))

    def examine(situation: Situation) -> Finding:
        found = read(situation)
        return Finding("test", accepts(found), test.field, test.operator.value, test.wanted, found)

    return Compiled(holds, _never, examine)


def _accepts(test: Test) -> Callable[[object], bool]:
    if test.operator is Operator.EXISTS:
        wanted = bool(test.wanted)
        return lambda found: (found not in (None, "", ())) == wanted
    if test.field == "tags":
        return _accepts_tags(test)
    if FIELDS.get(test.field) is FieldKind.PRIORITY:
        return _accepts_ordered(test, lambda word: Priority(str(word)).rank)
    if FIELDS.get(test.field) is FieldKind.COUNT:
        return _accepts_ordered(test, lambda number: number)
    return _accepts_text(test)


def _accepts_text(test: Test) -> Callable[[object], bool]:
    wanted = test.wanted
    several = frozenset(wanted) if isinstance(wanted, tuple) else frozenset((wanted,))
    search = test.search
    match test.operator:
        case Operator.EQUALS | Operator.ANY_OF:
            return lambda found: found is not None and str(found).casefold() in several
        case Operator.NOT:
            return lambda found: found is None or str(found).casefold() not in several
        case Operator.CONTAINS:
            return lambda found: found is not None and str(wanted) in str(found).casefold()
        case Operator.MATCHES if search is not None:
            return lambda found: found is not None and search(str(found))
        case _:
            raise ValueError(f"{test.field} cannot be tested by {test.operator}")


def _accepts_tags(test: Test) -> Callable[[object], bool]:
    wanted = test.wanted
    several = frozenset(wanted) if isinstance(wanted, tuple) else frozenset((wanted,))
    search = test.search

    def borne(found: object) -> set[str]:
        return {tag.casefold() for tag in found} if isinstance(found, tuple) else set()

    match test.operator:
        case Operator.EQUALS | Operator.ANY_OF | Operator.CONTAINS:
            return lambda found: bool(borne(found) & several)
        case Operator.NOT:
            return lambda found: not borne(found) & several
        case Operator.MATCHES if search is not None:
            return lambda found: any(search(tag) for tag in borne(found))
        case _:
            raise ValueError(f"tags cannot be tested by {test.operator}")


def _accepts_ordered(test: Test, rank: Callable[[object], object]) -> Callable[[object], bool]:
    if isinstance(test.wanted, tuple):
        several = frozenset(rank(one) for one in test.wanted)
        if test.operator is Operator.NOT:
            return lambda found: rank(found) not in several
        return lambda found: rank(found) in several
    compare = _COMPARE[test.operator]
    wanted = rank(test.wanted)
    return lambda found: compare(rank(found), wanted)


_COMPARE: dict[Operator, Callable[..., bool]] = {
    Operator.EQUALS: lambda found, wanted: found == wanted,
    Operator.NOT: lambda found, wanted: found != wanted,
    Operator.AT_LEAST: lambda found, wanted: found >= wanted,
    Operator.AT_MOST: lambda found, wanted: found <= wanted,
    Operator.MORE_THAN: lambda found, wanted: found > wanted,
    Operator.LESS_THAN: lambda found, wanted: found < wanted,
}


# --- durations -----------------------------------------------------------------------------------

_SINCE: dict[str, Callable[[View], datetime | None]] = {
    "age": lambda view: view.created.at,
    "in_status": lambda view: view.status_changed.at,
    "since_customer_message": lambda view: view.last_customer_message_at,
    "since_agent_reply": lambda view: view.last_agent_reply_at,
    "since_public_update": lambda view: view.last_public_update_at,
    "unassigned_for": lambda view: view.unassigned_at,
}


def _compile_duration(test: Test, calendar: Calendar, pause_while: frozenset[Status]) -> Compiled:
    if test.field == "time_to_due":
        measure = _time_to_due(calendar)
    else:
        measure = _time_since(_SINCE[test.field], calendar, pause_while)
    accepts = _accepts_length(test)
    edges = _edges(test)

    def examine(situation: Situation) -> Finding:
        found, _ = measure(situation, ())
        return Finding("test", accepts(found), test.field, test.operator.value, test.wanted, found)

    def changes_at(situation: Situation) -> datetime | None:
        return measure(situation, edges)[1]

    return Compiled(lambda s: accepts(measure(s, ())[0]), changes_at, examine)


_Measure = Callable[[Situation, tuple[timedelta, ...]], tuple[timedelta | None, datetime | None]]
"""Gives the length found, and the next instant at which it passes one of the given lengths."""


def _time_since(
    since: Callable[[View], datetime | None],
    calendar: Calendar,
    pause_while: frozenset[Status],
) -> _Measure:
    def measure(
        situation: Situation, edges: tuple[timedelta, ...]
    ) -> tuple[timedelta | None, datetime | None]:
        start = since(situation.view)
        if start is None:
            return None, None
        pauses = situation.view.pauses(pause_while)
        if not edges:
            return calendar.elapsed(start, situation.at, pauses), None
        crossings = (calendar.add(start, edge, pauses) for edge in edges)
        return None, earliest(at for at in crossings if at is not None and at > situation.at)

    return measure


def _time_to_due(calendar: Calendar) -> _Measure:
    def measure(
        situation: Situation, edges: tuple[timedelta, ...]
    ) -> tuple[timedelta | None, datetime | None]:
        due_at = situation.view.ticket.due_at
        if due_at is None:
            return None, None
        if not edges:
            return calendar.elapsed(situation.at, due_at), None
        # The length stands still while closed: it passes an edge at the last instant that has it,
        # and had reached it one second after the last instant that had more.
        reached = [at for edge in edges if (at := calendar.subtract(due_at, edge)) is not None]
        crossings = [*reached, *(at + ONE_SECOND for at in reached)]
        return None, earliest(at for at in crossings if at > situation.at)

    return measure


def _edges(test: Test) -> tuple[timedelta, ...]:
    """The lengths at which the test can change its mind, a second to either side included."""
    wanted = test.wanted if isinstance(test.wanted, tuple) else (test.wanted,)
    lengths = [length for length in wanted if isinstance(length, timedelta)]
    steps = (-ONE_SECOND, timedelta(), ONE_SECOND)
    return tuple(sorted({length + step for length in lengths for step in steps}))


def _accepts_length(test: Test) -> Callable[[timedelta | None], bool]:
    if test.operator is Operator.EXISTS:
        wanted = bool(test.wanted)
        return lambda found: (found is not None) == wanted
    if test.operator is Operator.NOT:
        unwanted = test.wanted if isinstance(test.wanted, tuple) else (test.wanted,)
        return lambda found: found not in unwanted
    if isinstance(test.wanted, tuple):
        several = test.wanted
        return lambda found: found in several
    compare = _COMPARE[test.operator]
    length = test.wanted
    return lambda found: found is not None and compare(found, length)


# --- contacts and messages -----------------------------------------------------------------------


def counted_contacts(test: ContactsTest, situation: Situation) -> list[Contact]:
    """The contacts that a test counts, of all times, in order."""
    if test.by is ContactsBy.TICKET:
        log = ContactLog(situation.view.contacts)
    else:
        log = situation.contacts.get(test.by, _NO_LOG)
    return log.like(test, situation.view.ticket)


def _within(test: ContactsTest, situation: Situation) -> list[Contact]:
    return within(test, counted_contacts(test, situation), situation.at)


def _compile_contacts(test: ContactsTest) -> Compiled:
    def holds(situation: Situation) -> bool:
        return len(_within(test, situation)) >= test.at_least

    def changes_at(situation: Situation) -> datetime | None:
        inside = _within(test, situation)
        if len(inside) < test.at_least:
            return None
        return inside[-test.at_least].at + test.within

    def examine(situation: Situation) -> Finding:
        found = len(_within(test, situation))
        name = f"contacts by {test.by}"
        return Finding("test", found >= test.at_least, name, "at_least", test.at_least, found)

    return Compiled(holds, changes_at, examine)


def _compile_message(test: MessageTest) -> Compiled:
    def found(situation: Situation) -> datetime | None:
        for message in reversed(situation.view.messages):
            if test.within is not None and situation.at - message.at >= test.within:
                return None
            if test.found_in(message.text):
                return message.at
        return None

    def changes_at(situation: Situation) -> datetime | None:
        at = found(situation)
        return None if at is None or test.within is None else at + test.within

    def examine(situation: Situation) -> Finding:
        at = found(situation)
        return Finding("test", at is not None, "message", "mentions", test.mentions, at)

    return Compiled(lambda situation: found(situation) is not None, changes_at, examine)


# --- dispatch ------------------------------------------------------------------------------------

DispatchKey = tuple[Value, ...]
_DISPATCHED = ("priority", "type", "status")


def required_values(condition: Condition, name: str) -> frozenset[str] | None:
    """The only values of a field with which the condition can hold; None when any could do."""
    match condition:
        case Test(field=field_name, operator=Operator.EQUALS, wanted=str() as one):
            return frozenset((one,)) if field_name == name else None
        case Test(field=field_name, operator=Operator.ANY_OF, wanted=tuple() as several):
            return frozenset(map(str, several)) if field_name == name else None
        case All(parts):
            found = [required_values(part, name) for part in parts]
            limits = [values for values in found if values is not None]
            return frozenset.intersection(*limits) if limits else None
        case _:
            return None


def dispatch_values(condition: Condition) -> tuple[frozenset[str] | None, ...]:
    """What the condition requires of priority, type and status, in this order (case-folded)."""
    return tuple(required_values(condition, name) for name in _DISPATCHED)
