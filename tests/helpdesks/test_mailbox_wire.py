"""How IMAP writes things, and what the config file may say of a mailbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.ticket import Priority, Status
from engine.errors import ConfigError
from engine.helpdesks.mailbox.memory import Memory, Told
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.helpdesks.mailbox.story import marks_of, priority_of, tags_of
from engine.helpdesks.mailbox.wire import (
    Fetched,
    Mark,
    fetched,
    folder_name,
    internal_date,
    listed,
    mark_in,
    readable,
)
from engine.helpdesks.mailbox.writing import is_keyword
from tests.helpdesks.worlds import options_of

AT = datetime(2026, 3, 2, 16, 0, 5, tzinfo=UTC)


# --- the wire ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, written",
    [
        ("Done", b'"Done"'),
        ("Ablage & Co", b'"Ablage &- Co"'),
        ("Envoyés", b'"Envoy&AOk-s"'),
        ("台北", b'"&U,BTFw-"'),
        ('a"b\\c', b'"a\\"b\\\\c"'),
    ],
)
def test_folders_are_named_as_the_protocol_has_it(name: str, written: bytes) -> None:
    assert folder_name(name) == written


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_the_name_of_a_folder_comes_back_as_it_was_written(name: str) -> None:
    (found,) = listed([b'(\\HasNoChildren) "/" ' + folder_name(name)])

    assert found.name == name


def test_a_folder_is_known_by_what_the_server_says_of_it() -> None:
    answers = [
        b'(\\HasNoChildren \\Sent) "." "Gesendete Objekte"',
        b"(\\Noselect) NIL INBOX",
        (b'(\\Sent) "/" {4}', b"Sent"),
        b"",
    ]

    assert [(one.name, "\\sent" in one.marks) for one in listed(answers)] == [
        ("Gesendete Objekte", True),
        ("INBOX", False),
        ("Sent", True),
    ]


def test_a_name_that_is_written_wrongly_is_shown_as_it_is() -> None:
    assert readable("&!!-") == "&!!-"


def test_flags_are_found_on_either_side_of_the_mail() -> None:
    answers = [
        (b'1 (UID 7 RFC822.SIZE 3 INTERNALDATE " 2-Mar-2026 17:00:05 +0100" BODY[]<0> {3}', b"abc"),
        b" FLAGS (\\Seen vip))",
        (b"2 (FLAGS () UID 8 BODY[]<0> {1}", b"x"),
        b")",
        b"3 (FLAGS (\\Flagged) UID 9)",
        b"4 (FLAGS (\\Seen))",
    ]

    assert list(fetched(answers)) == [
        Fetched(7, frozenset({"\\Seen", "vip"}), AT, b"abc", 3),
        Fetched(8, frozenset(), None, b"x", 0),
        Fetched(9, frozenset({"\\Flagged"})),
    ]


def test_an_instant_is_written_in_the_zone_of_nobody() -> None:
    there = AT.astimezone(timezone(timedelta(hours=-5)))

    assert internal_date(there) == '" 2-Mar-2026 16:00:05 +0000"'


def test_how_a_folder_stands_is_read_whatever_it_is_called() -> None:
    answer = b'"MESSAGES 9 (UIDNEXT 9)" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3 HIGHESTMODSEQ 4)'

    assert mark_in(answer) == Mark(3, 2, 1, 4)
    assert mark_in(b"INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)") == Mark(3, 2, 1)
    assert mark_in(b"INBOX (MESSAGES 1)") is None


# --- what is remembered --------------------------------------------------------------------------


def test_a_watermark_comes_back_as_it_was() -> None:
    memory = Memory(
        {"INBOX": Mark(3, 2, 1, 4), "Done": Mark(1, 1, 0)},
        {"a": Told("s", "b", "c", is_resolved=False), "b": Told("s", "b", "c", True, AT)},
        frozenset({"x"}),
        is_withheld=True,
    )

    assert Memory.of(memory.watermark()) == memory


@pytest.mark.parametrize(
    "watermark",
    [
        None,
        {},
        {"format": "rt/1"},
        {"format": "mailbox/1"},
        {"format": "mailbox/1", "folders": {}, "tickets": {"a": "?"}, "faults": []},
        {"format": "mailbox/1", "folders": {"INBOX": 7}, "tickets": {}, "faults": []},
    ],
)
def test_a_watermark_that_nobody_can_read_remembers_nothing(watermark: dict[str, object]) -> None:
    assert Memory.of(watermark) == Memory()


# --- flags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("priority", list(Priority))
def test_a_priority_is_read_as_it_was_written(priority: Priority) -> None:
    assert priority_of({"\\Seen", "vip", *marks_of(priority)}) is priority


def test_tags_are_the_keywords_that_people_gave() -> None:
    flags = {"\\Seen", "\\Flagged", "$Forwarded", "NonJunk", "urgent", "VIP", "billing"}

    assert tags_of(flags) == ("billing", "VIP")


@pytest.mark.parametrize("tag", ["", "two words", "é", "a(b", "a*", '"', "$label", "\\x", "a]"])
def test_what_is_no_atom_is_no_keyword(tag: str) -> None:
    assert not is_keyword(tag)


@pytest.mark.parametrize("tag", ["late", "VIP", "tier-2", "a.b/c:d"])
def test_what_is_an_atom_is_a_keyword(tag: str) -> None:
    assert is_keyword(tag)


# --- the config file -----------------------------------------------------------------------------

LEAST = "kind: mailbox, host: imap.example.com, username: support, addresses: [support@example.com]"


def options(folder: Path, more: str = "password_env: P") -> MailboxOptions:
    made = options_of(folder, f"{{{LEAST}, {more}}}")
    assert isinstance(made, MailboxOptions)
    return made


def test_the_least_is_an_inbox_and_a_folder_for_what_is_done(tmp_path: Path) -> None:
    made = options(tmp_path)

    assert dict(made.folders) == {"INBOX": Status.OPEN, "Done": Status.RESOLVED}
    assert made.server_port == 993
    assert not made.can.replies
    assert made.can.lacking(["priority", "group", "assignee", "type"]) == [
        "group",
        "assignee",
        "type",
    ]


def test_folders_for_groups_make_groups_that_can_be_set(tmp_path: Path) -> None:
    folders = "folders: {inbox: open, Tier 2: open, Done: resolved}, groups: {Tier 2: tier-2}"
    made = options(tmp_path, f"password_env: P, {folders}")

    assert made.can.can_set("group")
    assert made.folder_of(Status.OPEN, "tier-2") == "Tier 2"
    assert made.folder_of(Status.OPEN) == "INBOX"


def test_who_is_of_the_desk_is_told_by_address_and_domain(tmp_path: Path) -> None:
    made = options(tmp_path, "password_env: P, agents: [Ann@Example.org, '@desk.example']")

    assert made.is_of_the_desk("ann@example.org")
    assert made.is_of_the_desk("bob@desk.example")
    assert made.is_of_the_desk("support@example.com")
    assert not made.is_of_the_desk("bob@example.org")
    assert not made.is_of_the_desk("eve@not-desk.example")


@pytest.mark.parametrize(
    "more, fault",
    [
        ("timeout: 20s", "the password is missing"),
        ("password_env: P, credential: c", "stands in several places"),
        (
            "password_env: P, oauth: {token_url: 'https://x', client_id: u, client_secret_env: S}",
            "stands in several places",
        ),
        ("password_env: P, tls: none", "would be sent in the clear"),
        ("password_env: P, tls: ssl", "write one of tls, starttls, none"),
        ("password_env: P, port: 70000", "'70000' is no port"),
        ("password_env: P, agents: [alice]", "neither an address nor a domain"),
        ("password_env: P, folders: {Done: resolved}", "the inbox is not among the folders"),
        ("password_env: P, folders: {INBOX: resolved}", "would count as resolved"),
        ("password_env: P, folders: {INBOX: open}", "no folder means that a thread is resolved"),
        ("password_env: P, folders: {INBOX: opn}", "did you mean 'open'"),
        ("password_env: P, groups: {Tier 2: tier-2}", "add Tier 2: open to folders"),
        ("password_env: P, sent: Done", "what the desk sent lies there"),
        ("password_env: P, replies_by: email", "there is no channel 'email'"),
    ],
)
def test_what_is_wrong_in_the_config_file_is_named(tmp_path: Path, more: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        options(tmp_path, more)
