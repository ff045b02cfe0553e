"""How many messages fit into a stretch of time."""

from __future__ import annotations

from datetime import timedelta

from engine.domain.rate import Rate
from engine.testing import MONDAY

SECOND = timedelta(seconds=1)
THREE_A_MINUTE = Rate(3, 60 * SECOND)


def test_there_is_room_until_as_many_were_sent_as_may_be() -> None:
    assert THREE_A_MINUTE.room_at([MONDAY, MONDAY], MONDAY) is None
    assert THREE_A_MINUTE.room_at([MONDAY, MONDAY, MONDAY], MONDAY) is not None


def test_room_comes_when_the_oldest_that_counts_leaves_the_stretch() -> None:
    sent = [MONDAY + n * SECOND for n in (20, 0, 10)]
    assert THREE_A_MINUTE.room_at(sent, MONDAY + 30 * SECOND) == MONDAY + 60 * SECOND
    assert THREE_A_MINUTE.room_at(sent, MONDAY + 60 * SECOND) is None


def test_where_more_were_sent_than_may_be_several_have_to_leave() -> None:
    sent = [MONDAY + n * SECOND for n in range(5)]
    assert THREE_A_MINUTE.room_at(sent, MONDAY + 10 * SECOND) == MONDAY + 62 * SECOND


def test_nobody_waits_longer_than_the_stretch() -> None:
    sent = [MONDAY] * 100
    assert THREE_A_MINUTE.room_at(sent, MONDAY) == MONDAY + THREE_A_MINUTE.per


def test_what_a_clock_set_back_has_put_into_the_future_does_not_count() -> None:
    assert THREE_A_MINUTE.room_at([MONDAY + SECOND] * 3, MONDAY) is None
