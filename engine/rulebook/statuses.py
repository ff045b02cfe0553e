"""Statuses as rules may name them: those of tickets on which somebody still works."""

from __future__ import annotations

from engine.domain.ticket import Status
from engine.rulebook.nodes import ScalarNode
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped


def read_live_status(scalar: ScalarNode, report: Report, code: str, hint: str) -> Status | None:
    """A status that rules see.

    Args:
        scalar: What stands there; case does not matter.
        report: Takes the problems.
        code: The code of the complaint about `resolved` and `closed`.
        hint: What to do about these.
    """
    folded = scalar.text.strip().casefold()
    if folded not in tuple(Status):
        known = [status for status in Status if not status.is_resolved]
        message = f"unknown status '{clipped(scalar.text)}'"
        report.error(scalar.span, "unknown-status", message, did_you_mean(folded, known))
        return None
    status = Status(folded)
    if status.is_resolved:
        report.error(scalar.span, code, f"rules never see {status} tickets", hint)
        return None
    return status
