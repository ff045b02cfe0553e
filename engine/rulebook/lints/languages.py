"""Customers' templates that are there in fewer languages than their siblings."""

from __future__ import annotations

from engine.rulebook.nodes import Span
from engine.rulebook.report import Report
from engine.rulebook.written import Written, WrittenTemplate


def lint_languages(written: Written, report: Report) -> None:
    """Report customers' templates that lack a language in which another one is written.

    A customer who reads one message in German expects the next in German, too.
    """
    texts: dict[str, dict[str | None, WrittenTemplate]] = {}
    for one in written.templates:
        if one.template.audience == "customer":
            texts.setdefault(one.template.name, {})[one.template.language] = one
    spoken = {language for by_language in texts.values() for language in by_language if language}
    for name, by_language in texts.items():
        missing = sorted(spoken - by_language.keys())
        default = by_language.get(None)
        if missing and default is not None:
            several = ", ".join(missing)
            message = f"customers who read {several} get '{name}' in the default language"
            files = ", ".join(f"{name}.{language}.md" for language in missing)
            place = Span.start_of(default.file)
            report.warn(place, "missing-language", message, f"write {files} beside it")
