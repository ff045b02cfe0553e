"""Durations as rule files write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.duration import Duration, DurationError

DAY = timedelta(hours=7, minutes=30)
WEEK = 5 * DAY


@pytest.mark.parametrize(
    "text, length",
    [
        ("0s", timedelta(0)),
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("90m", timedelta(hours=1, minutes=30)),
        ("4h", timedelta(hours=4)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("2d", 2 * DAY),
        ("1d4h", DAY + timedelta(hours=4)),
        ("1w", WEEK),
        ("1w2d3h4m5s", WEEK + 2 * DAY + timedelta(hours=3, minutes=4, seconds=5)),
        ("007m", timedelta(minutes=7)),
    ],
)
def test_each_unit_counts_and_units_join(text: str, length: timedelta) -> None:
    assert Duration.parse(text).to_timedelta(DAY, WEEK) == length


@pytest.mark.parametrize(
    "text, in_days", [("1d", True), ("1w", True), ("1d4h", True), ("24h", False), ("0s", False)]
)
def test_only_days_and_weeks_depend_on_a_calendar(text: str, *, in_days: bool) -> None:
    assert Duration.parse(text).in_days is in_days


def test_a_bare_number_is_told_which_units_there_are() -> None:
    with pytest.raises(DurationError) as caught:
        Duration.parse("30")
    assert str(caught.value) == "'30' has no unit"
    assert caught.value.help == "write 30m, 30h or 30d"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "75%",
        "-4h",
        "1.5h",
        "4 h",
        " 4h",
        "4h\n",
        "4H",
        "4x",
        "h",
        "30\n",
        "4h1d",
        "1h1h",
        "1h30",
        "P1D",
        "٣h",
        "²",
    ],
)
def test_anything_else_is_told_what_a_duration_looks_like(text: str) -> None:
    with pytest.raises(DurationError) as caught:
        Duration.parse(text)
    assert str(caught.value) == f"'{text}' is not a duration"
    assert caught.value.help == "write for example 30m, 4h, 2d or 1d4h"


@pytest.mark.parametrize("text", ["5219w", "36526d", "876601h", "9" * 5000 + "s"])
def test_more_than_a_hundred_years_is_a_typing_error(text: str) -> None:
    with pytest.raises(DurationError, match="is longer than a hundred years") as caught:
        Duration.parse(text)
    assert caught.value.help == "write a shorter one, for example 52w"


def test_a_hundred_years_are_a_duration() -> None:
    assert Duration.parse("36525d").days == 36525


def test_a_duration_keeps_its_text() -> None:
    assert Duration.parse("90m").text == "90m"
    assert str(Duration.parse("1h30m")) == "1h30m"


def test_durations_are_equal_when_no_calendar_could_tell_them_apart() -> None:
    assert Duration.parse("90m") == Duration.parse("1h30m")
    assert hash(Duration.parse("90m")) == hash(Duration.parse("1h30m"))
    assert Duration.parse("7d") != Duration.parse("1w")
    assert Duration.parse("24h") != Duration.parse("1d")


COUNT = st.integers(0, 50)


@given(weeks=COUNT, days=COUNT, hours=COUNT, minutes=COUNT, seconds=COUNT)
def test_what_is_written_is_what_is_read(
    weeks: int, days: int, hours: int, minutes: int, seconds: int
) -> None:
    read = Duration.parse(f"{weeks}w{days}d{hours}h{minutes}m{seconds}s")
    assert (read.weeks, read.days) == (weeks, days)
    assert read.seconds == hours * 3600 + minutes * 60 + seconds


@given(st.text(max_size=12))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        read = Duration.parse(text)
    except DurationError as refused:
        said, advice = str(refused), refused.help
    else:
        said, advice = f"'{read.text}' ", "write nothing else"
    assert said.startswith(f"'{text}' ")
    assert advice.startswith("write ")
