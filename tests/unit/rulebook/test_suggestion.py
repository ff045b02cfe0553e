"""What was probably meant."""

from __future__ import annotations

import pytest

from engine.domain.condition import FIELDS
from engine.rulebook.suggestion import closest, did_you_mean


@pytest.mark.parametrize(
    "word, known, meant",
    [
        ("levles", ["levels", "clock"], "levels"),
        ("LEVELS", ["levels", "clock"], "levels"),
        ("recievers", ["receivers", "rules"], "receivers"),
        ("berlin", ["Europe/Berlin", "Europe/Bern"], "Europe/Berlin"),
        ("tier", list(FIELDS), "customer.tier"),
        ("xyz", ["levels", "clock"], None),
        ("", ["levels"], None),
        ("x" * 10_000, ["levels"], None),
        ("levels", [], None),
    ],
)
def test_the_closest_word_is_found(word: str, known: list[str], meant: str | None) -> None:
    assert closest(word, known) == meant


def test_few_words_are_listed_and_many_are_not() -> None:
    assert did_you_mean("xyz", ["active", "shadow", "off"]) == "write active, shadow or off"
    assert did_you_mean("xyz", ["active"]) == "write active"
    assert did_you_mean("xyz", [f"word{n}" for n in range(20)]) == ""
