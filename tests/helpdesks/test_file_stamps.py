"""When things happened, in all the ways in which files say it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.helpdesks.rows.stamp import Stamps

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
FOUR = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2016-03-02T16:00:00Z",
        "2016-03-02T16:00:00.999Z",
        "2016-03-02T16:00:00,999+00:00",
        "2016-03-02T16:00:00.123456",
        "2016-03-02T16:00Z",
        "2016-03-02 16:00",
        "2016-03-02 16:00:00 UTC",
        "2016-03-02 17:00:00 +0100",
        "2016-03-02T17:00:00+0100",
        "2016-03-02T11:00:00-05:00",
        "2016/03/02 16:00:00",
        "2016/3/2 16:00",
        "2016.03.02 16:00",
        "20160302T160000Z",
        "20160302160000",
        "1456934400",
        "1456934400.75",
        "1456934400000",
        "Wed, 02 Mar 2016 16:00:00 +0000",
        "Wed, 02 Mar 2016 17:00:00 +0100",
        "2 Mar 2016 16:00:00 GMT",
    ],
)
def test_common_forms_are_understood_without_a_format(text: str) -> None:
    assert Stamps(None, UTC_ZONE).read(text) == FOUR


def test_a_short_hour_is_understood() -> None:
    assert Stamps(None, UTC_ZONE).read("2016-03-02 9:05") == datetime(2016, 3, 2, 9, 5, tzinfo=UTC)


def test_a_date_alone_is_its_midnight() -> None:
    assert Stamps(None, BERLIN).read("2016-03-02") == datetime(2016, 3, 1, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["02/03/2016 16:00", "02-03-2016 16:00", "03.02.2016", "16:00", "yesterday", "x" * 5000, "42"],
)
def test_a_form_that_can_be_mistaken_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Stamps(None, UTC_ZONE).read(text)


@pytest.mark.parametrize(
    "format_, text",
    [
        ("%d-%m-%Y %H:%M", "02-03-2016 16:00"),
        ("%d-%m-%Y %H:%M", "2-3-2016 16:00"),
        ("%d-%m-%Y %H:%M", "02-03-2016   16:00"),
        ("%m/%d/%Y %H:%M:%S", "03/02/2016 16:00:00"),
        ("%Y.%m.%d-%H+%M", "2016.03.02-16+00"),
        ("%d %b %Y %I:%M %p", "02 Mar 2016 04:00 PM"),
        ("%d.%m.%y %H:%M", "02.03.16 16:00"),
        ("%Y-%m-%d %H:%M:%S.%f", "2016-03-02 16:00:00.123"),
        ("%Y-%m-%d %H:%M %z", "2016-03-02 17:00 +0100"),
        ("at %Y-%m-%d, %H o'clock", "at 2016-03-02, 16 o'clock"),
    ],
)
def test_a_format_is_read_as_strptime_reads_it(format_: str, text: str) -> None:
    assert Stamps(format_, UTC_ZONE).read(text) == FOUR


@pytest.mark.parametrize(
    "format_, text",
    [
        ("%d-%m-%Y", "2016-03-02"),
        ("%d-%m-%Y", "31-02-2016"),
        ("%d-%m-%Y", "02-03-2016 "),
        ("%d-%m-%Y", "02-03-16"),
        ("%d-%m-%Y", "\u0660\u0662-03-2016"),
        ("%d.%m.%y", "02-03-16"),
    ],
)
def test_what_is_not_of_the_format_is_refused(format_: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Stamps(format_, UTC_ZONE).read(text)


@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00 00:00:00",
        "0000-00-00",
        "0001-01-01T00:00:00",
        "1970-01-01T00:00:00Z",
        "1970-01-01 00:00:00",
        "9999-12-31 23:59:59",
    ],
)
@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN], ids=str)
def test_what_databases_write_for_no_date_is_no_date(text: str, zone: ZoneInfo) -> None:
    assert Stamps(None, zone).read(text) is None


def test_a_stamp_without_zone_is_local_time() -> None:
    summer = Stamps(None, BERLIN).read("2016-07-01 12:00")
    winter = Stamps(None, BERLIN).read("2016-01-01 12:00")

    assert summer == datetime(2016, 7, 1, 10, 0, tzinfo=UTC)
    assert winter == datetime(2016, 1, 1, 11, 0, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_its_first() -> None:
    assert Stamps(None, BERLIN).read("2016-10-30 02:30") == datetime(
        2016, 10, 30, 0, 30, tzinfo=UTC
    )


def test_an_hour_that_is_skipped_falls_behind_the_change() -> None:
    assert Stamps(None, BERLIN).read("2016-03-27 02:30") == datetime(2016, 3, 27, 1, 30, tzinfo=UTC)
    assert Stamps(None, BERLIN).read("2016-03-27 03:30") == datetime(2016, 3, 27, 1, 30, tzinfo=UTC)
