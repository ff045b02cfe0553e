"""Rule files with one small change each: a number, an operator or a target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode, Span
from engine.rulebook.report import Report
from engine.rulebook.yaml_file import compose

RECEIVERS: Final = (
    "second-line",
    "specialists",
    "support-manager",
    "Group 70",
    "default",
    "assignee",
    "group",
)
STAFF_TEMPLATES: Final = ("escalation", "about-to-be-late", "repeat-contacts")
CUSTOMER_TEMPLATES: Final = (
    "escalation-received",
    "satisfaction-survey",
    "several-requests",
    "still-working",
    "with-specialists",
)
STATUSES: Final = ("new", "open", "pending_customer", "pending_internal")
PRIORITIES: Final = ("low", "medium", "high", "urgent")
CALENDARS: Final = ("support-hours", "always")

OTHERS: Final = {
    "notify": RECEIVERS,
    "group": ("second-line", "specialists", "somebody-else"),
    "template": (*STAFF_TEMPLATES, *CUSTOMER_TEMPLATES),
    "on_escalation": CUSTOMER_TEMPLATES,
    "tag": ("escalated", "another-tag"),
    "kind": ("technical", "hierarchical"),
    "status": STATUSES,
    "pause_while": STATUSES,
    "at_least": PRIORITIES,
    "since": ("opened", "created", "match", "waiting", "status_change", "assignment"),
    "by": ("ticket", "customer", "organization", "everyone"),
    "from": ("match", "escalation"),
    "calendar": CALENDARS,
    "deliver_in": CALENDARS,
    "inhibits": ("unresolved-in-time", "specialist-topics", "keep-customers-informed"),
}
"""Key → the words that may stand there: each is put in the place of each other."""

OPERATORS: Final = ("at_least", "at_most", "more_than", "less_than")
"""Operators on priorities: each is put in the place of each other."""

LISTS: Final = ("type", "status")
"""Keys of lists of which each word is left out once."""

Change = tuple[Span, str, str, str]
"""Where, under which key, what stands there, and what is put in its place."""

_SILENT: Final = ("id", "name", "description", "reason", "asked_by", "version", "moved_from")
"""Keys whose values decide nothing."""
_BEYOND: Final = ("low_score",)
"""Keys whose values show only when a customer answers a survey, which no rule test does."""
_NUMBER: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Mutant:
    """One change to one file.

    Attributes:
        at: Line and column, from 1, as `file:line:column`.
        key: The key whose value, or that itself, is changed.
        text: The whole file with the change.
    """

    file: Path
    at: str
    key: str
    was: str
    becomes: str
    text: str

    def __str__(self) -> str:
        return f"{self.at} {self.key}: {self.was} -> {self.becomes}"

    @property
    def what(self) -> str:
        """The same without the place, which moves when somebody edits the file."""
        return f"{self.file.name} {self.key}: {self.was} -> {self.becomes}"


def mutants_of(file: Path) -> list[Mutant]:
    """Every mutant of a rule file's rules."""
    text = file.read_text(encoding="utf-8")
    root = compose(file.name, text, Report())
    rules = root.get("rules") if isinstance(root, MapNode) else None
    if rules is None:
        return []
    return [
        Mutant(
            file,
            f"{file.name}:{span.line}:{span.column}",
            key,
            was,
            becomes,
            _replaced(text, span, was, becomes),
        )
        for span, key, was, becomes in _changes(rules, "")
    ]


def _changes(node: Node, key: str) -> Iterator[Change]:
    """Every change below a node: where, what stands there, and what is put in its place."""
    if isinstance(node, ListNode):
        yield from _of_list(node, key)
        for item in node.items:
            yield from _changes(item, key)
    elif isinstance(node, MapNode):
        for name, value in node.entries:
            if name.text not in (*_SILENT, *_BEYOND):
                yield from _of_operator(name, value)
                yield from _changes(value, name.text)
    else:
        yield from _of_value(node, key)


def _of_operator(name: ScalarNode, value: Node) -> Iterator[Change]:
    if name.text in OPERATORS and isinstance(value, ScalarNode) and value.text in PRIORITIES:
        yield from (
            (name.span, name.text, name.text, other) for other in OPERATORS if other != name.text
        )
    if isinstance(value, MapNode) and [key.text for key, _ in value.entries] == ["not"]:
        wanted = value.entries[0][1]
        items = wanted.items if isinstance(wanted, ListNode) else (wanted,)
        texts = ", ".join(one.text for one in items if isinstance(one, ScalarNode))
        yield value.span, name.text, f"{{not: [{texts}]}}", f"[{texts}]"


def _of_list(node: ListNode, key: str) -> Iterator[Change]:
    """Each of several words left out."""
    texts = [one.text for one in node.items if isinstance(one, ScalarNode)]
    if key not in LISTS or len(texts) != len(node.items):
        return
    for index in range(len(texts) if len(texts) > 1 else 0):
        left = [*texts[:index], *texts[index + 1 :]]
        yield node.span, key, f"[{', '.join(texts)}]", f"[{', '.join(left)}]"


def _of_value(node: ScalarNode, key: str) -> Iterator[Change]:
    for other in OTHERS.get(key, ()):
        if node.text in OTHERS[key] and other != node.text:
            yield node.span, key, node.text, other
    if node.text in OTHERS.get(key, ()):
        return
    for number in _NUMBER.finditer(node.text):
        for changed in (int(number[0]) - 1, int(number[0]) + 1):
            if changed >= 0:
                start, end = number.span()
                yield node.span, key, node.text, f"{node.text[:start]}{changed}{node.text[end:]}"


def _replaced(text: str, span: Span, was: str, becomes: str) -> str:
    lines = text.split("\n")
    line = lines[span.line - 1]
    start = span.column - 1
    assert line[start : start + len(was)] == was, (line, was)
    lines[span.line - 1] = f"{line[:start]}{becomes}{line[start + len(was) :]}"
    return "\n".join(lines)
