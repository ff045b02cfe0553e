"""`silences`: recurring hours in which rules wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.domain.silence import Matchers
from engine.rulebook import Loaded
from tests.unit.rulebook.conftest import HEAD, sound

NIGHTS = """\
silences:
  nobody-there:
    during: office
    rules: [one]
    tickets: "desk:7"
    customers: [c-1, c-2]
    groups: Facilities
    author: ann
    reason: the building is closed
"""
RULE = "  - {id: one, levels: [{after: 4h}]}\n"


def test_a_silence_says_when_over_what_by_whom_and_why(read: Callable[[str], Loaded]) -> None:
    (silence,) = sound(read(HEAD + RULE + NIGHTS)).silences

    assert (silence.id, silence.author, silence.reason) == (
        "nobody-there",
        "ann",
        "the building is closed",
    )
    assert silence.calendar.name == "office"
    assert silence.matchers == Matchers(("one",), ("desk:7",), ("c-1", "c-2"), ("Facilities",))


def test_a_silence_over_everything_says_so(read: Callable[[str], Loaded]) -> None:
    text = "silences: {night: {during: office, all: true, author: ann, reason: night}}\n"

    (silence,) = sound(read(HEAD + RULE + text)).silences

    assert not silence.matchers.are_given


def test_rules_and_calendars_may_stand_in_another_file(
    read_files: Callable[[Mapping[str, str | bytes]], Loaded],
) -> None:
    files = {"a.yaml": f"version: 1\n{NIGHTS}", "b.yaml": HEAD + RULE}

    assert [one.id for one in sound(read_files(files)).silences] == ["nobody-there"]


def test_a_name_is_given_once_over_all_files(
    read_files: Callable[[Mapping[str, str | bytes]], Loaded],
) -> None:
    files = {"a.yaml": f"version: 1\n{NIGHTS}", "b.yaml": HEAD + RULE + NIGHTS}

    (problem,) = read_files(files).problems

    assert (problem.code, problem.file.endswith("b.yaml")) == ("duplicate-name", True)


def test_a_silence_changes_the_generation_and_no_rule(read: Callable[[str], Loaded]) -> None:
    without, with_one = sound(read(HEAD + RULE)), sound(read(HEAD + RULE + NIGHTS))

    assert without.id != with_one.id
    assert without.rules[0].fingerprint == with_one.rules[0].fingerprint
