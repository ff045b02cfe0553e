"""YAML as people write it: every scalar is text, and everything keeps its place in the file.

YAML 1.1 would read `17:30` as a number,
`NO` and `on` as booleans and `2016-03-02` as a date; here a scalar stays what was typed, and
whoever asks for a number or a duration reads it from that text. Only `~`, `null` and nothing at
all are None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml

Tree = dict[str, "Tree"] | list["Tree"] | str | None
"""What a document holds."""

Path = tuple[str | int, ...]
"""Keys and positions (from 0) that lead from the root to a value."""

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_STR: Final = "tag:yaml.org,2002:str"
_PLAIN_TAGS: Final = frozenset({_STR, "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})
# Aliases of aliases could make a short file a tree of millions; no settings come near this.
_MOST_NODES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: line, first column, and the column after the last; from 1."""

    line: int
    column: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the text that cannot be read.

    Attributes:
        code: Stable name of the fault.
        message: What is wrong.
        help: What to do about it; empty when the message says it all.
    """

    place: Place
    code: str
    message: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and where.

    Attributes:
        tree: Mappings, lists, texts and None; {} for an empty file.
        faults: All that was wrong with it, in the order of the file.
    """

    tree: Tree
    faults: tuple[Fault, ...]
    _keys: Mapping[Path, Place] = field(default_factory=dict, repr=False)
    _values: Mapping[Path, Place] = field(default_factory=dict, repr=False)

    def place_of_key(self, path: Path) -> Place | None:
        """Where the key at the end of `path` stands; None if the file does not have it."""
        return self._keys.get(path)

    def place_of(self, path: Path) -> Place | None:
        """Where the value at the end of `path` stands; None if the file does not have it."""
        return self._values.get(path)


def read(text: str) -> Document:
    """Read one YAML document; what is wrong with it is in the answer, nothing is raised."""
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        return Document({}, (_syntax(error),))
    except yaml.YAMLError as error:
        place = _place_of_character(text, getattr(error, "position", 0))
        message = "a character that YAML does not allow"
        return Document({}, (Fault(place, "yaml", message, "remove it"),))
    except RecursionError:
        return Document({}, (Fault(Place(1, 1, 2), "yaml", "this is nested too deeply"),))
    if root is None:
        return Document({}, ())
    builder = _Builder()
    tree = builder.build(root, ())
    return Document(tree, tuple(builder.faults), builder.keys, builder.values)


class _Builder:
    """Turns nodes into a tree, noting places and faults."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self._above: list[yaml.Node] = []
        self._count = 0

    def build(self, node: yaml.Node, path: Path) -> Tree:
        """Build the tree below a node."""
        self.values[path] = place = _place(node)
        self._count += 1
        if self._count == _MOST_NODES:
            self._fault(place, "too-large", "aliases make this file too large", "write it out")
        if any(node is above for above in self._above):
            self._fault(place, "circular", "an alias stands inside what it names", "write it out")
            return None
        if self._count >= _MOST_NODES:
            return None
        if node.tag not in _PLAIN_TAGS:
            self._fault(place, "tag", f"tag '{node.tag}' means nothing here", "remove it")
        if isinstance(node, yaml.ScalarNode):
            is_null = node.style is None and node.value in _NULLS
            return None if is_null else str(node.value)
        self._above.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return dict(self._items(node, path))
            return [self.build(each, (*path, i)) for i, each in enumerate(node.value)]
        finally:
            self._above.pop()

    def _items(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Tree]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            place = _place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(place, "key", "a key must be one word or text", "quote it")
                continue
            key = str(key_node.value)
            if key in seen:
                message = f"key '{key}' stands here again, first in line {seen[key]}"
                self._fault(place, "duplicate-key", message, "keep one of them")
                continue
            seen[key] = place.line
            self.keys[*path, key] = place
            yield key, self.build(value_node, (*path, key))

    def _fault(self, place: Place, code: str, message: str, help_: str) -> None:
        self.faults.append(Fault(place, code, message, help_))


def _place(node: yaml.Node) -> Place:
    start, end = node.start_mark, node.end_mark
    on_one_line = start.line == end.line and end.column > start.column
    return Place(
        start.line + 1,
        start.column + 1,
        (end.column if on_one_line else start.column + 1) + 1,
    )


def _syntax(error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1, mark.column + 2) if mark else Place(1, 1, 2)
    said = " ".join(part for part in (error.context, error.problem) if part)
    return Fault(place, "yaml", f"this is not YAML: {said}", "check indentation, quotes, colons")


def _place_of_character(text: str, position: int) -> Place:
    before = text[:position]
    column = position - (before.rfind("\n") + 1)
    return Place(before.count("\n") + 1, column + 1, column + 2)
