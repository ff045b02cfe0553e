"""What the pages say: the same in every language."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import fields

import pytest

from engine.web.words import LANGUAGES, Refusal, preferred, spoken


def said(words: object, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text, by where it stands."""
    if isinstance(words, str):
        yield where, words
    elif isinstance(words, Mapping):
        for key, value in words.items():
            yield from said(value, f"{where}/{key}")
    else:
        for field in fields(words):  # type: ignore[arg-type]
            yield from said(getattr(words, field.name), f"{where}/{field.name}")


def places(text: str) -> set[str]:
    """The names of what is filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_with_the_same_places_to_fill_in(language: str) -> None:
    english, other = (dict(said(LANGUAGES[name])) for name in ("en", language))

    assert other.keys() == english.keys()
    assert all(text.strip() for text in other.values())
    assert {key: places(text) for key, text in other.items()} == {
        key: places(text) for key, text in english.items()
    }


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
def test_no_language_is_left_in_english(language: str) -> None:
    same = [
        where
        for (where, english), (_, other) in zip(
            said(LANGUAGES["en"]), said(LANGUAGES[language]), strict=True
        )
        if english == other and len(english) > 8
    ]

    assert same == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_staff_are_told_how_to_do_without_a_link_and_customers_are_not(language: str) -> None:
    refusals: Mapping[str, Refusal] = LANGUAGES[language].refusals

    assert {name for name, one in refusals.items() if "escalatord" in one.text} == {
        "tampered-staff",
        "expired-staff",
    }


@pytest.mark.parametrize(
    "names, language",
    [
        (("de",), "de"),
        (("de-AT",), "de"),
        (("FR_ca",), "fr"),
        ((None, "es"), "es"),
        (("it",), "en"),
        (("", None), "en"),
        ((), "en"),
    ],
)
def test_a_language_is_known_however_it_is_written(
    names: tuple[str | None, ...], language: str
) -> None:
    assert spoken(*names) == language


@pytest.mark.parametrize(
    "accepted, language",
    [
        ("", "en"),
        ("*", "en"),
        ("de", "de"),
        ("it, fr;q=0.3, es;q=0.7", "es"),
        ("fr;q=0, de;q=0.1", "de"),
        ("de;q=high, es", "es"),
        ("fr, de", "fr"),
        (";;,,=", "en"),
    ],
)
def test_a_browser_gets_the_language_that_it_likes_best(accepted: str, language: str) -> None:
    assert preferred(accepted) == language
