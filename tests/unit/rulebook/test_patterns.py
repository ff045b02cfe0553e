"""Words in what customers write, and patterns of what they may be."""

from __future__ import annotations

import pytest

from engine.rulebook.nodes import ScalarKind, ScalarNode, Span
from engine.rulebook.patterns import Mentions, Pattern, read_pattern
from engine.rulebook.report import Report


def pattern(text: str) -> Pattern | None:
    return read_pattern(ScalarNode(Span.start_of("x"), text, ScalarKind.TEXT), Report())


@pytest.mark.parametrize(
    "phrase, text, found",
    [
        ("supervisor", "I want your Supervisor!", True),
        ("supervisor", "supervisors", False),
        ("supervisor", "my_supervisor", False),
        ("supervisor", "(supervisor)", True),
        ("supervisor", "supervisors, that is: a supervisor", True),
        ("cancel my account", "Please cancel\n  MY\taccount.", True),
        ("cancel my account", "cancel my accounts", False),
        ("Größe", "die GRÖSSE stimmt nicht", True),
        ("größe", "die gro\u0308ße stimmt nicht", True),
        ("cafe", "cafe\u0301", False),
        ("don't", "I don’t know", True),
        ("can not", "can\u00a0not", True),
        ("ἀκύρωσις", "ἈΚΎΡΩΣΙΣ!", True),
        ("क", "की", False),
        ("取消", "我要取消账户", True),
        ("ยกเลิก", "ฉันต้องการยกเลิกบัญชี", True),
        ("c++", "our c++ program", True),
        ("c++", "c++11", True),  # a phrase that ends in a sign ends there
        ("#1", "we are #1", True),
        ("42", "ticket 42.", True),
        ("42", "ticket 142", False),
    ],
)
def test_mentions_are_whole_words(phrase: str, text: str, *, found: bool) -> None:
    assert Mentions.of((phrase,))(text) is found


def test_any_of_several_phrases_is_enough() -> None:
    mentions = Mentions.of(("lawyer", "supervisor"))
    assert mentions("my lawyer")
    assert mentions("your supervisor")
    assert not mentions("somebody else")


@pytest.mark.parametrize(
    "text, found",
    [
        ("ORDER 17", True),
        ("an order 17 days old", True),
        ("order seventeen", False),
        ("\ud800", False),
    ],
)
def test_patterns_search_without_case(text: str, *, found: bool) -> None:
    compiled = pattern(r"order \d+")
    assert compiled is not None
    assert compiled(text) is found


def test_a_pattern_may_ask_for_case() -> None:
    compiled = pattern("(?-i)VIP")
    assert compiled is not None
    assert compiled("VIP")
    assert not compiled("vip")


@pytest.mark.parametrize(
    "text",
    ["(", "(?<=a)b", r"(a)\1", "(x{500}){900}", "x" * 1001, "((x{100}){100}){100}", "\ud800"],
)
def test_what_re2_cannot_search_in_bounds_is_refused(text: str) -> None:
    assert pattern(text) is None


def test_a_pattern_that_hangs_other_engines_takes_no_time() -> None:
    compiled = pattern("(a+)+$")
    assert compiled is not None
    assert not compiled("a" * 50_000 + "b")


def test_two_readings_of_one_pattern_are_equal() -> None:
    assert pattern("abc") == pattern("abc")
    assert pattern("abc") != pattern("abd")
