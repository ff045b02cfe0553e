"""Webhooks: signatures, the document, and what an answer means."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from engine.channels import Surroundings, open_channel, stays_on_this_machine
from engine.channels.webhook import FORMAT, retry_after
from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.episode import EpisodeId
from engine.errors import ConfigError
from engine.insight.contracts import CONTRACTS
from engine.messages import TemplateComposer
from engine.ports import Channel, Clock, Message, Prepared, Sent, SentState
from engine.testing import ticket
from tests.channels.peer import Answer, Peer
from tests.channels.sink import CERTIFICATE, tls_server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FORMER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NOW = datetime(2026, 3, 2, 16, tzinfo=UTC)

Connect = Callable[..., Channel]


@pytest.fixture
def connect(peer: Peer, clock: Clock, tmp_path: Path) -> Iterator[Connect]:
    opened: list[Channel] = []

    def open_it(**options: object) -> Channel:
        around = Surroundings(clock, time.monotonic, io.StringIO(), tmp_path)
        given = {"kind": "webhook", "url": f"http://{peer.place}/hook", "secret": SECRET}
        channel = open_channel("hook", given | options, around)
        assert isinstance(channel, Prepared)
        channel.prepare()
        opened.append(channel)
        return channel

    yield open_it
    for channel in opened:
        channel.close()


def message(key: str = "late|desk:T1|notify", **parts: object) -> Message:
    return Message(**{"key": key, "to": "#tier-2", "subject": "Late", "text": "It waits."} | parts)  # type: ignore[arg-type]


# --- signatures ----------------------------------------------------------------------------------


def test_an_independent_reader_finds_the_signature_good(peer: Peer, connect: Connect) -> None:
    connect().send(message(text="Grüße 🚨"))
    (got,) = peer.received
    said = Webhook(SECRET).verify(got.body, dict(got.headers))
    assert said["data"]["text"] == "Grüße 🚨"


def test_a_changed_body_is_found_out(peer: Peer, connect: Connect) -> None:
    connect().send(message())
    (got,) = peer.received
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(got.body.replace(b"waits", b"weeps"), dict(got.headers))


def test_while_secrets_change_both_are_good_and_a_third_is_not(
    peer: Peer, connect: Connect
) -> None:
    connect(secret=f"{SECRET}\n{FORMER}\n").send(message())
    (got,) = peer.received
    assert got.headers["webhook-signature"].count("v1,") == 2
    for secret in (SECRET, FORMER):
        assert Webhook(secret).verify(got.body, dict(got.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET[:-4] + "AAAA").verify(got.body, dict(got.headers))


def test_a_retry_bears_the_same_id_and_is_dated_anew(
    peer: Peer, clock: Clock, tmp_path: Path
) -> None:
    instants = iter([NOW, NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=1)])
    around = Surroundings(clock, time.monotonic, io.StringIO(), tmp_path, lambda: next(instants))
    options = {"kind": "webhook", "url": f"http://{peer.place}/", "secret": SECRET}
    channel = open_channel("hook", options, around)
    peer.answers = [Answer(503)]
    assert [channel.send(message()).state for _ in range(2)] == [
        SentState.RETRY, SentState.DELIVERED,
    ]  # fmt: skip
    channel.close()
    first, second = (got.headers for got in peer.received)
    assert first["webhook-id"] == second["webhook-id"]
    assert first["idempotency-key"] == second["idempotency-key"] == "late|desk:T1|notify"
    dates = [int(each["webhook-timestamp"]) for each in (first, second)]
    assert dates == [int(NOW.timestamp()), int(NOW.timestamp()) + 3600]
    assert peer.received[0].body == peer.received[1].body


@pytest.mark.parametrize("key", ["a b", "k\r\nX: y", "schlüssel", "", "k" * 300, "\ud83d"])
def test_a_key_that_no_header_takes_is_replaced_by_the_id(
    peer: Peer, connect: Connect, key: str
) -> None:
    connect().send(message(key))
    (got,) = peer.received
    assert got.headers["idempotency-key"] == got.headers["webhook-id"]
    assert "x" not in got.headers


# --- the document --------------------------------------------------------------------------------


def test_what_is_posted_is_what_the_contract_says(peer: Peer, connect: Connect) -> None:
    action = Action(
        key="k",
        kind=ActionKind.NOTIFY,
        audience=Audience.STAFF,
        ticket="desk:T1",
        subject="desk:T1",
        episode=EpisodeId("late", "desk:T1", "opened"),
        level=1,
        occurrence=1,
        to="#tier-2",
        details={
            "level": {"number": 1, "name": "nearly-late", "kind": "technical"},
            "tickets": ["desk:T1"],
            "reason": "level_due",
            "due_at": "2026-03-02T15:59:00Z",
            "fired_at": "2026-03-02T16:00:00Z",
        },
    )
    told = TemplateComposer((), UTC).staff([(action, ticket("T1"))], None)
    connect().send(told)
    document = peer.received[0].json
    Draft202012Validator(CONTRACTS["webhook"]()).validate(document)
    assert document["format"] == FORMAT
    assert (document["type"], document["timestamp"]) == ("escalation.fired", "2026-03-02T16:00:00Z")
    assert document["data"]["facts"]["name"] == "nearly-late"
    assert document["data"]["to"] == "#tier-2"
    assert document["data"]["thread"] == "desk:T1"


def test_the_address_is_in_the_url_where_the_url_has_a_place_for_it(
    peer: Peer, connect: Connect
) -> None:
    channel = connect(url=f"http://{peer.place}/teams/{{to}}?copy={{to}}")
    channel.send(message(to="a/b?c&d=é"))
    assert peer.received[0].path == "/teams/a%2Fb%3Fc%26d%3D%C3%A9?copy=a%2Fb%3Fc%26d%3D%C3%A9"


# --- what an answer means ------------------------------------------------------------------------


def answered(peer: Peer, connect: Connect, status: int, **headers: str) -> Sent:
    peer.usual = Answer(status, headers)
    return connect().send(message())


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_delivered_and_the_receipt_names_it(
    peer: Peer, connect: Connect, status: int
) -> None:
    sent = answered(peer, connect, status)
    assert sent.state is SentState.DELIVERED
    assert sent.receipt == f"{peer.received[0].headers['webhook-id']} {status}"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_a_server_that_is_busy_or_broken_is_asked_again(
    peer: Peer, connect: Connect, status: int
) -> None:
    sent = answered(peer, connect, status)
    assert (sent.state, sent.retry_after) == (SentState.RETRY, None)
    assert sent.reason.startswith(f"{peer.place}: {status}")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
def test_a_refusal_is_final(peer: Peer, connect: Connect, status: int) -> None:
    sent = answered(peer, connect, status)
    assert sent.state is SentState.REJECTED
    assert f"{status} " in sent.reason


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(peer: Peer, connect: Connect, status: int) -> None:
    sent = answered(peer, connect, status, Location=f"http://{peer.place}/elsewhere")
    assert sent.state is SentState.REJECTED
    assert sent.reason.endswith("redirects are not followed: correct the url")
    assert [got.path for got in peer.received] == ["/hook"]


@pytest.mark.parametrize(
    "said, wait",
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta(0)),
        ("99999999999999999999", timedelta(hours=1)),
        ("Mon, 02 Mar 2026 16:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 02 Mar 2026 15:05:00 GMT", timedelta(0)),
        ("Tue, 03 Mar 2026 16:05:00 GMT", timedelta(hours=1)),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Mon, 99 Mar 2026 16:05:00 GMT", None),
    ],
)
def test_a_wait_is_read_as_seconds_or_as_a_date_and_is_an_hour_at_the_most(
    said: str, wait: timedelta | None
) -> None:
    assert retry_after({"retry-after": said}, NOW) == wait


def test_a_server_that_asks_for_a_wait_is_heard(peer: Peer, connect: Connect) -> None:
    sent = answered(peer, connect, 429, **{"Retry-After": "90"})
    assert (sent.state, sent.retry_after) == (SentState.RETRY, timedelta(seconds=90))


def test_what_a_server_says_in_its_answer_is_not_repeated(peer: Peer, connect: Connect) -> None:
    peer.usual = Answer(400, {}, b'{"error": "no such customer: ann@example.org"}')
    assert "ann" not in connect().send(message()).reason


def test_an_answer_without_end_is_not_read_to_its_end(peer: Peer, connect: Connect) -> None:
    peer.usual = Answer(200, {}, b"x" * 5_000_000)
    channel = connect()
    assert channel.send(message()).state is SentState.DELIVERED
    peer.usual = Answer()
    assert channel.send(message("k2")).state is SentState.DELIVERED


def test_while_an_attempt_hangs_no_other_is_begun(peer: Peer, connect: Connect) -> None:
    channel = connect(timeout=timedelta(milliseconds=300))
    peer.usual = Answer(deed="drip")
    first, second = (channel.send(message(f"k{n}")) for n in range(2))
    assert first.state is SentState.UNKNOWN
    assert first.reason.endswith("no answer within 0.3 s")
    assert second.state is SentState.RETRY
    assert second.reason.endswith("an earlier attempt has not come back yet")
    assert len(peer.received) == 1


# --- connections ---------------------------------------------------------------------------------


def test_many_messages_take_one_connection(peer: Peer, connect: Connect) -> None:
    channel = connect()
    assert {channel.send(message(f"k{n}")).state for n in range(20)} == {SentState.DELIVERED}
    assert peer.connections == 1


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    peer: Peer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert connect().send(message()).state is SentState.DELIVERED
    assert len(peer.received) == 1


def test_tls_trusts_whom_it_is_told_to_and_nobody_else(connect: Connect) -> None:
    peer = Peer(tls_server())
    url = f"https://{peer.place}/"
    assert connect(url=url, ca_file=str(CERTIFICATE)).send(message()).state is SentState.DELIVERED
    sent = connect(url=url).send(message())
    peer.stop()
    assert sent.state is SentState.RETRY
    assert "TLS failed: self-signed certificate" in sent.reason
    assert len(peer.received) == 1


# --- its configuration ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, fault",
    [
        ({"url": "http://hooks.example.com/x"}, "url sends messages in the clear; write https://"),
        ({"url": "https://{to}.example.com/"}, r"url may hold \{to\} in its path or query only"),
        ({"url": "hooks.example.com"}, "url is no web address"),
        ({"url": "https://[::1/x"}, "url is no web address"),
        ({"url": "https://example.com/a b"}, "url is no web address"),
        ({"secret": "hunter2"}, "secret is no key of Standard Webhooks"),
        ({"secret": f"{SECRET} whsec_c2hvcnQ="}, "secret is no key of Standard Webhooks"),
        ({"ca_file": "nowhere.pem"}, "ca_file cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_and_not_shown(
    connect: Connect, options: dict[str, object], fault: str
) -> None:
    with pytest.raises(ConfigError, match=rf"^channels\.hook\.{fault}") as caught:
        connect(**options)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url, is_here",
    [("http://localhost:1/", True), ("https://[::1]/", True), ("https://example.com/", False)],
)
def test_it_knows_whether_it_reaches_others(url: str, *, is_here: bool) -> None:
    assert stays_on_this_machine("h", {"kind": "webhook", "url": url}) is is_here


def test_the_secret_that_the_advice_makes_is_one(connect: Connect) -> None:
    # echo whsec_$(openssl rand -base64 32)
    channel = connect(secret="whsec_bCMNxkFG3nBpSUWnHRDGQzCmL9cxUuTQWRCGhxvCoqg=")
    assert channel.send(message()).state is SentState.DELIVERED


def test_a_document_is_one_line_of_json_without_halves_of_characters(
    peer: Peer, connect: Connect
) -> None:
    connect().send(message(text="a\nb \ud83d", facts={"ticket": "desk:\ud83d"}))
    body = peer.received[0].body.decode("utf-8")
    assert "\n" not in body
    assert json.loads(body)["data"]["text"] == "a\nb  "
