from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.messages.wording import in_words, localtime, named

AT = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "zone, language, shown",
    [
        ("UTC", None, "Wed 2 Mar 2016, 16:00"),
        ("Europe/London", "en", "Wed 2 Mar 2016, 16:00"),
        ("Asia/Tokyo", "en", "Thu 3 Mar 2016, 01:00"),
        ("America/New_York", "en", "Wed 2 Mar 2016, 11:00"),
        ("Europe/Berlin", "de", "Mi, 2. März 2016, 17:00"),
        ("Europe/Paris", "fr", "mer. 2 mars 2016, 17:00"),
        ("Europe/Madrid", "es", "mié 2 mar 2016, 17:00"),
    ],
)
def test_an_instant_is_shown_in_the_readers_zone_and_language(
    zone: str, language: str | None, shown: str
) -> None:
    assert localtime(AT, ZoneInfo(zone), language) == shown


@pytest.mark.parametrize(
    "language, shown",
    [
        ("en", "Wednesday 2 March 2016, 09:05"),
        ("de", "Mittwoch, 2. März 2016, 09:05 Uhr"),
        ("fr", "mercredi 2 mars 2016 à 9\u00a0h\u00a005"),
        ("es", "miércoles 2 de marzo de 2016, 09:05 h"),
    ],
)
def test_in_a_sentence_days_and_months_are_written_in_full(language: str, shown: str) -> None:
    at = datetime(2016, 3, 2, 9, 5, tzinfo=UTC)

    assert localtime(at, UTC, language, in_full=True) == shown


def test_the_french_write_the_first_of_a_month_as_an_ordinal() -> None:
    first = datetime(2016, 3, 1, 9, 0, tzinfo=UTC)

    assert localtime(first, UTC, "fr", in_full=True).startswith("mardi 1er mars 2016")
    assert localtime(first, UTC, "fr").startswith("mar. 1er mars 2016")


def test_an_instant_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        localtime(AT.replace(tzinfo=None), UTC)


@pytest.mark.parametrize(
    "duration, language, words",
    [
        (timedelta(hours=2, minutes=5), None, "2 hours 5 minutes"),
        (timedelta(hours=1), None, "1 hour"),
        (timedelta(minutes=1, seconds=59), None, "1 minute"),
        (timedelta(seconds=59), None, "less than a minute"),
        (timedelta(0), None, "less than a minute"),
        (timedelta(days=1, minutes=30), None, "1 day"),
        (timedelta(days=3, hours=13), None, "3 days 13 hours"),
        (timedelta(minutes=45), None, "45 minutes"),
        (-timedelta(hours=12), None, "12 hours"),
        (timedelta(days=2, hours=1), "de", "2 Tage 1 Stunde"),
        (timedelta(hours=1, minutes=1), "fr", "1 heure 1 minute"),
        (timedelta(days=1, hours=20), "es", "1 día 20 horas"),
    ],
)
def test_a_duration_is_told_by_its_two_largest_units(
    duration: timedelta, language: str | None, words: str
) -> None:
    assert in_words(duration, language) == words


def test_a_language_that_we_do_not_speak_gets_what_is_at_home_everywhere() -> None:
    assert localtime(AT, ZoneInfo("Europe/Rome"), "it", in_full=True) == "2016-03-02 17:00"
    assert in_words(timedelta(days=1, hours=3), "it") == "1 d 3 h"
    assert in_words(timedelta(seconds=3), "it") == "0 min"
    assert named("urgent", "it") == "urgent"


@pytest.mark.parametrize(
    "code, language, word",
    [
        ("urgent", "de", "dringend"),
        ("pending_customer", "en", "waiting for the customer"),
        ("hierarchical", "fr", "hiérarchique"),
        ("assignee", "es", "responsable"),
        ("fields.site", "de", "fields.site"),
    ],
)
def test_codes_of_ours_are_words_and_what_is_none_stays_itself(
    code: str, language: str, word: str
) -> None:
    assert named(code, language) == word
