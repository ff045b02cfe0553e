"""The proof against a mail server that fails in every way, for a daemon that dies again and again.

Two thousand messages to customers and staff. The server says 451, 550 and 552, waits for five
seconds, takes a message and cuts the line, and refuses connections for a minute; the daemon is
killed twenty times. What arrived is counted at the server, which is none of ours.
"""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.aftermath import MAYBE_SENT, NOT_DELIVERED, UNDELIVERABLE
from engine.domain.reason import Reason
from tests.crash.killing import Aftermath, Killing
from tests.crash.load import SENDER, Load, Span, Terms, message_id
from tests.crash.process import Json
from tests.crash.sink import is_full, is_gone

pytestmark = [pytest.mark.proof, pytest.mark.slow]

SEED = int(os.environ.get("ESCALATORD_CRASH_SEED", "20260722"))
KILLS = 20
TICKETS = 330
REFUSE_AFTER = 600
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
TERMS = Terms(120 * MINUTE, 120 * MINUTE + 30 * SECOND, 40 * SECOND, 2)

EXPERTS = "experts@staff.example"
MANAGERS = {"first@managers.example", "second@managers.example"}
GONE = "gone@managers.example"
"""A manager whose address is refused for good."""
DESK = "desk@staff.example"
"""The default receiver: who hears of what did not arrive."""


@dataclass(frozen=True)
class Row:
    """A row of the outbox as it ended."""

    id: int
    key: str
    ticket: str
    audience: str
    action: str
    state: str
    reason: str
    message_id: str
    to: str

    @property
    def is_aftermath(self) -> bool:
        """Whether it tells of another row's end."""
        return any(f"|{what}|" in self.key for what in (MAYBE_SENT, NOT_DELIVERED, UNDELIVERABLE))


@dataclass
class Story:
    """What was lived through."""

    aftermath: Aftermath
    rows: list[Row]
    faults: Counter[str]

    def ended(self, audience: str, *states: str) -> list[Row]:
        return [r for r in self.rows if r.audience == audience and r.state in states]

    @property
    def to_desk(self) -> str:
        """All that the default receiver was told, as received."""
        mails = self.aftermath.mails
        return "\n".join(str(mail["text"]) for mail in mails if mail["to"] == [DESK])

    def told(self) -> list[str]:
        """The figures, as lines."""
        ends = Counter((r.audience, r.state) for r in self.rows)
        shown = [f"{count} {whose} {state}" for (whose, state), count in sorted(ends.items())]
        faults = [f"{count} × {fault}" for fault, count in sorted(self.faults.items())]
        return [
            f"a mail server with faults, seed {SEED}",
            *self.aftermath.told(),
            f"rows: {', '.join(shown)}",
            f"faults: {', '.join(faults)}",
            "",
        ]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, figures: list[str]) -> Story:
    folder = tmp_path_factory.mktemp("faults")
    span = Span(datetime.now(UTC) + 5 * SECOND, 60 * SECOND)
    load = Load.over(span, TICKETS, 300, TERMS, random.Random(SEED))
    killing = Killing(folder, load, SEED, REFUSE_AFTER, quiet_within=600, takes_mail=takes_mail)
    try:
        port = killing.open_sink()
        mail = f"{{kind: smtp, host: 127.0.0.1, port: {port}, from: escalatord@{SENDER}}}"
        load.write(folder, mail=mail)
        _add_a_manager_who_is_gone(folder)
        found = Story(killing.live_through(KILLS), _rows(folder), _faults(folder))
    finally:
        killing.close()
    figures += found.told()
    return found


def test_it_was_killed_and_everything_went_wrong_that_can(story: Story) -> None:
    assert len(story.aftermath.kills) == KILLS
    assert story.faults["nobody gets through for a minute"] == story.faults["back again"] == 1
    wanted = {"451 4.3.0 try again later", "550 5.1.1 no such user", "a five-second delay",
              "552 5.2.2 the mailbox is full", "taken, then cut"}  # fmt: skip
    assert wanted <= set(story.faults)


def test_there_were_two_thousand_messages(story: Story) -> None:
    assert sum(r.action in ("reply", "notify") for r in story.rows) >= 2000


# --- customers -----------------------------------------------------------------------------------


def test_no_customer_got_two_of_the_same(story: Story) -> None:
    mails = story.aftermath.to_customers
    ids = Counter(str(mail["Message-ID"]) for mail in mails)
    said = Counter(
        (mail["X-Escalatord-Ticket"], mail["X-Escalatord-Message"], mail["X-Escalatord-Occurrence"])
        for mail in mails
    )
    assert set(ids.values()) == set(said.values()) == {1}


def test_what_counts_as_delivered_to_a_customer_arrived(story: Story) -> None:
    delivered = {message_id(r.key) for r in story.ended("customer", "delivered")}
    assert delivered <= set(story.aftermath.ids)


def test_what_arrived_and_does_not_count_as_delivered_is_held(story: Story) -> None:
    arrived = {str(mail["Message-ID"]) for mail in story.aftermath.to_customers}
    delivered = {message_id(r.key) for r in story.ended("customer", "delivered")}
    assert arrived - delivered <= {message_id(r.key) for r in story.ended("customer", "unknown")}


def test_a_customer_message_ends_in_one_of_four_ways(story: Story) -> None:
    ends = {r.state for r in story.rows if r.audience == "customer"}
    assert ends <= {"delivered", "unknown", "rejected", "cancelled"}
    overtaken = story.ended("customer", "cancelled")
    assert {r.reason for r in overtaken} <= {reason.value for reason in Reason}


def test_only_addresses_that_take_nothing_were_given_up(story: Story) -> None:
    addresses = story.aftermath.load.addresses()
    refused = {addresses[r.ticket] for r in story.ended("customer", "rejected")}
    assert refused
    assert all(is_gone(address) or is_full(address) for address in refused)


def test_every_unknown_is_held_and_listed(story: Story) -> None:
    unknown = {r.id for r in story.ended("customer", "unknown")}
    assert unknown
    assert {row["id"] for row in story.aftermath.unknown_told} == unknown
    assert story.aftermath.status["held"] == len(unknown)


def test_staff_heard_of_every_unknown_and_every_refusal(story: Story) -> None:
    for row in told_by_themselves(story):
        number = row.ticket.partition(":")[2]
        assert re.search(rf"\b{number}\b", story.to_desk), row


def test_each_end_was_told_once(story: Story) -> None:
    told = [r.key for r in story.rows if r.is_aftermath]
    ended = [*told_by_themselves(story), *story.ended("staff", "rejected")]
    assert len(told) == len(ended) == len(set(told))


# --- staff ---------------------------------------------------------------------------------------


def test_every_staff_message_arrived_at_least_once(story: Story) -> None:
    delivered = story.ended("staff", "delivered")
    assert {r.message_id for r in delivered} <= set(story.aftermath.ids)
    others = [r for r in story.rows if r.audience == "staff" and r.state != "delivered"]
    assert {(r.to, r.state) for r in others} == {(GONE, "rejected")}


def test_everybody_whose_address_works_heard_of_every_level(story: Story) -> None:
    heard = {
        (mail["X-Escalatord-Ticket"], str(mail["to"][0]))  # type: ignore[index]
        for mail in story.aftermath.to_staff
        if mail["X-Escalatord-Level"]
    }
    tickets = [one.id for one in story.aftermath.load.busy]
    assert {(ticket, to) for ticket in tickets for to in MANAGERS} <= heard


def test_who_cannot_be_told_is_made_up_for_by_the_default_receiver(story: Story) -> None:
    for row in story.ended("staff", "rejected"):
        assert re.search(rf"\b{row.ticket.partition(':')[2]}\b", story.to_desk), row


def test_no_attempt_was_burnt_by_the_minute_without_a_server(story: Story) -> None:
    given_up = [r for r in story.rows if "given up" in r.reason]
    assert given_up == []


def test_started_again_it_says_nothing_again(story: Story) -> None:
    assert story.aftermath.mails_again == 0
    assert set(story.aftermath.codes) == {0}


def takes_mail(address: str) -> bool:
    return not is_gone(address)


def told_by_themselves(story: Story) -> list[Row]:
    """Customers' messages whose end is told; of a dead address staff hear once for all."""
    addresses = story.aftermath.load.addresses()
    ended = story.ended("customer", "unknown", "rejected")
    return [r for r in ended if r.state == "unknown" or takes_mail(addresses[r.ticket])]


# --- looking -------------------------------------------------------------------------------------


def _add_a_manager_who_is_gone(folder: Path) -> None:
    rules = folder / "rules" / "rules.yaml"
    second = "    - {channel: mail, to: second@managers.example}\n"
    text = rules.read_text()
    assert second in text
    rules.write_text(text.replace(second, f"{second}    - {{channel: mail, to: {GONE}}}\n"))


def _rows(folder: Path) -> list[Row]:
    query = "SELECT id, key, ticket, audience, action, state, reason, receipt, body FROM outbox"
    with closing(sqlite3.connect(f"file:{folder / 'store.db'}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(query).fetchall()
    return [
        Row(
            row["id"],
            row["key"],
            row["ticket"],
            row["audience"],
            row["action"],
            row["state"],
            row["reason"] or "",
            (row["receipt"] or "").partition(" ")[0],
            _address(row["body"]),
        )
        for row in found
    ]


def _address(body: str) -> str:
    action: Json = json.loads(body)
    return str(action.get("to"))


def _faults(folder: Path) -> Counter[str]:
    lines = (folder / "faults.jsonl").read_text().splitlines()
    return Counter(json.loads(line)["fault"] for line in lines)
