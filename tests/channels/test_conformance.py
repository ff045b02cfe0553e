"""What every channel promises; a new one joins by a line in `STATIONS`."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import enumerate as all_threads
from typing import TYPE_CHECKING

import pytest

from engine.channels import KINDS, Surroundings, open_channel, stays_on_this_machine
from engine.errors import ConfigError
from engine.pipeline.leasing import lease_for
from engine.ports import Channel, Clock, Message, Prepared, Sent, SentState
from engine.testing import MemoryChannel
from tests.channels.peer import Answer, Peer
from tests.channels.sink import CERTIFICATE, StartSink, tls_server

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct-horse-battery"
TOKEN = "T0kenOfTheService"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TIMEOUT = timedelta(milliseconds=500)
NETWORK = ("refuses", "resets", "hangs", "garbles", "drips")

Misdeed = Callable[[], object]


@dataclass(frozen=True)
class Station:
    """A channel with the other end in view.

    Attributes:
        options: The channel as the config file has it, secrets resolved.
        address: An address in its own form.
        arrived: What arrived: (subject, text) in order.
        sever: Make the other side unreachable.
        marks: What the other side can know a message by, of each that arrived; None where the
            service takes none.
        misdeeds: What a network can do to it besides, by name; a channel without one has none.
        secrets: What nobody must ever be shown.
        made: The channel itself, where no config file can name its kind.
    """

    options: dict[str, object]
    around: Surroundings
    address: str
    arrived: Callable[[], list[tuple[str, str]]]
    sever: Misdeed
    marks: Callable[[], list[str]] | None = None
    misdeeds: Mapping[str, Misdeed] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    made: Channel | None = None

    def open(self) -> Channel:
        return self.made or open_channel("desk", self.options, self.around)


def console_station(around: Surroundings, _: pytest.FixtureRequest) -> Station:
    stream = around.stream
    assert isinstance(stream, io.StringIO)

    def arrived() -> list[tuple[str, str]]:
        rows = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [(row["subject"], row["text"]) for row in rows]

    return Station({"kind": "console"}, around, "#desk", arrived, stream.close)


def file_station(around: Surroundings, _: pytest.FixtureRequest) -> Station:
    path = around.folder / "sent.jsonl"

    def rows() -> list[dict[str, str]]:
        return [json.loads(line) for line in path.read_text().splitlines()]

    return Station(
        {"kind": "file", "path": path.name},
        around,
        "#desk",
        lambda: [(row["subject"], row["text"]) for row in rows()],
        path.mkdir,
        lambda: [row["key"] for row in rows()],
    )


def smtp_station(around: Surroundings, request: pytest.FixtureRequest) -> Station:
    start_sink: StartSink = request.getfixturevalue("start_sink")
    sink = start_sink(users={"desk": PASSWORD}, tls_context=tls_server(), require_starttls=True)

    def arrived() -> list[tuple[str, str]]:
        return [(got.mail["Subject"], got.text.rstrip("\n")) for got in sink.received]

    def fault(**faults: object) -> Misdeed:
        def strike() -> None:
            sink.faults.forever = True
            for name, value in faults.items():
                setattr(sink.faults, name, value)

        return strike

    return Station(
        {
            "kind": "smtp",
            "host": "127.0.0.1",
            "port": sink.port,
            "from": "Desk <desk@example.com>",
            "tls": "starttls",
            "ca_file": str(CERTIFICATE),
            "username": "desk",
            "password": PASSWORD,
            "timeout": TIMEOUT,
        },
        around,
        "ann@example.org",
        arrived,
        fault(cut={"MAIL"}),
        lambda: [got.mail["Message-ID"] for got in sink.received],
        {
            "refuses": sink.leave,
            "resets": fault(cut={"content"}),
            "hangs": fault(hang={"content"}),
            "garbles": fault(replies={"content": "999 what?"}),
            "drips": fault(hang={"MAIL"}),
        },
        (PASSWORD,),
    )


def apprise_station(around: Surroundings, request: pytest.FixtureRequest) -> Station:
    peer: Peer = request.getfixturevalue("peer")

    def arrived() -> list[tuple[str, str]]:
        return [(got.json["title"], got.json["message"]) for got in peer.received]

    return Station(
        {
            "kind": "apprise",
            "url": f"json://desk:{PASSWORD}@{peer.place}/{TOKEN}/{{to}}",
            "overflow": "upstream",
            "timeout": TIMEOUT * 3,
        },
        around,
        "#desk",
        arrived,
        peer.stop,
        None,
        network(peer),
        (PASSWORD, TOKEN),
    )


def webhook_station(around: Surroundings, request: pytest.FixtureRequest) -> Station:
    peer: Peer = request.getfixturevalue("peer")

    def arrived() -> list[tuple[str, str]]:
        said = [got.json["data"] for got in peer.received]
        return [(data["subject"], data["text"]) for data in said]

    return Station(
        {
            "kind": "webhook",
            "url": f"http://{peer.place}/{TOKEN}?to={{to}}",
            "secret": SECRET,
            "timeout": TIMEOUT,
        },
        around,
        "#desk",
        arrived,
        peer.stop,
        lambda: [got.headers["webhook-id"] for got in peer.received],
        network(peer),
        (SECRET.removeprefix("whsec_"), TOKEN),
    )


def memory_station(around: Surroundings, _: pytest.FixtureRequest) -> Station:
    channel = MemoryChannel("desk")

    def sever() -> None:
        channel.outcomes.append(Sent(SentState.RETRY, reason="cut"))

    return Station(
        {},
        around,
        "#desk",
        lambda: [(each.subject, each.text) for each in channel.sent],
        sever,
        lambda: [each.key for each in channel.sent],
        made=channel,
    )


def network(peer: Peer) -> dict[str, Misdeed]:
    def always(deed: str) -> Misdeed:
        return lambda: setattr(peer, "usual", Answer(deed=deed))

    deeds = {"resets": "reset", "hangs": "hang", "garbles": "garble", "drips": "drip"}
    return {"refuses": peer.stop, **{name: always(deed) for name, deed in deeds.items()}}


STATIONS: dict[str, Callable[[Surroundings, pytest.FixtureRequest], Station]] = {
    "console": console_station,
    "file": file_station,
    "smtp": smtp_station,
    "apprise": apprise_station,
    "webhook": webhook_station,
    "memory": memory_station,
}
ON_THE_NETWORK = ("smtp", "apprise", "webhook")


@pytest.fixture(params=list(STATIONS))
def station(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Station:
    around = Surroundings(clock, time.monotonic, io.StringIO(), tmp_path)
    return STATIONS[request.param](around, request)


@pytest.fixture
def channel(station: Station) -> Iterator[Channel]:
    opened = station.open()
    if isinstance(opened, Prepared):
        opened.prepare()
    yield opened
    opened.close()


def message(
    station: Station, key: str = "k1", *, subject: str = "Late", text: str = "It waits."
) -> Message:
    return Message(key, station.address, subject, text)


def test_every_kind_of_channel_has_a_station() -> None:
    assert set(STATIONS) == {*KINDS, "memory"}


def test_a_channel_bears_the_name_that_the_config_file_gives_it(channel: Channel) -> None:
    assert channel.name == "desk"


# --- what arrives --------------------------------------------------------------------------------


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


def test_the_same_message_twice_is_known_as_the_same(station: Station, channel: Channel) -> None:
    receipts = [channel.send(message(station)).receipt for _ in range(2)]
    if station.marks is None:
        assert receipts[0] == receipts[1]
    else:
        assert len(set(station.marks())) == 1


def test_different_messages_are_known_as_different(station: Station, channel: Channel) -> None:
    receipts = [channel.send(message(station, f"k{n}")).receipt for n in range(5)]
    assert len(set(receipts)) == 5
    assert station.marks is None or len(set(station.marks())) == 5


@pytest.mark.parametrize(
    "words",
    [
        "Grüße an Zoë",
        "مرحبا، التذكرة متأخرة",
        "שלום, הפנייה מאחרת",
        "票据已逾期",
        "late 🚨👩🏽‍💻",
        "👩‍👩‍👧‍👦 " * 20,
        "x" * 600,
        "long words " * 60,
        "<b>&amp; <script>alert(1)</script>",
        "{{ secret }} %s {to} \\r\\n",
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
    if isinstance(channel, MemoryChannel):
        return  # it keeps what it is given: that is what it is for
    channel.send(message(station, subject=f"Late{end}Bcc: all@example.net"))
    assert [subject for subject, _ in station.arrived()] == ["Late Bcc: all@example.net"]


@pytest.mark.parametrize(
    "hostile",
    [
        "lone \ud83d",
        "nul \x00 bell \x07 escape \x1b[2J",
        "Late\r\n\r\nBcc: all@example.net\r\n.\r\nQUIT\r\n",
        "x" * 10_000,
        "\u202etxet\u202c \u2067",
        "",
    ],
)
def test_whatever_a_message_holds_it_arrives_once_and_injects_nothing(
    station: Station, channel: Channel, hostile: str
) -> None:
    sent = channel.send(message(station, f"k{hostile}", subject=hostile, text=hostile or " "))
    assert sent.state is SentState.DELIVERED
    ((subject, _),) = station.arrived()
    if not isinstance(channel, MemoryChannel):
        assert not set(subject) & set("\r\n\x00\x07\x1b\ud83d")


@pytest.mark.parametrize("address", ["", "a@b\r\nRCPT TO:<c@d>", "\x00", "\ud83d", "x" * 5000])
def test_whatever_an_address_holds_nothing_is_raised(
    station: Station, channel: Channel, address: str
) -> None:
    sent = channel.send(Message("k1", address, "Late", "It waits."))
    assert sent.state in (SentState.DELIVERED, SentState.REJECTED)
    assert len(station.arrived()) == (sent.state is SentState.DELIVERED)


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


# --- what goes wrong -----------------------------------------------------------------------------


def test_what_cannot_be_reached_is_to_be_tried_again_and_says_why(
    station: Station, channel: Channel
) -> None:
    station.sever()
    sent = channel.send(message(station))
    assert sent.state is SentState.RETRY
    assert sent.reason
    assert sent.reason == " ".join(sent.reason.split())
    assert sent.receipt is None


@pytest.mark.parametrize("misdeed", NETWORK)
@pytest.mark.parametrize("station", ON_THE_NETWORK, indirect=True)
@pytest.mark.parametrize("is_warm", [False, True])
def test_whatever_the_other_side_does_is_an_outcome_with_a_reason(
    station: Station, channel: Channel, misdeed: str, *, is_warm: bool
) -> None:
    if is_warm:
        channel.send(message(station, "k0"))
    station.misdeeds[misdeed]()
    sent = channel.send(message(station))
    assert sent.state in (SentState.RETRY, SentState.UNKNOWN)
    assert sent.reason == " ".join(sent.reason.split()) != ""
    assert sent.receipt is None
    assert sent.state is SentState.RETRY or misdeed != "refuses"


@pytest.mark.parametrize("misdeed", NETWORK)
@pytest.mark.parametrize("station", ON_THE_NETWORK, indirect=True)
def test_a_secret_is_never_shown(
    station: Station,
    channel: Channel,
    misdeed: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcomes = [channel.send(message(station))]
    station.misdeeds[misdeed]()
    outcomes.append(channel.send(message(station, "k2")))
    settings = getattr(channel, "_settings")  # noqa: B009 (what a traceback's locals would show)
    shown = [repr(channel), repr(settings), repr(outcomes), caplog.text, *capfd.readouterr()]
    for secret in station.secrets:
        assert not any(secret in each for each in shown)


def test_the_longest_call_fits_into_a_lease(station: Station, channel: Channel) -> None:
    assert channel.longest_call > timedelta(0)
    assert channel.longest_call >= station.options.get("timeout", timedelta(0))  # type: ignore[operator]
    assert lease_for([channel]) > 2 * channel.longest_call


# --- its life ------------------------------------------------------------------------------------


def test_closing_twice_does_no_harm_and_a_closed_channel_opens_itself_again(
    station: Station, channel: Channel
) -> None:
    channel.send(message(station))
    channel.close()
    channel.close()
    assert channel.send(message(station, "k2")).state is SentState.DELIVERED


def test_a_channel_that_was_never_used_can_be_closed(channel: Channel) -> None:
    channel.close()


def test_no_thread_outlives_a_message(station: Station, channel: Channel) -> None:
    before = {thread.name for thread in all_threads() if "process_request" not in thread.name}
    channel.send(message(station))
    channel.close()
    after = {thread.name for thread in all_threads() if "process_request" not in thread.name}
    assert after <= before


def test_an_unknown_key_in_its_configuration_is_named(station: Station) -> None:
    with pytest.raises(
        ConfigError, match=r"^channels\.desk: unknown key kin; did you mean kind\?$"
    ):
        open_channel("desk", {"kind": "console", **station.options, "kin": "x"}, station.around)


def test_a_channel_on_this_machine_knows_that_it_is(station: Station) -> None:
    assert station.made or stays_on_this_machine("desk", station.options)


def test_an_unknown_kind_is_an_error_that_lists_the_kinds(station: Station) -> None:
    kinds = "console, file, smtp, apprise, webhook"
    with pytest.raises(ConfigError, match=f"is 'pigeon', and must be one of {kinds}"):
        open_channel("desk", {"kind": "pigeon"}, station.around)
