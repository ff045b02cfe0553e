"""Holding what came of a story against what was expected of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.domain.condition import Operator
from engine.domain.ticket import Ticket, Value, value_of
from engine.ruletests.case import (
    Expected,
    ExpectedLevel,
    ExpectedMessage,
    ExpectedNotice,
    ExpectedState,
    FieldCheck,
)
from engine.ruletests.happened import CustomerTold, Happened, LevelFired, StaffTold


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of the two timelines.

    Attributes:
        expected: What was listed; None where something came unasked.
        happened: What came of it; None where nothing did.
        found: For a ticket's state: the fields in question; None if there was no such ticket.
        is_right: Whether the two agree.
    """

    expected: Expected | None
    happened: Happened | None
    is_right: bool
    found: tuple[tuple[str, object], ...] | None = None

    @property
    def at(self) -> datetime:
        """Where the pair stands in the timelines: at the earlier of the two (aware UTC)."""
        instants = [self.expected.first] if self.expected else []
        return min([*instants, *([self.happened.at] if self.happened else [])])


def judge(
    expected: Sequence[Expected],
    happened: Sequence[Happened],
    ticket: Callable[[str, datetime], Ticket | None],
) -> list[Pair]:
    """Pair what was expected with what happened.

    1. As many as possible agree (augmenting paths, as one expectation may fit several events).
    2. Of what is left, an expectation stands beside an event of the same name that it missed.
    3. Levels and customer messages that nobody listed are wrong; further notices are told only.

    Args:
        expected: In the order written.
        happened: In order of time.
        ticket: Gives a ticket as it stood at an instant; None if it was not known.

    Returns:
        The pairs in order of time.
    """
    asked = [one for one in expected if not isinstance(one, ExpectedState)]
    agreed = _agree(asked, happened)
    pairs = [Pair(asked[mine], happened[its], is_right=True) for its, mine in agreed.items()]
    missed = [one for index, one in enumerate(asked) if index not in agreed.values()]
    unasked = [one for index, one in enumerate(happened) if index not in agreed]
    for one in missed:
        near = next((other for other in unasked if _is_of_name(one, other)), None)
        unasked = [other for other in unasked if other is not near]
        pairs.append(Pair(one, near, is_right=False))
    pairs += (Pair(None, one, is_right=isinstance(one, StaffTold)) for one in unasked)
    for state in expected:
        if isinstance(state, ExpectedState):
            pairs.append(_looked_at(state, ticket(state.ticket or "", state.first)))
    return sorted(pairs, key=lambda pair: pair.at)


def _agree(expected: Sequence[Expected], happened: Sequence[Happened]) -> dict[int, int]:
    """A largest pairing: index of what happened → index of what was expected of it."""
    fitting = [
        [index for index, other in enumerate(happened) if _fits(one, other)] for one in expected
    ]
    paired: dict[int, int] = {}

    def place(mine: int, tried: set[int]) -> bool:
        for its in fitting[mine]:
            if its in tried:
                continue
            tried.add(its)
            if its not in paired or place(paired[its], tried):
                paired[its] = mine
                return True
        return False

    for mine in range(len(expected)):
        place(mine, set())
    return paired


def _fits(one: Expected, other: Happened) -> bool:
    return one.first <= other.at <= one.last and _is_of_name(one, other) and _is_as_told(one, other)


def _is_of_name(one: Expected, other: Happened) -> bool:
    """Whether the two are about the same thing, leaving aside when and how it came."""
    if one.ticket not in (None, other.subject):
        return False
    match one, other:
        case ExpectedLevel(), LevelFired():
            is_level = one.level in (other.number, other.name)
            return one.rule == other.rule and is_level and one.occurrence == other.occurrence
        case ExpectedMessage(), CustomerTold():
            return one.template == other.template and one.rule in (None, other.rule)
        case ExpectedNotice(), StaffTold():
            return one.rule in (None, other.rule) and one.template in (None, other.template)
        case _:
            return False


def _is_as_told(one: Expected, other: Happened) -> bool:
    match one, other:
        case ExpectedLevel(), LevelFired():
            return (
                (one.notify is None or tuple(sorted(set(one.notify))) == other.notified)
                and one.template in (None, other.template)
                and one.kind in (None, other.kind)
            )
        case ExpectedMessage(), CustomerTold():
            return other.failure is None
        case ExpectedNotice(), StaffTold():
            return tuple(sorted(set(one.told))) == other.told
        case _:
            return False


# --- a ticket's state ----------------------------------------------------------------------------


def _looked_at(state: ExpectedState, ticket: Ticket | None) -> Pair:
    if ticket is None:
        return Pair(state, None, is_right=False)
    found = {check.field: value_of(ticket, check.field) for check in state.checks}
    is_right = all(holds(check, found[check.field]) for check in state.checks)
    return Pair(state, None, is_right, tuple(found.items()))


def holds(check: FieldCheck, found: object) -> bool:
    """Whether a field is as it should be.

    Capitals do not matter; of tags, all that are named must be borne, or with `not` none.
    """
    if check.operator is Operator.EXISTS:
        return (found not in (None, ())) is check.wanted
    if isinstance(found, tuple) and isinstance(check.wanted, tuple):
        borne = {one for one in _folds(check.wanted) if one in _folds(found)}
        return borne == (_folds(check.wanted) if check.operator is Operator.EQUALS else set())
    return (_folded(found) == _folded(check.wanted)) is (check.operator is Operator.EQUALS)


def _folded(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


def _folds(tags: tuple[Value, ...] | tuple[str, ...]) -> set[str]:
    return {str(one).casefold() for one in tags}
