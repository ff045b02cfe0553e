"""What outside programs read: the views, to the letter, and the counts."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import text

from engine.domain.episode import Firing, Passing
from engine.domain.reason import Reason
from engine.errors import StoreError
from engine.ports import OutboxState
from engine.store import SqlStore
from tests.store.factories import (
    HOUR,
    MINUTE,
    NOON,
    action,
    decision,
    episode,
    episode_id,
    firing,
    notice,
    record,
    ticket,
)

CONTRACT = {
    "v_tickets": "ticket, status, next_check_at",
    "v_firings": "ticket, rule, episode, level, name, occurrence, kind, due_at, fired_at, "
    "generation",
    "v_decisions": "decision, ticket, rule, at, verdict, reason, generation",
    "v_outbox": "id, idempotency_key, ticket, rule, audience, action, receiver_hash, state, "
    "reason, attempts, created_at, finished_at",
}
"""As `contract.md` has them."""


@pytest.mark.parametrize("view", CONTRACT)
def test_a_view_has_the_columns_of_the_contract(sql_store: SqlStore, view: str) -> None:
    with sql_store.reading() as connection:
        found = connection.execute(text(f"SELECT * FROM {view}")).keys()  # noqa: S608  (four names of ours)

    assert ", ".join(found) == CONTRACT[view]


def test_the_view_of_tickets_tells_the_next_check_as_text(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.save_records([(record(ticket(n)), ticket(n)) for n in (1, 2)])
        transaction.set_next_checks({"desk:1": NOON + MINUTE})

        assert transaction.view("v_tickets") == [
            {"ticket": "desk:1", "status": "new", "next_check_at": "2026-03-02T12:01:00Z"},
            {"ticket": "desk:2", "status": "new", "next_check_at": None},
        ]


def test_the_view_of_firings_tells_only_what_fired(store: SqlStore) -> None:
    passed = [
        firing("real", level=3, occurrence=2),
        firing("late", passing=Passing.SKIPPED, reason=Reason.TOO_LATE),
        firing("tried", passing=Passing.SHADOW, reason=Reason.SHADOW),
    ]

    with store.write() as transaction:
        transaction.save_episodes([episode("customer:c1", firings=tuple(passed))])

        assert transaction.view("v_firings") == [
            {
                "ticket": "customer:c1",
                "rule": "late",
                "episode": "a1",
                "level": 3,
                "name": "real",
                "occurrence": 2,
                "kind": "technical",
                "due_at": "2026-03-02T12:00:00Z",
                "fired_at": "2026-03-02T12:01:00Z",
                "generation": "g1",
            }
        ]


def test_the_view_of_decisions_tells_each_line_of_the_log(store: SqlStore) -> None:
    with store.write() as transaction:
        (number,) = transaction.append_decisions([decision()])

        assert transaction.view("v_decisions") == [
            {
                "decision": number,
                "ticket": "desk:1",
                "rule": "late",
                "at": "2026-03-02T12:00:00Z",
                "verdict": "WAITING",
                "reason": "not_yet",
                "generation": "g1",
            }
        ]


def test_the_view_of_the_outbox_names_no_address(store: SqlStore) -> None:
    digest = hashlib.sha256(b"email:lead@example.com").hexdigest()[:16]

    with store.write() as transaction:
        transaction.enqueue([notice("k", "lead@example.com"), action("n")], NOON)
        shown, note = transaction.view("v_outbox")

    assert shown == {
        "id": 1,
        "idempotency_key": "k",
        "ticket": "desk:1",
        "rule": "late",
        "audience": "staff",
        "action": "notify",
        "receiver_hash": digest,
        "state": "pending",
        "reason": None,
        "attempts": 0,
        "created_at": "2026-03-02T12:00:00Z",
        "finished_at": None,
    }
    assert note["receiver_hash"] is None


def test_a_view_is_filtered_by_equality(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.append_decisions([decision(rule=rule) for rule in "aba"])

        found = transaction.view("v_decisions", {"rule": "a", "ticket": "desk:1"})
        none = transaction.view("v_decisions", {"rule": "' OR 1=1 --"})

    assert [row["rule"] for row in found] == ["a", "a"]
    assert none == []


def test_a_view_is_filtered_by_null(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.enqueue([notice("k", "lead@example.com"), action("n")], NOON)

        (found,) = transaction.view("v_outbox", {"receiver_hash": None})

    assert found["idempotency_key"] == "n"


@pytest.mark.parametrize(
    "name, where, words",
    [("tickets", None, "there is no view tickets"), ("v_tickets", {"id": 1}, "has no column id")],
)
def test_what_is_no_view_or_column_is_refused(
    store: SqlStore, name: str, where: dict[str, object] | None, words: str
) -> None:
    with store.read() as transaction, pytest.raises(StoreError, match=words):
        transaction.view(name, where)


def test_an_empty_store_counts_nothing(store: SqlStore) -> None:
    with store.read() as transaction:
        counts = transaction.counts(NOON)

    assert counts == {
        "live_episodes": 0,
        "overdue": 0,
        "unowned": 0,
        "held": 0,
        "unreachable": 0,
        "open_tickets": 0,
        "outbox": dict.fromkeys(map(str, OutboxState), 0),
    }


def test_episodes_are_live_once_a_level_fired_and_until_they_end(store: SqlStore) -> None:
    shadow = firing(passing=Passing.SHADOW)

    with store.write() as transaction:
        transaction.save_episodes(
            [
                episode("desk:1", firings=(firing(),)),
                episode("desk:2", firings=(firing(kind=None),)),
                episode("desk:3", firings=(shadow,)),
                episode("desk:4"),
                episode("desk:5", firings=(firing(),), ended_at=NOON),
                episode(id=episode_id("desk:1", "other"), firings=(firing(),)),
            ]
        )
        counts = transaction.counts(NOON)

        by_rule = transaction.live_episodes()

    assert (counts["live_episodes"], counts["unowned"]) == (3, 2)
    assert by_rule == {"late": 2, "other": 1}


def test_what_a_shadow_would_have_fired_is_told_from_an_instant_on(store: SqlStore) -> None:
    def shadow(name: str, minutes: int, **rest: object) -> Firing:
        usual = {"passing": Passing.SHADOW, "reason": Reason.SHADOW}
        return firing(name, fired_at=NOON + minutes * MINUTE, **usual | rest)

    firings = (
        shadow("before", -1),
        shadow("said", 0, kind=None),
        shadow("said", 2, occurrence=2, kind=None),
        shadow("late", 1, reason=Reason.TOO_LATE),
        firing("real"),
    )

    with store.write() as transaction:
        transaction.save_episodes([episode("desk:1", firings=firings)])
        told = transaction.shadow_firings(NOON)

    assert [(one.name, one.occurrence, one.kind, one.fired_at) for one in told] == [
        ("said", 1, None, NOON),
        ("said", 2, None, NOON + 2 * MINUTE),
    ]
    assert {(one.subject, one.rule, one.episode, one.level) for one in told} == {
        ("desk:1", "late", "a1", 1)
    }


def test_the_oldest_action_on_its_way_tells_since_when(store: SqlStore) -> None:
    with store.write() as transaction:
        before = transaction.waiting_since()
        transaction.enqueue([action("held", held=True)], NOON - HOUR)
        transaction.enqueue([action("a")], NOON)
        transaction.enqueue([action("b")], NOON + HOUR)
        since = transaction.waiting_since()

    assert (before, since) == (None, NOON)


def test_a_subject_is_overdue_after_its_time(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.set_next_checks({"a": NOON - HOUR, "b": NOON, "c": NOON + HOUR, "d": None})

        assert transaction.counts(NOON)["overdue"] == 1


def test_the_outbox_is_counted_by_state(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.enqueue([action("a"), action("b", held=True)], NOON)
        counts = transaction.counts(NOON)

    assert counts["held"] == 1
    outbox = counts["outbox"]
    assert isinstance(outbox, dict)
    assert (outbox["pending"], outbox["held"], outbox["delivered"]) == (1, 1, 0)


def test_live_escalations_are_named_once_each(store: SqlStore) -> None:
    up = firing("up")
    with store.write() as tx:
        tx.save_episodes(
            [
                episode("desk:2", firings=(up,)),
                episode("desk:2", id=episode_id("desk:2", "other"), firings=(up,)),
                episode("desk:1", firings=(up,)),
                episode("desk:3", firings=(up,), ended_at=NOON),
                episode("desk:4", firings=(firing("reminds", kind=None),)),
            ]
        )

        assert tx.live_escalations() == ["desk:1", "desk:2"]
