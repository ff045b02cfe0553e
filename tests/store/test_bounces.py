"""Addresses that take no mail: what is kept of them."""

from __future__ import annotations

from engine.domain.bounce import Bounce
from engine.ports import Store
from tests.store.factories import HOUR, NOON


def bounced(address: str = "dead", hours: int = 0) -> Bounce:
    return Bounce(address, NOON + hours * HOUR, "desk:1", "550 no such user", "key")


def test_a_bounce_is_kept_as_it_is_told(store: Store) -> None:
    with store.write() as transaction:
        assert transaction.add_bounces([bounced()]) == [bounced()]
        assert transaction.bounces(["dead", "alive"]) == {"dead": bounced()}


def test_a_second_bounce_of_an_address_is_no_news(store: Store) -> None:
    with store.write() as transaction:
        transaction.add_bounces([bounced()])
        assert transaction.add_bounces(
            [bounced(hours=1), bounced("other"), bounced("other", 2)]
        ) == [bounced("other")]
        assert transaction.bounces(["dead"]) == {"dead": bounced()}


def test_what_shows_later_that_an_address_works_clears_it(store: Store) -> None:
    with store.write() as transaction:
        transaction.add_bounces([bounced()])
        assert transaction.clear_bounces({"dead": NOON, "alive": NOON}) == []
        assert transaction.clear_bounces({"dead": NOON + HOUR}) == ["dead"]
        assert transaction.clear_bounces({"dead": NOON + HOUR}) == []
        assert transaction.counts(NOON)["unreachable"] == 0


def test_a_bounce_of_before_that_is_told_again_is_no_news(store: Store) -> None:
    with store.write() as transaction:
        transaction.add_bounces([bounced()])
        transaction.clear_bounces({"dead": NOON + HOUR})
        assert transaction.add_bounces([bounced()]) == []
        assert transaction.add_bounces([bounced(hours=2)]) == [bounced(hours=2)]
        assert transaction.counts(NOON)["unreachable"] == 1
