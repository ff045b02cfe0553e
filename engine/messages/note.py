"""The internal note that every level leaves on its tickets: why, in plain sentences."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.messages.markdown import single_line
from engine.messages.view import staff_view
from engine.messages.wording import DEFAULT_LANGUAGE, localtime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.messages.notice import StaffNotice
    from engine.messages.view import Change, StaffView


def render_note(
    notice: StaffNotice, timezone: tzinfo | str = "UTC", text: str | None = None
) -> str:
    """Say which rule acts, since when it was due, and what it does.

    Args:
        notice: What happened; see `StaffNotice.details`.
        timezone: What instants are shown in.
        text: The level's own ``note``, which comes first.

    Returns:
        Plain text: one paragraph, or two with a note of the level's own.
    """
    zone = ZoneInfo(timezone) if isinstance(timezone, str) else timezone
    view = staff_view(notice, DEFAULT_LANGUAGE, (notice,))
    reasons = " ".join([_why(view, zone), *_done(view)])
    return f"{text.strip()}\n\n{reasons}" if text and text.strip() else reasons


def _why(view: StaffView, zone: tzinfo) -> str:
    deed = "Escalated" if view.level.kind else "Reminder"
    description = single_line(view.rule.description).rstrip(".")
    because = f": {description}" if description else ""
    level = single_line(view.level.name) or str(view.level.number)
    kind = f" ({view.level.kind})" if view.level.kind else ""
    due = f" was due {localtime(view.due_at, zone)}" if view.due_at else " was due"
    also = f" and stands also for {_enumerated(view.passed_levels)}" if view.passed_levels else ""
    rule = single_line(view.rule.id)
    return f"{deed} by rule {rule}{because}. Level {level}{kind}{due}{also}."


def _done(view: StaffView) -> list[str]:
    """One sentence on what is done; none when that is nothing but this note."""
    deeds = [_deed(change) for change in view.changes]
    if view.notify:
        deeds.append(f"{_enumerated(view.notify)} told")
    return [f"Done: {'; '.join(deeds)}."] if deeds else []


def _deed(change: Change) -> str:
    field, before = single_line(change.field), single_line(change.before)
    after = single_line(change.after)
    deed = f"{field} set to {after}" if after else f"{field} cleared"
    return f"{deed} (was {before})" if before else deed


def _enumerated(names: Iterable[str]) -> str:
    return ", ".join(single_line(name) for name in names)
