"""The pictures as Mermaid flowcharts, for pages that draw them: merge requests, wikis.

A label is quoted, and every character that means something to Mermaid, to Markdown or to HTML is
written as an entity of Mermaid's own (https://mermaid.js.org/syntax/flowchart.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from engine.insight.graph.board import Board, RuleBoard, Shape, Step, Times, Word
from engine.insight.graph.palette import TINTS
from engine.insight.graph.typesetting import shown

_PLAIN: Final = frozenset(" ,.:()/–…“”’-+")
_MARK: Final = re.compile(r"^(?:[-+]|[0-9]+[.)])(?= |$)|:(?=\S)")
"""What Markdown takes for the beginning of a list, and Mermaid for the value of a style."""
_BRACKETS: Final = {
    Shape.REMINDER: ("(", ")"),
    Shape.TECHNICAL: ("{{", "}}"),
    Shape.HIERARCHICAL: ("[/", "\\]"),
    Shape.CUSTOMER: ("([", "])"),
}
_CLASSES: Final = {shape: shape.name.lower() for shape in Shape}


def rule_flowchart(rule: RuleBoard, generation: str) -> str:
    """One rule: its levels from left to right, the messages to the customer beneath."""
    return _document(
        title=f"{rule.id}: {rule.description}" if rule.description else rule.id,
        said=f"For {rule.concerns}. Clock: {rule.clock}. Rules {generation}.",
        lines=_rule(rule, "r1"),
    )


def overview_flowchart(board: Board) -> str:
    """All rules, each in a frame of its own; dashed arrows for what holds what back."""
    names = {rule.id: f"r{number}" for number, rule in enumerate(board.rules, start=1)}

    def lines() -> Iterator[str]:
        for rule in board.rules:
            yield f"subgraph {names[rule.id]} [{_quoted([rule.id, rule.description])}]"
            yield "  direction LR"
            yield from (f"  {line}" for line in _rule(rule, names[rule.id]))
            yield "end"
        for rule in board.rules:
            for other in rule.held_back:
                if other in names:
                    yield f'{names[rule.id]} -. "holds back" .-> {names[other]}'

    said = f"Every rule with its levels. Rules {board.generation}."
    return _document(title="Who is told, and when", said=said, lines=lines(), direction="TB")


def _document(*, title: str, said: str, lines: Iterable[str], direction: str = "LR") -> str:
    head = [
        f"flowchart {direction}",
        f"  accTitle: {escaped(title)}",
        f"  accDescr: {escaped(said)}",
    ]
    classes = [
        f"  classDef {name} fill:{TINTS[shape].light},stroke:{TINTS[shape].strong},color:#1b2330"
        for shape, name in _CLASSES.items()
    ]
    return "\n".join([*head, *(f"  {line}" for line in lines), *classes]) + "\n"


def _rule(rule: RuleBoard, name: str) -> Iterator[str]:
    yield f"{name}s{_node(('[', ']'), _beginning(rule))}"
    before = f"{name}s"
    for step in rule.steps:
        node = f"{name}l{step.number}"
        drawn = _node(_BRACKETS[step.shape], _step(step))
        yield f"{before} -->|{_quoted([step.when])}| {node}{drawn}:::{_CLASSES[step.shape]}"
        before = node
    first = rule.first_escalation
    start = f"{name}s" if first is None else f"{name}l{rule.steps[first].number}"
    for number, word in enumerate(rule.words, start=1):
        node = f"{name}c{number}{_node(_BRACKETS[Shape.CUSTOMER], _word(word))}"
        yield f"{start} -.-> {node}:::{_CLASSES[Shape.CUSTOMER]}"


def _node(brackets: tuple[str, str], lines: Iterable[str]) -> str:
    opening, closing = brackets
    return f"{opening}{_quoted(lines)}{closing}"


def _beginning(rule: RuleBoard) -> Iterator[str]:
    if rule.mode:
        yield rule.mode
    yield rule.anchor
    yield f"for {rule.concerns}"


def _step(step: Step) -> Iterator[str]:
    yield f"{step.name}: {step.shape.value}"
    yield from _each(step.times)
    yield from step.changes
    yield f"tells {', '.join(told.who for told in step.tells) or 'nobody'}"
    yield step.again


def _word(word: Word) -> Iterator[str]:
    yield f"The customer hears, {word.when}"
    if word.times is not None:
        yield from _each(word.times)
    yield f"“{word.subject}”" if word.subject else word.template
    yield from word.remarks


def _each(times: Times) -> Iterator[str]:
    if times.common is None:
        yield ", ".join(f"{one.value} {text}" for one, text in times.by_priority.items() if text)


# --- escaping ------------------------------------------------------------------------------------


def _quoted(lines: Iterable[str]) -> str:
    return f'"{"<br/>".join(escaped(line) for line in lines if line)}"'


def escaped(text: str) -> str:
    """A text on one line that Mermaid shows as it stands."""
    one_line = shown(text)
    marked = {at.end() - 1 for at in _MARK.finditer(one_line)}
    return "".join(
        f"#{ord(one)};" if number in marked or not _is_plain(one) else one
        for number, one in enumerate(one_line)
    )


def _is_plain(character: str) -> bool:
    return character.isalnum() or character in _PLAIN
