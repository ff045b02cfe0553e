"""What the pages say, as one language has to say it.

Texts with `{…}` are filled in by `str.format`; all of it is escaped when it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a page cannot be shown: a heading, and what to do."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class StaffWords:
    """The page of an escalation.

    Attributes:
        nobody: It is free.
        lapsed: It was taken, and is free again; `{name}`, `{until}`.
        owned: Whose it is; `{name}`, `{since}`.
        owned_until: `{until}`.
        by: How it was taken: `link` (`{receiver}`), `by name`, `reply`, `assignment`.
        labels: Of `status`, `since`, `why`, `others` (tickets of the same group), `level`,
            `priority`, `group`, `assignee`.
        statuses: Our words for where a ticket stands.
        kinds: What the levels climb to.
        take_hint: What a click does; `{until}`.
        done: This link has taken it, and nothing is left to do.
        overtaken: Somebody took it while the page was open; `{name}`.
    """

    escalation: str
    nobody: str
    lapsed: str
    owned: str
    owned_until: str
    somebody: str
    by: Mapping[str, str]
    labels: Mapping[str, str]
    statuses: Mapping[str, str]
    priorities: Mapping[str, str]
    kinds: Mapping[str, str]
    none: str
    name: str
    name_missing: str
    take: str
    take_hint: str
    take_over: str
    overtaken: str
    done: str
    used: str
    resolved: str
    merged: str
    over: str
    disallowed: str


@dataclass(frozen=True, slots=True)
class CustomerWords:
    """The page of a survey.

    Attributes:
        about: Which request is meant; `{number}`.
        worst: What the lowest score says.
        best: What the highest score says.
        too_long: `{most}`.
        thanks: Said once there is an answer.
        have_it: What was answered; `{score}`, `{scale}`.
    """

    title: str
    about: str
    question: str
    worst: str
    best: str
    words: str
    optional: str
    send: str
    score_missing: str
    too_long: str
    thanks: str
    have_it: str
    not_twice: str


@dataclass(frozen=True, slots=True)
class Words:
    """All that the pages say in one language.

    Attributes:
        refusals: By why a page cannot be shown; see `engine.web.refusing`.
    """

    staff: StaffWords
    customer: CustomerWords
    refusals: Mapping[str, Refusal]
