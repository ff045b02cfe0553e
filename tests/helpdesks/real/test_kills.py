"""`kill -9` between a write to a real helpdesk and our record of it, as another client sees it."""

from __future__ import annotations

import os

import pytest

from tests.helpdesks.real.killing import (
    WRITES,
    Aftermath,
    Beside,
    BesideRedmine,
    BesideRt,
    Killing,
)

pytestmark = [
    pytest.mark.system("Request Tracker and Redmine"),
    pytest.mark.proof,
    pytest.mark.slow,
]

KILLS = int(os.environ.get("ESCALATORD_KILLS", "5"))
"""At each kind of write, on each helpdesk."""


@pytest.fixture(scope="module", params=["rt", "redmine"])
def beside(request: pytest.FixtureRequest) -> Beside:
    server = request.getfixturevalue(request.param)
    return BesideRt(server) if request.param == "rt" else BesideRedmine(server)


@pytest.fixture(scope="module")
def aftermath(
    beside: Beside, tmp_path_factory: pytest.TempPathFactory, figures: list[str]
) -> Aftermath:
    found = Killing(tmp_path_factory.mktemp("kills"), beside).live_through(KILLS)
    figures.extend(found.told(beside.name))
    return found


def test_it_was_killed_at_each_kind_of_write_as_often_as_it_should(aftermath: Aftermath) -> None:
    assert [end.kind for end in aftermath.ends] == [*WRITES] * KILLS


def test_no_customer_was_answered_twice(aftermath: Aftermath) -> None:
    assert {number: one for number, one in aftermath.seen.items() if one.replies > 1} == {}
    assert {number: one for number, one in aftermath.seen.items() if one.mails > 1} == {}


def test_an_answer_counts_as_delivered_exactly_where_it_stands(aftermath: Aftermath) -> None:
    for number, one in aftermath.seen.items():
        assert aftermath.states(number, "reply") == ["delivered" if one.replies else "unknown"]
        assert one.mails == one.replies


def test_no_field_change_was_lost(beside: Beside, aftermath: Aftermath) -> None:
    lost = {number for number, one in aftermath.seen.items() if one.fields != beside.escalated}
    assert lost == set()


def test_every_note_is_there_exactly_once(aftermath: Aftermath) -> None:
    assert {number: one for number, one in aftermath.seen.items() if one.notes != 1} == {}


def test_all_else_is_done(aftermath: Aftermath) -> None:
    states = {str(row["state"]) for row in aftermath.outbox if row["action"] != "reply"}
    assert states == {"delivered"}
