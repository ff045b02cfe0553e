"""A helpdesk that takes few requests, or none for a while: nothing is lost, nobody is hurried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from tests.helpdesks.office import MINUTE, STEP, T0, Office
from tests.helpdesks.stub_worlds import STUB_WORLDS

TICKETS: Final = 30


@pytest.fixture(params=list(STUB_WORLDS))
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    world = STUB_WORLDS[request.param](tmp_path)
    yield Office(world)
    world.close()


def open_tickets(office: Office, count: int, at: datetime, first: int = 1) -> None:
    for number in range(first, first + count):
        office.world.happen(at, str(number), status="open", priority="low")


def done_once_each(count: int) -> Counter[tuple[str, str]]:
    return Counter(
        (f"desk:{number}", what)
        for number in range(1, count + 1)
        for what in ("change", "note", "reply")
    )


def test_a_storm_of_ten_minutes_loses_nothing_and_is_waited_out(office: Office) -> None:
    half = TICKETS // 2
    open_tickets(office, half, T0)
    office.live(T0 + 4 * MINUTE)
    office.world.stub.storms_until = T0 + 14 * MINUTE
    open_tickets(office, TICKETS - half, office.now, half + 1)
    office.live(T0 + 14 * MINUTE - STEP)
    assert office.world.done() == []
    office.live(T0 + 90 * MINUTE)

    assert Counter(office.world.done()) == done_once_each(TICKETS)
    assert sum(limit.ignored for limit in office.world.limits) == 0


def test_a_narrow_limit_is_kept_and_everything_is_done(office: Office) -> None:
    office.world.narrow()
    open_tickets(office, TICKETS, T0)
    office.live(T0 + 90 * MINUTE)

    assert Counter(office.world.done()) == done_once_each(TICKETS)
    assert sum(limit.refused for limit in office.world.limits) == 0
