"""What others sent us: kept in order of arrival, known by its key, let go of when it is old."""

from __future__ import annotations

from dataclasses import replace

from engine.ports import Nudge, Post, Store
from tests.store.factories import HOUR, NOON

FIRST = Post("web", "e1", "d1", "web:1", NOON, NOON, '{"text":"Grüße 😞"}')
SECOND = replace(FIRST, key="e2", digest="d2", ticket="web:2", at=NOON - HOUR)
OTHER = replace(FIRST, helpdesk="bot", ticket="bot:1", digest="d3", at=NOON + HOUR)


def keep(store: Store, *posts: Post) -> None:
    with store.write() as tx:
        tx.keep_posts(posts)


def test_what_was_sent_is_kept_in_the_order_of_arrival(store: Store) -> None:
    keep(store, FIRST, SECOND)
    keep(store, OTHER)

    with store.read() as tx:
        first, second = tx.posts("web", 0, 10)
        assert replace(first, number=0) == FIRST
        assert replace(second, number=0) == SECOND
        assert first.number < second.number
        assert tx.posts("web", first.number, 10) == [second]
        assert tx.posts("web", 0, 1) == [first]
        assert tx.posts_of("web:2", 0) == [second]
        assert tx.posts_of("web:2", second.number) == []


def test_a_key_is_known_at_its_own_helpdesk(store: Store) -> None:
    keep(store, FIRST, OTHER)

    with store.write() as tx:
        assert tx.known_posts("web", ["e1", "e9"]) == {"e1": "d1"}
        assert tx.known_posts("bot", ["e1"]) == {"e1": "d3"}
        assert tx.known_posts("web", []) == {}


def test_the_next_instant_is_that_of_what_happened_first(store: Store) -> None:
    keep(store, FIRST, SECOND, OTHER)

    with store.read() as tx:
        assert tx.next_post_at("web", NOON - 2 * HOUR) == NOON - HOUR
        assert tx.next_post_at("web", NOON - HOUR) == NOON
        assert tx.next_post_at("web", NOON) is None


def test_only_what_is_old_and_ingested_is_let_go_of(store: Store) -> None:
    keep(store, FIRST, SECOND, replace(SECOND, key="e3", received_at=NOON + HOUR), OTHER)
    with store.write() as tx:
        first, _, third = tx.posts("web", 0, 10)

        assert tx.forget_posts("web", first.number, NOON + HOUR) == 1
        assert tx.forget_posts("web", third.number, NOON + HOUR) == 1
        assert tx.posts("web", 0, 10) == [third]
        assert len(tx.posts("bot", 0, 10)) == 1
        assert tx.known_posts("web", ["e1", "e3"]) == {"e3": third.digest}


def test_a_number_is_never_given_twice(store: Store) -> None:
    keep(store, FIRST)
    with store.write() as tx:
        (first,) = tx.posts("web", 0, 10)
        tx.forget_posts("web", first.number, NOON + HOUR)
    keep(store, SECOND)

    with store.read() as tx:
        (second,) = tx.posts("web", 0, 10)
        assert second.number > first.number


def test_a_signed_request_is_let_in_once(store: Store) -> None:
    with store.write() as tx:
        assert tx.admit("msg_1.1700000000", NOON)
        assert not tx.admit("msg_1.1700000000", NOON + HOUR)
        assert tx.admit("msg_1.1700000001", NOON + HOUR)
        tx.forget_stamps(NOON + HOUR)
        assert tx.admit("msg_1.1700000000", NOON)
        assert not tx.admit("msg_1.1700000001", NOON)


def test_tickets_are_nudged_once_and_in_order(store: Store) -> None:
    with store.write() as tx:
        tx.nudge("desk", ["desk:2"], NOON)
        tx.nudge("desk", ["desk:1", "desk:1"], NOON + HOUR)
        tx.nudge("other", ["other:1"], NOON)

        assert tx.nudges("desk", 10) == [Nudge("desk:2", 1), Nudge("desk:1", 1)]
        assert tx.nudges("desk", 1) == [Nudge("desk:2", 1)]


def test_a_nudge_that_came_meanwhile_stays(store: Store) -> None:
    with store.write() as tx:
        tx.nudge("desk", ["desk:1", "desk:2"], NOON)
        seen = tx.nudges("desk", 10)
        tx.nudge("desk", ["desk:1"], NOON)
        tx.settle_nudges(seen)

        assert tx.nudges("desk", 10) == [Nudge("desk:1", 2)]
