"""Mail through a server that wants access tokens in place of passwords."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.channels import Surroundings, open_channel
from engine.clock import SystemClock
from engine.errors import ConfigError
from engine.oauth import Grant
from engine.ports import Channel, Message, SentState
from engine.secret import Secret
from tests.channels.sink import CERTIFICATE, SinkController
from tests.oauth.sink import TokenSink, started
from tests.oauth.token_server import SECRET, TokenServer

MESSAGE = Message(key="k1", to="ann@example.org", subject="Late", text="It waits.\n")

Start = Callable[..., TokenSink]


@pytest.fixture
def start(server: TokenServer) -> Iterator[Start]:
    running: list[SinkController] = []

    def start(*without: str) -> TokenSink:
        sink = TokenSink(server)
        running.append(started(sink, without))
        return sink

    yield start
    for controller in running:
        controller.end()


@pytest.fixture
def connect(server: TokenServer, tmp_path: Path) -> Iterator[Callable[[TokenSink], Channel]]:
    opened: list[Channel] = []
    (tmp_path / "secret").write_text(SECRET)
    secret = Secret("channels.mail.oauth.client_secret", tmp_path / "secret")

    def connect(sink: TokenSink) -> Channel:
        around = Surroundings(SystemClock(), time.monotonic, io.StringIO(), tmp_path)
        given: dict[str, object] = {
            "kind": "smtp",
            "host": "127.0.0.1",
            "port": sink.port,
            "tls": "starttls",
            "ca_file": str(CERTIFICATE),
            "from": "desk@example.com",
            "username": server.user,
            "oauth": Grant("channels.mail.oauth", server.url, "desk-client", secret),
        }
        opened.append(open_channel("mail", given, around))
        return opened[-1]

    yield connect
    for channel in opened:
        channel.close()


Connect = Callable[[TokenSink], Channel]


@pytest.mark.parametrize(
    "without, way", [([], "XOAUTH2"), (["XOAUTH2"], "OAUTHBEARER"), (["OAUTHBEARER"], "XOAUTH2")]
)
def test_a_mail_goes_out_by_an_access_token(
    start: Start, connect: Connect, without: list[str], way: str
) -> None:
    sink = start(*without)
    sent = connect(sink).send(MESSAGE)
    assert (sent.state, sent.reason) == (SentState.DELIVERED, "")
    assert [how for how, _ in sink.shown] == [way]
    assert len(sink.received) == 1


def test_one_token_serves_for_many_connections(
    server: TokenServer, start: Start, connect: Connect
) -> None:
    sink = start()
    channel = connect(sink)
    for _ in range(3):
        assert channel.send(MESSAGE).state is SentState.DELIVERED
        sink.drop_connections()
    assert len(sink.shown) == 3
    assert len(server.asked) == 1


def test_a_token_that_was_revoked_costs_an_attempt_and_no_mail(
    server: TokenServer, start: Start, connect: Connect
) -> None:
    sink = start()
    channel = connect(sink)
    channel.send(MESSAGE)
    sink.drop_connections()
    server.revoke()
    refused = channel.send(MESSAGE)
    again = channel.send(MESSAGE)
    assert refused.state is SentState.RETRY
    assert "535" in refused.reason
    assert again.state is SentState.DELIVERED
    assert len(sink.received) == 2


def test_a_mail_waits_while_there_is_no_token(
    server: TokenServer, start: Start, connect: Connect
) -> None:
    sink = start()
    channel = connect(sink)
    server.says = (503, "{}")
    waits = channel.send(MESSAGE)
    server.says = None
    assert waits.state is SentState.RETRY
    assert "channels.mail.oauth: no access token from" in waits.reason
    assert channel.send(MESSAGE).state is SentState.DELIVERED


def test_a_mail_waits_while_the_secret_is_away(
    start: Start, connect: Connect, tmp_path: Path
) -> None:
    channel = connect(start())
    (tmp_path / "secret").unlink()
    waits = channel.send(MESSAGE)
    (tmp_path / "secret").write_text(SECRET)
    assert waits.state is SentState.RETRY
    assert "cannot read the secret" in waits.reason
    assert channel.send(MESSAGE).state is SentState.DELIVERED


def test_a_mail_waits_while_the_secret_is_wrong(
    start: Start, connect: Connect, tmp_path: Path
) -> None:
    sink = start()
    channel = connect(sink)
    (tmp_path / "secret").write_text("an-old-secret")
    waits = channel.send(MESSAGE)
    assert waits.state is SentState.RETRY
    assert "invalid_client" in waits.reason
    assert "an-old-secret" not in waits.reason
    assert sink.shown == []


def test_a_server_that_takes_no_token_is_told_of(start: Start, connect: Connect) -> None:
    waits = connect(start("XOAUTH2", "OAUTHBEARER")).send(MESSAGE)
    assert waits.state is SentState.RETRY
    assert "504" in waits.reason


def test_a_grant_without_a_username_is_refused(server: TokenServer, tmp_path: Path) -> None:
    around = Surroundings(SystemClock(), time.monotonic, io.StringIO(), tmp_path)
    grant = Grant("channels.mail.oauth", server.url, "desk-client")
    given = {"kind": "smtp", "host": "127.0.0.1", "from": "desk@example.com", "oauth": grant}
    with pytest.raises(ConfigError, match="belong together"):
        open_channel("mail", given, around)
