"""The business-time calendar, rule by rule."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from engine.domain.calendar import (
    ALWAYS,
    Calendar,
    CalendarError,
    DayHours,
    NeverOpens,
    OpeningHours,
    SpecialDay,
    no_holidays,
)
from engine.domain.duration import Duration

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NOTHING = timedelta(0)

CLOSED: DayHours = ()
NINE_TO_FIVE: DayHours = ((540, 1020),)
NIGHT: DayHours = ((1320, 1800),)  # 22:00-06:00
WHOLE_DAY: DayHours = ((0, 1440),)

OFFICE_WEEK = (NINE_TO_FIVE,) * 5 + (CLOSED, CLOSED)


def local(zone: str, text: str, *, fold: int = 0) -> datetime:
    """Return the UTC instant at which a clock in `zone` shows `text`."""
    shown = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return shown.astimezone(UTC)


def berlin(text: str, *, fold: int = 0) -> datetime:
    return local("Europe/Berlin", text, fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(
    weekly: tuple[DayHours, ...] = OFFICE_WEEK,
    *,
    zone: str = "Europe/Berlin",
    holidays: Callable[[int], frozenset[date]] = no_holidays,
    days: dict[SpecialDay, DayHours] | None = None,
) -> Calendar:
    return Calendar("test", OpeningHours(zone, weekly, holidays, days or {}, day=8 * HOUR))


def every_day(*hours: tuple[int, int], zone: str = "Europe/Berlin") -> Calendar:
    return calendar((hours,) * 7, zone=zone)


OFFICE = calendar()


def days_of(*dates: date) -> Callable[[int], frozenset[date]]:
    return lambda year: frozenset(day for day in dates if day.year == year)


class TestCounting:
    def test_a_weekend_does_not_age_a_ticket(self) -> None:
        friday, monday = berlin("2026-01-09 16:30"), berlin("2026-01-12 09:30")
        assert OFFICE.elapsed(friday, monday) == HOUR

    def test_a_night_does_not_age_a_ticket(self) -> None:
        assert OFFICE.elapsed(berlin("2026-01-12 17:00"), berlin("2026-01-13 09:00")) == NOTHING

    def test_a_lunch_break_does_not_age_a_ticket(self) -> None:
        split = every_day((540, 750), (810, 1050))
        assert split.elapsed(berlin("2026-01-12 12:00"), berlin("2026-01-12 14:00")) == HOUR

    def test_time_before_its_start_is_negative(self) -> None:
        friday, monday = berlin("2026-01-09 16:30"), berlin("2026-01-12 09:30")
        assert OFFICE.elapsed(monday, friday) == -HOUR

    def test_no_time_passes_between_an_instant_and_itself(self) -> None:
        assert OFFICE.elapsed(berlin("2026-01-12 12:00"), berlin("2026-01-12 12:00")) == NOTHING

    def test_an_office_year_is_its_working_hours(self) -> None:
        year = OFFICE.elapsed(berlin("2026-01-01 00:00"), berlin("2027-01-01 00:00"))
        assert year == 261 * 8 * HOUR

    def test_overlapping_hours_count_once(self) -> None:
        doubled = every_day((540, 720), (600, 840), (840, 900))
        assert doubled.elapsed(berlin("2026-01-12 00:00"), berlin("2026-01-13 00:00")) == 6 * HOUR

    def test_the_order_of_hours_does_not_matter(self) -> None:
        unsorted = every_day((810, 1050), (540, 750))
        assert unsorted.elapsed(berlin("2026-01-12 12:00"), berlin("2026-01-12 14:00")) == HOUR


class TestAdding:
    def test_a_day_that_is_used_up_ends_at_its_closing_not_at_the_next_opening(self) -> None:
        assert OFFICE.add(berlin("2026-01-12 09:00"), 8 * HOUR) == berlin("2026-01-12 17:00")

    def test_one_second_more_falls_into_the_next_day(self) -> None:
        due = OFFICE.add(berlin("2026-01-12 09:00"), 8 * HOUR + SECOND)
        assert due == berlin("2026-01-13 09:00:01")

    def test_the_wait_of_a_ticket_opened_on_friday_night_begins_on_monday(self) -> None:
        assert OFFICE.add(berlin("2026-01-09 20:00"), 2 * HOUR) == berlin("2026-01-12 11:00")

    def test_adding_nothing_stays_where_it_is_even_when_closed(self) -> None:
        saturday = berlin("2026-01-10 12:00")
        assert OFFICE.add(saturday, NOTHING) == saturday
        assert OFFICE.subtract(saturday, NOTHING) == saturday

    def test_subtracting_gives_the_latest_start(self) -> None:
        monday = berlin("2026-01-12 09:00")
        assert OFFICE.subtract(monday, 8 * HOUR) == berlin("2026-01-09 09:00")
        assert OFFICE.subtract(berlin("2026-01-12 17:00"), 8 * HOUR) == monday
        assert OFFICE.subtract(berlin("2026-01-12 20:00"), 16 * HOUR) == berlin("2026-01-09 09:00")

    def test_a_negative_duration_runs_the_other_way(self) -> None:
        friday, monday = berlin("2026-01-09 16:30"), berlin("2026-01-12 09:30")
        assert OFFICE.add(monday, -HOUR) == friday
        assert OFFICE.subtract(friday, -HOUR) == monday

    @pytest.mark.parametrize("years", [1, 9, 40])
    def test_an_instant_beyond_the_table_extends_it_in_both_directions(self, years: int) -> None:
        asked = calendar()
        start = berlin("2026-01-12 09:00")
        assert asked.is_open(start)
        far = asked.add(start, years * 2000 * HOUR)
        assert far is not None
        assert far - start > timedelta(days=years * 340)
        assert asked.subtract(far, years * 2000 * HOUR) == start
        past = asked.subtract(start, years * 2000 * HOUR)
        assert past is not None
        assert start - past > timedelta(days=years * 340)
        assert asked.elapsed(past, far) == 2 * years * 2000 * HOUR
        assert calendar().elapsed(past, far) == 2 * years * 2000 * HOUR

    def test_the_first_instant_beyond_the_table_is_as_open_as_the_last_one_in_it(self) -> None:
        mostly = calendar((WHOLE_DAY,) * 7, zone="UTC", days={(6, 1): CLOSED})
        for at in ("2026-01-12 12:00", "2027-12-31 23:59:59", "2028-01-01 00:00"):
            assert mostly.is_open(utc(at))

    def test_a_shift_over_the_seam_of_two_tables_is_one_shift(self) -> None:
        nights = every_day((1320, 1800), zone="Asia/Tokyo")
        assert nights.is_open(local("Asia/Tokyo", "2026-06-01 23:00"))
        for year in (2020, 2024, 2029, 2033):  # extended before and after what was there
            at = local("Asia/Tokyo", f"{year}-12-31 23:00")
            assert nights.next_edge(at) == local("Asia/Tokyo", f"{year + 1}-01-01 06:00")
            # The UTC year ends at nine in the morning in Tokyo, so nothing is cut here...
            assert nights.elapsed(at, at + 24 * HOUR) == 8 * HOUR
        days = every_day((480, 600), zone="Asia/Tokyo")
        assert days.is_open(local("Asia/Tokyo", "2026-06-01 09:30"))
        for year in (2020, 2024, 2029, 2033):  # ...and in the middle of this shift
            at = local("Asia/Tokyo", f"{year}-01-01 08:30")
            assert days.next_edge(at) == local("Asia/Tokyo", f"{year}-01-01 10:00")


class TestNights:
    NIGHTS = calendar((NIGHT, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED))

    def test_a_shift_past_midnight_belongs_to_the_day_it_begins(self) -> None:
        assert self.NIGHTS.is_open(berlin("2026-01-12 22:00"))  # a Monday
        assert self.NIGHTS.is_open(berlin("2026-01-13 05:59:59"))
        assert not self.NIGHTS.is_open(berlin("2026-01-13 06:00"))
        assert not self.NIGHTS.is_open(berlin("2026-01-12 05:00"))
        assert not self.NIGHTS.is_open(berlin("2026-01-13 22:00"))

    def test_a_holiday_closes_what_begins_on_it_not_the_tail_of_the_day_before(self) -> None:
        nights = calendar((NIGHT,) * 7, holidays=days_of(date(2026, 1, 13)))
        assert nights.is_open(berlin("2026-01-13 05:00"))
        assert not nights.is_open(berlin("2026-01-13 23:00"))
        assert not nights.is_open(berlin("2026-01-14 05:00"))
        assert nights.is_open(berlin("2026-01-14 22:00"))

    def test_a_shift_ends_in_the_new_year_it_runs_into(self) -> None:
        nights = calendar((NIGHT,) * 7, holidays=days_of(date(2026, 1, 1)))
        assert nights.next_edge(berlin("2025-12-31 23:00")) == berlin("2026-01-01 06:00")
        assert nights.next_open(berlin("2026-01-01 06:00")) == berlin("2026-01-02 22:00")

    def test_a_holiday_at_the_end_of_a_year_closes_the_night_into_the_next(self) -> None:
        nights = calendar((NIGHT,) * 7, holidays=days_of(date(2025, 12, 31)))
        assert not nights.is_open(berlin("2026-01-01 01:00"))


class TestSpecialDays:
    def test_a_holiday_does_not_age_a_ticket(self) -> None:
        office = calendar(holidays=days_of(date(2026, 1, 6)))
        assert office.elapsed(berlin("2026-01-06 00:00"), berlin("2026-01-07 00:00")) == NOTHING

    def test_a_special_day_beats_a_holiday_and_the_weekly_hours(self) -> None:
        office = calendar(
            holidays=days_of(date(2026, 12, 31)),
            days={date(2026, 12, 31): ((540, 720),), date(2026, 12, 30): CLOSED},
        )
        assert office.elapsed(berlin("2026-12-30 00:00"), berlin("2027-01-01 00:00")) == 3 * HOUR

    def test_a_special_day_without_a_year_recurs(self) -> None:
        office = calendar(days={(12, 24): CLOSED})
        for year in (2025, 2026, 2031):
            assert not office.is_open(berlin(f"{year}-12-24 12:00"))

    def test_a_full_date_beats_one_that_recurs(self) -> None:
        office = calendar(days={(12, 24): CLOSED, date(2026, 12, 24): ((540, 600),)})
        assert office.is_open(berlin("2026-12-24 09:30"))
        assert not office.is_open(berlin("2025-12-24 09:30"))

    def test_a_special_day_can_open_a_weekend(self) -> None:
        office = calendar(days={date(2026, 1, 10): ((600, 660),)})
        assert office.next_open(berlin("2026-01-09 18:00")) == berlin("2026-01-10 10:00")

    def test_the_29th_of_february_recurs_in_leap_years(self) -> None:
        leap = calendar((CLOSED,) * 7, days={(2, 29): NINE_TO_FIVE})
        assert leap.add(berlin("2096-03-01 00:00"), HOUR) == berlin("2104-02-29 10:00")
        assert leap.subtract(berlin("2104-02-29 09:00"), HOUR) == berlin("2096-02-29 16:00")

    def test_an_observed_holiday_may_stand_in_the_list_of_the_year_before_or_after(self) -> None:
        office = calendar(
            holidays=lambda year: frozenset({date(year - 1, 12, 31), date(year + 1, 1, 2)})
        )
        assert not office.is_open(berlin("2026-12-31 12:00"))
        assert not office.is_open(berlin("2026-01-02 12:00"))


class TestChangesOfClocks:
    """Berlin: 2026-03-29 skips 02:00-03:00, 2026-10-25 shows 02:00-03:00 twice."""

    def test_a_skipped_opening_moves_to_the_end_of_the_gap(self) -> None:
        early = every_day((150, 300))  # 02:30-05:00
        assert early.next_open(berlin("2026-03-29 00:00")) == utc("2026-03-29 01:00")
        assert early.elapsed(berlin("2026-03-29 00:00"), berlin("2026-03-30 00:00")) == 2 * HOUR

    def test_a_skipped_closing_moves_to_the_end_of_the_gap(self) -> None:
        early = every_day((60, 150))  # 01:00-02:30
        assert early.next_edge(berlin("2026-03-29 01:30")) == utc("2026-03-29 01:00")
        assert early.elapsed(berlin("2026-03-29 00:00"), berlin("2026-03-30 00:00")) == HOUR

    def test_a_shift_inside_the_gap_does_not_happen(self) -> None:
        inside = every_day((135, 165))
        assert inside.elapsed(berlin("2026-03-29 00:00"), berlin("2026-03-30 00:00")) == NOTHING

    def test_a_doubled_hour_opens_at_its_first_and_closes_at_its_second_occurrence(self) -> None:
        opening = every_day((150, 300))
        assert opening.next_open(berlin("2026-10-25 00:00")) == utc("2026-10-25 00:30")
        closing = every_day((60, 150))
        assert closing.next_edge(berlin("2026-10-25 01:30")) == utc("2026-10-25 01:30")
        inside = every_day((135, 165))
        at = berlin("2026-10-25 00:00")
        assert inside.elapsed(at, at + 24 * HOUR) == HOUR + 30 * MINUTE

    def test_breaks_that_a_doubled_hour_swallows_leave_one_interval(self) -> None:
        split = every_day((0, 130), (150, 360))
        assert split.next_edge(berlin("2026-10-25 01:00")) == berlin("2026-10-25 06:00")

    @pytest.mark.parametrize(
        "day, hours", [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-14", 24)]
    )
    def test_a_whole_day_is_as_long_as_the_clocks_make_it(self, day: str, hours: int) -> None:
        sundays = calendar((CLOSED,) * 6 + (WHOLE_DAY,))
        midnight = berlin(f"{day} 00:00")
        assert sundays.elapsed(midnight - 24 * HOUR, midnight + 48 * HOUR) == hours * HOUR

    @pytest.mark.parametrize("day, hours", [("2026-03-28", 7), ("2026-10-24", 9)])
    def test_a_night_shift_is_as_long_as_the_clocks_make_it(self, day: str, hours: int) -> None:
        saturdays = calendar((CLOSED,) * 5 + (NIGHT, CLOSED))
        opening = saturdays.next_open(berlin(f"{day} 12:00"))
        assert saturdays.next_edge(opening) == opening + hours * HOUR

    def test_four_hours_across_a_change_of_clocks_are_four_real_hours(self) -> None:
        round_the_clock = calendar((WHOLE_DAY,) * 7, days={(1, 1): CLOSED})
        for day in ("2026-03-29", "2026-10-25"):
            midnight = berlin(f"{day} 00:00")
            assert round_the_clock.add(midnight, 4 * HOUR) == midnight + 4 * HOUR

    def test_a_midnight_that_is_skipped_ends_and_begins_a_day_at_the_gap(self) -> None:
        zone = "America/Sao_Paulo"  # 2018-11-04 begins at 01:00
        saturday = calendar((CLOSED,) * 5 + (WHOLE_DAY, CLOSED), zone=zone)
        sunday = calendar((CLOSED,) * 6 + (WHOLE_DAY,), zone=zone)
        noon = local(zone, "2018-11-03 12:00")
        assert saturday.next_edge(noon) == utc("2018-11-04 03:00")
        assert sunday.next_open(noon) == utc("2018-11-04 03:00")
        assert sunday.elapsed(noon, noon + 48 * HOUR) == 23 * HOUR

    @pytest.mark.parametrize(
        "zone, sunday_begins, hours",
        [
            ("America/Havana", "2026-11-01 04:00", 25),  # 01:00 becomes 00:00
            ("America/St_Johns", "2010-11-07 02:30", 25),  # 00:01 becomes 23:01 the day before
            ("America/Sao_Paulo", "2018-02-18 03:00", 24),  # 00:00 becomes 23:00 the day before
        ],
    )
    def test_whole_days_meet_at_the_first_of_two_midnights(
        self, zone: str, sunday_begins: str, hours: int
    ) -> None:
        midnight = utc(sunday_begins)
        saturday = calendar((CLOSED,) * 5 + (WHOLE_DAY, CLOSED), zone=zone)
        sunday = calendar((CLOSED,) * 6 + (WHOLE_DAY,), zone=zone)
        assert saturday.next_edge(midnight - 2 * HOUR) == midnight
        assert sunday.next_open(midnight - 2 * HOUR) == midnight
        assert sunday.next_edge(midnight) == midnight + hours * HOUR

    def test_half_an_hour_of_summer_time_counts_as_half_an_hour(self) -> None:
        zone = "Australia/Lord_Howe"  # 2026-10-04 skips 02:00-02:30, 2026-04-05 doubles 01:30-02:00
        sundays = calendar((CLOSED,) * 6 + (WHOLE_DAY,), zone=zone)
        spring, autumn = local(zone, "2026-10-04 00:00"), local(zone, "2026-04-05 00:00")
        assert sundays.next_edge(spring) == spring + 23 * HOUR + 30 * MINUTE
        assert sundays.next_edge(autumn) == autumn + 24 * HOUR + 30 * MINUTE
        early = every_day((135, 180), zone=zone)  # 02:15-03:00
        assert early.next_open(spring) == local(zone, "2026-10-04 02:30")

    def test_a_day_that_a_country_skips_is_not_there(self) -> None:
        zone = "Pacific/Apia"  # went from 2011-12-29 to 2011-12-31
        apia = calendar((NINE_TO_FIVE,) * 7, zone=zone)
        thursday, saturday = local(zone, "2011-12-29 17:00"), local(zone, "2011-12-31 09:00")
        assert apia.next_open(thursday) == saturday
        assert saturday - thursday == 16 * HOUR
        nights = calendar((NIGHT,) * 7, zone=zone)
        midnight = local(zone, "2011-12-31 00:00")
        # Thursday's shift ends at the gap, where the one of the skipped day would have begun.
        assert nights.is_open(midnight - SECOND)
        assert nights.next_edge(local(zone, "2011-12-29 22:00")) == midnight + 6 * HOUR

    def test_the_zone_furthest_ahead_opens_the_day_before_in_utc(self) -> None:
        kiritimati = every_day((0, 60), zone="Pacific/Kiritimati")
        assert kiritimati.next_open(utc("2025-12-31 00:00")) == utc("2025-12-31 10:00")
        assert kiritimati.next_open(utc("2026-01-01 00:00")) == utc("2026-01-01 10:00")


class TestPauses:
    NINE = berlin("2026-01-12 09:00")

    def pause(self, start: float, end: float | None) -> tuple[datetime, datetime | None]:
        return self.NINE + start * HOUR, None if end is None else self.NINE + end * HOUR

    def test_a_pause_does_not_age_a_ticket(self) -> None:
        paused = OFFICE.elapsed(self.NINE, self.NINE + 6 * HOUR, (self.pause(1, 3),))
        assert paused == 4 * HOUR

    def test_a_pause_costs_only_the_open_time_it_covers(self) -> None:
        over_night = (self.pause(7, 25),)
        assert OFFICE.elapsed(self.NINE, self.NINE + 26 * HOUR, over_night) == 8 * HOUR

    def test_a_pause_counts_only_inside_what_is_measured(self) -> None:
        pauses = (self.pause(-5, 1), self.pause(3, None))
        assert OFFICE.elapsed(self.NINE, self.NINE + 4 * HOUR, pauses) == 2 * HOUR
        assert OFFICE.elapsed(self.NINE + 4 * HOUR, self.NINE, pauses) == -2 * HOUR

    def test_a_pause_outside_what_is_measured_changes_nothing(self) -> None:
        pauses = (self.pause(-5, -1), self.pause(6, 7))
        assert OFFICE.elapsed(self.NINE, self.NINE + 4 * HOUR, pauses) == 4 * HOUR

    def test_a_pause_postpones_what_is_due(self) -> None:
        assert OFFICE.add(self.NINE, 4 * HOUR, (self.pause(1, 3),)) == self.NINE + 6 * HOUR

    def test_what_is_due_when_a_pause_begins_is_due_before_it(self) -> None:
        assert OFFICE.add(self.NINE, HOUR, (self.pause(1, 3),)) == self.NINE + HOUR
        assert OFFICE.add(self.NINE, HOUR, (self.pause(1, None),)) == self.NINE + HOUR

    def test_a_pause_that_goes_on_swallows_what_is_due_later(self) -> None:
        assert OFFICE.add(self.NINE, HOUR + SECOND, (self.pause(1, None),)) is None

    def test_nothing_is_due_at_once_even_in_a_pause(self) -> None:
        assert OFFICE.add(self.NINE, NOTHING, (self.pause(-1, None),)) == self.NINE

    def test_a_start_inside_a_pause_waits_for_its_end(self) -> None:
        assert OFFICE.add(self.NINE, HOUR, (self.pause(-1, 2),)) == self.NINE + 3 * HOUR

    def test_pauses_follow_each_other_without_a_gap(self) -> None:
        pauses = (self.pause(1, 2), self.pause(2, 3), self.pause(3, 3), self.pause(4, 5))
        assert OFFICE.add(self.NINE, 3 * HOUR, pauses) == self.NINE + 6 * HOUR

    def test_a_pause_is_skipped_backwards_too(self) -> None:
        six_hours_later = self.NINE + 6 * HOUR
        assert OFFICE.subtract(six_hours_later, 4 * HOUR, (self.pause(1, 3),)) == self.NINE

    def test_going_backwards_stops_at_the_end_of_a_pause(self) -> None:
        paused = (self.pause(1, 3),)
        assert OFFICE.subtract(self.NINE + 4 * HOUR, HOUR, paused) == self.NINE + 3 * HOUR

    def test_an_open_pause_never_swallows_what_lies_before_it(self) -> None:
        paused = (self.pause(2, None),)
        assert OFFICE.subtract(self.NINE + 6 * HOUR, HOUR, paused) == self.NINE + HOUR
        assert OFFICE.subtract(self.NINE, -3 * HOUR, paused) is None

    def test_pauses_stop_the_calendar_that_never_closes(self) -> None:
        paused = (self.pause(1, 3),)
        assert ALWAYS.add(self.NINE, 24 * HOUR, paused) == self.NINE + 26 * HOUR
        assert ALWAYS.elapsed(self.NINE, self.NINE + 26 * HOUR, paused) == 24 * HOUR


class TestLookingAhead:
    def test_it_opens_at_its_opening_and_is_closed_at_its_closing(self) -> None:
        assert not OFFICE.is_open(berlin("2026-01-12 08:59:59"))
        assert OFFICE.is_open(berlin("2026-01-12 09:00"))
        assert OFFICE.is_open(berlin("2026-01-12 16:59:59"))
        assert not OFFICE.is_open(berlin("2026-01-12 17:00"))

    def test_the_next_opening_is_now_when_open(self) -> None:
        noon = berlin("2026-01-12 12:00")
        assert OFFICE.next_open(noon) == noon
        assert OFFICE.next_open(berlin("2026-01-09 17:00")) == berlin("2026-01-12 09:00")

    def test_the_next_edge_lies_strictly_after(self) -> None:
        nine, five = berlin("2026-01-12 09:00"), berlin("2026-01-12 17:00")
        assert OFFICE.next_edge(nine - SECOND) == nine
        assert OFFICE.next_edge(nine) == five
        assert OFFICE.next_edge(five) == berlin("2026-01-13 09:00")

    def test_the_edge_of_a_table_is_no_edge_of_the_calendar(self) -> None:
        mostly = calendar((WHOLE_DAY,) * 7, days={date(2031, 6, 1): CLOSED})
        assert mostly.next_edge(berlin("2026-01-12 12:00")) == berlin("2031-06-01 00:00")
        assert mostly.next_open(berlin("2031-06-01 00:00")) == berlin("2031-06-02 00:00")

    def test_what_does_not_change_in_ten_years_has_no_next_edge(self) -> None:
        noon = berlin("2026-01-12 12:00")
        without_a_holiday = calendar((WHOLE_DAY,) * 7, holidays=lambda _: frozenset())
        assert without_a_holiday.next_edge(noon) is None
        assert calendar((CLOSED,) * 7).next_edge(noon) is None


class TestAlways:
    NOON = utc("2026-03-29 12:00")

    def test_it_counts_every_second(self) -> None:
        assert ALWAYS.elapsed(self.NOON, self.NOON + 1000 * HOUR) == 1000 * HOUR
        assert ALWAYS.add(self.NOON, 36 * HOUR) == self.NOON + 36 * HOUR
        assert ALWAYS.subtract(self.NOON, 36 * HOUR) == self.NOON - 36 * HOUR

    def test_it_has_no_edges(self) -> None:
        assert ALWAYS.is_open(self.NOON)
        assert ALWAYS.next_open(self.NOON) == self.NOON
        assert ALWAYS.next_edge(self.NOON) is None

    def test_its_day_has_24_hours_and_its_week_seven_days(self) -> None:
        assert ALWAYS.name == "always"
        assert ALWAYS.duration(Duration.parse("1w1d1h")) == timedelta(days=8, hours=1)

    def test_it_reaches_as_far_as_datetimes_do(self) -> None:
        first, last = datetime.min.replace(tzinfo=UTC), utc("9999-12-31 23:59:59")
        assert ALWAYS.add(first, ALWAYS.elapsed(first, last)) == last


class TestDurations:
    def test_a_day_is_what_the_calendar_says_and_a_week_five_of_them(self) -> None:
        assert OFFICE.duration(Duration.parse("1d")) == 8 * HOUR
        assert OFFICE.duration(Duration.parse("1w2d30m")) == 56 * HOUR + 30 * MINUTE

    def test_a_week_is_what_the_calendar_says(self) -> None:
        hours = OpeningHours("UTC", OFFICE_WEEK, day=8 * HOUR, week=36 * HOUR)
        assert Calendar("test", hours).duration(Duration.parse("1w")) == 36 * HOUR

    @pytest.mark.parametrize("text", ["1d", "1w", "1d4h"])
    def test_a_calendar_that_does_not_say_how_long_a_day_is_asks_for_it(self, text: str) -> None:
        vague = Calendar("vague", OpeningHours("UTC", OFFICE_WEEK))
        with pytest.raises(CalendarError, match="'vague' does not say how long a day is"):
            vague.duration(Duration.parse(text))
        assert vague.duration(Duration.parse("4h")) == 4 * HOUR


class TestInstants:
    NAIVE = datetime(2026, 1, 12, 9)  # noqa: DTZ001 - what is refused
    AWARE = utc("2026-01-12 09:00")

    @pytest.mark.parametrize("asked", [OFFICE, ALWAYS])
    def test_a_naive_instant_is_refused_everywhere(self, asked: Calendar) -> None:
        questions: list[Callable[[], object]] = [
            lambda: asked.elapsed(self.NAIVE, self.AWARE),
            lambda: asked.elapsed(self.AWARE, self.NAIVE),
            lambda: asked.elapsed(self.AWARE, self.AWARE, ((self.NAIVE, None),)),
            lambda: asked.add(self.NAIVE, HOUR),
            lambda: asked.add(self.AWARE, HOUR, ((self.AWARE, self.NAIVE),)),
            lambda: asked.subtract(self.NAIVE, HOUR),
            lambda: asked.is_open(self.NAIVE),
            lambda: asked.next_open(self.NAIVE),
            lambda: asked.next_edge(self.NAIVE),
        ]
        for question in questions:
            with pytest.raises(ValueError, match="has no time zone"):
                question()

    def test_an_instant_of_another_zone_is_the_same_instant(self) -> None:
        tokyo = self.AWARE.astimezone(ZoneInfo("Asia/Tokyo"))
        for result in (OFFICE.add(tokyo, HOUR), OFFICE.next_open(tokyo), OFFICE.next_edge(tokyo)):
            assert result is not None
            assert result.tzinfo is UTC
        assert OFFICE.add(tokyo, HOUR) == OFFICE.add(self.AWARE, HOUR)
        fixed = self.AWARE.astimezone(timezone(-9 * HOUR))
        assert OFFICE.elapsed(fixed, tokyo + HOUR) == HOUR

    def test_microseconds_are_cut_off(self) -> None:
        late = timedelta(microseconds=999_999)
        five = berlin("2026-01-12 17:00")
        assert OFFICE.add(self.AWARE + late, HOUR + late) == self.AWARE + HOUR
        assert OFFICE.subtract(self.AWARE + HOUR + late, HOUR + late) == self.AWARE
        assert OFFICE.add(self.AWARE + late, -late) == self.AWARE
        assert OFFICE.elapsed(self.AWARE, self.AWARE + HOUR + late) == HOUR
        assert OFFICE.is_open(five - timedelta(microseconds=1))
        assert not OFFICE.is_open(five + late)
        assert OFFICE.next_edge(five + late) == berlin("2026-01-13 09:00")
        assert OFFICE.next_open(self.AWARE + late) == self.AWARE + late

    def test_the_time_before_the_epoch_counts_like_any_other(self) -> None:
        start = berlin("1969-12-31 09:00")
        assert OFFICE.add(start, 9 * HOUR) == berlin("1970-01-01 10:00")
        assert OFFICE.elapsed(start - timedelta(microseconds=1), start) == NOTHING

    @pytest.mark.parametrize("instant", ["0001-06-01", "9999-06-01"])
    def test_an_instant_that_no_table_can_hold_is_refused(self, instant: str) -> None:
        for asked in (calendar(), OFFICE):
            with pytest.raises(CalendarError, match="calendars reach from the year 2 to 9998"):
                asked.is_open(utc(instant))

    @pytest.mark.parametrize("start", ["0002-02-01 12:00", "9998-12-01 12:00"])
    def test_a_calendar_ends_where_datetimes_do(self, start: str) -> None:
        ends = calendar()
        assert ends.next_edge(utc(start)) is not None
        with pytest.raises(CalendarError, match="calendars reach from the year 2 to 9998"):
            ends.add(utc(start), 10_000 * HOUR if start > "5" else -10_000 * HOUR)

    def test_even_always_ends_where_datetimes_do(self) -> None:
        with pytest.raises(CalendarError, match="check the instant"):
            ALWAYS.add(utc("9999-12-31 00:00"), 48 * HOUR)


class TestNeverOpening:
    SHUT = Calendar("shut", OpeningHours("Europe/Berlin", (CLOSED,) * 7))
    NOON = berlin("2026-01-12 12:00")

    def test_a_calendar_that_never_opens_says_so_instead_of_searching_for_ever(self) -> None:
        with pytest.raises(NeverOpens, match="'shut' is closed in all ten years after 2026-01-12"):
            self.SHUT.add(self.NOON, SECOND)
        with pytest.raises(NeverOpens, match="'shut' is closed in all ten years before 2026-01-12"):
            self.SHUT.subtract(self.NOON, SECOND)
        with pytest.raises(NeverOpens):
            self.SHUT.next_open(self.NOON)

    def test_a_calendar_that_never_opens_still_answers_what_it_can(self) -> None:
        assert self.SHUT.elapsed(self.NOON, self.NOON + 1000 * HOUR) == NOTHING
        assert self.SHUT.add(self.NOON, NOTHING) == self.NOON
        assert self.SHUT.add(self.NOON, HOUR, ((self.NOON + HOUR, None),)) is None
        assert not self.SHUT.is_open(self.NOON)

    def test_a_calendar_that_opens_no_more_says_so(self) -> None:
        once = calendar((CLOSED,) * 7, days={date(2028, 5, 5): NINE_TO_FIVE})
        assert once.add(self.NOON, 8 * HOUR) == berlin("2028-05-05 17:00")
        with pytest.raises(NeverOpens, match="after 2028-05-05"):
            once.add(self.NOON, 8 * HOUR + SECOND)
        with pytest.raises(NeverOpens, match="before 2028-05-05"):
            once.subtract(berlin("2029-01-01 00:00"), 8 * HOUR + SECOND)


class TestValues:
    def test_calendars_are_equal_when_name_and_hours_are(self) -> None:
        asked = calendar()
        assert asked.is_open(berlin("2026-01-12 12:00"))
        assert asked == calendar()
        assert hash(asked) == hash(calendar())
        assert asked != calendar((CLOSED,) * 7)

    @pytest.mark.parametrize(
        "zone", ["Mars/Olympus", "", "../etc/passwd", "Europe", "europe berlin"]
    )
    def test_an_unknown_time_zone_is_refused(self, zone: str) -> None:
        with pytest.raises(CalendarError, match="is not a time zone; write an IANA name"):
            OpeningHours(zone, OFFICE_WEEK)

    def test_a_week_has_seven_days(self) -> None:
        with pytest.raises(CalendarError, match="need seven days, Monday first; these are 5"):
            OpeningHours("UTC", (NINE_TO_FIVE,) * 5)

    @pytest.mark.parametrize(
        "hours", [(-1, 60), (1440, 1500), (600, 600), (600, 540), (1320, 2881)]
    )
    def test_hours_outside_a_day_are_refused(self, hours: tuple[int, int]) -> None:
        with pytest.raises(CalendarError, match="are not minutes of a day"):
            every_day(hours)
        with pytest.raises(CalendarError, match="are not minutes of a day"):
            calendar(days={(12, 24): (hours,)})

    @pytest.mark.parametrize("length", [NOTHING, -HOUR])
    def test_a_day_of_no_length_is_refused(self, length: timedelta) -> None:
        with pytest.raises(CalendarError, match="must be longer than zero"):
            OpeningHours("UTC", OFFICE_WEEK, day=length)
        with pytest.raises(CalendarError, match="must be longer than zero"):
            OpeningHours("UTC", OFFICE_WEEK, week=length)


def test_threads_that_extend_a_calendar_at_once_get_the_same_answers_as_one_alone() -> None:
    shared = calendar()
    starts = [berlin(f"{year}-06-01 09:00") for year in range(1990, 2060)]

    def ask(start: datetime) -> datetime | None:
        return shared.add(start, 100 * HOUR)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, starts[::2] + starts[1::2][::-1]))
    alone = calendar()
    assert answers == [alone.add(start, 100 * HOUR) for start in starts[::2] + starts[1::2][::-1]]
