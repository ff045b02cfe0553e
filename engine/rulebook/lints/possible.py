"""Whether any ticket can meet a condition, and whether one condition contains another.

Both are answered from the safe side: a condition counts as possible unless it is shown not to be.

1. Write the condition as alternatives, each a list of tests that hold, or do not.
2. An alternative is possible if, field by field, some value meets all that is said of it. It is
   enough to try the values that the tests themselves name, and those next to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from engine.domain.condition import (
    FIELDS,
    All,
    Any,
    Condition,
    ContactsTest,
    FieldKind,
    MessageTest,
    Not,
    Operator,
    Test,
)
from engine.domain.matching import accepts
from engine.domain.rule import Clock
from engine.domain.ticket import Priority, Status

LIVE = tuple(status for status in Status if not status.is_resolved)
"""The statuses that rules see."""

_MOST_ALTERNATIVES = 256
"""Beyond it a condition counts as possible; no rule that people read has so many."""

_MOST_CLAIMS = 500
"""The same for tests that stand side by side."""

ANOTHER = "\N{NULL}another"
"""A text that no rule names."""

_SECOND = timedelta(seconds=1)
_LISTS = (Operator.EQUALS, Operator.ANY_OF)
_SEARCHES = (Operator.CONTAINS, Operator.MATCHES)


PATIENCE = 500_000
"""Comparisons of a test with a value, for one lint of all the rules: a few seconds. Hundreds of
rules take a part of it. Beyond it everything counts as possible, and the lint falls silent."""

_STEPS_OF_A_QUESTION = 20
"""What a question takes, beside comparing tests with values."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """That a test holds, or does not; lengths of time are read on a clock."""

    test: Test | ContactsTest | MessageTest
    holds: bool
    clock: object = None


class _TooManyError(Exception):
    """A condition has more alternatives, or longer ones, than are worth trying."""


class Reasoning:
    """Thinks about conditions, for as long as its patience lasts."""

    def __init__(self, patience: int = PATIENCE) -> None:
        self._patience = patience
        self._pinned: dict[int, tuple[Condition, Mapping[str, frozenset[object]]]] = {}

    @property
    def is_over(self) -> bool:
        """Whether its patience is spent: then it says of everything that it is possible."""
        return self._patience <= 0

    def spend(self, steps: int) -> None:
        """Take something off the patience, for thinking that is done elsewhere."""
        self._patience -= steps

    def can_hold(self, *conditions: Condition) -> bool:
        """Whether some ticket may meet all the conditions at once, on one clock."""
        return self._can_hold([(condition, None) for condition in conditions])

    def can_hold_together(self, conditions: Iterable[tuple[Condition, Clock]]) -> bool:
        """Whether some ticket may meet all the conditions at once, each on a clock of its own."""
        on_clocks = [(one, (clock.calendar, clock.pause_while)) for one, clock in conditions]
        first, *others = (one for one, _ in on_clocks)
        return not any(self._are_apart(first, other) for other in others) and self._can_hold(
            on_clocks
        )

    def contains(self, wide: Condition, narrow: Condition) -> bool:
        """Whether it is sure that every ticket that meets `narrow` meets `wide` (on one clock)."""
        return not self._are_apart(wide, narrow) and not self.can_hold(narrow, Not(wide))

    def _are_apart(self, one: Condition, other: Condition) -> bool:
        """Whether both list the values of some field, and none is in both lists: seen at once."""
        self.spend(1)
        left, right = self._pinned_by(one), self._pinned_by(other)
        return any(left[name].isdisjoint(right[name]) for name in left.keys() & right.keys())

    def _pinned_by(self, condition: Condition) -> Mapping[str, frozenset[object]]:
        known = self._pinned.get(id(condition))
        if known is None:
            tests = condition.parts if isinstance(condition, All) else (condition,)
            pinned = {
                test.field: frozenset(wanted_values(test))
                for test in tests
                if isinstance(test, Test) and test.operator in _LISTS and test.field != "tags"
            }
            # The condition is kept beside it, so that its identity stays its own.
            known = self._pinned[id(condition)] = condition, pinned
        return known[1]

    def _can_hold(self, conditions: Iterable[tuple[Condition, object]]) -> bool:
        if self.is_over:
            return True
        self.spend(_STEPS_OF_A_QUESTION)
        try:
            alternatives: list[tuple[_Claim, ...]] = [()]
            for condition, clock in conditions:
                alternatives = _product(alternatives, _alternatives(condition, clock, holds=True))
        except _TooManyError:
            return True
        return any(map(self._is_possible, alternatives))

    def _is_possible(self, claims: Iterable[_Claim]) -> bool:
        by_subject: dict[object, list[_Claim]] = {}
        for claim in claims:
            by_subject.setdefault(_subject(claim), []).append(claim)
        return all(self._is_field_possible(about) for about in by_subject.values())

    def _is_field_possible(self, claims: list[_Claim]) -> bool:
        tests = [(claim.test, claim.holds) for claim in claims if isinstance(claim.test, Test)]
        self.spend(len(claims))
        if not tests:
            return len({claim.holds for claim in claims}) == 1
        values = _values_to_try(tests)
        if values is None:
            return True
        self.spend(len(values) * len(tests) + sum(len(wanted_values(test)) for test, _ in tests))
        asked = [(accepts(test), holds) for test, holds in tests]
        return any(all(accept(value) is holds for accept, holds in asked) for value in values)


def equals(field: str, value: str) -> Test:
    """The test that a field has a value."""
    return Test(field, Operator.EQUALS, value)


# --- alternatives --------------------------------------------------------------------------------


def _alternatives(condition: Condition, clock: object, *, holds: bool) -> list[tuple[_Claim, ...]]:
    if isinstance(condition, Not):
        return _alternatives(condition.part, clock, holds=not holds)
    if isinstance(condition, All | Any):
        parts = [_alternatives(part, clock, holds=holds) for part in condition.parts]
        is_joined = isinstance(condition, All) is holds
        return _joined(parts) if is_joined else _bounded([one for part in parts for one in part])
    return [(_Claim(condition, holds, clock),)]


def _joined(parts: Iterable[list[tuple[_Claim, ...]]]) -> list[tuple[_Claim, ...]]:
    joined: list[tuple[_Claim, ...]] = [()]
    for part in parts:
        joined = _product(joined, part)
    return joined


def _product(
    left: list[tuple[_Claim, ...]], right: list[tuple[_Claim, ...]]
) -> list[tuple[_Claim, ...]]:
    if len(left) * len(right) > _MOST_ALTERNATIVES:
        raise _TooManyError
    if left and right and len(left[0]) + len(right[0]) > _MOST_CLAIMS:
        raise _TooManyError
    return [(*one, *other) for one in left for other in right]


def _bounded(alternatives: list[tuple[_Claim, ...]]) -> list[tuple[_Claim, ...]]:
    if len(alternatives) > _MOST_ALTERNATIVES:
        raise _TooManyError
    return alternatives


# --- one alternative -----------------------------------------------------------------------------


def _subject(claim: _Claim) -> object:
    """What must have one value: a field, on its clock; a test across tickets as a whole."""
    if not isinstance(claim.test, Test):
        return claim.test
    is_length = FIELDS.get(claim.test.field) is FieldKind.DURATION
    return claim.test.field, claim.clock if is_length else None


def _values_to_try(tests: list[tuple[Test, bool]]) -> Sequence[object] | None:
    """Values of which one meets the tests if any value does; None where no list is long enough."""
    match FIELDS.get(tests[0][0].field, FieldKind.TEXT):
        case FieldKind.STATUS:
            return LIVE
        case FieldKind.PRIORITY:
            # A ticket without a priority counts as medium and has none; leave that open.
            return None if any(t.operator is Operator.EXISTS for t, _ in tests) else tuple(Priority)
        case FieldKind.TAGS:
            return _sets_of_tags(tests)
        case FieldKind.COUNT:
            counts = {number for test, _ in tests for number in _numbers(test)}
            near = {number + step for number in counts for step in (-1, 0, 1)}
            return sorted(number for number in {0, *near} if number >= 0)
        case FieldKind.DURATION:
            return _lengths(tests)
        case _:
            return _texts(tests)


def wanted_values(test: Test) -> tuple[object, ...]:
    """What a test wants, as a list."""
    return test.wanted if isinstance(test.wanted, tuple) else (test.wanted,)


def _numbers(test: Test) -> Iterator[int]:
    return (one for one in wanted_values(test) if type(one) is int)


def _lengths(tests: list[tuple[Test, bool]]) -> list[object]:
    named = {one for test, _ in tests for one in wanted_values(test) if isinstance(one, timedelta)}
    near = {length + step * _SECOND for length in named for step in (-1, 0, 1)}
    nothing = timedelta(0)
    may_be_past = tests[0][0].field == "time_to_due"
    lengths = sorted(one for one in {nothing, *near} if one >= nothing or may_be_past)
    return [None, *lengths]


def _sets_of_tags(tests: list[tuple[Test, bool]]) -> list[object]:
    named = {str(one) for test, _ in tests if test.operator is not Operator.EXISTS
             for one in wanted_values(test)}  # fmt: skip
    refused = {
        str(one)
        for test, holds in tests
        if (test.operator is Operator.NOT) is holds and test.operator is not Operator.EXISTS
        for one in wanted_values(test)
    }
    return [(), (*(named - refused), ANOTHER)]


def _texts(tests: list[tuple[Test, bool]]) -> list[object] | None:
    listed = [test for test, holds in tests if holds and test.operator in _LISTS]
    listed += [test for test, holds in tests if not holds and test.operator is Operator.NOT]
    if listed:
        return list(wanted_values(listed[0]))
    if any(t.operator is Operator.EXISTS and bool(t.wanted) is not holds for t, holds in tests):
        return [None]
    if any(test.operator in _SEARCHES for test, _ in tests):
        return None
    named = [one for test, _ in tests if test.operator is not Operator.EXISTS
             for one in wanted_values(test)]  # fmt: skip
    return [None, ANOTHER, *named]
