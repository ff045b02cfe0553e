"""The Mermaid flowcharts: no text of a rule can be taken for a part of the drawing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.insight.graph import all_pictures, board_of, overview, rule_picture
from engine.insight.graph.board import Board
from engine.insight.graph.mermaid import escaped
from engine.rulebook import load
from tests.unit.insight.graph.generations import generation_of

ROOT = Path(__file__).parents[4]

LABEL = re.compile(r'"((?:[^"#<>]|#[0-9]+;|<br/>)*)"')
NODE = r'r\d+[slc]\d*(?:\["L"\]|\("L"\)|\{\{"L"\}\}|\[/"L"\\\]|\(\["L"\]\))'
LINES = [
    r"flowchart (LR|TB)",
    r"accTitle: [^#<>\"]*(#\d+;[^#<>\"]*)*",
    r"accDescr: [^#<>\"]*(#\d+;[^#<>\"]*)*",
    r'subgraph r\d+ \["L"\]',
    r"direction LR",
    r"end",
    NODE,
    rf'r\d+[sl]\d* -->\|"L"\| {NODE}:::(reminder|technical|hierarchical)',
    rf"r\d+[sl]\d* -\.-> {NODE}:::customer",
    r"r\d+ -\. \"L\" \.-> r\d+",
    r"classDef (reminder|technical|hierarchical|customer) [-a-z0-9:#,]+",
]
"""Every line that a flowchart of ours may have, each label written as "L"."""


@pytest.fixture(scope="module")
def starter() -> Board:
    generation = load(ROOT / "rules").generation
    assert generation is not None
    return board_of(generation)


def strange_lines(text: str) -> list[str]:
    """The lines that are not of a known form."""
    bare = [LABEL.sub('"L"', line.strip()) for line in text.splitlines()]
    return [line for line in bare if not any(re.fullmatch(form, line) for form in LINES)]


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a plain text, of 2 words: (so)", "a plain text, of 2 words: (so)"),
        ('say "no"', "say #34;no#34;"),
        ("<b> & #1;", "#60;b#62; #38; #35;1#59;"),
        ("1. first", "1#46; first"),
        ("- item", "#45; item"),
        ("wait-for-it, 1.5 times", "wait-for-it, 1.5 times"),
        ("`code` *bold* _it_", "#96;code#96; #42;bold#42; #95;it#95;"),
        ("style:#fff;", "style#58;#35;fff#59;"),
        ("%%{init}%%", "#37;#37;#123;init#125;#37;#37;"),
        ("two\nlines", "two lines"),
        ("a\x00b", "a#65533;b"),
        ("日本", "日本"),
    ],
)
def test_a_text_is_shown_as_it_stands(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_rules_say_only_known_lines_come_out(seed: int) -> None:
    for picture in all_pictures(board_of(generation_of(seed)), "mermaid"):
        assert strange_lines(picture.text) == []


def test_a_rule_is_a_chain_of_levels_with_the_customer_beside_it(starter: Board) -> None:
    lines = rule_picture(starter, "mermaid", "specialist-topics").text.splitlines()

    assert [line.strip() for line in lines if "-->" in line or "-.->" in line] == [
        (
            'r1s -->|"after 4h"| r1l1{{"specialists: Escalation to those who know more'
            "<br/>priority rises one step<br/>goes to the group specialists"
            '<br/>tells specialists"}}:::technical'
        ),
        (
            'r1l1 -->|"after 2d"| r1l2[/"manager: Escalation to those who decide'
            '<br/>tells support-manager"\\]:::hierarchical'
        ),
        (
            'r1l1 -.-> r1c1(["The customer hears, with level 1, specialists'
            '<br/>“Your request … is now with specialists”<br/>only in support-hours"]):::customer'
        ),
    ]


def test_the_overview_shows_what_holds_what_back(starter: Board) -> None:
    lines = overview(starter, "mermaid").text.splitlines()

    assert '  r3 -. "holds back" .-> r5' in lines
    assert sum(line.startswith("  subgraph ") for line in lines) == len(starter.rules)
