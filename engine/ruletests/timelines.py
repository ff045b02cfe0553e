"""The two timelines of a failed case, side by side: what was expected, and what happened."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from itertools import zip_longest
from typing import Final

from engine.domain.condition import Operator
from engine.ruletests.case import (
    Expected,
    ExpectedLevel,
    ExpectedMessage,
    ExpectedNotice,
    ExpectedState,
    FieldCheck,
)
from engine.ruletests.happened import CustomerTold, Happened, LevelFired, StaffTold
from engine.ruletests.judging import Pair

NARROWEST: Final = 60
WIDEST: Final = 160
"""Beyond it the eye loses the line."""
_GAP: Final = " │ "
_MARKS: Final = {True: "✓ ", False: "✗ "}
_NOT_LISTED: Final = "not listed"
_NEED_NOT_BE: Final = "(need not be listed)"
_NOTHING: Final = "did not happen"


def side_by_side(
    pairs: Iterable[Pair], zone: tzinfo, width: int, *, names_tickets: bool
) -> Iterator[str]:
    """Both timelines, a line of text each.

    Args:
        pairs: In order of time.
        zone: What instants are shown in.
        width: Columns of the terminal.
        names_tickets: There are several tickets, so each line says which it is about.
    """
    column = (max(NARROWEST, min(width, WIDEST)) - len(_MARKS[True]) - len(_GAP)) // 2
    yield f"  {'expected':{column}}{_GAP}actual"
    yield f"  {'─' * column}─┼─{'─' * column}"
    words = _Words(zone, names_tickets=names_tickets)
    for pair in pairs:
        left, right = (_wrapped(text, column) for text in words.of(pair))
        for number, (mine, its) in enumerate(zip_longest(left, right, fillvalue="")):
            mark = "  " if number else _MARKS[pair.is_right]
            yield f"{mark}{mine:{column}}{_GAP}{its}".rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent="    ", break_on_hyphens=False, drop_whitespace=True
    )


class _Words:
    """How the two sides of a pair are told."""

    def __init__(self, zone: tzinfo, *, names_tickets: bool) -> None:
        self._zone = zone
        self._names_tickets = names_tickets

    def of(self, pair: Pair) -> tuple[str, str]:
        """The expected and the actual side."""
        one, other = pair.expected, pair.happened
        if isinstance(one, ExpectedState):
            return self._state(one), self._found(one, pair)
        left = _NEED_NOT_BE if pair.is_right else _NOT_LISTED
        left = left if one is None else f"{self._span(one)}  {self._expected(one)}"
        right = _NOTHING if other is None else f"{self._at(other.at)}  {self._actual(other, one)}"
        return left, right

    # --- expected ---

    def _expected(self, one: Expected) -> str:
        match one:
            case ExpectedLevel():
                text = f"{one.rule}: {one.level}{_again(one.occurrence)}"
                asked = _asked(one.notify, one.template, one.kind)
            case ExpectedMessage():
                text, asked = f"customer: {one.template}", _of(one.rule)
            case ExpectedNotice():
                text, asked = f"{one.template or 'notice'} to {_names(one.told)}", _of(one.rule)
            case _:
                text, asked = "", ""
        return f"{text}{self._about(one.ticket)}{asked}"

    def _state(self, state: ExpectedState) -> str:
        wanted = ", ".join(_wanted(check) for check in state.checks)
        return f"{self._at(state.first)}  {self._ticket(state)}: {wanted}"

    # --- actual ---

    def _actual(self, other: Happened, one: Expected | None) -> str:
        asked = ""
        # Whose it is goes without saying where nobody asked; of what nobody listed it is news.
        of = other.rule if one is None or getattr(one, "rule", None) else None
        match other:
            case LevelFired():
                text = f"{other.rule}: {other.name}{_again(other.occurrence)}"
                if isinstance(one, ExpectedLevel):
                    asked = _asked(
                        None if one.notify is None else other.notified,
                        one.template and (other.template or "nothing"),
                        one.kind and other.kind,
                    )
            case CustomerTold():
                text = f"customer: {other.template}"
                asked = f" (not sent: {other.failure})" if other.failure else _of(of)
            case StaffTold():
                text, asked = f"{other.template} to {_names(other.told)}", _of(of)
            case _:
                text = other.rule
        return f"{text}{self._about(other.subject)}{asked}"

    def _found(self, state: ExpectedState, pair: Pair) -> str:
        if pair.found is None:
            return f"{self._at(state.first)}  there is no such ticket yet"
        found = ", ".join(f"{name} {_shown(value)}" for name, value in pair.found)
        return f"{self._at(state.first)}  {self._ticket(state)}: {found}"

    # --- parts ---

    def _about(self, subject: str | None) -> str:
        if subject is None or not self._names_tickets:
            return ""
        source, _, name = subject.partition(":")
        is_group = source in ("customer", "organization", "everyone")
        return f" for {subject if is_group else name}"

    def _ticket(self, state: ExpectedState) -> str:
        name = (state.ticket or "").partition(":")[2]
        return f"ticket {name}" if self._names_tickets else "ticket"

    def _span(self, one: Expected) -> str:
        first, last = self._at(one.first), self._at(one.last)
        if first == last:
            return first
        day = len("Mon 2026-01-05 ")
        return f"{first} to {last[day:] if first[:day] == last[:day] else last}"

    def _at(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return local.strftime("%a %Y-%m-%d %H:%M:%S" if local.second else "%a %Y-%m-%d %H:%M")


def _again(occurrence: int) -> str:
    return "" if occurrence == 1 else f" (occurrence {occurrence})"


def _of(rule: str | None) -> str:
    return f", because of {rule}" if rule else ""


def _asked(notify: tuple[str, ...] | None, template: str | None, kind: str | None) -> str:
    parts = [
        "" if notify is None else f", notify {_names(notify)}",
        f", template {template}" if template else "",
        f", kind {kind}" if kind else "",
    ]
    return "".join(parts)


def _names(names: Iterable[str]) -> str:
    return " and ".join(sorted(set(names))) or "nobody"


def _wanted(check: FieldCheck) -> str:
    if check.operator is Operator.EXISTS:
        return f"{check.field} {'something' if check.wanted else 'nothing'}"
    negated = "not " if check.operator is Operator.NOT else ""
    return f"{check.field} {negated}{_shown(check.wanted)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "nothing"
    if isinstance(value, datetime):
        return value.isoformat()
    return "nothing" if value is None else str(value)
