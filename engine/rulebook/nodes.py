"""YAML as a tree in which everything knows where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line.

    Attributes:
        file: The path as the person named it.
        line: Line, from 1.
        column: First column, from 1.
        end_column: The column after the last one, from 1.
    """

    file: str
    line: int
    column: int
    end_column: int

    @classmethod
    def start_of(cls, file: str) -> Span:
        """The first character of a file: the place of what concerns all of it."""
        return cls(file, 1, 1, 2)


class ScalarKind(StrEnum):
    """What a single value looks like; its value is how messages call it."""

    TEXT = "a text"
    NOTHING = "nothing"
    FLAG = "true or false"
    WHOLE = "a whole number"
    DECIMAL = "a decimal number"


@dataclass(frozen=True, slots=True, eq=False)
class ScalarNode:
    """A single value.

    Attributes:
        text: What the file says, quotes and escapes resolved; a number keeps its spelling.
    """

    span: Span
    text: str
    kind: ScalarKind

    @property
    def is_nothing(self) -> bool:
        """Whether the value is left out, `null` or `~`."""
        return self.kind is ScalarKind.NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class ListNode:
    """A list, in block or flow form."""

    span: Span
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MapNode:
    """A mapping whose keys are distinct single values, in the order written."""

    span: Span
    entries: tuple[tuple[ScalarNode, Node], ...]

    def get(self, key: str) -> Node | None:
        """The value of a key, None when the mapping lacks it."""
        return next((value for name, value in self.entries if name.text == key), None)


Node = ScalarNode | ListNode | MapNode


def kind_of(node: Node) -> str:
    """How messages call what stands there."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    return node.kind.value


def is_nothing(node: Node) -> bool:
    """Whether no value stands there."""
    return isinstance(node, ScalarNode) and node.is_nothing
