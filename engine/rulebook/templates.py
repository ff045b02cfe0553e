"""`templates/staff` and `templates/customer`: what messages say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from engine.domain.rule import MessageTemplate
from engine.rulebook.files import FoundFile
from engine.rulebook.names import BUILT_IN_STAFF_TEMPLATES
from engine.rulebook.nodes import Span
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped
from engine.rulebook.written import WrittenTemplate

AUDIENCES = ("staff", "customer")
_NAME = re.compile(r"(?P<name>.+?)(?:\.(?P<language>[a-z]{2}(?:-[A-Za-z]{2,4})?))?\.md")
_FENCE = "---"
_BEGIN = "begin it with three lines: ---, subject: …, ---"

_Key = tuple[str, str, str | None]


def read_templates(
    files: Iterable[tuple[FoundFile, str]], report: Report
) -> tuple[WrittenTemplate, ...]:
    """All templates, given their texts; each (audience, name, language) once."""
    templates: dict[_Key, WrittenTemplate] = {}
    for file, text in files:
        written = _read_template(file, text, report)
        template = written.template
        key = template.audience, template.name, template.language
        first = templates.setdefault(key, written)
        if first is not written:
            message = f"this template exists a second time; the first is {first.file}"
            report.error(Span.start_of(file.shown), "duplicate-name", message, "remove one")
    return tuple(templates.values())


def template_names(templates: Iterable[MessageTemplate]) -> dict[str, frozenset[str]]:
    """By audience: what rules may name; built-in ones, and all that speak the default language."""
    names = {"staff": set(BUILT_IN_STAFF_TEMPLATES), "customer": set[str]()}
    for template in templates:
        if template.language is None:
            names[template.audience].add(template.name)
    return {audience: frozenset(known) for audience, known in names.items()}


class _Parts(NamedTuple):
    """Subject and body, the place of the one and the first line of the other."""

    subject: str
    subject_at: Span
    body: str
    body_line: int


def _read_template(file: FoundFile, text: str, report: Report) -> WrittenTemplate:
    """A template; what is wrong with it is reported, and its name is known all the same."""
    found = _NAME.fullmatch(file.path.name)
    name, language = (file.path.stem, None) if found is None else found.group("name", "language")
    parts = _split(file.shown, text, report)
    template = MessageTemplate(file.path.parent.name, name, language, parts.subject, parts.body)
    return WrittenTemplate(template, file.shown, parts.subject_at, parts.body_line)


def _split(file: str, text: str, report: Report) -> _Parts:
    lines = text.replace("\r\n", "\n").split("\n")
    nowhere = Span.start_of(file)
    if lines[0].rstrip() != _FENCE:
        report.error(nowhere, "front-matter", "this template has no subject", _BEGIN)
        return _Parts("", nowhere, text, 1)
    ends = (number for number, line in enumerate(lines) if number and line.rstrip() == _FENCE)
    end = next(ends, None)
    if end is None:
        message = "the '---' that begins the subject is never closed"
        report.error(Span(file, 1, 1, 4), "front-matter", message, "put '---' after the subject")
        return _Parts("", nowhere, "", 1)
    subject, subject_at = _read_front_matter(file, lines[1:end], report)
    below = "\n".join(lines[end + 1 :])
    body = below.strip("\n")
    if not body.strip():
        message = "this template has a subject, but nothing below it"
        report.error(Span(file, end + 1, 1, 4), "front-matter", message, "write the message")
    first = end + 2 + len(below) - len(below.lstrip("\n"))
    return _Parts(subject, subject_at, f"{body}\n", first)


def _read_front_matter(file: str, lines: list[str], report: Report) -> tuple[str, Span]:
    """The subject, and where it stands.

    Read by the line, and not as YAML, for which `subject: {{ ticket.subject }}` is a mapping.
    """
    errors = report.error_count
    subject, subject_at = "", Span.start_of(file)
    for number, line in enumerate(lines, start=2):
        key, _, value = line.partition(":")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        span = Span(file, number, 1, max(len(key.rstrip()), 1) + 1)
        if key.strip() != "subject":
            hint = did_you_mean(key.strip(), ["subject"])
            report.error(span, "unknown-key", f"unknown key '{clipped(key)}'", hint)
        elif subject:
            message = "key 'subject' stands here for the second time"
            report.error(span, "duplicate-key", message, "remove one")
        else:
            subject = _unquoted(value.strip())
            column = max(line.find(subject, len(key) + 1), 0) + 1
            subject_at = Span(file, number, column, column + max(len(subject), 1))
            if subject in ("", "|", ">"):
                report.error(span, "front-matter", "the subject is empty", "write it on this line")
    if not subject and report.error_count == errors:
        report.error(Span(file, 1, 1, 4), "front-matter", "this template has no subject", _BEGIN)
    return subject, subject_at


def _unquoted(text: str) -> str:
    """A text without the quotes that people put around it out of habit."""
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    inner = text[1:-1] if quoted else text
    # `"{{ a }}" and "{{ b }}"` begins and ends with quotes, and is not quoted.
    return text if quoted and text[0] in inner.replace(f"\\{text[0]}", "") else inner
