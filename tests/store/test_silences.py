"""Silences: kept, ended, told of once, and whom they let be looked at again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.domain.reason import Reason
from engine.domain.silence import Matchers, Silence
from engine.ports import OutboxState, SilenceTold
from engine.store import SqlStore
from tests.store.factories import HOUR, MINUTE, NOON, action, episode, episode_id, message


def asked(until: datetime = NOON + HOUR, **rest: Any) -> Silence:  # noqa: ANN401
    return Silence(
        id="",
        matchers=rest.pop("matchers", Matchers(rules=("late",))),
        begins_at=rest.pop("begins_at", NOON),
        until=until,
        author="ann",
        reason="the mail server is moved",
        added_at=NOON,
    )


def test_a_silence_is_kept_as_it_was_asked_for(store: SqlStore) -> None:
    matchers = Matchers(("late", "later"), ("desk:1",), ("c–1",), ("Tier 2",))
    with store.write() as tx:
        kept = tx.add_silence(asked(matchers=matchers))

    with store.read() as tx:
        assert tx.silence(kept.id) == kept
        assert tx.silences(None) == (kept,)
    assert kept.id == "1"
    assert (kept.matchers, kept.ends_at) == (matchers, NOON + HOUR)


def test_an_id_that_nothing_has_finds_nothing(store: SqlStore) -> None:
    with store.read() as tx:
        for strange in ("7", "", "-1", "weekend", "9" * 40, "²"):
            assert tx.silence(strange) is None


def test_only_what_ends_later_is_asked_for(store: SqlStore) -> None:
    with store.write() as tx:
        tx.add_silence(asked(NOON + HOUR))
        longer = tx.add_silence(asked(NOON + 2 * HOUR))
        ended = tx.add_silence(asked(NOON + 3 * HOUR))
        tx.end_silence(ended.id, NOON + HOUR)

        assert tx.silences(NOON + HOUR) == (longer,)


def test_a_silence_ends_once(store: SqlStore) -> None:
    with store.write() as tx:
        kept = tx.add_silence(asked())

        assert tx.end_silence(kept.id, NOON + MINUTE)
        assert not tx.end_silence(kept.id, NOON + 2 * MINUTE)

        found = tx.silence(kept.id)
    assert found is not None
    assert (found.ended_at, found.ends_at, found.until) == (
        NOON + MINUTE,
        NOON + MINUTE,
        NOON + HOUR,
    )


def test_what_is_over_by_itself_cannot_be_ended(store: SqlStore) -> None:
    with store.write() as tx:
        kept = tx.add_silence(asked())

        assert not tx.end_silence(kept.id, NOON + HOUR)


def test_each_turn_of_a_silence_is_told_by_one(store: SqlStore) -> None:
    with store.write() as tx:
        kept = tx.add_silence(asked())
        assert tx.silences_to_tell_of() == [(kept, SilenceTold.NOTHING)]

        assert tx.tell_of_silence(kept.id, SilenceTold.NOTHING, SilenceTold.ADDED)
        assert not tx.tell_of_silence(kept.id, SilenceTold.NOTHING, SilenceTold.ADDED)
        assert tx.silences_to_tell_of() == [(kept, SilenceTold.ADDED)]

        assert tx.tell_of_silence(kept.id, SilenceTold.ADDED, SilenceTold.ENDED)
        assert tx.silences_to_tell_of() == []


def test_looking_again_brings_forward_and_never_puts_off(store: SqlStore) -> None:
    with store.write() as tx:
        tx.set_next_checks(
            {"desk:1": NOON + HOUR, "desk:2": None, "desk:3": NOON - HOUR, "desk:4": NOON + HOUR}
        )
        tx.look_again(NOON)
        due = {one.subject: one.next_check_at for one in tx.claim_due(NOON, 10)}

    assert due == {"desk:1": NOON, "desk:3": NOON - HOUR, "desk:4": NOON}


def test_rows_that_were_put_off_for_a_reason_are_tried_again(store: SqlStore) -> None:
    with store.write() as tx:
        tx.enqueue([action("silent"), action("else", ticket="desk:2")], NOON)
        for row in tx.lease(NOON, 10, "t", NOON + HOUR):
            reason = "silenced" if row.action.key == "silent" else "the ticket cannot be read"
            tx.snooze(row.id, "t", NOON + HOUR, reason)

        tx.wake("silenced", NOON + MINUTE)

        (again,) = tx.lease(NOON + MINUTE, 10, "u", NOON + HOUR)
        assert again.action.key == "silent"


def test_a_skipped_message_is_written_down_and_never_leased(store: SqlStore) -> None:
    with store.write() as tx:
        tx.enqueue([action("skipped", skipped=True, reason="silenced")], NOON)

        assert tx.lease(NOON, 10, "t", NOON + HOUR) == []
        assert tx.next_delivery_at() is None
        (row,) = tx.view("v_outbox")
    assert (row["state"], row["reason"]) == (OutboxState.CANCELLED, "silenced")
    assert row["finished_at"] == row["created_at"]


def test_what_was_skipped_is_remembered_as_skipped(store: SqlStore) -> None:
    of = episode_id()
    skipped = message(of, skipped=Reason.SILENCED)
    with store.write() as tx:
        tx.save_episodes([episode(messages=(skipped,))])

        ((found,),) = tx.episodes(["desk:1"]).values()
        assert found.messages == (skipped,)
        assert tx.customer_messages([], ["desk:1"], NOON - HOUR) == (skipped,)
