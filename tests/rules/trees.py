"""Rule files as plain data, read as YAML 1.2 reads them: what a JSON Schema is held against."""

from __future__ import annotations

from engine.rulebook.nodes import ListNode, Node, ScalarKind, ScalarNode
from engine.rulebook.report import Report
from engine.rulebook.yaml_file import compose

Tree = dict[str, "Tree"] | list["Tree"] | str | int | float | bool | None


def tree_of(text: str) -> Tree:
    """What a file says.

    Raises:
        UnusableYamlError: It is no YAML that rule files may hold.
    """
    root = compose("", text, Report())
    return None if root is None else _tree(root)


def _tree(node: Node) -> Tree:
    if isinstance(node, ScalarNode):
        return _value(node)
    if isinstance(node, ListNode):
        return [_tree(item) for item in node.items]
    return {key.text: _tree(value) for key, value in node.entries}


def _value(scalar: ScalarNode) -> Tree:
    match scalar.kind:
        case ScalarKind.NOTHING:
            return None
        case ScalarKind.FLAG:
            return scalar.text.casefold() == "true"
        case ScalarKind.WHOLE:
            return int(scalar.text)
        case ScalarKind.DECIMAL:
            return float(scalar.text)
        case _:
            return scalar.text
