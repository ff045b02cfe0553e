"""A mapping with a fixed set of keys, read key by key."""

from __future__ import annotations

from collections.abc import Iterable

from engine.rulebook.nodes import MapNode, Node, ScalarNode, Span, is_nothing
from engine.rulebook.report import Report
from engine.rulebook.suggestion import closest, did_you_mean
from engine.rulebook.values import (
    clipped,
    read_choice,
    read_count,
    read_items,
    read_mapping,
    read_text,
    read_texts,
)


class Fields:
    """What a mapping says under the keys that it may have.

    Unknown keys and keys without a value are reported at once; each getter reports what is wrong
    with its own value, and gives None for it as for a key that is not there. A key that is
    misspelt counts as there, so that its lack is not reported on top.
    """

    def __init__(self, node: MapNode, known: Iterable[str], report: Report) -> None:
        self.span = node.span
        self.report = report
        self._keys = {key.text: key.span for key, _ in node.entries}
        self._values: dict[str, Node] = {}
        words = tuple(known)
        self._open = [word for word in words if word not in self._keys]
        for key, value in node.entries:
            if key.text not in words:
                self._refuse(key)
            elif is_nothing(value):
                message = f"'{key.text}' has no value"
                report.error(key.span, "empty-value", message, "give it one, or remove the key")
            else:
                self._values[key.text] = value

    @classmethod
    def read(cls, node: Node, known: Iterable[str], report: Report, what: str) -> Fields | None:
        """The fields of what should be a mapping; None, reported, when it is none."""
        mapping = read_mapping(node, report, what)
        return None if mapping is None else cls(mapping, known, report)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def key(self, key: str) -> Span:
        """Where a key stands that is there, else where the mapping begins."""
        return self._keys.get(key, self.span)

    def value(self, key: str) -> Node | None:
        """The value of a key."""
        return self._values.get(key)

    def required(self, key: str, hint: str = "") -> Node | None:
        """The value of a key that must be there; its lack is reported at the mapping."""
        if key not in self._keys:
            self.report.error(self.span, "missing-key", f"'{key}' is missing", hint)
        return self._values.get(key)

    def text(self, key: str) -> str | None:
        """A text that is not empty."""
        node = self.value(key)
        return None if node is None else read_text(node, self.report, f"'{key}'")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        node = self.value(key)
        return () if node is None else read_texts(node, self.report, f"'{key}'")

    def items(self, key: str) -> tuple[Node, ...]:
        """The items of a list."""
        node = self.value(key)
        return () if node is None else read_items(node, self.report, f"'{key}'")

    def count(self, key: str, least: int) -> int | None:
        """A whole number."""
        node = self.value(key)
        return None if node is None else read_count(node, self.report, f"'{key}'", least)

    def choice(self, key: str, known: Iterable[str], noun: str) -> str | None:
        """One of a few words."""
        node = self.value(key)
        return None if node is None else read_choice(node, self.report, noun, known)

    def fields(self, key: str, known: Iterable[str]) -> Fields | None:
        """The fields of a mapping below."""
        node = self.value(key)
        return None if node is None else Fields.read(node, known, self.report, f"'{key}'")

    def _refuse(self, key: ScalarNode) -> None:
        meant = closest(key.text, self._open)
        if meant is not None:
            self._keys.setdefault(meant, key.span)
        hint = did_you_mean(key.text, self._open)
        message = f"unknown key '{clipped(key.text)}'"
        self.report.error(key.span, "unknown-key", message, hint)
