"""Each point at which a process can end: what its successor makes of what it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.domain.aftermath import MAYBE_SENT
from engine.domain.rule import Generation
from engine.pipeline.leasing import LEASE_FOR
from engine.ports import Json, OutboxState
from engine.store import SqlStore, open_store
from tests.crash.mortal import Killed, World, generation

STAFF_AND_TICKET = ("notify", "note", "change")
A_LONG_TIME = timedelta(days=100)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    return generation(tmp_path_factory.mktemp("rules"))


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    is_file = request.param == "sqlite"
    file = f"sqlite:///{request.getfixturevalue('tmp_path')}/store.db" if is_file else ""
    found = open_store(file or request.getfixturevalue("postgres_url"))
    yield found
    found.close()


@pytest.fixture
def world(store: SqlStore, rules: Generation) -> World:
    """The first level has fired; its change, note and notice and the customer's message wait."""
    world = World(store, rules)
    world.decide()
    assert Counter(str(row["action"]) for row in world.rows()) == {
        "change": 1, "note": 1, "notify": 1, "reply": 1,
    }  # fmt: skip
    return world


# --- after the lease -----------------------------------------------------------------------------


def test_what_a_dead_process_had_only_leased_is_done_once_by_the_next(world: World) -> None:
    world.fate.strikes_at = lambda point: point.is_after("lease")
    world.die(world.deliver)
    leased = world.rows(state="leased")
    assert {row["action"] for row in leased} == {"change", "notify", "reply"}  # the note is next
    world.fate.spare()
    assert world.rescue(LEASE_FOR) == [OutboxState.PENDING] * len(leased)
    world.deliver()
    assert world.states() == {"delivered"}
    assert set(Counter(world.acts(*STAFF_AND_TICKET, "reply")).values()) == {1}


def test_a_lease_that_still_runs_is_nobody_elses(world: World) -> None:
    world.fate.strikes_at = lambda point: point.is_after("lease")
    world.die(world.deliver)
    world.fate.spare()
    assert world.rescue(LEASE_FOR - timedelta(seconds=1)) == []
    world.deliver()
    assert world.states(action="reply") == world.states(action="notify") == {"leased"}
    assert world.acts(*STAFF_AND_TICKET, "reply") == []


def test_a_lease_that_is_not_committed_is_no_lease(world: World) -> None:
    world.fate.strikes_at = lambda point: point.what == "committing" and "lease" in point.steps
    world.die(world.deliver)
    assert world.states() == {"pending"}


# --- after `sending` -----------------------------------------------------------------------------


@pytest.mark.parametrize("action", STAFF_AND_TICKET)
def test_what_staff_may_not_have_heard_is_said_again(world: World, action: str) -> None:
    row = world.row(action)
    world.fate.strikes_at = lambda point: point.is_after("begin_sending", row)
    world.die(world.deliver)
    assert world.states(id=row) == {"sending"}
    world.fate.spare()
    world.rescue(LEASE_FOR)
    assert world.states(id=row) == {"pending"}
    world.deliver()
    assert world.states(id=row) == {"delivered"}
    assert len(world.acts(action)) == 1


def test_what_a_customer_may_have_heard_is_never_said_again(world: World) -> None:
    row = world.row("reply")
    world.fate.strikes_at = lambda point: point.is_after("begin_sending", row)
    world.die(world.deliver)
    world.fate.spare()
    world.rescue(LEASE_FOR)
    assert world.states(id=row) == {"unknown"}
    assert _never_leased_again(world, row)
    assert world.acts("reply") == []


def test_an_attempt_that_is_not_committed_was_not_made(world: World) -> None:
    row = world.row("reply")
    world.fate.strikes_at = lambda point: (
        point.what == "committing" and "begin_sending" in point.steps and point.row == row
    )
    world.die(world.deliver)
    world.fate.spare()
    world.rescue(LEASE_FOR)
    world.deliver()
    assert world.states(id=row) == {"delivered"}
    assert len(world.acts("reply")) == 1


# --- after the act -------------------------------------------------------------------------------


@pytest.mark.parametrize("action", STAFF_AND_TICKET)
def test_what_staff_have_heard_and_nobody_noted_is_said_again_under_the_same_key(
    world: World, action: str
) -> None:
    row, kind = world.row(action), "send" if action == "notify" else action
    world.fate.strikes_at = lambda point: point.what == "acted" and kind in point.steps
    world.die(world.deliver)
    world.fate.spare()
    world.rescue(LEASE_FOR)
    world.deliver()
    assert world.states(id=row) == {"delivered"}
    assert list(Counter(world.acts(action)).values()) == [2]


def test_what_a_customer_has_heard_and_nobody_noted_is_held(world: World) -> None:
    row = world.row("reply")
    world.fate.strikes_at = lambda point: point.what == "acted" and "reply" in point.steps
    world.die(world.deliver)
    world.fate.spare()
    world.rescue(LEASE_FOR)
    assert world.states(id=row) == {"unknown"}
    assert _never_leased_again(world, row)
    assert len(world.acts("reply")) == 1


def test_what_a_customer_has_heard_and_the_helpdesk_proves_is_delivered(world: World) -> None:
    row = world.row("reply")
    world.helpdesk.keeps_no_keys = False
    world.fate.strikes_at = lambda point: point.what == "acted" and "reply" in point.steps
    world.die(world.deliver)
    world.fate.spare()
    assert world.rescue(LEASE_FOR)[-1] is OutboxState.DELIVERED
    assert world.states(id=row) == {"delivered"}
    world.deliver()
    assert len(world.acts("reply")) == 1
    assert world.rows(audience="staff", action="digest") == []


def test_what_a_customer_may_have_heard_is_told_to_staff_once(world: World) -> None:
    row = world.row("reply")
    world.fate.strikes_at = lambda point: point.what == "acted" and "reply" in point.steps
    world.die(world.deliver)
    world.fate.spare()
    for _ in range(3):
        world.restart()
        world.live()
    assert world.states(id=row) == {"unknown"}
    (notice,) = world.rows(audience="staff", action="digest")
    assert notice["state"] == "delivered"
    assert world.acts("notify").count(str(notice["idempotency_key"])) == 1


def test_a_doubt_that_the_helpdesk_resolves_later_ends_then(world: World) -> None:
    row = world.row("reply")
    world.fate.strikes_at = lambda point: point.what == "acted" and "reply" in point.steps
    world.die(world.deliver)
    world.fate.spare()
    done, world.helpdesk.done = world.helpdesk.done, []  # it does not show it yet
    world.helpdesk.keeps_no_keys = False
    world.rescue(LEASE_FOR)
    assert world.states(id=row) == {"unknown"}
    world.helpdesk.done = done
    world.rescue(timedelta(minutes=1))
    assert world.states(id=row) == {"delivered"}


def test_what_is_held_as_unknown_is_counted_for_people(world: World) -> None:
    world.fate.strikes_at = lambda point: point.what == "acted" and "reply" in point.steps
    world.die(world.deliver)
    world.rescue(LEASE_FOR)
    with world.store.read() as tx:
        assert tx.counts(world.real_now)["held"] == 1


def test_an_outcome_that_is_committed_stays(world: World) -> None:
    row = world.row("reply")
    world.fate.strikes_at = lambda point: point.is_after("finish", row)
    world.die(world.deliver)
    world.fate.spare()
    world.rescue(LEASE_FOR)
    assert world.states(id=row) == {"delivered"}
    world.deliver()
    assert len(world.acts("reply")) == 1


def _never_leased_again(world: World, row: int) -> bool:
    """Whatever else happens, and however long it takes."""
    for _ in range(3):
        world.real_now += A_LONG_TIME
        world.restart()
        world.deliver()
    with world.store.write() as tx:
        leased = tx.lease(world.real_now + A_LONG_TIME, 99, "t", world.real_now + 2 * A_LONG_TIME)
    return row not in {found.id for found in leased} and world.states(id=row) == {"unknown"}


# --- rescue --------------------------------------------------------------------------------------


def test_what_the_dead_left_is_due_at_once(world: World) -> None:
    world.fate.strikes_at = lambda point: point.is_after("begin_sending", world.row("notify"))
    world.die(world.deliver)
    world.fate.spare()
    world.real_now += timedelta(seconds=1)
    world.restart()
    world.deliver()
    assert world.states() == {"delivered"}


def test_a_rescue_that_dies_before_its_commit_is_done_by_the_next(world: World) -> None:
    world.fate.strikes_at = lambda point: point.is_after("begin_sending", world.row("reply"))
    world.die(world.deliver)
    world.fate.strikes_at = lambda point: point.what == "committing" and "snooze" in point.steps
    world.die(world.restart)
    assert "sending" in world.states()
    world.fate.spare()
    world.restart()
    assert world.states(action="reply") == {"unknown"}


# --- slowness is not death -----------------------------------------------------------------------


def test_no_attempt_is_begun_that_may_outlast_its_lease(world: World) -> None:
    def take_long() -> None:
        world.real_now += LEASE_FOR - timedelta(seconds=30)

    # each act takes nearly all of a lease, so the others need one of their own
    world.helpdesk.meanwhile = world.channel.meanwhile = take_long
    world.deliver()
    assert world.states() == {"delivered"}
    assert set(Counter(world.acts(*STAFF_AND_TICKET, "reply")).values()) == {1}
    leases = [p for p in world.fate.passed if p.what == "committed" and "lease" in p.steps]
    assert len(leases) == len(world.acts(*STAFF_AND_TICKET, "reply"))


def test_a_lease_is_long_enough_for_the_slowest_channel(world: World) -> None:
    world.channel.longest_call = LEASE_FOR
    world.deliver()
    assert world.states() == {"delivered"}


def test_a_customer_message_whose_sender_was_given_up_stays_unknown_when_he_comes_back(
    world: World,
) -> None:
    def be_given_up() -> None:
        if len(world.acts("reply")) == 1:
            world.helpdesk.meanwhile = lambda: None
            world.rescue(LEASE_FOR)

    world.helpdesk.meanwhile = be_given_up
    world.deliver()
    assert world.states(action="reply") == {"unknown"}
    assert len(world.acts("reply")) == 1


def test_a_process_that_is_asked_to_end_finishes_one_act_and_puts_the_others_back(
    world: World,
) -> None:
    world.is_stopping = lambda: bool(world.acts(*STAFF_AND_TICKET, "reply"))
    world.deliver()
    assert Counter(str(row["state"]) for row in world.rows()) == {"delivered": 1, "pending": 3}
    world.is_stopping = lambda: False
    world.deliver()
    assert world.states() == {"delivered"}


# --- anywhere ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def undisturbed(rules: Generation) -> World:
    """A life without an end in it."""
    world = _new_world(rules)
    world.live()
    assert [row[2] for row in world.firings()] == ["experts", "managers"]
    assert world.states() == {"delivered"}
    return world


@pytest.mark.proof
def test_a_process_may_end_at_every_single_point(rules: Generation, undisturbed: World) -> None:
    points = len(undisturbed.fate.passed)
    assert points > 50
    for number in range(1, points + 1):
        world = _after_deaths(rules, [number])
        _keeps_its_promises(world, undisturbed, deaths=1)


@pytest.mark.proof
@given(numbers=st.lists(st.integers(1, 100), min_size=2, max_size=8))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_process_may_end_again_and_again(
    rules: Generation, undisturbed: World, numbers: list[int]
) -> None:
    world = _after_deaths(rules, numbers)
    _keeps_its_promises(world, undisturbed, deaths=len(numbers))


def _new_world(rules: Generation) -> World:
    return World(open_store("sqlite://"), rules)


def _after_deaths(rules: Generation, numbers: list[int]) -> World:
    """Each life but the last ends at the n-th of its points, if it has so many."""
    world = _new_world(rules)
    for number in numbers:
        world.fate.strike_at_number(number)
        try:
            world.restart()
            world.live()
        except Killed:
            continue
    world.fate.spare()
    world.restart()
    world.live()
    return world


def _keeps_its_promises(world: World, undisturbed: World, deaths: int) -> None:
    where = f"points passed: {[str(point) for point in world.fate.passed[-3:]]}"
    assert world.firings() == undisturbed.firings(), where
    keys = {str(row["idempotency_key"]) for row in undisturbed.rows()}
    assert {str(row["idempotency_key"]) for row in world.rows() if not _is_told(row)} == keys, where
    # customers: at most once, and what may or may not have arrived is held
    assert all(count == 1 for count in Counter(world.acts("reply")).values()), where
    assert world.states(audience="customer") <= {"delivered", "unknown"}, where
    unknown = world.rows(state="unknown")
    assert len(unknown) <= deaths, where
    told = [str(row["idempotency_key"]) for row in world.rows() if _is_told(row)]
    doubtful = {str(row["idempotency_key"]) for row in unknown}
    assert {key.partition(f"|{MAYBE_SENT}|")[0] for key in told} == doubtful, where
    assert set(told) <= set(world.acts("notify")), where
    delivered = {str(r["idempotency_key"]) for r in world.rows(action="reply", state="delivered")}
    assert delivered <= set(world.acts("reply")), where
    # staff and tickets: at least once
    assert world.states(audience="staff") == world.states(audience="ticket") == {"delivered"}
    for action in STAFF_AND_TICKET:
        assert set(world.acts(action)) - set(told) == set(undisturbed.acts(action)), where
    world.store.close()


def _is_told(row: Json) -> bool:
    """Whether a row tells staff that a message may have arrived."""
    return f"|{MAYBE_SENT}|" in str(row["idempotency_key"])
