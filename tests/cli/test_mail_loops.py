"""A real daemon and a real mail server, on whose other side a machine answers: no loop begins.

The machine answers as a gateway of a helpdesk would hand it on: by a row in the helpdesk's log.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Queue

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.channels.sink import MailSink, SinkController
from tests.cli.desk import Desk

pytestmark = [pytest.mark.proof, pytest.mark.slow]

MACHINE, PERSON = "machine@example.org", "dora@example.org"
TRANSIT = 1.0
"""Seconds that an answer takes: mail does not arrive within the second in which it left."""
PATIENCE = 120.0
"""Seconds without a mail after which none is expected any more."""
MEANWHILE = 4
"""So many updates of another customer pass, with nothing more for the machine."""

CONFIG = """\
store: {{url: sqlite:///store.db}}
rules: rules
every: 1s
customer_limits: {{gap: 1s, per_day: 10000}}
helpdesks:
  desk:
    kind: file
    path: log.csv
    layout: event_log
    replies_by: email
    columns:
      id: Case
      at: Time
      opened: {{first: event}}
      subject: Title
      status:
        column: Activity
        values: {{Open: open, Done: resolved}}
        otherwise: keep_previous
      customer.id: Caller
      customer.email: Caller
    messages:
      - {{where: {{Activity: [Reply]}}, from: agent, public: true}}
      - {{where: {{Activity: [Wrote]}}, from: customer}}
      - {{where: {{Activity: [Automatic]}}, from: robot}}
      - {{where: {{Activity: [Bounce]}}, from: robot, bounce: true}}
channels:
  email: {{kind: smtp, host: 127.0.0.1, port: {port}, tls: none, from: desk@example.com}}
  log: {{kind: file, path: sent.jsonl}}
"""
RULES = """\
version: 1
receivers:
  default: [{channel: log, to: everybody}]
rules:
  - id: posted
    description: Customers hear from us without end
    customer: {updates: {from: match, every: 2s, template: received}}
  - id: again
    description: Who turns to us again hears of it at once
    match: {contacts: {by: customer, at_least: 2, within: 7d}}
    levels: [{after: 0s, kind: hierarchical, notify: [default]}]
    customer: {on_escalation: received}
"""


@dataclass
class Machine(MailSink):
    """A mail server; what goes to the machine's address is answered at once.

    Attributes:
        answer: Activity of the row that the answer becomes; None for an address that is refused.
        mails: The receiver of each mail, as it is offered.
    """

    desk: Desk
    answer: str | None
    mails: Queue[str] = field(default_factory=Queue)

    def __post_init__(self) -> None:
        super().__init__()

    async def handle_RCPT(  # noqa: N802 (aiosmtpd finds it by this name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.mails.put(address)
        if address == MACHINE and self.answer is None:
            return "550 5.1.1 no such user"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(  # noqa: N802 (aiosmtpd finds it by this name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if MACHINE in envelope.rcpt_tos:
            threading.Timer(TRANSIT, self._answer).start()
        return await super().handle_DATA(server, session, envelope)

    def _answer(self) -> None:
        assert self.answer is not None
        case = f"R{len(self.received)}" if self.answer == "Open" else "M"
        self.desk.say(row(case, datetime.now(UTC), MACHINE, self.answer))


def row(case: str, at: datetime, caller: str, activity: str = "Open") -> str:
    return f"{case},{at:%Y-%m-%dT%H:%M:%SZ},Ticket {case},{activity},{caller}\n"


Meeting = Callable[[str | None], Machine]


@pytest.fixture
def meet(empty_desk: Desk) -> Iterator[Meeting]:
    """Start a mail server with that machine behind it, and tickets of the machine and a person."""
    controllers: list[SinkController] = []

    def started(answer: str | None) -> Machine:
        machine = Machine(empty_desk, answer)
        controllers.append(SinkController(machine, None))
        controllers[0].start()
        empty_desk.write("config.yaml", CONFIG.format(port=machine.port))
        empty_desk.write("rules/rules.yaml", RULES)
        empty_desk.write("rules/templates/customer/received.md", "---\nsubject: We\n---\nHello\n")
        before = datetime.now(UTC) - timedelta(hours=3)
        tickets = (row("M", before, MACHINE), row("D", before, PERSON))
        empty_desk.write("log.csv", "Case,Time,Title,Activity,Caller\n" + "".join(tickets))
        return machine

    yield started
    for controller in controllers:
        controller.end()


@pytest.mark.parametrize(
    "answer, cause",
    [
        ("Wrote", "answers_itself"),
        ("Automatic", "answers_itself"),
        ("Open", "answers_itself"),
        ("Bounce", "bounced"),
        (None, "bounced"),
    ],
    ids=["unmarked", "marked", "a new ticket each time", "a bounce later", "refused at once"],
)
def test_a_machine_that_answers_each_mail_gets_one(
    meet: Meeting, empty_desk: Desk, answer: str | None, cause: str
) -> None:
    machine = meet(answer)
    running = empty_desk.start("run")
    running.wait_for("daemon.started")
    heard: Counter[str] = Counter()
    while heard[MACHINE] < 1 or heard[PERSON] < MEANWHILE:
        heard[machine.mails.get(timeout=PATIENCE)] += 1
    begun = heard[PERSON]
    while heard[PERSON] < begun + MEANWHILE:
        heard[machine.mails.get(timeout=PATIENCE)] += 1
    assert heard[MACHINE] == 1
    explained = empty_desk.command("explain", "desk:M", "--rule", "posted", "--json").document
    assert explained["rules"][0]["withheld"]["cause"] == cause
    assert any("customer-unreachable" in str(line) for line in empty_desk.rows("sent.jsonl"))
