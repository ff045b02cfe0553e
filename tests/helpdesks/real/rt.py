"""A real Request Tracker of a test's own: on SQLite, on loopback, on a free port, mails kept."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Any, Final

import httpx

from tests.helpdesks.real.serving import Serving

LIBRARY: Final = Path("/usr/share/request-tracker5")
SERVER: Final = LIBRARY / "libexec" / "rt-server"
SETUP: Final = Path("/usr/sbin/rt-setup-database-5")
WORKERS: Final = ("--server", "Starlet", "--max-workers", "2")
MAILGATE: Final = "rt-mailgate-5"
INITIAL: Final = Path(__file__).with_name("rt-initialdata.pl")
PASSWORD: Final = "a-long-password"
US: Final = "escalatord"
CONFIG: Final = """\
Set($rtname, 'desk.example'); Set($Organization, 'desk.example');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {port}); Set($WebPath, '');
Set($Timezone, 'Europe/Berlin');
Set($DatabaseType, 'SQLite'); Set($DatabaseName, '{folder}/rt.sqlite3');
Set($CorrespondAddress, 'rt\\@desk.example'); Set($CommentAddress, 'rt-comment\\@desk.example');
Set($MailCommand, 'sendmailpipe'); Set($SendmailPath, '{folder}/sendmail');
Set($SendmailArguments, '');
Set($LogToSyslog, undef); Set($LogToSTDERR, 'warning'); Set($LogToFile, undef);
Set($WebSessionClass, 'Apache::Session::File');
Set($MasonDataDir, '{folder}/mason'); Set($MasonSessionDir, '{folder}/session');
Set($BcryptCost, 4);
1;
"""

SENDMAIL: Final = """\
#!/bin/sh
exec cat > "{folder}/mail/$(date +%s%N).$$.eml"
"""


@dataclass
class RequestTracker(Serving):
    """A running RT, seen as its own people see it: by another client than ours.

    Attributes:
        token: A token of the account `escalatord`.
    """

    token: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "RT_SITE_CONFIG": str(self.folder / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.folder / "empty.d"),
        }

    # --- the server ---

    def make(self) -> None:
        """Its database, people and rights."""
        for name in ("empty.d", "mail", "session", "mason"):
            (self.folder / name).mkdir()
        text = CONFIG.format(folder=self.folder, port=self.port)
        (self.folder / "RT_SiteConfig.pm").write_text(text)
        sendmail = self.folder / "sendmail"
        sendmail.write_text(SENDMAIL.format(folder=self.folder))
        sendmail.chmod(0o755)
        secret = self.folder / "root-password"
        secret.write_text(PASSWORD)
        self._set_up("--action", "init", "--root-password-file", str(secret))
        self._set_up("--action", "insert", "--datafile", str(INITIAL))
        self.token = self.new_token()

    def _set_up(self, *arguments: str) -> None:
        command = [str(SETUP), "--dba", "", "--skip-create", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def command(self) -> Sequence[str]:
        return [str(SERVER), "--host", "127.0.0.1", "--port", str(self.port), *WORKERS]

    def ask_whether_it_is_up(self) -> None:
        httpx.get(f"{self.url}/REST/2.0/rt", auth=("root", PASSWORD)).raise_for_status()

    # --- what its administrators do ---

    def perl(self, code: str) -> str:
        """Run a line of Perl with RT loaded, as RT's system; gives what it prints."""
        return self._perl("-e", f"use RT -init; {code}")

    def run(self, script: Path, *arguments: str) -> str:
        """Run a program in Perl; gives what it prints."""
        return self._perl(str(script), *arguments)

    def _perl(self, *arguments: str) -> str:
        command = ["perl", f"-I{LIBRARY}/lib", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new_token(self) -> str:
        """A new token of our account."""
        return self.perl(
            f"my $u = RT::User->new(RT->SystemUser); $u->Load('{US}');"
            "my $t = RT::AuthToken->new(RT->SystemUser);"
            "my ($ok, $msg, $token) = $t->Create(Owner => $u->Id, Description => 'test');"
            "die $msg unless $ok; print $token;"
        )

    def revoke_tokens(self) -> None:
        """Every token of our account is worth nothing from now on."""
        self.perl(
            f"my $u = RT::User->new(RT->SystemUser); $u->Load('{US}');"
            "my $all = RT::AuthTokens->new(RT->SystemUser); $all->LimitOwner(VALUE => $u->Id);"
            "while (my $t = $all->Next) { $t->Delete }"
        )

    def set_right(self, right: str, *, given: bool) -> None:
        """Give our account's group a right on everything, or take it away."""
        act = "GrantRight" if given else "RevokeRight"
        self.perl(
            "my $g = RT::Group->new(RT->SystemUser); $g->LoadUserDefinedGroup('Escalation');"
            f"my ($ok, $msg) = $g->PrincipalObj->{act}(Right => '{right}', Object => RT->System);"
            "die $msg unless $ok;"
        )

    @contextmanager
    def without(self, *rights: str) -> Iterator[None]:
        """Our account lacks rights for a while."""
        for right in rights:
            self.set_right(right, given=False)
        try:
            yield
        finally:
            for right in rights:
                self.set_right(right, given=True)

    def set_zone(self, zone: str) -> None:
        """The time zone of our account is changed."""
        self.call("PUT", f"/user/{US}", {"Timezone": zone})

    def set_field(self, name: str, *, enabled: bool) -> None:
        """A custom field is taken away, or put back."""
        disabled = 0 if enabled else 1
        self.perl(
            f"my $f = RT::CustomField->new(RT->SystemUser); $f->LoadByName(Name => '{name}',"
            " IncludeDisabled => 1, LookupType => 'RT::Queue-RT::Ticket');"
            f"my ($ok, $msg) = $f->SetDisabled({disabled}); die $msg unless $ok;"
        )

    # --- what its people do ---

    def call(self, method: str, path: str, body: object = None, who: str = "root") -> Any:  # noqa: ANN401
        """One call, as somebody."""
        answer = httpx.request(
            method, f"{self.url}/REST/2.0{path}", auth=(who, PASSWORD), json=body, timeout=30
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def queue(self, name: str) -> str:
        """A new queue; its name, made unique."""
        unique = f"{name}-{next(self._numbers)}"
        self.call("POST", "/queue", {"Name": unique})
        return unique

    def open(self, queue: str, *, customer: str = "eve@customer.example", **more: object) -> str:
        """A customer's ticket; its number."""
        ticket = {
            "Queue": queue,
            "Subject": "The printer is on fire",
            "Requestor": customer,
            "Content": "Please help",
            "ContentType": "text/plain",
            **more,
        }
        return str(self.call("POST", "/ticket", ticket)["id"])

    def set(self, number: str, who: str = "alice", **fields: object) -> None:
        """Somebody changes a ticket."""
        self.call("PUT", f"/ticket/{number}", fields, who)

    def say(self, number: str, text: str, who: str = "alice", how: str = "correspond") -> None:
        """Somebody of the desk writes."""
        body = {"Content": text, "ContentType": "text/plain"}
        self.call("POST", f"/ticket/{number}/{how}", body, who)

    def mail(
        self, number: str, text: str, sender: str = "eve@customer.example", headers: str = ""
    ) -> None:
        """The customer answers by mail, through RT's own gateway; more headers are lines."""
        letter = (
            f"From: {sender}\nTo: rt@desk.example\nSubject: Re: [desk.example #{number}] hello\n"
            f"Message-ID: {make_msgid()}\nDate: {formatdate()}\n"
            f"{headers}Content-Type: text/plain\n\n{text}\n"
        )
        command = [MAILGATE, "--queue", "General", "--action", "correspond", "--url", self.url]
        done = subprocess.run(command, input=letter, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def age(self, number: str, hours: int) -> None:
        """All that has happened to a ticket happened so much earlier."""
        earlier = f"-{hours} hours"
        with closing(sqlite3.connect(self.folder / "rt.sqlite3", timeout=30)) as base, base:
            base.execute(
                "UPDATE Transactions SET Created = datetime(Created, ?)"
                " WHERE ObjectType = 'RT::Ticket' AND ObjectId = ?",
                (earlier, number),
            )
            base.execute(
                "UPDATE Tickets SET Created = datetime(Created, ?), LastUpdated = datetime('now')"
                " WHERE id = ?",
                (earlier, number),
            )

    # --- what another client sees ---

    def ticket(self, number: str) -> dict[str, Any]:
        """A ticket as it stands."""
        found: dict[str, Any] = self.call("GET", f"/ticket/{number}")
        return found

    def numbers(self, queue: str) -> list[str]:
        """All tickets of a queue, in order, by RT's own tables."""
        return self.ask(
            "SELECT t.id FROM Tickets t JOIN Queues q ON q.id = t.Queue WHERE q.Name = ?"
            " ORDER BY t.id",
            queue,
        )

    def ask(self, query: str, *values: str) -> list[str]:
        """The first column of a query of RT's own tables, as text."""
        with closing(sqlite3.connect(self.folder / "rt.sqlite3", timeout=30)) as base:
            return [str(first) for first, *_ in base.execute(query, values)]

    def custom(self, number: str, name: str) -> list[str]:
        """The values of a custom field."""
        for one in self.ticket(number)["CustomFields"]:
            if one["name"] == name:
                return [str(value) for value in one["values"]]
        return []

    def queue_of(self, number: str) -> str:
        """The name of a ticket's queue."""
        return str(self.call("GET", f"/queue/{self.ticket(number)['Queue']['id']}")["Name"])

    def said(self, number: str, kind: str) -> list[tuple[str, str]]:
        """The messages of a kind (`Correspond`, `Comment`): who wrote what, in order."""
        story = self.call("GET", f"/ticket/{number}/history?fields=Type,Creator&per_page=100")
        return [
            (item["Creator"]["id"], self._text(item["id"]))
            for item in story["items"]
            if item["Type"] == kind
        ]

    def _text(self, transaction: str) -> str:
        content = self.perl(
            f"my $t = RT::Transaction->new(RT->SystemUser); $t->Load({transaction});"
            "binmode STDOUT, ':utf8'; print $t->Content;"
        )
        return content.strip()

    def mails(self) -> list[str]:
        """What RT sent out, as it stands in the files."""
        return [path.read_text() for path in sorted((self.folder / "mail").glob("*.eml"))]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
