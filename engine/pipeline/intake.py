"""The command of whoever sends us something: it is kept, or refused, before they are answered.

Many requests share one transaction, since each costs a flush of the disk. Each is taken whole or
not at all, by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from engine.ports import Post, Store, Transaction

STAMPS_KEPT: Final = timedelta(minutes=15)
"""Longer than a signature is good for, on either side of now."""


class IntakeAnswer(StrEnum):
    """What a sender is answered."""

    TAKEN = "taken"
    BUSY = "busy"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one request brings.

    Attributes:
        helpdesk: Whose it is.
        posts: What is to be kept, in order.
        nudged: Tickets (``HELPDESK:ID``) that are to be read at once.
        stamp: What the request is told from its replay by; None where nobody signed it.
    """

    helpdesk: str
    posts: tuple[Post, ...] = ()
    nudged: tuple[str, ...] = ()
    stamp: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        taken: How many items are new.
        known: How many were taken before, with the same content.
        conflicts: Places, from 0, of items whose id stands for another content: nothing was taken.
        is_replay: The signed request as such was let in before: nothing was taken.
    """

    taken: int = 0
    known: int = 0
    conflicts: tuple[int, ...] = ()
    is_replay: bool = False


def accept(store: Store, deliveries: Sequence[Delivery], now: datetime) -> list[Outcome]:
    """Keep what requests bring; when this returns, it outlives a power cut.

    Args:
        store: Where it is kept.
        deliveries: In order of arrival.
        now: Aware UTC.

    Returns:
        What became of each, in their order.

    Raises:
        StoreBusyError: Lost to another writer: nothing was taken.
        StoreError: The store cannot be written: nothing was taken.
    """
    with store.write() as tx:
        known = _known(tx, deliveries)
        return [_accepted(tx, each, known[each.helpdesk], now) for each in deliveries]


def _known(tx: Transaction, deliveries: Sequence[Delivery]) -> dict[str, dict[str, str]]:
    """Helpdesk → key → digest of all that the requests may bring again."""
    keys: dict[str, set[str]] = {each.helpdesk: set() for each in deliveries}
    for each in deliveries:
        keys[each.helpdesk].update(post.key for post in each.posts)
    return {name: tx.known_posts(name, each) if each else {} for name, each in keys.items()}


def _accepted(tx: Transaction, delivery: Delivery, known: dict[str, str], now: datetime) -> Outcome:
    new: dict[str, Post] = {}
    conflicts: list[int] = []
    for place, post in enumerate(delivery.posts):
        before = known.get(post.key) or (new[post.key].digest if post.key in new else None)
        if before is None:
            new[post.key] = post
        elif before != post.digest:
            conflicts.append(place)
    if conflicts:
        return Outcome(conflicts=tuple(conflicts))
    if delivery.stamp is not None and not tx.admit(delivery.stamp, now):
        return Outcome(is_replay=True)
    tx.keep_posts(list(new.values()))
    tx.nudge(delivery.helpdesk, delivery.nudged, now)
    known.update((key, post.digest) for key, post in new.items())
    return Outcome(len(new), len(delivery.posts) - len(new))


def let_go(store: Store, helpdesk: str, keep: timedelta, now: datetime) -> int:
    """Forget what was ingested and is old, and stamps that are good for nothing; how many posts.

    Args:
        store: Where they are.
        helpdesk: Whose posts.
        keep: For how long an ingested one stays known by its key.
        now: Aware UTC.
    """
    with store.write() as tx:
        tx.forget_stamps(now - STAMPS_KEPT)
        until = (tx.watermark(helpdesk) or {}).get("number")
        return tx.forget_posts(helpdesk, until, now - keep) if isinstance(until, int) else 0
