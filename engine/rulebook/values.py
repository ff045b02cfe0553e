"""Single values and lists as rule files hold them, each with its complaint."""

from __future__ import annotations

from collections.abc import Iterable

from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarKind, ScalarNode, kind_of
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean, one_of

_NUMBERS = (ScalarKind.WHOLE, ScalarKind.DECIMAL)
_MOST_DIGITS = 9
"""Beyond it a count is a slip of the finger, and no database column holds it."""


def wrong_type(report: Report, node: Node, what: str, wanted: str, hint: str = "") -> None:
    """Say that `what` must be something else than it is."""
    report.error(node.span, "wrong-type", f"{what} must be {wanted}, not {kind_of(node)}", hint)


def read_scalar(node: Node, report: Report, what: str, wanted: str = "a text") -> ScalarNode | None:
    """A single value of any look, so that `42` may be the name of a type; not empty."""
    if not isinstance(node, ScalarNode) or node.is_nothing:
        wrong_type(report, node, what, wanted)
        return None
    if not node.text.strip():
        report.error(node.span, "empty-value", f"{what} is empty", "write a text")
        return None
    return node


def read_text(node: Node, report: Report, what: str) -> str | None:
    """A text that is not empty; numbers count as their spelling."""
    scalar = read_scalar(node, report, what)
    return None if scalar is None else scalar.text.strip()


def read_count(node: Node, report: Report, what: str, least: int = 0) -> int | None:
    """A whole number, at least `least`."""
    if not isinstance(node, ScalarNode) or node.kind is not ScalarKind.WHOLE:
        wrong_type(report, node, what, "a whole number")
        return None
    if len(node.text) > _MOST_DIGITS or not least <= int(node.text):
        message = f"{what} must be at least {least}"
        if len(node.text) > _MOST_DIGITS:
            message = f"{what} is too large a number"
        report.error(node.span, "number", message)
        return None
    return int(node.text)


def read_flag(node: Node, report: Report, what: str) -> bool | None:
    """`true` or `false`, and none of YAML's older words for them."""
    if not isinstance(node, ScalarNode) or node.kind is not ScalarKind.FLAG:
        wrong_type(report, node, what, "true or false")
        return None
    return node.text.casefold() == "true"


def read_choice(node: Node, report: Report, noun: str, known: Iterable[str]) -> str | None:
    """One of a few words; the code of the complaint is `unknown-` and the noun."""
    words = tuple(known)
    if not isinstance(node, ScalarNode) or node.is_nothing:
        article = "an" if noun[0] in "aeiou" else "a"
        wrong_type(report, node, f"{article} {noun}", "one word", one_of(words))
        return None
    if node.text not in words:
        hint = did_you_mean(node.text, words)
        report.error(node.span, f"unknown-{noun}", f"unknown {noun} '{clipped(node.text)}'", hint)
        return None
    return node.text


def read_items(node: Node, report: Report, what: str) -> tuple[Node, ...]:
    """The items of a list."""
    if not isinstance(node, ListNode):
        wrong_type(report, node, what, "a list", "begin each item with '- '")
        return ()
    return node.items


def read_scalars(node: Node, report: Report, what: str) -> tuple[ScalarNode, ...]:
    """Texts, or a single one without a list around it; each text once."""
    items = node.items if isinstance(node, ListNode) else (node,)
    wanted = "a text" if isinstance(node, ListNode) else "a text or a list of texts"
    name = f"an item of {what}" if isinstance(node, ListNode) else what
    scalars = (read_scalar(item, report, name, wanted) for item in items)
    distinct = {scalar.text.strip(): scalar for scalar in scalars if scalar is not None}
    return tuple(distinct.values())


def read_texts(node: Node, report: Report, what: str) -> tuple[str, ...]:
    """The texts of `read_scalars`."""
    return tuple(scalar.text.strip() for scalar in read_scalars(node, report, what))


def read_mapping(node: Node, report: Report, what: str) -> MapNode | None:
    """A mapping."""
    if not isinstance(node, MapNode):
        wrong_type(report, node, what, "a mapping", "write 'key: value'")
        return None
    return node


def is_number(node: Node) -> bool:
    """Whether somebody wrote a bare number."""
    return isinstance(node, ScalarNode) and node.kind in _NUMBERS


def clipped(text: str) -> str:
    """A text as messages quote it: on one line, harmless to a terminal, and not endless."""
    shown = "".join(one if one.isprintable() else "\ufffd" for one in " ".join(text.split()))
    return shown if len(shown) <= 60 else f"{shown[:57]}…"  # noqa: PLR2004 - a line's room
