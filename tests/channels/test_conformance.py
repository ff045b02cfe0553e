"""What every channel promises; a new one joins by a line in `STATIONS`."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from engine.channels import KINDS, Surroundings, open_channel, stays_on_this_machine
from engine.errors import ConfigError
from engine.ports import Channel, Clock, Message, SentState
from tests.channels.sink import MailSink

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Station:
    """A channel with the other end in view.

    Attributes:
        options: The channel as the config file has it.
        address: An address in its own form.
        arrived: What arrived: (subject, text) in order.
        sever: Make the other side unreachable.
    """

    options: dict[str, object]
    around: Surroundings
    address: str
    arrived: Callable[[], list[tuple[str, str]]]
    sever: Callable[[], object]

    def open(self) -> Channel:
        return open_channel("desk", self.options, self.around)


def console_station(around: Surroundings, _sink: MailSink | None) -> Station:
    stream = around.stream
    assert isinstance(stream, io.StringIO)

    def arrived() -> list[tuple[str, str]]:
        rows = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [(row["subject"], row["text"]) for row in rows]

    return Station({"kind": "console"}, around, "#desk", arrived, stream.close)


def file_station(around: Surroundings, _sink: MailSink | None) -> Station:
    path = around.folder / "sent.jsonl"

    def arrived() -> list[tuple[str, str]]:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return [(row["subject"], row["text"]) for row in rows]

    options: dict[str, object] = {"kind": "file", "path": path.name}
    return Station(options, around, "#desk", arrived, path.mkdir)


def smtp_station(around: Surroundings, sink: MailSink | None) -> Station:
    assert sink is not None

    def arrived() -> list[tuple[str, str]]:
        return [(got.mail["Subject"], got.text.rstrip("\n")) for got in sink.received]

    def sever() -> None:
        sink.faults.forever = True
        sink.faults.cut = {"MAIL"}

    options: dict[str, object] = {
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": sink.port,
        "from": "Desk <desk@example.com>",
    }
    return Station(options, around, "ann@example.org", arrived, sever)


STATIONS: dict[str, Callable[[Surroundings, MailSink | None], Station]] = {
    "console": console_station,
    "file": file_station,
    "smtp": smtp_station,
}


@pytest.fixture(params=list(STATIONS))
def station(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Station:
    around = Surroundings(clock, time.monotonic, io.StringIO(), tmp_path)
    sink = request.getfixturevalue("sink") if request.param == "smtp" else None
    return STATIONS[request.param](around, sink)


@pytest.fixture
def channel(station: Station) -> Iterator[Channel]:
    opened = station.open()
    yield opened
    opened.close()


def message(
    station: Station, key: str = "k1", *, subject: str = "Late", text: str = "It waits."
) -> Message:
    return Message(key, station.address, subject, text)


def test_every_kind_of_channel_has_a_station() -> None:
    assert set(STATIONS) == set(KINDS)


def test_a_channel_bears_the_name_that_the_config_file_gives_it(channel: Channel) -> None:
    assert channel.name == "desk"


def test_a_delivered_message_arrives_whole_and_has_a_receipt(
    station: Station, channel: Channel
) -> None:
    sent = channel.send(message(station))
    assert (sent.state, bool(sent.receipt), sent.reason) == (SentState.DELIVERED, True, "")
    assert station.arrived() == [("Late", "It waits.")]


def test_messages_arrive_in_the_order_in_which_they_were_sent(
    station: Station, channel: Channel
) -> None:
    for number in range(5):
        channel.send(message(station, f"k{number}", subject=f"no. {number}"))
    assert [subject for subject, _ in station.arrived()] == [f"no. {n}" for n in range(5)]


@pytest.mark.parametrize(
    "words",
    [
        "Grüße an Zoë",
        "مرحبا، التذكرة متأخرة",
        "票据已逾期",
        "late 🚨👩🏽‍💻",
        "x" * 600,
        "long words " * 60,
    ],
)
def test_any_script_and_any_length_arrives_as_written(
    station: Station, channel: Channel, words: str
) -> None:
    channel.send(message(station, subject=words.strip(), text=words.strip()))
    ((subject, text),) = station.arrived()
    assert (subject, text) == (words.strip(), words.strip())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_line_ends_in_a_subject_become_blanks(station: Station, channel: Channel, end: str) -> None:
    channel.send(message(station, subject=f"Late{end}Bcc: all@example.net"))
    assert [subject for subject, _ in station.arrived()] == ["Late Bcc: all@example.net"]


def test_half_a_character_stops_no_message(station: Station, channel: Channel) -> None:
    sent = channel.send(message(station, subject="lone \ud83d", text="lone \ud83d", key="k\ud83d"))
    assert sent.state is SentState.DELIVERED
    assert len(station.arrived()) == 1


def test_a_message_without_text_is_still_a_message(station: Station, channel: Channel) -> None:
    assert channel.send(message(station, text="")).state is SentState.DELIVERED
    assert len(station.arrived()) == 1


def test_many_threads_may_send_at_once(station: Station, channel: Channel) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = list(
            pool.map(
                lambda n: channel.send(message(station, f"k{n}", subject=f"no. {n}")), range(40)
            )
        )
    assert {outcome.state for outcome in sent} == {SentState.DELIVERED}
    assert sorted(station.arrived()) == sorted((f"no. {n}", "It waits.") for n in range(40))


def test_what_cannot_be_reached_is_to_be_tried_again_and_says_why(
    station: Station, channel: Channel
) -> None:
    station.sever()
    sent = channel.send(message(station))
    assert sent.state is SentState.RETRY
    assert sent.reason
    assert sent.reason == " ".join(sent.reason.split())
    assert sent.receipt is None


def test_closing_twice_does_no_harm_and_a_closed_channel_opens_itself_again(
    station: Station, channel: Channel
) -> None:
    channel.send(message(station))
    channel.close()
    channel.close()
    assert channel.send(message(station, "k2")).state is SentState.DELIVERED


def test_a_channel_that_was_never_used_can_be_closed(channel: Channel) -> None:
    channel.close()


def test_an_unknown_key_in_its_configuration_is_named(station: Station) -> None:
    with pytest.raises(
        ConfigError, match=r"^channels\.desk: unknown key kin; did you mean kind\?$"
    ):
        open_channel("desk", station.options | {"kin": "x"}, station.around)


def test_a_channel_on_this_machine_knows_that_it_is(station: Station) -> None:
    assert stays_on_this_machine("desk", station.options)


def test_an_unknown_kind_is_an_error_that_lists_the_kinds(station: Station) -> None:
    with pytest.raises(ConfigError, match="is 'pigeon', and must be one of console, file, smtp"):
        open_channel("desk", {"kind": "pigeon"}, station.around)
