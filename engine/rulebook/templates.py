"""`templates/staff` and `templates/customer`: what messages say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.domain.rule import MessageTemplate
from engine.rulebook.files import FoundFile
from engine.rulebook.names import BUILT_IN_STAFF_TEMPLATES
from engine.rulebook.nodes import Span
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped

AUDIENCES = ("staff", "customer")
_NAME = re.compile(r"(?P<name>.+?)(?:\.(?P<language>[a-z]{2}(?:-[A-Za-z]{2,4})?))?\.md")
_FENCE = "---"
_BEGIN = "begin it with three lines: ---, subject: …, ---"

_Key = tuple[str, str, str | None]


def read_templates(
    files: Iterable[tuple[FoundFile, str]], report: Report
) -> tuple[MessageTemplate, ...]:
    """All templates, given their texts; each (audience, name, language) once."""
    templates: dict[_Key, tuple[MessageTemplate, str]] = {}
    for file, text in files:
        template = _read_template(file, text, report)
        key = template.audience, template.name, template.language
        first = templates.setdefault(key, (template, file.shown))[1]
        if first != file.shown:
            message = f"this template exists a second time; the first is {first}"
            report.error(Span.start_of(file.shown), "duplicate-name", message, "remove one")
    return tuple(template for template, _ in templates.values())


def template_names(templates: Iterable[MessageTemplate]) -> dict[str, frozenset[str]]:
    """By audience: what rules may name; built-in ones, and all that speak the default language."""
    names = {"staff": set(BUILT_IN_STAFF_TEMPLATES), "customer": set[str]()}
    for template in templates:
        if template.language is None:
            names[template.audience].add(template.name)
    return {audience: frozenset(known) for audience, known in names.items()}


def _read_template(file: FoundFile, text: str, report: Report) -> MessageTemplate:
    """A template; what is wrong with it is reported, and its name is known all the same."""
    found = _NAME.fullmatch(file.path.name)
    name, language = (file.path.stem, None) if found is None else found.group("name", "language")
    subject, body = _split(file.shown, text, report)
    return MessageTemplate(file.path.parent.name, name, language, subject, body)


def _split(file: str, text: str, report: Report) -> tuple[str, str]:
    """Subject and body."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != _FENCE:
        report.error(Span.start_of(file), "front-matter", "this template has no subject", _BEGIN)
        return "", text
    ends = (number for number, line in enumerate(lines) if number and line.rstrip() == _FENCE)
    end = next(ends, None)
    if end is None:
        message = "the '---' that begins the subject is never closed"
        report.error(Span(file, 1, 1, 4), "front-matter", message, "put '---' after the subject")
        return "", ""
    subject = _read_front_matter(file, lines[1:end], report)
    body = "\n".join(lines[end + 1 :]).strip("\n")
    if not body.strip():
        message = "this template has a subject, but nothing below it"
        report.error(Span(file, end + 1, 1, 4), "front-matter", message, "write the message")
    return subject, f"{body}\n"


def _read_front_matter(file: str, lines: list[str], report: Report) -> str:
    """The subject.

    Read by the line, and not as YAML, for which `subject: {{ ticket.subject }}` is a mapping.
    """
    errors = report.error_count
    subject = ""
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
            if subject in ("", "|", ">"):
                report.error(span, "front-matter", "the subject is empty", "write it on this line")
    if not subject and report.error_count == errors:
        report.error(Span(file, 1, 1, 4), "front-matter", "this template has no subject", _BEGIN)
    return subject


def _unquoted(text: str) -> str:
    """A text without the quotes that people put around it out of habit."""
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    inner = text[1:-1] if quoted else text
    # `"{{ a }}" and "{{ b }}"` begins and ends with quotes, and is not quoted.
    return text if quoted and text[0] in inner.replace(f"\\{text[0]}", "") else inner
