"""When teams are there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.domain.calendar import Calendar, DayHours
from engine.rulebook import Loaded

Read = Callable[[str], Loaded]
ReadCalendar = Callable[[str], Calendar]
Codes = Callable[[str], list[str]]

HOUR = timedelta(hours=1)
WORKDAY = ((540, 1020),)


def with_calendar(text: str) -> str:
    return (
        f"version: 1\ncalendars:\n  c: {{timezone: Europe/Berlin, {text}}}\n"
        "receivers:\n  default: [{channel: email, to: a@example.com, during: c}]\nrules: []\n"
    )


@pytest.fixture
def calendar(read: Read) -> ReadCalendar:
    def read_one(text: str) -> Calendar:
        loaded = read(with_calendar(text))
        assert loaded.problems == ()
        assert loaded.generation is not None
        during = loaded.generation.receivers["default"].targets[0].during
        assert during is not None
        return during

    return read_one


@pytest.fixture
def faults(read: Read) -> Codes:
    def read_one(text: str) -> list[str]:
        return [problem.code for problem in read(with_calendar(text)).problems]

    return read_one


@pytest.mark.parametrize(
    "days, open_on",
    [
        ("mon", {0}),
        ("mon-thu", {0, 1, 2, 3}),
        ("mon,wed", {0, 2}),
        ("'mon, wed , fri'", {0, 2, 4}),
        ("fri-mon", {4, 5, 6, 0}),
        ("mon-tue,sat-sun", {0, 1, 5, 6}),
        ("mon-mon", {0}),
        ("mon-sun", {0, 1, 2, 3, 4, 5, 6}),
    ],
)
def test_days_are_named_alone_in_ranges_and_in_lists(
    read: Read, days: str, open_on: set[int]
) -> None:
    text = with_calendar(f"open: {{'{days.strip(chr(39))}': '09:00-17:00'}}")
    generation = read(text).generation
    assert generation is not None
    during = generation.receivers["default"].targets[0].during
    assert during is not None
    assert during.hours.weekly == tuple(WORKDAY if day in open_on else () for day in range(7))


@pytest.mark.parametrize(
    "written, hours",
    [
        ("'09:00-17:00'", WORKDAY),
        ("9:00-17:00", WORKDAY),
        ("'09:00 - 17:00'", WORKDAY),
        ("'09:00-12:30, 13:30-17:30'", ((540, 750), (810, 1050))),
        ("'13:30-17:30,09:00-12:30'", ((540, 750), (810, 1050))),
        ("'09:00-12:00,12:00-17:00'", ((540, 720), (720, 1020))),
        ("'22:00-06:00'", ((1320, 1800),)),
        ("'00:00-24:00'", ((0, 1440),)),
        ("'18:00-24:00'", ((1080, 1440),)),
        ("'18:00-00:00'", ((1080, 1440),)),
    ],
)
def test_hours_of_a_day(calendar: ReadCalendar, written: str, hours: DayHours) -> None:
    assert calendar(f"open: {{mon: {written}}}").hours.weekly[0] == hours


def test_a_shift_may_end_where_the_next_days_begins(calendar: ReadCalendar) -> None:
    weekly = calendar("open: {mon-sun: '22:00-06:00,06:00-22:00'}").hours.weekly
    assert weekly[6] == ((360, 1320), (1320, 1800))


def test_a_day_may_be_called_closed(calendar: ReadCalendar) -> None:
    assert calendar("open: {mon: '09:00-17:00', tue: closed}").hours.weekly[1] == ()


def test_lengths_of_day_and_week(calendar: ReadCalendar) -> None:
    hours = calendar("open: {mon: '09:00-17:00'}, day: 7h30m, week: 4d2h").hours
    assert hours.day == 7.5 * HOUR
    assert hours.week == 32 * HOUR


def test_a_week_may_be_given_in_hours_alone(calendar: ReadCalendar) -> None:
    hours = calendar("open: {mon: '09:00-17:00'}, week: 38h").hours
    assert (hours.day, hours.week) == (None, 38 * HOUR)


def test_public_holidays_come_by_year(calendar: ReadCalendar) -> None:
    holidays = calendar(
        "open: {mon: '09:00-17:00'}, holidays: {country: DE, subdivision: BE}"
    ).hours.holidays
    assert date(2026, 3, 8) in holidays(2026)
    assert date(2027, 10, 3) in holidays(2027)
    assert all(day.year == 2027 for day in holidays(2027))
    assert holidays(2026) is holidays(2026)


def test_holidays_of_the_country_alone(calendar: ReadCalendar) -> None:
    holidays = calendar("open: {mon: '09:00-17:00'}, holidays: {country: DE}").hours.holidays
    assert date(2026, 3, 8) not in holidays(2026)
    assert date(2026, 12, 25) in holidays(2026)


def test_years_beyond_the_data_have_no_holidays(calendar: ReadCalendar) -> None:
    holidays = calendar("open: {mon: '09:00-17:00'}, holidays: {country: DE}").hours.holidays
    assert holidays(9998) == frozenset()
    assert holidays(1) == frozenset()


def test_listed_holidays_recur_unless_they_name_a_year(calendar: ReadCalendar) -> None:
    holidays = calendar(
        "open: {mon: '09:00-17:00'}, holidays: [2026-05-02, 12-24, 02-29]"
    ).hours.holidays
    assert holidays(2026) == {date(2026, 5, 2), date(2026, 12, 24)}
    assert holidays(2028) == {date(2028, 12, 24), date(2028, 2, 29)}


def test_special_days_beat_the_week(calendar: ReadCalendar) -> None:
    days = calendar(
        "open: {mon: '09:00-17:00'}, days: {12-24: closed, 2026-12-31: '09:00-12:00'}"
    ).hours.days
    assert days == {(12, 24): (), date(2026, 12, 31): ((540, 720),)}


def test_a_calendar_may_open_on_special_days_alone(calendar: ReadCalendar) -> None:
    hours = calendar("open: {}, days: {12-31: '09:00-12:00'}").hours
    assert not any(hours.weekly)
    assert hours.days == {(12, 31): ((540, 720),)}


def test_the_calendar_counts(calendar: ReadCalendar) -> None:
    office = calendar("open: {mon-fri: '09:00-17:00'}")
    friday = datetime(2026, 1, 9, 15, 0, tzinfo=UTC)  # 16:00 in Berlin
    assert office.add(friday, 2 * HOUR) == datetime(2026, 1, 12, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("open: {mon: 09-17}", ["hours"]),
        ("open: {mon: '09:00-17:60'}", ["hours"]),
        ("open: {mon: '24:00-25:00'}", ["hours"]),
        ("open: {mon: '09:00-09:00'}", ["hours"]),
        ("open: {mon: '09:00-12:00, 11:00-13:00'}", ["overlapping-hours"]),
        ("open: {mon: '22:00-06:00, 00:00-02:00', tue: '05:00-06:00'}", ["overlapping-hours"]),
        ("open: {sun: '22:00-06:00', mon: '05:00-06:00'}", ["overlapping-hours"]),
        ("open: {mon: '09:00-17:00', mon-fri: '09:00-17:00'}", ["day-twice"]),
        ("open: {montag: '09:00-17:00'}", ["unknown-day"]),
        ("open: {mon: closed}", ["never-open"]),
        ("open: {}, days: {2026-12-31: '09:00-12:00'}", ["never-open"]),
        ("open: {}, days: {12-31: closed}", ["never-open"]),
        ("open: {mon: '09:00-17:00'}, day: 1d", ["no-day"]),
        ("open: {mon: '09:00-17:00'}, day: 8", ["duration"]),
        ("open: {mon: '09:00-17:00'}, day: 0h", ["duration"]),
        ("open: {mon: '09:00-17:00'}, day: 25h", ["duration"]),
        ("open: {mon: '09:00-17:00'}, week: 5d", ["no-day"]),
        ("open: {mon: '09:00-17:00'}, holidays: {country: XX}", ["unknown-country"]),
        (
            "open: {mon: '09:00-17:00'}, holidays: {country: DE, subdivision: XX}",
            ["unknown-subdivision"],
        ),
        ("open: {mon: '09:00-17:00'}, holidays: [2026-02-29]", ["date"]),
        ("open: {mon: '09:00-17:00'}, days: {02-30: closed}", ["date"]),
        ("open: {mon: '09:00-17:00'}, days: {12-24: }", ["empty-value"]),
    ],
)
def test_what_makes_no_sense_is_refused(faults: Codes, text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_a_faulty_calendar_is_not_unknown_to_those_who_use_it(read: Read) -> None:
    text = with_calendar("open: {mon: nine}")
    assert [problem.code for problem in read(text).problems] == ["hours"]
