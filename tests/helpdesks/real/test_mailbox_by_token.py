"""A real mailbox that wants access tokens in place of passwords; who gives them is a stub."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.pipeline.cycle import Work
from engine.ports import OutboxState
from tests.channels.sink import CERTIFICATE
from tests.helpdesks.real.beside import HOUR, Beside
from tests.helpdesks.real.dovecot import Dovecot, Mailbox
from tests.oauth.sink import TokenSink, started
from tests.oauth.token_server import SECRET, TokenServer

pytestmark = pytest.mark.system("Dovecot")

CONFIG = """\
store: {{url: sqlite:///store.db}}
rules: rules
helpdesks:
  desk:
    kind: mailbox
    host: localhost
    port: {imap}
    tls: tls
    ca_file: {ca_file}
    username: {user}
    oauth: {oauth}
    addresses: [support@desk.example]
    replies_by: email
channels:
  email:
    kind: smtp
    host: localhost
    port: {smtp}
    tls: starttls
    ca_file: {ca_file}
    username: {user}
    oauth: {oauth}
    from: support@desk.example
  log: {{kind: file, path: sent.jsonl}}
"""

RULES = """\
version: 1
receivers:
  default: [{channel: log, to: everybody}]
rules:
  - id: late
    clock: {since: opened}
    levels: [{name: escalate, after: 2h, kind: technical, notify: [default]}]
    customer: {on_escalation: received}
"""


@dataclass
class Desk(Beside):
    """A daemon beside a mailbox that wants tokens."""

    tokens: TokenServer
    box: Mailbox
    sink: TokenSink
    folder: Path

    def write(self) -> None:
        (self.folder / "secret").write_text(SECRET)
        oauth = f"{{token_url: '{self.tokens.url}', client_id: us, client_secret_file: secret}}"
        places = {"imap": self.box.server.tls_port, "smtp": self.sink.port}
        text = CONFIG.format(**places, user=self.box.user, oauth=oauth, ca_file=CERTIFICATE)
        (self.folder / "config.yaml").write_text(text)
        self.write_rules(RULES)

    def reconnect(self) -> Work:
        """The server ends our session; the next reading logs in anew."""
        self.app.helpdesks["desk"].close()
        return self.tick()


@pytest.fixture(params=["xoauth2", "oauthbearer"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    key = CERTIFICATE.with_name("loopback-key.pem")
    with TokenServer(user="desk0") as tokens:
        server = Dovecot(CERTIFICATE, key, tokens.introspection_url, request.param)
        server.make()
        server.start()
        sink = TokenSink(tokens)
        controller = started(sink)
        made = Desk(tokens, server.mailbox(), sink, tmp_path)
        made.write()
        made.start()
        yield made
        made.app.close()
        controller.end()
        server.remove()


def unread(work: Work) -> str:
    """Why the mailbox could not be read; empty if it could."""
    return " ".join(str(error) for error in work.unread.values())


def test_a_customer_is_answered_by_access_tokens_alone(desk: Desk) -> None:
    desk.box.receive(at=desk.now() - 3 * HOUR)
    work = desk.tick()

    assert unread(work) == ""
    assert len(desk.sink.received) == 1
    assert len(desk.box.mails("Sent")) == 1
    assert set(desk.outbox().values()) == {OutboxState.DELIVERED.value}


def test_a_token_that_was_revoked_is_told_of_and_another_one_asked_for(desk: Desk) -> None:
    desk.box.receive()
    desk.tick()
    desk.tokens.revoke()
    refused = desk.reconnect()
    again = desk.tick()

    assert "does not let desk0 in with this access token" in unread(refused)
    assert "give the client access to the mailbox" in unread(refused)
    assert "token-" not in unread(refused)
    assert unread(again) == ""


def test_a_secret_that_expired_is_told_of_and_a_new_one_counts_at_once(desk: Desk) -> None:
    desk.box.receive()
    desk.tick()
    (desk.folder / "secret").write_text("an-old-secret")
    desk.tokens.revoke()
    desk.reconnect()
    expired = desk.tick()
    (desk.folder / "secret").write_text(SECRET)
    again = desk.tick()

    assert "helpdesks.desk.oauth: no access token from" in unread(expired)
    assert "put the client's right secret in its place" in unread(expired)
    assert "an-old-secret" not in unread(expired)
    assert unread(again) == ""


def test_check_says_that_nothing_is_wrong_or_what_is(desk: Desk) -> None:
    desk.box.receive()
    well, said = check(desk.folder)
    desk.tokens.says = (503, "{}")
    ill, complaint = check(desk.folder)

    assert (well, "desk0" in said) == (0, True), said
    assert ill == 2
    assert "no access token from" in complaint
    assert "Traceback" not in complaint


def check(folder: Path) -> tuple[int, str]:
    """`escalatord helpdesk check desk`: its exit code, and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "--config", str(folder / "config.yaml"), "helpdesk",
         "check", "desk"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
