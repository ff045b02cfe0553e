"""Lints: what is sound, and probably not meant. One module for each family.

Each is a warning. A false alarm teaches people to look away, so a lint speaks only of what is sure
from the files alone; where a ticket might make sense of it, it is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from engine.domain.facts import CustomerLimits
from engine.errors import Problem
from engine.rulebook.lints.cadence import lint_cadence
from engine.rulebook.lints.conflicts import lint_conflicts
from engine.rulebook.lints.coverage import lint_coverage
from engine.rulebook.lints.groups import lint_groups
from engine.rulebook.lints.holidays import lint_holidays
from engine.rulebook.lints.ladders import lint_ladders
from engine.rulebook.lints.languages import lint_languages
from engine.rulebook.lints.loops import lint_loops
from engine.rulebook.lints.matches import lint_matches
from engine.rulebook.lints.possible import Reasoning
from engine.rulebook.lints.shadows import lint_shadows
from engine.rulebook.report import Report
from engine.rulebook.written import Written


def lint(
    written: Written, folders: Sequence[Path], today: date, limits: CustomerLimits
) -> tuple[Problem, ...]:
    """Warnings about rules that were read without an error; none where there was one.

    Args:
        written: What was read.
        folders: The rules folders among what was asked for.
        today: The day from which calendars must know their holidays.
        limits: What `customer_limits` of the config file say.
    """
    report = Report()
    lint_matches(written, Reasoning(), report)
    lint_ladders(written, Reasoning(), report)
    lint_groups(written, Reasoning(), report)
    lint_cadence(written, limits, report)
    lint_holidays(written, today, report)
    lint_conflicts(written, Reasoning(), report)
    lint_loops(written, Reasoning(), report)
    lint_shadows(written, Reasoning(), report)
    lint_languages(written, report)
    lint_coverage(written, folders, report)
    return report.sorted()
