"""What a mail is taken for, and what is read of broken ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.helpdesks.mailbox.letter import UnreadableMailError, read_letter
from engine.helpdesks.mailbox.threads import Role, role_of
from engine.helpdesks.nature import Nature
from tests.helpdesks.letters import EVE, OPTIONS, OURS, T0, letter, raw

BOUNCE = """\
--b
Content-Type: text/plain

Your mail could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; eve@customer.example
Action: {action}
Status: 5.1.1
--b
Content-Type: {kind}

Message-ID: <ours@desk.example>
Subject: Re: Printer

--b--
"""


def bounce(action: str = "failed", kind: str = "text/rfc822-headers") -> bytes:
    return raw(
        BOUNCE.format(action=action, kind=kind).replace("\n", "\r\n"),
        From="MAILER-DAEMON@mail.example",
        Content_Type='multipart/report; report-type=delivery-status; boundary="b"',
    )


# --- machines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner=x"},
        {"Precedence": "bulk"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "on holiday"},
        {"Return_Path": "<>"},
        {"Content_Type": "multipart/report; report-type=disposition-notification; boundary=b"},
    ],
)
def test_what_a_machine_wrote_is_no_customers(headers: dict[str, str]) -> None:
    read = letter(**headers)

    assert read.nature is Nature.AUTOMATIC
    assert role_of(read, OPTIONS, is_sent=False) is Role.ROBOT


@pytest.mark.parametrize("headers", [{}, {"Auto_Submitted": "no"}, {"Return_Path": f"<{EVE}>"}])
def test_what_a_person_wrote_is_the_customers(headers: dict[str, str]) -> None:
    assert role_of(letter(**headers), OPTIONS, is_sent=False) is Role.CUSTOMER


@pytest.mark.parametrize(
    "headers",
    [{"List_Id": "News <news.example.org>"}, {"Precedence": "list"}, {"List_Post": "<mailto:x>"}],
)
def test_what_comes_by_a_mailing_list_is_no_customers(headers: dict[str, str]) -> None:
    read = letter(**headers)

    assert read.nature is Nature.LIST
    assert role_of(read, OPTIONS, is_sent=False) is Role.ROBOT


def test_a_list_that_is_an_address_of_the_desk_brings_customers_mail() -> None:
    text = raw(List_Id="Support <support.desk.example>", Precedence="list")
    read = read_letter(text, T0, ["support.desk.example"])

    assert read.nature is Nature.PERSONAL


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822"])
def test_a_bounce_names_the_mail_that_came_back(kind: str) -> None:
    read = read_letter(bounce(kind=kind), T0)

    assert read.nature is Nature.BOUNCE
    assert read.has_failed
    assert "ours@desk.example" in read.references


def test_a_report_of_a_delay_is_no_failure() -> None:
    read = read_letter(bounce("delayed"), T0)

    assert read.nature is Nature.BOUNCE
    assert not read.has_failed


def test_a_mark_of_ours_makes_a_mail_ours_only_among_the_sent_ones() -> None:
    forged = letter(X_Escalatord_Ref="[ref 0123-4567-89ab]")

    assert role_of(forged, OPTIONS, is_sent=False) is Role.CUSTOMER
    assert role_of(forged, OPTIONS, is_sent=True) is Role.OURS


def test_our_own_mail_that_comes_back_to_us_is_nobodys() -> None:
    back = letter(
        From=OURS, Auto_Submitted="auto-generated", X_Escalatord_Ref="[ref 0123-4567-89ab]"
    )

    assert role_of(back, OPTIONS, is_sent=False) is Role.NOTE


# --- what is read --------------------------------------------------------------------------------


def test_answers_go_where_the_mail_says() -> None:
    assert letter(Reply_To="form@customer.example").answer_to == "form@customer.example"
    assert letter(Reply_To="a@x.example, b@x.example").answer_to == EVE
    assert letter().answer_to == EVE


def test_quotations_are_no_words_of_the_customer() -> None:
    text = "It burns\n> You said\n-----Original Message-----\nFrom: us\nsupervisor"

    assert letter(text).text == "It burns"


def test_of_html_the_text_is_read() -> None:
    text = (
        "<html><head><style>p {}</style></head><body><p>It burns &amp; smokes</p>"
        "<blockquote>You wrote: supervisor</blockquote></body></html>"
    )

    assert letter(text, Content_Type="text/html").text == "It burns & smokes"


def test_attachments_are_no_words_of_the_customer() -> None:
    text = (
        "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nlog\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nIt burns\r\n--b--\r\n"
    )

    assert letter(text, Content_Type="multipart/mixed; boundary=b").text == "It burns"


def test_a_subject_in_several_charsets_is_one_line() -> None:
    read = letter(Subject="=?utf-8?b?RHJ1Y2tlciBicmVubnQ=?= =?iso-8859-1?q?_f=FCr_immer?=")

    assert read.subject == "Drucker brennt für immer"


# --- what is broken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain; charset=klingon"},
        {"Content_Type": "text/plain; charset=utf-8", "Content_Transfer_Encoding": "base64"},
        {"Content_Type": "multipart/mixed"},
        {"Content_Type": "multipart/mixed; boundary=never"},
        {"Subject": "=?utf-8?b?broken"},
        {"Subject": "=?klingon?q?abc?="},
        {"Date": "the day before yesterday"},
        {"In_Reply_To": "the mail of yesterday", "References": "<<>> <a b> <"},
    ],
)
def test_what_is_broken_in_a_mail_costs_nothing_else(headers: dict[str, str]) -> None:
    read = letter(**headers)

    assert read.sender == EVE
    assert read.at == T0


def test_letters_in_a_wrong_charset_are_replaced() -> None:
    text = raw(Content_Type="text/plain; charset=us-ascii").replace(b"help", b"h\xe9lp")

    assert read_letter(text, T0).text == "Please h�lp"


def test_a_mail_without_an_id_is_known_by_its_content() -> None:
    first, again, other = (
        read_letter(raw(text, Message_ID=""), T0) for text in ("one", "one", "two")
    )

    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    "text", [b"", b"\0\0\0", b"no mail at all", raw(From=""), raw(From="nobody")]
)
def test_a_mail_of_nobody_is_said_to_be_one(text: bytes) -> None:
    with pytest.raises(UnreadableMailError, match="who sent it"):
        read_letter(text, T0)


def test_parts_within_parts_without_end_are_one_clear_fault_at_most() -> None:
    deep = "".join(
        f"--{depth}\r\nContent-Type: multipart/mixed; boundary={depth + 1}\r\n\r\n"
        for depth in range(2000)
    )

    with pytest.raises(UnreadableMailError, match="cannot be parsed"):
        letter(deep, Content_Type="multipart/mixed; boundary=0")


def read_or_refused(text: bytes) -> str:
    """What became of a mail: its texts, or why it was refused."""
    try:
        read = read_letter(text, T0)
    except UnreadableMailError as error:
        return str(error)
    return " ".join((read.subject, read.name, read.sender, read.id, *read.references))


@given(st.binary(max_size=400))
def test_whatever_arrives_is_read_or_refused_on_one_line(rest: bytes) -> None:
    for text in (rest, b"From: eve@customer.example\r\n" + rest):
        told = read_or_refused(text)
        assert len(told.splitlines()) <= 1
        assert told.encode()


@given(st.sampled_from(["Subject", "From", "References", "Content-Type", "Date"]), st.binary())
def test_whatever_a_header_holds_is_read_or_refused_on_one_line(name: str, value: bytes) -> None:
    text = name.encode() + b": " + value.replace(b"\n", b" ") + b"\r\n" + raw()
    told = read_or_refused(text)

    assert len(told.splitlines()) <= 1
    assert told.encode()
