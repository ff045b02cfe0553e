"""Every language that we speak says all that English says, and says it with the same parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from engine.domain.rule import Kind, MessageTemplate
from engine.domain.ticket import Priority, Status
from engine.messages.builtin import NAMES, builtin_templates
from engine.messages.languages import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    Language,
    direction,
    language_code,
)
from engine.messages.languages.en import ENGLISH
from engine.rulebook import load
from engine.settings.model import SpokenLanguage

STARTER = Path(__file__).parents[3] / "rules"
OTHERS = [code for code in LANGUAGES if code != DEFAULT_LANGUAGE]
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
LITERAL = re.compile(r'"[^"]*"')


def test_the_config_file_knows_the_languages_that_we_speak() -> None:
    assert set(get_args(SpokenLanguage)) == set(LANGUAGES)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_names_all_days_and_months(code: str) -> None:
    dates = LANGUAGES[code].dates

    assert [len(dates.weekdays), len(dates.short_weekdays)] == [7, 7]
    assert [len(dates.months), len(dates.short_months)] == [12, 12]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_names_every_priority_status_and_kind(code: str) -> None:
    codes = [*Priority, *Status, *Kind]

    assert {one.value for one in codes} <= LANGUAGES[code].named.keys()


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_names_whatever_english_names_and_gives_every_reason(code: str) -> None:
    language = LANGUAGES[code]

    assert language.named.keys() == ENGLISH.named.keys()
    assert language.why.keys() == ENGLISH.why.keys()


@pytest.mark.parametrize("code", OTHERS)
def test_a_sentence_has_the_same_places_to_fill_in_as_in_english(code: str) -> None:
    assert dict(sentences(LANGUAGES[code])) == dict(sentences(ENGLISH))


def sentences(language: Language) -> Iterator[tuple[str, set[str | None]]]:
    """Every sentence by name, with the names of what is filled in."""
    for words in (language.note, language.stand_in):
        for part in fields(words):
            places = Formatter().parse(getattr(words, part.name))
            yield part.name, {name for _, name, _, _ in places if name}


@pytest.mark.parametrize("code", LANGUAGES)
def test_nothing_of_a_language_is_left_empty(code: str) -> None:
    language = LANGUAGES[code]

    assert all(language.named.values())
    assert all(language.why.values())
    assert all(value.strip() for value in texts_of(language.note))
    assert all(value.strip() for value in texts_of(language.stand_in))


def texts_of(words: object) -> list[str]:
    return [getattr(words, part.name) for part in fields(words)]  # type: ignore[arg-type]


# --- templates -----------------------------------------------------------------------------------


def by_name(templates: Iterator[MessageTemplate]) -> Mapping[tuple[str, str, str], MessageTemplate]:
    return {
        (one.audience, one.name, language_code(one.language) or DEFAULT_LANGUAGE): one
        for one in templates
    }


def of_the_starter_set() -> Iterator[MessageTemplate]:
    return (one.template for one in load(STARTER).written.templates)


BUILT_IN = by_name(iter(builtin_templates()))
STARTERS = by_name(of_the_starter_set())
ALL = {**BUILT_IN, **STARTERS}


def test_every_built_in_template_is_there_in_every_language() -> None:
    assert BUILT_IN.keys() == {("staff", name, code) for name in NAMES for code in LANGUAGES}


def test_every_starter_template_is_there_in_every_language() -> None:
    names = {(audience, name) for audience, name, _ in STARTERS}

    assert STARTERS.keys() == {(*name, code) for name in names for code in LANGUAGES}
    assert {audience for audience, _ in names} == {"staff", "customer"}


@pytest.mark.parametrize("key", [key for key in ALL if key[2] != DEFAULT_LANGUAGE], ids="-".join)
def test_a_translated_template_says_the_same_things_under_the_same_conditions(
    key: tuple[str, str, str],
) -> None:
    translated, english = ALL[key], ALL[(*key[:2], DEFAULT_LANGUAGE)]

    assert skeleton(translated.subject) == skeleton(english.subject)
    assert sorted(skeleton(translated.body)) == sorted(skeleton(english.body))


def skeleton(source: str) -> list[str]:
    """What is filled in and asked, without the words between and within.

    English shows many a code as it is, where another language needs a word for it.
    """
    return [LITERAL.sub('""', tag).replace(" | words", "") for tag in TAG.findall(source)]


@pytest.mark.parametrize("key", [key for key in ALL if key[2] == "fr"], ids="-".join)
def test_french_double_punctuation_never_begins_a_line(key: tuple[str, str, str]) -> None:
    text = TAG.sub("x", f"{ALL[key].subject}\n{ALL[key].body}")

    assert re.findall(r"\w+ [:;!?»]|« \w+|\w[;!?]", text) == []


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, code",
    [("de", "de"), ("DE", "de"), ("de-AT", "de"), ("pt_BR", "pt"), ("", None), (None, None)],
)
def test_a_language_is_known_by_its_first_two_letters(name: str | None, code: str | None) -> None:
    assert language_code(name) == code


@pytest.mark.parametrize(
    "code, written", [("ar", "rtl"), ("he", "rtl"), ("en", "ltr"), ("xx", "ltr")]
)
def test_a_language_knows_from_which_side_it_is_written(code: str, written: str) -> None:
    assert direction(code) == written
