"""Faults in templates, found before anybody waits for the message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final, get_args, get_origin, get_type_hints

from jinja2 import TemplateSyntaxError, meta, nodes

from engine.messages.environment import (
    MessageEnvironment,
    line_environment,
    markdown_environment,
    readers_in,
)
from engine.messages.markdown import empty_links, single_line
from engine.messages.samples import samples
from engine.messages.view import CustomerView, StaffView

if TYPE_CHECKING:
    from engine.domain.rule import MessageTemplate

_VIEWS: Final = {"staff": StaffView, "customer": CustomerView}
SUBJECT_FITS: Final = 78
"""Characters of a subject: what a line of a mail should hold (RFC 5322, 2.1.1)."""
_TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{[{%].*")
_QUOTED: Final = re.compile(r"'([^' ]+)'")
_UNCLOSED: Final = re.compile(r"innermost block that needs to be closed is '(\w+)'")
_LACKING: Final = re.compile(r"'dict object' has no attribute '(?P<name>[^']+)'")


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """What is wrong with a template.

    Attributes:
        part: ``subject`` or ``body``.
        line: Within that part, from 1.
        message: What is wrong.
        help: What to do about it; empty when the message says it all.
        column: First column of what is wrong, from 1.
        end_column: The column after the last one, from 1.
    """

    part: str
    line: int
    message: str
    help: str = ""
    column: int = 1
    end_column: int = 2


@dataclass(frozen=True, slots=True)
class TemplateDoubt:
    """What can be sent, and is probably not meant.

    Attributes:
        fault: What it is, and where.
        code: ``long-subject`` or ``empty-link``.
    """

    fault: TemplateFault
    code: str


@dataclass(frozen=True, slots=True)
class _Fault:
    """A fault of one part: `word` is what to look for in its line, where that is known."""

    line: int
    message: str
    help: str = ""
    word: str = ""


def find_faults(template: MessageTemplate) -> list[TemplateFault]:
    """Parse a template, look at the names that it uses, and render it against sample tickets.

    Returns:
        Faults by place; a part that cannot be parsed, or that a sample cannot fill in, has one.
    """
    parts = (("subject", template.subject), ("body", template.body))
    return [
        _placed(part, fault, source)
        for part, source in parts
        for fault in _faults(template, source, _environment(part, template.audience))
    ]


def find_doubts(template: MessageTemplate) -> list[TemplateDoubt]:
    """What a sound template, filled in for sample tickets, shows its readers badly.

    1. A subject so long that its end is cut off in the list of a mail program.
    2. A link that leads nowhere where its address is nothing.

    Returns:
        At most one of each; none for a template that has faults.
    """
    if find_faults(template):
        return []
    given = samples(template.audience, template.language)
    subject = _environment("subject", template.audience).from_string(template.subject)
    body = _environment("body", template.audience).from_string(template.body)
    longest = max(len(single_line(subject.render(context))) for context in given)
    dead = [words for context in given for words in empty_links(body.render(context))]
    doubts = []
    if longest > SUBJECT_FITS:
        told = f"the subject comes to {longest} characters; more than {SUBJECT_FITS} are cut off"
        fault = _Fault(1, told, "shorten it; what tells tickets apart comes first")
        doubts.append(TemplateDoubt(_placed("subject", fault, template.subject), "long-subject"))
    if dead:
        line = 1 + template.body[: max(template.body.find(f"[{dead[0]}]("), 0)].count("\n")
        told = f"the link '{dead[0]}' leads nowhere where there is no address"
        fault = _Fault(line, told, "write it inside {% if … %}", dead[0])
        doubts.append(TemplateDoubt(_placed("body", fault, template.body), "empty-link"))
    return doubts


def parts_of(audience: str) -> dict[str, tuple[str, ...]]:
    """What a template of an audience may use: name → its parts, none for a plain value."""
    return {
        name: tuple(part.name for part in fields(kind)) if is_dataclass(kind) else ()
        for name, kind in (
            (name, _item(kind)) for name, kind in get_type_hints(_VIEWS[audience]).items()
        )
    }


def _item(kind: object) -> object:
    """Of a list what it is a list of; else the kind itself."""
    return next(iter(get_args(kind)), kind) if get_origin(kind) is tuple else kind


@cache
def _environment(part: str, audience: str) -> MessageEnvironment:
    readers = readers_in(UTC)[audience]
    return line_environment(readers) if part == "subject" else markdown_environment(readers)


def _faults(
    template: MessageTemplate, source: str, environment: MessageEnvironment
) -> list[_Fault]:
    audience = template.audience
    try:
        environment.refuse_composition(source)
        tree = environment.parse(source)
        named = sorted(_unknown_names(audience, tree, environment), key=lambda one: one.line)
        if named:
            return named
        compiled = environment.from_string(source)
        for context in samples(audience, template.language):
            compiled.render(context)
    except TemplateSyntaxError as error:
        return [_unreadable(error)]
    except Exception as error:  # noqa: BLE001 (a template can fail in any way)
        return [_failed(error)]
    return []


def _unreadable(error: TemplateSyntaxError) -> _Fault:
    message = single_line(error.message or str(error))
    unclosed = _UNCLOSED.search(message)
    if unclosed is None:
        return _Fault(error.lineno, message)
    told = f"the text ends, and '{unclosed[1]}' is not closed"
    return _Fault(error.lineno, told, f"write {{% end{unclosed[1]} %}} where it ends")


def _failed(error: Exception) -> _Fault:
    message = single_line(str(error))
    lacking = _LACKING.fullmatch(message)
    if lacking is None:
        return _Fault(_line_in(error), message)
    name = lacking["name"]
    told = f"a ticket without '{name}' breaks this message"
    return _Fault(_line_in(error), told, f"write … | default('') after '{name}'", name)


def _line_in(error: Exception) -> int:
    """The template's line in a traceback that Jinja2 has rewritten to show it."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


# --- names ---------------------------------------------------------------------------------------


def _unknown_names(
    audience: str, tree: nodes.Template, environment: MessageEnvironment
) -> Iterator[_Fault]:
    """Names, and parts of what is known, that do not exist; in branches that no sample takes too.

    1. A name that nothing defines must be a part of the view.
    2. What is asked of a part of the view must be one of its own parts.
    3. The same of each item, inside a loop over a list of the view.
    """
    view = get_type_hints(_VIEWS[audience])
    free = meta.find_undeclared_variables(tree) - set(environment.globals)
    for name in sorted(free - view.keys()):
        message = f"{audience} templates know no '{name}'"
        yield _Fault(_first_line(tree, name), message, _hint(name, view), name)
    yield from _unknown_parts(tree, {name: kind for name, kind in view.items() if name in free})
    for loop in tree.find_all(nodes.For):
        over, item = loop.iter, loop.target
        if isinstance(over, nodes.Name) and over.name in free and isinstance(item, nodes.Name):
            kinds = get_args(view.get(over.name))
            for inside in loop.body if kinds else ():
                yield from _unknown_parts(inside, {item.name: kinds[0]})


def _unknown_parts(tree: nodes.Node, known: Mapping[str, object]) -> Iterator[_Fault]:
    for asked in tree.find_all(nodes.Getattr):
        of = asked.node
        if not isinstance(of, nodes.Name) or of.name not in known:
            continue
        kind = known[of.name]
        if not (isinstance(kind, type) and is_dataclass(kind)):
            continue
        parts = [part.name for part in fields(kind)]
        if asked.attr not in parts:
            message = f"'{of.name}' has no '{asked.attr}'"
            yield _Fault(asked.lineno, message, _hint(asked.attr, parts), asked.attr)


def _first_line(tree: nodes.Template, name: str) -> int:
    return min((one.lineno for one in tree.find_all(nodes.Name) if one.name == name), default=1)


def _hint(name: str, known: Iterable[str]) -> str:
    words = sorted(known)
    meant = get_close_matches(name, words, n=1, cutoff=0.65)
    return (
        f"did you mean '{meant[0]}'?" if meant else f"write {', '.join(words[:-1])} or {words[-1]}"
    )


# --- places --------------------------------------------------------------------------------------


def _placed(part: str, fault: _Fault, source: str) -> TemplateFault:
    lines = source.split("\n")
    line = min(max(fault.line, 1), len(lines))
    begin, end = _stretch(fault, lines[line - 1])
    return TemplateFault(part, line, fault.message, fault.help, begin + 1, end + 1)


def _stretch(fault: _Fault, text: str) -> tuple[int, int]:
    """Where in its line a fault is: at its word, else at the only tag, else at all of the line."""
    for word in (fault.word, *_QUOTED.findall(fault.message)):
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) if word else None
        if found is not None:
            return found.span()
    tags = list(_TAG.finditer(text))
    if tags:
        return tags[0].start(), tags[-1].end()
    start = len(text) - len(text.lstrip())
    return start, max(len(text.rstrip()), start + 1)
