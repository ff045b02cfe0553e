"""Which tickets a rule concerns, in words."""

from __future__ import annotations

import operator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from engine.domain.condition import (
    All,
    Any,
    Condition,
    ContactsBy,
    ContactsTest,
    MessageTest,
    Not,
    Operator,
    Test,
)
from engine.domain.ticket import Priority
from engine.insight.graph.lengths import length_in, wall_clock
from engine.insight.graph.phrases import listed

if TYPE_CHECKING:
    from engine.domain.calendar import Calendar
    from engine.domain.condition import Wanted
    from engine.domain.rule import Rule

_FIELDS: Final = {
    "raw_status": "the helpdesk's own status",
    "age": "its age",
    "in_status": "the time in its status",
    "since_customer_message": "the time since the customer wrote",
    "since_agent_reply": "the time since somebody replied",
    "since_public_update": "the time since the customer heard from us",
    "unassigned_for": "the time without an assignee",
    "time_to_due": "the time to its due date",
    "reopens": "the number of reopenings",
    "reassignments": "the number of reassignments",
    "escalations": "the number of its escalations",
    "unanswered_messages": "the number of unanswered messages",
    "customer.escalations": "the number of the customer's escalations",
}
_GROUPS: Final = {
    ContactsBy.CUSTOMER: "a customer's open tickets",
    ContactsBy.ORGANIZATION: "an organisation's open tickets",
    ContactsBy.EVERYONE: "all open tickets together",
}
_TURNED: Final = {
    ContactsBy.TICKET: "the customer has turned to us about it",
    ContactsBy.CUSTOMER: "the customer has turned to us",
    ContactsBy.ORGANIZATION: "the organisation has turned to us",
    ContactsBy.EVERYONE: "our customers have turned to us",
}
_TAG_TESTS: Final = {Operator.EQUALS, Operator.ANY_OF, Operator.CONTAINS, Operator.NOT}
_COMPARED: Final = {
    Operator.EQUALS: "is",
    Operator.ANY_OF: "is",
    Operator.AT_LEAST: "is at least",
    Operator.AT_MOST: "is at most",
    Operator.MORE_THAN: "is more than",
    Operator.LESS_THAN: "is less than",
}


def concerns(rule: Rule) -> str:
    """What must hold of a ticket (or of a group of them) for the rule to look at it."""
    if rule.match == All(()):
        return "every open ticket"
    subject = "open tickets" if rule.groups_by is None else _GROUPS[rule.groups_by]
    return f"{subject}, if {_words(rule.match, rule.clock.calendar)}"


def _words(condition: Condition, calendar: Calendar, *, nested: bool = False) -> str:
    match condition:
        case All(parts) | Any(parts):
            conjunction = " and " if isinstance(condition, All) else " or "
            is_joined = len(parts) > 1
            inner = conjunction.join(
                _words(part, calendar, nested=nested or is_joined) for part in parts
            )
            return f"({inner})" if nested and is_joined else inner or "nothing"
        case Not(part):
            return f"not ({_words(part, calendar)})"
        case ContactsTest():
            return _contacts(condition)
        case MessageTest(mentions, within):
            heard = listed([f"“{phrase}”" for phrase in mentions], "or")
            return f"the customer wrote {heard}" + (
                f" in the last {wall_clock(within)}" if within else ""
            )
        case Test():
            return _test(condition, calendar)


def _contacts(test: ContactsTest) -> str:
    same = f" with the same {' and '.join(test.same)}" if test.same else ""
    channel = f" by {test.channel}" if test.channel else ""
    return (
        f"{_TURNED[test.by]} at least {test.at_least} times"
        f"{same}{channel} within {wall_clock(test.within)}"
    )


def _test(test: Test, calendar: Calendar) -> str:
    name = _named(test.field)
    wanted = _listed(test.wanted, calendar)
    if test.field == "tags" and test.operator in _TAG_TESTS:
        return f"it bears {_tags(test.operator, wanted)}"
    match test.operator:
        case Operator.EXISTS:
            return f"{name} is {'set' if test.wanted else 'empty'}"
        case Operator.CONTAINS | Operator.MATCHES:
            return f"{name} {test.operator.value} “{listed(wanted, 'or')}”"
        case Operator.NOT:
            return f"{name} is {'not' if len(wanted) == 1 else 'neither'} {' nor '.join(wanted)}"
        case _:
            return f"{name} {_COMPARED[test.operator]} {listed(wanted, 'or')}"


def _tags(wanting: Operator, tags: list[str]) -> str:
    if wanting is not Operator.NOT:
        return f"the tag {listed(tags, 'or')}"
    return f"neither the tag {' nor '.join(tags)}" if len(tags) > 1 else f"not the tag {tags[0]}"


def _named(field: str) -> str:
    owner, _, name = field.rpartition(".")
    if field in _FIELDS:
        return _FIELDS[field]
    return f"the customer's {name}" if owner == "customer" else f"the {field.split('.', 1)[-1]}"


def _listed(wanted: Wanted, calendar: Calendar) -> list[str]:
    several = wanted if isinstance(wanted, tuple) else (wanted,)
    return [
        length_in(calendar, one) if isinstance(one, timedelta) else str(one).replace("_", " ")
        for one in several
    ]


# --- which priorities ----------------------------------------------------------------------------


def concerned_priorities(rule: Rule) -> tuple[Priority, ...]:
    """The priorities, most urgent first, that the rule's tests on the priority leave in."""
    return tuple(
        priority for priority in reversed(Priority) if _may_hold(rule.match, priority) is not False
    )


def _may_hold(condition: Condition, priority: Priority) -> bool | None:
    """Whether a condition holds for a priority; None where that depends on something else."""
    match condition:
        case All(parts):
            found = {_may_hold(part, priority) for part in parts}
            return False if False in found else None if None in found else True
        case Any(parts):
            found = {_may_hold(part, priority) for part in parts}
            return True if True in found else None if None in found else False
        case Not(part):
            holds = _may_hold(part, priority)
            return None if holds is None else not holds
        case Test(field="priority"):
            return _accepts(condition, priority)
        case _:
            return None


def _accepts(test: Test, priority: Priority) -> bool | None:
    if test.operator is Operator.EXISTS:
        return None
    several = test.wanted if isinstance(test.wanted, tuple) else (test.wanted,)
    ranks = [Priority(str(word)).rank for word in several]
    if test.operator is Operator.NOT:
        return priority.rank not in ranks
    compare = _ORDERED.get(test.operator, operator.eq)
    return any(compare(priority.rank, rank) for rank in ranks)


_ORDERED: Final = {
    Operator.AT_LEAST: operator.ge,
    Operator.AT_MOST: operator.le,
    Operator.MORE_THAN: operator.gt,
    Operator.LESS_THAN: operator.lt,
}
