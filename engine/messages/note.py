"""The internal note that every level leaves on its tickets: why, in plain sentences."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.messages.languages import DEFAULT_LANGUAGE, language_of
from engine.messages.markdown import single_line
from engine.messages.view import staff_view
from engine.messages.wording import localtime, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.messages.notice import StaffNotice
    from engine.messages.view import Change, StaffView


def render_note(
    notice: StaffNotice,
    timezone: tzinfo | str = "UTC",
    text: str | None = None,
    language: str = DEFAULT_LANGUAGE,
) -> str:
    """Say which rule acts, since when it was due, and what it does.

    Args:
        notice: What happened; see `StaffNotice.details`.
        timezone: What instants are shown in.
        text: The level's own ``note``, which comes first.
        language: What it is said in.

    Returns:
        Plain text: one paragraph, or two with a note of the level's own.
    """
    zone = ZoneInfo(timezone) if isinstance(timezone, str) else timezone
    view = staff_view(notice, language, (notice,))
    reasons = " ".join([_why(view, zone), *_done(view, zone)])
    return f"{text.strip()}\n\n{reasons}" if text and text.strip() else reasons


def _why(view: StaffView, zone: tzinfo) -> str:
    words = language_of(view.language).note
    deed = words.escalated if view.level.kind else words.reminder
    description = single_line(view.rule.description).rstrip(".")
    because = f": {description}" if description else ""
    also = (
        words.stands_for.format(levels=_enumerated(view.passed_levels))
        if view.passed_levels
        else ""
    )
    return f"{deed.format(rule=single_line(view.rule.id))}{because}. {_due(view, zone)}{also}."


def _due(view: StaffView, zone: tzinfo) -> str:
    words = language_of(view.language).note
    kind = f" ({named(view.level.kind, view.language)})" if view.level.kind else ""
    level = f"{single_line(view.level.name) or view.level.number}{kind}"
    if view.due_at is None:
        return words.fell_due.format(level=level)
    return words.was_due.format(level=level, due_at=localtime(view.due_at, zone, view.language))


def _done(view: StaffView, zone: tzinfo) -> Iterator[str]:
    """What is done, and what a budget lets wait; nothing when that is nothing but this note."""
    words = language_of(view.language).note
    deeds = [_deed(change, view.language) for change in view.changes]
    room_from = view.lines[0].room_from
    told = [words.told.format(names=_enumerated(view.notify))] if view.notify else []
    done = told if room_from else [*deeds, *told]
    if done:
        yield words.done.format(deeds="; ".join(done))
    if room_from and deeds:
        at = localtime(room_from, zone, view.language)
        yield words.waits.format(at=at, deeds="; ".join(deeds))


def _deed(change: Change, language: str) -> str:
    words = language_of(language).note
    field = named(single_line(change.field), language)
    before, after = single_line(change.before), single_line(change.after)
    form = words.set_to if after else words.cleared
    return form.format(field=field, after=after) + (
        words.before.format(before=before) if before else ""
    )


def _enumerated(names: Iterable[str]) -> str:
    return ", ".join(single_line(name) for name in names)
