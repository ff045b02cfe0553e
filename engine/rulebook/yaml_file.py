"""A strict reader of YAML: positions kept, no surprises, nothing without bounds.

It differs from YAML 1.1 as PyYAML reads it: `17:30`, `on`, `NO` and dates stay text; keys are
distinct; merge keys, tags and several documents are refused; aliases cannot grow without limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from engine.rulebook.nodes import (
    ListNode,
    MapNode,
    Node,
    ScalarKind,
    ScalarNode,
    Span,
    is_nothing,
)
from engine.rulebook.report import Report
from engine.rulebook.values import clipped
from engine.rulebook.yaml_faults import LINE_BREAK, in_plain_words

MAX_BYTES = 1_000_000
"""No policy that people maintain by hand is larger; beyond it something else was named .yaml."""

MAX_DEPTH = 50
MAX_NODES = 100_000
"""Counted with every alias written out, so that ten short lines cannot become a billion nodes."""

_KINDS: tuple[tuple[re.Pattern[str], ScalarKind], ...] = (
    (re.compile(r"~|null|Null|NULL|"), ScalarKind.NOTHING),
    (re.compile(r"true|True|TRUE|false|False|FALSE"), ScalarKind.FLAG),
    (re.compile(r"[-+]?[0-9]+"), ScalarKind.WHOLE),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), ScalarKind.DECIMAL),
)
_SWALLOWED = re.compile(r"(?:\s+|(?<=\s))(?P<comment>#\w\S*)")


_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnusableYamlError(Exception):
    """The text has no tree; the report says why."""


def compose(file: str, text: str, report: Report, *, quickly: bool = False) -> Node | None:
    """Read one YAML document.

    Args:
        file: The name that places give.
        text: The whole file.
        report: Takes duplicate keys, refused constructs, syntax errors.
        quickly: With libyaml, where Python has it: ten times as fast, but it places and words a few
            faults otherwise. Where anything turns out to be wrong, read again without.

    Returns:
        The document's root; None when there is nothing in it.

    Raises:
        UnusableYamlError: There is no tree to go on with; the report says why.
    """
    composer = _Composer(file, text, report)
    try:
        for event in yaml.parse(text, Loader=_QUICK if quickly else yaml.SafeLoader):
            composer.take(event)
    except yaml.YAMLError as error:
        fault = in_plain_words(error, text)
        place = composer.point(fault.line, fault.column)
        report.error(place, "syntax", fault.message, fault.hint)
        raise UnusableYamlError from error
    return composer.root


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet, and what is known of it."""

    event: yaml.CollectionStartEvent
    items: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class _Subtree:
    """A finished node, how many nodes are in it and how many levels it has."""

    node: Node
    size: int
    height: int


class _Composer:
    """Builds the tree from PyYAML's events, without recursion."""

    def __init__(self, file: str, text: str, report: Report) -> None:
        self.root: Node | None = None
        self._file = file
        self._lines = LINE_BREAK.split(text)
        self._report = report
        self._open: list[_Open] = []
        self._documents = 0
        self._total = 0
        # None while the anchored node is still open.
        self._anchors: dict[str, _Subtree | None] = {}

    def take(self, event: yaml.Event) -> None:
        """Add what an event says to the tree."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._start_document(event)
        elif isinstance(event, yaml.AliasEvent):
            self._reuse(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event)
            self._place(event, self._scalar(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)

    def point(self, line: int, column: int) -> Span:
        """One character, given its line and column from 0."""
        return Span(self._file, line + 1, column + 1, column + 2)

    def _start_document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            message = "a second document begins here; a rule file holds one"
            self._fail(event, "several-documents", message, "put it into a file of its own")

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        self._refuse_tag(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(event))
        self._bound_depth(event, 0)

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        done = self._open.pop()
        node: Node
        if isinstance(done.event, yaml.SequenceStartEvent):
            node = ListNode(self._span(done.event, event), tuple(done.items))
        else:
            node = self._mapping(done, event)
        self._place(done.event, node, done.size, done.height)

    def _reuse(self, event: yaml.AliasEvent) -> None:
        name = event.anchor
        if name not in self._anchors:
            hint = f"put '*{name}' in quotes, or name what it repeats with '&{name}'"
            self._fail(event, "alias", f"'*{name}' refers to nothing", hint)
        known = self._anchors[name]
        if known is None:
            self._fail(event, "alias", f"'*{name}' repeats what it is itself part of")
        self._bound_depth(event, known.height)
        self._add(event, known)

    def _place(self, event: yaml.NodeEvent, node: Node, size: int = 1, height: int = 1) -> None:
        subtree = _Subtree(node, size, height)
        if event.anchor:
            self._anchors[event.anchor] = subtree
        self._add(event, subtree)

    def _add(self, event: yaml.Event, subtree: _Subtree) -> None:
        # What is built here was counted part by part; only an alias brings several at once.
        self._bound_size(event, subtree.size if isinstance(event, yaml.AliasEvent) else 1)
        if not self._open:
            self.root = None if is_nothing(subtree.node) else subtree.node
            return
        parent = self._open[-1]
        parent.items.append(subtree.node)
        parent.size += subtree.size
        parent.height = max(parent.height, subtree.height + 1)

    def _mapping(self, done: _Open, end: yaml.Event) -> MapNode:
        entries: dict[str, tuple[ScalarNode, Node]] = {}
        for node, value in zip(done.items[::2], done.items[1::2], strict=True):
            if (key := self._as_key(node)) is not None:
                self._add_entry(entries, key, value)
        span = self._span(done.event, end)
        first = done.items[0] if done.items else None
        if first is not None and not done.event.flow_style:
            span = first.span
        return MapNode(span, tuple(entries.values()))

    def _add_entry(
        self, entries: dict[str, tuple[ScalarNode, Node]], key: ScalarNode, value: Node
    ) -> None:
        first = entries.setdefault(key.text, (key, value))[0]
        if first is not key:
            message = f"key '{clipped(key.text)}' stands here for the second time; the first is on"
            place = f"line {first.span.line}, column {first.span.column}"
            self._report.error(key.span, "duplicate-key", f"{message} {place}", "remove one")

    def _as_key(self, key: Node) -> ScalarNode | None:
        if not isinstance(key, ScalarNode) or not key.text:
            self._report.error(key.span, "key", "a key must be a word")
            return None
        if key.text == "<<":
            message = "merge keys ('<<') are not part of the rule language"
            self._report.error(key.span, "merge-key", message, "write the keys out")
            return None
        return key

    def _scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        span = self._span(event, event)
        if event.style:  # none, or empty with libyaml, where it is plain
            return ScalarNode(span, event.value, ScalarKind.TEXT)
        self._warn_of_comment(event)
        return ScalarNode(span, event.value, _kind_of(event.value))

    def _warn_of_comment(self, event: yaml.ScalarEvent) -> None:
        # `to: #tier-2` and `subject: printer #5`: written for a value, read as a comment.
        line, column = _end(event)
        swallowed = _SWALLOWED.match(self._lines[line], column)
        if swallowed is None:
            return
        begin, end = swallowed.span("comment")
        message = f"YAML takes '{clipped(swallowed['comment'])}' for a comment"
        hint = "put the value in quotes, or a space after '#'"
        span = Span(self._file, line + 1, begin + 1, end + 1)
        self._report.warn(span, "comment", message, hint)

    def _span(self, first: yaml.Event, last: yaml.Event) -> Span:
        """From the start of one event to the end of another, as far as it is on one line."""
        line, column = _start(first)
        if isinstance(first, yaml.SequenceStartEvent) and not first.flow_style:
            return self.point(line, column)
        end_line, end_column = _end(last)
        if end_line != line:
            end_column = len(self._lines[line].rstrip())
        return Span(self._file, line + 1, column + 1, max(end_column, column + 1) + 1)

    def _bound_size(self, event: yaml.Event, size: int) -> None:
        self._total += size
        if self._total > MAX_NODES:
            message = f"the file holds more than {MAX_NODES} values, aliases written out"
            self._fail(event, "too-large", message, "split it, or use fewer aliases")

    def _bound_depth(self, event: yaml.Event, height: int) -> None:
        if len(self._open) + height > MAX_DEPTH:
            message = f"lists and mappings are nested more than {MAX_DEPTH} deep"
            self._fail(event, "too-deep", message)

    def _refuse_tag(self, event: yaml.NodeEvent) -> None:
        if getattr(event, "tag", None) is not None:
            message = "YAML tags ('!…') are not part of the rule language"
            self._report.error(self._span(event, event), "tag", message, "put a text in quotes")

    def _fail(self, event: yaml.Event, code: str, message: str, hint: str = "") -> NoReturn:
        self._report.error(self._span(event, event), code, message, hint)
        raise UnusableYamlError


def _start(event: yaml.Event) -> tuple[int, int]:
    """Line and column, from 0, at which an event begins."""
    mark = event.start_mark
    return (0, 0) if mark is None else (mark.line, mark.column)


def _end(event: yaml.Event) -> tuple[int, int]:
    """Line and column, from 0, just after an event."""
    mark = event.end_mark
    return (0, 0) if mark is None else (mark.line, mark.column)


def _kind_of(plain: str) -> ScalarKind:
    """What an unquoted text looks like, by the core schema of YAML 1.2 without its bases."""
    matches = (kind for pattern, kind in _KINDS if pattern.fullmatch(plain))
    return next(matches, ScalarKind.TEXT)
