"""Before a helpdesk is believed: who are we, and is it true that there is nothing?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.errors import HelpdeskError
from engine.pipeline.ingest import ingest
from engine.pipeline.meeting import Acquaintance
from engine.ports import Batch, Introduction, Json, MissingRight, Need
from engine.simulation.helpdesk import ScriptedHelpdesk
from engine.store.memory import MemoryStore
from engine.testing import MONDAY, ticket

MINUTE = timedelta(minutes=1)
US = Introduction("escalatord", "a script")


def a_desk(*names: str) -> ScriptedHelpdesk:
    desk = ScriptedHelpdesk()
    for name in names:
        desk.open(ticket(name))
    return desk


def test_it_is_asked_once_and_again_after_a_while() -> None:
    acquaintance, desk = Acquaintance(), a_desk()

    assert acquaintance.meet(desk, MONDAY) is not None
    assert acquaintance.meet(desk, MONDAY + MINUTE) is None
    assert acquaintance.meet(desk, MONDAY + 10 * MINUTE) is not None


def test_it_is_asked_again_after_something_suspicious() -> None:
    acquaintance, desk = Acquaintance(), a_desk()
    acquaintance.meet(desk, MONDAY)
    acquaintance.doubt("desk")

    assert acquaintance.meet(desk, MONDAY + MINUTE) is not None


def test_a_clock_that_is_set_back_has_it_asked_again() -> None:
    acquaintance, desk = Acquaintance(), a_desk()
    acquaintance.meet(desk, MONDAY)

    assert acquaintance.meet(desk, MONDAY - MINUTE) is not None


@pytest.mark.parametrize("skew", [timedelta(hours=2), timedelta(hours=-2)])
def test_what_is_read_by_a_wrong_clock_is_not_taken(skew: timedelta) -> None:
    class WithAClock(ScriptedHelpdesk):
        def changes(self, watermark: Json | None, until: datetime) -> Batch:
            return replace(super().changes(watermark, until), clock_skew=skew)

    store, desk = MemoryStore(), WithAClock()
    desk.open(ticket("1"))
    with pytest.raises(HelpdeskError, match="its clock is 120 minutes"):
        ingest(store, desk, MONDAY, ())
    with store.read() as tx:
        assert tx.open_tickets() == []
        assert tx.watermark("desk") is None


def test_without_the_right_to_read_nothing_is_read() -> None:
    desk = a_desk()
    lack = MissingRight("ShowTicket", Need.READ, "grant ShowTicket on queue 'Support'")
    desk.introduction = replace(US, missing=(lack,))

    with pytest.raises(HelpdeskError, match=r"escalatord may not read: ShowTicket.* grant Show"):
        Acquaintance().meet(desk, MONDAY)


def test_another_missing_right_stops_no_reading() -> None:
    desk = a_desk()
    desk.introduction = replace(US, missing=(MissingRight("Comment", Need.NOTE, "grant it"),))

    assert Acquaintance().meet(desk, MONDAY) == desk.introduction


@pytest.mark.parametrize("minutes, side", [(7, "ahead of"), (-90, "behind")])
def test_a_clock_that_is_wrong_by_minutes_stops_the_reading(minutes: int, side: str) -> None:
    desk = a_desk()
    desk.introduction = replace(US, clock_skew=minutes * MINUTE)

    with pytest.raises(HelpdeskError, match=f"{abs(minutes)} minutes {side} ours"):
        Acquaintance().meet(desk, MONDAY)


def test_a_clock_that_drifts_by_seconds_stops_nothing() -> None:
    desk = a_desk()
    desk.introduction = replace(US, clock_skew=timedelta(seconds=-40))

    assert Acquaintance().meet(desk, MONDAY) is not None


def test_a_sudden_zero_closes_nothing_and_moves_no_watermark() -> None:
    store, desk = MemoryStore(), a_desk("T1", "T2")
    ingest(store, desk, MONDAY, ())
    desk.shown, desk.is_unreadable = 0, True

    with pytest.raises(HelpdeskError, match="no open ticket any more, and 2 were open"):
        ingest(store, desk, MONDAY + MINUTE, ())

    with store.read() as tx:
        assert tx.open_tickets() == ["desk:T1", "desk:T2"]
        assert tx.watermark("desk") == {"until": "2026-01-05T09:00:00Z"}


def test_tickets_that_are_gone_by_the_helpdesks_word_are_gone() -> None:
    store, desk = MemoryStore(), a_desk("T1")
    ingest(store, desk, MONDAY, ())
    desk.shown, desk.gone = 0, {"desk:T1"}
    ingest(store, desk, MONDAY + MINUTE, ())

    with store.read() as tx:
        assert tx.open_tickets() == []
        assert tx.records(["desk:T1"])["desk:T1"].source.is_gone


def test_a_helpdesk_whose_last_ticket_was_resolved_is_believed() -> None:
    store, desk = MemoryStore(), a_desk("T1")
    ingest(store, desk, MONDAY, ())
    desk.set("desk:T1", MONDAY + MINUTE, status="resolved")
    desk.shown, desk.is_unreadable = 0, True

    assert ingest(store, desk, MONDAY + 2 * MINUTE, ()).events == 1
