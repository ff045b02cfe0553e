"""E-mails as they arrive: sent to a real server, and opened from the bytes that it got."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from email import message_from_bytes, policy
from email.utils import parseaddr
from pathlib import Path

import pytest

from engine.domain.actions import ActionKind
from engine.ports import Message, SentState
from tests.channels.received import Desk, case, headers, words
from tests.channels.sink import MailSink, Received

FAMILY = "👩‍👩‍👧‍👦"
WRITE: dict[str, Callable[[Desk, str, str], Received]] = {
    "notice": lambda desk, subject, name: desk.tell_staff(case("1", subject, name)),
    "digest": lambda desk, subject, name: desk.tell_staff(
        case("1", subject, name), case("2", subject, name), kind=ActionKind.DIGEST
    ),
    "update": lambda desk, subject, name: desk.tell_customer(case("1", subject, name)),
}


@pytest.fixture
def desk(sink: MailSink, tmp_path: Path) -> Desk:
    return Desk(sink, tmp_path, {})


@pytest.fixture(params=WRITE)
def write(request: pytest.FixtureRequest, desk: Desk) -> Callable[..., Received]:
    """Sends one kind of message about a ticket of that subject, by a customer of that name."""
    return lambda subject, name="Zoë": WRITE[request.param](desk, subject, name)


# --- subjects ------------------------------------------------------------------------------------


def test_a_plain_subject_stands_in_the_header_as_it_is(desk: Desk) -> None:
    got = desk.tell_staff(case("4711", "Printer on fire"))
    assert b"\r\nSubject: Escalated: 4711 Printer on fire\r\n" in got.content


@pytest.mark.parametrize(
    "subject",
    [
        "Printer on fire",
        "Drucker brennt – Grüße aus Köln",
        "word " * 45,
        "unbreakable" * 20,
        "המדפסת בקומה השלישית עולה באש, והטלפון מצלצל כל הזמן",
        "الطابعة في الطابق الثالث تحترق والهاتف يرن طوال الوقت",
        "プリンターが燃えています",
        f"{FAMILY} {FAMILY} {FAMILY} {FAMILY} {FAMILY} {FAMILY} {FAMILY} {FAMILY}",
        "🏳️‍🌈🧑🏿‍🚒👩🏽‍💻🇩🇪" * 6,
        "=?utf-8?q?not_encoded?= really",
    ],
)
def test_a_subject_of_any_kind_arrives_as_written_in_lines_that_fit(
    desk: Desk, subject: str
) -> None:
    got = desk.tell_staff(case("4711", subject.strip()))
    assert got.mail["Subject"].endswith(subject.strip())
    lines = headers(got).split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert all(line.isascii() for line in lines)


def test_every_line_of_a_mail_is_short_enough_for_any_server(
    write: Callable[..., Received],
) -> None:
    got = write(f"{'x' * 3000} {FAMILY * 100}")
    assert max(map(len, got.content.split(b"\r\n"))) <= 998
    assert b"\n" not in got.content.replace(b"\r\n", b"")
    assert got.content.isascii()


@pytest.mark.parametrize("marks", ["\u202e", "\u202d", "\u202a", "\u2066", "\u2067", "\u2068"])
def test_what_a_customer_writes_never_turns_our_words_around(
    write: Callable[..., Received], marks: str
) -> None:
    got = write(f"{marks}gnp.exe", f"Bob{marks}")
    for said in (got.mail["Subject"], got.text, got.html):
        turning = {"LRE", "RLE", "LRO", "RLO", "LRI", "RLI", "FSI"}
        assert not turning & {unicodedata.bidirectional(letter) for letter in said}
    assert "gnp.exe" in got.text


def test_writing_from_right_to_left_keeps_its_letters_and_marks(desk: Desk) -> None:
    subject = "שלום\u200f (דחוף) עולם"
    got = desk.tell_staff(case("4711", subject))
    assert subject in got.mail["Subject"]
    assert subject in got.text
    assert subject in got.html


# --- injection -----------------------------------------------------------------------------------

INJECTIONS = [
    "x\r\nBcc: all@example.net",
    "x\nBcc: all@example.net",
    "x\rBcc: all@example.net",
    "x\r\n\r\n<h1>our own body</h1>",
    "x\u2028Bcc: all@example.net",
    "x\x00\x1b]0;title\x07",
    "x\r\n.\r\nMAIL FROM:<evil@example.net>",
]


@pytest.mark.parametrize("injection", INJECTIONS)
def test_line_breaks_in_subjects_and_names_inject_nothing(
    write: Callable[..., Received], injection: str, sink: MailSink
) -> None:
    got = write(injection, injection)
    assert len(sink.received) == 1
    assert got.mail["Bcc"] is None
    assert len(got.recipients) == 1
    assert not got.mail.defects
    assert [part.get_content_type() for part in got.mail.iter_parts()] == [
        "text/plain", "text/html",
    ]  # fmt: skip
    assert not {"\r", "\n", "\x00", "\x1b"} & set(got.mail["Subject"])


@pytest.mark.parametrize(
    "injection", [*INJECTIONS, "=?utf-8?q?x=0D=0ABcc:_all=40example.net?=", 'x", <all@example.net>']
)
def test_a_name_in_an_address_injects_nothing(
    sink: MailSink, tmp_path: Path, injection: str
) -> None:
    desk = Desk(sink, tmp_path, {})
    for name in (injection, f'"{injection}"'):
        sent = desk.attempt(Message("k1", f"{name} <ann@example.org>", "Late", "It waits."))
        assert sent.state in (SentState.DELIVERED, SentState.REJECTED)
    for got in sink.received:
        assert got.recipients == ["ann@example.org"]
        assert got.mail["Bcc"] is None
        assert not got.mail.defects


def test_what_looks_like_an_encoded_word_is_none(write: Callable[..., Received]) -> None:
    got = write("=?utf-8?q?x=0D=0ABcc:_all=40example.net?=")
    assert got.mail["Bcc"] is None
    assert b"=?utf-8?q?x" not in headers(got)


def test_html_in_a_ticket_is_shown_as_text(write: Callable[..., Received]) -> None:
    hostile = (
        '<img src=x onerror=alert(1)> <script>alert(1)</script> "&amp; [a](https://evil.example)'
    )
    got = write(hostile, "<b>Bob</b>")
    assert "<img" not in got.html
    assert "<script" not in got.html
    assert "<b>Bob" not in got.html
    assert 'href="https://evil.example"' not in got.html
    assert "<script>alert(1)</script>" in got.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in got.html


# --- two parts, one content ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    ["Printer on fire", "שלום עולם", FAMILY, "*not* _marked_ `up` # at & <all>", "1. no list"],
)
def test_the_text_and_the_html_part_say_the_same(
    write: Callable[..., Received], subject: str
) -> None:
    plain, shown = words(write(subject))
    assert plain == shown


def test_the_html_part_is_a_page_that_loads_nothing(write: Callable[..., Received]) -> None:
    got = write("Printer on fire")
    assert got.html.startswith("<!doctype html>")
    for loader in ("<script", "<link", "<img", "<iframe", "@import", "url(", "src="):
        assert loader not in got.html


# --- headers -------------------------------------------------------------------------------------


def test_a_periodic_update_says_how_it_ends_and_nothing_else_does(desk: Desk) -> None:
    update = desk.tell_customer(case(), "update")
    others = [
        desk.tell_customer(case(), "on_escalation"),
        desk.tell_customer(case(), "follow_up"),
        desk.tell_staff(case()),
        desk.tell_staff(case(), kind=ActionKind.DIGEST),
    ]
    assert update.mail["List-Unsubscribe"] == "<mailto:support@example.com?subject=unsubscribe>"
    assert [got.mail["List-Unsubscribe"] for got in others] == [None] * 4
    assert update.mail["List-Unsubscribe-Post"] is None
    assert {got.mail["Auto-Submitted"] for got in (update, *others)} == {"auto-generated"}


@pytest.mark.parametrize(
    "options, url",
    [
        ({"reply_to": "help@example.net"}, "mailto:help@example.net?subject=unsubscribe"),
        ({"unsubscribe": "stop@example.net"}, "mailto:stop@example.net?subject=unsubscribe"),
        ({"unsubscribe": "https://x.example/" + "a" * 300}, "https://x.example/" + "a" * 300),
    ],
)
def test_where_updates_are_ended_can_be_configured(
    sink: MailSink, tmp_path: Path, options: dict[str, str], url: str
) -> None:
    got = Desk(sink, tmp_path, options).tell_customer(case())
    assert got.mail["List-Unsubscribe"] == f"<{url}>"
    assert f"List-Unsubscribe: <{url}>".encode() in got.content


def test_replies_go_where_they_are_wanted(sink: MailSink, tmp_path: Path) -> None:
    got = Desk(sink, tmp_path, {"reply_to": "Hilfe für alle <hilfe@example.net>"}).tell_customer(
        case()
    )
    assert got.mail["Reply-To"].addresses[0].addr_spec == "hilfe@example.net"
    assert got.mail["Reply-To"].addresses[0].display_name == "Hilfe für alle"


def test_customers_subjects_bear_the_tag_of_the_ticket_and_staffs_do_not(
    sink: MailSink, tmp_path: Path
) -> None:
    desk = Desk(sink, tmp_path, {"subject_tag": "[example #{number}]"})
    assert desk.tell_customer(case("4711")).mail["Subject"].startswith("[example #4711] Your requ")
    assert desk.tell_staff(case("4711")).mail["Subject"].startswith("Escalated: 4711")


def test_mails_on_a_ticket_stand_together_with_those_to_its_customer(desk: Desk) -> None:
    first, second = desk.tell_customer(case("4711")), desk.tell_staff(case("4711"))
    other = desk.tell_customer(case("4712"))
    assert first.mail["References"] == second.mail["References"] != other.mail["References"]
    assert first.mail["In-Reply-To"] == first.mail["References"]
    assert first.mail["Message-ID"].endswith("@example.com>")


def test_an_old_reader_understands_the_same(desk: Desk) -> None:
    """One that knows nothing of today's policies: it decodes header by header."""
    got = desk.tell_customer(case(subject=f"Grüße {FAMILY}"))
    old = message_from_bytes(got.content, policy=policy.compat32)
    assert parseaddr(str(old["From"])) == ("Example support", "support@example.com")
    assert old.get_content_type() == "multipart/alternative"
    assert [part.get_content_charset() for part in old.walk() if not part.is_multipart()] == [
        "utf-8", "utf-8",
    ]  # fmt: skip
