"""All that can be said of rule files without running them: what `check` prints.

It puts together what may not know each other: the reader of rule files with its lints, and the
renderer of messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from engine.domain.capability import Capabilities
from engine.domain.facts import CustomerLimits
from engine.errors import Problem
from engine.rulebook import (
    Loaded,
    WrittenTemplate,
    lint,
    load,
    refuse_impossible,
    sorted_by_place,
)

if TYPE_CHECKING:
    from engine.messages import TemplateFault


def check(
    paths: Sequence[Path],
    today: date,
    *,
    channels: frozenset[str] | None = None,
    limits: CustomerLimits | None = None,
    helpdesks: Mapping[str, Capabilities] | None = None,
) -> Loaded:
    """Read rule files, lint them, and render their templates against sample tickets.

    Args:
        paths: Folders and files, as `load` takes them.
        today: The day from which calendars must know their holidays.
        channels: The names of the config file's channels; None when they are not known.
        limits: The config file's `customer_limits`; None when they are not known.
        helpdesks: What the config file's helpdesks can do, by name; None when it is not known.

    Returns:
        What was read, with every problem; without a generation if any of them is an error.
    """
    loaded = judge(paths, channels=channels, helpdesks=helpdesks)
    folders = [path for path in paths if path.is_dir()]
    advice = lint(loaded.written, folders, today, limits or CustomerLimits())
    return _with(loaded, [*advice, *template_doubts(loaded.written.templates)])


def judge(
    paths: Sequence[Path],
    *,
    channels: frozenset[str] | None = None,
    helpdesks: Mapping[str, Capabilities] | None = None,
) -> Loaded:
    """As `check`, but without its advice: whether the rules can be put in force.

    Args:
        paths: Folders and files, as `load` takes them.
        channels: The names of the config file's channels; None when they are not known.
        helpdesks: What the config file's helpdesks can do, by name; None when it is not known.
    """
    loaded = load(paths, channels=channels)
    impossible = refuse_impossible(loaded.written, helpdesks or {})
    return _with(loaded, [*template_problems(loaded.written.templates), *impossible])


def _with(loaded: Loaded, more: Iterable[Problem]) -> Loaded:
    found = [*loaded.problems, *more]
    has_errors = any(problem.severity == "error" for problem in found)
    generation = None if has_errors else loaded.generation
    return replace(loaded, generation=generation, problems=sorted_by_place(found))


def template_problems(templates: Iterable[WrittenTemplate]) -> Iterator[Problem]:
    """What keeps templates from being put into words, at its place in their files."""
    written = tuple(templates)
    if not written:
        return
    # The template engine takes as long to load as all the rest of `check`.
    from engine.messages import find_faults  # noqa: PLC0415

    for one in written:
        for fault in find_faults(one.template):
            yield _problem(one, fault, "error", "template")


def template_doubts(templates: Iterable[WrittenTemplate]) -> Iterator[Problem]:
    """What templates show their readers badly, at its place in their files."""
    written = tuple(templates)
    if not written:
        return
    from engine.messages import find_doubts  # noqa: PLC0415

    for one in written:
        for doubt in find_doubts(one.template):
            yield _problem(one, doubt.fault, "warning", doubt.code)


def _problem(one: WrittenTemplate, fault: TemplateFault, severity: str, code: str) -> Problem:
    is_subject = fault.part == "subject"
    left = one.subject_at.column - 1 if is_subject else 0
    return Problem(
        file=one.file,
        line=one.subject_at.line if is_subject else one.body_line + fault.line - 1,
        column=left + fault.column,
        end_column=left + fault.end_column,
        severity=severity,
        code=code,
        message=fault.message,
        help=fault.help,
    )
