from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.messages.wording import LANGUAGES, in_words, language_code, localtime

AT = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "zone, language, shown",
    [
        ("UTC", None, "Wed 2 Mar 2016, 16:00"),
        ("Europe/London", "en", "Wed 2 Mar 2016, 16:00"),
        ("Asia/Tokyo", "en", "Thu 3 Mar 2016, 01:00"),
        ("America/New_York", "xx", "Wed 2 Mar 2016, 11:00"),
        ("Europe/Berlin", "de", "Mi 2. März 2016, 17:00"),
        ("Europe/Paris", "fr", "mer. 2 mars 2016, 17:00"),
        ("Europe/Madrid", "es", "mié 2 mar 2016, 17:00"),
    ],
)
def test_an_instant_is_shown_in_the_readers_zone_and_language(
    zone: str, language: str | None, shown: str
) -> None:
    assert localtime(AT, ZoneInfo(zone), language) == shown


def test_an_instant_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        localtime(AT.replace(tzinfo=None), UTC)


@pytest.mark.parametrize(
    "duration, language, words",
    [
        (timedelta(hours=2, minutes=5), None, "two hours and five minutes"),
        (timedelta(hours=1), None, "one hour"),
        (timedelta(minutes=1, seconds=59), None, "one minute"),
        (timedelta(seconds=59), None, "less than a minute"),
        (timedelta(0), None, "less than a minute"),
        (timedelta(days=1, minutes=30), None, "one day"),
        (timedelta(days=3, hours=13), None, "three days and 13 hours"),
        (timedelta(minutes=45), None, "45 minutes"),
        (-timedelta(hours=12), None, "twelve hours"),
        (timedelta(days=2, hours=1), "de", "zwei Tage und eine Stunde"),
        (timedelta(hours=1, minutes=1), "fr", "une heure et une minute"),
        (timedelta(days=1, hours=20), "es", "un día y 20 horas"),
    ],
)
def test_a_duration_is_told_by_its_two_largest_units(
    duration: timedelta, language: str | None, words: str
) -> None:
    assert in_words(duration, language) == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_names_all_days_and_months(language: str) -> None:
    words = LANGUAGES[language]
    assert (len(words.weekdays), len(words.months), len(words.numbers)) == (7, 12, 11)


@pytest.mark.parametrize(
    "name, code",
    [("de", "de"), ("DE", "de"), ("de-AT", "de"), ("pt_BR", "pt"), ("", None), (None, None)],
)
def test_a_language_is_known_by_its_first_two_letters(name: str | None, code: str | None) -> None:
    assert language_code(name) == code
