"""Apprise: what services get, what is heard of their refusals, and what is never told."""

from __future__ import annotations

import io
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from engine.channels import Surroundings, open_channel, stays_on_this_machine
from engine.channels.apprise import AppriseChannel
from engine.errors import ConfigError
from engine.ports import Clock, Message, SentState
from tests.channels.peer import Answer, Peer

if TYPE_CHECKING:
    import apprise

DOCS = Path(__file__).parents[2] / "docs" / "channels.md"
EXAMPLE = re.compile(r"^\| (?P<service>[^|]+) \| `(?P<url>\w+://[^`]+)` \| (`(?P<to>[^`]+)`)? ?\|$")
TOKEN = "Abcdefghijklmn1"

Connect = Callable[..., AppriseChannel]


@pytest.fixture
def connect(clock: Clock, tmp_path: Path) -> Iterator[Connect]:
    opened: list[AppriseChannel] = []

    def open_it(url: str, **options: object) -> AppriseChannel:
        around = Surroundings(clock, time.monotonic, io.StringIO(), tmp_path)
        channel = open_channel("chat", {"kind": "apprise", "url": url} | options, around)
        assert isinstance(channel, AppriseChannel)
        opened.append(channel)
        return channel

    yield open_it
    for channel in opened:
        channel.close()


def message(**parts: object) -> Message:
    given = {"key": "k1", "to": "tier-2", "subject": "Late: T1", "text": "It waits.\n\nSince noon."}
    return Message(**given | parts)  # type: ignore[arg-type]


# --- what services get ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url, path, said",
    [
        ("json://{place}/{{to}}", "/tier-2", "Late: T1"),
        ("xml://{place}/x", "/x", "<Subject>Late: T1</Subject>"),
        ("form://{place}/x", "/x", "title=Late%3A+T1"),
        ("ntfy://{place}/{{to}}", "/", '"topic": "tier-2"'),
        (f"gotify://{{place}}/{TOKEN}", "/message", '"title": "Late: T1"'),
        (
            "mmost://{place}/3ccdd113474722377935511fc85d3dd4?channel={{to}}",
            "/hooks/3ccdd",
            "tier-2",
        ),
        ("rocket://WEBHOOK/TOKEN@{place}/{{to}}?mode=webhook", "/hooks/WEBHOOK", "Late: T1"),
    ],
)
def test_a_service_gets_the_subject_and_the_whole_text(
    peer: Peer, connect: Connect, url: str, path: str, said: str
) -> None:
    channel = connect(url.format(place=peer.place))
    channel.prepare()
    sent = channel.send(message())
    assert sent.state is SentState.DELIVERED, sent
    (got,) = peer.received
    assert got.path.startswith(path)
    body = got.body.decode()
    assert said in body
    assert "Since noon." in body.replace("+", " ")


def test_notices_alarm_and_digests_inform(peer: Peer, connect: Connect) -> None:
    channel = connect(f"json://{peer.place}/")
    channel.send(message(facts={"kind": "notify"}))
    channel.send(message(facts={"kind": "digest"}))
    assert [got.json["type"] for got in peer.received] == ["warning", "info"]


@pytest.mark.parametrize(
    "overflow, sizes", [("split", [160, 160, 81]), ("truncate", [160]), ("upstream", [400])]
)
def test_a_text_that_is_too_long_is_split_or_cut_as_configured(
    peer: Peer, connect: Connect, monkeypatch: pytest.MonkeyPatch, overflow: str, sizes: list[int]
) -> None:
    from apprise.plugins.custom_json import NotifyJSON

    monkeypatch.setattr(NotifyJSON, "body_maxlen", 160)
    connect(f"json://{peer.place}/", overflow=overflow).send(message(text="x" * 400))
    found = [len(got.json["message"]) for got in peer.received]
    assert sum(found) == min(sum(sizes), 400) or found == sizes
    assert len(found) == len(sizes)


@pytest.mark.parametrize(
    "call",
    [
        "@everyone",
        "@here",
        "@channel",
        "@all",
        "<!channel>",
        "<@U123>",
        "<https://evil.example|ok>",
    ],
)
def test_what_a_customer_wrote_calls_nobody(peer: Peer, connect: Connect, call: str) -> None:
    connect(f"json://{peer.place}/").send(message(subject=f"Help {call}", text=f"Now, {call}!"))
    got = peer.received[0].json
    assert call not in got["title"] + got["message"]
    assert got["message"].replace("\u200b", "") == f"Now, {call}!"


def test_a_mail_address_and_plain_html_stay_as_they_are(peer: Peer, connect: Connect) -> None:
    text = "ask ann@example.org about <b> & https://example.org/?a=1"
    connect(f"json://{peer.place}/").send(message(text=text))
    assert peer.received[0].json["message"] == text


def test_nothing_is_linked_that_others_serve(peer: Peer, connect: Connect) -> None:
    connect(f"mmost://{peer.place}/3ccdd113474722377935511fc85d3dd4").send(message())
    assert b"github" not in peer.received[0].body


# --- what is heard -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 429, 500, 503])
def test_a_refusal_is_tried_again_and_its_status_told(
    peer: Peer, connect: Connect, status: int
) -> None:
    peer.usual = Answer(status)
    sent = connect(f"json://{peer.place}/").send(message())
    assert sent.state is SentState.RETRY
    assert sent.reason.startswith("JSON: Failed to send JSON POST notification")
    assert sent.reason.endswith(f"error={status}.")


def test_an_address_that_the_service_cannot_have_is_rejected_with_apprises_words(
    connect: Connect,
) -> None:
    account = "0123456789abcdef0123456789abcdef"
    channel = connect(f"twilio://AC{account}:{account}@{{to}}")
    sent = channel.send(message(to="nobody"))
    assert sent.state is SentState.REJECTED
    assert "specified (nobody) is invalid" in sent.reason
    assert account not in sent.reason


def test_a_redirect_is_not_followed(peer: Peer, connect: Connect) -> None:
    peer.usual = Answer(302, {"Location": f"http://{peer.place}/elsewhere"})
    assert connect(f"json://{peer.place}/").send(message()).state is SentState.RETRY
    assert [got.path for got in peer.received] == ["/"]


def test_the_url_cannot_make_a_failure_look_like_a_success(peer: Peer, connect: Connect) -> None:
    peer.usual = Answer(500)
    sent = connect(f"json://{peer.place}/?optional=yes&retry=5").send(message())
    assert sent.state is SentState.RETRY
    assert len(peer.received) == 1


def test_while_an_attempt_hangs_no_other_is_begun(peer: Peer, connect: Connect) -> None:
    channel = connect(f"json://{peer.place}/", timeout=timedelta(milliseconds=600))
    channel.prepare()
    peer.usual = Answer(deed="drip")
    first, second = (channel.send(message(key=f"k{n}")) for n in range(2))
    assert (first.state, first.reason) == (SentState.UNKNOWN, "Apprise: no answer within 0.6 s")
    assert second.state is SentState.RETRY
    assert len(peer.received) == 1


def test_apprise_says_nothing_on_the_terminal_or_in_the_log(
    peer: Peer,
    connect: Connect,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer.usual = Answer(500)
    seen: list[logging.LogRecord] = []
    root = logging.getLogger()
    listener = logging.Handler()
    monkeypatch.setattr(listener, "emit", seen.append)
    root.addHandler(listener)
    connect(f"json://{peer.place}/").send(message())
    root.removeHandler(listener)
    assert [record.name for record in seen if record.name.startswith("apprise")] == []
    assert capfd.readouterr() == ("", "")


# --- its configuration ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url, fault",
    [
        ("slack://T0000AAAA/B0000BBBB", r"An invalid Slack \(third\) Token"),
        ("slak://T0000AAAA/B0000BBBB/{to}", "Apprise cannot use it: .*slak"),
        ("twilio://AC123:hunter22@+49/{to}", "The Account .From. Phone"),
    ],
)
def test_a_url_that_can_never_send_is_told_at_the_start_without_its_secrets(
    connect: Connect, url: str, fault: str
) -> None:
    with pytest.raises(ConfigError, match=rf"^channels\.chat\.url: .*{fault}") as caught:
        connect(url).prepare()
    for secret in ("T0000AAAA", "B0000BBBB", "hunter22"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize("options", [{"url": "slack"}, {"url": "json://x y"}, {"overflow": "drop"}])
def test_what_cannot_be_used_is_refused(connect: Connect, options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"^channels\.chat\.(url|overflow) is "):
        connect(**({"url": "json://localhost/"} | options))


@pytest.mark.parametrize(
    "url, is_here",
    [
        ("json://127.0.0.1:8080/", True),
        ("jsons://localhost/{to}", True),
        ("json://example.com/", False),
        ("slack://localhost/B/c", False),  # there the host is a token
        ("ntfy://localhost", False),  # and there a topic of the public server
    ],
)
def test_it_knows_whether_it_reaches_others(url: str, *, is_here: bool) -> None:
    assert stays_on_this_machine("c", {"kind": "apprise", "url": url}) is is_here


def test_apprise_is_loaded_by_whoever_sends_and_by_nobody_else() -> None:
    import subprocess

    program = (
        "import io, sys, pathlib\n"
        "from engine.channels import Surroundings, open_channel\n"
        "around = Surroundings(None, None, io.StringIO(), pathlib.Path())\n"
        "channel = open_channel('c', {'kind': 'apprise', 'url': 'json://x/'}, around)\n"
        "assert 'apprise' not in sys.modules\n"
        "channel.prepare()\n"
        "assert 'apprise' in sys.modules\n"
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )


# --- the examples of the documentation -----------------------------------------------------------


def examples() -> list[tuple[str, str, str]]:
    found = map(EXAMPLE.match, DOCS.read_text(encoding="utf-8").splitlines())
    return [(one["service"], one["url"], one["to"] or "") for one in found if one]


def plugin_of(channel: AppriseChannel, to: str) -> apprise.NotifyBase | None:
    return channel._plugin(to)  # noqa: SLF001 (what would be sent to needs no service to look at)


def test_the_services_that_people_ask_for_are_among_the_examples() -> None:
    schemes = {url.partition("://")[0] for _, url, _ in examples()}
    assert schemes >= {"slack", "workflows", "discord", "tgram", "matrixs", "pagerduty",
                       "twilio", "clickatell", "sinch", "vonage"}  # fmt: skip


@pytest.mark.parametrize("service, url, to", examples())
def test_apprise_reads_the_example_and_finds_the_address_in_it(
    connect: Connect, service: str, url: str, to: str
) -> None:
    channel = connect(url)
    channel.prepare()
    plugin = plugin_of(channel, to)
    assert plugin is not None, service
    assert re.sub(r"\W", "", to) in re.sub(r"\W", "", unquote(str(plugin.url())))  # type: ignore[no-untyped-call]
    assert ("{to}" in url) == bool(to)
