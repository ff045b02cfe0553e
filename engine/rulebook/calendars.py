"""`calendars`: when a team is there."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from zoneinfo import available_timezones

from engine.domain.calendar import (
    ALWAYS,
    Calendar,
    DayHours,
    OpeningHours,
    SpecialDay,
    no_holidays,
)
from engine.rulebook.durations import read_duration
from engine.rulebook.fields import Fields
from engine.rulebook.holiday_dates import read_holidays, read_special_day
from engine.rulebook.names import Names, define
from engine.rulebook.nodes import MapNode, Node, Span, is_nothing
from engine.rulebook.opening_hours import read_hours, read_week
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped, read_mapping, read_scalar

CALENDAR_KEYS = {
    "timezone": "The zone in which the hours are meant: an IANA name, Region/City.",
    "open": "Opening hours by day of the week; days that are not named are closed.",
    "holidays": "Days on which it is closed: those of a country, or a list of dates.",
    "days": "Single days with hours of their own. They beat `holidays` and `open`.",
    "day": "What `d` means here: the working hours of a full day, at most 24h.",
    "week": "What `w` means here; five days unless it is given.",
}
_LONGEST_DAY = timedelta(hours=24)
_LONGEST_WEEK = 7 * _LONGEST_DAY
_CLOSED_WEEK: tuple[DayHours, ...] = ((),) * 7


def read_calendars(node: Node, names: Names, places: dict[str, Span], report: Report) -> None:
    """Enter all calendars of a file into `names`; `places` says where each is defined."""
    mapping = read_mapping(node, report, "'calendars'")
    for key, value in () if mapping is None else mapping.entries:
        name = define(places, key, "calendar", report, reserved=(ALWAYS.name,))
        calendar = _read_calendar(key.text.strip(), value, report)
        if name is not None:
            names.calendars[name] = calendar


def _read_calendar(name: str, node: Node, report: Report) -> Calendar | None:
    errors = report.error_count
    fields = Fields.read(node, CALENDAR_KEYS, report, f"calendar '{clipped(name)}'")
    if fields is None:
        return None
    zone = _read_zone(fields, report)
    weekly = _read_open(fields, report)
    days = _read_days(fields, report)
    if report.error_count == errors:
        _require_an_opening(fields, weekly, days, report)
    holidays = fields.value("holidays")
    source = no_holidays if holidays is None else read_holidays(holidays, report)
    day, week = _read_lengths(name, fields, report)
    if zone is None or report.error_count > errors:
        return None
    return Calendar(name, OpeningHours(zone, weekly, source, days, day, week))


def _read_zone(fields: Fields, report: Report) -> str | None:
    node = fields.required("timezone", "write for example timezone: Europe/Berlin")
    scalar = None if node is None else read_scalar(node, report, "'timezone'")
    if scalar is None:
        return None
    name = scalar.text.strip()
    if name not in _zones():
        hint = did_you_mean(name.replace(" ", "_"), _zones()) or "write an IANA name, Region/City"
        message = f"unknown time zone '{clipped(name)}'"
        report.error(scalar.span, "unknown-timezone", message, hint)
        return None
    return name


def _read_open(fields: Fields, report: Report) -> tuple[DayHours, ...]:
    node = fields.required("open", 'write for example open: {mon-fri: "09:00-17:00"}')
    mapping = None if node is None else read_mapping(node, report, "'open'")
    return _CLOSED_WEEK if mapping is None else read_week(mapping, report)


def _require_an_opening(
    fields: Fields,
    weekly: tuple[DayHours, ...],
    days: dict[SpecialDay, DayHours],
    report: Report,
) -> None:
    """Some day of the week, or of every year, must be open: one single date is soon gone."""
    yearly = (hours for day, hours in days.items() if not isinstance(day, date))
    if any(weekly) or any(yearly):
        return
    message = "this calendar never opens, so nothing counted in it is ever due"
    hint = 'open it on some day: {mon-fri: "09:00-17:00"}'
    report.error(fields.key("open"), "never-open", message, hint)


def _read_days(fields: Fields, report: Report) -> dict[SpecialDay, DayHours]:
    node = fields.value("days")
    mapping = None if node is None else read_mapping(node, report, "'days'")
    return {} if mapping is None else _read_special_days(mapping, report)


def _read_special_days(mapping: MapNode, report: Report) -> dict[SpecialDay, DayHours]:
    days: dict[SpecialDay, DayHours] = {}
    for key, value in mapping.entries:
        day = read_special_day(key, report)
        if is_nothing(value):
            message = f"'{clipped(key.text)}' has no hours"
            report.error(key.span, "empty-value", message, "write hours, or closed")
        elif day is not None:
            days[day] = read_hours(value, report)
    return days


def _read_lengths(
    name: str, fields: Fields, report: Report
) -> tuple[timedelta | None, timedelta | None]:
    """What `d` and `w` stand for; a week may be given in days of this calendar."""
    # A calendar that does not say how long a day is: its `day` can only be given in hours.
    day = _read_length(fields, "day", _calendar(name, None), _LONGEST_DAY, report)
    return day, _read_length(fields, "week", _calendar(name, day), _LONGEST_WEEK, report)


def _read_length(
    fields: Fields, key: str, calendar: Calendar, longest: timedelta, report: Report
) -> timedelta | None:
    node = fields.value(key)
    length = None if node is None else read_duration(node, report, calendar, f"'{key}'")
    if node is not None and length is not None and length > longest:
        most = f"{longest // timedelta(hours=1)}h"
        message = f"a {key} has at most {most}"
        report.error(node.span, "duration", message, "write the opening hours that it stands for")
        return None
    return length


def _calendar(name: str, day: timedelta | None) -> Calendar:
    return Calendar(name, OpeningHours("UTC", _CLOSED_WEEK, day=day))


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
