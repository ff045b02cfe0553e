"""Holidays of a calendar: those of a country, or a list of dates."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

from engine.domain.calendar import SpecialDay, no_holidays
from engine.rulebook.fields import Fields
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode
from engine.rulebook.report import Report
from engine.rulebook.suggestion import closest, did_you_mean
from engine.rulebook.values import clipped, read_scalars, wrong_type

DATE = re.compile(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})")
_LEAP_YEAR = 2024

HOLIDAY_KEYS = {
    "country": "Two letters, such as DE.",
    "subdivision": "A state, province or region of it, such as BE for Berlin.",
}

Holidays = Callable[[int], frozenset[date]]


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """The public holidays of a country or one of its subdivisions, as the holidays package says.

    Its data ends: years of which the package knows nothing have none.
    """

    country: str
    subdivision: str | None = None

    def __call__(self, year: int) -> frozenset[date]:
        """The holidays of a year."""
        return _dates(self.country, self.subdivision, year)

    @property
    def last_year(self) -> int:
        """The last year of which the package knows holidays."""
        return _last_year(self.country)


@dataclass(frozen=True, slots=True)
class ListedHolidays:
    """Dates that somebody wrote down, and `(month, day)` of every year."""

    days: tuple[SpecialDay, ...]

    def __call__(self, year: int) -> frozenset[date]:
        """The holidays of a year."""
        return frozenset(found for day in self.days if (found := _in_year(day, year)) is not None)


def read_holidays(node: Node, report: Report) -> Holidays:
    """`{country, subdivision}` or a list of dates; no holidays when they are faulty."""
    if isinstance(node, ListNode):
        scalars = read_scalars(node, report, "'holidays'")
        days = (read_special_day(scalar, report) for scalar in scalars)
        return ListedHolidays(tuple(day for day in days if day is not None))
    if not isinstance(node, MapNode):
        hint = "write for example {country: DE, subdivision: BE}"
        wrong_type(report, node, "'holidays'", "a mapping or a list of dates", hint)
        return no_holidays
    return _read_country(Fields(node, HOLIDAY_KEYS, report), report)


def read_special_day(scalar: ScalarNode, report: Report) -> SpecialDay | None:
    """`YYYY-MM-DD`, or `MM-DD` for every year."""
    found = DATE.fullmatch(scalar.text.strip())
    if found is not None:
        year, month, day = found.groups()
        try:
            checked = date(int(year or _LEAP_YEAR), int(month), int(day))
        except ValueError:
            pass
        else:
            return checked if year else (checked.month, checked.day)
    message = f"'{clipped(scalar.text)}' is no date"
    report.error(scalar.span, "date", message, "write YYYY-MM-DD, or MM-DD for every year")
    return None


def _read_country(fields: Fields, report: Report) -> Holidays:
    fields.required("country", "write for example {country: DE, subdivision: BE}")
    country, subdivision = fields.text("country"), fields.text("subdivision")
    if country is None:
        return no_holidays
    known = _countries()
    if country not in known:
        hint = _country_hint(country)
        place = fields.value("country")
        report.error(
            fields.span if place is None else place.span,
            "unknown-country",
            f"unknown country '{clipped(country)}'",
            hint,
        )
        return no_holidays
    if subdivision is not None and subdivision not in known[country]:
        place = fields.value("subdivision")
        message = f"{country} has no subdivision '{clipped(subdivision)}'"
        examples = ", ".join(known[country][:3])
        hint = did_you_mean(subdivision, known[country]) or f"write for example {examples}"
        at = fields.span if place is None else place.span
        report.error(at, "unknown-subdivision", message, hint)
        return no_holidays
    return PublicHolidays(country, subdivision)


def _country_hint(country: str) -> str:
    by_name = _country_names()
    named = closest(country.replace(" ", ""), by_name)
    if named is not None:
        return f"did you mean '{by_name[named]}'?"
    found = did_you_mean(country, _countries())
    return found or "write its two letters, for example DE"


@cache
def _countries() -> dict[str, list[str]]:
    import holidays  # noqa: PLC0415 - a large package, and not every calendar needs it

    return holidays.list_supported_countries(include_aliases=True)


@cache
def _country_names() -> dict[str, str]:
    """Two-letter codes by the country's English name, spaces left out."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415 - as above

    return {names[0]: names[1] for names in COUNTRIES.values()}


@cache
def _dates(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - as above

    found = holidays.country_holidays(country, subdiv=subdivision, years=year, expand=False)
    return frozenset(day for day in found if day.year == year)


@cache
def _last_year(country: str) -> int:
    import holidays  # noqa: PLC0415 - as above

    return int(getattr(holidays, country).end_year)


def _in_year(day: SpecialDay, year: int) -> date | None:
    if isinstance(day, date):
        return day if day.year == year else None
    try:
        return date(year, *day)
    except ValueError:  # the 29th of February of another year
        return None
