from __future__ import annotations

import contextlib
import hashlib
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from engine.channels import Surroundings, open_channel, stays_on_this_machine
from engine.errors import ConfigError
from engine.ports import Channel, Clock, Message, SentState
from tests.channels.sink import CERTIFICATE, MailSink, StartSink, free_port, tls_server

Connect = Callable[..., Channel]


@pytest.fixture
def around(clock: Clock, tmp_path: Path) -> Surroundings:
    return Surroundings(clock, time.monotonic, io.StringIO(), tmp_path)


@pytest.fixture
def connect(around: Surroundings) -> Iterator[Connect]:
    opened: list[Channel] = []

    def to(port: int, **options: object) -> Channel:
        given = {"kind": "smtp", "host": "127.0.0.1", "port": port, "from": "desk@example.com"}
        opened.append(open_channel("mail", given | options, around))
        return opened[-1]

    yield to
    for channel in opened:
        channel.close()


def message(key: str = "k1", **parts: object) -> Message:
    whole = {"key": key, "to": "ann@example.org", "subject": "Late", "text": "It waits.\n"}
    return Message(**whole | parts)  # type: ignore[arg-type]


# --- what arrives --------------------------------------------------------------------------------


def test_a_mail_has_a_text_and_an_html_part(sink: MailSink, connect: Connect) -> None:
    connect(sink.port).send(message(html="<p>Es wartet – seit Langem.</p>"))
    (got,) = sink.received
    assert got.mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in got.mail.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert got.text == "It waits.\n"
    assert got.html.strip() == "<p>Es wartet – seit Langem.</p>"


def test_a_mail_without_html_is_plain(sink: MailSink, connect: Connect) -> None:
    connect(sink.port).send(message())
    assert sink.received[0].mail.get_content_type() == "text/plain"


def test_the_message_id_follows_from_the_key_and_from_nothing_else(
    sink: MailSink, connect: Connect
) -> None:
    channel = connect(sink.port)
    for text in ("one", "two"):
        channel.send(message("rule|desk:1|e1|2|1", text=text))
    digest = hashlib.sha256(b"rule|desk:1|e1|2|1").hexdigest()[:32]
    assert [got.mail["Message-ID"] for got in sink.received] == [f"<{digest}@example.com>"] * 2


def test_mails_of_one_ticket_share_a_thread_and_those_of_two_do_not(
    sink: MailSink, connect: Connect
) -> None:
    channel = connect(sink.port)
    for key, thread in (("k1", "desk:1"), ("k2", "desk:1"), ("k3", "desk:2"), ("k4", None)):
        channel.send(message(key, thread=thread))
    first, second, third, alone = [got.mail for got in sink.received]
    assert first["In-Reply-To"] == first["References"] == second["In-Reply-To"]
    assert first["In-Reply-To"].endswith("@example.com>")
    assert third["In-Reply-To"] not in (None, first["In-Reply-To"])
    assert alone["In-Reply-To"] is None


def test_a_mail_says_that_a_program_wrote_it_and_when(sink: MailSink, connect: Connect) -> None:
    connect(sink.port).send(message())
    mail = sink.received[0].mail
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert parsedate_to_datetime(mail["Date"]).isoformat() == "2016-03-02T16:00:00+00:00"


def test_facts_become_headers_and_missing_ones_do_not(sink: MailSink, connect: Connect) -> None:
    facts = {
        "ticket": "desk:INC1",
        "rule": "bücher\r\nBcc: all@example.net",
        "message": "update",
        "occurrence": 3,
        "level": None,
        "episode": "not a header",
    }
    connect(sink.port).send(message(facts=facts))
    mail = sink.received[0].mail
    found = {name: value for name, value in mail.items() if name.startswith("X-Escalatord")}
    assert found == {
        "X-Escalatord-Ticket": "desk:INC1",
        "X-Escalatord-Rule": "bücher Bcc: all@example.net",
        "X-Escalatord-Message": "update",
        "X-Escalatord-Occurrence": "3",
    }
    assert mail["Bcc"] is None


def test_names_in_any_script_arrive(sink: MailSink, connect: Connect) -> None:
    channel = connect(sink.port, **{"from": "Kundendienst Böblingen <desk@bücher.example>"})
    sent = channel.send(message(to='"Zoë, née Müller" <zoe@example.org>'))
    assert sent.state is SentState.DELIVERED
    (got,) = sink.received
    assert got.mail["From"].addresses[0].display_name == "Kundendienst Böblingen"
    assert got.mail["To"].addresses[0].display_name == "Zoë, née Müller"
    assert (got.sender, got.recipients) == ("desk@xn--bcher-kva.example", ["zoe@example.org"])


def test_an_address_beyond_ascii_is_written_to_where_the_server_takes_it(
    sink: MailSink, connect: Connect
) -> None:
    assert connect(sink.port).send(message(to="zoë@example.org")).state is SentState.DELIVERED
    assert sink.received[0].recipients == ["zoë@example.org"]


def test_an_address_beyond_ascii_is_rejected_where_the_server_does_not_take_it(
    start_sink: StartSink, connect: Connect
) -> None:
    channel = connect(start_sink(enable_SMTPUTF8=False).port)
    sent = channel.send(message(to="zoë@example.org"))
    assert (sent.state, "beyond ASCII" in sent.reason) == (SentState.REJECTED, True)
    assert channel.send(message()).state is SentState.DELIVERED


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@example.org, bob@example.org",
        "ann@example.org\r\nBcc: all@example.net",
        "Ann\r\nBcc: all@example.net <ann@example.org>",
        "ann@example.org> NOTIFY=NEVER <x@example.org",
        "#support",
        "ann@exa mple.org",
        "ann@" + "x" * 80 + ".org",
    ],
)
def test_what_is_no_address_is_rejected_before_anybody_is_asked(
    sink: MailSink, connect: Connect, address: str
) -> None:
    sent = connect(sink.port).send(message(to=address))
    assert (sent.state, sent.bounced) == (SentState.REJECTED, True)
    assert "is no mail address" in sent.reason or "no valid domain" in sent.reason
    assert (sink.received, sink.verbs) == ([], [])


def test_a_long_domain_leaves_the_message_id_whole(sink: MailSink, connect: Connect) -> None:
    domain = "a-rather-long-label-for-a-support-desk." * 3 + "example.com"
    connect(sink.port, **{"from": f"desk@{domain}"}).send(message(thread="desk:1"))
    content = sink.received[0].content.decode()
    digest = hashlib.sha256(b"k1").hexdigest()[:32]
    assert f"<{digest}@{domain}>" in content
    assert "=?" not in content


def test_lines_that_begin_with_a_dot_arrive_with_it(sink: MailSink, connect: Connect) -> None:
    text = ".\n..\n.hidden\nend\n"
    connect(sink.port).send(message(text=text))
    assert sink.received[0].text == text


# --- one connection for many messages ------------------------------------------------------------


def test_many_messages_take_one_connection(sink: MailSink, connect: Connect) -> None:
    channel = connect(sink.port)
    for number in range(20):
        channel.send(message(f"k{number}"))
    assert (len(sink.received), sink.connections) == (20, 1)


def test_a_connection_that_the_server_ended_meanwhile_is_reopened_at_once(
    sink: MailSink, connect: Connect
) -> None:
    channel = connect(sink.port)
    channel.send(message("k1"))
    sink.drop_connections()
    assert channel.send(message("k2")).state is SentState.DELIVERED
    assert (len(sink.received), sink.connections) == (2, 2)


def test_a_server_that_says_goodbye_to_an_idle_connection_gets_the_mail_on_a_new_one(
    sink: MailSink, connect: Connect
) -> None:
    channel = connect(sink.port)
    channel.send(message("k1"))
    sink.faults.replies["MAIL"] = "421 idle for too long"
    assert channel.send(message("k2")).state is SentState.DELIVERED
    assert (len(sink.received), sink.connections) == (2, 2)


def test_a_refused_mail_does_not_spoil_the_next(sink: MailSink, connect: Connect) -> None:
    channel = connect(sink.port)
    sink.faults.replies["RCPT"] = "550 no such user"
    assert channel.send(message("k1")).state is SentState.REJECTED
    assert channel.send(message("k2", to="bob@example.org")).state is SentState.DELIVERED
    assert [got.recipients for got in sink.received] == [["bob@example.org"]]
    assert sink.connections == 1


# --- where the line is ---------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "content"])
@pytest.mark.parametrize(
    "reply, state",
    [
        ("451 try again", SentState.RETRY),
        ("452 full", SentState.RETRY),
        ("421 closing", SentState.RETRY),
        ("550 no such user", SentState.REJECTED),
        ("552 too large", SentState.REJECTED),
        ("554 spam", SentState.REJECTED),
        ("530 authenticate first", SentState.RETRY),
    ],
)
def test_a_reply_decides_wherever_it_comes(
    sink: MailSink, connect: Connect, verb: str, reply: str, state: SentState
) -> None:
    sink.faults.replies[verb] = reply
    channel = connect(sink.port)
    sent = channel.send(message())
    assert (sent.state, sent.reason) == (state, f"127.0.0.1:{sink.port}: {reply}")
    assert sink.received == []
    assert channel.send(message("k2")).state is SentState.DELIVERED


@pytest.mark.parametrize(
    "verb, reply, bounced",
    [
        ("RCPT", "550 no such user", True),
        ("RCPT", "551 not here", True),
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "550 5.2.1 mailbox disabled", True),
        ("content", "550 5.1.1 no such user", True),
        ("RCPT", "550 5.7.1 relaying denied", False),
        ("RCPT", "552 mailbox full", False),
        ("RCPT", "554 5.7.1 your server is on a list", False),
        ("RCPT", "450 4.1.1 not now", False),
        ("MAIL", "550 no such sender", False),
        ("content", "550 looks like spam", False),
    ],
)
def test_only_a_refusal_of_the_address_itself_is_a_bounce(
    sink: MailSink, connect: Connect, verb: str, reply: str, *, bounced: bool
) -> None:
    sink.faults.replies[verb] = reply
    assert connect(sink.port).send(message()).bounced is bounced


@pytest.mark.parametrize(
    "verb, reply, only_this",
    [
        ("RCPT", "451 try again", True),
        ("content", "452 full", True),
        ("MAIL", "451 try again", False),  # it says so to everybody
        ("RCPT", "421 closing", False),
        ("content", "421 closing", False),
    ],
)
def test_a_refusal_for_now_of_one_mail_says_nothing_of_the_server(
    sink: MailSink, connect: Connect, verb: str, reply: str, *, only_this: bool
) -> None:
    sink.faults.replies[verb] = reply
    sent = connect(sink.port).send(message())
    assert (sent.state, sent.only_this) == (SentState.RETRY, only_this)


def test_a_server_that_cannot_be_reached_is_no_matter_of_one_mail(connect: Connect) -> None:
    sent = connect(free_port()).send(message())
    assert (sent.state, sent.only_this) == (SentState.RETRY, False)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_content_is_to_be_tried_again(
    sink: MailSink, connect: Connect, verb: str
) -> None:
    sink.faults.cut = {verb}
    channel = connect(sink.port)
    assert channel.send(message()).state is SentState.RETRY
    assert sink.received == []
    assert channel.send(message()).state is SentState.DELIVERED


@pytest.mark.parametrize("verb, kept", [("content", 0), ("accepted", 1)])
def test_a_connection_lost_after_the_content_is_unknown_whether_or_not_it_was_kept(
    sink: MailSink, connect: Connect, verb: str, kept: int
) -> None:
    sink.faults.cut = {verb}
    channel = connect(sink.port)
    sent = channel.send(message())
    assert (sent.state, "the content was sent" in sent.reason) == (SentState.UNKNOWN, True)
    assert len(sink.received) == kept
    assert channel.send(message("k2")).state is SentState.DELIVERED


def test_a_reused_connection_lost_after_the_content_is_unknown_and_not_tried_twice(
    sink: MailSink, connect: Connect
) -> None:
    channel = connect(sink.port)
    channel.send(message("k1"))
    sink.faults.cut = {"accepted"}
    assert channel.send(message("k2")).state is SentState.UNKNOWN
    assert [got.mail["Subject"] for got in sink.received] == ["Late", "Late"]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_a_server_that_never_answers_before_the_content_is_to_be_tried_again(
    sink: MailSink, connect: Connect, verb: str
) -> None:
    sink.faults.hang = {verb}
    channel = connect(sink.port, timeout=timedelta(milliseconds=300))
    assert channel.send(message()).state is SentState.RETRY


def test_a_server_that_never_answers_after_the_content_is_unknown(
    sink: MailSink, connect: Connect
) -> None:
    channel = connect(sink.port, timeout=timedelta(seconds=2))
    channel.send(message("k1"))  # so that the connection stands, however busy the machine
    sink.faults.hang = {"accepted"}
    assert channel.send(message("k2")).state is SentState.UNKNOWN


def test_nobody_listening_is_to_be_tried_again(connect: Connect) -> None:
    sent = connect(free_port()).send(message())
    assert (sent.state, "refused" in sent.reason) == (SentState.RETRY, True)


def test_a_host_without_an_address_is_to_be_tried_again(connect: Connect) -> None:
    assert connect(25, host="nowhere.invalid").send(message()).state is SentState.RETRY


@pytest.mark.parametrize(
    "script, state",
    [
        ([b"554 go away\r\n"], SentState.RETRY),
        ([b"HTTP/1.1 400 Bad Request\r\n"], SentState.RETRY),
        ([b"220 hi\r\n", b"550 no\r\n", b"550 no\r\n"], SentState.RETRY),
        (
            [b"220 hi\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 not yet\r\n"],
            SentState.RETRY,
        ),
        (
            [
                b"220 hi\r\n",
                b"250 x\r\n",
                b"250 x\r\n",
                b"250 x\r\n",
                b"354 go\r\n",
                b"nonsense\r\n",
            ],
            SentState.UNKNOWN,
        ),
        (
            [
                b"220 hi\r\n",
                b"250 x\r\n",
                b"250 x\r\n",
                b"250 x\r\n",
                b"354 go\r\n",
                b"250" + b"x" * 9000,
            ],
            SentState.UNKNOWN,
        ),
        (
            [
                b"220 hi\r\n",
                b"250 x\r\n",
                b"250 x\r\n",
                b"250 x\r\n",
                b"354 go\r\n",
                b"354 more\r\n",
            ],
            SentState.UNKNOWN,
        ),
        (
            [b"220 hi\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 go\r\n", b"2"],
            SentState.UNKNOWN,
        ),
    ],
)
def test_a_server_that_talks_nonsense_is_judged_by_the_same_line(
    connect: Connect, script: list[bytes], state: SentState
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        player = threading.Thread(target=_play, args=(listener, script))
        player.start()
        assert connect(listener.getsockname()[1]).send(message()).state is state
        player.join()


def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(connect: Connect) -> None:
    has_ended = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            while not has_ended.wait(0.02):
                connection.sendall(b"2")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=drip)
        server.start()
        port = listener.getsockname()[1]
        channel = connect(port, timeout=timedelta(milliseconds=200))
        first, second = (channel.send(message(f"k{n}")) for n in range(2))
        has_ended.set()
        server.join()
    assert (first.state, second.state) == (SentState.UNKNOWN, SentState.RETRY)
    assert first.reason == f"127.0.0.1:{port}: no answer within 0.6 s"


def _play(listener: socket.socket, script: list[bytes]) -> None:
    """Answer each command, and the content, with the next line of a script; then hang up."""
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as commands:
        connection.sendall(script[0])
        is_content = False
        for reply in script[1:]:
            while is_content and commands.readline() not in (b".\r\n", b""):
                pass
            if not is_content and not commands.readline():
                return
            is_content = reply.startswith(b"354")
            connection.sendall(reply)


# --- encryption and login ------------------------------------------------------------------------


def test_starttls_and_login_reach_a_server_that_demands_both(
    start_sink: StartSink, connect: Connect
) -> None:
    sink = start_sink(users={"desk": "secret"}, tls_context=tls_server(), require_starttls=True)
    login = {"tls": "starttls", "username": "desk", "password": "secret"}
    channel = connect(sink.port, ca_file=str(CERTIFICATE), **login)
    assert channel.send(message()).state is SentState.DELIVERED


def test_tls_from_the_first_byte_works_too(start_sink: StartSink, connect: Connect) -> None:
    sink = start_sink(ssl_context=tls_server())
    channel = connect(sink.port, tls="tls", ca_file=str(CERTIFICATE))
    assert channel.send(message()).state is SentState.DELIVERED


@pytest.mark.parametrize("tls, offer", [("starttls", "tls_context"), ("tls", "ssl_context")])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    start_sink: StartSink, connect: Connect, tls: str, offer: str
) -> None:
    sink = start_sink(users=None, **{offer: tls_server()})
    sent = connect(sink.port, tls=tls).send(message())
    assert (sent.state, "certificate" in sent.reason.lower()) == (SentState.RETRY, True)
    assert sink.received == []


def test_without_starttls_on_offer_nothing_is_sent_in_the_clear(
    sink: MailSink, connect: Connect
) -> None:
    sent = connect(sink.port, tls="starttls").send(message())
    assert sent.state is SentState.RETRY
    assert sink.verbs == []


def test_a_wrong_password_loses_no_message_and_is_not_repeated_in_the_reason(
    start_sink: StartSink, connect: Connect
) -> None:
    sink = start_sink(users={"desk": "secret"}, tls_context=tls_server())
    login = {"tls": "starttls", "username": "desk", "password": "hunter2"}
    sent = connect(sink.port, ca_file=str(CERTIFICATE), **login).send(message())
    assert sent.state is SentState.RETRY
    assert "535" in sent.reason
    assert "hunter2" not in sent.reason


def test_a_password_that_cannot_be_sent_loses_no_message(
    start_sink: StartSink, connect: Connect
) -> None:
    sink = start_sink(users={"desk": "secret"}, tls_context=tls_server())
    login = {"tls": "starttls", "username": "desk", "password": "schlüssel"}
    sent = connect(sink.port, ca_file=str(CERTIFICATE), **login).send(message())
    assert sent.state is SentState.RETRY
    assert "letters beyond ASCII" in sent.reason
    assert "schlüssel" not in sent.reason


# --- configuration -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, told",
    [
        ({"host": None}, r"channels\.mail: host is missing"),
        ({"from": None}, r"channels\.mail: from is missing"),
        ({"from": "nobody"}, r"channels\.mail\.from cannot be used: 'nobody' is no mail address"),
        ({"tls": "ssl"}, "must be one of none, starttls, tls"),
        ({"port": 99999}, "must be a port from 1 to 65535"),
        ({"port": True}, "must be a port from 1 to 65535"),
        ({"timeout": "15"}, "write 15m, 15h or 15d"),
        ({"timeout": "0s"}, "must be longer than nothing"),
        ({"username": "desk"}, r"username and password \(or oauth\) belong together"),
        (
            {"host": "mail.example.com", "username": "desk", "password": "x"},
            "the password would be sent in the clear; use starttls",
        ),
        ({"ca_file": "missing.pem"}, r"channels\.mail\.ca_file cannot be read"),
        ({"pasword": "x"}, "unknown key pasword; did you mean password?"),
    ],
)
def test_a_fault_in_the_configuration_says_where_it_is_and_what_to_do(
    around: Surroundings, options: dict[str, object], told: str
) -> None:
    given: dict[str, object] = {"kind": "smtp", "host": "127.0.0.1", "from": "desk@example.com"}
    with pytest.raises(ConfigError, match=told):
        open_channel("mail", given | options, around)


@pytest.mark.parametrize(
    "host, stays",
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("mail.example.com", False),
        ("192.0.2.1", False),
    ],
)
def test_only_a_mail_server_on_loopback_stays_on_this_machine(host: str, stays: bool) -> None:  # noqa: FBT001
    assert stays_on_this_machine("mail", {"kind": "smtp", "host": host, "from": "x@y.z"}) is stays


def test_the_longest_call_is_known_in_advance(connect: Connect) -> None:
    assert connect(25, timeout="10s").longest_call == timedelta(seconds=30)
