"""What one language is made of, as far as messages need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dates:
    """How a language names days and writes instants.

    The two forms are filled in with ``weekday``, ``day``, ``month``, ``year``, ``time`` (as
    ``09:05``), ``hour`` (as ``9``) and ``minute`` (as ``05``).

    Attributes:
        weekdays: From Monday.
        short_weekdays: The same, as they are written in lists.
        months: From January.
        short_months: The same, as they are written in lists.
        in_full: The form for sentences, with the long names.
        in_short: The form for lists, with the short names.
        first: How the first day of a month is written.
    """

    weekdays: tuple[str, ...]
    short_weekdays: tuple[str, ...]
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    in_full: str
    in_short: str
    first: str = "1"


@dataclass(frozen=True, slots=True)
class Lengths:
    """How a language counts time; each unit is (one of them, several of them)."""

    day: tuple[str, str]
    hour: tuple[str, str]
    minute: tuple[str, str]
    moment: str


@dataclass(frozen=True, slots=True)
class NoteWords:
    """The sentences of the internal note that a level leaves on its ticket.

    Attributes:
        escalated: With ``rule``.
        reminder: The same, of a level without a kind.
        was_due: With ``level`` and ``due_at``.
        fell_due: With ``level``, where no instant is known.
        stands_for: With ``levels``; goes on after the level.
        done: With ``deeds``.
        waits: With ``at`` and ``deeds``, which a budget holds.
        set_to: A deed, with ``field`` and ``after``.
        cleared: A deed, with ``field``.
        before: Added to either, with ``before``.
        told: A deed, with ``names``.
    """

    escalated: str
    reminder: str
    was_due: str
    fell_due: str
    stands_for: str
    done: str
    waits: str
    set_to: str
    cleared: str
    before: str
    told: str


@dataclass(frozen=True, slots=True)
class StandInWords:
    """What staff get where their template fails.

    Attributes:
        subject: With ``number`` and ``title``.
        why: With ``rule``, ``description``, ``level`` and ``why``.
        due: With ``due_at``.
        tickets: With ``numbers``.
        take: With ``url``.
        ending: That this is no template.
    """

    subject: str
    why: str
    due: str
    tickets: str
    take: str
    ending: str


@dataclass(frozen=True, slots=True)
class Language:
    """All that messages need of one language, templates aside.

    Attributes:
        code: Two letters (ISO 639-1).
        named: What our own codes are called: priorities, statuses, kinds of level, fields.
        why: The reasons that staff are told of, in words.
    """

    code: str
    dates: Dates
    lengths: Lengths
    named: Mapping[str, str]
    why: Mapping[str, str]
    note: NoteWords
    stand_in: StandInWords


def listed(text: str) -> tuple[str, ...]:
    """Words that stand in one line."""
    return tuple(text.split())
