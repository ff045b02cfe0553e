"""When a customer may hear from us."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.calendar import ALWAYS, Calendar, OpeningHours
from engine.domain.delivery_policy import A_DAY, AFTER_THEIR_OWN, deliver_at, heard_by
from engine.domain.episode import CustomerMessage, EpisodeId, MessageKind
from engine.domain.facts import CustomerLimits
from engine.domain.reason import Reason
from engine.testing import MONDAY

HOUR = timedelta(hours=1)
NINE_TO_FIVE = (((9 * 60, 17 * 60),),) * 5 + ((),) * 2
OFFICE = Calendar("office", OpeningHours("UTC", NINE_TO_FIVE))
LIMITS = CustomerLimits(HOUR, 3)


def hours(*numbers: float) -> list[datetime]:
    return [MONDAY + number * HOUR for number in numbers]


@pytest.mark.parametrize(
    "due, calendar, wrote, heard, expected, reason",
    [
        (0, ALWAYS, None, [], 0, None),
        (0, OFFICE, None, [], 0, None),
        (8, OFFICE, None, [], 24, Reason.OUTSIDE_HOURS),
        (4, ALWAYS, 3.5, [], 4.5, Reason.REPLIED),
        (4, ALWAYS, 3, [], 4, None),
        (4, ALWAYS, None, [3.5], 4.5, Reason.CUSTOMER_LIMIT),
        (4, ALWAYS, None, [3], 4, None),
        (4, ALWAYS, None, [-19, -10, 0], 5, Reason.CUSTOMER_LIMIT),
        (4, ALWAYS, None, [-20, -10, 0], 4, None),
        (7.5, OFFICE, 7.25, [], 24, Reason.OUTSIDE_HOURS),
        (7.5, OFFICE, None, [7.25], 24, Reason.OUTSIDE_HOURS),
        (8, OFFICE, 23.5, [], 24.5, Reason.REPLIED),
    ],
)  # fmt: skip
def test_a_message_waits_for_hours_for_the_customers_own_and_for_the_limits(
    due: float,
    calendar: Calendar,
    wrote: float | None,
    heard: list[float],
    expected: float,
    reason: Reason | None,
) -> None:
    wrote_at = None if wrote is None else MONDAY + wrote * HOUR
    found = deliver_at(MONDAY + due * HOUR, calendar, wrote_at, hours(*heard), LIMITS)
    assert found == (MONDAY + expected * HOUR, reason)


def is_allowed(
    at: datetime, calendar: Calendar, wrote_at: datetime | None, heard: list[datetime]
) -> bool:
    lately = [instant for instant in heard if instant > at - A_DAY]
    return (
        calendar.is_open(at)
        and (wrote_at is None or at - wrote_at >= AFTER_THEIR_OWN)
        and all(at - instant >= LIMITS.gap for instant in heard)
        and len(lately) < LIMITS.per_day
    )


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.integers(0, 200),
    st.sampled_from([ALWAYS, OFFICE]),
    st.none() | st.integers(-10, 200),
    st.lists(st.integers(-150, 0), max_size=6).map(sorted),
)
def test_it_is_the_earliest_instant_that_brute_force_allows(
    due: int, calendar: Calendar, wrote: int | None, heard: list[int]
) -> None:
    quarter = HOUR / 4
    start = MONDAY + due * quarter
    wrote_at = None if wrote is None else MONDAY + min(wrote, due) * quarter
    said = [start + number * quarter for number in heard]
    found, reason = deliver_at(start, calendar, wrote_at, said, LIMITS)
    at = start
    while not is_allowed(at, calendar, wrote_at, said):
        at += quarter
    assert found == at
    assert (reason is None) is (at == start)


def message(ticket: str, customer: str | None, at: datetime) -> CustomerMessage:
    episode = EpisodeId("r", ticket, "created")
    return CustomerMessage(episode, ticket, customer, MessageKind.UPDATE, 1, "t", at, at)


def test_what_this_ticket_or_this_customer_heard_counts() -> None:
    said = [
        message("desk:2", "cora", MONDAY + 3 * HOUR),
        message("desk:1", "dora", MONDAY + 2 * HOUR),
        message("desk:3", "emma", MONDAY + HOUR),
        message("desk:4", None, MONDAY),
    ]
    assert heard_by(said, "desk:1", "cora") == hours(2, 3)
    assert heard_by(said, "desk:4", None) == hours(0)
