"""Calendars that will soon know no more holidays."""

from __future__ import annotations

from datetime import date, timedelta

from engine.rulebook.holiday_dates import ListedHolidays, PublicHolidays
from engine.rulebook.report import Report
from engine.rulebook.written import Written, WrittenCalendar

_AHEAD = timedelta(days=365)
"""What a country's data must cover: the longest that anything in a helpdesk waits."""

_NOTICE = timedelta(days=60)
"""How long before its end a list is called short: who keeps one adds a year at a time."""


def lint_holidays(written: Written, today: date, report: Report) -> None:
    """Report calendars whose holidays end before their work does."""
    for one in written.calendars:
        source = one.calendar.hours.holidays
        if isinstance(source, PublicHolidays):
            _warn_of_country(one, source, today, report)
        elif isinstance(source, ListedHolidays):
            _warn_of_list(one, source, today, report)


def _warn_of_country(
    one: WrittenCalendar, source: PublicHolidays, today: date, report: Report
) -> None:
    last = source.last_year
    if (today + _AHEAD).year <= last:
        return
    message = f"the holidays of {source.country} are known up to {last} only"
    hint = "list later ones under 'days', or update the package 'holidays'"
    report.warn(one.at_holidays, "holidays-end", message, hint)


def _warn_of_list(
    one: WrittenCalendar, source: ListedHolidays, today: date, report: Report
) -> None:
    dated = [day for day in source.days if isinstance(day, date)]
    if not dated or max(dated) >= today + _NOTICE:
        return
    message = f"the last holiday in this list is {max(dated)}"
    hint = "add those of the coming year, or write {country: …}"
    report.warn(one.at_holidays, "holidays-end", message, hint)
