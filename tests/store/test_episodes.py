"""Episodes, their firings, their messages, and what is counted of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.domain.episode import MessageKind, Passing
from engine.domain.reason import Reason
from engine.domain.rule import Kind
from engine.ports import OutboxState
from engine.store import SqlStore
from tests.store.factories import (
    HOUR,
    MINUTE,
    NOON,
    episode,
    episode_id,
    firing,
    message,
    record,
    reply,
    ticket,
)


def test_an_episode_comes_back_as_it_was_saved(store: SqlStore) -> None:
    key = episode_id()
    kept = episode(
        id=key,
        firings=(
            firing("z", kind=None),
            firing("a", level=2, kind=Kind.HIERARCHICAL, passing=Passing.SKIPPED,
                   reason=Reason.BACKLOG),
            firing("z", occurrence=2, fired_at=NOON + HOUR),
        ),
        messages=(
            message(key, occurrence=1, deliver_at=NOON + HOUR),
            message(key, message=MessageKind.ON_ESCALATION, customer=None),
        ),
        ended_at=NOON + 2 * HOUR,
    )  # fmt: skip

    with store.write() as transaction:
        transaction.save_episodes([kept])

        assert transaction.episodes(["desk:1", "desk:2"]) == {"desk:1": (kept,)}


def test_the_episodes_of_a_subject_are_told_by_rule_and_anchor(store: SqlStore) -> None:
    keys = [
        episode_id(rule="a", anchor="late"),
        episode_id(rule="a", anchor="early"),
        episode_id(rule="b"),
    ]
    saved = [replace(episode(id=key), anchor_at=NOON - i * HOUR) for i, key in enumerate(keys)]

    with store.write() as transaction:
        transaction.save_episodes(saved)

        assert [one.id for one in transaction.episodes(["desk:1"])["desk:1"]] == [
            keys[1], keys[0], keys[2]
        ]  # fmt: skip


def test_an_episode_that_is_saved_again_grows(store: SqlStore) -> None:
    first = episode(firings=(firing("first"),))
    grown = replace(
        first,
        anchor_at=NOON - MINUTE,
        firings=(firing("first"), firing("second", level=2)),
        ended_at=NOON,
    )

    with store.write() as transaction:
        transaction.save_episodes([first])
        transaction.save_episodes([grown])

        assert transaction.episodes(["desk:1"])["desk:1"] == (grown,)


def test_a_level_fires_once_whatever_is_said_later(store: SqlStore) -> None:
    again = firing("first", fired_at=NOON + HOUR, generation="g2")

    with store.write() as transaction:
        transaction.save_episodes([episode(firings=(firing("first"),))])
        transaction.save_episodes([episode(firings=(again,))])

        (kept,) = transaction.episodes(["desk:1"])["desk:1"]
        assert kept.firings == (firing("first"),)
        assert len(transaction.view("v_firings")) == 1


def test_what_a_shadow_recorded_does_not_stand_in_a_firings_way(store: SqlStore) -> None:
    shadow = firing("first", passing=Passing.SHADOW, reason=Reason.SHADOW)

    with store.write() as transaction:
        transaction.save_episodes([episode(firings=(shadow,))])
        transaction.save_episodes([episode(firings=(shadow, firing("first")))])

        (kept,) = transaction.episodes(["desk:1"])["desk:1"]
        assert kept.firings == (shadow, firing("first"))
        assert len(transaction.view("v_firings")) == 1


def test_two_workers_on_postgres_fire_a_level_once(postgres_store: SqlStore) -> None:
    for generation in ("g1", "g2"):
        with postgres_store.write() as transaction:
            transaction.save_episodes([episode(firings=(firing(generation=generation),))])

    with postgres_store.read() as transaction:
        assert [row["generation"] for row in transaction.view("v_firings")] == ["g1"]


def test_saving_the_same_episode_twice_in_one_call_keeps_the_last(store: SqlStore) -> None:
    with store.write() as transaction:
        transaction.save_episodes([episode(), episode(ended_at=NOON)])

        assert transaction.episodes(["desk:1"])["desk:1"] == (episode(ended_at=NOON),)


def test_escalations_of_a_customer_are_those_of_tickets_and_of_the_group(store: SqlStore) -> None:
    own = [ticket(1, customer="c1"), ticket(2, customer="c1"), ticket(3, customer="c2")]
    reminder = episode("desk:2", firings=(firing(kind=None),))
    skipped = episode("desk:3", firings=(firing(passing=Passing.SKIPPED),))
    escalated = episode("desk:1", firings=(firing(fired_at=NOON + HOUR),))
    group = episode("customer:c1", firings=(firing(fired_at=NOON),), ended_at=NOON)

    with store.write() as transaction:
        transaction.save_records([(record(one), one) for one in own])
        transaction.save_episodes([reminder, skipped, escalated, group])

        assert transaction.escalations_of_customers(["c1", "c2", "c3"]) == {
            "c1": (NOON, NOON + HOUR)
        }


def test_messages_are_found_by_customer_and_by_ticket_each_once(store: SqlStore) -> None:
    one, two = episode_id("desk:1"), episode_id("desk:2")
    first = message(one, deliver_at=NOON + MINUTE)
    of_the_ticket = message(two, ticket="desk:2", customer="c2")
    of_others = message(two, ticket="desk:3", customer="c3", occurrence=2)

    with store.write() as transaction:
        transaction.save_episodes(
            [
                episode(id=one, messages=(first,)),
                episode(id=two, messages=(of_the_ticket, of_others)),
            ]
        )

        assert transaction.customer_messages(["c1"], ["desk:1", "desk:2"], NOON) == (
            of_the_ticket,
            first,
        )


def test_messages_before_an_instant_are_not_told(store: SqlStore) -> None:
    key = episode_id()
    old, new = (message(key, occurrence=n, deliver_at=NOON + n * MINUTE) for n in (1, 2))

    with store.write() as transaction:
        transaction.save_episodes([episode(id=key, messages=(old, new))])

        assert transaction.customer_messages(["c1"], [], NOON + 2 * MINUTE) == (new,)


@pytest.mark.parametrize(
    "end,counts", [(OutboxState.CANCELLED, False), (OutboxState.DROPPED, True)]
)
def test_what_was_overtaken_is_no_message_and_what_cannot_be_said_is_not_tried_at_once_again(
    store: SqlStore, end: OutboxState, *, counts: bool
) -> None:
    key = episode_id()
    kept = tuple(message(key, occurrence=n) for n in (1, 2))
    actions = [reply("r1"), reply("r2", occurrence=2)]

    with store.write() as transaction:
        transaction.save_episodes([episode(id=key, messages=kept)])
        transaction.enqueue(actions, NOON)
        (row,) = transaction.lease(NOON, 1, "t", NOON + HOUR)
        assert transaction.customer_messages(["c1"], [], NOON) == kept
        transaction.finish(row.id, "t", end, NOON)

        left = kept if counts else kept[1:]
        assert transaction.customer_messages(["c1"], [], NOON) == left


def test_an_episode_knows_which_of_its_messages_were_withdrawn_and_why(store: SqlStore) -> None:
    key = episode_id()
    kept = tuple(message(key, occurrence=n) for n in (1, 2))
    with store.write() as transaction:
        transaction.save_episodes([episode(id=key, messages=kept)])
        transaction.enqueue([reply("r1"), reply("r2", occurrence=2)], NOON)
        (row,) = transaction.lease(NOON, 1, "t", NOON + HOUR)
        transaction.finish(row.id, "t", OutboxState.CANCELLED, NOON, "paused")

        (found,) = transaction.episodes(["desk:1"])["desk:1"]
        assert [one.withdrawn for one in found.messages] == ["paused", None]
        transaction.save_episodes([found])
        assert transaction.episodes(["desk:1"])["desk:1"] == (found,)


def test_a_message_that_went_out_late_counts_from_then_and_never_from_earlier(
    store: SqlStore,
) -> None:
    key = episode_id()
    kept = tuple(message(key, occurrence=n) for n in (1, 2))
    with store.write() as transaction:
        transaction.save_episodes([episode(id=key, messages=kept)])
        for at in (NOON + HOUR, NOON - HOUR):
            transaction.message_arrived(reply("r1"), at)

        (found,) = transaction.episodes(["desk:1"])["desk:1"]
        assert [one.deliver_at for one in found.messages] == [NOON + HOUR, kept[1].deliver_at]


def test_an_action_stands_for_the_message_that_it_names_only(store: SqlStore) -> None:
    key = episode_id()
    update = message(key)
    follow_up = message(key, message=MessageKind.FOLLOW_UP)
    action = reply("r1", message="follow_up")

    with store.write() as transaction:
        transaction.save_episodes([episode(id=key, messages=(update, follow_up))])
        transaction.enqueue([action], NOON)
        transaction.lease(NOON, 1, "t", NOON + HOUR)
        transaction.finish(1, "t", OutboxState.CANCELLED, NOON)

        assert transaction.customer_messages(["c1"], [], NOON) == (update,)


def test_a_renamed_rule_keeps_its_episodes_with_all_that_belongs_to_them(store: SqlStore) -> None:
    key = episode_id()
    kept = episode(id=key, messages=(message(key),))

    with store.write() as transaction:
        transaction.save_episodes([kept])
        transaction.rename_rule(key.rule, "new-name")
        found = transaction.episodes([key.subject])[key.subject]

    assert [one.id.rule for one in found] == ["new-name"]
    assert [one.id.anchor for one in found] == [key.anchor]
    assert len(found[0].firings) == len(kept.firings)
    assert len(found[0].messages) == 1
