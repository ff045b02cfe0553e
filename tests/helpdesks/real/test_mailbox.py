"""A real mailbox, with the real pipeline: what its people's mail programs see of us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest

from engine.domain.actions import FieldChange
from engine.domain.bounce import address_hash
from engine.domain.ticket import Actor, Event, Status
from engine.domain.view import View
from engine.helpdesks.mailbox.wire import folder_name
from engine.pipeline.cycle import Work
from engine.ports import Channel, HandsOn, Helpdesk, OutboxState, SentState
from tests.channels.sink import MailSink
from tests.helpdesks.real.beside import HOUR, Beside, KilledError, Mortal
from tests.helpdesks.real.dovecot import Dovecot, Mailbox

pytestmark = pytest.mark.system("Dovecot")

CONFIG = """\
store: {{url: sqlite:///store.db}}
rules: rules
helpdesks:
  desk:
    kind: mailbox
    host: {host}
    port: {port}
    tls: {tls}
    ca_file: {ca_file}
    username: {user}
    password_file: password
    addresses: [support@desk.example]
    agents: [alice@desk.example]
    folders: {folders}
    replies_by: email
channels:
  email:
    kind: smtp
    host: 127.0.0.1
    port: {smtp}
    from: support@desk.example
    subject_tag: "[#{{number}}]"
  log: {{kind: file, path: sent.jsonl}}
"""

RULES = """\
version: 1
receivers:
  default: [{{channel: log, to: everybody}}]
rules:
  - id: late
    clock: {{since: {since}}}
    levels:
      - name: escalate
        after: 2h
        kind: technical
        set: {{priority: urgent}}
        tag: [late]
        notify: [default]
    customer: {{on_escalation: received}}
"""


@dataclass
class Desk(Beside):
    """A daemon beside a real mailbox."""

    box: Mailbox
    smtp: int
    folder: Path

    def write(self, since: str) -> None:
        (self.folder / "password").write_text(self.box.password)
        self.configure()
        self.write_rules(RULES.format(since=since))

    def configure(self, **options: object) -> None:
        names: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.box.server.port,
            "tls": "none",
            "ca_file": "",
            "folders": "{INBOX: open, Waiting: pending_customer, Done: resolved}",
            "user": self.box.user,
            "smtp": self.smtp,
            **options,
        }
        text = CONFIG.format(**names).replace("    ca_file: \n", "")
        (self.folder / "config.yaml").write_text(text)

    def tickets(self) -> list[str]:
        """The tickets that the store knows."""
        with self.app.store.read() as tx:
            return sorted(str(row["ticket"]) for row in tx.view("v_tickets"))

    def view(self) -> View:
        """The one ticket, as of now."""
        with self.app.store.read() as tx:
            (history,) = tx.histories(self.tickets()).values()
        return history.as_of(self.now())

    def events(self) -> tuple[Event, ...]:
        with self.app.store.read() as tx:
            (history,) = tx.histories(self.tickets()).values()
        return tuple(history.events)

    def episodes(self) -> list[str]:
        with self.app.store.read() as tx:
            found = tx.episodes(self.tickets())
        return [episode.id.text for one in found.values() for episode in one]

    def ago(self, hours: float) -> datetime:
        return self.now() - hours * HOUR


@pytest.fixture
def desk(
    dovecot: Dovecot, sink: MailSink, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Desk]:
    made = Desk(dovecot.mailbox(), sink.port, tmp_path)
    made.write(getattr(request, "param", "opened"))
    made.start()
    yield made
    made.app.close()


def unread(work: Work) -> str:
    """Why the mailbox could not be read; empty if it could."""
    return " ".join(str(error) for error in work.unread.values())


# --- what we do ----------------------------------------------------------------------------------


def test_what_a_rule_does_is_there_for_another_client(desk: Desk, sink: MailSink) -> None:
    question = desk.box.receive(at=desk.ago(3))
    desk.tick()

    assert {"\\Flagged", "urgent", "late"} <= desk.box.flags()
    (got,) = sink.received
    assert got.recipients == ["eve@customer.example"]
    assert got.mail["In-Reply-To"] == question
    assert got.mail["References"] == question
    number = desk.tickets()[0].removeprefix("desk:")
    assert got.mail["Subject"] == f"[#{number}] Re: The printer is on fire"
    assert got.mail["Auto-Submitted"] == "auto-generated"
    (kept,) = desk.box.mails("Sent")
    assert kept["Message-ID"] == got.mail["Message-ID"]
    _, note = desk.box.mails("INBOX")
    assert note["In-Reply-To"] == question
    assert "late" in note.get_content()
    assert set(desk.outbox().values()) == {OutboxState.DELIVERED.value}


def test_what_we_did_is_ours_when_it_is_read_again(desk: Desk, sink: MailSink) -> None:
    desk.box.receive(at=desk.ago(3))
    ticks = [desk.tick() for _ in range(4)]
    desk.restart()
    desk.tick()

    said = [event.actor for event in desk.events()]
    assert set(said) == {Actor.CUSTOMER, Actor.OURSELVES}
    assert ticks[-1].evaluated.fired == []
    assert len(sink.received) == 1
    assert len(desk.box.mails("Sent")) == 1
    assert len(desk.tickets()) == 1


def test_the_customers_answer_to_us_and_a_colleagues_join_the_ticket(
    desk: Desk, sink: MailSink
) -> None:
    desk.box.receive(at=desk.ago(3))
    desk.tick()
    desk.box.send("We looked at it", answers=str(sink.received[0].mail["Message-ID"]))
    desk.box.receive("It burns again", answers=str(sink.received[0].mail["Message-ID"]))
    desk.tick()

    said = {(event.actor, event.text) for event in desk.events() if event.field is None}
    assert {(Actor.PERSON, "We looked at it"), (Actor.CUSTOMER, "It burns again")} <= said
    assert len(desk.tickets()) == 1


@pytest.mark.parametrize("desk", ["waiting"], indirect=True)
def test_our_answer_does_not_reset_the_clock(desk: Desk, sink: MailSink) -> None:
    desk.box.receive(at=desk.ago(3))
    desk.tick()
    fired = desk.episodes()
    for _ in range(3):
        desk.tick()

    assert len(sink.received) == 1
    waiting = desk.view().waiting
    assert waiting is not None
    assert waiting.at == desk.view().ticket.created_at
    assert desk.episodes() == fired


@pytest.mark.parametrize("desk", ["waiting"], indirect=True)
def test_an_agents_answer_stops_the_clock_wherever_it_was_sent(desk: Desk) -> None:
    question = desk.box.receive(at=desk.ago(3))
    answer = desk.box.send("We look at it", question, at=desk.ago(2.5))
    desk.tick()
    assert desk.view().waiting is None
    desk.box.receive("Still on fire", at=desk.ago(2.2), answers=answer)
    desk.tick()
    assert desk.view().waiting is not None
    desk.box.receive(
        "Alice here, we come over",
        answers=question,
        sender="alice@desk.example",
        to="eve@customer.example, support@desk.example",
    )
    desk.tick()

    assert desk.view().waiting is None


@pytest.mark.parametrize("desk", ["waiting"], indirect=True)
def test_what_agents_write_to_each_other_answers_nobody(desk: Desk) -> None:
    question = desk.box.receive(at=desk.ago(1))
    desk.box.receive("Who takes it?", answers=question, sender="alice@desk.example")
    desk.tick()

    assert desk.view().waiting is not None
    assert [event.is_public for event in desk.events()] == [True, False]


def test_an_answer_that_lost_its_headers_is_known_by_the_number(desk: Desk, sink: MailSink) -> None:
    desk.box.receive(at=desk.ago(3))
    desk.tick()
    desk.box.receive("Still on fire", subject=f"AW: {sink.received[0].mail['Subject']}")
    desk.tick()

    assert len(desk.tickets()) == 1


# --- what its people do --------------------------------------------------------------------------


def test_folders_flags_and_keywords_are_what_they_mean(desk: Desk) -> None:
    desk.box.receive(at=desk.ago(1))
    desk.tick()
    assert (desk.view().ticket.status, desk.view().ticket.priority) == ("open", "medium")
    desk.box.mark("\\Flagged")
    desk.box.mark("vip")
    desk.box.mark("$Forwarded")
    desk.tick()
    assert (desk.view().ticket.priority, desk.view().ticket.tags) == ("high", ("vip",))
    desk.box.move("Waiting")
    desk.tick()
    assert desk.view().ticket.status is Status.PENDING_CUSTOMER
    desk.box.move("Done", "Waiting")
    desk.tick()
    assert desk.view().ticket.status is Status.RESOLVED


def test_a_resolved_thread_is_opened_again_by_the_customer_and_by_no_machine(desk: Desk) -> None:
    question = desk.box.receive(at=desk.ago(5))
    desk.box.move("Done")
    desk.tick()
    desk.box.receive("On holiday", answers=question, Auto_Submitted="auto-replied")
    desk.tick()
    assert desk.view().ticket.status is Status.RESOLVED
    desk.box.receive("It burns again", answers=question)
    desk.tick()

    view = desk.view()
    assert view.ticket.status is Status.OPEN
    assert view.reopens == 1
    assert len(view.turns) == 2


def test_a_thread_that_was_resolved_meanwhile_is_left_alone(desk: Desk, sink: MailSink) -> None:
    desk.box.receive(at=desk.ago(3))
    desk.decide()
    desk.box.move("Done")
    desk.cycle.deliver(desk.now())
    desk.tick()

    assert sink.received == []
    assert len(desk.box.mails("Done")) == 1
    assert "late" not in desk.box.flags("Done")


def test_what_an_agent_flagged_meanwhile_stays(desk: Desk) -> None:
    desk.box.receive(at=desk.ago(3))
    desk.decide()
    desk.box.mark("\\Flagged")
    desk.cycle.deliver(desk.now())

    assert "urgent" not in desk.box.flags()
    assert {"\\Flagged", "late"} <= desk.box.flags()


def test_a_deleted_thread_is_gone(desk: Desk) -> None:
    desk.box.receive(at=desk.ago(1))
    desk.box.receive(at=desk.ago(1), subject="Scanner")
    desk.tick()
    desk.box.delete(which='SUBJECT "Scanner"')
    desk.tick()

    with desk.app.store.read() as tx:
        records = tx.records(desk.tickets()).values()
    assert {one.source.subject: one.source.is_gone for one in records} == {
        "The printer is on fire": False,
        "Scanner": True,
    }


def test_a_thread_that_is_deleted_while_the_daemon_is_away_is_gone(desk: Desk) -> None:
    desk.box.receive(at=desk.ago(1))
    desk.tick()
    desk.box.delete()
    desk.restart()
    desk.tick()

    with desk.app.store.read() as tx:
        (record,) = tx.records(desk.tickets()).values()
    assert record.source.is_gone
    assert record.source.subject == "The printer is on fire"


def test_a_thread_that_turns_out_to_belong_to_another_is_merged_into_it(desk: Desk) -> None:
    question = desk.box.receive(at=desk.ago(1.5))
    missing = "<not-yet-kept@desk.example>"
    desk.box.receive("Thanks", answers=missing, at=desk.ago(1))
    desk.tick()
    first, second = desk.tickets()
    desk.box.send("We look", question, at=desk.ago(1.2), Message_ID=missing)
    desk.tick()
    again = desk.tick()
    desk.restart()
    desk.tick()

    assert again.ingested["desk"].tickets == 0
    with desk.app.store.read() as tx:
        records = tx.records([first, second])
    merged = {one.source.id: one.source.merged_into for one in records.values()}
    assert sorted(map(str, merged.values())) in ([first, "None"], ["None", second])
    assert merged[str(next(one for one in merged.values() if one))] is None


# --- what machines send --------------------------------------------------------------------------


def test_what_machines_send_is_no_ticket(desk: Desk) -> None:
    desk.box.receive(Auto_Submitted="auto-replied", subject="Out of office")
    desk.box.receive(List_Id="<news.example.org>", subject="News")
    desk.box.receive(sender="MAILER-DAEMON@mail.example", subject="Undelivered")
    desk.tick()

    assert desk.tickets() == []


def test_who_answers_by_itself_is_never_answered(desk: Desk, sink: MailSink) -> None:
    question = desk.box.receive(at=desk.ago(3), Auto_Submitted="auto-generated")
    for _ in range(3):
        desk.box.receive(answers=question, Auto_Submitted="auto-replied")
        desk.tick()

    assert sink.received == []


def test_our_own_mail_that_is_delivered_to_us_starts_no_loop(desk: Desk, sink: MailSink) -> None:
    desk.box.receive(at=desk.ago(3))
    desk.tick()
    for _ in range(3):
        desk.box.put(sink.received[-1].content)
        desk.tick()

    assert len(sink.received) == 1
    assert len(desk.tickets()) == 1


def test_a_bounce_ends_what_goes_to_the_address(desk: Desk, sink: MailSink) -> None:
    desk.box.receive(at=desk.ago(3))
    desk.tick()
    ours = str(sink.received[0].mail["Message-ID"])
    text = (
        "From: MAILER-DAEMON@mail.example\r\nTo: support@desk.example\r\nSubject: Undelivered\r\n"
        "Message-ID: <bounce@mail.example>\r\nContent-Type: multipart/report;"
        ' report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        "Final-Recipient: rfc822; eve@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {ours}\r\n\r\n--b--\r\n"
    )
    desk.box.put(text.encode())
    desk.tick()

    assert [event.is_bounce for event in desk.events() if event.actor is Actor.ROBOT] == [True]
    with desk.app.store.read() as tx:
        (record,) = tx.records(desk.tickets()).values()
        address = address_hash(record.source.customer)
        assert list(tx.bounces([str(address)])) == [address]


# --- what is broken ------------------------------------------------------------------------------


def test_mail_that_nobody_can_read_is_named_once_and_costs_nothing_else(desk: Desk) -> None:
    desk.box.put(b"no mail at all")
    desk.box.receive()
    first, second = desk.tick(), desk.tick()
    desk.box.move("Done", which="HEADER From nobody-is-here UNSEEN")
    desk.restart()
    third = desk.tick()

    named = [fault.message for fault in first.ingested["desk"].rejected]
    assert len(named) == 1
    assert "mail 1 of folder 'INBOX'" in named[0]
    assert [second.ingested["desk"].rejected, third.ingested["desk"].rejected] == [(), ()]
    assert len(desk.tickets()) == 1


def test_a_huge_mail_is_a_ticket_and_only_its_beginning_is_read(desk: Desk) -> None:
    desk.box.receive("It burns\n" + "x" * 200_000, at=desk.ago(1))
    text = b"From: eve@customer.example\r\nMessage-ID: <huge@x>\r\nX-Long: " + b"y" * 100_000
    desk.box.put(text + b"\r\n\r\nIt burns")
    work = desk.tick()

    assert len(desk.tickets()) == 2
    (fault,) = work.ingested["desk"].rejected
    assert "no text among the first 65536" in fault.message


def test_a_mail_without_an_id_and_with_a_wrong_date_is_a_ticket_of_its_arrival(desk: Desk) -> None:
    text = b"From: eve@customer.example\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n\r\nIt burns"
    desk.box.put(text, at=desk.ago(1))
    desk.tick()
    desk.box.renumber("INBOX")
    desk.restart()
    desk.tick()

    assert len(desk.tickets()) == 1
    assert abs(desk.view().ticket.created_at - desk.ago(1)) < HOUR / 4


# --- what goes wrong -----------------------------------------------------------------------------


def test_a_folder_that_is_numbered_anew_changes_nothing(desk: Desk, sink: MailSink) -> None:
    desk.box.receive(at=desk.ago(3))
    desk.tick()
    desk.tick()
    before = desk.tickets(), desk.episodes(), desk.events()
    for folder in ("INBOX", "Sent", "Done"):
        desk.box.renumber(folder)
    desk.tick()
    desk.restart()
    again = desk.tick()

    assert unread(again) == ""
    assert (desk.tickets(), desk.episodes(), desk.events()) == before
    assert len(sink.received) == 1


def test_a_mailbox_that_was_lost_is_not_one_whose_threads_were_deleted(desk: Desk) -> None:
    desk.box.receive(at=desk.ago(1))
    desk.tick()
    kept = desk.box.mails("INBOX")
    desk.box.lose()
    desk.tick()  # the server, too, needs a moment to notice
    lost = desk.tick()

    assert "nothing is taken for deleted" in unread(lost)
    desk.box.put(kept[0].as_bytes(), at=desk.ago(1))
    assert unread(desk.tick()) == ""
    assert not desk.view().ticket.is_gone


def test_a_server_that_is_away_is_read_on_when_it_is_back(
    dovecot: Dovecot, desk: Desk, sink: MailSink
) -> None:
    desk.box.receive(at=desk.ago(3))
    with dovecot.down():
        away = desk.tick()
    desk.tick(waited=HOUR)

    assert "cannot be reached" in unread(away)
    assert len(sink.received) == 1


def test_a_refused_password_is_told_of_and_a_new_one_counts_at_once(desk: Desk) -> None:
    desk.box.receive()
    desk.tick()
    desk.box.set_password("another")
    desk.app.helpdesks["desk"].close()
    refused = desk.tick()
    (desk.folder / "password").write_text("another\n")
    again = desk.tick()

    assert "AUTHENTICATIONFAILED" in unread(refused)
    assert "put the right one" in unread(refused)
    assert "a-long-password" not in unread(refused)
    assert unread(again) == ""


def test_a_folder_that_is_taken_away_is_told_of_and_nothing_counts_as_resolved(desk: Desk) -> None:
    desk.box.receive()
    desk.box.move("Waiting")
    desk.tick()
    desk.box.rename("Waiting", "Elsewhere")
    without = desk.tick()
    again = desk.tick()
    desk.box.rename("Elsewhere", "Waiting")
    mended = desk.tick()

    assert "Waiting" in unread(without)
    assert "make it" in unread(again)
    assert unread(mended) == ""
    assert desk.view().ticket.status is Status.PENDING_CUSTOMER


def test_a_copy_that_cannot_be_kept_at_once_is_kept_later(desk: Desk, sink: MailSink) -> None:
    desk.box.receive(at=desk.ago(3))
    desk.decide()
    desk.box.rename("Sent", "Elsewhere")
    desk.cycle.deliver(desk.now())
    assert len(sink.received) <= 1
    desk.box.rename("Elsewhere", "Sent")
    for _ in range(3):
        desk.tick(waited=HOUR)

    assert len(sink.received) == 1
    assert len(desk.box.mails("Sent")) == 1


@pytest.mark.parametrize("last_act", ["change", "note", "reply"])
def test_who_is_killed_after_a_write_does_not_write_twice(
    desk: Desk, sink: MailSink, last_act: str
) -> None:
    desk.box.receive(at=desk.ago(3))
    real = desk.app.helpdesks["desk"]
    desk.app.helpdesks["desk"] = cast("Helpdesk", Mortal(real, last_act))
    with pytest.raises(KilledError):
        desk.tick()
    desk.restart()
    desk.cycle.rescue(desk.now(), desk.now() + HOUR)
    for _ in range(3):
        desk.tick(waited=HOUR)

    assert len(sink.received) == 1
    assert len(desk.box.mails("INBOX")) == 2
    assert {"urgent", "late"} <= desk.box.flags()
    assert set(desk.outbox().values()) == {OutboxState.DELIVERED.value}
    assert {event.actor for event in desk.events()} == {Actor.CUSTOMER, Actor.OURSELVES}


def test_a_kill_between_a_mail_and_its_copy_sends_no_other_and_staff_are_told(
    desk: Desk, sink: MailSink
) -> None:
    desk.box.receive(at=desk.ago(3))
    mortal = cast("Channel", Mortal(desk.app.channels["email"], "send"))
    cast("HandsOn", desk.app.helpdesks["desk"]).hand_on_by({"email": mortal})
    with pytest.raises(KilledError):
        desk.tick()
    desk.restart()
    desk.cycle.rescue(desk.now(), desk.now() + HOUR)
    for _ in range(3):
        desk.tick(waited=HOUR)

    assert len(sink.received) == 1
    assert desk.box.mails("Sent") == []
    assert desk.outbox()["reply"] == OutboxState.UNKNOWN.value
    told = (desk.folder / "sent.jsonl").read_text()
    assert "may have arrived" in told


def test_old_mail_that_is_answered_belongs_to_the_thread(desk: Desk) -> None:
    question = desk.box.receive(at=desk.ago(24 * 300))
    desk.box.move("Done")
    answer = desk.box.send("Done", question, at=desk.ago(24 * 299))
    desk.box.receive("It burns again", at=desk.ago(1), answers=answer)
    desk.tick()

    assert len(desk.tickets()) == 1
    assert desk.view().ticket.created_at < desk.ago(24 * 299)
    assert desk.view().ticket.status is Status.OPEN


# --- who we are ----------------------------------------------------------------------------------


def check(folder: Path) -> tuple[int, str]:
    """What `escalatord helpdesk check desk` says, and its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "helpdesk", "check", "desk"],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_newcomer_is_told_who_we_are_and_what_lies_there(desk: Desk) -> None:
    desk.box.receive(at=desk.ago(1))
    code, said = check(desk.folder)

    assert code == 0
    assert "Dovecot" in said
    assert desk.box.user in said
    assert "priority, status, tags" in said
    assert "The printer is on fire" in said


def test_a_newcomer_is_told_which_folder_is_missing(desk: Desk) -> None:
    desk.box.rename("Done", "Erledigt")
    code, said = check(desk.folder)

    assert code == 1
    assert "folder 'Done'" in said
    assert "make it, or take it from `folders`" in said


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_the_mailbox_is_read_over_tls(dovecot: Dovecot, desk: Desk, tls: str) -> None:
    desk.box.receive()
    port = dovecot.tls_port if tls == "tls" else dovecot.port
    desk.configure(host="localhost", port=port, tls=tls, ca_file=dovecot.certificate)
    desk.restart()
    desk.tick()
    desk.configure(host="localhost", port=port, tls=tls, ca_file="rules/rules.yaml")
    code, said = check(desk.folder)

    assert len(desk.tickets()) == 1
    assert code == 2
    assert "Traceback" not in said


def test_a_server_that_nobody_vouches_for_is_not_told_the_password(
    dovecot: Dovecot, desk: Desk
) -> None:
    desk.configure(port=dovecot.tls_port, tls="tls")
    code, said = check(desk.folder)

    assert code == 2
    assert "certificate verify failed" in said


def test_a_folder_may_have_any_name(desk: Desk) -> None:
    name = 'Erledigt & "abgelegt" – été'
    desk.box.rename("Done", folder_name(name).decode())
    desk.configure(folders=f"{{INBOX: open, '{name}': resolved}}")
    desk.restart()
    desk.box.receive(at=desk.ago(1))
    desk.tick()
    (ticket,) = desk.tickets()
    done = (FieldChange("status", "open", "resolved"),)
    sent = desk.app.helpdesks["desk"].change(ticket, done, "k", desk.now())

    assert sent.state is SentState.DELIVERED
    assert desk.box.mails(folder_name(name).decode())[0]["Subject"] == "The printer is on fire"
