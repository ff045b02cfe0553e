"""YAML without its surprises."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarKind, ScalarNode
from engine.rulebook.report import Report
from engine.rulebook.yaml_file import MAX_DEPTH, UnusableYamlError, compose


def read(text: str) -> tuple[Node | None, list[str]]:
    report = Report()
    try:
        node = compose("x.yaml", text, report)
    except UnusableYamlError:
        node = None
    return node, [problem.code for problem in report.sorted()]


def scalar(text: str) -> ScalarNode:
    node, problems = read(text)
    assert isinstance(node, ScalarNode)
    assert problems == []
    return node


@pytest.mark.parametrize(
    "text",
    [
        "17:30",
        "on",
        "off",
        "yes",
        "no",
        "NO",
        "y",
        "2026-12-31",
        "2026-12-31 09:00",
        "12-24",
        "0x1F",
        "0o17",
        "1_000",
        "4h",
        ".inf",
        "75%",
        "=",
    ],
)
def test_what_yaml_1_1_would_convert_stays_text(text: str) -> None:
    assert scalar(text).kind is ScalarKind.TEXT
    assert scalar(text).text == text


@pytest.mark.parametrize(
    "text, kind",
    [
        ("true", ScalarKind.FLAG),
        ("false", ScalarKind.FLAG),
        ("42", ScalarKind.WHOLE),
        ("-1", ScalarKind.WHOLE),
        ("007", ScalarKind.WHOLE),
        ("1.5", ScalarKind.DECIMAL),
        ("1e3", ScalarKind.DECIMAL),
        ("'true'", ScalarKind.TEXT),
        ('"42"', ScalarKind.TEXT),
        ("|\n  42\n", ScalarKind.TEXT),
    ],
)
def test_only_flags_numbers_and_nothing_are_more_than_text(text: str, kind: ScalarKind) -> None:
    assert scalar(text).kind is kind


@pytest.mark.parametrize("text", ["", "# a comment\n", "---\n", "~", "null\n", "\n\n"])
def test_an_empty_document_is_nothing(text: str) -> None:
    assert read(text) == (None, [])


def test_numbers_keep_their_spelling() -> None:
    assert scalar("007").text == "007"
    assert scalar("+49301234567").text == "+49301234567"


def test_everything_knows_where_it_stands() -> None:
    node, _ = read("a: x\nkey:\n  - 'two words'\n  - {b: [c, d]}\n")
    assert isinstance(node, MapNode)
    items = node.get("key")
    assert isinstance(items, ListNode)
    assert (items.span.line, items.span.column) == (3, 3)
    text, mapping = items.items
    assert (text.span.line, text.span.column, text.span.end_column) == (3, 5, 16)
    assert (mapping.span.column, mapping.span.end_column) == (5, 16)


def test_a_mapping_in_lines_stands_where_its_first_key_stands() -> None:
    node, _ = read("\n  first: 1\n  second: 2\n")
    assert node is not None
    assert (node.span.line, node.span.column, node.span.end_column) == (2, 3, 8)


def test_a_text_over_several_lines_stands_on_its_first() -> None:
    node, _ = read("key: one\n  two\n")
    assert isinstance(node, MapNode)
    value = node.get("key")
    assert isinstance(value, ScalarNode)
    assert value.text == "one two"
    assert (value.span.column, value.span.end_column) == (6, 9)


def test_aliases_repeat_what_they_name() -> None:
    node, problems = read("a: &hours [1, 2]\nb: *hours\n")
    assert isinstance(node, MapNode)
    assert node.get("a") is node.get("b")
    assert problems == []


@pytest.mark.parametrize(
    "text, code",
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key"),
        ("a: 1\n'a': 2\n", "duplicate-key"),
        ("1: a\n'1': b\n", "duplicate-key"),
        ("<<: {a: 1}\n", "merge-key"),
        ("[a]: 1\n", "key"),
        ("'': 1\n", "key"),
        ("a: !!int 3\n", "tag"),
        ("a: !secret x\n", "tag"),
    ],
)
def test_what_is_refused_does_not_hide_the_rest(text: str, code: str) -> None:
    node, problems = read(text)
    assert isinstance(node, MapNode)
    assert problems == [code]


@pytest.mark.parametrize(
    "text, code",
    [
        ("a: 1\n---\nb: 2\n", "several-documents"),
        ("a: *nobody\n", "alias"),
        ("a: &a {b: *a}\n", "alias"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "too-deep"),
        ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 20 + "*a" + "]" * 20, "too-deep"),
        ("[" + "a, " * 100_001 + "]", "too-large"),
        ("a: [1, 2\n", "syntax"),
        ("a: \x00\n", "syntax"),
        ("a: \ud800\n", "syntax"),
        ("%YAML 9.0\n---\na: 1\n", "syntax"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(text: str, code: str) -> None:
    assert read(text) == (None, [code])


def test_as_deep_as_allowed_is_read() -> None:
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH)[1] == []


@pytest.mark.parametrize(
    "text, warned",
    [
        ("to: #tier-2", True),
        ("subject: printer #5", True),
        ("- #5", True),
        ("from: escalation   # or match", False),
        ("to: '#tier-2'", False),
        ("to: a#b", False),
        ("# comment\na: 1", False),
        ("a: 1 #", False),
    ],
)
def test_a_value_that_becomes_a_comment_is_pointed_out(text: str, *, warned: bool) -> None:
    assert ("comment" in read(text)[1]) is warned


def test_reading_quickly_gives_the_same_tree() -> None:
    root = Path(__file__).parents[3]
    for path in (*root.glob("rules/**/*.yaml"), *root.glob("docs/cookbook/**/*.yaml")):
        text = path.read_text(encoding="utf-8")
        slow, quick = Report(), Report()

        assert shape(compose("a", text, slow)) == shape(compose("a", text, quick, quickly=True))
        assert slow.sorted() == quick.sorted() == ()


def shape(node: Node | None) -> object:
    """A tree with the places of everything in it, to be compared."""
    match node:
        case MapNode(span, entries):
            return span, [(shape(key), shape(value)) for key, value in entries]
        case ListNode(span, items):
            return span, [shape(item) for item in items]
        case ScalarNode(span, text, kind):
            return span, text, kind
        case _:
            return None
