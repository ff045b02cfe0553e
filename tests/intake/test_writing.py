"""What is done to a ticket that was sent to us goes out as a webhook, or is impossible."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.domain.actions import FieldChange
from engine.ports import Helpdesk, Message, SentState
from engine.testing import MemoryChannel
from tests.intake.letterbox import NOW, Letterbox

CHANGE = (FieldChange("priority", "low", "high"), FieldChange("tags", (), ("vip",)))


@pytest.fixture
def carrier(box: Letterbox) -> MemoryChannel:
    """The channel that carries out what is done."""
    made = MemoryChannel("carrier")
    box.channels["carrier"] = made
    return made


def writing(box: Letterbox) -> Helpdesk:
    return box.desk(write_back={"webhook": "carrier"})


def test_a_change_is_posted_with_its_key(box: Letterbox, carrier: MemoryChannel) -> None:
    sent = writing(box).change("web:1", CHANGE, "k1", NOW)
    (message,) = carrier.sent

    assert sent.state is SentState.DELIVERED
    assert (message.key, message.to, message.thread) == ("k1", "web:1", "web:1")
    assert message.facts == {
        "event": "ticket.change",
        "ticket": "web:1",
        "key": "k1",
        "fired_at": "2026-03-02T16:00:00Z",
        "changes": [
            {"field": "priority", "before": "low", "after": "high"},
            {"field": "tags", "before": [], "after": ["vip"]},
        ],
    }


def test_a_note_is_posted_with_its_words(box: Letterbox, carrier: MemoryChannel) -> None:
    writing(box).note("web:1", "Rule late fired", "k2", NOW)
    (message,) = carrier.sent

    assert message.text == "Rule late fired"
    assert message.facts["event"] == "ticket.note"


def test_a_call_takes_as_long_as_its_channel_may(box: Letterbox, carrier: MemoryChannel) -> None:
    carrier.longest_call = timedelta(seconds=99)

    assert writing(box).longest_call == timedelta(seconds=99)


def test_a_change_that_nobody_carries_out_is_rejected_and_says_what_to_do(box: Letterbox) -> None:
    sent = box.desk().change("web:1", CHANGE, "k1", NOW)

    assert sent.state is SentState.REJECTED
    assert sent.reason.startswith("web: ")
    assert "write_back" in sent.reason


def test_customers_are_written_to_by_a_channel(box: Letterbox) -> None:
    desk = box.desk()
    sent = desk.reply("web:1", Message("k", "eve@example.com", "We have it", "Dear Eve"), NOW)

    assert not desk.can.replies
    assert sent.state is SentState.REJECTED
    assert "replies_by" in sent.reason
