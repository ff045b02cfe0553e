"""What a silence is about, and when it holds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from engine.domain.calendar import Calendar, OpeningHours
from engine.domain.silence import Matchers, Quiet, Silence, Silences, SilentHours
from engine.testing import MONDAY, ticket

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICKET = ticket("T1", group="Tier 2", customer__id="cora")
RULE = frozenset({"late", "formerly-late"})
NIGHTS = Calendar("nights", OpeningHours("UTC", (((1320, 1800),),) * 7))
"""From 22:00 to 06:00."""


def asked(begins_at: datetime = MONDAY, until: datetime = MONDAY + HOUR, **rest: object) -> Silence:
    matchers = rest.pop("matchers", Matchers())
    assert isinstance(matchers, Matchers)
    ended_at = rest.pop("ended_at", None)
    assert ended_at is None or isinstance(ended_at, datetime)
    return Silence("1", matchers, begins_at, until, "ann", "works", MONDAY, ended_at)


def at_night(matchers: Matchers = Matchers()) -> SilentHours:  # noqa: B008 - it is immutable
    return SilentHours("night", matchers, NIGHTS, "ann", "night")


@pytest.mark.parametrize(
    "matchers, meets",
    [
        (Matchers(), True),
        (Matchers(rules=("other", "late")), True),
        (Matchers(rules=("formerly-late",)), True),
        (Matchers(rules=("other",)), False),
        (Matchers(tickets=("desk:T1",)), True),
        (Matchers(tickets=("desk:T2",)), False),
        (Matchers(customers=("cora",)), True),
        (Matchers(customers=("Cora",)), False),
        (Matchers(groups=("tier 2",)), True),
        (Matchers(groups=("tier 1",)), False),
        (Matchers(rules=("late",), groups=("tier 1",)), False),
        (Matchers(rules=("late",), customers=("cora",)), True),
    ],
)
def test_all_kinds_must_hold_and_of_each_any_name(matchers: Matchers, *, meets: bool) -> None:
    assert matchers.meet(RULE, TICKET) is meets


def test_a_ticket_without_group_or_customer_is_in_no_silence_about_one() -> None:
    assert not Matchers(groups=("tier 2",)).meet(RULE, ticket())
    assert not Matchers(customers=("cora",)).meet(RULE, ticket(customer__id=None))


def test_a_silence_holds_from_its_beginning_until_before_its_end() -> None:
    silence = asked()
    assert silence.holds_until(MONDAY - timedelta(seconds=1)) is None
    assert silence.holds_until(MONDAY) == MONDAY + HOUR
    assert silence.holds_until(MONDAY + HOUR) is None


def test_a_silence_that_was_ended_holds_no_longer() -> None:
    silence = asked(until=MONDAY + DAY, ended_at=MONDAY + HOUR)
    assert silence.holds_until(MONDAY) == MONDAY + HOUR
    assert silence.holds_until(MONDAY + HOUR) is None


def test_its_next_turn_is_its_beginning_then_its_end_then_none() -> None:
    silence = asked(MONDAY + HOUR, MONDAY + DAY)
    assert silence.edge_after(MONDAY) == MONDAY + HOUR
    assert silence.edge_after(MONDAY + HOUR) == MONDAY + DAY
    assert silence.edge_after(MONDAY + DAY) is None


def test_silent_hours_hold_while_their_calendar_is_open() -> None:
    ten = MONDAY + 13 * HOUR
    assert at_night().holds_until(MONDAY) is None
    assert at_night().edge_after(MONDAY) == ten
    assert at_night().holds_until(ten) == ten + 8 * HOUR
    assert list(at_night().ends_within(MONDAY, MONDAY + 3 * DAY)) == [
        ten + 8 * HOUR,
        ten + DAY + 8 * HOUR,
        ten + 2 * DAY + 8 * HOUR,
    ]


def test_of_several_silences_the_one_that_ends_last_is_told() -> None:
    longer = asked(until=MONDAY + DAY)
    found = Silences((asked(), longer)).over(RULE, TICKET, MONDAY)
    assert found == Quiet(longer, MONDAY + DAY)


def test_a_silence_about_others_says_nothing() -> None:
    silences = Silences((asked(matchers=Matchers(tickets=("desk:T2",))),))
    assert silences.over(RULE, TICKET, MONDAY) is None
    assert silences.edge_after(RULE, (TICKET,), MONDAY - HOUR) is None


def test_what_was_not_known_yet_is_left_out_of_the_past() -> None:
    later = Silence(
        "2", Matchers(), MONDAY, MONDAY + DAY, "ann", "works", MONDAY + HOUR, MONDAY + 3 * HOUR
    )
    silences = Silences((later, at_night()))
    assert silences.known_at(MONDAY).all == (at_night(),)
    assert silences.known_at(MONDAY + 2 * HOUR).all[0].holds_until(MONDAY) == MONDAY + DAY
    assert silences.known_at(MONDAY + 3 * HOUR) == silences


@pytest.mark.parametrize(
    "length, notice",
    [
        (24 * HOUR, None),
        (25 * HOUR, 2.5 * HOUR),
        (5 * DAY, 12 * HOUR),
        (30 * DAY, 24 * HOUR),
    ],
)
def test_a_long_silence_is_told_of_a_tenth_of_its_length_before_it_ends(
    length: timedelta, notice: timedelta | None
) -> None:
    expected = None if notice is None else MONDAY + length - notice
    assert asked(until=MONDAY + length).remind_at == expected
