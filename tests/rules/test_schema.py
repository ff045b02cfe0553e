"""The JSON Schema of rule files accepts what `check` accepts, and refuses only what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from engine.rulebook import load
from engine.rulebook.schema import rules_schema
from engine.rulebook.schema.shapes import mapping
from engine.rulebook.yaml_file import UnusableYamlError
from tests.rules.trees import Tree, tree_of

ROOT = Path(__file__).parents[2]
BROKEN = ROOT / "tests" / "rules" / "broken"
SCHEMA = Draft7Validator(rules_schema())

GOOD = [
    path
    for folder in (
        "rules",
        "docs/cookbook",
        "tests/bench/rules",
        "tests/oracle/rules",
        "tests/unit/rulebook/example",
    )
    for path in sorted((ROOT / folder).glob("*.yaml"))
]
IN_SHAPE = frozenset(
    {
        "unknown-key",
        "wrong-type",
        "unknown-operator",
        "operator",
        "unknown-mode",
        "unknown-anchor",
        "unknown-kind",
        "unknown-backlog",
        "unknown-asker",
        "unknown-grouping",
        "unknown-priority",
        "unknown-status",
        "unknown-acknowledgement",
        "unknown-start",
        "unknown-day",
        "resolved-in-match",
        "resolved-in-pause",
        "after-and-before",
        "version",
        "budget",
    }
)
"""Codes of faults in the shape of a file: no sound file has them, whatever its names are."""


def accepts(tree: Tree) -> bool:
    return bool(SCHEMA.is_valid(tree))


def broken_files() -> list[Path]:
    return [path for path in sorted(BROKEN.rglob("*.yaml")) if "templates" not in path.parts]


def with_a_tree(paths: list[Path]) -> list[Path]:
    """Those that are YAML at all: only these have a tree to hold against a schema."""
    return [path for path in paths if _has_a_tree(path)]


def _has_a_tree(path: Path) -> bool:
    try:
        tree_of(path.read_text())
    except (UnusableYamlError, UnicodeDecodeError):
        return False
    return True


def codes(path: Path) -> set[str]:
    problems = load(path).problems
    return {one.code for one in problems if one.severity == "error" and one.file == str(path)}


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(rules_schema())


def test_the_file_that_the_starter_rules_name_is_the_schema() -> None:
    committed = json.loads((ROOT / "rules" / "rules.schema.json").read_text())

    assert committed == rules_schema()
    for path in (ROOT / "rules").glob("*.yaml"):
        first = path.read_text().splitlines()[0]
        assert first == "# yaml-language-server: $schema=rules.schema.json", path.name


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_good_file_is_accepted(path: Path) -> None:
    errors = [error.message for error in SCHEMA.iter_errors(tree_of(path.read_text()))]

    assert errors == []


@pytest.mark.parametrize("path", with_a_tree(broken_files()), ids=lambda path: path.stem)
def test_a_file_whose_shape_is_broken_is_refused(path: Path) -> None:
    found = codes(path)

    if found & IN_SHAPE:
        assert not accepts(tree_of(path.read_text())), found & IN_SHAPE


@pytest.mark.parametrize("path", with_a_tree(broken_files()), ids=lambda path: path.stem)
def test_what_is_refused_is_refused_by_check_too(path: Path) -> None:
    if not accepts(tree_of(path.read_text())):
        assert codes(path)


def test_every_object_is_closed() -> None:
    listed = [part for part in objects(rules_schema()) if "properties" in part]

    assert len(listed) > 20
    assert all(part["additionalProperties"] is False for part in listed)


def test_every_key_of_a_section_says_what_it_means() -> None:
    definitions = rules_schema()["definitions"]
    assert isinstance(definitions, dict)
    sections = [rules_schema(), *(definitions[name] for name in ("rule", "level", "calendar"))]
    told = [
        value.get("description", "")
        for part in sections
        for section in objects(part)
        for name, value in section.get("properties", {}).items()
        if name not in ("urgent", "high", "medium", "low", "group", "status", "type", "priority")
    ]

    assert len(told) > 60
    assert [one for one in told if not one.endswith(".")] == [""] * told.count("")


def test_a_schema_that_forgets_a_key_of_its_reader_cannot_be_made() -> None:
    with pytest.raises(
        ValueError, match="the schema says \\['a'\\], and the reader \\['a', 'b'\\]"
    ):
        mapping({"a": "One.", "b": "Another."}, {"a": {}})


def objects(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for part in schema:
            yield from objects(part)
    elif isinstance(schema, dict):
        if "object" in (kinds := schema.get("type", "")) or kinds == "object":
            yield schema
        for part in schema.values():
            yield from objects(part)


# --- differential --------------------------------------------------------------------------------

SEEDS = [tree_of(path.read_text()) for path in GOOD]
VALUES: list[Tree] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    3.5,
    10**12,
    "",
    " ",
    "Urgent",
    " high ",
    "OPEN",
    "closed",
    "resolved",
    "4h",
    " 4h ",
    "0s",
    "4",
    "1h4d",
    "75%",
    " 75 % ",
    "75.5%",
    "09:00-17:00",
    "9:00 – 17:00,18:00-20:00",
    "12-24",
    "2026-12-31",
    "50/h",
    "unlimited",
    "off",
    "always",
    "default",
    "reply",
    [],
    {},
    [""],
    ["low", "high"],
    {"low": "4h"},
    {"low": None},
    {"not": "billing"},
    {"not": []},
    {"exists": True},
    {"exists": "true"},
    {"at_least": "high"},
    {"at_least": 3},
    {"at_least": "4h", "at_most": "8h"},
    {"matches": "a+"},
    {"country": "DE"},
    {"mon-fri": "09:00-17:00"},
    {"mon - fri , sun": "closed"},
    [{"after": "4h"}],
]
KEYS = [
    "id",
    "name",
    "after",
    "before",
    "any",
    "all",
    "not",
    "type",
    "tags",
    "age",
    "fields.x",
    "fields.",
    "status",
    "levels",
    "customer",
    "updates",
    "always",
    "assignee",
    "12-24",
    " mon",
    "nonsense",
    "repeat",
]


def parts(tree: Tree) -> Iterator[dict[str, Tree] | list[Tree]]:
    """Every mapping and list of a tree, itself included."""
    if isinstance(tree, dict | list):
        yield tree
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from parts(part)


def mutated(seed: int, place: int, key: int, value: Tree, how: str) -> Tree:
    tree = deepcopy(SEEDS[seed])
    inside = list(parts(tree))
    part = inside[place % len(inside)]
    if isinstance(part, list):
        if part and how != "add":
            part[key % len(part)] = value
        else:
            part.append(value)
        return tree
    keys = list(part)
    if how == "remove" and keys:
        del part[keys[key % len(keys)]]
    elif how == "change" and keys:
        part[keys[key % len(keys)]] = value
    else:
        part[KEYS[key % len(KEYS)]] = value
    return tree


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, len(SEEDS) - 1),
    place=st.integers(0, 400),
    key=st.integers(0, 100),
    value=st.sampled_from(VALUES),
    how=st.sampled_from(["change", "add", "remove"]),
)
def test_whatever_the_schema_refuses_the_loader_refuses(
    seed: int, place: int, key: int, value: Tree, how: str
) -> None:
    tree = mutated(seed, place, key, value, how)
    if accepts(tree):
        return
    with TemporaryDirectory() as name:
        file = Path(name) / "rules.yaml"
        file.write_text(json.dumps(tree, ensure_ascii=False))
        loaded = load(file)

    assert loaded.generation is None, [error.message for error in SCHEMA.iter_errors(tree)]
    assert any(not re.match("unknown-(calendar|receiver|template|rule)", p.code)
               for p in loaded.problems)  # fmt: skip
